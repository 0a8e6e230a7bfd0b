// symbols.h: who names code that has no names in a profile.
#ifndef CMEMPROF_RECEIVER_SYMBOLS_H
#define CMEMPROF_RECEIVER_SYMBOLS_H

#include "../../merge/merge.h"

#include <stdbool.h>
#include <stdint.h>

// Names for code that has none, from files with symbols. The functions are called from several threads at once.
enum { RECEIVER_BUILD_ID_BYTES = 129 };
struct receiver_symbols {
    const char *directory; // where such files are, and where uploaded ones go
    struct profile_namer namer;
    uint64_t (*state)(void *context); // of the namer's context: another number when other files are there
    bool (*read_build_id)(const char *path, char build_id[RECEIVER_BUILD_ID_BYTES]); // false: no ELF file, or it has none
};

#endif
