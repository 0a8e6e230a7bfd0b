// cpu_unsampled_amd64_test.c: where Go keeps what decides, found in structs that are laid out as Go's, and the samples of a thread that has
// no timer. Real Go: e2e/cpu.

#include "../../base/test/test.h"

#include <signal.h>
#include <sys/time.h>

#include "../cpu_gap.h"
#include "../cpu_unsampled.h"

enum { HZ = 100, G_OF_MACHINE = 6, CALLER_OF_MACHINE = 23, HZ_WORD = 68, PERIOD_NS = 1000000000 / HZ };

static struct profiler self = PROFILER_CLOSED;
static struct unwind_trail scratch;

// Go's thread-local g, of the system stack; its m; the goroutine that has called C.
static __thread uintptr_t *volatile g;
static uintptr_t g0[64], caller[64], machine[512];

static int32_t *machine_word(size_t index) {
    return (int32_t *)machine + index;
}

static int go_setup(void **state) {
    (void)state;
    memset(g0, 0, sizeof g0);
    memset(caller, 0, sizeof caller);
    memset(machine, 0, sizeof machine);
    memset(&self.unsampled, 0, sizeof self.unsampled);
    g0[G_OF_MACHINE] = caller[G_OF_MACHINE] = (uintptr_t)machine;
    g0[G_OF_MACHINE + 1] = (uintptr_t)&g0[9]; // a stack pointer to a word that is g0
    g0[9] = (uintptr_t)g0;
    machine[0] = (uintptr_t)g0;
    machine[CALLER_OF_MACHINE] = (uintptr_t)caller;
    g = g0;
    atomic_store(&self.cpu.on, true);
    return 0;
}

static int go_teardown(void **state) {
    (void)state;
    cpu_unsampled_close(&self);
    g = NULL;
    return 0;
}

// Go's start and stop of a profile on this thread.
static void start(void) {
    cpu_unsampled_begin(&self);
    *machine_word(HZ_WORD) = HZ;
    cpu_unsampled_began(&self, HZ);
}

static void stop(void) {
    cpu_unsampled_ending(&self, HZ);
    *machine_word(HZ_WORD) = 0;
    cpu_unsampled_end(&self);
}

// ---- A thread without a timer ----

static volatile sig_atomic_t ticks;

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    cpu_unsampled_tick(&self, &thread_state, context, &scratch);
    ticks++;
}

static __attribute__((noinline)) void work_until(int wanted) {
    while (ticks < wanted) {
    }
    __asm__ volatile("");
}

static __attribute__((noinline)) void work_deep(int wanted, int depth) {
    if (depth == 0) {
        work_until(wanted);
    } else {
        work_deep(wanted, depth - 1);
    }
    __asm__ volatile("");
}

static void set_timer(long us) {
    const struct itimerval timer = {{0, us}, {0, us}};
    assert_int_equal(setitimer(ITIMER_PROF, &timer, NULL), 0);
}

// Runs under the process's timer, which Go sets, until so many signals came.
static void run(int wanted, int depth) {
    ticks = 0;
    set_timer(1000);
    work_deep(wanted, depth);
    set_timer(0);
}

struct sums {
    unsigned stacks;
    uint64_t ns, ticks;
    uint32_t deepest;
};

static struct sums sum(void) {
    struct sums sums = {0};
    const struct cpu_sample *sample;
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot)) != NULL;) {
        sums.stacks++;
        sums.ns += sample->ns;
        sums.ticks += sample->ticks;
        sums.deepest = sample->depth_frames > sums.deepest ? sample->depth_frames : sums.deepest;
    }
    return sums;
}

static bool has_work(const struct cpu_sample *sample, bool *is_leaf) {
    for (uint32_t i = 0; i < sample->depth_frames; i++) {
        uintptr_t at = sample->pcs[i] - 1;
        if (at >= (uintptr_t)work_until && at < (uintptr_t)work_until + 128) {
            *is_leaf = i == 0;
            return true;
        }
    }
    return false;
}

TEST_IN(go, takes_what_go_drops) {
    start();
    *machine_word(HZ_WORD) = 0; // another thread's m: it has computed in C since before
    run(20, 0);
    *machine_word(HZ_WORD) = HZ;
    assert_int_equal(sum().stacks, 0); // not before the end
    stop();
    struct sums sums = sum();
    assert_int_equal(sums.ticks, 20);
    assert_true(sums.stacks >= 1);
    // The first stands for a period, the others for the time between them.
    assert_true(sums.ns > PERIOD_NS);
    const struct cpu_sample *sample;
    bool is_leaf;
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot)) != NULL;) {
        assert_true(has_work(sample, &is_leaf));
        assert_true(is_leaf);
    }
    // The next profile begins without them.
    start();
    stop();
    assert_int_equal(sum().stacks, 0);
}

