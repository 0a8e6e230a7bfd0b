// go_call_test.c: the way from C back to the calling goroutine, on stacks laid out as Go does. Real stacks, which move, are tested in
// e2e/stacks.

#include "../../base/test/test.h"

#include "../cmemprof.h"
#include "../code_loader.h"
#include "../code_objects.h"
#include "../interposition.h"
#include "../profiler.h"
#include "like_go.h"

struct result {
    uintptr_t ours[UNWIND_MAX_FRAMES];
    uint32_t our_count;
    enum unwind_end end;
};

static __attribute__((noinline)) void capture(struct result *result) {
    static struct unwind_memo memo;
    unwind_stack_from_here(&profiler.unwinder, &thread_state, (uintptr_t)__builtin_return_address(0), &memo);
    result->our_count = memo.depth_frames;
    result->end = memo.end;
    memcpy(result->ours, memo.pcs, memo.depth_frames * sizeof *memo.pcs);
}

static __attribute__((noinline)) void plain(void *result) {
    capture(result);
    use(result);
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

TEST(follows_moved_goroutine_stacks) {
    lay_out(here, 1);
    lay_out(elsewhere, 0);
    like_asmcgocall_fp = &elsewhere[FRAME];
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
    like_asmcgocall_fp = &here[FRAME];
    goroutine[0] = (uintptr_t)here;
    goroutine[1] = (uintptr_t)(here + STACK_WORDS);
    const uintptr_t distances[] = {0, 8 - MACHINE_GO_RECORD_BELOW_SP, sizeof here + 8, (uintptr_t)-16, distance_of_frame + 1};
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

static __attribute__((noinline)) void find_go_call(void *unused) {
    found_call = cmemprof_go_call();
    use(unused);
}

// What asmcgocall saves is trusted only if it leads to the same frame as RBP, or to frames of Go. Not asked if malloc is not ours, as with
// a sanitizer.
TEST(start_verifies_the_way_back) {
    static struct result result;
    lay_out(here, 1);
    goroutine[0] = (uintptr_t)here;
    goroutine[1] = (uintptr_t)(here + STACK_WORDS);
    take_for_go(like_asmcgocall, like_go_end, NULL, NULL);
    like_asmcgocall_fp = &here[FRAME];
    like_asmcgocall(&result, find_go_call, goroutine, distance_of_frame);
    assert_int_equal(found_call, interposition_is_active() ? (uintptr_t)like_asmcgocall_return : 0);
    like_asmcgocall(&result, find_go_call, goroutine, distance_of_frame + 8);
    assert_int_equal(found_call, 0);
    take_for_go(NULL, NULL, NULL, NULL);
    find_go_call(&result);
    assert_int_equal(found_call, 0);
}

// ---- Labels ----

static const struct go_label first = {LIKE_GO_TEXT("cmemprof"), LIKE_GO_TEXT("first")},
                             second = {LIKE_GO_TEXT("cmemprof"), LIKE_GO_TEXT("second")};
static const struct go_label_slice first_set = {&first, 1, 1}, second_set = {&second, 1, 1};
static enum cmemprof_go_labels found;

static __attribute__((noinline)) void find_labels(void *unused) {
    found = cmemprof_find_go_labels((uintptr_t)&first_set);
    use(unused);
}

static enum cmemprof_go_labels confirm(const struct go_label_slice *set) {
    like_goroutine[LIKE_LABELS_IN_G] = (uintptr_t)set;
    return cmemprof_confirm_go_labels((uintptr_t)set);
}

// In this program's thread-local data, as Go does. A sanitizer's malloc comes first: then nothing is sampled, and nothing is searched.
TEST(start_searches_labels) {
    static struct result result;
    like_go_lay_out();
    like_goroutine[LIKE_LABELS_IN_G] = (uintptr_t)&first_set;
    like_g = NULL;
    take_for_go(like_asmcgocall, like_go_end, NULL, NULL);
    find_labels(&result); // not called by Go
    assert_int_equal(found, CMEMPROF_GO_LABELS_NO_GOROUTINE);
    if (interposition_is_active()) {
        assert_int_equal(cmemprof_get_go_labels(), CMEMPROF_GO_LABELS_NO_GOROUTINE);
        like_asmcgocall(&result, find_labels, like_goroutine, distance_of_frame);
        assert_int_equal(found, CMEMPROF_GO_LABELS_NO_THREAD);
        like_g = like_g0;
        like_asmcgocall(&result, find_labels, like_goroutine, distance_of_frame);
        assert_int_equal(found, CMEMPROF_GO_LABELS_OK);
        assert_int_equal(confirm(&second_set), CMEMPROF_GO_LABELS_OK);
        assert_false(profiler.go_labels.are_known);
        assert_int_equal(confirm(NULL), CMEMPROF_GO_LABELS_OK);
        assert_true(profiler.go_labels.are_known);
    }
    take_for_go(NULL, NULL, NULL, NULL);
    atomic_store(&profiler.go_labels.are_known, false);
    for (int i = 0; i < CMEMPROF_GO_LABELS_COUNT; i++) {
        assert_non_null(cmemprof_go_labels_text((enum cmemprof_go_labels)i));
    }
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
