// early_calls.c: allocations before and after main: in pre-initialisers, before any library's code has run; in constructors and
// destructors; and blocks that live from there to the end. Their owners write, resize and free them.

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"

static char *from_first, *from_constructor;

static void first(void) {
    from_first = malloc(100);
    char *other = calloc(10, 10);
    if (!from_first || !other || other[99] != 0) {
        abort();
    }
    memset(from_first, 1, 100);
    free(other);
}
__attribute__((section(".preinit_array"), used)) static void (*const run_first)(void) = first;

__attribute__((constructor(101))) static void begin(void) {
    from_constructor = strdup("from a constructor");
    from_first = realloc(from_first, 5000);
    if (!from_constructor || !from_first || from_first[99] != 1) {
        abort();
    }
}

__attribute__((destructor(101))) static void end(void) {
    free(from_first);
    free(hazard_opaque(malloc(100)));
}

static void *use(void *context) {
    CHECK(malloc_usable_size(from_first) >= 5000 && malloc_usable_size(from_constructor) >= 19, "usable size");
    from_first = realloc(from_first, 100000);
    CHECK(from_first && from_first[99] == 1, "contents");
    free(from_constructor);
    return context;
}

int main(void) {
    hazard_start();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, use, NULL) == 0, "thread");
    pthread_join(thread, NULL);
    hazard_churn(1, 100);
    return hazard_finish();
}
