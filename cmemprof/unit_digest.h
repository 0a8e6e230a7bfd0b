// unit_digest.h (naming): all that naming needs of one compilation unit, in a compact form that outlives the debug data: functions with
// their inlined ones, names, and lines.
//
// It gives the same frames as object_file.c does from the debug data. SQLite, a unit of 1.6 MB with a line table of 1 MB, takes 0.6 MB.
//
// Threads: guarded by the caller. Memory: one block of merge/memory.h; scratch for making it is symbolizer_arena.h.
#ifndef CMEMPROF_UNIT_DIGEST_H
#define CMEMPROF_UNIT_DIGEST_H

#include "namespace.h"
#include "dwarf_unit.h"
#include "symbols.h"

struct unit_digest;

// entries: the unit itself, or its split data. Returns NULL if it would take more than max_bytes, the data is unusual, or memory runs out.
struct unit_digest *unit_digest_new(struct dwarf_unit *unit, struct dwarf_unit *entries, size_t max_bytes);
void unit_digest_free(struct unit_digest *digest);
size_t unit_digest_bytes(const struct unit_digest *digest);

// Fills up to SYMBOL_MAX_INLINED frames for an address of the unit; strings live as long as the digest. Returns false if the debug data may
// know more: about functions within functions, which it is searched for only if an address is in no other.
bool unit_digest_frames(const struct unit_digest *digest, uint64_t address, struct symbol_frame *frames, size_t *count);

#endif
