// cpu_threads_test.c: what threads have used before their first sample and after their last one.

#include "../../base/test/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../base/clock.h"
#include "../cpu_threads.h"

enum { UNKNOWN_NS = 12345, NO_THREAD = (1 << 22) + 5 }; // beyond the kernel's largest number
static struct cpu_threads threads;

static int32_t own_id(void) {
    return (int32_t)syscall(SYS_gettid);
}

static uint64_t own_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void use(uint64_t ns) {
    for (uint64_t end = own_ns() + ns; own_ns() < end;) {
    }
}

TEST(a_sample_stands_for_the_time_since_the_begin) {
    uint64_t before = own_ns();
    cpu_threads_begin(&threads);
    uint64_t after = own_ns();
    use(1000000);
    struct cpu_thread *own = cpu_threads_find(&threads, own_id());
    uint64_t least = own_ns() - after, ns = cpu_threads_note(own, UNKNOWN_NS), noted = atomic_load(&own->ns);
    assert_in_range(ns, least, own_ns() - before);
    use(1000000);
    ns = cpu_threads_note(own, UNKNOWN_NS);
    assert_in_range(ns, 1000000, own_ns() - noted);
    assert_int_equal(noted + ns, atomic_load(&own->ns));
    assert_ptr_equal(cpu_threads_find(&threads, own_id()), own);
}

TEST(a_new_thread_begins_with_what_is_said) {
    cpu_threads_begin(&threads);
    struct cpu_thread *own = cpu_threads_find(&threads, own_id());
    own->is_known = false; // as if it had begun since
    assert_int_equal(cpu_threads_note(own, UNKNOWN_NS), UNKNOWN_NS);
    use(1000000);
    uint64_t ns = cpu_threads_note(own, UNKNOWN_NS);
    assert_in_range(ns, 1000000, own_ns());
    atomic_store(&own->ns, UINT64_MAX); // of a thread that had its ID before
    assert_int_equal(cpu_threads_note(own, UNKNOWN_NS), UNKNOWN_NS);
}

TEST(a_thread_is_forgotten) {
    struct cpu_sample sample = {.ns = 1000};
    cpu_threads_begin(&threads);
    struct cpu_thread *own = cpu_threads_find(&threads, own_id());
    atomic_store(&own->sample, &sample);
    cpu_threads_forget(&threads, NO_THREAD);
    assert_ptr_equal(atomic_load(&own->sample), &sample);
    cpu_threads_forget(&threads, own_id());
    use(1000000);
    cpu_threads_end(&threads);
    assert_int_equal(atomic_load(&sample.ns), 1000);
    assert_int_equal(cpu_threads_note(own, UNKNOWN_NS), UNKNOWN_NS);
}

TEST(the_rest_goes_to_the_last_sample) {
    struct cpu_sample sample = {.ns = 1000}, others = {0}, ended = {0};
    cpu_threads_begin(&threads);
    struct cpu_thread *own = cpu_threads_find(&threads, own_id()), *none = cpu_threads_find(&threads, NO_THREAD);
    cpu_threads_note(own, UNKNOWN_NS);
    uint64_t noted = atomic_load(&own->ns);
    atomic_store(&own->sample, &sample);
    cpu_threads_note(none, UNKNOWN_NS);
    atomic_store(&none->sample, &ended);
    use(1000000);
    cpu_threads_end(&threads);
    uint64_t added = atomic_load(&sample.ns) - 1000;
    assert_in_range(added, 1000000, own_ns() - noted);
    assert_int_equal(atomic_load(&ended.ns), 0); // that thread does not exist
    // It goes on from there.
    use(1000000);
    uint64_t ns = cpu_threads_note(own, UNKNOWN_NS);
    assert_int_equal(noted + added + ns, atomic_load(&own->ns));
    assert_true(ns >= 1000000);
    cpu_threads_end(&threads);
    assert_int_equal(atomic_load(&sample.ns), 1000 + added); // it is of another profile
    // Somebody else has its samples by now.
    cpu_threads_begin(&threads);
    own = cpu_threads_find(&threads, own_id());
    cpu_threads_note(own, UNKNOWN_NS);
    atomic_store(&own->sample, &others);
    atomic_store(&own->sample, NULL);
    use(1000);
    cpu_threads_end(&threads);
    assert_int_equal(atomic_load(&others.ns), 0);
}

