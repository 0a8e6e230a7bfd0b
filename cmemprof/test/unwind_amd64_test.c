// unwind_amd64_test.c: C stacks, compared with glibc's backtrace(), which uses libgcc's unwinder. Go stacks: e2e/stacks and
// go_call_test.c; every instruction of a function: unwind_walk_amd64_test.c; the memo: unwind_memo_test.c.

#include "../../base/test/test.h"

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

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
static __attribute__((noinline)) void capture(struct result *result) {
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
static void assert_same_frames(const struct result *result) {
    assert_int_equal(result->our_count, (uint32_t)result->their_count - result->skipped);
    for (uint32_t i = 0; i < result->our_count; i++) {
        assert_int_equal(result->ours[i], (uintptr_t)result->theirs[result->skipped + i]);
    }
}

static void assert_same(const struct result *result) {
    assert_int_equal(result->end, UNWIND_COMPLETE);
    assert_same_frames(result);
}

static void use(volatile void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static __attribute__((noinline)) void plain(struct result *result) {
    capture(result);
    use(result);
}

static __attribute__((noinline)) void with_alloca(struct result *result, size_t size) {
    volatile char *padding = __builtin_alloca(size);
    padding[0] = 1;
    plain(result);
    use(padding);
}

static __attribute__((noinline)) void with_large_frame(struct result *result) {
    volatile char padding[200 * 1024];
    padding[0] = 1;
    with_alloca(result, 1234);
    use(padding);
}

// An over-aligned local together with alloca makes the compiler realign the stack and base its CFA on a saved pointer.
static __attribute__((noinline)) void with_realigned_stack(struct result *result, size_t size, int a, int b, int c, int d, int e, int f) {
    _Alignas(64) volatile char padding[128];
    volatile char *more = __builtin_alloca(size + (size_t)(a + b + c + d + e + f));
    padding[0] = more[0] = 1;
    with_large_frame(result);
    use(padding);
    use(more);
}

// RBP and RBX do not hold frame addresses. 80 bytes at most, also at -O0 and in make coverage.
static __attribute__((noinline, no_profile_instrument_function, optimize("omit-frame-pointer"))) void
with_rbp_as_number(struct result *result) {
    register uintptr_t rbp __asm__("rbp") = 0xdeadbeefdeadbee8u;
    register uintptr_t rbx __asm__("rbx") = 0x1234567;
    __asm__ volatile("" : "+r"(rbp), "+r"(rbx));
    with_realigned_stack(result, 100, 1, 2, 3, 4, 5, 6);
    __asm__ volatile("" : : "r"(rbp), "r"(rbx));
}

static struct result *current;

static int compare(const void *left, const void *right) {
    if (current->our_count == 0) {
        with_rbp_as_number(current);
    }
    return *(const int *)left - *(const int *)right;
}

static __attribute__((noinline)) void through_libc(struct result *result) {
    int numbers[] = {3, 1, 2};
    current = result;
    qsort(numbers, 3, sizeof *numbers, compare);
}

TEST(every_kind_of_frame) {
    static struct result result;
    through_libc(&result);
    assert_true(result.our_count > 8);
    assert_same(&result);
    // Warm: the rows come from the cache.
    static struct result again;
    through_libc(&again);
    assert_same(&again);
    assert_int_equal(again.our_count, result.our_count);
}

static void *on_thread(void *context) {
    through_libc(context);
    return NULL;
}

TEST(a_thread_ends_where_it_started) {
    static struct result result;
    pthread_t id;
    assert_int_equal(pthread_create(&id, NULL, on_thread, &result), 0);
    pthread_join(id, NULL);
    assert_same(&result);
}

static void on_signal(int number) {
    (void)number;
    with_rbp_as_number(current);
}

static void raise_on(struct result *result, int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags}, before;
    current = result;
    sigaction(SIGUSR1, &action, &before);
    raise(SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
}

// libgcc reports the interrupted address and that of __restore_rt itself where ours is one greater, so these two differ by one.
static void assert_same_through_signal(struct result *result) {
    for (uint32_t i = 0; i < result->our_count; i++) {
        if (result->ours[i] == (uintptr_t)result->theirs[result->skipped + i] + 1) {
            result->ours[i]--;
        }
    }
    assert_same(result);
}

TEST(through_a_signal_handler) {
    static struct result result;
    raise_on(&result, 0);
    assert_same_through_signal(&result);
}

TEST(through_an_alternate_stack) {
    static struct result result;
    enum { SIZE = 512 * 1024 };
    stack_t stack = {.ss_size = SIZE, .ss_sp = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)},
            none = {.ss_flags = SS_DISABLE};
    assert_int_equal(sigaltstack(&stack, NULL), 0);
    raise_on(&result, SA_ONSTACK);
    assert_int_equal(sigaltstack(&none, NULL), 0);
    munmap(stack.ss_sp, SIZE);
    assert_same_through_signal(&result);
}

static ucontext_t main_context, coroutine_context;

static void coroutine(void) {
    with_rbp_as_number(current);
}

TEST(in_a_coroutine) {
    static struct result result;
    enum { SIZE = 512 * 1024 };
    char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    current = &result;
    getcontext(&coroutine_context);
    coroutine_context.uc_stack = (stack_t){.ss_sp = stack, .ss_size = SIZE};
    coroutine_context.uc_link = &main_context;
    makecontext(&coroutine_context, coroutine, 0);
    swapcontext(&main_context, &coroutine_context);
    munmap(stack, SIZE);
    // A coroutine "returns" to the first byte of __start_context, which nobody called: its stack is complete and includes that function.
    assert_int_equal(result.ours[result.our_count - 1], (uintptr_t)result.theirs[result.skipped + result.our_count - 1] + 1);
    assert_same_through_signal(&result);
}

static __attribute__((noinline)) int recurse(struct result *result, int depth) {
    if (depth == 0) {
        capture(result);
        return 0;
    }
    int below = recurse(result, depth - 1);
    use(&below);
    return below + 1;
}

TEST(deep_stack_is_cut) {
    static struct result result;
    recurse(&result, 400);
    assert_same(&result);
    recurse(&result, 5000);
    assert_int_equal(result.end, UNWIND_TOO_DEEP);
    assert_int_equal(result.our_count, UNWIND_MAX_FRAMES);
    assert_int_equal(result.ours[1], (uintptr_t)result.theirs[result.skipped + 1]);
}

// Code without unwind tables: a call from memory written at run time, as by a JIT.
typedef void jit_call(struct result *, void (*)(struct result *));

static jit_call *jit(const uint8_t *program, size_t size) {
    uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, program, size);
    return (jit_call *)code;
}

