// work.c: see work.h.

#include "work.h"

#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t soak_interval_bytes;

static uint64_t next(uint64_t *random) {
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 33;
}

// ---- Counted allocations ----

static void add(struct soak_count *count, size_t size) {
    count->bytes += size;
    count->objects++;
    if (soak_interval_bytes > 1) {
        double p = -expm1(-((double)size + 1) / (double)soak_interval_bytes), spread = (1 - p) / p;
        count->bytes_variance += (double)size * (double)size * spread;
        count->objects_variance += spread;
    }
}

__attribute__((noinline)) void *soak_counted(struct soak_count *count, enum soak_family family, void *block, size_t size) {
    void *got = NULL;
    switch (family) {
    case SOAK_MALLOC:
        got = malloc(size);
        break;
    case SOAK_CALLOC:
        got = calloc(1, size);
        break;
    case SOAK_REALLOC:
        got = realloc(block, size);
        break;
    case SOAK_ALIGNED:
        got = posix_memalign(&got, 256, size) == 0 ? got : NULL;
        break;
    }
    if (!got) {
        abort(); // nothing here limits memory
    }
    add(count, size);
    return got;
}

// ---- Blocks of all sizes in random order ----

enum { SLOTS = 64, BLOCKS = 30, CALLOC_BYTES = 8 << 20, LARGEST_LOG2 = 20 };

struct soak_lane {
    struct slot {
        unsigned char *block;
        size_t size;
        unsigned char value;
    } slots[SLOTS];
};

struct soak_lane *soak_lane_new(void) {
    return calloc(1, sizeof(struct soak_lane));
}

static int intact(const struct slot *slot) {
    return slot->block[0] == slot->value && slot->block[slot->size / 2] == slot->value && slot->block[slot->size - 1] == slot->value;
}

static int drop(struct slot *slot) {
    int wrong = slot->block && !intact(slot);
    free(slot->block);
    *slot = (struct slot){0};
    return wrong;
}

// Exponents are uniform: as many blocks of 16 to 31 bytes as of 1 to 2 MiB.
static size_t any_size(uint64_t *random) {
    size_t base = (size_t)1 << next(random) % (LARGEST_LOG2 + 1);
    return base + next(random) % base;
}

static int take(struct slot *slot, uint64_t *random, struct soak_count *count) {
    int wrong = 0;
    size_t size = any_size(random);
    unsigned how = next(random) % 8;
    if (how == 0 && slot->block) {
        size_t kept = slot->size < size ? slot->size : size;
        unsigned char *moved = soak_counted(count, SOAK_REALLOC, slot->block, size);
        wrong = moved[0] != slot->value || moved[kept - 1] != slot->value;
        slot->block = moved;
    } else {
        wrong = drop(slot);
        slot->block = soak_counted(count, how == 1 ? SOAK_CALLOC : how == 2 ? SOAK_ALIGNED : SOAK_MALLOC, NULL, size);
        wrong += how == 1 && (slot->block[0] != 0 || slot->block[size - 1] != 0);
    }
    slot->size = size;
    slot->value = (unsigned char)next(random);
    memset(slot->block, slot->value, size);
    return wrong;
}

int soak_lane_work(struct soak_lane *lane, uint64_t seed, struct soak_count *count) {
    int wrong = 0;
    uint64_t random = seed * 2 + 1;
    for (int i = 0; i < BLOCKS; i++) {
        wrong += take(&lane->slots[next(&random) % SLOTS], &random, count);
    }
    if (next(&random) % 8 == 0) {
        for (int i = 0; i < SLOTS; i++) {
            wrong += drop(&lane->slots[i]);
        }
    }
    // A large table of which only the ends are used.
    unsigned char *table = soak_counted(count, SOAK_CALLOC, NULL, CALLOC_BYTES);
    wrong += table[0] != 0 || table[CALLOC_BYTES - 1] != 0;
    table[0] = table[CALLOC_BYTES - 1] = 1;
    free(table);
    return wrong;
}

void soak_lane_live(const struct soak_lane *lane, struct soak_count *live) {
    for (int i = 0; i < SLOTS; i++) {
        if (lane->slots[i].block) {
            add(live, lane->slots[i].size);
        }
    }
}

// ---- fork ----

static void child(uint64_t seed) {
    signal(SIGALRM, SIG_DFL); // the Go runtime has a handler for it, and no thread here to run it
    alarm(60);
    uint64_t random = seed * 2 + 1;
    struct soak_lane *lane = soak_lane_new();
    struct soak_count count = {0};
    int wrong = 0;
    for (int i = 0; i < 5; i++) {
        wrong += soak_lane_work(lane, next(&random), &count);
    }
    _exit(wrong != 0);
}

int soak_fork(uint64_t seed) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // no handler of Go's may run in a child that has no Go any more
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t alarm_only;
        sigemptyset(&alarm_only);
        sigaddset(&alarm_only, SIGALRM);
        pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
        child(seed);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    int status = -1;
    if (pid > 0) {
        while (waitpid(pid, &status, 0) != pid) {
        }
    }
    return status;
}

// ---- dlopen ----

static int half(int value) {
    void *block = malloc(100);
    free(block);
    return block ? value / 2 : -1;
}

int soak_library(const char *path, uint64_t seed) {
    void *handle = dlopen(path, seed % 2 == 0 ? RTLD_NOW : RTLD_LAZY);
    if (!handle) {
        return 1;
    }
    int (*work)(int (*)(int), int);
    *(void **)&work = dlsym(handle, "soak_library_work");
    int wrong = !work ? 2 : 0;
    for (int i = 0; wrong == 0 && i < 10; i++) {
        wrong = work(half, 2 * i) == i + 1 ? 0 : 3;
    }
    return dlclose(handle) == 0 ? wrong : 4;
}

// ---- Callbacks ----

extern int soakCallback(int depth, uint64_t seed, struct soak_count *count); // Go

__attribute__((noinline)) int soak_callbacks(int depth, uint64_t seed, struct soak_count *count) {
    unsigned char *block = soak_counted(count, SOAK_MALLOC, NULL, 64 + seed % 4000);
    block[0] = (unsigned char)depth;
    int calls = 1 + (depth > 0 ? soakCallback(depth - 1, seed * 31 + 7, count) : 0);
    calls = block[0] == (unsigned char)depth ? calls : -1000;
    free(block);
    return calls;
}
