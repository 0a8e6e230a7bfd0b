// replaced.c: allocates in a plugin, takes a snapshot, replaces the plugin by another one at the same address, and only then symbolizes and
// writes the snapshot. Arguments: the profile's file, the plugin and the other one.

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmemprof.h"

typedef void *allocate(size_t size);

static void *use(const char *path, const char *function, allocate **at) {
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin || !(*(void **)at = dlsym(plugin, function))) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    free((*at)(1000));
    return plugin;
}

int main(int count, char **arguments) {
    uint8_t *bytes;
    size_t size;
    allocate *first, *second;
    if (count != 4 || cmemprof_start(1) != CMEMPROF_OK) {
        return 1;
    }
    void *plugin = use(arguments[2], "a_allocate", &first);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    dlclose(plugin);
    use(arguments[3], "b_allocate", &second);
    if (first != second) {
        fprintf(stderr, "the plugins lie at %p and %p\n", (void *)first, (void *)second);
        return 1;
    }
    FILE *file = fopen(arguments[1], "w");
    if (!snapshot || !file || cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size) != CMEMPROF_OK ||
        fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        return 1;
    }
    return 0;
}
