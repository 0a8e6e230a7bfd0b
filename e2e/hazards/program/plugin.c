// plugin.c: a library that dlopen_storm.c loads and unloads repeatedly; it allocates in its constructor, its destructor and between.

#include <stdlib.h>
#include <string.h>

static char *kept;
static __thread char of_thread[100]; // makes the loader allocate thread-local memory for it

int plugin_work(int (*callback)(int), int value);

__attribute__((constructor)) static void begin(void) {
    kept = malloc(100);
    memset(kept, 1, 100);
}

__attribute__((destructor)) static void end(void) {
    free(kept);
}

__attribute__((noinline)) int plugin_work(int (*callback)(int), int value) {
    char *block = calloc(1, 64);
    of_thread[value % 100]++;
    block[0] = (char)(kept[0] + callback(value));
    int result = block[0];
    free(block);
    return result;
}
