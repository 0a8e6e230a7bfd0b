// time_profile_test.c: CPU time of threads by stack, of Python's also what they wait in, and events; each profile has what came since the
// last one.

#include "../../base/test/test.h"

#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../base/clock.h"
#include "../../cmemprof/profiler.h"
#include "../../cmemprof/test/like_python.h"
#include "../../merge/merge.h"
#include "../../base/test/emulated.h"
#include "../time_profile.h"

const char like_python_type;

enum { HZ = 100, PERIOD_NS = 1000000000 / HZ };

static struct profile *profile;

// Of the samples with this function (NULL: all), the sum of a type.
static int64_t sum(const char *type, const char *function) {
    int index = profile_sample_type_index(profile, type);
    struct profile_sample_view view;
    int64_t total = 0;
    for (size_t i = 0; index >= 0 && i < profile_sample_count(profile); i++) {
        bool found = !function;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        for (size_t k = 0; k < view.frame_count; k++) {
            found |= function && strcmp(view.frames[k].function, function) == 0;
        }
        total += found ? view.values[index] : 0;
    }
    return total;
}

// The text of a label of the sample with this leaf; NULL: there is none.
static const char *label(const char *leaf, const char *key) {
    static char text[100];
    struct profile_sample_view view;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        for (size_t k = 0; strcmp(view.frames[0].function, leaf) == 0 && k < view.label_count; k++) {
            if (strcmp(view.labels[k].key, key) == 0 && view.labels[k].text) {
                snprintf(text, sizeof text, "%s", view.labels[k].text);
                return text;
            }
        }
    }
    return NULL;
}

static void take(void) {
    const uint8_t *bytes;
    size_t size;
    struct merge_fault fault;
    assert_int_equal(time_profile_take(&bytes, &size), CMEMPROF_OK);
    profile_free(profile);
    profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, &fault), MERGE_OK);
}

static int time_setup(void **state) {
    (void)state;
    return time_profile_start(&profiler, HZ) ? 1 : 0;
}
static int time_teardown(void **state) {
    (void)state;
    time_profile_stop();
    profile_free(profile);
    profile = NULL;
    return 0;
}

__attribute__((noinline)) static uint64_t computes(uint64_t for_ns) {
    uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID), now = begin;
    while (now - begin < for_ns) {
        now = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    }
    return now - begin;
}

static sem_t begun, go_on, done, may_end;

__attribute__((noinline)) static void *computes_in_a_thread(void *context) {
    prctl(PR_SET_NAME, "computer");
    sem_post(&begun);
    sem_wait(&go_on);
    *(uint64_t *)context = computes(500000000);
    sem_post(&done);
    sem_wait(&may_end);
    return context;
}

// Begins a thread and meets it; what it computes is in *ns once it is done. It stays, so that what it has used since its last sample can be
// read, until it is let go.
static pthread_t begin_computing(uint64_t *ns) {
    pthread_t thread;
    assert_int_equal(sem_init(&begun, 0, 0) | sem_init(&go_on, 0, 0) | sem_init(&done, 0, 0) | sem_init(&may_end, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, computes_in_a_thread, ns), 0);
    sem_wait(&begun);
    time_profile_tick();
    sem_post(&go_on);
    return thread;
}

static void let_go(pthread_t thread) {
    sem_post(&may_end);
    pthread_join(thread, NULL);
}

// A sample stands for the time since the one before, and the last one for what came after it. The first one is off by a period; beside that
// there is what the thread does before and after: little, as a late sample in it would have the time since the one before, too.
enum { OFF_BY_NS = 2 * PERIOD_NS + 20000000 };
static bool is_about(int64_t have, uint64_t ns) {
    bool is = have >= (int64_t)ns - OFF_BY_NS && have <= (int64_t)ns + OFF_BY_NS;
    if (!is) {
        print_error("%" PRId64 " ns in the profile, %" PRIu64 " were used\n", have, ns);
    }
    return is;
}
static void expect_ns(int64_t have, uint64_t ns) {
    assert_true(is_about(have, ns));
}

TEST_IN(time, cpu_time_is_where_it_was_used) {
    SKIP_EMULATED("the emulator looks at timers when it gets to it");
    uint64_t of_thread = 0;
    pthread_t thread = begin_computing(&of_thread);
    uint64_t own = computes(500000000);
    sem_wait(&done);
    take();
    let_go(thread);
    expect_ns(sum("cpu-time", "computes_in_a_thread"), of_thread);
    expect_ns(sum("cpu-time", "computes") - sum("cpu-time", "computes_in_a_thread"), own);
    assert_true(sum("cpu-samples", "computes") >= 4); // of 100 periods; a kernel may be late to look at timers
    assert_int_equal(profile_sample_type_index(profile, "wall-time"), -1);
    take();
    assert_int_equal(sum("cpu-time", "computes"), 0);
}

