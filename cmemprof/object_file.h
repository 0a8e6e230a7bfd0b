// object_file.h (naming): one ELF file on disk with its debug data, opened to symbolize addresses of a loaded object.
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

// Returns NULL if the file is missing, not ELF, holds other code than the memory, or memory runs out.
struct object_file *object_file_open(const struct module *module, struct symbolizer_arena *memory);
void object_file_close(struct object_file *file); // its blocks stay until the arena is closed

// Fills up to SYMBOL_MAX_INLINED frames for a file address (memory address - bias). Strings live until the next call. Returns 0 if there is
// no name.
size_t object_file_frames(struct object_file *file, uint64_t address, struct symbol_frame *frames);

#endif
