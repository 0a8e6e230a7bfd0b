// unwinding.h: stacks as the unwinder finds them, compared with glibc's backtrace(), which uses libgcc's.
#ifndef CMEMPROF_TEST_UNWINDING_H
#define CMEMPROF_TEST_UNWINDING_H

#include <execinfo.h>
#include <string.h>
#include <sys/mman.h>

#include "../code_loader.h"
#include "../code_objects.h"
#include "../unwind.h"

static struct unwinder unwinder;
static __thread struct thread_state thread;

struct result {
    uintptr_t ours[UNWIND_MAX_FRAMES];
    void *theirs[UNWIND_MAX_FRAMES];
    uint32_t our_count, skipped;
    int their_count;
    enum unwind_end end;
};

// Our walk begins at the caller of this function; libgcc's has this function's own frame before it.
static __attribute__((noinline, unused)) void capture(struct result *result) {
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    static struct unwind_memo memo;
    unwind_stack_from_here(&unwinder, &thread, caller, &memo);
    result->our_count = memo.depth_frames;
    result->end = memo.end;
    memcpy(result->ours, memo.pcs, memo.depth_frames * sizeof *memo.pcs);
    result->their_count = backtrace(result->theirs, UNWIND_MAX_FRAMES);
    result->skipped = 0;
    while ((int)result->skipped < result->their_count && (uintptr_t)result->theirs[result->skipped] != caller) {
        result->skipped++;
    }
}

// The same return addresses, down to the end that both find.
static inline void assert_same_frames(const struct result *result) {
    assert_int_equal(result->our_count, (uint32_t)result->their_count - result->skipped);
    for (uint32_t i = 0; i < result->our_count; i++) {
        assert_int_equal(result->ours[i], (uintptr_t)result->theirs[result->skipped + i]);
    }
}

static inline void assert_same(const struct result *result) {
    assert_int_equal(result->end, UNWIND_COMPLETE);
    assert_same_frames(result);
}

static inline void use(volatile void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static __attribute__((noinline, unused)) void plain(struct result *result) {
    capture(result);
    use(result);
}

static __attribute__((noinline, unused)) void with_alloca(struct result *result, size_t size) {
    volatile char *padding = __builtin_alloca(size);
    padding[0] = 1;
    plain(result);
    use(padding);
}

static __attribute__((noinline, unused)) void with_large_frame(struct result *result) {
    volatile char padding[200 * 1024];
    padding[0] = 1;
    with_alloca(result, 1234);
    use(padding);
}

// An over-aligned local together with alloca makes the compiler realign the stack and base its CFA on a saved pointer.
static __attribute__((noinline, unused)) void with_realigned_stack(struct result *result, size_t size, int a, int b, int c, int d, int e,
                                                                   int f) {
    _Alignas(64) volatile char padding[128];
    volatile char *more = __builtin_alloca(size + (size_t)(a + b + c + d + e + f));
    padding[0] = more[0] = 1;
    with_large_frame(result);
    use(padding);
    use(more);
}

// FP does not hold a frame's address, nor does another register that a function keeps. 80 bytes at most, also at -O0 and in make coverage.
#ifdef __aarch64__
#define OF_FP "x29"
#define OF_OTHER "x19"
#else
#define OF_FP "rbp"
#define OF_OTHER "rbx"
#endif
static __attribute__((noinline, unused, no_profile_instrument_function, optimize("omit-frame-pointer"))) void
with_numbers_in_registers(struct result *result) {
    register uintptr_t fp __asm__(OF_FP) = 0xdeadbeefdeadbee8u;
    register uintptr_t other __asm__(OF_OTHER) = 0x1234567;
    __asm__ volatile("" : "+r"(fp), "+r"(other));
    with_realigned_stack(result, 100, 1, 2, 3, 4, 5, 6);
    __asm__ volatile("" : : "r"(fp), "r"(other));
}

static struct result *current;

static inline void on_signal(int number) {
    (void)number;
    with_numbers_in_registers(current);
}

static inline void raise_on(struct result *result, int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags}, before;
    current = result;
    sigaction(SIGUSR1, &action, &before);
    raise(SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
}

// Code without unwind tables: a call from memory written at run time, as by a JIT.
typedef void jit_call(struct result *, void (*)(struct result *));

static inline jit_call *jit(const uint8_t *program, size_t size) {
    uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, program, size);
    return (jit_call *)code;
}

// Treats [start, end) as Go code, and [call, call_end) within it as asmcgocall.
static inline void take_for_go(void *start, void *end, void *call, void *call_end) {
    unwind_set_go_text(&unwinder, (uintptr_t)start, (uintptr_t)end);
    unwind_set_go_call(&unwinder, (uintptr_t)call, (uintptr_t)call_end);
}

#endif
