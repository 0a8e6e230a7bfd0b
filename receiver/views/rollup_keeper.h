// rollup_keeper.h: the thread that makes roll-ups (rollup_make.h) in the background, of new uploads and of a store that has none yet.
//
// It makes those of an hour ten minutes after its end, and those of a day from them: first of the newest days. A roll-up whose uploads have
// changed (late ones) is made again once they have been the same for ten minutes, or after an hour; while retention removes uploads, the
// first hour and day have none. One whose uploads are gone is removed with the day that is without any. What cannot be made for a cause
// that passes is tried again, and so is all of a pass that ends for want of memory or disk: each time later, up to half an hour. It is
// niced, reads one file at a time, and makes nothing while less than ROLLUP_KEEPER_FREE_BYTES are free on the disk.
//
// Threads: its own. Memory: malloc; of profiles at most ROLLUP_KEEPER_BYTES, and a list of the uploads of one day.
#ifndef CMEMPROF_RECEIVER_ROLLUP_KEEPER_H
#define CMEMPROF_RECEIVER_ROLLUP_KEEPER_H

#include <stddef.h>
#include <stdint.h>

enum { ROLLUP_KEEPER_BYTES = 128 << 20, ROLLUP_KEEPER_FREE_BYTES = 64 << 20, ROLLUP_KEEPER_QUIET_MS = 10 * 60 * 1000 };

struct store;
struct rollup_keeper;
struct rollup_keeper *rollup_keeper_start(struct store *store); // NULL: no memory
void rollup_keeper_stop(struct rollup_keeper *keeper);          // ends the thread and frees; before the store is closed. NULL is allowed

// What the thread does at a time, for tests: makes what is missing at now_ms. Returns how many roll-ups were made, or found not to be worth
// it.
size_t rollup_keeper_pass(struct rollup_keeper *keeper, int64_t now_ms);
struct rollup_keeper *rollup_keeper_new(struct store *store); // without a thread

#endif
