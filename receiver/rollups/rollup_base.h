// rollup_base.h: the database of roll-ups: DIR/rollups.sqlite.
//
// A roll-up is what a view makes of one attachment of many uploads (views/rollup.h), here bytes. It is of the uploads of one stream (those
// with the same six facets) that start in one hour or one day, and names them by their set (catalog_pick.h): whoever wants them asks for
// exactly that set, so a roll-up is never of other uploads than those asked for, and need not be kept up to date.
//
// All of it can be made again. A database that is damaged, of another version or of other tables is removed and begun anew; every row has a
// hash of all that is in it. A row is written by one transaction, so it is whole or not there. Without a database (a full disk, a folder in
// its place) nothing is found and nothing is kept.
//
// Threads: any for reading; one at a time writes, but for rollup_base_forget. Memory: malloc and SQLite's own, 2 MB at most for each of two
// handles.
#ifndef CMEMPROF_RECEIVER_ROLLUP_BASE_H
#define CMEMPROF_RECEIVER_ROLLUP_BASE_H

#include "../index/catalog_pick.h"

enum rollup_level { ROLLUP_HOUR, ROLLUP_DAY };
int64_t rollup_length_ms(enum rollup_level level);

struct rollup_key {
    const char *attachment;
    uint64_t stream;
    enum rollup_level level;
    int64_t number; // of the hour or day, since 1970; may be negative
};

struct rollup_base;
// *note: why one that was there is gone; else NULL. NULL: no memory.
struct rollup_base *rollup_base_open(const char *directory, const char **note);
void rollup_base_clear(const char *directory);    // removes the database, which must not be open
void rollup_base_close(struct rollup_base *base); // NULL is allowed

struct rollup_row {
    struct upload_set set;
    bool has_bytes;      // false: these uploads are better read one by one
    const char *dropped; // keys of labels that it lacks, a line each; valid during the call
};
// Whether there is one, with its row. RECEIVER_NOT_FOUND: none.
enum receiver_error rollup_base_find(struct rollup_base *base, const struct rollup_key *key,
                                     void (*take)(void *context, const struct rollup_row *row), void *context);
// The bytes of the one of that set; the caller frees them. RECEIVER_NOT_FOUND: there is none, or it is damaged.
enum receiver_error rollup_base_read(struct rollup_base *base, const struct rollup_key *key, const struct upload_set *set, uint8_t **bytes,
                                     size_t *size);
// Begins a database that is damaged or missing anew. False: there can be none now (the disk is full, a folder is in its place).
bool rollup_base_can_write(struct rollup_base *base);
// Differs from before once a database has been removed and begun anew: what was in it is gone. One thread: that which writes.
unsigned rollup_base_generation(const struct rollup_base *base);
// Replaces one of the same key. bytes NULL: has none.
enum receiver_error rollup_base_write(struct rollup_base *base, const struct rollup_key *key, const struct upload_set *set,
                                      const char *dropped, const uint8_t *bytes, size_t size);
enum receiver_error rollup_base_remove(struct rollup_base *base, const struct rollup_key *key);
// The same from any thread, of a database that may be missing: then there is nothing to remove.
enum receiver_error rollup_base_forget(struct rollup_base *base, const struct rollup_key *key);
// Removes all of other days than these, which rise. At most some thousand at a time; true: there may be more. The last call gives the disk
// at most 64 MiB of what is free in the file.
bool rollup_base_keep_days(struct rollup_base *base, const struct catalog_day *days, size_t count);

#endif
