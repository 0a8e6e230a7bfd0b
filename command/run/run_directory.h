// run_directory.h: the private directory into which profiled processes write (preload/profile_file.h), and out of which `cmemprof run`
// takes.
//
// Threads: one. Memory: malloc.
#ifndef CMEMPROF_RUN_DIRECTORY_H
#define CMEMPROF_RUN_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_file {
    long pid;
    int64_t start_ns; // when the process was named; pids come again
    uint32_t number;  // 1 is the first of its process
    char reason[16];  // "exit", "signal", "termination", "period"; "seen" once it was handled
};

struct run_note {
    long pid;
    bool is_unsampled; // it could not be profiled from its start on; else a profile of it is lost
};

struct run_directory {
    char path[PATH_MAX];
    struct run_file *files; // by process, then by number; of the last run_directory_list
    size_t count;
};

bool run_directory_make(struct run_directory *directory); // false: errno tells
// What is there now. False: no memory, or the directory is gone.
bool run_directory_list(struct run_directory *directory);
// The last file of its process: it holds all of the ones before.
bool run_directory_is_newest(const struct run_directory *directory, size_t index);
// The content, for the caller to free; NULL: errno tells.
uint8_t *run_directory_read(const struct run_directory *directory, const struct run_file *file, size_t *size);
void run_directory_mark_seen(const struct run_directory *directory, struct run_file *file);
void run_directory_remove(const struct run_directory *directory, const struct run_file *file);
// A note that a process left, which has no profile therefore, and its text, for the caller to free. NULL: none.
char *run_directory_take_note(const struct run_directory *directory, struct run_note *note);
void run_directory_close(struct run_directory *directory); // and all that is in it

#endif
