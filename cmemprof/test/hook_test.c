// hook_test.c: the malloc family as a program sees it, with every allocation sampled and with none. This program is hooked.

#include "../../base/test/test.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../real_allocator.h"
#include "../profiler.h"
#include "filled.h"
#include "sampling.h"

static volatile size_t opaque_zero; // so that the compiler cannot fold sizes and drop calls

static uint64_t live(void) {
    struct cmemprof_stats stats;
    cmemprof_get_stats(&stats);
    return stats.live;
}

// Before the first start there are no tables, yet free() must notice bootstrap blocks (real_allocator.h). A block that shares a counter
// with one of them is searched for and not found.
TEST(before_start_calls_pass_through) {
    assert_false(profiler.open);
    unsigned char *block = malloc(100 + opaque_zero);
    block_filter_add(&profiler.live.filter, block, BLOCK_FILTER_ANYWHERE);
    memset(block, 42, 100);
    unsigned char *moved = realloc(block, 100000 + opaque_zero);
    assert_non_null(moved);
    assert_true(is_filled(moved, 100, 42));
    block_filter_add(&profiler.live.filter, moved, BLOCK_FILTER_ANYWHERE);
    free(moved);
    void *other = reallocarray(NULL, 10, 10 + opaque_zero);
    block_filter_add(&profiler.live.filter, other, BLOCK_FILTER_ANYWHERE);
    other = reallocarray(other, 100, 1000);
    free(other);
    assert_int_equal(live(), 0);
}

static uint64_t samples(void) {
    struct cmemprof_stats stats;
    cmemprof_get_stats(&stats);
    return stats.samples;
}

TEST_IN(sampling, malloc_and_free_count_once) {
    uint64_t before = live(), taken = samples();
    void *block = malloc(100 + opaque_zero), *nothing = malloc(opaque_zero);
    assert_non_null(block);
    assert_non_null(nothing);
    assert_true(malloc_usable_size(block) >= 100);
    assert_int_equal(live(), before + 2);
    assert_int_equal(samples(), taken + 2);
    errno = 99;
    free(block);
    free(nothing);
    free(NULL);
    assert_int_equal(errno, 99);
    assert_int_equal(live(), before);
}

// ---- The real allocator gets the program's own calls ----

static struct real_allocator real;
static volatile size_t asked[3]; // arguments of the last call; volatile: the compiler assumes that malloc does not change our variables
static void *volatile answer;

static void *heard_malloc(size_t size) {
    asked[0] = size;
    return answer = real.malloc(size);
}
static void *heard_calloc(size_t count, size_t size) {
    asked[0] = count, asked[1] = size;
    return answer = real.calloc(count, size);
}
static void *heard_realloc(void *block, size_t size) {
    asked[0] = (size_t)block, asked[1] = size;
    return answer = real.realloc(block, size);
}
static int heard_posix_memalign(void **block, size_t alignment, size_t size) {
    asked[0] = alignment, asked[1] = size;
    int error = real.posix_memalign(block, alignment, size);
    answer = *block;
    return error;
}
static void *heard_aligned_alloc(size_t alignment, size_t size) {
    asked[0] = alignment, asked[1] = size;
    return answer = real.aligned_alloc(alignment, size);
}
static void *heard_memalign(size_t alignment, size_t size) {
    asked[0] = alignment, asked[1] = size;
    return answer = real.memalign(alignment, size);
}
static void heard_free(void *block) {
    asked[2] = (size_t)block;
    real.free(block);
}

static bool heard(const void *block, size_t first, size_t second) {
    return block == answer && asked[0] == first && (second == SIZE_MAX || asked[1] == second);
}

static bool free_is_heard(void *block) {
    size_t address = (size_t)block;
    __asm__ volatile("" : "+r"(address)); // the compiler assumes that freed addresses are not used
    free(block);
    return asked[2] == address;
}

