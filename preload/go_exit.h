// go_exit.h: takes the exit of a Go program. Go ends a process by the exit_group system call in runtime.exit, so neither atexit nor _exit
// sees it.
//
// runtime.exit has had the same twelve bytes on amd64 since Go 1.17, and the same sixteen on arm64 in 1.25 to 1.27
// (runtime/sys_linux_amd64.s and _arm64.s): load the status, exit_group, return. A jump to an absolute address has as many and takes their
// place, so that nothing else of the program moves. They are looked for in the file, behind which Go's linker puts the runtime's code near
// the start, and written through /proc/self/mem: the page becomes private, and is never writable.
//
// Threads: one, before main. Memory: 64 KiB of address space, of which an exit uses some pages.
#ifndef CMEMPROF_PRELOAD_GO_EXIT_H
#define CMEMPROF_PRELOAD_GO_EXIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "go_program.h"

// From now on a Go program's exit calls leave, which must not return, with all signals blocked and on a stack of its own; further threads
// that exit wait. Returns false if its runtime.exit is not as described; then all is as before.
bool go_exit_take(const struct go_program *program, void (*leave)(int status));

// In a child of fork: an exit that was under way is the parent's.
void go_exit_in_child(void);

// The offset of runtime.exit's code in a part of a program, or SIZE_MAX. For tests.
size_t go_exit_find(const uint8_t *bytes, size_t size);

#endif
