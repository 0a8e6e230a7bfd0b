// instance_id.h: an id of a process of `cmemprof run`, which the command and the library in the process make alike.
//
// A UUID of version 8 (RFC 9562), by a seed of the command and the name that the process's files have: its process id and start.
#ifndef CMEMPROF_BASE_INSTANCE_ID_H
#define CMEMPROF_BASE_INSTANCE_ID_H

#include "fnv.h"

#include <stdio.h>
#include <string.h>

enum { INSTANCE_ID_BYTES = 37 };

// process: "PID-START".
static inline void instance_id(const char *seed, const char *process, char text[INSTANCE_ID_BYTES]) {
    uint64_t high = fnv64(fnv64(FNV64_START, seed, strlen(seed) + 1), process, strlen(process)), low = fnv64(high, seed, strlen(seed) + 1);
    snprintf(text, INSTANCE_ID_BYTES, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xfff, 0x8000 | ((unsigned)(low >> 48) & 0x3fff), (unsigned long long)low & 0xffffffffffff);
}

#endif
