// process_stat.h: numbers of /proc/PID/stat (proc(5)).
//
// Threads: any, not inside malloc. Memory: none but the caller's.
#ifndef CMEMPROF_BASE_PROCESS_STAT_H
#define CMEMPROF_BASE_PROCESS_STAT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process_stat {
    char text[1024]; // of the line, which is shorter
};

// Their numbers are proc(5)'s. user and system time and the start are in the kernel's ticks (_SC_CLK_TCK), the start since the boot;
// resident memory is in pages.
enum process_stat_field {
    PROCESS_STAT_USER = 14,
    PROCESS_STAT_SYSTEM = 15,
    PROCESS_STAT_START = 22,
    PROCESS_STAT_VIRTUAL_BYTES = 23,
    PROCESS_STAT_RESIDENT = 24,
    PROCESS_STAT_STACK = 28, // where the main thread's begins
};

// Returns false if there is no such file, and all numbers are 0.
static inline bool process_stat_read(struct process_stat *stat, const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, stat->text, sizeof stat->text - 1) : 0;
    if (file >= 0) {
        close(file);
    }
    stat->text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

// 0: the line has not so many.
static inline uint64_t process_stat_number(const struct process_stat *stat, enum process_stat_field field) {
    const char *at = strrchr(stat->text, ')'); // the name, field 2, may have anything in it
    for (int i = 2; at && i < (int)field; i++) {
        at = strchr(at + 1, ' ');
    }
    return at ? strtoull(at, NULL, 10) : 0;
}

#endif
