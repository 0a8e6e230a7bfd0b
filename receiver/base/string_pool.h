// string_pool.h: gives every distinct text one small number, and forgets a text when its last use is released.
//
// Numbers start at 1 and are used again after a text was forgotten; 0 is "none". Tags repeat from upload to upload, so an upload in memory
// is a list of numbers, and a comparison of texts one of numbers.
//
// Threads: guarded by whoever owns it. Memory: malloc, about 64 bytes and the text, for each distinct text.
#ifndef CMEMPROF_RECEIVER_STRING_POOL_H
#define CMEMPROF_RECEIVER_STRING_POOL_H

#include <stddef.h>
#include <stdint.h>

struct string_pool {
    struct pooled_string *list; // [0] is not used
    uint32_t end, capacity;
    uint32_t unused; // the first forgotten number; the others follow through next
    uint32_t *heads;
    uint32_t head_count; // a power of two
};

void string_pool_free(struct string_pool *pool); // zero-initialised is an empty one
// The number of the text, used once more; 0: no memory.
uint32_t string_pool_intern(struct string_pool *pool, const char *text, size_t length);
void string_pool_release(struct string_pool *pool, uint32_t number);
uint32_t string_pool_find(const struct string_pool *pool, const char *text, size_t length); // 0: not there
const char *string_pool_text(const struct string_pool *pool, uint32_t number);              // NULL: none, or forgotten

#endif
