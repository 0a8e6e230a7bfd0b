// tiny_stacks.c: threads with the minimum stack, 16 KiB including the C library's part, allocate with every allocation sampled. The stacks
// are between inaccessible pages, so any access outside ends the process.

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hazard.h"

enum { ROUNDS = 100, AT_ONCE = 4 };

static void *allocate(void *context) {
    for (size_t size = 1; size < 100000; size = size * 3 + (uintptr_t)context % 3) {
        char *block = malloc(size);
        CHECK(block, "no memory");
        memset(block, 1, size);
        block = realloc(block, size + 100);
        CHECK(block && block[size - 1] == 1, "realloc");
        char *zero = calloc(size, 1);
        CHECK(zero && zero[size - 1] == 0, "calloc");
        free(zero);
        free(block);
    }
    return NULL;
}

int main(void) {
    hazard_start();
    size_t stack_bytes = (size_t)sysconf(_SC_THREAD_STACK_MIN), page = 4096;
    CHECK(stack_bytes >= 16384 && stack_bytes % page == 0, "PTHREAD_STACK_MIN is %zu", stack_bytes);
    for (unsigned round = 0; round < hazard_scaled(ROUNDS); round++) {
        pthread_t threads[AT_ONCE];
        char *stacks[AT_ONCE];
        for (uintptr_t i = 0; i < AT_ONCE; i++) {
            stacks[i] = mmap(NULL, stack_bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            CHECK(stacks[i] != MAP_FAILED && mprotect(stacks[i] + page, stack_bytes, PROT_READ | PROT_WRITE) == 0, "mmap");
            pthread_attr_t attributes;
            CHECK(pthread_attr_init(&attributes) == 0, "attributes");
            CHECK(pthread_attr_setstack(&attributes, stacks[i] + page, stack_bytes) == 0, "a stack of %zu bytes is refused", stack_bytes);
            CHECK(pthread_create(&threads[i], &attributes, allocate, (void *)i) == 0, "thread");
            pthread_attr_destroy(&attributes);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            pthread_join(threads[i], NULL);
            munmap(stacks[i], stack_bytes + 2 * page);
        }
    }
    return hazard_finish();
}
