// snapshot_test.c: the profile says what was allocated, what is alive, and where. This program is hooked.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../merge/merge.h"
#include "../cmemprof.h"

static void *volatile kept[64];

static __attribute__((noinline)) void allocate_hundreds(int count) {
    for (int i = 0; i < count; i++) {
        kept[i] = malloc(100);
    }
}

static __attribute__((noinline)) void allocate_and_free(int count) {
    for (int i = 0; i < count; i++) {
        void *volatile block = malloc(3000);
        free(block);
    }
}

static struct profile *take_profile(const struct cmemprof_go_names *names) {
    uint8_t *bytes;
    size_t size;
    struct merge_fault fault;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    assert_non_null(snapshot);
    assert_int_equal(cmemprof_snapshot_encode(snapshot, names, &bytes, &size), CMEMPROF_OK);
    cmemprof_snapshot_free(snapshot);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, &fault), MERGE_OK);
    free(bytes);
    return profile;
}

// Sums the samples in whose stack the function occurs.
static void sum_of(struct profile *profile, const char *function, int64_t sums[4]) {
    memset(sums, 0, 4 * sizeof *sums);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        bool found = false;
        for (size_t frame = 0; frame < view.frame_count; frame++) {
            found |= strcmp(view.frames[frame].function, function) == 0;
        }
        for (int value = 0; found && value < 4; value++) {
            sums[value] += view.values[value];
        }
    }
}

static int start_all(void **state) {
    (void)state;
    return cmemprof_start(1) != CMEMPROF_OK;
}

static int stop(void **state) {
    (void)state;
    cmemprof_stop();
    return 0;
}

static void every_allocation_is_in_the_profile(void **state) {
    (void)state;
    int64_t sums[4];
    allocate_hundreds(20);
    allocate_and_free(7);
    struct profile *profile = take_profile(NULL);
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
    profile = take_profile(NULL);
    sum_of(profile, "allocate_hundreds", sums);
    assert_int_equal(sums[0], 20);
    assert_int_equal(sums[2], 0);
    profile_free(profile);
}

static void stacks_end_in_main_and_carry_the_label(void **state) {
    (void)state;
    allocate_hundreds(1);
    struct profile *profile = take_profile(NULL);
    bool seen = false;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_int_equal(view.label_count, 1);
        assert_string_equal(view.labels[0].key, "memory");
        assert_string_equal(view.labels[0].text, "C");
        if (view.values[2] > 0 && strcmp(view.frames[0].function, "allocate_hundreds") == 0) { // of this test: the others freed theirs
            seen = true;
            assert_non_null(strstr(view.frames[0].file, "snapshot_test.c"));
            assert_string_equal(view.frames[1].function, "stacks_end_in_main_and_carry_the_label");
            bool in_main = false;
            for (size_t frame = 0; frame < view.frame_count; frame++) {
                in_main |= strcmp(view.frames[frame].function, "main") == 0;
                assert_string_not_equal(view.frames[frame].mapping_file, "");
            }
            assert_true(in_main);
        }
    }
    assert_true(seen);
    profile_free(profile);
    free(kept[0]);
}

// Names come from another language: offsets that lie outside of the text must give empty names and no more.
static void wrong_go_names_are_survived(void **state) {
    (void)state;
    cmemprof_set_go_text((uintptr_t)allocate_hundreds, (uintptr_t)allocate_hundreds + 64);
    allocate_hundreds(1);
    const uintptr_t *pcs;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    size_t count = cmemprof_snapshot_go_pcs(snapshot, &pcs);
    assert_true(count >= 1);
    uint32_t frame_counts[16] = {1};
    struct cmemprof_go_frame frame = {
        .function_offset = 3, .function_length = 1000000, .file_offset = UINT32_MAX, .file_length = UINT32_MAX};
    struct cmemprof_go_names names = {frame_counts, 1, &frame, 1, "text", 4};
    uint8_t *bytes;
    size_t size;
    assert_int_equal(cmemprof_snapshot_encode(snapshot, &names, &bytes, &size), CMEMPROF_OK);
    free(bytes);
    frame_counts[0] = 2; // more frames than there are
    assert_int_equal(cmemprof_snapshot_encode(snapshot, &names, &bytes, &size), CMEMPROF_BAD_NAMES);
    cmemprof_snapshot_free(snapshot);
    cmemprof_set_go_text(0, 0);
    free(kept[0]);
}

static void *encode_for_ever(void *context) {
    while (!atomic_load((_Atomic bool *)context)) {
        profile_free(take_profile(NULL));
    }
    return NULL;
}

// Another thread is in the middle of an encoding when the process forks, most of the time: the child can take profiles all the same.
static void a_forked_child_takes_profiles(void **state) {
    (void)state;
    _Atomic bool enough = false;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, encode_for_ever, &enough), 0);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20); // a child that waits for ever ends with a signal
            struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
            uint8_t *bytes;
            size_t size;
            _exit(snapshot == NULL || cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size) != CMEMPROF_OK);
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

static void snapshots_may_be_taken_while_all_allocate(void **state) {
    (void)state;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    }
    for (int i = 0; i < 50; i++) {
        struct profile *profile = take_profile(NULL);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_is_in_the_profile, start_all, stop),
        cmocka_unit_test_setup_teardown(stacks_end_in_main_and_carry_the_label, start_all, stop),
        cmocka_unit_test_setup_teardown(wrong_go_names_are_survived, start_all, stop),
        cmocka_unit_test_setup_teardown(a_forked_child_takes_profiles, start_all, stop),
        cmocka_unit_test_setup_teardown(snapshots_may_be_taken_while_all_allocate, start_all, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
