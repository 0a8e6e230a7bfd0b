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
// Its last step: with `count` frames from debug data, the outermost function's name is from the symbol table if they lack it.
size_t object_file_complete(struct object_file *file, uint64_t address, struct symbol_frame *frames, size_t count);
bool object_file_is_complete(const struct symbol_frame *frames, size_t count); // the debug data has it
// The units by address, as far as they were read. A file that was open before may be given what was read then.
struct dwarf_addresses *object_file_addresses(struct object_file *file);

#endif
