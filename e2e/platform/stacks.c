// stacks.c: allocates below every kind of frame that compilers make, and looks whether the profile has the whole stacks, with names and
// lines. scripts/platform builds it with each compiler and linker; nothing but the library is linked to it.
//
// usage: stacks                      its own stacks
//        stacks FILE FUNCTION...     of a profile: whether some stack has these functions, leaf first, and lines for the first
#include <cmemprof.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../merge/merge.h"

#define FRAME __attribute__((noinline))
#define AFTER __asm__ volatile("" ::: "memory") // what comes before is no tail call

enum { BLOCK_BYTES = 1000, DEPTH = 40 };
static void *volatile kept;
static volatile int zero;

// Not inlined, so that it is the leaf everywhere.
FRAME void site(void) {
    kept = malloc(BLOCK_BYTES);
    AFTER;
}

static inline __attribute__((always_inline)) void inlined(void) {
    site();
    AFTER;
}

FRAME void of_an_inlined_one(void) {
    inlined();
    AFTER;
}

FRAME void of_depth(int depth) {
    if (depth > 0) {
        of_depth(depth - 1);
    } else {
        site();
    }
    AFTER;
}

FRAME void of_variable_size(size_t size) {
    volatile char *memory = __builtin_alloca(size);
    memory[size - 1] = 1;
    site();
    AFTER;
}

// The stack pointer is rounded down, so the frame is found through a saved register.
FRAME void of_realigned_stack(size_t size) {
    _Alignas(64) volatile char aligned[64];
    volatile char *memory = __builtin_alloca(size);
    aligned[0] = memory[0] = 1;
    site();
    AFTER;
}

FRAME void of_a_large_frame(void) {
    volatile char memory[200000];
    memory[0] = 1;
    site();
    AFTER;
}

FRAME void of_many_arguments(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
    site();
    zero = (a + b + c + d + e + f + g + h + i + j) & 0;
}

static int compare(const void *left, const void *right) {
    site();
    return *(const int *)left - *(const int *)right;
}

// Through libc's code.
FRAME void of_a_callback(void) {
    int numbers[] = {2, 1};
    qsort(numbers, 2, sizeof *numbers, compare);
    AFTER;
}

static void on_signal(int number) {
    (void)number;
    site();
    AFTER;
}

FRAME void of_a_signal(void) {
    raise(SIGUSR1);
    AFTER;
}

static jmp_buf back;

FRAME void jumps(void) {
    longjmp(back, 1);
}

FRAME void of_a_jump(void) {
    if (setjmp(back) == 0) {
        jumps();
    }
    site();
    AFTER;
}

FRAME void of_a_pointer(void (*function)(void)) {
    function();
    AFTER;
}

static void *of_a_thread(void *unused) {
    (void)unused;
    site();
    AFTER;
    return NULL;
}

static void allocate_everywhere(void) {
    pthread_t thread;
    signal(SIGUSR1, on_signal);
    of_an_inlined_one();
    of_depth(DEPTH);
    of_variable_size((size_t)zero + 100);
    of_realigned_stack((size_t)zero + 100);
    of_a_large_frame();
    of_many_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    of_a_callback();
    of_a_signal();
    of_a_jump();
    of_a_pointer(site);
    if (pthread_create(&thread, NULL, of_a_thread, NULL) == 0) {
        pthread_join(thread, NULL);
    }
}

// ---- The profile ----

static bool has_stack(struct profile *profile, char *const *functions, size_t count) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        if (profile_sample_at(profile, i, &view) != MERGE_OK) {
            return false;
        }
        size_t at = 0;
        bool has_line = false;
        for (size_t frame = 0; frame < view.frame_count && at < count; frame++) {
            if (strcmp(view.frames[frame].function, functions[at]) == 0) {
                has_line |= at == 0 && view.frames[frame].line > 0;
                at++;
            }
        }
        if (at == count && has_line) {
            return true;
        }
    }
    return false;
}

static struct profile *decode(const uint8_t *bytes, size_t size) {
    struct merge_fault fault;
    struct profile *profile = profile_new();
    return profile && profile_decode(profile, bytes, size, NULL, NULL, &fault) == MERGE_OK ? profile : NULL;
}

static struct profile *own(void) {
    uint8_t *bytes;
    size_t size;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    return snapshot && cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size) == CMEMPROF_OK ? decode(bytes, size) : NULL;
}

static struct profile *of_file(const char *path) {
    static uint8_t bytes[16 << 20];
    FILE *file = fopen(path, "rb");
    return file ? decode(bytes, fread(bytes, 1, sizeof bytes, file)) : NULL;
}

static bool is_missing(struct profile *profile, char *const *functions, size_t count) {
    if (has_stack(profile, functions, count)) {
        return false;
    }
    printf("no whole stack of");
    for (size_t i = 0; i < count; i++) {
        printf(" %s", functions[i]);
    }
    puts("");
    return true;
}

static int own_stacks(void) {
    static char *const wanted[][6] = {
        {"site", "inlined", "of_an_inlined_one", "allocate_everywhere", "main"},
        {"site", "of_depth", "of_depth", "of_depth", "allocate_everywhere", "main"},
        {"site", "of_variable_size", "allocate_everywhere", "main"},
        {"site", "of_realigned_stack", "allocate_everywhere", "main"},
        {"site", "of_a_large_frame", "allocate_everywhere", "main"},
        {"site", "of_many_arguments", "allocate_everywhere", "main"},
        {"site", "compare", "of_a_callback", "allocate_everywhere", "main"},
        {"site", "on_signal", "of_a_signal", "allocate_everywhere", "main"},
        {"site", "of_a_jump", "allocate_everywhere", "main"},
        {"site", "of_a_pointer", "allocate_everywhere", "main"},
        {"site", "of_a_thread"},
    };
    enum cmemprof_error error = cmemprof_start(1);
    if (error != CMEMPROF_OK) {
        puts(cmemprof_error_text(error));
        return 1;
    }
    allocate_everywhere();
    cmemprof_stop();
    struct profile *profile = own();
    int missing = !profile;
    for (size_t i = 0; profile && i < sizeof wanted / sizeof *wanted; i++) {
        size_t count = 0;
        while (count < 6 && wanted[i][count]) {
            count++;
        }
        missing += is_missing(profile, wanted[i], count);
    }
    return missing > 0;
}

int main(int argc, char **argv) {
    if (argc == 1) {
        return own_stacks();
    }
    struct profile *profile = of_file(argv[1]);
    return !profile || is_missing(profile, argv + 2, (size_t)argc - 2);
}
