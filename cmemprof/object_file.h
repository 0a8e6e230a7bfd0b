// object_file.h: one ELF file on disk with its debug data, opened to name addresses of one loaded object.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_OBJECT_FILE_H
#define CMEMPROF_OBJECT_FILE_H

#include <stdint.h>

#include "namespace.h"
#include "modules.h"
#include "symbolizer_arena.h"
#include "symbols.h"

struct object_file;

// NULL: no such file, not ELF, other code than in memory, or no memory.
struct object_file *object_file_open(const struct module *module, struct symbolizer_arena *memory);
void object_file_close(struct object_file *file); // its blocks stay until the memory is closed

// Up to SYMBOL_MAX_INLINED frames for an address of the file (memory address - bias). Strings live until the next call. 0: no name.
size_t object_file_frames(struct object_file *file, uint64_t address, struct symbol_frame *frames);

#endif
