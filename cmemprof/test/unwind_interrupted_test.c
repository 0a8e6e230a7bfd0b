// unwind_interrupted_test.c: C stacks of interrupted threads, compared with glibc's backtrace(), which uses libgcc's unwinder. Every
// instruction of a function: unwind_walk_test.c.

#include "../../base/test/test.h"

#include <execinfo.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include "../code_loader.h"
#include "../code_objects.h"
#include "../unwind_interrupted.h"

enum { SIGNAL_STACK_BYTES = 256 * 1024, MAX_DEPTH = 4096 };

static struct unwinder unwinder;
static __thread struct thread_state thread;

static struct {
    uint32_t capacity;
    uintptr_t ours[80];
    struct unwind_interrupted result;
    void *theirs[MAX_DEPTH];
    int their_count; // with the handler's frame and that of the kernel's trampoline
    uintptr_t interrupted;
    uint64_t stack_bytes; // that our walk has used
} seen;

enum { PAINT = 0xa5, OWN_FRAME_BYTES = 1024 };
static _Alignas(16) uint8_t signal_stack[SIGNAL_STACK_BYTES];

static __attribute__((no_sanitize("address"))) void on_signal(int number, siginfo_t *info, void *context) {
    static struct unwind_trail scratch;
    (void)number, (void)info;
    memset(&scratch, 0xee, sizeof scratch);
    seen.interrupted = machine_interrupted(context).pc;
    // The walk's use of the stack: what is no longer painted below this frame.
    volatile uint8_t *frame = (volatile uint8_t *)__builtin_frame_address(0), *lowest = signal_stack;
    for (volatile uint8_t *at = signal_stack; at < frame - OWN_FRAME_BYTES; at++) {
        *at = PAINT;
    }
    unwind_interrupted(&unwinder, &thread, context, &scratch, seen.ours, seen.capacity, &seen.result);
    while (lowest < frame && *lowest == PAINT) {
        lowest++;
    }
    seen.stack_bytes = (uint64_t)(frame - lowest);
    seen.their_count = backtrace(seen.theirs, MAX_DEPTH);
}

static __attribute__((noinline)) void interrupt_at(int depth) {
    if (depth == 0) {
        raise(SIGUSR1);
    } else {
        interrupt_at(depth - 1);
    }
    __asm__ volatile("");
}

static void capture(uint32_t capacity, int depth) {
    memset(&seen, 0, sizeof seen);
    seen.capacity = capacity;
    interrupt_at(depth);
}

// Their frame `at`, counted from the interrupted one.
static uintptr_t call_of(uint32_t at) {
    int first = 0;
    while (first < seen.their_count && (uintptr_t)seen.theirs[first] != seen.interrupted) {
        first++;
    }
    uint32_t index = (uint32_t)first + at;
    assert_true(index < (uint32_t)seen.their_count);
    return (uintptr_t)seen.theirs[index] - (at != 0); // a return address is behind the call
}

static uint32_t their_depth(void) {
    uint32_t first = 0;
    while ((uintptr_t)seen.theirs[first] != seen.interrupted) {
        first++;
    }
    return (uint32_t)seen.their_count - first;
}

static uint32_t base_depth; // of a stack with interrupt_at(0)

TEST(whole_stacks) {
    capture(64, 0);
    base_depth = their_depth();
    for (int depth = 0; depth < 8; depth++) {
        capture(64, depth);
        assert_int_equal(seen.result.end, UNWIND_COMPLETE);
        assert_int_equal(seen.result.depth_frames, their_depth());
        assert_int_equal(seen.result.leaf_frames, seen.result.depth_frames);
        assert_int_equal(seen.result.left_out, 0);
        for (uint32_t i = 0; i < seen.result.depth_frames; i++) {
            assert_int_equal(seen.ours[i], call_of(i));
        }
    }
}

// Both ends of a stack that does not fit, and one that just fits.
TEST(deep_stacks_keep_both_ends) {
    const uint32_t capacities[] = {3, 4, 31, 32, 64};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        uint32_t capacity = capacities[i], leaf = capacity - capacity / 2;
        for (uint32_t depth = 64; depth < 64 + 2 * capacity; depth++) {
            capture(capacity, (int)depth);
            uint32_t whole = their_depth();
            assert_int_equal(seen.result.end, UNWIND_COMPLETE);
            assert_int_equal(seen.result.depth_frames, capacity - 1);
            assert_int_equal(seen.result.leaf_frames, leaf);
            assert_int_equal(seen.result.left_out, whole - (capacity - 1));
            for (uint32_t at = 0; at < leaf; at++) {
                assert_int_equal(seen.ours[at], call_of(at));
            }
            for (uint32_t at = leaf; at < capacity - 1; at++) {
                assert_int_equal(seen.ours[at], call_of(whole - (capacity - 1) + at));
            }
        }
    }
    capture(32, (int)(32 - base_depth));
    assert_int_equal(seen.result.depth_frames, 32);
    assert_int_equal(seen.result.left_out, 0);
    assert_int_equal(seen.ours[31], call_of(31));
}

