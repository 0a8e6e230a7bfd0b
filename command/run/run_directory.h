// run_directory.h: the private directory through which profiled processes (preload/profile_file.h) hand profiles to `cmemprof run`.
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
    int64_t start_ns; // when the process got its name; pids are reused
    uint32_t number;  // from 1 for each process
    char reason[16];  // "exit", "signal", "termination", "period"; once it was processed "seen", or "ended" for the first and the third
};

struct run_note {
    long pid;
    bool is_unsampled; // the process was never sampled; otherwise one of its profiles is lost
};

struct run_directory {
    char path[PATH_MAX];
    struct run_file *files; // from the last run_directory_list, by process, then by number
    size_t count, capacity;
    // Processes that began and have not written a profile at their end, as of the last run_directory_list.
    struct run_begun {
        long pid;
        int64_t start_ns;
        bool is_replaced; // it was about to become another program, and had sampled nothing
    } * begun;
    size_t begun_count, begun_capacity;
};

bool run_directory_make(struct run_directory *directory); // returns false with errno set
// Lists the files. Returns false without memory, or if the directory is gone.
bool run_directory_list(struct run_directory *directory);
// Whether the file is the last of its process. It includes all before it.
bool run_directory_is_newest(const struct run_directory *directory, size_t index);
// Returns the content, which the caller frees, or NULL with errno set.
uint8_t *run_directory_read(const struct run_directory *directory, const struct run_file *file, size_t *size);
// What a process writes beside its profiles: as of the last one; of time, what came since the profile before, which is read once: it is
// removed. Returns NULL also if it wrote none.
enum run_beside { RUN_PEAK, RUN_MEMORY, RUN_TIME, RUN_BESIDES };
uint8_t *run_directory_read_beside(const struct run_directory *directory, const struct run_file *file, enum run_beside what, size_t *size);
// Whether `cmemprof top PID --live` asked for this one of a signal (live/live_source.h): then it is nobody else's. Once for each time it
// asks.
bool run_directory_is_asked(const struct run_directory *directory, const struct run_file *file);
bool run_directory_is_seen(const struct run_file *file);
// Whether the profile is of the process's end.
bool run_directory_is_of_end(const struct run_file *file);
// Whether the process became another program by exec: a later one has its ID.
bool run_directory_has_successor(const struct run_directory *directory, const struct run_begun *begun);
// Forgets the marks of a process that has ended.
void run_directory_unmark(const struct run_directory *directory, long pid);
void run_directory_mark_seen(const struct run_directory *directory, struct run_file *file);
void run_directory_remove(const struct run_directory *directory, const struct run_file *file);
// Takes a note by which a process explains a missing profile. Returns its text, which the caller frees, or NULL if there is none.
char *run_directory_take_note(const struct run_directory *directory, struct run_note *note);
void run_directory_close(struct run_directory *directory); // removes it with its content

#endif
