// function_table.h: numbers the functions of a call tree, so that nodes of the same function have the same number.
//
// Threads: as its owner. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_FUNCTION_TABLE_H
#define CMEMPROF_RECEIVER_FUNCTION_TABLE_H

#include "../../merge/merge.h"

#define FUNCTION_TABLE_FULL UINT32_MAX

// Functions by number, in the order in which nodes first need them.
struct function_table {
    const struct tree *tree;
    uint32_t *slots, *first_nodes; // a node of each, by hash and by number; the root has none
    size_t mask, count, capacity;
    bool by_line; // a function's lines are functions of their own
};

// capacity: of distinct functions. Set by_line afterwards. Returns false without memory; function_table_free is due then as well.
bool function_table_start(struct function_table *functions, const struct tree *tree, size_t capacity);
void function_table_free(struct function_table *functions);
// function_of: numbers of the nodes asked for so far, by node; the caller adds this one. FUNCTION_TABLE_FULL: a new one beyond the
// capacity.
uint32_t function_table_number(struct function_table *functions, uint32_t node, const uint32_t *function_of);

#endif
