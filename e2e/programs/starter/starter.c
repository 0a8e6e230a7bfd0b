// starter.c: preloaded after libcmemprof.so, for unmodified programs: starts the profiler before main at CMEMPROF_RATE. When the process
// ends, it writes to a file in PROGRAMS_SAMPLES how many samples were taken, and how many of these a profile neither has nor counts as
// lost.

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmemprof.h"

static struct {
    void (*stop)(void);
    void (*get_stats)(struct cmemprof_stats *);
    struct cmemprof_snapshot *(*take)(void);
    void (*free)(struct cmemprof_snapshot *);
    enum cmemprof_error (*encode)(struct cmemprof_snapshot *, const struct cmemprof_go_names *, uint8_t **, size_t *);
} profiler;

__attribute__((constructor)) static void begin(void) {
    enum cmemprof_error (*start)(uint64_t);
    *(void **)&start = dlsym(RTLD_DEFAULT, "cmemprof_start");
    *(void **)&profiler.stop = dlsym(RTLD_DEFAULT, "cmemprof_stop");
    *(void **)&profiler.get_stats = dlsym(RTLD_DEFAULT, "cmemprof_get_stats");
    *(void **)&profiler.take = dlsym(RTLD_DEFAULT, "cmemprof_snapshot_take");
    *(void **)&profiler.free = dlsym(RTLD_DEFAULT, "cmemprof_snapshot_free");
    *(void **)&profiler.encode = dlsym(RTLD_DEFAULT, "cmemprof_snapshot_encode");
    const char *rate = getenv("CMEMPROF_RATE");
    if (!start || !rate || start(strtoull(rate, NULL, 10)) != CMEMPROF_OK) {
        abort();
    }
}

// Other threads may be taking a sample, so the counts are not exact.
static int has_one_thread(void) {
    char text[4096] = "";
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    return size > 0 && strstr(text, "\nThreads:\t1\n");
}

static unsigned long long figure(const char *comment, const char *name) {
    const char *at = strstr(comment, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

// Symbolizing takes most of a short process's time, so only every n-th of many processes is checked.
static int is_chosen(void) {
    const char *one_in = getenv("PROGRAMS_COMPARE_ONE_IN");
    return !one_in || getpid() % atoi(one_in) == 0;
}

// Samples that a profile neither has nor counts as lost; -1: unknown.
static long long missing(void) {
    static const char head[] = "cmemprof: samples=";
    uint8_t *bytes = NULL;
    size_t size = 0;
    long long result = -1;
    profiler.stop();
    struct cmemprof_snapshot *snapshot = is_chosen() && has_one_thread() ? profiler.take() : NULL;
    if (!snapshot || profiler.encode(snapshot, NULL, &bytes, &size) != CMEMPROF_OK) {
        profiler.free(snapshot);
        return -1;
    }
    const char *found = memmem(bytes, size, head, sizeof head - 1);
    char *comment = found ? strndup(found, size - (size_t)(found - (char *)bytes)) : NULL;
    if (comment) {
        result = (long long)(figure(comment, " samples=") - figure(comment, " emitted=") - figure(comment, " lost_stacks=") -
                             figure(comment, " lost_shards=") - figure(comment, " reclaimed_samples="));
    }
    free(comment);
    free(bytes);
    profiler.free(snapshot);
    return result;
}

// No stdio: it may be closed.
__attribute__((destructor)) static void end(void) {
    struct cmemprof_stats stats;
    char name[512], text[64];
    const char *directory = getenv("PROGRAMS_SAMPLES");
    if (!directory || !profiler.get_stats) {
        return;
    }
    profiler.get_stats(&stats);
    snprintf(name, sizeof name, "%s/%d", directory, (int)getpid());
    int length = snprintf(text, sizeof text, "%llu %lld\n", (unsigned long long)stats.samples, missing());
    int file = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file >= 0) {
        (void)!write(file, text, (size_t)length);
        close(file);
    }
}
