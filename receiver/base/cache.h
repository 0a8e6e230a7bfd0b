// cache.h: an LRU cache of answers, bounded in bytes.
//
// A key is any bytes, compared in full. The value of a key never changes: files of uploads are never rewritten and ids never reused, so
// nothing goes stale. Threads: any; one lock, held during a copy. Memory: malloc, max_bytes at most, including keys.
#ifndef CMEMPROF_RECEIVER_CACHE_H
#define CMEMPROF_RECEIVER_CACHE_H

#include <stdbool.h>
#include <stddef.h>

struct cache;
struct cache *cache_new(size_t max_bytes); // NULL: no memory
void cache_free(struct cache *cache);      // NULL is allowed

// Returns true with a copy in *bytes, which the caller frees.
bool cache_get(struct cache *cache, const void *key, size_t key_size, void **bytes, size_t *size);
// Copies both. Ignores what is larger than an eighth of the cache: it would evict everything else.
void cache_put(struct cache *cache, const void *key, size_t key_size, const void *bytes, size_t size);

#endif
