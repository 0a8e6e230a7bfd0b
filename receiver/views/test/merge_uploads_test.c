// merge_uploads_test.c: many profiles as one: sums, labels, unreadable files, different types, and the cache.

#include "../../../base/test/test.h"

#include "../../index/test/real_recording.h"
#include "../../test/uploads.h"

static int64_t total_of(struct profile *profile, const char *type, bool c) {
    int64_t total = 0;
    int index = profile_sample_type_index(profile, type);
    assert_true(index >= 0);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        total += profile_sample_is_c(&sample) == c ? sample.values[index] : 0;
    }
    return total;
}

static struct profile *merge_all(struct test_store *test, struct cache *cache, const char *const *keys, size_t key_count,
                                 struct sweep_report *report) {
    struct upload_list list = list_of(test, "delta-heap.pprof");
    struct profile *profile = NULL;
    assert_int_equal(merge_uploads(test->store, cache, &list, "delta-heap.pprof", keys, key_count, NULL, &profile, report), RECEIVER_OK);
    upload_list_free(&list);
    return profile;
}

TEST_IN(store, sums) {
    struct test_store *test = *state;
    struct sweep_report report;
    for (int i = 0; i < 11; i++) {
        upload_blob(test, i % 2 ? "one" : "two", i, "delta-heap.pprof", heap_blob(100 + i, 10));
    }
    upload_bytes(test, "one", 20, "delta-heap.pprof", "broken", 6);
    struct profile *profile = merge_all(test, NULL, NULL, 0, &report);
    assert_true(report.uploads == 11 && report.failed_count == 1 && report.seconds == 660);
    assert_non_null(strstr(report.failed[0].reason, "not a readable profile"));
    assert_int_equal(profile_sample_count(profile), 2);
    assert_true(total_of(profile, "inuse_space", false) == 1155 && total_of(profile, "inuse_space", true) == 110);
    profile_free(profile);
}

// The event is as long as Go's CPU profile, maybe a part of the period; a profile without a duration has the event's.
TEST_IN(store, seconds) {
    struct test_store *test = *state;
    struct sweep_report report;
    for (int i = 0; i < 5; i++) {
        struct profile *profile = new_heap_profile();
        profile_set_time(profile, 1, i == 0 ? 0 : 90000000000);
        upload_blob(test, "one", i, "delta-heap.pprof", finish(profile));
    }
    profile_free(merge_all(test, NULL, NULL, 0, &report));
    assert_true(report.uploads == 5 && report.seconds == 60 + 4 * 90);
}

// Labels nobody asks for split no samples.
TEST_IN(store, labels) {
    struct test_store *test = *state;
    struct sweep_report report;
    for (int i = 0; i < 6; i++) {
        struct profile *profile = new_heap_profile();
        uint32_t location = add_frame(profile, "main.a", "/a.go");
        struct profile_label labels[] = {{"span id", NULL, 1000 + i, ""}, {"worker", i % 2 ? "odd" : "even", 0, ""}};
        profile_add_sample(profile, &location, 1, VALUES(1, 1, 1, 1), labels, 2);
        upload_blob(test, "one", i, "delta-heap.pprof", finish(profile));
    }
    const char *const worker[] = {"worker"}, *const span[] = {"span id"};
    struct profile *profile = merge_all(test, NULL, NULL, 0, &report);
    assert_int_equal(profile_sample_count(profile), 1);
    profile_free(profile);
    profile = merge_all(test, NULL, worker, 1, &report);
    assert_int_equal(profile_sample_count(profile), 2);
    profile_free(profile);
    profile = merge_all(test, NULL, span, 1, &report);
    assert_int_equal(profile_sample_count(profile), 6);
    profile_free(profile);
}

// Without the files, only the cache can return the same.
TEST_IN(store, cache) {
    struct test_store *test = *state;
    struct sweep_report report, again = {0};
    struct cache *cache = cache_new(1 << 20);
    for (int i = 0; i < 5; i++) {
        upload_blob(test, "one", i, "delta-heap.pprof", heap_blob(100, 10));
    }
    upload_bytes(test, "one", 20, "delta-heap.pprof", "broken", 6);
    profile_free(merge_all(test, cache, NULL, 0, &report));
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'/uploads/*/*heap*", test->directory);
    assert_int_equal(system(command), 0);
    struct profile *profile = merge_all(test, cache, NULL, 0, &again);
    assert_true(again.uploads == 5 && again.failed_count == 1 && again.seconds == 300);
    assert_true(total_of(profile, "inuse_space", false) == 500 && total_of(profile, "alloc_space", true) == 100);
    profile_free(profile);
    const char *const worker[] = {"worker"}; // other labels are another profile
    profile = merge_all(test, cache, worker, 1, &again);
    assert_int_equal(again.uploads, 0);
    profile_free(profile);
    cache_free(cache);
}

