// lookout.h: the watch (watch.h) of a receiver, and who is told of what it finds (webhook.h).
//
// Threads: one starts and stops it; lookout_write may be called by any meanwhile. Memory: malloc, that of its parts.
#ifndef CMEMPROF_RECEIVER_LOOKOUT_H
#define CMEMPROF_RECEIVER_LOOKOUT_H

#include "../receiver.h"
#include "watch.h"

struct lookout { // zero-initialised: stopped
    struct watch *watch;
    struct alerts *alerts; // NULL: nobody is told, as the next
    struct webhook *webhook;
};
// page: of links, if the options name none. Returns false if it cannot; stop it then, too. Without a database of alerts it runs, tells
// nobody, and says so to on_message.
bool lookout_start(struct lookout *lookout, struct store *store, const struct receiver_options *options, const char *page);
void lookout_stop(struct lookout *lookout);                                                             // before the store is closed
enum receiver_error lookout_write_suspects(struct lookout *lookout, int64_t now_ms, struct json *json); // watch_write_suspects
void lookout_write(struct lookout *lookout, struct exposition *exposition);

#endif
