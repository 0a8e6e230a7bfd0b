// paths.h: 2^depth stacks that allocate, one for each path.
#ifndef CMEMPROF_TEST_PATHS_H
#define CMEMPROF_TEST_PATHS_H

#include <stdlib.h>

static __attribute__((noinline)) void *right(unsigned path, int depth, size_t size);

// Each path makes a stack of its own.
static __attribute__((noinline)) void *left(unsigned path, int depth, size_t size) {
    void *block = depth == 0 ? malloc(size) : (path & 1 ? right : left)(path >> 1, depth - 1, size);
    __asm__ volatile("" : "+r"(block)); // prevents a tail call
    return block;
}
static __attribute__((noinline)) void *right(unsigned path, int depth, size_t size) {
    void *block = depth == 0 ? malloc(size) : (path & 1 ? right : left)(path >> 1, depth - 1, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

#endif
