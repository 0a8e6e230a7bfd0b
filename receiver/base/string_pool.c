// string_pool.c: a hash table (string_pool.h) whose chains link list entries.
#include "string_pool.h"
#include "../../base/fnv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct pooled_string {
    char *text; // NULL: unused
    uint32_t length, hash, next, uses;
};

void string_pool_free(struct string_pool *pool) {
    for (uint32_t i = 1; i < pool->end; i++) {
        free(pool->list[i].text);
    }
    free(pool->list);
    free(pool->heads);
    *pool = (struct string_pool){0};
}

// Filling a chain on purpose slows down a local search, no more.
static uint32_t hash_of(const char *text, size_t length) {
    uint64_t hash = fnv64(FNV64_START, text, length);
    return (uint32_t)(hash ^ hash >> 32);
}

static uint32_t find(const struct string_pool *pool, const char *text, size_t length, uint32_t hash) {
    for (uint32_t i = pool->head_count ? pool->heads[hash & (pool->head_count - 1)] : 0; i; i = pool->list[i].next) {
        const struct pooled_string *entry = &pool->list[i];
        if (entry->hash == hash && entry->length == length && memcmp(entry->text, text, length) == 0) {
            return i;
        }
    }
    return 0;
}

uint32_t string_pool_find(const struct string_pool *pool, const char *text, size_t length) {
    return find(pool, text, length, hash_of(text, length));
}

static bool grow(struct string_pool *pool) {
    uint32_t capacity = pool->capacity ? pool->capacity * 2 : 1024;
    struct pooled_string *list = realloc(pool->list, capacity * sizeof *list);
    if (!list) {
        return false;
    }
    pool->list = list;
    uint32_t *heads = calloc(capacity, sizeof *heads);
    if (!heads) {
        return false;
    }
    free(pool->heads);
    pool->heads = heads;
    pool->head_count = capacity;
    pool->capacity = capacity;
    pool->end = pool->end ? pool->end : 1;
    for (uint32_t i = 1; i < pool->end; i++) {
        if (list[i].text) {
            uint32_t *head = &heads[list[i].hash & (capacity - 1)];
            list[i].next = *head;
            *head = i;
        }
    }
    return true;
}

// Fills an entry. Returns false without memory.
static bool set(struct string_pool *pool, uint32_t number, const char *text, size_t length, uint32_t uses) {
    char *copy = malloc(length + 1);
    if (!copy) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    uint32_t hash = hash_of(text, length), *head = &pool->heads[hash & (pool->head_count - 1)];
    pool->list[number] = (struct pooled_string){.text = copy, .length = (uint32_t)length, .hash = hash, .next = *head, .uses = uses};
    *head = number;
    pool->bytes += string_pool_cost(length);
    return true;
}

uint32_t string_pool_intern(struct string_pool *pool, const char *text, size_t length) {
    uint32_t hash = hash_of(text, length), number = find(pool, text, length, hash);
    if (number) {
        pool->list[number].uses++;
        return number;
    }
    if (!pool->unused && pool->end >= pool->capacity && !grow(pool)) {
        return 0;
    }
    number = pool->unused ? pool->unused : pool->end;
    uint32_t next_unused = pool->unused ? pool->list[number].next : 0;
    if (!set(pool, number, text, length, 1)) {
        return 0;
    }
    pool->end += number == pool->end;
    pool->unused = next_unused;
    return number;
}

bool string_pool_restore(struct string_pool *pool, const char *text, size_t length, uint32_t uses) {
    if (pool->end >= pool->capacity && !grow(pool)) {
        return false;
    }
    if (uses == 0) {
        pool->list[pool->end] = (struct pooled_string){.next = pool->unused};
        pool->unused = pool->end;
    } else if (!set(pool, pool->end, text, length, uses)) {
        return false;
    }
    pool->end++;
    return true;
}

uint32_t string_pool_uses(const struct string_pool *pool, uint32_t number, size_t *length) {
    *length = pool->list[number].length;
    return pool->list[number].uses;
}

void string_pool_release(struct string_pool *pool, uint32_t number) {
    if (number == 0 || --pool->list[number].uses > 0) {
        return;
    }
    struct pooled_string *entry = &pool->list[number];
    uint32_t *link = &pool->heads[entry->hash & (pool->head_count - 1)];
    while (*link != number) {
        link = &pool->list[*link].next;
    }
    *link = entry->next;
    pool->bytes -= string_pool_cost(entry->length);
    free(entry->text);
    *entry = (struct pooled_string){.next = pool->unused};
    pool->unused = number;
}

const char *string_pool_text(const struct string_pool *pool, uint32_t number) {
    return number && number < pool->end ? pool->list[number].text : NULL;
}