// Every block is a sample here, and must be what the allocator returned for that very call: not moved, cleared, aligned or enlarged.
TEST_IN(sampling, real_allocator_gets_unchanged_calls) {
    real = real_allocator;
    real_allocator.malloc = heard_malloc;
    real_allocator.calloc = heard_calloc;
    real_allocator.realloc = heard_realloc;
    real_allocator.posix_memalign = heard_posix_memalign;
    real_allocator.aligned_alloc = heard_aligned_alloc;
    real_allocator.memalign = heard_memalign;
    real_allocator.free = heard_free;
    bool right = true;
    for (size_t size = 1; size < 100 << 20; size = size * 5 + 3) {
        void *block = malloc(size + opaque_zero);
        right &= heard(block, size, SIZE_MAX);
        size_t old = (size_t)block;
        __asm__ volatile("" : "+r"(old));
        block = realloc(block, size + 7);
        right &= heard(block, old, size + 7);
        right &= free_is_heard(block);
        block = calloc(3, size + opaque_zero);
        right &= heard(block, 3, size);
        right &= free_is_heard(block);
        right &= posix_memalign(&block, 64, size) == 0 && heard(block, 64, size);
        right &= free_is_heard(block);
        block = aligned_alloc(32, size * 32);
        right &= heard(block, 32, size * 32);
        right &= free_is_heard(block);
        block = memalign(16, size + opaque_zero);
        right &= heard(block, 16, size);
        right &= free_is_heard(block);
    }
    real_allocator = real;
    assert_true(right);
}

// A program frees a large block and then allocates large ones that it hardly touches: glibc takes these from the top of its heap. Returns
// the page faults, measured in a process of its own.
static long faults_of_callocs(bool sampled) {
    int ends[2];
    long faults = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rusage before, after;
        (void)cmemprof_start(sampled ? 1 : 0);
        void *volatile large = malloc((31 << 20) + opaque_zero);
        free(large);
        getrusage(RUSAGE_SELF, &before);
        for (int i = 0; i < 40; i++) {
            large = calloc(1, (8 << 20) + opaque_zero);
        }
        getrusage(RUSAGE_SELF, &after);
        faults = after.ru_minflt - before.ru_minflt;
        _exit(write(ends[1], &faults, sizeof faults) != sizeof faults || !large);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &faults, sizeof faults), sizeof faults);
    close(ends[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return faults;
}

TEST_IN(sampling, a_sampled_calloc_touches_nothing) {
    long plain = faults_of_callocs(false), sampled = faults_of_callocs(true);
    assert_in_range(sampled, plain, plain + 300); // 80,000 more if each were zeroed by the hooks
}

// Not declared by every libc: new in C23, or removed since.
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
void cfree(void *block);

TEST_IN(sampling, other_frees_are_tracked) {
    for (int on = 1; on >= 0; on--) {
        uint64_t before = live();
        free_sized(malloc(100 + opaque_zero), 100);
        free_sized(calloc(200000 + opaque_zero, 1), 200000);
        free_aligned_sized(aligned_alloc(256, 512 + opaque_zero), 256, 512);
        cfree(malloc(100 + opaque_zero));
        free_sized(NULL, 0);
        free_aligned_sized(NULL, 16, 0);
        cfree(NULL);
        assert_int_equal(live(), before);
        cmemprof_stop(); // the same with unsampled blocks
    }
}

void __libc_free(void *block); // called by a library that is linked to libc's own allocator

TEST_IN(sampling, calloc_is_zero_at_every_size) {
    for (size_t size = 1; size < 40 << 20; size *= 7) {
        memset(malloc(size + opaque_zero), 0xff, size); // dirties the memory that is freed next
        void *dirty = malloc(size + opaque_zero);
        memset(dirty, 0xff, size);
        free(dirty);
        unsigned char *block = calloc(1 + opaque_zero, size);
        assert_true(is_filled(block, size, 0));
        free(block);
    }
    errno = 0;
    assert_null(calloc(SIZE_MAX / 2 + opaque_zero, 3));
    assert_int_equal(errno, ENOMEM);
}

// The contents survive, and the block is counted with its new size only.
TEST_IN(sampling, realloc_moves_a_sample) {
    static const size_t sizes[] = {10, 5000, 100000, 300000, 40, 2000000, 9000000, 15};
    uint64_t before = live();
    unsigned char *block = realloc(NULL, 7 + opaque_zero);
    size_t old = 7;
    memset(block, 42, old);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = i % 2 == 0 ? realloc(block, sizes[i]) : reallocarray(block, sizes[i] / 5, 5);
        size_t kept = old < sizes[i] ? old : sizes[i];
        assert_true(is_filled(block, kept, 42));
        memset(block, 42, sizes[i] / 5 * 5);
        old = sizes[i] / 5 * 5;
        assert_int_equal(live(), before + 1);
    }
    errno = 0;
    assert_null(realloc(block, SIZE_MAX / 2 + opaque_zero)); // fails: the old block is unchanged and still tracked
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(live(), before + 1);
    assert_null(reallocarray(block, SIZE_MAX / 2 + opaque_zero, 3));
    assert_int_equal(live(), before + 1);
    assert_null(realloc(block, opaque_zero)); // glibc: the same as free
    assert_int_equal(live(), before);
}

