// string_pool.h: gives each distinct string one small number, with a reference count.
//
// Numbers start at 1 and are reused after the last release; 0 is "none". Tags repeat from upload to upload, so an upload in memory is a
// list of numbers, and strings compare as numbers.
//
// Threads: guarded by the owner. Memory: malloc, 80 bytes and the text per distinct string.
#ifndef CMEMPROF_RECEIVER_STRING_POOL_H
#define CMEMPROF_RECEIVER_STRING_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct string_pool {
    struct pooled_string *list; // [0] is unused
    uint32_t end, capacity;
    uint32_t unused; // first unused number; the others follow through next
    uint32_t *heads;
    uint32_t head_count; // a power of two
    size_t bytes;        // what the strings take, by string_pool_cost
};

void string_pool_free(struct string_pool *pool); // zero-initialised is empty
// What a new string of that length takes: its text in a block of malloc, an entry, and a head, as much again for what grows ahead.
static inline size_t string_pool_cost(size_t length) {
    return 80 + length;
}
// Returns the number of the string and adds a reference; 0: no memory.
uint32_t string_pool_intern(struct string_pool *pool, const char *text, size_t length);
void string_pool_release(struct string_pool *pool, uint32_t number);
uint32_t string_pool_find(const struct string_pool *pool, const char *text, size_t length); // 0: not in the pool
// Puts a string back at the end of the numbers, with that many references (0: an unused number). Returns false
// without memory.
bool string_pool_restore(struct string_pool *pool, const char *text, size_t length, uint32_t uses);
// The references of a number and the length of its text.
uint32_t string_pool_uses(const struct string_pool *pool, uint32_t number, size_t *length);
const char *string_pool_text(const struct string_pool *pool, uint32_t number); // NULL: 0 or unused

#endif