TEST_IN(go, leaves_what_go_takes) {
    start();
    run(5, 0); // a thread with a timer
    *machine_word(HZ_WORD) = 0;
    raise(SIGPROF); // not of the process's timer
    g = NULL;       // not a thread of Go's
    run(5, 0);
    g = g0;
    *machine_word(HZ_WORD) = HZ;
    stop();
    assert_int_equal(sum().ticks, 0);
    run(5, 0); // no profile
    assert_int_equal(sum().ticks, 0);
}

TEST_IN(go, deep_stacks_keep_both_ends) {
    start();
    *machine_word(HZ_WORD) = 0;
    run(3, 300);
    *machine_word(HZ_WORD) = HZ;
    stop();
    assert_int_equal(sum().deepest, CPU_SAMPLE_FRAMES);
    const struct cpu_sample *sample;
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot)) != NULL;) {
        unsigned gaps = 0, frames, left_out = 0;
        for (uint32_t i = 0; i < sample->depth_frames; i++) {
            if (cpu_gap_is(sample->pcs[i] - 1, &frames)) {
                gaps++;
                left_out = frames;
            }
        }
        assert_int_equal(gaps, 1);
        assert_true(left_out > 300 - CPU_SAMPLE_FRAMES);
    }
}

// ---- Another Go ----

static void run_without_hz(void) {
    *machine_word(HZ_WORD) = 0;
    run(5, 0);
    *machine_word(HZ_WORD) = HZ;
    stop();
    assert_int_equal(sum().ticks, 0);
}

TEST_IN(go, a_rate_in_two_places_is_not_used) {
    cpu_unsampled_begin(&self);
    *machine_word(HZ_WORD) = *machine_word(HZ_WORD + 5) = HZ;
    cpu_unsampled_began(&self, HZ);
    run_without_hz();
    // The other one was something else: the next start tells.
    *machine_word(HZ_WORD + 5) = 7;
    start();
    *machine_word(HZ_WORD) = 0;
    run(5, 0);
    *machine_word(HZ_WORD) = HZ;
    stop();
    assert_int_equal(sum().ticks, 5);
}

TEST_IN(go, a_rate_that_the_stop_does_not_change_is_not_used) {
    start();
    *machine_word(HZ_WORD) = 0;
    run(5, 0);
    *machine_word(HZ_WORD) = HZ;
    cpu_unsampled_ending(&self, HZ);
    cpu_unsampled_end(&self); // still HZ
    assert_int_equal(sum().ticks, 0);
    assert_false(self.unsampled.is_hz_known);
}

TEST_IN(go, without_the_traceback_nothing_is_looked_for) {
    atomic_store(&self.cpu.on, false);
    start();
    run_without_hz();
    assert_false(self.unsampled.is_found);
}

TEST_IN(go, an_unknown_layout_is_not_used) {
    machine[0] = 0; // m does not begin with g0
    start();
    run_without_hz();
    machine[0] = (uintptr_t)g0;
    caller[G_OF_MACHINE] = 0; // and the caller has another m
    start();
    run_without_hz();
    g = NULL;
    start();
    run_without_hz();
}

TEST_IN(go, go_addresses_are_listed) {
    size_t count;
    start();
    *machine_word(HZ_WORD) = 0;
    run(3, 0);
    *machine_word(HZ_WORD) = HZ;
    stop();
    assert_null(cpu_unsampled_go_pcs(&self, &count) != NULL && count != 0 ? "Go" : NULL);
    // The test's own code passes for Go's.
    unwind_set_go_text(&self.unwinder, (uintptr_t)work_until, (uintptr_t)work_until + 128);
    const uintptr_t *pcs = cpu_unsampled_go_pcs(&self, &count);
    const struct cpu_sample *sample;
    size_t at = 0;
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot)) != NULL;) {
        for (uint32_t i = 0; i < sample->depth_frames; i++) {
            if (sample->pcs[i] - 1 - (uintptr_t)work_until < 128) {
                assert_true(at < count);
                assert_int_equal(pcs[at++], sample->pcs[i]);
            }
        }
    }
    assert_int_equal(at, count);
    assert_true(count >= sum().stacks);
    unwind_set_go_text(&self.unwinder, 0, 0);
}

int main(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};
    action.sa_sigaction = on_signal;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, NULL) != 0) {
        return 1;
    }
    return tests_run();
}
