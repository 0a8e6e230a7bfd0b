// snapshot_test.c: the profile shows what was allocated, what is live, and where. This program is hooked.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hundreds.h"
#include "sampling.h"

static __attribute__((noinline)) void allocate_and_free(int count) {
    for (int i = 0; i < count; i++) {
        void *volatile block = malloc(3000);
        free(block);
    }
}

TEST_IN(sampling, every_allocation_is_in_the_profile) {
    int64_t sums[4];
    allocate_hundreds(20);
    allocate_and_free(7);
    struct profile *profile = take_profile();
    assert_int_equal(profile_sample_type_count(profile), 4);
    assert_string_equal(profile_sample_type_name(profile, 3), "inuse_space");
    assert_string_equal(profile_sample_type_unit(profile, 3), "bytes");
    sum_of(profile, "allocate_hundreds", sums);
    assert_int_equal(sums[0], 20);
    assert_int_equal(sums[1], 2000);
    assert_int_equal(sums[2], 20);
    assert_int_equal(sums[3], 2000);
    sum_of(profile, "allocate_and_free", sums);
    assert_int_equal(sums[0], 7);
    assert_int_equal(sums[1], 21000);
    assert_int_equal(sums[2], 0);
    assert_int_equal(sums[3], 0);
    profile_free(profile);
    for (int i = 0; i < 20; i++) {
        free(kept[i]);
    }
    profile = take_profile();
    sum_of(profile, "allocate_hundreds", sums);
    assert_int_equal(sums[0], 20);
    assert_int_equal(sums[2], 0);
    profile_free(profile);
}

TEST_IN(sampling, counts_balance) {
    for (int i = 0; i < 3; i++) {
        allocate_hundreds(20);
        struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
        assert_non_null(snapshot);
        assert_true(adds_up(snapshot) && in_use_was_allocated(snapshot));
        for (size_t record = 1; record < snapshot->record_count; record++) { // one record per stack
            for (size_t other = 0; other < record; other++) {
                assert_ptr_not_equal(snapshot->records[other].stack, snapshot->records[record].stack);
            }
        }
        cmemprof_snapshot_free(snapshot);
        for (int k = 0; k < 20; k++) {
            free(kept[k]);
        }
    }
}

// Concurrent snapshots show the same, and may be freed in any order.
TEST_IN(sampling, snapshots_may_overlap) {
    allocate_hundreds(20);
    struct cmemprof_snapshot *first = cmemprof_snapshot_take(), *second = cmemprof_snapshot_take();
    assert_int_equal(emitted_of(first), emitted_of(second));
    assert_int_equal(first->record_count, second->record_count);
    cmemprof_snapshot_free(first);
    struct profile *profile = profile_of(second, NULL);
    int64_t sums[4];
    sum_of(profile, "allocate_hundreds", sums);
    assert_int_equal(sums[2], 20);
    profile_free(profile);
    for (int i = 0; i < 20; i++) {
        free(kept[i]);
    }
}

static void *encode_for_ever(void *context) {
    while (!atomic_load((_Atomic bool *)context)) {
        profile_free(take_profile());
    }
    return NULL;
}

// Another thread is usually encoding when the process forks: the child can still take profiles.
TEST_IN(sampling, a_forked_child_takes_profiles) {
    _Atomic bool enough = false;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, encode_for_ever, &enough), 0);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20); // a hung child ends by a signal
            struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
            uint8_t *bytes;
            size_t size;
            _exit(!snapshot || cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size) != CMEMPROF_OK);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
}

static _Atomic bool done;

static void *churn(void *context) {
    (void)context;
    for (unsigned i = 0; !atomic_load(&done); i++) {
        void *volatile block = malloc(i % 5000);
        free(block);
    }
    return NULL;
}

TEST_IN(sampling, snapshots_while_threads_allocate) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    }
    for (int i = 0; i < 50; i++) {
        struct profile *profile = take_profile();
        int64_t sums[4];
        sum_of(profile, "churn", sums);
        assert_true(sums[2] <= 3 && sums[2] <= sums[0] && sums[3] <= sums[1]);
        profile_free(profile);
    }
    atomic_store(&done, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
}

enum { KEPT = 100000 };
static void **first_kept;

// Each block has the address of the one before it.
static void *keep_all(void *context) {
    for (int i = 0; i < KEPT; i++) {
        void **block = malloc(16);
        *block = first_kept;
        first_kept = block;
    }
    atomic_store(&done, true);
    return context;
}

// A stack whose blocks all stay: a block that is counted as live, but not yet as allocated, is seen.
TEST_IN(sampling, what_is_in_use_was_allocated) {
    pthread_t thread;
    bool is_so = true, is_last;
    atomic_store(&done, false);
    assert_int_equal(pthread_create(&thread, NULL, keep_all, NULL), 0);
    do {
        is_last = atomic_load(&done);
        struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
        assert_non_null(snapshot);
        is_so &= in_use_was_allocated(snapshot);
        cmemprof_snapshot_free(snapshot);
    } while (!is_last);
    pthread_join(thread, NULL);
    for (void **next; first_kept; first_kept = next) {
        next = *first_kept;
        free(first_kept);
    }
    assert_true(is_so);
}

int main(void) {
    return tests_run();
}