// RBP of its caller is a number, so the walk cannot continue.
static __attribute__((noinline, optimize("omit-frame-pointer"))) void call_with_rbp_as_number(jit_call *call, struct result *result) {
    register uintptr_t rbp __asm__("rbp") = 0xdeadbeefdeadbee8u;
    __asm__ volatile("" : "+r"(rbp));
    call(result, plain);
    __asm__ volatile("" : : "r"(rbp));
}

TEST(code_without_rules_cuts_the_stack) {
    static struct result result;
    static const uint8_t program[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd6, 0x48, 0x83, 0xc4, 0x08, 0xc3}; // sub $8,%rsp; call *%rsi; ...
    jit_call *call = jit(program, sizeof program);
    uint64_t before = unwinder.fallbacks;
    call_with_rbp_as_number(call, &result);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    assert_int_equal(result.ours[1], (uintptr_t)call + 6);
    assert_int_equal(unwinder.fallbacks, before);
    munmap((void *)call, 4096);
}

static __attribute__((noinline)) void call_jit(jit_call *call, struct result *result) {
    call(result, plain);
    use(result);
}

// With a frame pointer it is followed and counted every time. The frames: plain, the JIT's function, call_jit, this one ...
TEST(a_jit_with_frame_pointers_is_followed) {
    static struct result result, direct;
    static const uint8_t program[] = {0x55, 0x48, 0x89, 0xe5,
                                      0xff, 0xd6, 0x5d, 0xc3}; // push %rbp; mov %rsp,%rbp; call *%rsi; pop %rbp; ret
    jit_call *call = jit(program, sizeof program);
    plain(&direct);
    for (int i = 0; i < 3; i++) {
        uint64_t before = unwinder.fallbacks;
        call_jit(call, &result);
        assert_int_equal(unwinder.fallbacks, before + 1);
        assert_int_equal(result.end, UNWIND_COMPLETE);
        assert_int_equal(result.our_count, direct.our_count + 2);
        assert_int_equal(result.ours[1], (uintptr_t)call + 6);
        assert_memory_equal(&result.ours[4], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
    }
    // A fake frame record without a return address is rejected.
    static const uint8_t fake[] = {0x55, 0x48, 0x89, 0xe5, 0x6a, 0x77, 0x6a, 0x00, 0x48, 0x89,
                                   0xe5, 0xff, 0xd6, 0x48, 0x83, 0xc4, 0x10, 0x5d, 0xc3};
    memcpy((void *)call, fake, sizeof fake); // push $0x77; push $0; mov %rsp,%rbp; call *%rsi
    uint64_t before = unwinder.fallbacks;
    call_jit(call, &result);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    assert_int_equal(unwinder.fallbacks, before);
    munmap((void *)call, 4096);
}

// A signal at the first instruction of a function: other rules apply one byte before it (here: none with the same frame size).
__asm__(".text\n"
        "big_frame_before:\n\t.cfi_startproc\n\tsub $8000, %rsp\n\t.cfi_def_cfa_offset 8008\n\tud2\n\t.cfi_endproc\n"
        "traps_at_once:\n\t.cfi_startproc\n\tud2\n\tret\n\t.cfi_endproc\n");
void traps_at_once(void);

static void on_trap(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    plain(current);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static __attribute__((noinline)) void trap(struct result *result) {
    traps_at_once();
    use(result);
}

TEST(a_signal_at_the_first_instruction) {
    static struct result result, direct;
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, before;
    current = &result;
    sigaction(SIGILL, &action, &before);
    trap(&result);
    sigaction(SIGILL, &before, NULL);
    plain(&direct);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    // plain, on_trap's return address __restore_rt, traps_at_once, trap, this function, and so on.
    assert_int_equal(result.our_count, direct.our_count + 4);
    assert_int_equal(result.ours[3], (uintptr_t)traps_at_once + 1);
    assert_memory_equal(&result.ours[6], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
}

// The address of __restore_rt plus one, so that the byte before is in it.
TEST(restorer_is_symbolizable) {
    static struct result result;
    uint64_t trampoline[4] = {0}; // the kernel's struct sigaction: handler, flags, restorer
    raise_on(&result, 0);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR2, &action, NULL);
    assert_int_equal(syscall(SYS_rt_sigaction, SIGUSR2, NULL, trampoline, 8), 0);
    uint32_t found = 0;
    for (uint32_t i = 0; i < result.our_count; i++) {
        found += result.ours[i] == trampoline[2] + 1;
    }
    assert_int_equal(found, 1);
}

// Treats [start, end) as Go code, and [call, call_end) within it as asmcgocall.
static void take_for_go(void *start, void *end, void *call, void *call_end) {
    unwind_set_go_text(&unwinder, (uintptr_t)start, (uintptr_t)end);
    unwind_set_go_call(&unwinder, (uintptr_t)call, (uintptr_t)call_end);
}

// A function whose CFA is based on RBX calls a replica of crosscall2, which saves and changes RBX, and calls back.
__asm__(".text\n"
        "cfa_by_rbx:\n\t.cfi_startproc\n\tpush %rbx\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset rbx, -16\n\tmov %rsp, %rbx\n\t"
        ".cfi_def_cfa_register rbx\n\tsub $4096, %rsp\n\tcall like_crosscall2\n\tmov %rbx, %rsp\n\t.cfi_def_cfa_register rsp\n\t"
        "pop %rbx\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n"
        "like_crosscall2:\n\t"
        "push %rbp\n\tmov %rsp, %rbp\n\tpush %rbp\n\tmov %rsp, %rbp\n\tpush %r15\n\tpush %r14\n\tpush %r13\n\tpush %r12\n\t"
        "push %rbx\n\tmov $0x1234567, %rbx\n\tcall *%rsi\n\t"
        "pop %rbx\n\tpop %r12\n\tpop %r13\n\tpop %r14\n\tpop %r15\n\tpop %rbp\n\tpop %rbp\n\tret\n"
        "like_crosscall2_end:\n");
void cfa_by_rbx(struct result *, void (*)(struct result *));
void like_crosscall2(void);
void like_crosscall2_end(void);

static __attribute__((noinline)) void through_crosscall2(struct result *result) {
    cfa_by_rbx(result, plain);
    use(result);
}

TEST(crosscall2_keeps_its_callers_rbx) {
    static struct result result, direct;
    take_for_go(like_crosscall2, like_crosscall2_end, use, use + 1);
    through_crosscall2(&result);
    take_for_go(NULL, NULL, NULL, NULL);
    plain(&direct);
    assert_int_equal(result.end, UNWIND_COMPLETE);
    assert_int_equal(result.our_count, direct.our_count + 3); // like_crosscall2, cfa_by_rbx, through_crosscall2
    assert_memory_equal(&result.ours[5], &direct.ours[2], (direct.our_count - 2) * sizeof direct.ours[0]);
}

// A hook does not know the start's RBX; if a rule needs it the walk starts further in, where it is known.
__attribute__((noinline)) static void start_at_parent(void) {
    const uintptr_t *frame = __builtin_frame_address(0);
    static struct unwind_memo memo;
    const struct unwind_start start = {.pc = frame[1], .sp = (uintptr_t)(frame + 2), .rbp = frame[0]};
    unwind_stack(&unwinder, &thread, &start, &memo);
    current->our_count = memo.depth_frames;
    current->end = memo.end;
    memcpy(current->ours, memo.pcs, memo.depth_frames * sizeof *memo.pcs);
    current->their_count = backtrace(current->theirs, UNWIND_MAX_FRAMES);
    current->skipped = 0;
    while ((int)current->skipped < current->their_count && (uintptr_t)current->theirs[current->skipped] != start.pc) {
        current->skipped++;
    }
}

__asm__(".text\n"
        "start_by_rbx:\n\t.cfi_startproc\n\tpush %rbx\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset rbx, -16\n\tmov %rsp, %rbx\n\t"
        ".cfi_def_cfa_register rbx\n\tsub $4096, %rsp\n\tcall *%rdi\n\tmov %rbx, %rsp\n\t.cfi_def_cfa_register rsp\n\t"
        "pop %rbx\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n");
void start_by_rbx(void (*)(void));

TEST(start_rule_needs_rbx) {
    static struct result result;
    current = &result;
    start_by_rbx(start_at_parent);
    assert_same(&result);
}

// Frame pointers that lead astray: the supposed Go code is C with a number in RBP.
TEST(cuts_broken_chains) {
    static struct result result;
    take_for_go(with_rbp_as_number, (uint8_t *)with_rbp_as_number + 80, use, use + 1);
    with_rbp_as_number(&result);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)5);
    // asmcgocall's address unknown: RBP is not even read.
    take_for_go(with_rbp_as_number, (uint8_t *)with_rbp_as_number + 80, NULL, NULL);
    with_rbp_as_number(&result);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)5);
    take_for_go(NULL, NULL, NULL, NULL);
}