// A merge with times is another one than that without.
TEST_IN(store, cache_of_times) {
    struct test_store *test = *state;
    struct cache *cache = cache_new(8 << 20);
    struct recording file = real_recording("jdk-17");
    const char *const keys[] = {"end_timestamp_ns"};
    size_t counts[2];
    upload_bytes(test, "one", 1, "main.jfr", file.bytes, file.size);
    upload_bytes(test, "one", 2, "main.jfr", file.bytes, file.size);
    for (int timed = 0; timed < 2; timed++) {
        struct upload_list list = list_of(test, "main.jfr");
        struct profile *profile;
        struct sweep_report report;
        list.with_times = timed;
        assert_int_equal(merge_uploads(test->store, cache, &list, "main.jfr", keys, 1, NULL, &profile, &report), RECEIVER_OK);
        counts[timed] = profile_sample_count(profile);
        profile_free(profile);
        upload_list_free(&list);
    }
    assert_true(counts[1] > counts[0]);
    cache_free(cache);
    free(file.bytes);
}

static struct blob cpu_blob(const char *period_type, const char *type) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, type, "count");
    profile_set_period(profile, period_type, "x", 1);
    add_stack(profile, FRAMES("f /f.go"), VALUES(7), false);
    return finish(profile);
}

// Other sample types are added beside the first ones; another period type is refused and reported, at any position.
TEST_IN(store, types_differ) {
    struct test_store *test = *state;
    struct sweep_report report;
    for (int i = 0; i < 4; i++) {
        upload_blob(test, "one", i, "delta-heap.pprof", cpu_blob("cpu", i % 2 ? "samples" : "hits"));
    }
    struct profile *profile = merge_all(test, NULL, NULL, 0, &report);
    assert_true(report.uploads == 4 && profile_sample_type_count(profile) == 2);
    assert_true(total_of(profile, "samples", false) == 14 && total_of(profile, "hits", false) == 14);
    profile_free(profile);
    for (int i = 4; i < 8; i++) {
        upload_blob(test, "one", i, "delta-heap.pprof", cpu_blob("wall", "hits"));
    }
    profile = merge_all(test, NULL, NULL, 0, &report);
    assert_true(report.uploads == 4 && report.failed_count == 4);
    assert_non_null(strstr(report.failed[0].reason, "cannot be merged with those before it: period type "));
    assert_int_equal(total_of(profile, "hits", false), 14);
    profile_free(profile);
}

// Two concurrent processes, one of which has the type: the sum is that one's value.
TEST(divisor) {
    struct sweep_report report = {.uploads = 20, .gauges = {{GAUGES_MEAN, true}, 2, 20}};
    assert_true(sweep_gauge_divisor(&report, 10) == 10);
    assert_true(sweep_gauge_divisor(&report, 20) == 10);
    report.gauges.of.summed = false;
    assert_true(sweep_gauge_divisor(&report, 10) == 10 && sweep_gauge_divisor(&report, 20) == 20);
    report.gauges.of = (struct gauges){GAUGES_LAST, true};
    assert_true(sweep_gauge_divisor(&report, 10) == 1);
}

// Samples have the value of the tag that their uploads are grouped by, which the cache keeps.
TEST_IN(store, given_label) {
    struct test_store *test = *state;
    struct sweep_report report;
    const char *const key = "tag:host";
    for (int i = 0; i < 12; i++) {
        upload_blob(test, i % 3 ? "one" : "two", i, "delta-heap.pprof", heap_blob(i % 3 ? 1 : 100, 10));
    }
    struct cache *cache = cache_new(1 << 20);
    for (int again = 0; again < 2; again++) {
        struct upload_list list = list_of(test, "delta-heap.pprof");
        struct search_groups groups;
        struct upload_label given = {key, &groups};
        struct profile *profile = NULL;
        search_groups_init(&groups, "host");
        assert_int_equal(catalog_group(store_catalog(test->store), list.uploads, list.count, &groups), RECEIVER_OK);
        assert_int_equal(search_groups_count(&groups), 2);
        assert_int_equal(merge_uploads(test->store, cache, &list, "delta-heap.pprof", &key, 1, &given, &profile, &report), RECEIVER_OK);
        int64_t one = 0, two = 0;
        int index = profile_sample_type_index(profile, "inuse_space");
        for (size_t i = 0; i < profile_sample_count(profile); i++) {
            struct profile_sample_view sample;
            assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
            bool of_one = false, of_two = false;
            for (size_t at = 0; at < sample.label_count; at++) {
                of_one |= strcmp(sample.labels[at].key, key) == 0 && strcmp(sample.labels[at].text, "one") == 0;
                of_two |= strcmp(sample.labels[at].key, key) == 0 && strcmp(sample.labels[at].text, "two") == 0;
            }
            assert_true(of_one != of_two);
            one += of_one ? sample.values[index] : 0;
            two += of_two ? sample.values[index] : 0;
        }
        assert_int_equal(one, 8 * 11);
        assert_int_equal(two, 4 * 110);
        profile_free(profile);
        upload_list_free(&list);
        search_groups_free(&groups);
    }
    cache_free(cache);
}

int main(void) {
    return tests_run();
}
