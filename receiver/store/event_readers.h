// event_readers.h: as many readers of events (upload_event.h) as threads read one at a time. They are kept for the next event.
//
// Threads: any. Memory: malloc, some 100 kB for each reader.
#ifndef CMEMPROF_RECEIVER_EVENT_READERS_H
#define CMEMPROF_RECEIVER_EVENT_READERS_H

#include "../index/upload_event.h"

#include <pthread.h>

enum { EVENT_READERS_MAX_KEPT = 4 }; // the threads that complete uploads: those of HTTP, and the light ones

struct event_readers {
    pthread_mutex_t lock;
    struct upload_event_reader *kept[EVENT_READERS_MAX_KEPT]; // guarded by lock, as count
    size_t count;
};
void event_readers_init(struct event_readers *readers);
void event_readers_destroy(struct event_readers *readers);
// As upload_event_read.
enum receiver_error event_readers_read(struct event_readers *readers, const char *bytes, size_t size, const char *more_tags,
                                       struct upload_event *event, char *text, size_t text_size);

#endif
