// function_table.c: functions of a call tree by number (function_table.h).
#include "function_table.h"

#include <stdlib.h>

// Nodes of the same function share one entry of the table "functions". The profile stores equal strings once, so pointers compare.
static bool same_function(const struct function_table *functions, const struct profile_frame *a, const struct profile_frame *b) {
    return (!functions->by_line || a->line == b->line) && a->function == b->function && a->file == b->file && a->label == b->label &&
           (*a->function || (a->mapping_file == b->mapping_file && a->file_offset == b->file_offset));
}

static uint64_t hash_function(const struct function_table *functions, const struct profile_frame *frame) {
    uint64_t hash = functions->by_line ? (uint64_t)frame->line * UINT64_C(0xc2b2ae3d27d4eb4f) : 0;
    hash += (uintptr_t)frame->function * UINT64_C(0x9e3779b97f4a7c15) + (uintptr_t)frame->file;
    if (!*frame->function) {
        hash += (uintptr_t)frame->mapping_file + frame->file_offset * UINT64_C(0xff51afd7ed558ccd);
    }
    return (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

bool function_table_start(struct function_table *functions, const struct tree *tree, size_t capacity) {
    *functions = (struct function_table){.tree = tree, .mask = 1024 - 1, .capacity = capacity};
    while (functions->mask < 2 * capacity) {
        functions->mask = 2 * functions->mask + 1;
    }
    functions->slots = calloc(functions->mask + 1, sizeof *functions->slots);
    functions->first_nodes = malloc((capacity + 1) * sizeof *functions->first_nodes);
    return functions->slots && functions->first_nodes;
}

void function_table_free(struct function_table *functions) {
    free(functions->slots);
    free(functions->first_nodes);
}

uint32_t function_table_number(struct function_table *functions, uint32_t node, const uint32_t *function_of) {
    const struct tree_node *nodes = functions->tree->nodes;
    size_t at = hash_function(functions, &nodes[node].frame) & functions->mask;
    while (functions->slots[at] && !same_function(functions, &nodes[functions->slots[at]].frame, &nodes[node].frame)) {
        at = (at + 1) & functions->mask;
    }
    if (functions->slots[at]) {
        return function_of[functions->slots[at]];
    }
    if (functions->count >= functions->capacity) {
        return FUNCTION_TABLE_FULL;
    }
    functions->slots[at] = node;
    functions->first_nodes[functions->count] = node;
    return (uint32_t)functions->count++;
}
