// harm.c: an allocation load, and the memory of the process afterwards. bench/harm and e2e/harm build it with and without
// cmemprof, and compare.
//
// usage: harm INTERVAL LOAD THREADS LIMIT ROUNDS
// INTERVAL 0: sampling is not started here. LOAD malloc, fill, calloc, realloc, aligned: each of THREADS threads does ROUNDS times: puts 30
// blocks of 2^e + random bytes, below LIMIT, into random ones of 64 slots, frees all, sleeps for 2 ms. LOAD untouched: frees one block of
// 31 MiB (so that glibc takes blocks of that size from its heap from then on), then holds ROUNDS blocks of LIMIT bytes from calloc,
// untouched.
//
// Each thread's requests are the same in every run; the interleaving of threads is not. A single thread does not sleep and is
// deterministic.
//
// Prints lines "KEY VALUE": kB from /proc, with the load freed (untouched: held) and all threads alive; page faults and
// CPU time since before the load; own: the profiler's own memory in kB. Nothing but the load allocates here.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../cmemprof/cmemprof.h"

enum { MAX_THREADS = 256, SLOTS = 64, BLOCKS = 30, SLEEP_NS = 2000000, PAGE_KB = 4 };

static void fail(const char *what) {
    fprintf(stderr, "harm: %s\n", what);
    exit(1);
}

// ---- Load ----

struct random {
    uint64_t state;
};

static uint64_t draw(struct random *random, uint64_t below) { // xorshift64*
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (random->state * 0x2545F4914F6CDD1DULL >> 16) % below;
}

// Powers of two are uniform: most blocks are small, most bytes are in large ones.
static size_t draw_size(struct random *random, size_t limit) {
    unsigned exponents = 63 - (unsigned)__builtin_clzll(limit); // 2^exponents <= limit
    size_t power = (size_t)1 << draw(random, exponents);
    return power + draw(random, power);
}

// Each replaces the block in a slot.
typedef void *take_function(void *old, size_t size, struct random *random);

static void *touched(char *block) {
    if (!block) {
        fail("no memory");
    }
    *(volatile char *)block = 1;
    return block;
}

static void *take_malloc(void *old, size_t size, struct random *random) {
    (void)random;
    free(old);
    return touched(malloc(size));
}

static void *take_fill(void *old, size_t size, struct random *random) {
    return memset(take_malloc(old, size, random), 1, size);
}

static void *take_calloc(void *old, size_t size, struct random *random) {
    (void)random;
    free(old);
    return touched(calloc(1, size));
}

static void *take_realloc(void *old, size_t size, struct random *random) {
    (void)random;
    return touched(realloc(old, size));
}

static void *take_aligned(void *old, size_t size, struct random *random) {
    void *block = NULL;
    free(old);
    return touched(posix_memalign(&block, (size_t)16 << draw(random, 9), size) == 0 ? block : NULL); // 16 to 4,096
}

static const struct load {
    const char *name;
    take_function *take;
} loads[] = {
    {"malloc", take_malloc}, {"fill", take_fill}, {"calloc", take_calloc}, {"realloc", take_realloc}, {"aligned", take_aligned},
};

struct plan {
    take_function *take;
    unsigned threads, rounds;
    size_t limit;
};

static void run_round(const struct plan *plan, struct random *random) {
    void *slots[SLOTS] = {NULL};
    for (unsigned i = 0; i < BLOCKS; i++) {
        void **slot = &slots[draw(random, SLOTS)];
        *slot = plan->take(*slot, draw_size(random, plan->limit), random);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        free(slots[i]);
    }
}

static pthread_barrier_t at_start, at_end, measured;

struct worker {
    pthread_t thread;
    const struct plan *plan;
    struct random random;
};

static void *work(void *argument) {
    struct worker *worker = argument;
    const struct timespec pause = {0, SLEEP_NS};
    pthread_barrier_wait(&at_start);
    for (unsigned i = 0; i < worker->plan->rounds; i++) {
        run_round(worker->plan, &worker->random);
        if (worker->plan->threads > 1) {
            nanosleep(&pause, NULL);
        }
    }
    pthread_barrier_wait(&at_end);
    pthread_barrier_wait(&measured);
    return NULL;
}

// ---- Figures ----

// The number after "NAME:" in a file of /proc/self, in kB.
static long kb_of(const char *path, const char *name) {
    static char text[16384];
    int file = open(path, O_RDONLY);
    ssize_t size = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    close(file);
    text[size > 0 ? size : 0] = '\0';
    char label[32];
    snprintf(label, sizeof label, "\n%s:", name);
    const char *found = strstr(text, label);
    if (!found) {
        fail("/proc/self does not say how much memory there is");
    }
    return strtol(found + strlen(label), NULL, 10);
}

static struct rusage usage(void) {
    struct rusage now;
    getrusage(RUSAGE_SELF, &now);
    return now;
}

static double cpu_ms(const struct rusage *usage) {
    struct timeval user = usage->ru_utime, system = usage->ru_stime;
    return (double)(user.tv_sec + system.tv_sec) * 1e3 + (double)(user.tv_usec + system.tv_usec) / 1e3;
}

