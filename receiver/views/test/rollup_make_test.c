// rollup_make_test.c: which labels a roll-up keeps, and what is not made.

#include "../../../base/test/test.h"

#include "../../test/rollup_scene.h"

#include "../rollup_make.h"
#include "../rollup.h"

#include <sys/resource.h>

static struct rollup_made make(struct test_store *test, const char *attachment) {
    struct upload_list list = list_of(test, attachment);
    struct rollup_made made;
    atomic_bool stop = false;
    assert_int_equal(rollup_make(test->store, &list, attachment, ROLLUP_HOUR, &stop, &made), RECEIVER_OK);
    upload_list_free(&list);
    return made;
}

static void expect_none(struct test_store *test) {
    struct rollup_made made = make(test, "heap.pprof");
    assert_null(made.bytes);
    rollup_made_free(&made);
}

TEST_IN(store, labels) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    struct rollup_made made = make(test, "heap.pprof");
    assert_string_equal(made.dropped, "span id");
    static struct rollup rollup;
    assert_true(rollup_decode(made.bytes, made.size, &rollup));
    assert_true(rollup.report.uploads == SCENE_AN_HOUR && rollup.sums.totals.samples == 30 * SCENE_AN_HOUR);
    assert_true(made.size <= rollup.file_bytes / 10);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, rollup.profile, rollup.profile_size, NULL, NULL, NULL), MERGE_OK);
    char *text = canonical(profile);
    assert_true(strstr(text, "{memory=C 0 }") && strstr(text, "{tenant=t2 0 }") && !strstr(text, "span"));
    free(text);
    profile_free(profile);
    rollup_made_free(&made);
}

// Many labels of few values each make as many samples together: all are dropped where the roll-up would be too large.
TEST_IN(store, too_many_labels_together) {
    struct test_store *test = *state;
    for (int i = 0; i < SCENE_AN_HOUR; i++) {
        struct profile *profile = new_heap_profile();
        for (int s = 0; s < 60; s++) {
            char texts[6][20];
            struct profile_label labels[6];
            static const char *const keys[] = {"a", "b", "c", "d", "e", "f"};
            for (int l = 0; l < 6; l++) {
                snprintf(texts[l], sizeof texts[l], "%d", (int)(upload_mix((uint64_t)(i * 1000 + s * 10 + l)) % 50));
                labels[l] = (struct profile_label){keys[l], texts[l], 0, ""};
            }
            add_labelled(profile, FRAMES("main.f /f.go"), VALUES(1, i, s, 1), labels, 6);
        }
        upload_blob(test, "one", i, "heap.pprof", finish(profile));
    }
    struct rollup_made made = make(test, "heap.pprof");
    assert_non_null(made.bytes);
    assert_string_equal(made.dropped, "a\nb\nc\nd\ne\nf");
    rollup_made_free(&made);
}

// Of period types that differ each selection merges those of its first.
TEST_IN(store, types_that_differ) {
    struct test_store *test = *state;
    for (int i = 0; i < SCENE_AN_HOUR; i++) {
        struct profile *profile = profile_new();
        profile_add_sample_type(profile, "cpu", "nanoseconds");
        profile_set_period(profile, i == 20 ? "wall" : "cpu", "nanoseconds", 1);
        add_stack(profile, FRAMES("main.f /f.go"), VALUES(5), false);
        upload_blob(test, "one", i, "heap.pprof", finish(profile));
    }
    expect_none(test);
}

TEST_IN(store, sums_beyond_64_bits) {
    struct test_store *test = *state;
    for (int i = 0; i < SCENE_AN_HOUR; i++) {
        struct profile *profile = new_heap_profile();
        add_stack(profile, FRAMES("main.f /f.go"), VALUES(1, INT64_MAX / 2, 1, 1), false);
        upload_blob(test, "one", i, "heap.pprof", finish(profile));
    }
    expect_none(test);
}

TEST_IN(store, stopped_and_gone) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    struct upload_list list = list_of(test, "heap.pprof");
    struct rollup_made made;
    atomic_bool stop = true;
    assert_int_equal(rollup_make(test->store, &list, "heap.pprof", ROLLUP_HOUR, &stop, &made), RECEIVER_CLIENT_GONE);
    assert_null(made.bytes);
    atomic_store(&stop, false);
    list.uploads[3].id = 4711;
    assert_int_equal(rollup_make(test->store, &list, "heap.pprof", ROLLUP_HOUR, &stop, &made), RECEIVER_NOT_FOUND);
    assert_null(made.bytes);
    struct merge_budget budget = {.limit_bytes = 1000};
    struct merge_budget *before = merge_use_budget(&budget);
    assert_int_equal(rollup_make(test->store, &list, "heap.pprof", ROLLUP_HOUR, &stop, &made), RECEIVER_NO_MEMORY);
    merge_use_budget(before);
    assert_true(budget.exceeded && !made.bytes);
    upload_list_free(&list);
}

// With no free file descriptors nothing can be read: that is no reason not to have one for good.
TEST_IN(store, causes_that_pass) {
    struct test_store *test = *state;
    struct rlimit before, none_left;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    struct upload_list list = list_of(test, "heap.pprof");
    struct rollup_made made;
    atomic_bool stop = false;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none_left = before;
    none_left.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_left), 0);
    enum receiver_error error = rollup_make(test->store, &list, "heap.pprof", ROLLUP_HOUR, &stop, &made);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(error, RECEIVER_IO);
    assert_null(made.bytes);
    upload_list_free(&list);
}

// Which of more types than there is room for are left out depends on what else is selected.
TEST_IN(store, too_many_types) {
    struct test_store *test = *state;
    for (int i = 0; i < SCENE_AN_HOUR; i++) {
        struct profile *profile = profile_new();
        char name[20];
        int64_t values[64];
        int types = i == SCENE_AN_HOUR - 1 ? 64 : 1;
        for (int t = 0; t < types; t++) {
            snprintf(name, sizeof name, "type%d", types + t);
            profile_add_sample_type(profile, name, "count");
            values[t] = 5;
        }
        for (int s = 0; s < 100; s++) {
            char leaf[40];
            snprintf(leaf, sizeof leaf, "main.f%d /f.go", s);
            add_stack(profile, FRAMES(leaf, "main.main /m.go"), values, false);
        }
        upload_blob(test, "one", i, "heap.pprof", finish(profile));
    }
    expect_none(test);
}

int main(void) {
    return tests_run();
}
