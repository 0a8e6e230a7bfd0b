// plt.h: names the stubs by which a program or library calls functions of others (the procedure linkage table): "malloc@plt".
//
// A stub jumps to the address in a slot, and the dynamic linker's relocations tell whose address comes into which slot. Stubs of x86-64
// and arm64 are known. Threads: guarded by the caller. Memory: the file's arena (cmemprof/symbolizer_arena.h).
#ifndef CMEMPROF_COMMAND_PLT_H
#define CMEMPROF_COMMAND_PLT_H

#include "../../cmemprof/elf_file.h"

// Zero-initialise. Read when it is first asked for.
struct plt {
    struct plt_slot {
        uint64_t start; // first: address_order.h
        const char *name;
    } * slots;
    size_t count;
    bool is_read;
};

enum { PLT_STUB_BYTES = 16 };
// The slot that a stub at this address jumps by; 0: it is no stub. code: of PLT_STUB_BYTES.
uint64_t plt_slot_of(unsigned elf_machine, const uint8_t *code, uint64_t address);
// The function whose address comes into the slot; NULL: none is known.
const char *plt_name(struct plt *plt, const struct elf_file *file, uint64_t slot);

#endif
