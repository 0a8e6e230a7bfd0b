// relays.h: all targets that a receiver forwards to (relay.h). Threads: one starts and stops; relays_write may be called by any meanwhile.
// Memory: that of its relays.
#ifndef CMEMPROF_RECEIVER_RELAYS_H
#define CMEMPROF_RECEIVER_RELAYS_H

#include "relay.h"

enum { RELAYS_MAX = 8 };

struct relays { // zero-initialised: none
    struct relay *list[RELAYS_MAX];
    size_t count;
};
// Those of the options. Returns false if one cannot start, with the reason in text; stop them then, too.
bool relays_start(struct relays *relays, struct store *store, const struct receiver_options *options, char *text, size_t text_size);
void relays_stop(struct relays *relays); // before the store is closed
void relays_write(const struct relays *relays, struct exposition *exposition);

#endif
