// empty.c: malloc and free that only jump to the next ones: what any library costs that is preloaded to see them.
#include <dlfcn.h>
#include <stddef.h>

static void *first_malloc(size_t size);
static void first_free(void *block);
static void *(*real_malloc)(size_t size) = first_malloc;
static void (*real_free)(void *block) = first_free;

static void find(void) {
    void *(*found_malloc)(size_t size);
    *(void **)&found_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    real_malloc = found_malloc;
}
static void *first_malloc(size_t size) {
    find();
    return real_malloc(size);
}
static void first_free(void *block) {
    find();
    real_free(block);
}

__attribute__((aligned(64))) void *malloc(size_t size) {
    return real_malloc(size);
}
__attribute__((aligned(64))) void free(void *block) {
    real_free(block);
}