// Looked up at run time: the program may have cmemprof preloaded, linked, or not at all.
static void *profiler_function(const char *name) {
    return dlsym(RTLD_DEFAULT, name);
}

static struct cmemprof_stats profiler_stats(void) {
    struct cmemprof_stats stats = {0};
    void (*get)(struct cmemprof_stats *) = (void (*)(struct cmemprof_stats *))profiler_function("cmemprof_get_stats");
    if (get) {
        get(&stats);
    }
    return stats;
}

static void start_profiler(uint64_t interval) {
    enum cmemprof_error (*start)(uint64_t) = (enum cmemprof_error(*)(uint64_t))profiler_function("cmemprof_start");
    if (interval != 0 && (!start || start(interval) != CMEMPROF_OK)) {
        fail("the profiler does not start");
    }
}

static long before_file_kb, before_own_kb;
static struct rusage before;

static long own_kb(void) {
    struct cmemprof_stats stats = profiler_stats();
    return stats.interval_bytes != 0 ? (long)(stats.own_bytes / 1024) : 0;
}

// The counters in status lag by up to 64 pages per thread.
static long file_kb(void) {
    return kb_of("/proc/self/smaps_rollup", "Rss") - kb_of("/proc/self/smaps_rollup", "Anonymous");
}

static void begin(void) {
    before_file_kb = file_kb();
    before_own_kb = own_kb();
    before = usage();
}

// Net figures exclude the profiler's tables, by its own count at this moment. All but anonymous also exclude file pages that
// became resident during the load: the profiler's code. Faults exclude those by which its tables grew since the load
// began; faults on its code are few, as the kernel maps neighbouring pages too.
static void report(void) {
    struct rusage after = usage();
    long rss = kb_of("/proc/self/smaps_rollup", "Rss"), anonymous = kb_of("/proc/self/smaps_rollup", "Anonymous");
    long peak = kb_of("/proc/self/status", "VmHWM"), space = kb_of("/proc/self/status", "VmSize");
    long file = rss - anonymous;
    struct cmemprof_stats stats = profiler_stats();
    bool sampled = stats.interval_bytes != 0;
    long own = own_kb();
    long minor = after.ru_minflt - before.ru_minflt, major = after.ru_majflt - before.ru_majflt;
    long code = sampled ? file - before_file_kb : 0, excused = own + code;
    printf("rss %ld\nanonymous %ld\nfile %ld\npeak %ld\nspace %ld\n", rss, anonymous, file, peak, space);
    printf("faults %ld\nmajor %ld\nown %ld\ncode %ld\n", minor + major, major, own, code);
    printf("net-rss %ld\nnet-anonymous %ld\nnet-peak %ld\nnet-faults %ld\n", rss - excused, anonymous - own, peak - excused,
           minor + major - (own - before_own_kb) / PAGE_KB);
    printf("samples %llu\ncpu %.1f\n", (unsigned long long)stats.samples, cpu_ms(&after) - cpu_ms(&before));
}

// ---- The two kinds of load ----

static void run_threads(const struct plan *plan) {
    static struct worker workers[MAX_THREADS];
    if (pthread_barrier_init(&at_start, NULL, plan->threads + 1) != 0 || pthread_barrier_init(&at_end, NULL, plan->threads + 1) != 0 ||
        pthread_barrier_init(&measured, NULL, plan->threads + 1) != 0) {
        fail("no barrier");
    }
    for (unsigned i = 0; i < plan->threads; i++) {
        workers[i].plan = plan;
        workers[i].random.state = 0x9E3779B97F4A7C15ULL * (i + 1);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fail("no thread");
        }
    }
    begin();
    pthread_barrier_wait(&at_start);
    pthread_barrier_wait(&at_end);
    report();
    pthread_barrier_wait(&measured);
    for (unsigned i = 0; i < plan->threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
}

static void run_untouched(size_t size, unsigned blocks) {
    void *volatile large = malloc((size_t)31 << 20);
    free(large);
    begin();
    for (unsigned i = 0; i < blocks; i++) {
        void *volatile held = calloc(1, size);
        if (!held) {
            fail("no memory");
        }
    }
    report();
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fputs("usage: harm INTERVAL LOAD THREADS LIMIT ROUNDS\n", stderr);
        return 2;
    }
    struct plan plan = {.threads = (unsigned)atoi(argv[3]), .limit = strtoul(argv[4], NULL, 10), .rounds = (unsigned)atoi(argv[5])};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        plan.take = strcmp(argv[2], loads[i].name) == 0 ? loads[i].take : plan.take;
    }
    bool untouched = strcmp(argv[2], "untouched") == 0;
    if ((!plan.take && !untouched) || plan.limit < 2 || plan.threads == 0 || plan.threads > MAX_THREADS) {
        fail("no such load");
    }
    start_profiler(strtoull(argv[1], NULL, 10));
    if (untouched) {
        run_untouched(plan.limit, plan.rounds);
    } else {
        run_threads(&plan);
    }
    return 0;
}
