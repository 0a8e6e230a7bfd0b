// library.c: one of the libraries that the service loads and unloads in turn. Built 20 times with different NUMBERs: code of different
// size, so that different functions get the same addresses. It allocates in its constructor, its destructor and between.

#include <stdlib.h>
#include <string.h>

static unsigned char *kept;
static __thread char of_thread[100]; // makes the loader allocate thread-local memory for it

int soak_library_work(int (*callback)(int), int value);

__attribute__((constructor)) static void begin(void) {
    kept = malloc(1000 + NUMBER * 500);
    memset(kept, NUMBER, 1000 + NUMBER * 500);
}

__attribute__((destructor)) static void end(void) {
    free(kept);
}

// As deep as the library's number, so that each library has different stacks.
static __attribute__((noinline)) int deeper(int (*callback)(int), int value, int levels) {
    unsigned char *block = malloc(200 + (size_t)levels * 300);
    block[0] = (unsigned char)levels;
    int result = levels > 0 ? deeper(callback, value, levels - 1) : callback(value);
    result += block[0] == (unsigned char)levels ? 0 : 1000000;
    free(block);
    return result;
}

int soak_library_work(int (*callback)(int), int value) {
    of_thread[value % 100]++;
    return deeper(callback, value, NUMBER) + (kept[0] == NUMBER ? 1 : 1000000);
}
