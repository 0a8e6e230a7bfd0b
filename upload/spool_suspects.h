// spool_suspects.h: files of the spool that the server fails at while it takes others.
//
// A server that answers 500 may be ill, or one batch may make it so. It is the batch if the server fails at it, takes another, and fails at
// it again: a strike. A server that takes nothing at all gives no strikes, however long that lasts. After a strike the batch waits until
// the server has taken another one, so it costs the others nothing; after SPOOL_SUSPECTS_STRIKES there is no hope.
//
// Threads: one at a time for each struct. Memory: only the struct. What it has no place for is forgotten, and begins anew.
#ifndef CMEMPROF_UPLOAD_SPOOL_SUSPECTS_H
#define CMEMPROF_UPLOAD_SPOOL_SUSPECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "namespace.h"

// A server that fails at every other request, for long, fails ten times in a row at one batch of a thousand.
enum { SPOOL_SUSPECTS_STRIKES = 10, SPOOL_SUSPECTS_MAX = 64 };

struct spool_suspects {
    struct spool_suspect {
        char name[UPLOAD_SPOOL_NAME_BYTES]; // "": a free place
        unsigned strikes;
        uint64_t sent; // batches that the server had taken when it failed at this one
    } files[SPOOL_SUSPECTS_MAX];
    unsigned next; // the place that is given away if none is free
};

// The server has failed at this one; sent: how many batches it has taken so far. The strikes; 0: it may as well be the server.
unsigned spool_suspects_add(struct spool_suspects *suspects, const char *name, uint64_t sent);
// Not before the server has taken another one?
bool spool_suspects_waits(const struct spool_suspects *suspects, const char *name, uint64_t sent);
void spool_suspects_forget(struct spool_suspects *suspects, const char *name);

#endif
