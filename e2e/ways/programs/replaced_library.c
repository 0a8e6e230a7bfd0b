// replaced_library.c: a library whose one function allocates in SITE, which each build names otherwise.

#include <stdlib.h>

__attribute__((noinline)) void *SITE(void) {
    void *volatile block = malloc(1 << 20);
    return block;
}

void *allocate(void) {
    void *volatile block = SITE();
    return block;
}
