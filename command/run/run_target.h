// run_target.h: the program that `cmemprof run` is to start: where it is, and whether a preloaded library can profile it at all.
//
// The loader ignores LD_PRELOAD without a word where it cannot be: in static programs, in those that run with another user's rights, with
// another architecture or libc. So the file is looked at before. Only its ELF headers are read, and nothing in them is trusted.
//
// Threads: one. Memory: the caller's.
#ifndef CMEMPROF_RUN_TARGET_H
#define CMEMPROF_RUN_TARGET_H

#include <limits.h>
#include <stdbool.h>

enum run_target_status {
    RUN_TARGET_OK,
    RUN_TARGET_REFUSED, // it cannot be profiled
    RUN_TARGET_NOT_RUN, // it cannot be executed
    RUN_TARGET_NOT_FOUND,
};

struct run_target {
    char *const *argv;          // as given to run_target_find
    char path[PATH_MAX];        // of the program
    char interpreter[PATH_MAX]; // of a script: the program that reads it; else ""
    char loaded[PATH_MAX];      // of the loader, named as the program (/lib64/ld-linux-x86-64.so.2 PROGRAM): what it is to run; else ""
    bool is_go, is_musl;
    char text[2 * PATH_MAX]; // why not; one line
};

// argv: the program, as a shell finds it, by PATH if it has no slash, and its arguments, which end with NULL.
enum run_target_status run_target_find(char *const *argv, struct run_target *target);
// What the user would call it: the program itself where the loader is named first.
const char *run_target_name(const struct run_target *target);

#endif
