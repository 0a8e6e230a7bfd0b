// stacks.c: the cost of a sample with a distinct stack, by the number of stacks, and the cost of a profile of them.
//
// usage: stacks COUNT... : forks a process per number of stacks, rounded up to a power of two, about 24 frames deep. Prints
//   stacks FIRST AGAIN SNAPSHOT ENCODE BYTES PEAK
// FIRST and AGAIN: ns of CPU time of a sample (malloc(64) and free) with a new stack, or with a known one that is not the last. SNAPSHOT
// and ENCODE: ms of CPU time of the second profile, when all addresses are symbolized, with a live block per stack. BYTES: profiler tables
// per stack. PEAK: temporary resident memory of the profile, bytes per stack.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../cmemprof/cmemprof.h"

enum { LEVELS = 20 };

static double cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static __attribute__((noinline)) void *right(uint32_t path, int level);

static __attribute__((noinline)) void *left(uint32_t path, int level) {
    void *block = level == 0 ? malloc(64) : (path & 1 ? right : left)(path >> 1, level - 1);
    __asm__ volatile("" : "+r"(block)); // prevents a tail call
    return block;
}
static __attribute__((noinline)) void *right(uint32_t path, int level) {
    void *block = level == 0 ? malloc(64) : (path & 1 ? right : left)(path >> 1, level - 1);
    __asm__ volatile("" : "+r"(block));
    return block;
}

// A different path for each number below 2^LEVELS. Neighbouring numbers share little, so that few paths are as hard to predict as many.
static uint32_t path_of(uint32_t number) {
    return number * 2654435761u & ((1u << LEVELS) - 1);
}

// kept NULL: freed at once.
static double round_ns(uint32_t count, void **kept) {
    double begun = cpu_ns();
    for (uint32_t i = 0; i < count; i++) {
        void *volatile block = left(path_of(i), LEVELS);
        if (kept) {
            kept[i] = block;
        } else {
            free(block);
        }
    }
    return (cpu_ns() - begun) / count;
}

// In kB, from /proc/self/status.
static long status_kb(const char *key) {
    char line[256];
    long value = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, key, strlen(key)) == 0) {
            value = strtol(line + strlen(key) + 1, NULL, 10);
        }
    }
    if (status) {
        fclose(status);
    }
    return value;
}

static void reset_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

static double snapshot_ms, encode_ms;

static void take_profile(void) {
    const uint8_t *bytes;
    size_t size;
    double begun = cpu_ns();
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    double taken = cpu_ns();
    if (!snapshot || cmemprof_snapshot_profile(snapshot, NULL, &bytes, &size) != CMEMPROF_OK) {
        abort();
    }
    snapshot_ms = (taken - begun) / 1e6;
    encode_ms = (cpu_ns() - taken) / 1e6;
    cmemprof_snapshot_free(snapshot);
}

static double best_profile(double best[2]) {
    take_profile(); // symbolizes
    reset_peak();
    long resident = status_kb("VmRSS:");
    best[0] = best[1] = 1e9;
    for (int i = 0; i < 5; i++) {
        take_profile();
        if (snapshot_ms + encode_ms < best[0] + best[1]) {
            best[0] = snapshot_ms, best[1] = encode_ms;
        }
    }
    return (double)(status_kb("VmHWM:") - resident) * 1024;
}

static int measure(uint32_t wanted) {
    uint32_t count = 1;
    while (count < wanted) {
        count *= 2;
    }
    void **alive = calloc(count, sizeof *alive);
    int rounds = count < 500000 ? (int)(2000000 / count) + 4 : 4;
    struct cmemprof_stats before, after;
    cmemprof_set_memory_limit((uint64_t)4 << 30);
    if (!alive || cmemprof_start(1) != CMEMPROF_OK) {
        return 1;
    }
    cmemprof_get_stats(&before);
    double first = 0, again = 1e9, best[2];
    for (int round = 0; round < rounds; round++) { // one call site for all, so that each path is one stack
        double ns = round_ns(count, round + 1 < rounds ? NULL : alive);
        first = round == 0 ? ns : first;
        again = ns < again ? ns : again;
        cmemprof_get_stats(&after);
        if (round == 0) {
            take_profile();
        }
    }
    cmemprof_stop();
    double peak = best_profile(best);
    printf("%u %.0f %.0f %.1f %.1f %.0f %.0f\n", count, first, again, best[0], best[1],
           (double)(after.own_bytes - before.own_bytes) / count, peak / count);
    return after.lost_stacks != 0 || after.stacks < count;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        pid_t child = fork();
        if (child == 0) {
            int status = measure((uint32_t)strtoul(argv[i], NULL, 10));
            fflush(stdout);
            _exit(status);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
            fprintf(stderr, "stacks: %s: %d\n", argv[i], status);
            return 1;
        }
    }
    return 0;
}