TEST(what_its_timer_has_given_is_not_given_again) {
    struct cpu_sample sample = {0};
    cpu_threads_begin(&threads);
    struct cpu_thread *own = cpu_threads_find(&threads, own_id());
    atomic_store(&own->sample, &sample);
    use(1000000);
    cpu_threads_timed(own);
    use(1000);
    assert_null(atomic_load(&own->sample));
    assert_int_equal(cpu_threads_note(own, UNKNOWN_NS), UNKNOWN_NS);
}

TEST(a_timer_that_does_not_expire_is_another_threads) {
    cpu_threads_begin(&threads);
    struct cpu_thread *left = cpu_threads_find(&threads, NO_THREAD), *own = cpu_threads_find(&threads, NO_THREAD + 1);
    assert_false(cpu_threads_is_left(left, 1000, 200) || cpu_threads_is_left(left, 1199, 200));
    assert_true(cpu_threads_is_left(left, 1200, 200) && cpu_threads_is_left(left, 1201, 200));
    assert_int_equal(left->waits_since_ns, 1000);
    cpu_threads_timed(left); // it was late
    assert_false(cpu_threads_is_left(left, 5000, 200));
    assert_false(cpu_threads_is_left(own, 1000, 200));
    cpu_threads_timed(own);
    assert_false(cpu_threads_is_left(own, 5000, 200));
    // Its number is that of a thread that has ended.
    struct cpu_thread *again = cpu_threads_find(&threads, NO_THREAD + 2);
    assert_false(cpu_threads_is_left(again, 5000, 200) || cpu_threads_is_left(again, 3, 200) || cpu_threads_is_left(again, 202, 200));
    assert_true(cpu_threads_is_left(again, 203, 200));
}

static sem_t may_end, has_begun;
static uint64_t used_before, used_after;
static int32_t other_id;

static void *other(void *unused) {
    use(2000000);
    other_id = own_id();
    used_before = own_ns();
    sem_post(&has_begun);
    sem_wait(&may_end);
    use(1000000);
    used_after = own_ns();
    sem_post(&has_begun);
    sem_wait(&may_end);
    return unused;
}

TEST(other_threads_are_read) {
    pthread_t thread;
    assert_int_equal(sem_init(&may_end, 0, 0) | sem_init(&has_begun, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, other, NULL), 0);
    sem_wait(&has_begun);
    cpu_threads_begin(&threads);
    sem_post(&may_end);
    sem_wait(&has_begun);
    struct cpu_thread *it = cpu_threads_find(&threads, other_id);
    uint64_t ns = cpu_threads_note(it, UNKNOWN_NS);
    assert_in_range(ns, 900000, atomic_load(&it->ns) - used_before);
    assert_true(atomic_load(&it->ns) >= used_after);
    sem_post(&may_end);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

TEST(a_thread_has_the_room_of_one_that_has_ended) {
    struct cpu_sample sample = {0};
    cpu_threads_begin(&threads);
    struct cpu_thread *own = cpu_threads_find(&threads, own_id());
    atomic_store(&own->sample, &sample);
    for (int32_t id = 1 << 24; id < (1 << 24) + 2 * CPU_THREADS; id++) {
        struct cpu_thread *thread = cpu_threads_find(&threads, id);
        assert_non_null(thread);
        assert_ptr_not_equal(thread, own);
        assert_true(cpu_threads_is_left(thread, 1000, 0));
        assert_null(atomic_load(&thread->sample));
        assert_int_equal(cpu_threads_note(thread, UNKNOWN_NS), UNKNOWN_NS);
        cpu_threads_timed(thread);
        atomic_store(&thread->sample, &sample);
    }
    assert_ptr_equal(cpu_threads_find(&threads, own_id()), own);
    assert_ptr_equal(atomic_load(&own->sample), &sample);
}

TEST(a_full_table_has_no_room) {
    cpu_threads_begin(&threads);
    for (size_t i = 0; i < CPU_THREADS; i++) {
        atomic_store(&threads.slots[i].id, own_id());
    }
    assert_null(cpu_threads_find(&threads, NO_THREAD));
    cpu_threads_begin(&threads);
    assert_non_null(cpu_threads_find(&threads, NO_THREAD));
}

int main(void) {
    return tests_run();
}