TEST_IN(sampling, aligned_blocks_are_aligned) {
    uint64_t before = live();
    for (size_t alignment = 8; alignment <= 1 << 20; alignment *= 2) {
        void *blocks[3] = {0};
        assert_int_equal(posix_memalign(&blocks[0], alignment, 100 + opaque_zero), 0);
        blocks[1] = aligned_alloc(alignment, alignment);
        blocks[2] = memalign(alignment, 333 + opaque_zero);
        for (int i = 0; i < 3; i++) {
            assert_non_null(blocks[i]);
            assert_int_equal((uintptr_t)blocks[i] % alignment, 0);
        }
        assert_int_equal(live(), before + 3);
        for (int i = 0; i < 3; i++) {
            free(blocks[i]);
        }
    }
    void *page = valloc(10 + opaque_zero), *pages = pvalloc(5000 + opaque_zero);
    assert_int_equal((uintptr_t)page % 4096, 0);
    assert_int_equal((uintptr_t)pages % 4096, 0);
    assert_true(malloc_usable_size(pages) >= 8192);
    free(page);
    free(pages);
    assert_int_equal(live(), before);
}

// glibc rounds it up, others reject it.
TEST_IN(sampling, odd_alignment_is_left_to_the_allocator) {
    uint64_t before = live();
    void *block = memalign(33 + opaque_zero, 5);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    assert_int_equal(live(), before + 1);
    free(block);
    assert_int_equal(live(), before);
}

TEST_IN(sampling, invalid_arguments_fail_unchanged) {
    void *block = (void *)1;
    uint64_t before = live();
    errno = 77;
    assert_int_equal(posix_memalign(&block, 24, 8), EINVAL);
    assert_int_equal(posix_memalign(&block, 4, 8), EINVAL);
    assert_int_equal(posix_memalign(&block, 0, 8), EINVAL);
    assert_int_equal(errno, 77); // posix_memalign never sets it
    assert_null(malloc(SIZE_MAX / 2 + opaque_zero));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(live(), before);
}

TEST_IN(sampling, libc_calls_are_seen) {
    uint64_t before = live();
    char *copy = strdup("abc"), *printed = NULL;
    assert_true(asprintf(&printed, "%d %s", 42, copy) > 0);
    assert_int_equal(live(), before + 2);
    free(copy);
    free(printed);
    assert_int_equal(live(), before);
}

