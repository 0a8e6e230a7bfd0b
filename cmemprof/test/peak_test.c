// peak_test.c: what was live at a peak is known after it is freed. This program is hooked.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "own_profile.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../peak.h"
#include "../reclaim.h"
#include "fake_clock.h"
#include "sampling.h"

enum { RSS_OBJECTS, RSS_BYTES, OBJECTS, BYTES }; // the values of a profile of peaks

static void *kept[4096];

static __attribute__((noinline)) void keep(int count, size_t size) {
    for (int i = 0; i < count; i++) {
        kept[i] = malloc(size);
    }
}

static __attribute__((noinline)) void keep_more(int from, int count, size_t size) {
    for (int i = from; i < from + count; i++) {
        kept[i] = malloc(size);
    }
}

static void drop(int count) {
    for (int i = 0; i < count; i++) {
        free(kept[i]);
    }
}

static void look(void) {
    profiler.peaks.next_look_ns = 0;
    cmemprof_make_room();
}

static struct profile *take_peaks(void) {
    return profile_of(cmemprof_snapshot_take_peaks(), NULL);
}

// Of all samples.
static void totals_of(struct profile *profile, int64_t sums[4]) {
    memset(sums, 0, 4 * sizeof *sums);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        for (int value = 0; value < 4; value++) {
            sums[value] += view.values[value];
        }
    }
}

// Begins with no peak.
TEST_IN(sampling, peak_is_kept_when_it_is_gone) {
    int64_t sums[4];
    keep(100, 30000);
    look();
    drop(100);
    look();
    struct profile *profile = take_peaks();
    assert_string_equal(profile_sample_type_name(profile, BYTES), "peak_space");
    assert_string_equal(profile_sample_type_name(profile, RSS_OBJECTS), "peak_rss_objects");
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[OBJECTS], 100);
    assert_int_equal(sums[BYTES], 3000000);
    profile_free(profile);
    profile = take_profile();
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[BYTES], 0);
    profile_free(profile);
}

TEST_IN(sampling, each_profile_looks) {
    int64_t sums[4];
    keep(10, 40000);
    profiler.peaks.next_look_ns = UINT64_MAX; // nobody else does
    profile_free(take_profile());
    drop(10);
    struct profile *profile = take_peaks();
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[BYTES], 400000);
    profile_free(profile);
}

// Memory that C malloc knows nothing of makes RSS high: what C held then is known, too.
TEST_IN(sampling, highest_rss_is_another_moment) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    enum { LARGE = 64 << 20 };
    int64_t sums[4];
    uint64_t rss_bytes;
    keep(10, 50000);
    void *large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_true(large != MAP_FAILED);
    look();
    rss_bytes = profiler.peaks.rss.rss_bytes;
    assert_true(rss_bytes >= LARGE);
    munmap(large, LARGE);
    keep_more(10, 10, 100000);
    look();
    assert_true(profiler.peaks.rss.rss_bytes == rss_bytes);
    struct profile *profile = take_peaks();
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[RSS_BYTES], 500000);
    assert_int_equal(sums[BYTES], 500000);
    sum_of(profile, "keep_more", sums);
    assert_int_equal(sums[RSS_BYTES], 0);
    assert_int_equal(sums[BYTES], 1000000);
    profile_free(profile);
    drop(20);
}

// A steady rise is copied step by step, and at its end after a pause.
TEST_IN(sampling, small_rises_wait) {
    keep(100, 100000);
    look();
    double before = profiler.peaks.live.bytes;
    keep_more(100, 1, 100000); // 1 % more
    look();
    assert_true(profiler.peaks.live.bytes == before);
    let_pass(PEAK_PAUSE_S);
    look();
    assert_true(profiler.peaks.live.bytes >= before + 100000);
    before = profiler.peaks.live.bytes;
    keep_more(101, 10, 100000);
    look();
    assert_true(profiler.peaks.live.bytes >= before + 1000000);
    drop(111);
}

TEST_IN(sampling, looks_take_a_share_of_time) {
    look();
    uint64_t next_ns = profiler.peaks.next_look_ns;
    assert_true(next_ns != 0);
    profiler.peaks.next_look_ns = UINT64_MAX; // not due
    keep(100, 100000);
    cmemprof_make_room();
    assert_true(profiler.peaks.live.bytes < 10000000);
    drop(100);
}

