// capstone.c: see capstone.h.
//
//   struct cs_insn      4.0   5.0
//     id (unsigned)       0     0
//     address             8     8
//     size (uint16_t)    16    16
//     bytes              18    18   of 16 and 24 bytes
//     mnemonic           34    42   of 32 bytes
//     op_str             66    74   of 160 bytes
#include "capstone.h"

#include <dlfcn.h>
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ARCH_ARM64 = 1, ARCH_X86 = 3, MODE_64 = 1 << 3, SIZE_AT = 16, MNEMONIC_BYTES = 32 };

static struct {
    unsigned (*version)(int *major, int *minor);
    int (*open)(int architecture, int mode, size_t *handle);
    int (*close)(size_t *handle);
    void *(*new_instruction)(size_t handle);
    void (*free_instruction)(void *instruction, size_t count);
    bool (*next)(size_t handle, const uint8_t **code, size_t *size, uint64_t *address, void *instruction);
    size_t mnemonic_at; // 0: it is not loaded
} lib;

static bool load(const char *name, int wanted, size_t mnemonic_at) {
    const struct {
        const char *name;
        void *to;
    } functions[] = {{"cs_version", &lib.version},       {"cs_open", &lib.open},
                     {"cs_close", &lib.close},           {"cs_malloc", &lib.new_instruction},
                     {"cs_free", &lib.free_instruction}, {"cs_disasm_iter", &lib.next}};
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    int major = 0, minor = 0;
    for (size_t i = 0; handle && i < sizeof functions / sizeof *functions; i++) {
        void *function = dlsym(handle, functions[i].name);
        if (!function) {
            return false;
        }
        memcpy(functions[i].to, &function, sizeof function);
    }
    if (!handle || (lib.version(&major, &minor), major != wanted)) {
        return false;
    }
    lib.mnemonic_at = mnemonic_at;
    return true;
}

bool capstone_load(void) {
    return lib.mnemonic_at > 0 || load("libcapstone.so.5", 5, 42) || load("libcapstone.so.4", 4, 34);
}

bool capstone_is_there(void) {
    return lib.mnemonic_at > 0;
}

const char *capstone_machine(unsigned elf_machine) {
    return elf_machine == EM_X86_64 ? "x86-64" : elf_machine == EM_AARCH64 ? "arm64" : NULL;
}

bool capstone_open(struct capstone_reader *reader, unsigned elf_machine) {
    bool is_x86 = elf_machine == EM_X86_64;
    *reader = (struct capstone_reader){.is_fixed = !is_x86};
    if (lib.mnemonic_at == 0 || !capstone_machine(elf_machine) ||
        lib.open(is_x86 ? ARCH_X86 : ARCH_ARM64, is_x86 ? MODE_64 : 0, &reader->handle) != 0) {
        return false;
    }
    reader->instruction = lib.new_instruction(reader->handle);
    if (!reader->instruction) {
        capstone_close(reader);
    }
    return reader->instruction;
}

// Beside it, so that a caller need not copy it: in the place of the mnemonic and the operands.
static struct capstone_text unknown(struct capstone_reader *reader, const uint8_t *code, size_t size) {
    char *mnemonic = (char *)reader->instruction + lib.mnemonic_at, *operands = mnemonic + MNEMONIC_BYTES;
    unsigned bytes = reader->is_fixed && size >= 4 ? 4 : 1;
    uint32_t word = code[0];
    if (bytes == 4) {
        word |= (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
    }
    strcpy(mnemonic, bytes == 4 ? ".inst" : ".byte");
    sprintf(operands, "0x%0*" PRIx32, (int)bytes * 2, word);
    return (struct capstone_text){bytes, mnemonic, operands};
}

struct capstone_text capstone_next(struct capstone_reader *reader, const uint8_t *code, size_t size, uint64_t address) {
    const uint8_t *at = code;
    size_t left = size;
    uint16_t bytes = 0;
    if (lib.next(reader->handle, &at, &left, &address, reader->instruction)) {
        memcpy(&bytes, (char *)reader->instruction + SIZE_AT, sizeof bytes);
    }
    if (bytes == 0 || bytes > size) {
        return unknown(reader, code, size);
    }
    const char *mnemonic = (char *)reader->instruction + lib.mnemonic_at;
    return (struct capstone_text){bytes, mnemonic, mnemonic + MNEMONIC_BYTES};
}

void capstone_close(struct capstone_reader *reader) {
    if (reader->instruction) {
        lib.free_instruction(reader->instruction, 1);
    }
    if (reader->handle) {
        lib.close(&reader->handle);
    }
    *reader = (struct capstone_reader){0};
}