TEST_IN(sampling, out_of_memory_is_reported_to_the_program) {
    SKIP_EMULATED(EMULATED_LIMITS);
    pid_t child = fork();
    if (child == 0) {
        // 300 MiB more than in use: the stack table reserves address space.
        long pages = 0;
        FILE *statm = fopen("/proc/self/statm", "r");
        if (!statm || fscanf(statm, "%ld", &pages) != 1) {
            _exit(8);
        }
        fclose(statm);
        rlim_t max = (rlim_t)pages * 4096 + (300 << 20);
        struct rlimit limit = {max, max};
        setrlimit(RLIMIT_AS, &limit);
        int blocks = 0, status = 0;
        for (void *block; (block = malloc(1 << 20)); blocks++) {
            memset(block, 1, 64);
        }
        status |= errno != ENOMEM ? 1 : 0;
        status |= blocks < 50 || blocks > 320 ? 2 : 0; // some fit into free memory
        void *volatile zeroed = calloc(1, 1 << 20);    // volatile: gcc 16 leaves out a call whose result is compared only
        status |= zeroed ? 4 : 0;
        _exit(status);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

// A forked child keeps sampling, in its own copy of the tables.
TEST_IN(sampling, forked_child_continues) {
    pid_t child = fork();
    if (child == 0) {
        uint64_t before = live();
        void *volatile block = malloc(10 + opaque_zero);
        bool seen = live() == before + 1;
        free(block);
        _exit(!(seen && live() == before));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

// Blocks are passed between threads; every byte must be as written, and in the end nothing is live.
enum { THREADS = 4, SLOTS = 256, ROUNDS = 40000 };
static _Atomic(unsigned char *) slots[SLOTS];

static void *churn(void *context) {
    uint64_t random = (uintptr_t)context + 1, errors = 0;
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t size = 16 + (random >> 33) % (random % 64 == 0 ? 300000 : 600);
        unsigned char *block = random % 3 == 0 ? calloc(1, size) : malloc(size);
        if (random % 5 == 0) {
            size = size * 2;
            block = realloc(block, size);
        }
        memcpy(block, &size, sizeof size);
        block[size - 1] = (unsigned char)size;
        unsigned char *other = atomic_exchange(&slots[random >> 20 & (SLOTS - 1)], block);
        if (other) {
            memcpy(&size, other, sizeof size);
            errors += other[size - 1] != (unsigned char)size;
            free(other);
        }
    }
    return (void *)(uintptr_t)errors;
}

static void threads_pass_blocks(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *errors;
        pthread_join(threads[i], &errors);
        assert_null(errors);
    }
    for (int i = 0; i < SLOTS; i++) {
        free(atomic_exchange(&slots[i], NULL));
    }
}

TEST_IN(sampling, churn_at_every_interval_leaves_nothing) {
    static const uint64_t intervals[] = {1, 100, 4096, CMEMPROF_DEFAULT_INTERVAL_BYTES, 0};
    threads_pass_blocks(NULL); // warms up what pthread_create keeps
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        struct cmemprof_stats before, after;
        assert_int_equal(cmemprof_start(intervals[i]), CMEMPROF_OK);
        cmemprof_get_stats(&before);
        threads_pass_blocks(NULL);
        cmemprof_get_stats(&after);
        assert_true(after.live <= before.live + 2 * THREADS); // glibc's records of thread stacks
        assert_int_equal(after.lost_stacks, before.lost_stacks);
        assert_int_equal(after.cut_no_rule + after.cut_unreadable + after.cut_unsupported, 0);
        if (intervals[i] == 0) {
            assert_int_equal(after.samples, before.samples);
        }
    }
}

// 64 bytes for its locals, 4 KiB for the whole hook: fills the stack below and measures how much was overwritten.
static __attribute__((noinline)) size_t stack_used_by_sample(void) {
    enum { PAINTED_BYTES = 64 * 1024 };
    volatile unsigned char *low = (volatile unsigned char *)__builtin_frame_address(0) - PAINTED_BYTES;
    for (size_t i = 0; i < PAINTED_BYTES - 512; i++) {
        low[i] = 0xa5;
    }
    void *block = malloc(123 + opaque_zero);
    size_t untouched = 0;
    while (untouched < PAINTED_BYTES && low[untouched] == 0xa5) {
        untouched++;
    }
    free(block);
    return PAINTED_BYTES - untouched;
}

TEST_IN(sampling, a_hook_needs_little_stack) {
    assert_in_range(stack_used_by_sample(), 512, 4096);
    assert_in_range(stack_used_by_sample(), 512, 4096);
}

// Must be last: it leaves blocks that count as live until their addresses are reused.
// The allocator reuses the address while it still counts as live: the new sample replaces the old one.
TEST_IN(sampling, untracked_frees_do_not_accumulate) {
    static const size_t sizes[] = {100, 5000, 100000, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct cmemprof_stats before, after;
        cmemprof_get_stats(&before);
        for (int round = 0; round < 5000; round++) {
            __libc_free(malloc(sizes[i] + opaque_zero));
        }
        cmemprof_get_stats(&after);
        assert_int_equal(after.samples, before.samples + 5000);
        assert_true(after.live <= before.live + 50);
        assert_int_equal(after.lost_live, before.lost_live);
        assert_true(after.own_bytes <= before.own_bytes + 65536);
    }
}

int main(void) {
    return tests_run();
}
