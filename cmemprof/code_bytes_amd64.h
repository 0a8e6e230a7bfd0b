// code_bytes_amd64.h: what machine code tells about itself where no table does.
//
// Threads: any, also inside malloc and in a signal handler. No lock, no allocation. Never faults: pages are probed first.
#ifndef CMEMPROF_CODE_BYTES_AMD64_H
#define CMEMPROF_CODE_BYTES_AMD64_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// A call instruction ends just before the address, as it does before every return address.
bool code_bytes_follow_call(uintptr_t address);

// The address is that of mov $15, %rax; syscall: where the kernel lets a signal handler return to (__restore_rt). musl has no table for it.
bool code_bytes_are_sigreturn(uintptr_t address);

#endif