// A tree of calls: each number another stack.
static __attribute__((noinline)) void *by_path(unsigned path, int levels, size_t size);
static __attribute__((noinline)) void *left(unsigned path, int levels, size_t size) {
    void *block = by_path(path, levels, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}
static __attribute__((noinline)) void *right(unsigned path, int levels, size_t size) {
    void *block = by_path(path, levels, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}
static void *by_path(unsigned path, int levels, size_t size) {
    void *block = levels == 0 ? malloc(size) : path & 1 ? left(path >> 1, levels - 1, size) : right(path >> 1, levels - 1, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

// The largest are named, whatever their order; the sum is right.
TEST_IN(sampling, what_does_not_fit_is_one_sum) {
    enum { STACKS = 4096, LEVELS = 12, LARGE = 5 };
    int64_t all[4], others[4];
    cmemprof_set_memory_limit(64 << 20);
    for (unsigned i = 0; i < STACKS; i++) {
        kept[i] = by_path(i, LEVELS, i % (STACKS / LARGE) == 3 ? 50000 : 100 + i % 7);
    }
    look();
    assert_true(profiler.peaks.live.size_bytes <= PEAK_MAX_BYTES && profiler.peaks.live.size_bytes > PEAK_MAX_BYTES * 9 / 10);
    struct profile *profile = take_peaks();
    int large = 0, small = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        large += has_function(&view, "by_path") && view.values[BYTES] == 50000;
        small += has_function(&view, "by_path") && view.values[BYTES] < 200 && view.values[BYTES] > 0;
    }
    assert_in_range(large, LARGE, LARGE + 1);
    assert_in_range(small, 100, STACKS - 100);
    sum_of(profile, "[other stacks]", others);
    assert_in_range(others[OBJECTS], STACKS - large - small, STACKS - large - small + 1000);
    totals_of(profile, all);
    assert_int_equal(all[BYTES], (int64_t)profiler.peaks.live.bytes);
    profile_free(profile);
    drop(STACKS);
    cmemprof_set_memory_limit(0);
}

TEST_IN(sampling, without_memory_the_former_peak_stays) {
    int64_t sums[4];
    keep(1, 200000);
    look();
    double before = profiler.peaks.live.bytes;
    for (unsigned i = 0; i < 1024; i++) {
        kept[i + 1] = by_path(i, 10, 1000); // makes the copy larger
    }
    cmemprof_set_memory_limit(1);
    look();
    assert_true(profiler.peaks.live.bytes == before);
    cmemprof_set_memory_limit(0);
    struct profile *profile = take_peaks();
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[BYTES], 200000);
    profile_free(profile);
    look();
    assert_true(profiler.peaks.live.bytes > before + 1000000);
    drop(1025);
}

TEST_IN(sampling, a_start_begins_anew) {
    int64_t sums[4];
    keep(10, 60000);
    look();
    drop(10);
    cmemprof_stop();
    look(); // while it is off
    struct profile *profile = take_peaks();
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[BYTES], 600000);
    profile_free(profile);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    profile = take_peaks();
    assert_int_equal(profile_sample_count(profile), 0);
    profile_free(profile);
    keep(1, 70000);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK); // it is on: goes on
    look();
    drop(1);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    profile = take_peaks();
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[BYTES], 70000);
    profile_free(profile);
}

TEST_IN(sampling, a_forked_child_has_its_own) {
    keep(10, 80000);
    look();
    drop(10);
    for (int copying = 0; copying < 2; copying++) {
        atomic_store(&profiler.peaks.are_copying, copying); // by another thread, at the fork: its buffer may be anywhere
        size_t used_bytes = atomic_load(&profiler.budget.used_bytes);
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            int64_t before[4], after[4];
            bool given = atomic_load(&profiler.budget.used_bytes) < used_bytes;
            struct profile *profile = take_peaks();
            sum_of(profile, "keep", before);
            keep_more(0, 10, 90000);
            look();
            drop(10);
            profile = take_peaks();
            sum_of(profile, "keep_more", after);
            _exit((before[BYTES] != 0) + 2 * (after[BYTES] != 900000) + 4 * (given == copying));
        }
        atomic_store(&profiler.peaks.are_copying, false);
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    int64_t sums[4];
    struct profile *profile = take_peaks(); // the parent's is as it was
    sum_of(profile, "keep", sums);
    assert_int_equal(sums[BYTES], 800000);
    profile_free(profile);
}

typedef char *make_setting(const char *prefix, unsigned long count, const char *random, int random_size);

static __attribute__((noinline)) char *call_library(make_setting *allocate) {
    char *block = allocate("$6$", 0, NULL, 0);
    __asm__ volatile("" : "+r"(block));
    return block;
}

static void count_undated(const struct stack *stack, void *context) {
    *(int *)context += stack->retired == 0 || stack->retired > profiler.code.retired_generations + 1;
}

// At its address something else may be loaded by the time the peak is read.
TEST_IN(sampling, code_that_is_unloaded_keeps_its_name) {
    make_setting *allocate;
    void *library = dlopen("libcrypt.so.1", RTLD_NOW | RTLD_LOCAL); // as in loaded_code_test.c
    assert_non_null(library);
    *(void **)&allocate = dlsym(library, "crypt_gensalt_ra");
    assert_non_null(allocate);
    char *block = call_library(allocate);
    look();
    uint32_t generation = profiler.code.retired_generations;
    int undated = 0;
    peak_visit(&profiler.peaks.live, count_undated, &undated);
    assert_int_equal(undated, 0);
    free(block);
    dlclose(library);
    assert_true(profiler.code.retired_generations > generation);
    bool seen = false;
    struct profile *profile = take_peaks();
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        seen |= has_function(&view, "call_library") && strstr(view.frames[0].mapping_file, "libcrypt");
    }
    assert_true(seen);
    profile_free(profile);
}

// When and how high, in comments.
TEST_IN(sampling, moments_are_said) {
    keep(3, 100000);
    let_pass(1000);
    look();
    drop(3);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take_peaks();
    assert_true(snapshot->live_peak.at_s >= 1000 && snapshot->live_peak.rss_bytes > 300000);
    assert_true(snapshot->live_peak.time_ns == snapshot->time_ns);
    struct cmemprof_peak live, rss;
    cmemprof_get_peaks(&live, &rss);
    assert_true(live.live_bytes == snapshot->live_peak.bytes && live.rss_bytes == snapshot->live_peak.rss_bytes);
    assert_true(live.time_ns == snapshot->live_peak.time_ns && live.after_s == snapshot->live_peak.at_s);
    assert_true(rss.rss_bytes == snapshot->rss_peak.rss_bytes && rss.live_bytes == snapshot->rss_peak.bytes);
    uint8_t *bytes;
    size_t size;
    assert_int_equal(cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size), CMEMPROF_OK);
    assert_non_null(memmem(bytes, size, "cmemprof: peak=live bytes=", strlen("cmemprof: peak=live bytes=")));
    assert_non_null(memmem(bytes, size, "cmemprof: peak=rss bytes=", strlen("cmemprof: peak=rss bytes=")));
    free(bytes);
    cmemprof_snapshot_free(snapshot);
}

int main(void) {
    return tests_run();
}
