// cpu_unsampled_test.c: where Go keeps what decides, found in structs that are laid out as Go's, and the samples of a thread that has
// no timer. Real Go: e2e/cpu.

#include "../../base/test/test.h"

#include <signal.h>
#include <sys/time.h>

#include "../../base/clock.h"
#include "../code_loader.h"
#include "../code_objects.h"
#include "../cpu_gap.h"
#include "../cpu_unsampled.h"

enum { HZ = 100, G_OF_MACHINE = 6, CALLER_OF_MACHINE = 23, HZ_WORD = 68, PERIOD_NS = 1000000000 / HZ };

static struct profiler self;
static struct unwind_trail scratch;

// Go's thread-local g, of the system stack; its m; the goroutine that has called C.
static __thread uintptr_t *volatile g;
static uintptr_t g0[64], caller[64], machine[512], stack[128];

// A signal handler reads it.
static volatile int32_t *machine_word(size_t index) {
    return (volatile int32_t *)machine + index;
}

static volatile sig_atomic_t ticks, wanted_ticks, taken;
static siginfo_t *pretended; // what the signal is said to be; NULL: as it is

static void set_timer(long us) {
    const struct itimerval timer = {{0, us}, {0, us}};
    assert_int_equal(setitimer(ITIMER_PROF, &timer, NULL), 0);
}

static int go_setup(void **state) {
    (void)state;
    memset(g0, 0, sizeof g0);
    memset(caller, 0, sizeof caller);
    memset(machine, 0, sizeof machine);
    memset(&self.unsampled, 0, sizeof self.unsampled);
    g0[G_OF_MACHINE] = caller[G_OF_MACHINE] = (uintptr_t)machine;
    g0[0] = (uintptr_t)stack;
    g0[1] = (uintptr_t)(stack + 128);
    // A stack pointer to words that are by chance as an m and its caller.
    g0[G_OF_MACHINE + 1] = (uintptr_t)&stack[8];
    stack[8] = (uintptr_t)g0;
    stack[9] = (uintptr_t)&stack[100];
    stack[100 + G_OF_MACHINE + 1] = (uintptr_t)&stack[8];
    machine[0] = (uintptr_t)g0;
    machine[CALLER_OF_MACHINE] = (uintptr_t)caller;
    g = g0;
    atomic_store(&self.cpu.on, true);
    return 0;
}

static int go_teardown(void **state) {
    (void)state;
    set_timer(0);
    wanted_ticks = ticks;
    pretended = NULL;
    unwind_set_go_text(&self.unwinder, 0, 0);
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

static void finish(void) {
    cpu_unsampled_ending(&self, HZ);
    *machine_word(HZ_WORD) = 0;
    cpu_unsampled_end(&self);
}

// ---- A thread without a timer ----

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)number;
    if (ticks == wanted_ticks) {
        return; // one more, before the timer was stopped
    }
    info = pretended ? pretended : info;
    taken += cpu_unsampled_wants(&self, &thread_state, info, context) && cpu_unsampled_tick(&self, &thread_state, info, context, &scratch);
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

// Runs under the process's timer, which Go sets, until so many signals came.
static void run(int wanted, int depth) {
    ticks = taken = 0;
    wanted_ticks = wanted;
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
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot));) {
        sums.stacks++;
        sums.ns += sample->ns;
        sums.ticks += sample->ticks;
        sums.deepest = sample->depth_frames > sums.deepest ? sample->depth_frames : sums.deepest;
    }
    return sums;
}

static bool has_work(const struct cpu_sample *sample, bool *is_leaf) {
    for (uint32_t i = 0; i < sample->depth_frames; i++) {
        uintptr_t at = cpu_unsampled_pcs(&self, sample)[i] - 1;
        if (at >= (uintptr_t)work_until && at < (uintptr_t)work_until + 128) {
            *is_leaf = i == 0;
            return true;
        }
    }
    return false;
}

static uint64_t own_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void assert_all_work(void) {
    const struct cpu_sample *sample;
    bool is_leaf;
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot));) {
        assert_true(has_work(sample, &is_leaf));
        assert_true(is_leaf);
    }
}

