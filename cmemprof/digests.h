// digests.h (naming): what was learned of files whose debug data is closed: their units by address, and digests of the units in which names
// were looked up. So a new address in a later profile opens no file, and no debug data is inflated again. For an address in another unit
// the file is opened, and its sections are inflated from the nearest of the resume points that are kept as well (elf_section.h), which take
// half a megabyte for a program with SQLite: whole, they are 10 ms of CPU time for each profile that has a function not seen before.
//
// At most DIGESTS_BYTES, and less where the memory for symbolizing is bounded (symbolizer_arena.h); those that were not used for the
// longest time go first. SQLite takes 0.6 MB.
//
// Threads: guarded by the caller. Memory: merge/memory.h. All zeros is empty.
#ifndef CMEMPROF_DIGESTS_H
#define CMEMPROF_DIGESTS_H

#include "namespace.h"
#include "object_file.h"

#define DIGESTS_BYTES ((size_t)2 << 20)

struct digests {
    struct file_digest *files;
    size_t bytes;   // of all that is kept
    uint64_t clock; // grows with each use
};

// Fills frames as object_file_frames does, but without the symbol table's names. Returns false if it is not known what the debug data has.
// address: in the file. Strings live until digests change.
bool digests_frames(struct digests *digests, const struct module *module, uint64_t address, struct symbol_frame *frames, size_t *count);

// Keeps what was learned of the module's file, which is still open.
void digests_keep(struct digests *digests, const struct module *module, struct object_file *file, const struct symbolizer_arena *memory);
// Gives a file that was opened again a copy of what is known of its units by address.
void digests_give(const struct digests *digests, const struct module *module, struct object_file *file, struct symbolizer_arena *memory);
void digests_forget(struct digests *digests);

#endif
