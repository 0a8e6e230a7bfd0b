// relay_state.h: how far uploads were forwarded to one target: the file DIR/forward-HASH.
//
// All uploads up to a cursor are done (sent, or given up and counted), but for some that were put off, since the target fails at them and
// takes others. It is one write of less than a page, so a killed program leaves the one before or this one. A power cut may leave an older
// one: then some uploads are sent again. A damaged file, also an empty one, counts as none was done: all that is stored is sent again, and
// nothing is lost.
//
// HASH is of the target's key, which is its alone: the address, and the file of its headers, if it has one. So nothing of one target
// becomes another's, whichever are given, and in whatever order. The file of a target that is given no more stays, for when it is again.
// Files of the former version, whose key had the file of headers from the second target of an address on only, are read too.
//
// Threads: one. Memory: the struct.
#ifndef CMEMPROF_RECEIVER_RELAY_STATE_H
#define CMEMPROF_RECEIVER_RELAY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RELAY_PUT_OFF = 64, RELAY_NAME_BYTES = 200 };

struct relay_put_off {
    int64_t id;
    uint64_t strikes; // times that the target failed at it, while it took others
};
struct relay_state {
    int64_t cursor;
    size_t count;
    struct relay_put_off put_off[RELAY_PUT_OFF]; // in the order in which they are tried
    char name[RELAY_NAME_BYTES];                 // of the target, for messages: without secrets
    int file;
    bool is_new, is_damaged, is_former; // what was found at the start; former: of the former version, without a name
};
// Before relay_state_open: if there is no file of key, and the one of former_key is of the former version, it becomes that of key. Returns
// false with errno.
bool relay_state_inherit(const char *directory, const char *key, const char *former_key);
// key: what the target is told apart by. Returns false with errno.
bool relay_state_open(struct relay_state *state, const char *directory, const char *key, const char *name);
void relay_state_close(struct relay_state *state);
bool relay_state_save(struct relay_state *state); // false: errno
// That of a new file survives a power cut: without it, what arrived before would never be sent. false: errno.
bool relay_state_sync(const struct relay_state *state, const char *directory);
// The same in memory.
bool relay_state_put_off(struct relay_state *state, int64_t id, uint64_t strikes); // to the end; false: there are too many
void relay_state_remove(struct relay_state *state, size_t index);

// Calls take with the name of each file (forward-HASH) that is of no target with one of the keys, and what is in it; is_damaged: it cannot
// be read.
void relay_state_each_other(const char *directory, const char *const *keys, size_t count,
                            void (*take)(void *context, const char *file, const struct relay_state *state), void *context);

#endif
