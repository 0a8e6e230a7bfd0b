// unwind_amd64_test.c: C stacks, compared with glibc's backtrace(), which uses libgcc's unwinder. Go stacks are tested in testdata/stacks.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

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

// Both walks begin at the caller of this function; theirs has this function's own frame before it.
static __attribute__((noinline)) void capture(struct result *result) {
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    result->our_count = unwind(&unwinder, &thread, caller, result->ours, &result->end);
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
    volatile char *room = __builtin_alloca(size);
    room[0] = 1;
    plain(result);
    use(room);
}

static __attribute__((noinline)) void with_large_frame(struct result *result) {
    volatile char room[200 * 1024];
    room[0] = 1;
    with_alloca(result, 1234);
    use(room);
}

// An over-aligned local and alloca together make the compiler realign the stack and find its CFA through a saved pointer.
static __attribute__((noinline)) void with_realigned_stack(struct result *result, size_t size, int a, int b, int c, int d, int e, int f) {
    _Alignas(64) volatile char room[128];
    volatile char *more = __builtin_alloca(size + (size_t)(a + b + c + d + e + f));
    room[0] = more[0] = 1;
    with_large_frame(result);
    use(room);
    use(more);
}

// RBP and RBX hold anything but addresses of frames.
static __attribute__((noinline, optimize("omit-frame-pointer"))) void with_rbp_as_number(struct result *result) {
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

static void every_kind_of_frame(void **state) {
    (void)state;
    static struct result result;
    through_libc(&result);
    assert_true(result.our_count > 8);
    assert_same(&result);
    // Warm: the rows come from the cache now.
    static struct result again;
    through_libc(&again);
    assert_same(&again);
    assert_int_equal(again.our_count, result.our_count);
}

static void *on_thread(void *context) {
    through_libc(context);
    return NULL;
}

static void a_thread_ends_where_it_started(void **state) {
    (void)state;
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

// libgcc gives the interrupted address itself where we give the next one, so that one differs by one.
static void assert_same_through_signal(struct result *result) {
    for (uint32_t i = 0; i < result->our_count; i++) {
        if (result->ours[i] == (uintptr_t)result->theirs[result->skipped + i] + 1) {
            result->ours[i]--;
        }
    }
    assert_same(result);
}

static void through_a_signal_handler(void **state) {
    (void)state;
    static struct result result;
    raise_on(&result, 0);
    assert_same_through_signal(&result);
}

static void through_an_alternate_stack(void **state) {
    (void)state;
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

static void in_a_coroutine(void **state) {
    (void)state;
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
    // A coroutine "returns" to the first byte of __start_context, which nobody called: there is no rule before it, and no frame after it.
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_same_frames(&result);
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

static void a_deep_stack_is_cut_and_says_so(void **state) {
    (void)state;
    static struct result result;
    recurse(&result, 400);
    assert_same(&result);
    recurse(&result, 5000);
    assert_int_equal(result.end, UNWIND_TOO_DEEP);
    assert_int_equal(result.our_count, UNWIND_MAX_FRAMES);
    assert_int_equal(result.ours[1], (uintptr_t)result.theirs[result.skipped + 1]);
}

// Code that nobody has described: a call from memory that was written just now, as a JIT does.
static void code_without_rules_cuts_the_stack(void **state) {
    (void)state;
    static struct result result;
    uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static const uint8_t program[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd6, 0x48, 0x83, 0xc4, 0x08, 0xc3}; // sub $8,%rsp; call *%rsi; ...
    memcpy(code, program, sizeof program);
    void (*call)(struct result *, void (*)(struct result *)) = (void (*)(struct result *, void (*)(struct result *)))code;
    call(&result, plain);
    munmap(code, 4096);
    assert_int_equal(result.end, UNWIND_NO_RULE);
    assert_int_equal(result.our_count, 2);
    assert_int_equal(result.ours[1], (uintptr_t)code + 6);
}

// Frame pointers that lead astray: what is taken for Go here is C with RBP as a number.
static void a_chain_that_leads_nowhere_is_cut(void **state) {
    (void)state;
    static struct result result;
    unwinder.go_text_start = (uintptr_t)with_rbp_as_number;
    unwinder.go_text_end = (uintptr_t)with_rbp_as_number + 64;
    with_rbp_as_number(&result);
    unwinder.go_text_start = unwinder.go_text_end = 0;
    assert_int_equal(result.end, UNWIND_UNREADABLE);
    assert_int_equal(result.our_count, (uint32_t)5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_frame),
        cmocka_unit_test(a_thread_ends_where_it_started),
        cmocka_unit_test(through_a_signal_handler),
        cmocka_unit_test(through_an_alternate_stack),
        cmocka_unit_test(in_a_coroutine),
        cmocka_unit_test(a_deep_stack_is_cut_and_says_so),
        cmocka_unit_test(code_without_rules_cuts_the_stack),
        cmocka_unit_test(a_chain_that_leads_nowhere_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
