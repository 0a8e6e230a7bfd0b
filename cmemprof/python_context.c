// python_context.c (sample): see python_context.h.

#include "python_context.h"

#include <string.h>

// The same in 3.11, 3.12 and 3.13 (Include/internal/pycore_context.h, pycore_hamt.h, Python/hamt.c).
enum { CONTEXT_VARIABLES = 24, VARIABLE_HASH = 56, TREE_ROOT = 16, TYPE_NAME = 24 };
enum { BITMAP = 24, BITMAP_ITEMS = 32, ARRAY_ITEMS = 16, COLLISION_SIZE = 16, COLLISION_ITEMS = 32 };
enum { LEVEL_BITS = 5, LEVEL_MASK = 31, MAX_LEVELS = 8, MAX_COLLISIONS = 16, WORD = sizeof(uintptr_t) };

// As the tree folds it.
static uint32_t hash_of(struct python_reader *reader, uintptr_t variable) {
    uint64_t hash = python_word(reader, variable, VARIABLE_HASH);
    uint32_t folded = (uint32_t)hash ^ (uint32_t)(hash >> 32);
    return folded == UINT32_MAX ? UINT32_MAX - 1 : folded;
}

enum kind { OF_BITMAP, OF_ARRAY, OF_COLLISION, OF_NONE };
static enum kind kind_of(struct python_reader *reader, uintptr_t node) {
    static const char *const names[] = {"hamt_bitmap_node", "hamt_array_node", "hamt_collision_node"};
    uintptr_t name = python_word(reader, python_word(reader, node, WORD), TYPE_NAME);
    for (int i = 0; i < OF_NONE; i++) {
        const char *text = python_at(reader, name, strlen(names[i]) + 1, 1);
        if (text && strcmp(text, names[i]) == 0) {
            return (enum kind)i;
        }
    }
    return OF_NONE;
}

// Pairs of a key and its value; a key of 0: the value is a node of the next level.
static uintptr_t pair_of(struct python_reader *reader, uintptr_t pairs, size_t at, uintptr_t variable, uintptr_t *next) {
    uintptr_t key = python_word(reader, pairs, 2 * at * WORD), value = python_word(reader, pairs, (2 * at + 1) * WORD);
    *next = key == 0 ? value : 0;
    return key == variable ? value : 0;
}

static uintptr_t in_collision(struct python_reader *reader, uintptr_t node, uintptr_t variable) {
    size_t count = python_word(reader, node, COLLISION_SIZE) / 2;
    uintptr_t value = 0, none;
    for (size_t i = 0; value == 0 && i < count && i < MAX_COLLISIONS && !reader->failed; i++) {
        value = pair_of(reader, node + COLLISION_ITEMS, i, variable, &none);
    }
    return value;
}

uintptr_t python_context_value(const struct python *python, struct python_reader *reader, uintptr_t thread, uintptr_t variable) {
    uintptr_t context = python_word(reader, thread, python->layout->thread_context);
    if (context == 0 || python_word(reader, context, WORD) != python->symbols.context_type) {
        return 0;
    }
    uintptr_t node = python_word(reader, python_word(reader, context, CONTEXT_VARIABLES), TREE_ROOT), value = 0;
    uint32_t hash = hash_of(reader, variable);
    for (int level = 0; level < MAX_LEVELS && node != 0 && value == 0 && !reader->failed; level++, hash >>= LEVEL_BITS) {
        uint32_t bit = (uint32_t)1 << (hash & LEVEL_MASK), bits;
        switch (kind_of(reader, node)) {
        case OF_BITMAP:
            bits = python_number(reader, node, BITMAP);
            if ((bits & bit) == 0) {
                return 0;
            }
            value = pair_of(reader, node + BITMAP_ITEMS, (size_t)__builtin_popcount(bits & (bit - 1)), variable, &node);
            break;
        case OF_ARRAY:
            node = python_word(reader, node + ARRAY_ITEMS, (hash & LEVEL_MASK) * (size_t)WORD);
            break;
        case OF_COLLISION:
            return in_collision(reader, node, variable);
        default:
            return 0;
        }
    }
    return reader->failed ? 0 : value;
}
