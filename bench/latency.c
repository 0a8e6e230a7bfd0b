// latency.c: the latency of single malloc and free calls, in particular the tail. bench/latency builds it with and without
// libcmemprof.a and compares.
//
// usage: latency RATE THREADS CALLS
// Each thread allocates and frees blocks of 16 B to 32 KiB, most of them small, and times every call with the CPU's time stamp counter.
// Context switches during a call, frequent on a shared machine, must not count. So a call of more than 20 us is excluded, and counted as
// switched, if the thread was switched off its CPU since the last check (getrusage), which was at the last slow call or at most 64 calls
// ago. Time taken by the hypervisor still shows; compare with the run
// without cmemprof. Prints one line per kind of call: "malloc CALLS P50 P99 P99.99 MAX SWITCHED", times in nanoseconds.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <x86intrin.h>
#ifdef WITH_CMEMPROF
#include "../cmemprof/cmemprof.h"
#endif

// 64 buckets per power of two: a precision of 1.6 %.
enum { STEPS = 64, BUCKETS = 64 * STEPS, LIVE = 512, SUSPECT_NS = 20000, MAX_THREADS = 64 };

struct histogram {
    uint64_t counts[BUCKETS], total, max, switched;
};

struct worker {
    pthread_t thread;
    struct histogram of_malloc, of_free;
    uint64_t calls, seed;
};

static double ns_per_tick;

static uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void calibrate(void) {
    uint64_t start_ns = monotonic_ns(), start = __rdtsc(), ns;
    while ((ns = monotonic_ns() - start_ns) < 50 * 1000 * 1000) {
    }
    ns_per_tick = (double)ns / (double)(__rdtsc() - start);
}

static unsigned bucket_of(uint64_t value) {
    if (value < STEPS) {
        return (unsigned)value;
    }
    unsigned power = 63 - (unsigned)__builtin_clzll(value); // at least 6
    return (power - 5) * STEPS + (unsigned)(value >> (power - 6)) - STEPS;
}

static uint64_t value_of(unsigned bucket) {
    if (bucket < STEPS) {
        return bucket;
    }
    return ((uint64_t)bucket % STEPS + STEPS) << (bucket / STEPS - 1);
}

static long switches(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

static void add(struct histogram *histogram, uint64_t ticks, long *known_switches) {
    uint64_t ns = (uint64_t)((double)ticks * ns_per_tick);
    if (ns > SUSPECT_NS) {
        long now = switches();
        if (now != *known_switches) {
            *known_switches = now;
            histogram->switched++;
            return;
        }
    }
    histogram->counts[bucket_of(ns)]++;
    histogram->total++;
    histogram->max = ns > histogram->max ? ns : histogram->max;
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static size_t next_size(uint64_t *random) {
    return (size_t)16 << next_random(random) % (next_random(random) % 8 == 0 ? 12 : 6);
}

// Calls are not optimized away: -fno-builtin-malloc, and the results are used.
static void *run(void *context) {
    struct worker *worker = context;
    void *blocks[LIVE] = {NULL};
    uint64_t random = worker->seed;
    long known = switches();
    for (uint64_t i = 0; i < worker->calls; i++) {
        if (i % 64 == 0) {
            known = switches();
        }
        unsigned at = (unsigned)(next_random(&random) % LIVE);
        uint64_t start, end;
        unsigned cpu;
        if (blocks[at]) {
            start = __rdtscp(&cpu);
            free(blocks[at]);
            end = __rdtscp(&cpu);
            add(&worker->of_free, end - start, &known);
        }
        size_t size = next_size(&random);
        start = __rdtscp(&cpu);
        blocks[at] = malloc(size);
        end = __rdtscp(&cpu);
        add(&worker->of_malloc, end - start, &known);
        if (!blocks[at]) {
            abort();
        }
        memset(blocks[at], 1, size);
    }
    for (int i = 0; i < LIVE; i++) {
        free(blocks[i]);
    }
    return NULL;
}

static uint64_t quantile(const struct histogram *histogram, double fraction) {
    uint64_t wanted = (uint64_t)((double)histogram->total * fraction), seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > wanted) {
            return value_of(i);
        }
    }
    return histogram->max;
}

static void merge(struct histogram *into, const struct histogram *from) {
    for (unsigned i = 0; i < BUCKETS; i++) {
        into->counts[i] += from->counts[i];
    }
    into->total += from->total;
    into->switched += from->switched;
    into->max = from->max > into->max ? from->max : into->max;
}

static void print(const char *name, const struct histogram *h) {
    printf("%s %llu %llu %llu %llu %llu %llu\n", name, (unsigned long long)h->total, (unsigned long long)quantile(h, 0.5),
           (unsigned long long)quantile(h, 0.99), (unsigned long long)quantile(h, 0.9999), (unsigned long long)h->max,
           (unsigned long long)h->switched);
}

static struct worker workers[MAX_THREADS];

int main(int argc, char **argv) {
    unsigned threads = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (threads == 0 || threads > MAX_THREADS) {
        fputs("usage: latency RATE THREADS CALLS\n", stderr);
        return 2;
    }
#ifdef WITH_CMEMPROF
    enum cmemprof_error error = cmemprof_start(strtoull(argv[1], NULL, 10));
    if (error != CMEMPROF_OK) {
        fprintf(stderr, "latency: %s\n", cmemprof_error_text(error));
        return 1;
    }
#endif
    calibrate();
    for (unsigned i = 0; i < threads; i++) {
        workers[i].calls = strtoull(argv[3], NULL, 10);
        workers[i].seed = i + 1;
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0) {
            return 1;
        }
    }
    static struct histogram of_malloc, of_free;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        merge(&of_malloc, &workers[i].of_malloc);
        merge(&of_free, &workers[i].of_free);
    }
    print("malloc", &of_malloc);
    print("free", &of_free);
    return 0;
}
