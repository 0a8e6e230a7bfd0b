// go_trace_test.c: Go execution traces, made here. e2e/foreign compares real ones with go tool trace.

#include "../../base/test/test.h"

#include "expect.h"
#include "go_trace_maker.h"

#define TYPES                                                                                                                              \
    "cpu_samples/count goroutines_created/count other_waits/count other_delay/nanoseconds sched_waits/count sched_delay/nanoseconds "      \
    "syscalls/count syscall_delay/nanoseconds net_waits/count net_delay/nanoseconds sync_waits/count sync_delay/nanoseconds\n"
#define F "main.f@a.go:3<main.main@a.go:9"
#define RECEIVE "runtime.chanrecv@chan.go:5<main.main@a.go:9"

enum { RUNNING = 1, IDLE }; // of processors
enum { WAITING = 4 };       // of goroutines
enum { F_STACK = 1, RECEIVE_STACK };
enum { CHAN = 1, NETWORK, SLEEP, MUTEX };

static void names(struct maker *maker, int generation) {
    byte(maker, GO_STACKS);
    event(maker, GO_STACK, F_STACK, 2, 100, 10, 11, 3, 101, 12, 11, 9, LAST);
    event(maker, GO_STACK, RECEIVE_STACK, 2, 102, 13, 14, 5, 101, 12, 11, 9, LAST);
    end_batch(maker, generation, UINT64_MAX);
    byte(maker, GO_STRINGS);
    text(maker, CHAN, "chan receive");
    text(maker, NETWORK, "network");
    text(maker, SLEEP, "sleep");
    text(maker, MUTEX, "sync");
    text(maker, 10, "main.f");
    text(maker, 11, "a.go");
    text(maker, 12, "main.main");
    text(maker, 13, "runtime.chanrecv");
    text(maker, 14, "chan.go");
    end_batch(maker, generation, UINT64_MAX);
}

// A unit is a nanosecond.
static void tables(struct maker *maker, int generation, bool sync) {
    if (sync) {
        byte(maker, GO_SYNC);
    }
    event(maker, GO_FREQUENCY, 1000000000, LAST);
    if (sync) {
        event(maker, GO_CLOCK_SNAPSHOT, 0, 5, 7, 8, LAST);
    }
    end_batch(maker, generation, UINT64_MAX);
    names(maker, generation);
}

static void finish(struct maker *maker, const char *expected) {
    expect_bytes(FOREIGN_GO_TRACE, maker->bytes, maker->size, expected);
    free(maker->bytes);
    free(maker->batch);
}

static void finish_badly(struct maker *maker, enum merge_error error, size_t offset, const char *expected) {
    expect_fault_of(FOREIGN_GO_TRACE, maker->bytes, maker->size, error, offset, expected);
    free(maker->bytes);
    free(maker->batch);
}

// Goroutine 1 runs on a thread.
static void goroutine_runs(struct maker *maker) {
    event(maker, GO_PROC_STATUS, 1, 0, RUNNING, LAST);
    event(maker, GO_STATUS, 1, 1, 0, 2, LAST);
}

static void wait_for_all(struct maker *maker) {
    goroutine_runs(maker);                                 // 1002
    event(maker, GO_CREATE, 1, 2, 0, F_STACK, LAST);       // its first wait in the scheduler does not count
    event(maker, GO_BLOCK, 10, CHAN, RECEIVE_STACK, LAST); // 1 from 1013
    event(maker, GO_START, 5, 2, 1, LAST);                 //
    event(maker, GO_UNBLOCK, 20, 1, 1, F_STACK, LAST);     // 25; in the scheduler from 1038
    event(maker, GO_SYSCALL_BEGIN, 1, 1, F_STACK, LAST);   // 2
    event(maker, GO_SYSCALL_END, 7, LAST);                 // 7
    event(maker, GO_BLOCK, 1, NETWORK, F_STACK, LAST);     // 2 from 1047
    event(maker, GO_START, 30, 1, 2, LAST);                // 39
    event(maker, GO_UNBLOCK, 1, 2, 2, 0, LAST);            // 31; in the scheduler from 1078
    event(maker, GO_BLOCK, 2, SLEEP, RECEIVE_STACK, LAST); // 1: does not end
    event(maker, GO_START, 1, 2, 3, LAST);                 // 3
    event(maker, GO_HEAP_ALLOC, 1, 4096, LAST);            //
    event(maker, GO_DESTROY, 1, LAST);
}

