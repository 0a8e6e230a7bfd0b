// symbols.h: names code that has no names in a profile.
#ifndef CMEMPROF_RECEIVER_SYMBOLS_H
#define CMEMPROF_RECEIVER_SYMBOLS_H

#include "../../merge/merge.h"

#include <stdbool.h>
#include <stdint.h>

// Names code from files with symbols. The functions are called by several threads at once.
enum { RECEIVER_BUILD_ID_BYTES = 129 };
struct receiver_symbols {
    const char *directory; // of such files, also of uploaded ones
    struct profile_namer namer;
    uint64_t (*state)(void *context); // of the namer's context: changes when the files change
    bool (*read_build_id)(const char *path, char build_id[RECEIVER_BUILD_ID_BYTES]); // false: no ELF file, or it has none
};

#endif
