// address_stack.h: stacks of addresses in pprof's older texts, "@ 0x4010 0x4020", and the names that Go writes below them:
//
//     1: 64 [1: 64] @ 0x4010 0x4020
//     #       0x400f  main.f+0xf      /src/main.go:12
//
// Threads: as its owner. Memory: memory.h.
#ifndef CMEMPROF_FOREIGN_ADDRESS_STACK_H
#define CMEMPROF_FOREIGN_ADDRESS_STACK_H

#include "memory_map.h"

struct address_name {
    uint64_t address;
    struct profile_line line;
};
struct address_stack { // zero-initialise
    struct memory_map map;
    uint64_t *addresses; // leaf first
    size_t count, capacity;
    struct address_name *names; // in the order of the lines: innermost first
    size_t name_count, name_capacity;
    uint32_t *by_address; // indices into names, by address, then as they are
    size_t by_address_capacity;
};

// Empties the stack; the map stays.
void address_stack_begin(struct address_stack *stack);
// Adds all hexadecimal numbers of a text, less 1: they are return addresses, and the call is before. calls_from: the index in the stack of
// the first that is one, 0 for all.
bool address_stack_push(struct reading *reading, struct address_stack *stack, struct span text, size_t calls_from);
// Takes a line with a name. False: it is none.
bool address_stack_take_name(struct reading *reading, struct address_stack *stack, struct span line);
// Adds a sample of the stack. bytes: of the label "bytes"; negative: none.
bool address_stack_sample(struct reading *reading, struct address_stack *stack, const int64_t *values, int64_t bytes);
void address_stack_free(struct address_stack *stack);

#endif
