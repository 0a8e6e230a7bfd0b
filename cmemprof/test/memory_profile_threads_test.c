// memory_profile_threads_test.c: threads of known creators are told apart in the memory profile, by the stack that made them and by their
// start routine, with their number and the resident pages of their stacks.

#include "../../base/test/test.h"

#include "memory_profile.h"

#include <pthread.h>
#include <threads.h>

#include "../../base/test/emulated.h"
#include "../../merge/merge.h"
#include "own_profile.h"
#include "sampling.h"

#define SITE static __attribute__((noinline))
enum { FEW = 3, MANY = 20, USED = 128 * KIB };

static pthread_barrier_t barrier;
static pthread_t globals[MANY];

static void use_stack(size_t bytes) {
    volatile char *room = __builtin_alloca(bytes);
    for (size_t i = 0; i < bytes; i += PAGE) {
        room[i] = 1;
    }
}

static void *work(void *argument) {
    use_stack(USED);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return argument;
}
static void *other_work(void *argument) {
    return work(argument);
}
static int c11_work(void *argument) {
    work(argument);
    return 0;
}

// Three places for what pthread_create fills in: the program's data, the caller's stack, the heap.
SITE void make_in_data(int count) {
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&globals[i], NULL, work, NULL), 0);
    }
    __asm__ volatile("");
}
SITE pthread_t make_on_stack(void) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
    return thread;
}
SITE pthread_t *make_in_heap(void *argument) {
    pthread_t *thread = malloc(sizeof *thread);
    assert_int_equal(pthread_create(thread, NULL, other_work, argument), 0);
    return thread;
}
SITE pthread_t *make_in_heap_too(void *argument) {
    pthread_t *thread = malloc(sizeof *thread);
    assert_int_equal(pthread_create(thread, NULL, other_work, argument), 0);
    __asm__ volatile("");
    return thread;
}

struct seen {
    uint64_t bytes, threads;
};

// Of all stacks below the part's frame that have the function: their bytes, and the sum of their label threads.
static struct seen see(struct profile *profile, const char *function) {
    struct seen seen = {0};
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (!has_function(&view, function) || strcmp(view.frames[view.frame_count - 1].function, "thread stacks") != 0) {
            continue;
        }
        seen.bytes += (uint64_t)view.values[0];
        for (size_t k = 0; k < view.label_count; k++) {
            seen.threads += strcmp(view.labels[k].key, "threads") == 0 ? (uint64_t)view.labels[k].number : 0;
        }
    }
    return seen;
}

static struct profile *look(void) {
    const uint8_t *bytes;
    size_t size;
    struct cmemprof_memory_profile *memory = taken(NULL, NULL);
    assert_int_equal(cmemprof_memory_profile_encode(memory, NULL, NULL, 0, &bytes, &size), CMEMPROF_OK);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    cmemprof_memory_profile_free(memory);
    return profile;
}

static void expect(struct profile *profile, const char *function, uint64_t threads) {
    struct seen seen = see(profile, function);
    assert_int_equal(seen.threads, threads);
    assert_in_range(seen.bytes, threads * USED, threads * (USED + 64 * KIB));
}

TEST_IN(sampling, by_who_made_them) {
    SKIP_EMULATED(EMULATED_CODE);
    int argument[2];
    pthread_t of_stack[FEW], *of_heap[FEW];
    thrd_t of_c11;
    pthread_barrier_init(&barrier, NULL, MANY + 2 * FEW + 1 + 1);
    make_in_data(MANY);
    for (int i = 0; i < FEW; i++) {
        of_stack[i] = make_on_stack();
        of_heap[i] = make_in_heap(&argument[0]);
    }
    assert_int_equal(thrd_create(&of_c11, c11_work, NULL), thrd_success);
    pthread_barrier_wait(&barrier);
    struct profile *profile = look();
    expect(profile, "make_in_data", MANY);
    expect(profile, "make_on_stack", FEW);
    expect(profile, "make_in_heap", FEW);
    expect(profile, "work", MANY + FEW);
    expect(profile, "other_work", FEW);
    expect(profile, "test_by_who_made_them", MANY + 2 * FEW);
    expect(profile, "c11_work", 1); // libc makes it by a call that is not seen: its routine is what is known
    assert_true(see(profile, "main thread").bytes > 0);
    profile_free(profile);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < MANY; i++) {
        pthread_join(globals[i], NULL);
    }
    for (int i = 0; i < FEW; i++) {
        pthread_join(of_stack[i], NULL);
        pthread_join(*of_heap[i], NULL);
        free(of_heap[i]);
    }
    thrd_join(of_c11, NULL);
    // Their stacks are libc's now.
    profile = look();
    assert_int_equal(see(profile, "make_in_data").bytes, 0);
    assert_true(see(profile, "ended threads").bytes > 0);
    profile_free(profile);
}

// What cannot be told apart is not guessed.
TEST_IN(sampling, the_same_by_two) {
    SKIP_EMULATED(EMULATED_CODE);
    pthread_barrier_init(&barrier, NULL, 3);
    pthread_t *one = make_in_heap(NULL), *two = make_in_heap_too(NULL);
    pthread_barrier_wait(&barrier);
    struct profile *profile = look();
    expect(profile, "other_work", 2);
    assert_int_equal(see(profile, "make_in_heap").bytes + see(profile, "make_in_heap_too").bytes, 0);
    profile_free(profile);
    pthread_barrier_wait(&barrier);
    pthread_join(*one, NULL);
    pthread_join(*two, NULL);
    free(one);
    free(two);
}

// A later thread with the descriptor of an earlier one, made by a call that is not seen.
TEST_IN(sampling, not_by_who_was_there_before) {
    SKIP_EMULATED(EMULATED_CODE);
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t first = make_on_stack(), second;
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    pthread_join(first, NULL);
    thrd_t unseen;
    assert_int_equal(thrd_create(&unseen, c11_work, NULL), thrd_success);
    memcpy(&second, &unseen, sizeof second);
    pthread_barrier_wait(&barrier);
    struct profile *profile = look();
    assert_int_equal(second, first); // libc has given it the same stack
    expect(profile, "c11_work", 1);
    assert_int_equal(see(profile, "make_on_stack").bytes, 0);
    profile_free(profile);
    pthread_barrier_wait(&barrier);
    thrd_join(unseen, NULL);
}

// No profile of the heap has the stacks that made threads.
TEST_IN(sampling, not_in_the_heap_profile) {
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t thread = make_on_stack();
    struct profile *profile = take_profile();
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_true(view.values[0] > 0 || view.values[2] == 0);
    }
    profile_free(profile);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}

int main(void) {
    return tests_run();
}
