// string_table.h: gives every distinct string one small number; 0 is the empty string.
//
// Strings keep their length, so one with a zero byte inside survives a merge; all end in a zero byte too, for whoever wants a C string.
// Their addresses never change. There is no way to remove one.
// Threads: as its owner. Memory: blocks of memory.h, 64 KiB each, or one of its own for a long string.
#ifndef CMEMPROF_MERGE_STRING_TABLE_H
#define CMEMPROF_MERGE_STRING_TABLE_H

#include "namespace.h"
#include "array.h"
#include "intern.h"

struct string {
    const char *bytes;
    uint32_t length;
};

struct string_block;
struct string_table {
    struct array strings; // struct string, by id
    struct intern ids;
    struct string_block *blocks; // the newest first
    size_t bytes;                // of all strings
};

#define STRING_TABLE_FULL UINT32_MAX

bool string_table_init(struct string_table *table);
void string_table_free(struct string_table *table);
// STRING_TABLE_FULL: no memory. hash_mask: as in struct profile.
uint32_t string_table_intern(struct string_table *table, uint64_t seed, uint32_t hash_mask, const char *bytes, size_t length);

static inline struct string string_table_get(const struct string_table *table, uint32_t id) {
    return ((const struct string *)table->strings.items)[id];
}

#endif
