// run_target.h: finds the program that `cmemprof run` is to start, and checks whether a preloaded library can profile it.
//
// LD_PRELOAD is silently ignored in static programs, in programs with another user's rights, and with another architecture or libc. So the
// file is checked first. Only its ELF headers are read, and they are not trusted.
//
// Threads: one. Memory: the caller's.
#ifndef CMEMPROF_RUN_TARGET_H
#define CMEMPROF_RUN_TARGET_H

#include <limits.h>
#include <stdbool.h>

enum run_target_status {
    RUN_TARGET_OK,
    RUN_TARGET_REFUSED, // cannot be profiled
    RUN_TARGET_NOT_RUN, // cannot be executed
    RUN_TARGET_NOT_FOUND,
};

struct run_target {
    char *const *argv;          // as given to run_target_find
    char path[PATH_MAX];        // of the program
    char interpreter[PATH_MAX]; // of a script; else ""
    char loaded[PATH_MAX];      // if path is the loader (/lib64/ld-linux-x86-64.so.2 PROGRAM): the program it runs; else ""
    bool is_go, is_musl;
    bool is_static;
    bool has_no_c;           // refused, and a Go program without C code
    char text[2 * PATH_MAX]; // reason for a status other than OK; one line
};

// argv: the program and its arguments, ending with NULL. The program is looked up as by a shell: in PATH if it has no slash.
enum run_target_status run_target_find(char *const *argv, struct run_target *target);
// Name for messages: the loaded program if path is the loader.
const char *run_target_name(const struct run_target *target);

#endif