TEST_IN(time, threads_have_their_names) {
    uint64_t ns = 0;
    pthread_t thread = begin_computing(&ns);
    sem_wait(&done);
    take();
    let_go(thread);
    bool found = false;
    struct profile_sample_view view;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        for (size_t k = 0; k < view.label_count; k++) {
            found |= view.labels[k].text && strcmp(view.labels[k].text, "computer") == 0;
        }
    }
    assert_true(found);
}

TEST_IN(time, a_child_begins_anew) {
    SKIP_EMULATED("the emulator looks at timers when it gets to it");
    computes(200000000);
    pid_t child = fork();
    if (child == 0) {
        time_profile_after_fork_in_child(true);
        time_profile_tick();
        uint64_t ns = computes(500000000);
        take();
        _exit(is_about(sum("cpu-time", "computes"), ns) ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void block_signal(int how) {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, TIME_SIGNAL);
    assert_int_equal(pthread_sigmask(how, &only, NULL), 0);
}

// Masks are looked at now and then, of threads that have run.
static void until_masks_are_seen(void) {
    nanosleep(&(struct timespec){.tv_nsec = 110000000}, NULL);
    time_profile_tick();
}

// Of the profile just taken: whether what has samples is all that was used while the signal was not blocked. A busy kernel is late to look
// at timers, and what came after the last sample before the thread lost its timer is the row's: then it is less. It is never more, and
// nothing is lost.
static bool is_all_sampled(int64_t sampled, uint64_t unblocked, uint64_t blocked) {
    int64_t row = sum("cpu-time", "(CPU time not sampled)");
    assert_true(sampled <= (int64_t)unblocked + OFF_BY_NS);
    assert_true(row >= (int64_t)blocked - OFF_BY_NS);
    assert_true(sampled + row >= (int64_t)(unblocked + blocked) - OFF_BY_NS);
    return sampled >= (int64_t)unblocked - OFF_BY_NS;
}

TEST_IN(time, what_is_used_with_the_signal_blocked_stays_unsampled) {
    SKIP_EMULATED("the emulator looks at timers when it gets to it");
    bool before_is_all = false, after_is_all = false;
    for (int tries = 0; tries < 50 && !(before_is_all && after_is_all); tries++) {
        take();
        uint64_t before = computes(200000000);
        block_signal(SIG_BLOCK);
        uint64_t until_seen = computes(20000000); // a signal is pending
        until_masks_are_seen();
        uint64_t blocked = computes(500000000);
        take();
        before_is_all |= is_all_sampled(sum("cpu-time", "computes"), before + until_seen, blocked);
        blocked = computes(200000000);
        block_signal(SIG_UNBLOCK);
        until_masks_are_seen();
        uint64_t after = computes(200000000);
        take();
        after_is_all |= is_all_sampled(sum("cpu-time", NULL) - sum("cpu-time", "(CPU time not sampled)"), after, blocked);
    }
    assert_true(before_is_all && after_is_all);
}

// Leaves the kernel's frame of a signal, and some.
__attribute__((noinline)) static void *computes_near_the_end(void *context) {
    enum { SIGNAL_FRAME = 51, SPARE_BYTES = 1536 }; // AT_MINSIGSTKSZ, which older headers lack
    pthread_attr_t attributes;
    void *low;
    size_t size, frame = getauxval(SIGNAL_FRAME);
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    size_t left = (size_t)((char *)__builtin_frame_address(0) - (char *)low), wanted = (frame != 0 ? frame : 4096) + SPARE_BYTES;
    if (left > wanted + 512) {
        volatile char *used = __builtin_alloca(left - wanted - 512);
        used[0] = 1;
        *(uint64_t *)context = computes(100000000);
    }
    return context;
}

// There a sample would end the program.
TEST_IN(time, a_stack_that_is_nearly_full_is_left_alone) {
    SKIP_EMULATED("the emulator's frame of a signal has another size");
    uint64_t ns = 0;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 64 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, computes_near_the_end, &ns), 0);
    for (int i = 0; i < 3; i++) {
        time_profile_tick();
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    pthread_join(thread, NULL);
    assert_true(ns >= 100000000);
    take();
    assert_int_equal(sum("cpu-samples", "computes"), 0);
    pthread_attr_destroy(&attributes);
}

static void handle(int number) {
    (void)number;
}

TEST(a_program_keeps_its_signal) {
    signal(TIME_SIGNAL, handle);
    assert_string_equal(time_profile_start(&profiler, HZ), "the program handles SIGURG itself");
    assert_false(time_profile_is_on());
    signal(TIME_SIGNAL, SIG_DFL);
    assert_null(time_profile_start(&profiler, HZ));
    uint64_t before = computes(100000000);
    signal(TIME_SIGNAL, handle);
    for (int i = 0; i < 20; i++) {
        time_profile_tick();
    }
    computes(100000000);
    take();
    const char *warnings[4];
    assert_int_equal(profile_warnings(profile, warnings, 4), 1);
    assert_string_equal(warnings[0], "time is not sampled any more: the program has come to handle SIGURG itself");
    assert_true(sum("cpu-time", "computes") <= (int64_t)before + OFF_BY_NS); // the last sample does not stand for what came after
    assert_true(sum("cpu-time", "(CPU time not sampled)") > 50000000);
    time_profile_stop();
    signal(TIME_SIGNAL, SIG_DFL);
    profile_free(profile);
    profile = NULL;
}

// It forbids nothing.
static void add_filter(void) {
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog filter = {1, &allow};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        _exit(2);
    }
}

