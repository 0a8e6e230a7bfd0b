// text_table.h: gives every distinct string one small number; 0 is the empty string.
//
// Strings keep their length, so one with a zero byte inside survives a merge; all end in a zero byte too, for whoever wants a C string.
// Their addresses never change. There is no way to remove one.
// Threads: as its owner. Memory: blocks of memory.h, 64 KiB each, or one of its own for a long string.
#ifndef CMEMPROF_MERGE_TEXT_TABLE_H
#define CMEMPROF_MERGE_TEXT_TABLE_H

#include "namespace.h"
#include "array.h"
#include "intern.h"

struct text {
    const char *bytes;
    uint32_t length;
};

struct text_block;
struct text_table {
    struct array texts; // struct text, by id
    struct intern ids;
    struct text_block *blocks; // the newest first
    size_t bytes;              // of all strings
};

#define TEXT_TABLE_FULL UINT32_MAX

bool text_table_init(struct text_table *table);
void text_table_free(struct text_table *table);
// TEXT_TABLE_FULL: no memory. hash_mask: as in struct profile.
uint32_t text_table_intern(struct text_table *table, uint64_t seed, uint32_t hash_mask, const char *bytes, size_t length);

static inline struct text text_table_get(const struct text_table *table, uint32_t id) {
    return ((const struct text *)table->texts.items)[id];
}

#endif
