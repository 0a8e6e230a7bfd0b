// cpu_traceback_test.c: what Go gets from the traceback and the symbolizer. Stacks: unwind_interrupted_test.c; real programs:
// e2e/cpu.

#include "../../base/test/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <sys/auxv.h>

#include "../cmemprof.h"
#include "../cpu_gap.h"
#include "../cpu_traceback.h"

enum { CAPACITY = 32, BEYOND = 0x5a };

// As Go's: the addresses, and what must not be written to.
static uintptr_t pcs[CAPACITY + 1];
static int errno_after;

static void on_signal(int number, siginfo_t *info, void *context) {
    struct {
        uintptr_t context, signal_context;
        uintptr_t *pcs;
        uintptr_t capacity;
    } argument = {0, (uintptr_t)context, pcs, CAPACITY};
    (void)number, (void)info;
    errno = 77;
    cmemprof_cgo_traceback(&argument);
    errno_after = errno;
}

// In a section of its own, whose bounds the linker names.
extern const char __start_interrupted[], __stop_interrupted[];
static __attribute__((noinline, section("interrupted"))) void interrupt_at(int depth) {
    if (depth == 0) {
        raise(SIGUSR1);
    } else {
        interrupt_at(depth - 1);
    }
    __asm__ volatile("");
}

static unsigned trace(int depth) {
    memset(pcs, 0xff, sizeof pcs);
    pcs[CAPACITY] = BEYOND;
    interrupt_at(depth);
    assert_int_equal(pcs[CAPACITY], BEYOND);
    assert_int_equal(errno_after, 77);
    unsigned depth_frames = 0;
    while (depth_frames < CAPACITY && pcs[depth_frames] != 0) {
        depth_frames++;
    }
    return depth_frames;
}

static struct cmemprof_cpu_stats stats_now(void) {
    struct cmemprof_cpu_stats stats;
    cmemprof_get_cpu_stats(&stats);
    return stats;
}

static bool is_here(uintptr_t pc) {
    return pc >= (uintptr_t)__start_interrupted && pc < (uintptr_t)__stop_interrupted;
}

TEST(gives_nothing_before_it_is_started) {
    assert_int_equal(trace(0), 0);
    assert_int_equal(stats_now().stacks, 0);
    assert_true(cmemprof_cgo_traceback_start());
    assert_true(trace(0) > 2);
    cmemprof_cgo_traceback_stop();
    assert_int_equal(trace(0), 0);
    assert_int_equal(stats_now().stacks, 1);
}

static int traceback_setup(void **state) {
    (void)state;
    return !cmemprof_cgo_traceback_start();
}

static int traceback_teardown(void **state) {
    (void)state;
    cmemprof_cgo_traceback_stop();
    return 0;
}

TEST_IN(traceback, whole_stacks) {
    struct cmemprof_cpu_stats before = stats_now();
    unsigned shallow = trace(0), deeper = trace(5), here = 0, frames;
    assert_int_equal(deeper, shallow + 5);
    for (unsigned i = 0; i < deeper; i++) {
        here += is_here(pcs[i]);
        assert_false(cpu_gap_is(pcs[i], &frames));
    }
    assert_int_equal(here, 6);
    assert_int_equal(stats_now().stacks, before.stacks + 2);
    assert_int_equal(stats_now().left_out, before.left_out);
}

TEST_IN(traceback, one_address_stands_for_what_is_left_out) {
    struct cmemprof_cpu_stats before = stats_now();
    unsigned shallow = trace(0), frames;
    assert_int_equal(trace(100), CAPACITY);
    assert_true(cpu_gap_is(pcs[16], &frames));
    assert_int_equal(frames, shallow + 100 - (CAPACITY - 1));
    for (unsigned i = 0; i < CAPACITY; i++) {
        assert_int_equal(cpu_gap_is(pcs[i], &frames), i == 16);
    }
    assert_int_equal(stats_now().left_out, before.left_out + 1);
    // Without a root part the gap is the last.
    assert_int_equal(trace(3000), 17);
    assert_true(cpu_gap_is(pcs[16], &frames));
    assert_int_equal(frames, UNWIND_INTERRUPTED_MAX_FRAMES - 16);
    assert_int_equal(stats_now().cut_depth, before.cut_depth + 1);
}

