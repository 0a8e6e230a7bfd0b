// replaced_library.c: a library whose only function allocates in SITE, named differently in each build.

#include <stdlib.h>

__attribute__((noinline)) void *SITE(void) {
    void *volatile block = malloc(1 << 20);
    return block;
}

void *allocate(void) {
    void *volatile block = SITE();
    return block;
}
