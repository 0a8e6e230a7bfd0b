// object_file.c: stands in for cmemprof/object_file.c where there is no elfutils (the library for musl): nothing has a name. A profile then
// has addresses, mappings and build IDs, and is named later: pprof and others do so from the program's file.

#include "../cmemprof/object_file.h"

#include <stddef.h>

struct object_file *object_file_open(const struct module *module) {
    (void)module;
    return NULL;
}

void object_file_close(struct object_file *file) {
    (void)file;
}

size_t object_file_frames(struct object_file *file, uint64_t address, struct symbol_frame *frames) {
    (void)file;
    (void)address;
    (void)frames;
    return 0;
}
