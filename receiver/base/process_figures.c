// process_figures.c: reads /proc/self (process_figures.h, proc(5)).
#include "process_figures.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../base/process_stat.h"

// Seconds since 1970 when the machine was started. 0: unknown.
static double boot_time(void) {
    FILE *file = fopen("/proc/stat", "re"); // a line of it may be long: one number for each interrupt
    char *line = NULL;
    size_t size = 0;
    double time = 0;
    while (file && time == 0 && getline(&line, &size, file) > 0) {
        if (strncmp(line, "btime ", 6) == 0) {
            time = strtod(line + 6, NULL);
        }
    }
    free(line);
    if (file) {
        fclose(file);
    }
    return time;
}

static void write_stat(struct exposition *exposition) {
    struct process_stat stat;
    if (!process_stat_read(&stat, "/proc/self/stat")) {
        return;
    }
    uint64_t used = process_stat_number(&stat, PROCESS_STAT_USER) + process_stat_number(&stat, PROCESS_STAT_SYSTEM);
    double ticks = (double)sysconf(_SC_CLK_TCK), booted = boot_time();
    exposition_one(exposition, "process_cpu_seconds_total", EXPOSITION_COUNTER, "Total user and system CPU time spent in seconds.",
                   (double)used / ticks);
    exposition_one(exposition, "process_resident_memory_bytes", EXPOSITION_GAUGE, "Resident memory size in bytes.",
                   (double)process_stat_number(&stat, PROCESS_STAT_RESIDENT) * (double)sysconf(_SC_PAGESIZE));
    exposition_one(exposition, "process_virtual_memory_bytes", EXPOSITION_GAUGE, "Virtual memory size in bytes.",
                   (double)process_stat_number(&stat, PROCESS_STAT_VIRTUAL_BYTES));
    if (booted > 0) {
        exposition_one(exposition, "process_start_time_seconds", EXPOSITION_GAUGE, "Start time of the process since unix epoch in seconds.",
                       booted + (double)process_stat_number(&stat, PROCESS_STAT_START) / ticks);
    }
}

static void write_files(struct exposition *exposition) {
    DIR *files = opendir("/proc/self/fd");
    size_t count = 0;
    if (files) {
        for (struct dirent *entry; (entry = readdir(files));) {
            count += entry->d_name[0] != '.';
        }
        closedir(files);
        exposition_one(exposition, "process_open_fds", EXPOSITION_GAUGE, "Number of open file descriptors.",
                       (double)(count - 1)); // without that of this list
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        exposition_one(exposition, "process_max_fds", EXPOSITION_GAUGE, "Maximum number of open file descriptors.", (double)limit.rlim_cur);
    }
}

void process_figures_write(struct exposition *exposition) {
    write_stat(exposition);
    write_files(exposition);
}