TEST_IN(go, takes_what_go_drops) {
    uint64_t before = own_ns();
    start();
    uint64_t begun = own_ns();
    *machine_word(HZ_WORD) = 0; // another thread's m: it has computed in C since before
    run(20, 0);
    assert_int_equal(taken, 20);
    *machine_word(HZ_WORD) = HZ;
    assert_int_equal(sum().stacks, 0); // not before the end
    uint64_t ended = own_ns();
    finish();
    struct sums sums = sum();
    assert_int_equal(sums.ticks, 20);
    assert_true(sums.stacks >= 1);
    assert_in_range(sums.ns, ended - begun, own_ns() - before); // all of the thread's time, not that of the ticks
    assert_all_work();
    // The next profile begins without them.
    start();
    finish();
    assert_int_equal(sum().stacks, 0);
}

TEST_IN(go, takes_what_threads_of_c_use) {
    start();
    uint64_t begun = own_ns();
    g = NULL;
    run(20, 0);
    assert_int_equal(taken, 20);
    uint64_t ended = own_ns();
    g = g0;
    finish();
    assert_int_equal(sum().ticks, 20);
    assert_true(sum().ns >= ended - begun);
    assert_all_work();
}

// ---- Threads with a timer ----

static void pretend(siginfo_t *info, int code, int overrun) {
    *info = (siginfo_t){.si_signo = SIGPROF, .si_code = code};
    info->si_overrun = overrun;
    pretended = info;
}

// Go takes its timer's signals in its own code, and of a thread of C's the process's in C, without a stack.
TEST_IN(go, a_thread_of_c_that_has_called_go_has_its_timers_samples) {
    siginfo_t info;
    start();
    run(2, 0); // of the process
    assert_int_equal(taken, 2);
    pretend(&info, SI_TIMER, 2);
    run(3, 0);
    assert_int_equal(taken, 3);
    pretended = NULL;
    finish();
    assert_int_equal(sum().ticks, 9);
    assert_int_equal(sum().ns, 9 * PERIOD_NS);
    assert_all_work();
}

TEST_IN(go, leaves_what_go_takes) {
    siginfo_t info;
    unwind_set_go_text(&self.unwinder, (uintptr_t)work_deep, (uintptr_t)work_deep + 128); // passes for Go's: the caller of work_until
    start();
    pretend(&info, SI_TIMER, 0);
    run(5, 0); // in a call from Go, of a thread with a timer
    pretended = NULL;
    run(5, 0);
    assert_int_equal(taken, 0);
    *machine_word(HZ_WORD) = 0;
    ticks = taken = 0;
    wanted_ticks = 1;
    raise(SIGPROF); // of nobody's timer
    assert_int_equal(taken, 0);
    g = caller; // runs Go code, which reads the clock in the kernel's page
    run(5, 0);
    assert_int_equal(taken, 0);
    g = g0;
    *machine_word(HZ_WORD) = HZ;
    finish();
    assert_int_equal(sum().ticks, 0);
    run(5, 0); // no profile
    assert_int_equal(taken, 0);
}

TEST_IN(go, a_thread_that_gets_a_timer_has_no_rest) {
    siginfo_t info;
    uint64_t before = own_ns();
    start();
    *machine_word(HZ_WORD) = 0;
    run(1, 0);
    *machine_word(HZ_WORD) = HZ;
    pretend(&info, SI_TIMER, 0);
    unwind_set_go_text(&self.unwinder, (uintptr_t)work_deep, (uintptr_t)work_deep + 128);
    run(1, 0);
    uint64_t then = own_ns();
    run(50, 0);
    assert_int_equal(taken, 0);
    pretended = NULL;
    finish();
    assert_int_equal(sum().ticks, 1);
    assert_true(sum().ns < then - before);
}

static void use_cpu(uint64_t ns) {
    for (uint64_t end = own_ns() + ns; own_ns() < end;) {
    }
}

// Go has the timer of a thread that has ended for this one's. Its time is taken in C and in Go.
TEST_IN(go, a_thread_with_a_dead_threads_timer_has_the_processs) {
    siginfo_t info;
    uint64_t before = own_ns();
    start();
    uint64_t begun = own_ns();
    run(1, 0); // first seen
    use_cpu(2 * PERIOD_NS);
    run(5, 0);
    g = caller; // in Go
    run(5, 0);
    g = g0;
    assert_int_equal(taken, 5);
    uint64_t then = own_ns();
    // After all it has one of its own.
    pretend(&info, SI_TIMER, 0);
    run(1, 0);
    pretended = NULL;
    use_cpu(3 * PERIOD_NS);
    run(5, 0);
    finish();
    assert_int_equal(sum().ticks, 5 + 5 + 1);
    assert_in_range(sum().ns, then - begun, own_ns() - before - 2 * PERIOD_NS);
    assert_all_work();
}

