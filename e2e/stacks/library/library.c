// library.c: the shared libraries of the test, built with different PREFIXes.

#include <stdlib.h>

#define JOIN_(prefix, name) prefix##name
#define JOIN(prefix, name) JOIN_(prefix, name)
#define OBSERVE(value) __asm__ volatile("" : "+r"(value) : : "memory")

static __attribute__((noinline)) void JOIN(PREFIX, _inner)(size_t size) {
    void *block = malloc(size);
    OBSERVE(block);
}

void JOIN(PREFIX, _allocate)(size_t size) {
    JOIN(PREFIX, _inner)(size + 1);
    OBSERVE(size);
}
