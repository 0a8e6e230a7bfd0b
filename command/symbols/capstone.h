// capstone.h: the disassembler Capstone (libcapstone, BSD licence), which is loaded by name where it is installed.
//
// It is not linked: its name changes with its versions (libcapstone.so.4, .so.5), so that a program that is linked to one of them does not
// start at all where another or none is installed; and nothing but instructions needs it. Of its interface a few functions are used, and of
// struct cs_insn the members that 4 and 5 have at known places (capstone.c); other versions are not loaded.
//
// Threads: capstone_load from one, before files are given up (confine.h); after that any. Memory: the library's, by malloc.
#ifndef CMEMPROF_COMMAND_CAPSTONE_H
#define CMEMPROF_COMMAND_CAPSTONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The library is kept for good. False: none of the versions is installed.
bool capstone_load(void);
bool capstone_is_there(void); // it was loaded

// Of e_machine in ELF files. "x86-64"; NULL: no machine whose code is read.
const char *capstone_machine(unsigned elf_machine);

struct capstone_reader {
    size_t handle;
    void *instruction;
    bool is_fixed; // instructions have 4 bytes
};
struct capstone_text {
    unsigned size;
    const char *mnemonic, *operands; // valid until the next one
};
// False: no memory, or it is no such machine, or capstone_load has found nothing.
bool capstone_open(struct capstone_reader *reader, unsigned elf_machine);
// The instruction at code, of size > 0 bytes. What is none is ".byte" or ".inst" with its number.
struct capstone_text capstone_next(struct capstone_reader *reader, const uint8_t *code, size_t size, uint64_t address);
void capstone_close(struct capstone_reader *reader);

#endif
