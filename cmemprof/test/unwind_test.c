// unwind_test.c: C stacks, compared with glibc's backtrace(), which uses libgcc's unwinder. Code of one machine: unwind_amd64_test.c,
// unwind_arm64_test.c; Go stacks: e2e/stacks and go_call_test.c; every instruction of a function: unwind_walk_test.c; the memo:
// unwind_memo_test.c.

#include "../../base/test/test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwinding.h"

static int compare(const void *left, const void *right) {
    if (current->our_count == 0) {
        with_numbers_in_registers(current);
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
    with_numbers_in_registers(current);
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

// The same with code_objects.h in place of the loader's table.
TEST(with_code_objects) {
    code_objects_force();
    unwind_before_unload(&unwinder);
    unwind_after_unload(&unwinder); // clears the row cache
    test_every_kind_of_frame(state);
    test_a_thread_ends_where_it_started(state);
    test_through_a_signal_handler(state);
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
