// go_call_test.c: the way from C back to the calling goroutine, on stacks laid out as Go does. Real stacks, which move, are tested in
// e2e/stacks.

#include "../../base/test/test.h"

#include "../cmemprof.h"
#include "../interposition.h"
#include "../profiler.h"

struct result {
    uintptr_t ours[UNWIND_MAX_FRAMES];
    uint32_t our_count;
    enum unwind_end end;
};

static void use(volatile void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static __attribute__((noinline)) void capture(struct result *result) {
    static struct unwind_memo memo;
    unwind_stack_from_here(&profiler.unwinder, &thread_state, (uintptr_t)__builtin_return_address(0), &memo);
    result->our_count = memo.depth_frames;
    result->end = memo.end;
    memcpy(result->ours, memo.pcs, memo.depth_frames * sizeof *memo.pcs);
}

static __attribute__((noinline)) void plain(struct result *result) {
    capture(result);
    use(result);
}

// Treats [start, end) as Go code, and [call, call_end) within it as asmcgocall.
static void take_for_go(void *start, void *end, void *call, void *call_end) {
    cmemprof_set_go_text((uintptr_t)start, (uintptr_t)end);
    cmemprof_set_go_call((uintptr_t)call, (uintptr_t)call_end);
}

// Like asmcgocall: %rdi is the result and %rsi the function called with it; %rdx is the goroutine and %rcx the distance to save. Only its
// own frame says who its caller is; RBP points to `elsewhere`, where the goroutine's stack was.
__asm__(".text\n"
        "like_asmcgocall:\n\tpush %rbp\n\tsub $16, %rsp\n\tmov %rdx, 8(%rsp)\n\tmov %rcx, (%rsp)\n\tmov like_asmcgocall_rbp(%rip), %rbp\n\t"
        "call *%rsi\n\t"
        "like_asmcgocall_return:\n\tadd $16, %rsp\n\tpop %rbp\n\tret\n"
        "like_asmcgocall_end:\n\tnop\n"
        "like_go:\n\tnop\n\tnop\n\tnop\n\tnop\n"
        "like_go_end:\n\t"
        ".data\nlike_asmcgocall_rbp:\n\t.quad 0\n\t.text\n");
void like_asmcgocall(struct result *, void (*)(struct result *), void *goroutine, uintptr_t distance);
void like_asmcgocall_return(void);
void like_asmcgocall_end(void);
void like_go(void);
void like_go_end(void);
extern uintptr_t *like_asmcgocall_rbp;

enum { STACK_WORDS = 64, FRAME = 40 }; // asmcgocall's frame record is at this word

// A goroutine's stack: frame records of asmcgocall, of a function in like_go, and the outermost.
static void lay_out(uintptr_t *stack, uintptr_t offset) {
    memset(stack, 0, STACK_WORDS * sizeof *stack);
    stack[FRAME] = (uintptr_t)&stack[FRAME + 4];
    stack[FRAME + 1] = (uintptr_t)like_go + 1;
    stack[FRAME + 4] = (uintptr_t)&stack[FRAME + 8];
    stack[FRAME + 5] = (uintptr_t)like_go + 1 + offset;
    stack[FRAME + 8] = 0;
    stack[FRAME + 9] = (uintptr_t)like_go + 3;
}

static uintptr_t here[STACK_WORDS], elsewhere[STACK_WORDS];
static uintptr_t goroutine[2]; // stack.lo, stack.hi

static struct result *call_c(uintptr_t distance) {
    static struct result result;
    memset(&result, 0, sizeof result);
    take_for_go(like_asmcgocall, like_go_end, like_asmcgocall, like_asmcgocall_end);
    like_asmcgocall(&result, plain, goroutine, distance);
    take_for_go(NULL, NULL, NULL, NULL);
    return &result;
}

static void assert_stack(const struct result *result, enum unwind_end end, uint32_t frames, uintptr_t offset) {
    const uintptr_t whole[] = {(uintptr_t)like_asmcgocall_return, (uintptr_t)like_go + 1, (uintptr_t)like_go + 1 + offset,
                               (uintptr_t)like_go + 3};
    assert_int_equal(result->end, end);
    assert_int_equal(result->our_count, frames + 1); // plain
    assert_memory_equal(&result->ours[1], whole, frames * sizeof *whole);
}

static const uintptr_t distance_of_frame = (STACK_WORDS - FRAME) * sizeof(uintptr_t);

TEST(follows_moved_goroutine_stacks) {
    lay_out(here, 1);
    lay_out(elsewhere, 0);
    like_asmcgocall_rbp = &elsewhere[FRAME];
    goroutine[0] = (uintptr_t)here;
    goroutine[1] = (uintptr_t)(here + STACK_WORDS);
    assert_stack(call_c(distance_of_frame), UNWIND_COMPLETE, 4, 1);
    // The same goroutine after its stack moved.
    goroutine[0] = (uintptr_t)elsewhere;
    goroutine[1] = (uintptr_t)(elsewhere + STACK_WORDS);
    assert_stack(call_c(distance_of_frame), UNWIND_COMPLETE, 4, 0);
}

TEST(cuts_at_invalid_goroutines) {
    lay_out(here, 1);
    like_asmcgocall_rbp = &here[FRAME];
    goroutine[0] = (uintptr_t)here;
    goroutine[1] = (uintptr_t)(here + STACK_WORDS);
    const uintptr_t distances[] = {0, 8, sizeof here + 8, (uintptr_t)-16, distance_of_frame + 1};
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
        assert_stack(call_c(distances[i]), UNWIND_UNREADABLE, 1, 1);
    }
    goroutine[1] = goroutine[0]; // no stack
    assert_stack(call_c(0), UNWIND_UNREADABLE, 1, 1);
    static struct result result;
    take_for_go(like_asmcgocall, like_go_end, like_asmcgocall, like_asmcgocall_end);
    like_asmcgocall(&result, plain, (void *)0x8b0, distance_of_frame); // unmapped
    take_for_go(NULL, NULL, NULL, NULL);
    assert_stack(&result, UNWIND_UNREADABLE, 1, 1);
}

