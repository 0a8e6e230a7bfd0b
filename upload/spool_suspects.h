// spool_suspects.h: spool files that the server fails at while it accepts others.
//
// On a 500 either the server or one batch is at fault. The batch is suspected, and gets a strike, if the server fails at it, accepts
// another, and fails at it again. While the server accepts nothing, there are no strikes. After a strike the batch waits until the server
// has accepted another one, so that it does not delay others. After SPOOL_SUSPECTS_STRIKES it is given up.
//
// Threads: one at a time per struct. Memory: the struct. When it is full, entries are replaced in rotation and lose their strikes.
#ifndef CMEMPROF_UPLOAD_SPOOL_SUSPECTS_H
#define CMEMPROF_UPLOAD_SPOOL_SUSPECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "namespace.h"

// Ten: a server that fails at every other request at random fails ten consecutive times at one batch in a thousand.
enum { SPOOL_SUSPECTS_STRIKES = 10, SPOOL_SUSPECTS_MAX = 64 };

struct spool_suspects {
    struct spool_suspect {
        char name[UPLOAD_SPOOL_NAME_BYTES]; // "": a free entry
        unsigned strikes;
        uint64_t sent; // batches the server had accepted when it failed at this one
    } files[SPOOL_SUSPECTS_MAX];
    unsigned next; // the entry to replace if none is free
};

// Records a failure of the server at this file. sent: batches accepted so far. Returns the strikes; 0: the server may be at fault.
unsigned spool_suspects_add(struct spool_suspects *suspects, const char *name, uint64_t sent);
// Whether the file must wait until the server has accepted another batch.
bool spool_suspects_waits(const struct spool_suspects *suspects, const char *name, uint64_t sent);
void spool_suspects_forget(struct spool_suspects *suspects, const char *name);

#endif
