// event_readers.c: a list of readers that are free (event_readers.h).
#include "event_readers.h"

#include <stdio.h>

void event_readers_init(struct event_readers *readers) {
    *readers = (struct event_readers){0};
    pthread_mutex_init(&readers->lock, NULL);
}

void event_readers_destroy(struct event_readers *readers) {
    for (size_t i = 0; i < readers->count; i++) {
        upload_event_reader_free(readers->kept[i]);
    }
    pthread_mutex_destroy(&readers->lock);
}

static struct upload_event_reader *take(struct event_readers *readers) {
    pthread_mutex_lock(&readers->lock);
    struct upload_event_reader *reader = readers->count > 0 ? readers->kept[--readers->count] : NULL;
    pthread_mutex_unlock(&readers->lock);
    return reader ? reader : upload_event_reader_new();
}

static void give(struct event_readers *readers, struct upload_event_reader *reader) {
    pthread_mutex_lock(&readers->lock);
    bool is_kept = readers->count < EVENT_READERS_MAX_KEPT;
    if (is_kept) {
        readers->kept[readers->count++] = reader;
    }
    pthread_mutex_unlock(&readers->lock);
    if (!is_kept) {
        upload_event_reader_free(reader);
    }
}

enum receiver_error event_readers_read(struct event_readers *readers, const char *bytes, size_t size, const char *more_tags,
                                       struct upload_event *event, char *text, size_t text_size) {
    struct upload_event_reader *reader = take(readers);
    if (!reader) {
        snprintf(text, text_size, "no memory to read the event");
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = upload_event_read(reader, bytes, size, more_tags, event, text, text_size);
    give(readers, reader);
    return error;
}
