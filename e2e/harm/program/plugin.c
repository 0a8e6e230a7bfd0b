// plugin.c: opened with RTLD_DEEPBIND, so its malloc, realloc and free are those of the libc that it is linked to.
#include <stdlib.h>

void *plugin_take(size_t size);
void *plugin_grow(void *block, size_t size);
void plugin_give(void *block);

void *plugin_take(size_t size) {
    return malloc(size);
}

void *plugin_grow(void *block, size_t size) {
    return realloc(block, size);
}

void plugin_give(void *block) {
    free(block);
}
