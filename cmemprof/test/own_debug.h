// own_debug.h: for tests: the test program's own debug data.
#ifndef CMEMPROF_TEST_OWN_DEBUG_H
#define CMEMPROF_TEST_OWN_DEBUG_H

#include "../dwarf_addresses.h"
#include "../modules.h"

struct own_debug {
    struct symbolizer_arena memory;
    struct elf_file elf;
    struct dwarf_file dwarf;
    struct dwarf_addresses addresses;
    uintptr_t bias;
};

static inline bool own_debug_open(struct own_debug *own) {
    static struct modules modules;
    uint32_t ended;
    *own = (struct own_debug){0};
    if (!modules_refresh(&modules, &ended)) {
        return false;
    }
    own->bias = modules_find(&modules, (uintptr_t)own_debug_open, 0)->bias;
    modules_free(&modules);
    symbolizer_arena_open(&own->memory);
    if (!elf_file_open(&own->elf, "/proc/self/exe", &own->memory)) {
        return false;
    }
    dwarf_file_open(&own->dwarf, &own->elf);
    own->addresses.file = &own->dwarf;
    return true;
}

static inline void own_debug_close(struct own_debug *own) {
    elf_file_close(&own->elf);
    symbolizer_arena_close(&own->memory);
}

// The unit that contains the function's code. Returns NULL if there is none.
static inline struct dwarf_unit *own_debug_unit(struct own_debug *own, uintptr_t address) {
    return dwarf_addresses_find(&own->addresses, address - own->bias);
}

#endif