static size_t warnings_of_a_look(const char **first) {
    time_profile_tick();
    take();
    return profile_warnings(profile, first, 1);
}

// What a filter makes of a system call that did no harm before is not tried, also where there was one from the start, as in containers.
TEST(a_new_filter_of_system_calls_ends_it) {
    SKIP_EMULATED(EMULATED_FILTERS);
    for (int before = 0; before < 2; before++) {
        pid_t child = fork();
        if (child == 0) {
            const char *why = "";
            if (before != 0) {
                add_filter();
            }
            if (time_profile_start(&profiler, HZ) || warnings_of_a_look(&why) != 0) {
                _exit(3);
            }
            add_filter();
            bool is_said = warnings_of_a_look(&why) == 1 &&
                           strcmp(why, "time is not sampled any more: the program has restricted its system calls") == 0;
            _exit(is_said ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

// ---- With Python ----

static struct {
    _Alignas(8) char interpreter[8], thread[256], frame[96], shim[96];
    struct like_code code;
} fake;
static _Thread_local bool is_pythons;

static _Thread_local bool may_be_held;
static _Atomic bool holds;
static void *this_thread(void) { // in a sample's handler
    if (may_be_held && atomic_load(&holds)) {
        sem_post(&done);
        while (atomic_load(&holds)) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
    return is_pythons ? fake.thread : NULL;
}
static int never(void) {
    return 0;
}
static void *main_interpreter(void) {
    return fake.interpreter;
}
static void *first_thread(void *of) {
    return of == fake.interpreter ? fake.thread : NULL;
}

// One thread of Python's, in the function "sleeps" of app.py, line 7.
static int python_setup(void **state) {
    static uint64_t words[LIKE_PYTHON_OFFSETS];
    const struct python_symbols symbols = {.this_thread = this_thread,
                                           .running = this_thread,
                                           .is_finalizing = never,
                                           .main_interpreter = main_interpreter,
                                           .first_thread = first_thread,
                                           .code_type = (uintptr_t)&like_python_type,
                                           .version = 0x030d00f0,
                                           .runtime = words};
    like_python_offsets(words);
    if (!atomic_load(&profiler.python.is_there) && !python_start(&profiler.python, &symbols)) {
        return 1;
    }
    const struct python_layout *layout = profiler.python.layout;
    like_code(layout, &fake.code, "sleeps", "app.py", 7, "\x80", 1);
    like_python_put(fake.thread, layout->thread_first, (uintptr_t)fake.frame);
    like_python_put(fake.thread, layout->thread_interpreter, (uintptr_t)fake.interpreter);
    like_python_put(fake.frame, layout->frame_code, (uintptr_t)fake.code.bytes);
    like_python_put(fake.frame, layout->frame_instruction, (uintptr_t)fake.code.bytes + layout->code_instructions);
    like_python_put(fake.frame, layout->frame_previous, (uintptr_t)fake.shim);
    fake.shim[layout->frame_owner] = (char)layout->first_shim;
    return time_setup(state);
}

static void *waits(void *context) {
    is_pythons = true;
    like_python_put(fake.thread, profiler.python.layout->thread_native_id, (uintptr_t)syscall(SYS_gettid));
    sem_post(&begun);
    sem_wait(&go_on);
    time_profile_event(&(struct time_event){.kind = TIME_EVENT_RAISED, .type = "KeyError", .count = 3, .skip = 0});
    time_profile_event(&(struct time_event){.kind = TIME_EVENT_RAISED, .type = "ValueError", .count = 4, .skip = 1});
    time_profile_event(&(struct time_event){.kind = TIME_EVENT_RAISED, .type = "ValueError", .count = 5, .skip = 9});
    return context;
}

static void until_it_sleeps(void) {
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", *(long *)(void *)(fake.thread + profiler.python.layout->thread_native_id));
    for (int i = 0; i < 6000 && !strstr(text, ") S"); i++) {
        FILE *file = fopen(path, "re");
        size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
        text[size] = '\0';
        if (file) {
            fclose(file);
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

TEST_BETWEEN(python_setup, time_teardown, what_a_thread_waits_in) {
    SKIP_EMULATED(EMULATED_READV);
    pthread_t thread;
    sem_init(&begun, 0, 0);
    sem_init(&go_on, 0, 0);
    uint64_t before = clock_ns(CLOCK_MONOTONIC);
    time_profile_tick();
    take();
    assert_int_equal(pthread_create(&thread, NULL, waits, NULL), 0);
    sem_wait(&begun);
    until_it_sleeps();
    time_profile_tick();
    for (int i = 0; i < 20; i++) {
        nanosleep(&(struct timespec){.tv_nsec = PERIOD_NS}, NULL);
        time_profile_tick();
    }
    uint64_t end = clock_ns(CLOCK_MONOTONIC);
    take();
    assert_in_range(sum("wall-samples", "sleeps"), 20, 21);
    assert_in_range(sum("wall-time", "sleeps"), 20 * (int64_t)PERIOD_NS, end - before);
    assert_int_equal(sum("cpu-time", "sleeps"), 0);
    assert_int_equal(profile_sample_type_index(profile, "exception-samples"), -1);
    sem_post(&go_on);
    pthread_join(thread, NULL);
    take();
    assert_int_equal(sum("exception-samples", "sleeps"), 3);
    assert_string_equal(label("sleeps", "exception type"), "KeyError");
    assert_int_equal(sum("exception-samples", "[no frames of Python]"), 9);
    assert_string_equal(label("[no frames of Python]", "exception type"), "ValueError");
    take();
    assert_int_equal(sum("exception-samples", NULL), 0);
}

static void *computes_until_held(void *context) {
    may_be_held = true;
    sem_post(&begun);
    for (int i = 0; i < 60000 && atomic_load(&holds); i++) {
        computes(1000000);
    }
    return context;
}

// Returns once a thread is held up in a sample.
static pthread_t hold(void) {
    pthread_t thread;
    assert_int_equal(sem_init(&begun, 0, 0) | sem_init(&done, 0, 0), 0);
    atomic_store(&holds, true);
    assert_int_equal(pthread_create(&thread, NULL, computes_until_held, NULL), 0);
    sem_wait(&begun);
    time_profile_tick();
    sem_wait(&done);
    return thread;
}

static void let_it_go(pthread_t thread) {
    atomic_store(&holds, false);
    pthread_join(thread, NULL);
}

// What came after the last sample of the first profile is the first sample's of the second one: little, unless the kernel is late to look
// at timers.
TEST_BETWEEN(python_setup, time_teardown, a_thread_that_is_held_up_holds_up_one_profile) {
    SKIP_EMULATED(EMULATED_READV);
    const uint8_t *bytes;
    size_t size;
    bool is_in_time = false;
    for (int tries = 0; tries < 20 && !is_in_time; tries++) {
        uint64_t first = computes(500000000);
        pthread_t thread = hold();
        assert_int_equal(time_profile_take(&bytes, &size), CMEMPROF_OK);
        assert_null(bytes);
        uint64_t second = computes(200000000);
        take();
        int64_t of_second = sum("cpu-time", "computes");
        assert_true(sum("cpu-time", "(CPU time not sampled)") < (int64_t)second); // that of the first is not in it
        let_it_go(thread);
        take();
        int64_t of_first = sum("cpu-time", "computes");
        assert_true(sum("cpu-time", "(CPU time not sampled)") < (int64_t)second);
        assert_true(of_first + of_second >= (int64_t)(first + second) - 2 * OFF_BY_NS);
        is_in_time = is_about(of_second, second) && of_first >= (int64_t)first - OFF_BY_NS;
    }
    assert_true(is_in_time);
}

TEST_BETWEEN(python_setup, time_teardown, a_start_waits_for_the_samples_of_the_one_before) {
    SKIP_EMULATED(EMULATED_READV);
    pthread_t thread = hold();
    time_profile_stop();
    assert_string_equal(time_profile_start(&profiler, HZ), "a thread is held up in a sample of the time profile before");
    assert_false(time_profile_is_on());
    let_it_go(thread);
    assert_null(time_profile_start(&profiler, HZ));
    take();
    assert_int_equal(sum("cpu-samples", "computes_until_held"), 0);
}

int main(void) {
    if (cmemprof_start(CMEMPROF_DEFAULT_INTERVAL_BYTES) != CMEMPROF_OK) {
        return 1;
    }
    return tests_run();
}
