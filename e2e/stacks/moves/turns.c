// turns.c: C functions that allocate, call Go back, and allocate again. Each allocation is of TURN_BYTES.

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "_cgo_export.h"
#include "turns.h"

static __thread void *volatile block;

static __attribute__((noinline)) void allocate(void) {
    block = malloc(TURN_BYTES);
    free(block);
    __asm__ volatile("");
}

__attribute__((noinline)) void c_before(void) {
    allocate();
    __asm__ volatile("");
}

// Saves other registers than c_before, in a frame of different size.
__attribute__((noinline)) void c_after(volatile int *number) {
    volatile char padding[72];
    padding[0] = (char)*number;
    allocate();
    *number += padding[0];
}

// Uses RBP for its own values, or leaves Go's value in it, depending on the compiler.
__attribute__((noinline, optimize("omit-frame-pointer"))) void c_turn(uintptr_t walk) {
    volatile int number = 0;
    c_before();
    goTurn(walk);
    c_after(&number);
    __asm__ volatile("");
}

__attribute__((noinline, optimize("no-omit-frame-pointer"))) void c_turns(uintptr_t walk) {
    volatile int number = 0;
    for (int i = 0; i < 2; i++) {
        c_before();
        goTurn(walk);
        c_after(&number);
    }
}

static __attribute__((noinline)) void *c_thread(void *walk) {
    goThread((uintptr_t)walk);
    __asm__ volatile("");
    return NULL;
}

// A thread that Go did not create.
void run_thread(uintptr_t walk) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, c_thread, (void *)walk) != 0) {
        abort();
    }
    pthread_join(thread, NULL);
}