// When all are in use the stack is counted as lost; a forked child has them all again.
TEST_IN(traceback, as_many_walks_at_once_as_there_is_room_for) {
    struct cpu_scratch *scratches = atomic_load(&profiler.cpu.scratches);
    uint64_t before = stats_now().busy;
    for (unsigned i = 0; i < CPU_SCRATCHES; i++) {
        assert_true(trace(0) > 0);
        assert_false(atomic_load(&scratches[i].busy));
        atomic_store(&scratches[i].busy, true);
    }
    assert_int_equal(trace(0), 0);
    assert_int_equal(stats_now().busy, before + 1);
    cpu_traceback_after_fork_in_child(&profiler);
    assert_true(trace(0) > 0);
    assert_int_equal(stats_now().busy, before + 1);
}

TEST_IN(traceback, refuses_what_it_cannot_do) {
    uintptr_t few[3] = {1, 1, 1};
    struct {
        uintptr_t context, signal_context;
        uintptr_t *pcs;
        uintptr_t capacity;
    } argument = {0, 0, few, 3};
    cmemprof_cgo_traceback(&argument); // not in a signal handler
    assert_int_equal(few[0], 0);
    few[0] = 1;
    argument.capacity = 0;
    cmemprof_cgo_traceback(&argument);
    assert_int_equal(few[0], 1);
}

// ---- Symbolizer ----

struct symbolizer_argument {
    uintptr_t pc;
    const char *file;
    uintptr_t line;
    const char *function;
    uintptr_t entry, more, data;
};

static const char *name_of(uintptr_t pc) {
    struct symbolizer_argument argument = {.pc = pc};
    cmemprof_cgo_symbolizer(&argument);
    assert_null(argument.file);
    assert_int_equal(argument.line, 0);
    assert_int_equal(argument.more, 0);
    return argument.function;
}

// The loader's word for it.
static void expect_object(uintptr_t pc) {
    Dl_info info;
    struct link_map *map;
    char expected[300];
    assert_true(dladdr1((void *)pc, &info, (void **)&map, RTLD_DL_LINKMAP) != 0);
    const char *path = *map->l_name != '\0' ? map->l_name : (const char *)getauxval(AT_EXECFN), *slash = strrchr(path, '/');
    snprintf(expected, sizeof expected, "%s+0x%" PRIxPTR, slash ? slash + 1 : path, pc - map->l_addr);
    const char *name = name_of(pc), *plus = strchr(name, '+');
    assert_non_null(plus);
    assert_string_equal(plus, strchr(expected, '+'));
    // libc.so.6 may be a link to another name.
    assert_int_equal(strncmp(name, expected, 4), 0);
}

TEST_IN(traceback, names_are_object_and_offset) {
    char expected[64];
    unsigned frames;
    expect_object((uintptr_t)interrupt_at + 3);
    expect_object((uintptr_t)dlsym(RTLD_DEFAULT, "qsort") + 5);
    snprintf(expected, sizeof expected, "unknown+0x%" PRIxPTR, (uintptr_t)pcs);
    assert_string_equal(name_of((uintptr_t)pcs), expected);
    trace(100);
    assert_true(cpu_gap_is(pcs[16], &frames));
    snprintf(expected, sizeof expected, "(%u frames left out)", frames);
    assert_string_equal(name_of(pcs[16]), expected);
}

// Go copies each name before it asks for the next one, but several threads may ask.
TEST_IN(traceback, names_stay_for_a_while) {
    struct symbolizer_argument end = {.function = "unchanged"};
    const char *first = name_of((uintptr_t)interrupt_at);
    char copy[CPU_NAME_BYTES];
    strcpy(copy, first);
    for (int i = 0; i < CPU_NAMES - 1; i++) {
        name_of((uintptr_t)test_names_stay_for_a_while + (uintptr_t)i);
    }
    assert_string_equal(first, copy);
    cmemprof_cgo_symbolizer(&end); // pc 0: Go is done
    assert_string_equal(end.function, "unchanged");
}

static void close_all(void) {
    cpu_traceback_close(&profiler);
    modules_free(&profiler.code.modules);
}

int main(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = on_signal;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGUSR1, &action, NULL) != 0) {
        return 1;
    }
    int failed = tests_run();
    close_all();
    return failed;
}