#define WAITS                                                                                                                              \
    F " 0 1 0 0 1 39 1 7 0 0 0 0\n" RECEIVE " 0 0 0 0 0 0 0 0 0 0 1 25 reason=chan receive\n" F                                            \
      " 0 0 0 0 0 0 0 0 1 31 0 0 reason=network\n 0 0 0 0 1 3 0 0 0 0 0 0\n"
#define UNENDED "[left out: 1 waits that had not ended when the trace did]\n"
#define FIRST "[left out: 1 waits that ended before the goroutine ran for the first time in the trace]\n"
#define LEFT UNENDED FIRST "[left out: 1 events of the heap's size, garbage collection, tasks, regions and logs]\n"

TEST(what_goroutines_wait_for) {
    struct maker maker = begin("go 1.26 trace\0\0\0");
    wait_for_all(&maker);
    end_batch(&maker, 1, 0);
    tables(&maker, 1, true);
    add(&maker, &(uint8_t){GO_END_OF_GENERATION}, 1);
    finish(&maker, TYPES WAITS LEFT);
}

// Go 1.22 to 1.25: the next generation's number ends one. A goroutine has its wait in both.
TEST(older_traces_and_generations) {
    struct maker maker = begin("go 1.22 trace\0\0\0");
    wait_for_all(&maker);
    end_batch(&maker, 7, 0);
    tables(&maker, 7, false);
    event(&maker, GO_PROC_STATUS, 100, 0, RUNNING, LAST);
    event(&maker, GO_STATUS, 1, 1, 0, 4, LAST);
    event(&maker, GO_UNBLOCK, 1, 1, 1, 0, LAST); // 1102; it slept from 1080
    end_batch(&maker, 8, 0);
    tables(&maker, 8, false);
    finish(&maker, TYPES WAITS RECEIVE " 0 0 1 22 0 0 0 0 0 0 0 0 reason=sleep\n" LEFT);
}

// By the clock of its thread the goroutine starts before it is created.
TEST(events_of_threads_come_in_their_true_order) {
    struct maker maker = begin("go 1.23 trace\0\0\0");
    goroutine_runs(&maker);
    event(&maker, GO_CREATE, 98, 2, 0, 0, LAST); // 1100
    event(&maker, GO_UNBLOCK, 5, 2, 2, 0, LAST); // 1105
    end_batch(&maker, 1, 0);
    event(&maker, GO_PROC_STATUS, 1, 1, IDLE, LAST);
    event(&maker, GO_PROC_START, 2, 1, 1, LAST);
    event(&maker, GO_START, 47, 2, 1, LAST);           // 1050: 1101
    event(&maker, GO_BLOCK, 10, MUTEX, F_STACK, LAST); // 1060: 1102
    end_batch(&maker, 1, 1);
    tables(&maker, 1, false);
    finish(&maker, TYPES " 0 1 0 0 0 0 0 0 0 0 0 0\n" F " 0 0 0 0 0 0 0 0 0 0 1 3 reason=sync\n" UNENDED FIRST);
}

TEST(samples_of_the_processor) {
    struct maker maker = begin("go 1.25 trace\0\0\0");
    byte(&maker, GO_CPU_SAMPLES);
    event(&maker, GO_CPU_SAMPLE, 1005, 0, 0, 1, F_STACK, LAST);
    event(&maker, GO_CPU_SAMPLE, 1003, 0, 0, 1, F_STACK, LAST);
    end_batch(&maker, 1, UINT64_MAX);
    tables(&maker, 1, true);
    finish(&maker, TYPES F " 2 0 0 0 0 0 0 0 0 0 0 0\n");
}