// As it ends, Go forgets it: no sample is of time that its timer has given samples for.
TEST_IN(go, a_thread_of_c_that_go_forgets_begins_anew) {
    siginfo_t info;
    unwind_set_go_text(&self.unwinder, (uintptr_t)work_deep, (uintptr_t)work_deep + 128);
    start();
    pretend(&info, SI_TIMER, 0);
    run(1, 0);
    use_cpu(3 * PERIOD_NS);
    unwind_set_go_text(&self.unwinder, 0, 0);
    pretended = NULL;
    g = NULL;
    uint64_t before = own_ns();
    run(4, 0);
    g = g0;
    finish();
    assert_int_equal(sum().ticks, 4);
    assert_in_range(sum().ns, PERIOD_NS, PERIOD_NS + own_ns() - before);
}

TEST_IN(go, a_thread_that_go_has_made_waits_for_its_timer) {
    start();
    thread_state.is_gos = true;
    run(1, 0);
    use_cpu(3 * PERIOD_NS);
    run(5, 0);
    thread_state.is_gos = false;
    assert_int_equal(taken, 0);
    finish();
    assert_int_equal(sum().ticks, 0);
}

// A timer that expires several times before its signal comes sends one.
TEST_IN(go, gos_samples_weigh_what_its_timers_say) {
    siginfo_t info;
    unwind_set_go_text(&self.unwinder, (uintptr_t)work_deep, (uintptr_t)work_deep + 128);
    start();
    pretend(&info, SI_TIMER, 0);
    run(6, 0);
    pretend(&info, SI_TIMER, 3);
    run(2, 0);
    pretended = NULL;
    run(3, 0); // of the process
    finish();
    assert_true(cpu_unsampled_weight(&self) == (8.0 + 6) / 8);
    start();
    finish();
    assert_true(cpu_unsampled_weight(&self) == 1);
}

TEST_IN(go, deep_stacks_keep_both_ends) {
    start();
    *machine_word(HZ_WORD) = 0;
    run(3, 300);
    *machine_word(HZ_WORD) = HZ;
    finish();
    assert_int_equal(sum().deepest, CPU_SAMPLE_FRAMES);
    const struct cpu_sample *sample;
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot));) {
        unsigned gaps = 0, frames, left_out = 0;
        for (uint32_t i = 0; i < sample->depth_frames; i++) {
            if (cpu_gap_is(cpu_unsampled_pcs(&self, sample)[i] - 1, &frames)) {
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
    finish();
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
    finish();
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

// The lowest known page of the stack, where a call has left a pointer to where that is kept, is as g with its m.
TEST_IN(go, data_of_ours_is_not_gos) {
    static uintptr_t low[64], high[64];
    const struct thread_state saved = thread_state;
    low[G_OF_MACHINE + 2] = high[G_OF_MACHINE + 2] = (uintptr_t)&thread_state.stack_low;
    thread_state.stack_low = (uintptr_t)low;
    thread_state.stack_high = (uintptr_t)high;
    cpu_unsampled_begin(&self);
    thread_state = saved;
    assert_true(self.unsampled.is_found);
}

TEST_IN(go, go_addresses_are_listed) {
    size_t count;
    start();
    *machine_word(HZ_WORD) = 0;
    run(3, 0);
    *machine_word(HZ_WORD) = HZ;
    finish();
    assert_null(cpu_unsampled_go_pcs(&self, &count) && count != 0 ? "Go" : NULL);
    // The test's own code passes for Go's.
    unwind_set_go_text(&self.unwinder, (uintptr_t)work_until, (uintptr_t)work_until + 128);
    const uintptr_t *pcs = cpu_unsampled_go_pcs(&self, &count);
    const struct cpu_sample *sample;
    size_t at = 0;
    for (size_t slot = 0; (sample = cpu_unsampled_next(&self, &slot));) {
        for (uint32_t i = 0; i < sample->depth_frames; i++) {
            uintptr_t pc = cpu_unsampled_pcs(&self, sample)[i];
            if (pc - 1 - (uintptr_t)work_until < 128) {
                assert_true(at < count);
                assert_int_equal(pcs[at++], pc);
            }
        }
    }
    assert_int_equal(at, count);
    assert_true(count >= sum().stacks);
}

int main(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};
    action.sa_sigaction = on_signal;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, NULL) != 0) {
        return 1;
    }
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