// RBP is a small number: an address in a page that is never mapped.
__asm__(".text\n"
        "rbp_near_zero:\n\t.cfi_startproc\n\tpush %rbp\n\t.cfi_def_cfa_offset 16\n\t.cfi_offset rbp, -16\n\tmov $0x8b0, %ebp\n\t"
        "call *%rsi\n\tpop %rbp\n\t.cfi_def_cfa_offset 8\n\tret\n\t.cfi_endproc\n"
        "rbp_near_zero_end:\n");
void rbp_near_zero(struct result *, void (*)(struct result *));
void rbp_near_zero_end(void);

// A Go function with a normal frame record, called by C. Only crosscall2 is called by C, so this is something else.
__asm__(".text\n"
        "like_mstart:\n\tpush %rbp\n\tmov %rsp, %rbp\n\tcall *%rsi\n\tpop %rbp\n\tret\n"
        "like_mstart_end:\n");
void like_mstart(struct result *, void (*)(struct result *));
void like_mstart_end(void);

TEST(only_crosscall2_is_called_by_c) {
    static struct result result;
    take_for_go(like_mstart, like_mstart_end, use, use + 1);
    like_mstart(&result, plain);
    take_for_go(NULL, NULL, NULL, NULL);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)2);
}

TEST(the_first_page_is_not_read) {
    static struct result result;
    take_for_go(rbp_near_zero, rbp_near_zero_end, use, use + 1);
    rbp_near_zero(&result, plain);
    take_for_go(NULL, NULL, NULL, NULL);
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)2);
}

// The same with code_objects.h in place of the loader's table.
TEST(with_code_objects) {
    code_objects_force();
    unwind_before_unload(&unwinder);
    unwind_after_unload(&unwinder); // clears the row cache
    test_every_kind_of_frame(state);
    test_a_thread_ends_where_it_started(state);
    test_through_a_signal_handler(state);
    test_a_signal_at_the_first_instruction(state);
    test_a_jit_with_frame_pointers_is_followed(state);
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