// Until Go 1.25 nothing ends a generation: the one before a torn batch counts if it has all that it needs.
TEST(the_next_generation_is_cut_off_at_its_beginning) {
    enum { CLOCK, EVENTS, WHOLE };
    for (int has = CLOCK; has <= WHOLE; has++) {
        struct maker maker = begin("go 1.25 trace\0\0\0");
        event(&maker, GO_FREQUENCY, 1000000000, LAST);
        end_batch(&maker, 1, UINT64_MAX);
        if (has >= EVENTS) {
            wait_for_all(&maker);
            end_batch(&maker, 1, 0);
        }
        if (has == WHOLE) {
            names(&maker, 1);
        }
        size_t good = maker.size;
        event(&maker, GO_PROC_STATUS, 100, 0, RUNNING, LAST);
        end_batch(&maker, 2, 0);
        maker.size--;
        if (has == WHOLE) {
            char expected[1000];
            snprintf(expected, sizeof expected,
                     TYPES WAITS "[left out: %zu bytes at the end: a batch of events is damaged or cut off]\n" LEFT, maker.size - good);
            finish(&maker, expected);
        } else {
            finish_badly(&maker, MERGE_MALFORMED, good, "a batch of events is damaged or cut off");
        }
    }
}

// As in go tool trace, but said: what a goroutine waited for before its first run, and what is not over, in the scheduler as well.
TEST(waits_that_do_not_count_are_said) {
    struct maker maker = begin("go 1.23 trace\0\0\0");
    goroutine_runs(&maker);
    event(&maker, GO_STATUS, 1, 2, 0, WAITING, LAST);
    event(&maker, GO_UNBLOCK, 900, 2, 1, 0, LAST);
    event(&maker, GO_STOP, 1, CHAN, F_STACK, LAST); // 1: does not run again
    event(&maker, GO_START, 5, 2, 2, LAST);
    event(&maker, GO_CREATE, 1, 3, 0, F_STACK, LAST); // does not run
    end_batch(&maker, 1, 0);
    tables(&maker, 1, false);
    finish(&maker, TYPES F " 0 1 0 0 0 0 0 0 0 0 0 0\n" UNENDED
                           "[left out: 2 waits that ended before the goroutine ran for the first time in the trace]\n");
}

// What is damaged does not count, nor what follows.
TEST(a_damaged_generation_is_left_out) {
    for (int cut = 0; cut < 2; cut++) {
        struct maker maker = begin("go 1.26 trace\0\0\0");
        char expected[1000];
        wait_for_all(&maker);
        end_batch(&maker, 1, 0);
        tables(&maker, 1, true);
        add(&maker, &(uint8_t){GO_END_OF_GENERATION}, 1);
        size_t good = maker.size;
        event(&maker, GO_PROC_STATUS, 100, 0, RUNNING, LAST);
        event(&maker, GO_CREATE, 1, 9, 0, F_STACK, LAST);
        event(&maker, GO_DESTROY, 1, LAST); // there is no goroutine on this thread
        end_batch(&maker, 2, 0);
        if (!cut) {
            tables(&maker, 2, true);
            add(&maker, &(uint8_t){GO_END_OF_GENERATION}, 1);
        }
        snprintf(expected, sizeof expected, TYPES WAITS "[left out: %zu bytes at the end: %s]\n" LEFT, maker.size - good,
                 cut ? "its last generation has no end: the trace is cut off" : "an event contradicts those before it");
        finish(&maker, expected);
    }
}

TEST(damage_is_named) {
    static const char older[16] = "go 1.21 trace\0\0\0", newer[16] = "go 1.99 trace\0\0\0", empty[16] = "go 1.26 trace\0\0\0";
    expect_fault(FOREIGN_GO_TRACE, "go 1.26 trace", 0, "its head is damaged or cut off");
    expect_fault(FOREIGN_GO_TRACE, "go 1.2626 trace6", 0, "its head is damaged or cut off"); // nothing is read behind its end
    expect_fault_of(FOREIGN_GO_TRACE, older, 16, MERGE_MALFORMED, 0, "it is of Go 1.21 or before, whose traces only go tool trace reads");
    expect_fault_of(FOREIGN_GO_TRACE, newer, 16, MERGE_MALFORMED, 0, "its version is not known: 1.22, 1.23, 1.25 and 1.26 are read");
    expect_fault_of(FOREIGN_GO_TRACE, empty, 16, MERGE_MALFORMED, 0, "it has no events");
    struct maker maker = begin("go 1.23 trace\0\0\0");
    goroutine_runs(&maker);
    end_batch(&maker, 1, 0);
    finish_badly(&maker, MERGE_MALFORMED, maker.size, "a generation has no clock: the trace is cut off");
    maker = begin("go 1.23 trace\0\0\0");
    add(&maker, "\7", 1);
    finish_badly(&maker, MERGE_MALFORMED, 16, "a batch of events is damaged or cut off");
    maker = begin("go 1.23 trace\0\0\0");
    event(&maker, GO_START, 1, 5, 1, LAST);
    end_batch(&maker, 1, 0);
    tables(&maker, 1, false);
    finish_badly(&maker, MERGE_MALFORMED, 22, "no event is possible: some are lost");
    maker = begin("go 1.23 trace\0\0\0");
    goroutine_runs(&maker);
    event(&maker, GO_BLOCK, 1, CHAN, 77, LAST);
    end_batch(&maker, 1, 0);
    tables(&maker, 1, false);
    finish_badly(&maker, MERGE_MALFORMED, maker.size, "a stack does not exist");
}

