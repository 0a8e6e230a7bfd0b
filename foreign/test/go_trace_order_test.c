// go_trace_order_test.c: what has to come before what in Go execution traces.

#include "../../base/test/test.h"

#include "../go_trace_order.h"

enum { PROCESSOR_RUNNING = 1, PROCESSOR_IDLE };

static enum go_step step(struct go_order *order, uint64_t thread, enum go_event_type type, uint64_t a, uint64_t b, uint64_t c) {
    const struct go_event event = {.type = type, .arguments = {a, b, c}};
    struct go_changes changes;
    enum go_step result = go_order_advance(order, thread, &event, &changes);
    for (size_t i = 0; result == GO_STEP_TAKEN && i < changes.count; i++) {
        if (changes.of[i].goroutine != GO_NOBODY && changes.of[i].to == GO_GONE) {
            go_order_forget(order, changes.of[i].goroutine);
        }
    }
    return result;
}
#define TAKEN(...) assert_int_equal(step(&order, __VA_ARGS__), GO_STEP_TAKEN)
#define NOT_YET(...) assert_int_equal(step(&order, __VA_ARGS__), GO_STEP_NOT_YET)
#define BROKEN(...) assert_int_equal(step(&order, __VA_ARGS__), GO_STEP_BROKEN)

// Thread 0 with processor 0 and goroutine 1, thread 1 with processor 1 and none.
static struct go_order two_threads(void) {
    struct go_order order = {.generation = 1, .first_generation = 1};
    TAKEN(0, GO_PROC_STATUS, 0, PROCESSOR_RUNNING, 0);
    TAKEN(0, GO_STATUS, 1, 0, GO_RUNNING);
    TAKEN(1, GO_PROC_STATUS, 1, PROCESSOR_IDLE, 0);
    TAKEN(1, GO_PROC_START, 1, 1, 0);
    return order;
}

TEST(a_goroutine_starts_after_it_is_created_and_unblocked) {
    struct go_order order = two_threads();
    NOT_YET(1, GO_START, 2, 1, 0);
    TAKEN(0, GO_CREATE, 2, 0, 0);
    NOT_YET(1, GO_START, 2, 2, 0); // not the next one
    TAKEN(1, GO_START, 2, 1, 0);
    NOT_YET(0, GO_UNBLOCK, 2, 2, 0);
    TAKEN(1, GO_BLOCK, 0, 0, 0);
    NOT_YET(1, GO_START, 2, 3, 0);
    TAKEN(0, GO_UNBLOCK, 2, 2, 0);
    TAKEN(1, GO_START, 2, 3, 0);
    TAKEN(1, GO_DESTROY, 0, 0, 0);
    BROKEN(1, GO_DESTROY, 0, 0, 0);
    BROKEN(0, GO_CREATE, 1, 0, 0); // it is there
    go_order_free(&order);
}

TEST(a_system_call_ends_after_its_processor_is_stolen) {
    struct go_order order = two_threads();
    NOT_YET(1, GO_PROC_STEAL, 0, 2, 0);
    TAKEN(0, GO_SYSCALL_BEGIN, 1, 0, 0);
    NOT_YET(0, GO_SYSCALL_END_BLOCKED, 0, 0, 0);
    TAKEN(1, GO_PROC_STEAL, 0, 2, 0);
    TAKEN(0, GO_SYSCALL_END_BLOCKED, 0, 0, 0);
    TAKEN(1, GO_START, 1, 1, 0);
    BROKEN(1, GO_SYSCALL_END, 0, 0, 0);
    go_order_free(&order);
}

TEST(a_coroutine_takes_the_thread) {
    struct go_order order = two_threads();
    NOT_YET(0, GO_SWITCH, 3, 1, 0);
    TAKEN(0, GO_CREATE_BLOCKED, 3, 0, 0);
    TAKEN(0, GO_SWITCH, 3, 1, 0);
    TAKEN(0, GO_SWITCH_DESTROY, 1, 1, 0);
    BROKEN(0, GO_CREATE, 1, 0, 0);
    TAKEN(0, GO_CREATE, 3, 0, 0); // it is gone
    go_order_free(&order);
}

// A thread of C calls Go, returns while it has its processor, and its number becomes another one's.
TEST(threads_of_c) {
    struct go_order order = two_threads();
    TAKEN(7, GO_CREATE_SYSCALL, 5, 0, 0);
    TAKEN(1, GO_PROC_STOP, 0, 0, 0);
    TAKEN(7, GO_PROC_START, 1, 2, 0);
    TAKEN(7, GO_SYSCALL_END_BLOCKED, 0, 0, 0);
    TAKEN(7, GO_START, 5, 1, 0);
    TAKEN(7, GO_SYSCALL_BEGIN, 3, 0, 0);
    TAKEN(7, GO_DESTROY_SYSCALL, 0, 0, 0);
    TAKEN(7, GO_CREATE_SYSCALL, 6, 0, 0);
    TAKEN(0, GO_PROC_STEAL, 1, 4, 7);
    go_order_free(&order);
}

TEST(collections_come_one_after_the_other) {
    struct go_order order = two_threads();
    TAKEN(0, GO_GC_BEGIN, 10, 0, 0);
    NOT_YET(0, GO_GC_END, 12, 0, 0);
    BROKEN(0, GO_GC_BEGIN, 11, 0, 0);
    TAKEN(0, GO_GC_END, 11, 0, 0);
    TAKEN(0, GO_GC_BEGIN, 12, 0, 0);
    go_order_free(&order);
}

// Each generation begins with the status of all, and numbers anew.
TEST(generations) {
    struct go_order order = two_threads();
    order.generation = 2;
    BROKEN(0, GO_STATUS, 1, 0, GO_WAITING);
    BROKEN(0, GO_STATUS, 9, 0, GO_RUNNING);
    TAKEN(0, GO_STATUS, 1, 0, GO_RUNNING);
    TAKEN(0, GO_PROC_STATUS, 0, PROCESSOR_RUNNING, 0);
    TAKEN(0, GO_SYSCALL_BEGIN, 1, 0, 0);
    TAKEN(0, GO_SYSCALL_END, 0, 0, 0);
    go_order_free(&order);
}

int main(void) {
    return tests_run();
}
