// text_table.c: see text_table.h. Threads and memory: as said there.
#include "text_table.h"

struct text_block {
    struct text_block *next;
    size_t used, size;
    char bytes[];
};

// With its heads just large enough for memory.h to map it.
#define BLOCK_BYTES (MEMORY_LARGE_BYTES - MEMORY_HEAD_BYTES - sizeof(struct text_block))

static char *take(struct text_table *table, size_t size) {
    struct text_block *block = table->blocks;
    if (!block || block->size - block->used < size) {
        size_t block_bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct text_block *fresh = memory_take(sizeof *fresh + block_bytes);
        if (!fresh)
            return NULL;
        *fresh = (struct text_block){.size = block_bytes};
        // A long string fills its block: it goes behind the newest, whose free end stays in use.
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
    struct text have = text_table_get(context, id);
    const struct text *want = key;
    return have.length == want->length && memcmp(have.bytes, want->bytes, want->length) == 0;
}

uint32_t text_table_intern(struct text_table *table, uint64_t seed, uint32_t hash_mask, const char *bytes, size_t length) {
    if (length == 0)
        return 0;
    if (length > UINT32_MAX / 2)
        return TEXT_TABLE_FULL;
    struct text key = {bytes, (uint32_t)length};
    uint32_t id = intern_guess(&table->ids, same_text, table, &key);
    if (id != 0)
        return id;
    uint32_t hash = intern_hash_end(intern_hash_bytes(seed, bytes, length)) & hash_mask;
    id = intern_find_next(&table->ids, hash, same_text, table, &key);
    if (id != 0)
        return id;
    if (!array_reserve(&table->texts, 1, sizeof(struct text)))
        return TEXT_TABLE_FULL;
    table->bytes += length + 1;
    char *copy = take(table, length + 1);
    if (!copy || !intern_add(&table->ids, hash, table->texts.count))
        return TEXT_TABLE_FULL;
    memcpy(copy, bytes, length);
    copy[length] = 0;
    *(struct text *)array_push(&table->texts, 1, sizeof(struct text)) = (struct text){copy, (uint32_t)length};
    return table->texts.count - 1;
}

bool text_table_init(struct text_table *table) {
    *table = (struct text_table){0};
    struct text *empty = array_push(&table->texts, 1, sizeof *empty);
    if (!empty || !intern_order(&table->ids))
        return false;
    empty->bytes = "";
    return true;
}

void text_table_free(struct text_table *table) {
    for (struct text_block *block = table->blocks; block;) {
        struct text_block *next = block->next;
        memory_free(block);
        block = next;
    }
    array_free(&table->texts);
    intern_free(&table->ids);
}