// A million goroutines, of which two are there at once.
TEST(memory_is_bounded_by_goroutines_at_once) {
    enum { GOROUTINES = 1000000 };
    struct maker maker = begin("go 1.23 trace\0\0\0");
    struct merge_budget budget = {.limit_bytes = 4 << 20}, *before;
    struct merge_fault fault = {0};
    event(&maker, GO_PROC_STATUS, 1, 0, RUNNING, LAST);
    for (int id = 1; id <= GOROUTINES; id++) {
        event(&maker, GO_CREATE, 1, id, 0, F_STACK, LAST);
        event(&maker, GO_START, 1, id, 1, LAST);
        event(&maker, GO_DESTROY, 1, LAST);
        if (maker.batch_size > 60000) {
            end_batch(&maker, 1, 0);
        }
    }
    end_batch(&maker, 1, 0);
    tables(&maker, 1, false);
    before = merge_use_budget(&budget);
    struct profile *profile = foreign_read(FOREIGN_GO_TRACE, maker.bytes, maker.size, NULL, &fault);
    char *text = profile ? expect_dump(profile) : strdup(fault.text);
    profile_free(profile);
    merge_use_budget(before);
    assert_string_equal(text, TYPES F " 0 1000000 0 0 0 0 0 0 0 0 0 0\n"
                                      "[left out: 1000000 waits that ended before the goroutine ran for the first time in the trace]\n");
    free(text);
    free(maker.bytes);
    free(maker.batch);
}

// 200,000 samples are 3.2 MB, in an array of 4.2 MB, and what sorts them takes 3.2 MB more.
TEST(what_is_sorted_counts_twice) {
    enum { SAMPLES = 200000 };
    struct maker maker = begin("go 1.23 trace\0\0\0");
    struct merge_fault fault = {0};
    byte(&maker, GO_CPU_SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
        event(&maker, GO_CPU_SAMPLE, i, 0, 0, 1, F_STACK, LAST);
        if (maker.batch_size > 60000) {
            end_batch(&maker, 1, UINT64_MAX);
            byte(&maker, GO_CPU_SAMPLES);
        }
    }
    end_batch(&maker, 1, UINT64_MAX);
    tables(&maker, 1, false);
    for (size_t limit_mb = 6; limit_mb <= 10; limit_mb += 4) {
        struct merge_budget budget = {.limit_bytes = limit_mb << 20}, *before = merge_use_budget(&budget);
        struct profile *profile = foreign_read(FOREIGN_GO_TRACE, maker.bytes, maker.size, NULL, &fault);
        assert_int_equal(!!profile, limit_mb == 10);
        profile_free(profile);
        merge_use_budget(before);
    }
    assert_int_equal(fault.error, MERGE_NO_MEMORY);
    unmake(&maker);
}

// Two thousand threads wait for what never comes, at each of a million events of another: hours.
TEST(threads_that_wait_are_not_tried_forever) {
    enum { THREADS = 2000, EVENTS = 1000000 };
    struct maker maker = begin("go 1.23 trace\0\0\0");
    for (int thread = 1; thread <= THREADS; thread++) {
        event(&maker, GO_START, 1, 9, 1, LAST);
        end_batch(&maker, 1, (uint64_t)thread);
    }
    for (int i = 0; i < EVENTS; i++) {
        event(&maker, GO_HEAP_ALLOC, 1, 1, LAST);
        if (maker.batch_size > 60000) {
            end_batch(&maker, 1, 0);
        }
    }
    end_batch(&maker, 1, 0);
    tables(&maker, 1, false);
    finish_badly(&maker, MERGE_MALFORMED, maker.size, "its events are too far out of order");
}

int main(void) {
    return tests_run();
}
