// figures_store.h: the figures of all uploads (figures.h), in an SQLite database of its own, DIR/figures.sqlite: blocks of uploads of one
// process (figures_block.h). Derived from the files and never the only copy: a database that is missing, damaged or of another version is
// made anew, and what it lacks is read from the files.
//
// Uploads are added one by one, each in a transaction, so one is there whole or not at all, whenever the program ends. Sixteen blocks of
// one upload become one of 16, and sixteen of these one of 256: an upload is written three times, and a process has 31 blocks beside the
// full ones.
//
// Threads: any; one handle with a mutex. Memory: SQLite's own, 2 MB; one block.
#ifndef CMEMPROF_RECEIVER_FIGURES_STORE_H
#define CMEMPROF_RECEIVER_FIGURES_STORE_H

#include "figures_block.h"

struct figures_store;
// Opens or makes it; one that is damaged or of another version is replaced. One that cannot be used now (it is locked, the disk is full)
// stays as it is, and is empty until figures_store_put can open it. NULL: there can be no file; the functions below take NULL as one that
// is empty and keeps nothing.
struct figures_store *figures_store_open(const char *path);
void figures_store_close(struct figures_store *store);
// Damage that is found by any of these empties it; figures_store_generation tells.
uint64_t figures_store_generation(struct figures_store *store);
// The figures of an upload, once.
enum receiver_error figures_store_put(struct figures_store *store, uint64_t process, int64_t id, uint32_t fingerprint,
                                      const struct figures *figures);
// Removes blocks of which all ids are lower, but for those whose range has one of kept, which rise.
void figures_store_remove_before(struct figures_store *store, int64_t id, const int64_t *kept, size_t count);
// The figures of one upload, if there are any. RECEIVER_OK also if there are none, or no database.
enum receiver_error figures_store_remove(struct figures_store *store, uint64_t process, int64_t id);
// Calls take for each block of the process that may have ids of this range, in no order. take returns false to stop.
typedef bool (*figures_take)(void *context, const struct figures_block *block);
enum receiver_error figures_store_read(struct figures_store *store, uint64_t process, int64_t first, int64_t last, figures_take take,
                                       void *context);
// Calls take with the ids of each block.
enum receiver_error figures_store_ids(struct figures_store *store, void (*take)(void *context, const int64_t *ids, size_t count),
                                      void *context);

#endif
