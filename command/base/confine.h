// confine.h: takes from this process, for good, what it does not need: files outside some folders (Landlock), and system calls (seccomp).
//
// It reads bytes of strangers. Should a fault in its readers let one of them run code, that code cannot read or change other files, run
// programs, map memory to run, open connections, or reach other processes. What was opened before stays open. Neither needs rights, but a
// kernel that has them: Landlock since 5.13, where it is switched on; seccomp everywhere, where no container forbids it.
//
// Threads: confine_files from the only thread; confine_calls binds all threads, and those to come. Memory: none.
#ifndef CMEMPROF_COMMAND_CONFINE_H
#define CMEMPROF_COMMAND_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

enum confine_right {
    CONFINE_READ,   // files and lists of files
    CONFINE_WRITE,  // all but devices, links, sockets and running programs
    CONFINE_SOCKET, // make and remove a Unix socket
    CONFINE_APPEND, // make files and write to them, not read or remove any
};

struct confine_folder {
    const char *path; // NULL, or not there: no right
    enum confine_right right;
};

// Whether the process may ask for Landlock or seccomp: who started it may kill it for that (systemd 252: SystemCallFilter=@system-service).
// A child finds out, if the process has a filter. From the only thread.
bool confine_may_ask_files(void);
bool confine_may_ask_calls(void);
// Leaves these folders and what is below. Returns 0, or an errno; ENOSYS and EOPNOTSUPP: the kernel has no Landlock.
int confine_files(const struct confine_folder *folders, size_t count);
// Leaves what a server does with open sockets, files, memory and threads. Others fail with EPERM; those that this list does not know, since
// they are newer, with ENOSYS, so that libc falls back. Returns 0, or an errno.
int confine_calls(void);

#endif