// A frame pointer that was not adjusted when the stack moved.
TEST(cuts_chains_that_leave_their_stack) {
    lay_out(here, 1);
    lay_out(elsewhere, 0);
    goroutine[0] = (uintptr_t)here;
    goroutine[1] = (uintptr_t)(here + STACK_WORDS);
    here[FRAME + 4] = (uintptr_t)&elsewhere[FRAME + 8];
    assert_stack(call_c(distance_of_frame), UNWIND_UNREADABLE, 3, 1);
    here[FRAME + 4] = (uintptr_t)&here[FRAME]; // backwards
    assert_stack(call_c(distance_of_frame), UNWIND_UNREADABLE, 3, 1);
    here[FRAME + 4] = (uintptr_t)&here[FRAME + 8];
    here[FRAME + 9] = (uintptr_t)use + 1; // called by C
    assert_stack(call_c(distance_of_frame), UNWIND_UNREADABLE, 3, 1);
}

static uintptr_t found_call;

static __attribute__((noinline)) void find_go_call(struct result *unused) {
    found_call = cmemprof_go_call();
    use(unused);
}

// What asmcgocall saves is trusted only if it leads to the same frame as RBP. Not asked if malloc is not ours, as with a sanitizer.
TEST(start_verifies_the_way_back) {
    static struct result result;
    lay_out(here, 1);
    goroutine[0] = (uintptr_t)here;
    goroutine[1] = (uintptr_t)(here + STACK_WORDS);
    take_for_go(like_asmcgocall, like_go_end, NULL, NULL);
    like_asmcgocall_rbp = &here[FRAME];
    like_asmcgocall(&result, find_go_call, goroutine, distance_of_frame);
    assert_int_equal(found_call, interposition_is_active() ? (uintptr_t)like_asmcgocall_return : 0);
    like_asmcgocall(&result, find_go_call, goroutine, distance_of_frame + 8);
    assert_int_equal(found_call, 0);
    take_for_go(NULL, NULL, NULL, NULL);
    find_go_call(&result);
    assert_int_equal(found_call, 0);
}

int main(void) {
    return tests_run();
}
