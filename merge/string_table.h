// string_table.h: assigns a dense id to every distinct string; 0 is the empty string.
//
// Strings are stored with their length, so that embedded zero bytes survive a merge, and are also zero-terminated.
// Their addresses never change. Strings are never removed.
// Threads: as its owner. Memory: blocks of memory.h, 64 KiB each, or a separate block for a long string.
#ifndef CMEMPROF_MERGE_STRING_TABLE_H
#define CMEMPROF_MERGE_STRING_TABLE_H

#include "namespace.h"
#include "../base/check.h"
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
    struct string_block *blocks; // newest first
    size_t bytes;                // of all strings
};

#define STRING_TABLE_FULL UINT32_MAX

bool string_table_init(struct string_table *table);
void string_table_free(struct string_table *table);
// Returns STRING_TABLE_FULL if there is no memory. hash_mask: as in struct profile.
uint32_t string_table_intern(struct string_table *table, uint64_t seed, uint32_t hash_mask, const char *bytes, size_t length);

static inline struct string string_table_get(const struct string_table *table, uint32_t id) {
    CHECK(id < table->strings.count);
    return ((const struct string *)table->strings.items)[id];
}

#endif
