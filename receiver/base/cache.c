// cache.c: an LRU list (cache.h), most recently used first. It has at most a few hundred entries, so scanning their hashes takes less than
// a microsecond.
#include "cache.h"
#include "../../base/fnv.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ENTRIES = 512 };

struct entry {
    struct entry *next;
    uint64_t hash; // only saves comparisons: keys are compared in full
    size_t key_size, size;
    char bytes[]; // the key, then the value
};

struct cache {
    pthread_mutex_t lock;
    struct entry *first; // guarded by lock, as all below
    size_t count, bytes; // of all entries
    size_t max_bytes;    // constant
};

struct cache *cache_new(size_t max_bytes) {
    struct cache *cache = calloc(1, sizeof *cache);
    if (cache) {
        pthread_mutex_init(&cache->lock, NULL);
        cache->max_bytes = max_bytes;
    }
    return cache;
}

void cache_free(struct cache *cache) {
    if (!cache) {
        return;
    }
    for (struct entry *entry = cache->first, *next; entry; entry = next) {
        next = entry->next;
        free(entry);
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

// Unlinks the entry. Caller must hold the lock, as for all below.
static struct entry *unlink_entry(struct cache *cache, uint64_t hash, const void *key, size_t key_size) {
    for (struct entry **link = &cache->first; *link; link = &(*link)->next) {
        struct entry *entry = *link;
        if (entry->hash == hash && entry->key_size == key_size && memcmp(entry->bytes, key, key_size) == 0) {
            *link = entry->next;
            return entry;
        }
    }
    return NULL;
}

static void push(struct cache *cache, struct entry *entry) {
    entry->next = cache->first;
    cache->first = entry;
}

static size_t size_of(const struct entry *entry) {
    return sizeof *entry + entry->key_size + entry->size;
}

static void remove_last(struct cache *cache) {
    struct entry **link = &cache->first;
    while ((*link)->next) {
        link = &(*link)->next;
    }
    cache->bytes -= size_of(*link);
    cache->count--;
    free(*link);
    *link = NULL;
}

bool cache_get(struct cache *cache, const void *key, size_t key_size, void **bytes, size_t *size) {
    uint64_t hash = fnv64(FNV64_START, key, key_size);
    *bytes = NULL;
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = unlink_entry(cache, hash, key, key_size);
    if (entry) {
        push(cache, entry);
        *bytes = malloc(entry->size + 1);
        *size = entry->size;
        if (*bytes) {
            memcpy(*bytes, entry->bytes + key_size, entry->size);
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return *bytes;
}

void cache_put(struct cache *cache, const void *key, size_t key_size, const void *bytes, size_t size) {
    if (key_size > cache->max_bytes / 8 || size > cache->max_bytes / 8) {
        return;
    }
    struct entry *entry = malloc(sizeof *entry + key_size + size);
    if (!entry) {
        return;
    }
    *entry = (struct entry){.hash = fnv64(FNV64_START, key, key_size), .key_size = key_size, .size = size};
    memcpy(entry->bytes, key, key_size);
    if (size > 0) { // bytes may be NULL
        memcpy(entry->bytes + key_size, bytes, size);
    }
    pthread_mutex_lock(&cache->lock);
    struct entry *before = unlink_entry(cache, entry->hash, key, key_size);
    if (before) {
        cache->bytes -= size_of(before);
        cache->count--;
        free(before);
    }
    push(cache, entry);
    cache->bytes += size_of(entry);
    cache->count++;
    while (cache->first && (cache->bytes > cache->max_bytes || cache->count > MAX_ENTRIES)) {
        remove_last(cache);
    }
    pthread_mutex_unlock(&cache->lock);
}
