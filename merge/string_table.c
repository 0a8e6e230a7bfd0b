// string_table.c: see string_table.h, also for threads and memory.
#include "string_table.h"

struct string_block {
    struct string_block *next;
    size_t used, size;
    char bytes[];
};

// Including its heads, just large enough for memory.h to map it.
#define BLOCK_BYTES (MEMORY_LARGE_BYTES - MEMORY_HEAD_BYTES - sizeof(struct string_block))

static char *take(struct string_table *table, size_t size) {
    struct string_block *block = table->blocks;
    if (!block || block->size - block->used < size) {
        size_t block_bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct string_block *fresh = memory_take(sizeof *fresh + block_bytes);
        if (!fresh) {
            return NULL;
        }
        *fresh = (struct string_block){.size = block_bytes};
        // A long string fills its block, which is linked behind the newest block, whose free end stays in use.
        if (block && size > BLOCK_BYTES) {
            fresh->next = block->next;
            block->next = fresh;
        } else {
            fresh->next = block;
            table->blocks = fresh;
        }
        block = fresh;
    }
    char *bytes = block->bytes + block->used;
    block->used += size;
    return bytes;
}

static bool same_text(const void *context, uint32_t id, const void *key) {
    struct string have = string_table_get(context, id);
    const struct string *want = key;
    return have.length == want->length && memcmp(have.bytes, want->bytes, want->length) == 0;
}

uint32_t string_table_intern(struct string_table *table, uint64_t seed, uint32_t hash_mask, const char *bytes, size_t length) {
    if (length == 0) {
        return 0;
    }
    if (length > UINT32_MAX / 2) {
        return STRING_TABLE_FULL;
    }
    struct string key = {bytes, (uint32_t)length};
    uint32_t id = intern_guess(&table->ids, same_text, table, &key);
    if (id != 0) {
        return id;
    }
    uint32_t hash = intern_hash_end(intern_hash_bytes(seed, bytes, length)) & hash_mask;
    id = intern_find_next(&table->ids, hash, same_text, table, &key);
    if (id != 0) {
        return id;
    }
    if (!array_reserve(&table->strings, 1, sizeof(struct string))) {
        return STRING_TABLE_FULL;
    }
    table->bytes += length + 1;
    char *copy = take(table, length + 1);
    if (!copy || !intern_add(&table->ids, hash, table->strings.count)) {
        return STRING_TABLE_FULL;
    }
    memcpy(copy, bytes, length);
    copy[length] = 0;
    *(struct string *)array_push(&table->strings, 1, sizeof(struct string)) = (struct string){copy, (uint32_t)length};
    return table->strings.count - 1;
}

bool string_table_init(struct string_table *table) {
    *table = (struct string_table){0};
    struct string *empty = array_push(&table->strings, 1, sizeof *empty);
    if (!empty || !intern_order(&table->ids)) {
        return false;
    }
    empty->bytes = "";
    return true;
}

void string_table_free(struct string_table *table) {
    for (struct string_block *block = table->blocks; block;) {
        struct string_block *next = block->next;
        memory_free(block);
        block = next;
    }
    array_free(&table->strings);
    intern_free(&table->ids);
}