TEST(bottomless_stacks_have_no_root) {
    capture(32, UNWIND_INTERRUPTED_MAX_FRAMES + 100);
    assert_int_equal(seen.result.end, UNWIND_TOO_DEEP);
    assert_int_equal(seen.result.depth_frames, 16);
    assert_int_equal(seen.result.leaf_frames, 16);
    assert_int_equal(seen.result.left_out, UNWIND_INTERRUPTED_MAX_FRAMES - 16);
    capture(32, (int)(UNWIND_INTERRUPTED_MAX_FRAMES - base_depth));
    assert_int_equal(seen.result.end, UNWIND_COMPLETE);
}

// ---- Calls to where no code is ----

static void (*volatile nowhere)(void);
static sigjmp_buf back;

static __attribute__((noinline)) void call_nowhere(int depth) {
    if (depth == 0) {
        nowhere();
    } else {
        call_nowhere(depth - 1);
    }
    __asm__ volatile("");
}

static __attribute__((no_sanitize("address"))) void on_fault(int number, siginfo_t *info, void *context) {
    static struct unwind_trail scratch;
    (void)number, (void)info;
    unwind_interrupted(&unwinder, &thread, context, &scratch, seen.ours, seen.capacity, &seen.result);
    siglongjmp(back, 1);
}

static void capture_fault(uintptr_t to, uint32_t capacity, int depth) {
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, before;
    ours.sa_sigaction = on_fault;
    memset(&seen, 0, sizeof seen);
    seen.capacity = capacity;
    memcpy((void *)&nowhere, &to, sizeof to);
    assert_int_equal(sigaction(SIGSEGV, &ours, &before), 0);
    if (sigsetjmp(back, 1) == 0) {
        call_nowhere(depth);
    }
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
}

static bool is_in_call_nowhere(uintptr_t pc) {
    return pc - (uintptr_t)call_nowhere < 256;
}

TEST(a_call_through_a_null_pointer_has_its_caller) {
    for (uint32_t capacity = 16; capacity <= 32; capacity += 16) {
        capture_fault(0, capacity, 20);
        assert_int_equal(seen.result.end, UNWIND_COMPLETE);
        assert_true(seen.result.depth_frames + seen.result.left_out > 23); // 21 of it, and main's callers
        for (uint32_t i = 0; i < 8; i++) {
            assert_true(is_in_call_nowhere(seen.ours[i]));
        }
    }
    assert_int_equal(seen.result.left_out, 0);
    assert_false(is_in_call_nowhere(seen.ours[21]));
}

// Another wild pointer is an address without a name, on top of its caller.
TEST(a_call_to_unmapped_memory_has_its_caller) {
    capture_fault(0x123450, 32, 2);
    assert_int_equal(seen.result.end, UNWIND_COMPLETE);
    assert_int_equal(seen.ours[0], 0x123450);
    assert_true(is_in_call_nowhere(seen.ours[1]) && is_in_call_nowhere(seen.ours[3]));
    assert_false(is_in_call_nowhere(seen.ours[4]));
}

// Go's code begins at the test's own: the stack ends before, and is none if that code was interrupted.
TEST(stacks_end_at_go) {
    capture(64, 3);
    uint32_t own = 0;
    while (call_of(own) < (uintptr_t)interrupt_at || call_of(own) >= (uintptr_t)interrupt_at + 256) {
        own++;
    }
    unwind_set_go_text(&unwinder, (uintptr_t)interrupt_at, (uintptr_t)interrupt_at + 256);
    capture(64, 3);
    assert_int_equal(seen.result.depth_frames, own);
    assert_int_equal(seen.result.end, UNWIND_COMPLETE);
    unwind_set_go_text(&unwinder, seen.interrupted, seen.interrupted + 1);
    capture(64, 3);
    assert_int_equal(seen.result.depth_frames, 0);
    unwind_set_go_text(&unwinder, 0, 0);
}

TEST(the_signal_stack_is_spared) {
    capture(32, 100);
#ifndef __SANITIZE_ADDRESS__
    assert_in_range(seen.stack_bytes, OWN_FRAME_BYTES, OWN_FRAME_BYTES + 2048);
#endif
}

int main(void) {
    const stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_signal;
    sigemptyset(&action.sa_mask);
    backtrace(seen.theirs, 1); // loads libgcc
    code_loader_look();
    code_objects_refresh();
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0) {
        return 1;
    }
    return tests_run();
}
