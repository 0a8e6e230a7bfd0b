// plugin.c: a plugin whose only function is NAME_allocate, built for each NAME. All have the same size, so they get the same address.

#include <stdlib.h>

#define JOIN(a, b) a##b
#define NAMED(prefix, name) JOIN(prefix, name)

__attribute__((noinline)) void *NAMED(NAME, _allocate)(size_t size) {
    void *block = malloc(size);
    __asm__ volatile("" : "+r"(block));
    return block;
}
