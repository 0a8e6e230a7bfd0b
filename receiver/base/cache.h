// cache.h: keeps answers that took time to make, up to a number of bytes; the least recently used go first.
//
// A key is any bytes and compared in full. What is stored under a key never changes: files of uploads are never written again and ids not
// reused, so nothing is ever out of date.
// Threads: any; one lock, held for a copy. Memory: malloc, max_bytes at most, keys included.
#ifndef CMEMPROF_RECEIVER_CACHE_H
#define CMEMPROF_RECEIVER_CACHE_H

#include <stdbool.h>
#include <stddef.h>

struct cache;
struct cache *cache_new(size_t max_bytes); // NULL: no memory
void cache_free(struct cache *cache);      // NULL is fine

// True: *bytes is a copy for the caller to free.
bool cache_get(struct cache *cache, const void *key, size_t key_size, void **bytes, size_t *size);
// Copies both. What is larger than an eighth of the cache is not kept: it would push out everything else.
void cache_put(struct cache *cache, const void *key, size_t key_size, const void *bytes, size_t size);

#endif
