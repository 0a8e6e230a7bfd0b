// starter.c: preloaded after libcmemprof.so: starts it before main at CMEMPROF_RATE and, when the process ends, writes how many samples
// were taken to a file of its own in PROGRAMS_SAMPLES. So programs are tested that know nothing of it.

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmemprof.h"

static void (*get_stats)(struct cmemprof_stats *);

__attribute__((constructor)) static void begin(void) {
    enum cmemprof_error (*start)(uint64_t);
    *(void **)&start = dlsym(RTLD_DEFAULT, "cmemprof_start");
    *(void **)&get_stats = dlsym(RTLD_DEFAULT, "cmemprof_get_stats");
    const char *rate = getenv("CMEMPROF_RATE");
    if (start == NULL || get_stats == NULL || rate == NULL || start(strtoull(rate, NULL, 10)) != CMEMPROF_OK) {
        abort();
    }
}

// No stdio: it may be gone.
__attribute__((destructor)) static void end(void) {
    struct cmemprof_stats stats;
    char name[512], text[64];
    const char *directory = getenv("PROGRAMS_SAMPLES");
    if (directory == NULL || get_stats == NULL) {
        return;
    }
    get_stats(&stats);
    snprintf(name, sizeof name, "%s/%d", directory, (int)getpid());
    int length = snprintf(text, sizeof text, "%llu\n", (unsigned long long)stats.samples);
    int file = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file >= 0) {
        (void)!write(file, text, (size_t)length);
        close(file);
    }
}
