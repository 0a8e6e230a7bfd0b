// growth_test.c: what grows, of uploads of several processes: with and without roll-ups, restarts, labels and filters.

#include "../../../base/test/test.h"

#include "../../test/rollup_scene.h"

#include "../growth.h"

// In main.a go bytes, below it in C c bytes, of the tenant; main.b has 5,000 at all times.
static struct blob blob_of(int64_t go, int64_t c, const char *tenant) {
    struct profile *profile = new_heap_profile();
    const struct profile_label labels[] = {{"memory", "C", 0, ""}, {"tenant", tenant, 0, ""}};
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, 2 * go, 1, go), false);
    add_stack(profile, FRAMES("main.b /b.go"), VALUES(1, 10000, 1, 5000), false);
    add_labelled(profile, FRAMES("malloc /m.c", "f /f.c", "main.a /a.go"), VALUES(1, 2 * c, 1, c), labels, 2);
    return finish(profile);
}

static void put(struct test_store *test, const char *host, int minute, int64_t go, int64_t c, const char *tenant) {
    upload_blob(test, host, minute, "heap.pprof", blob_of(go, c, tenant));
}

static enum receiver_error ask(struct test_store *test, const char *type, const struct view_filter *filter, struct json *json, char *text) {
    static const struct view_filter all;
    struct upload_list list = list_of(test, "heap.pprof");
    const struct growth_question question = {test->store, &list, "heap.pprof", type, filter ? filter : &all, NULL};
    bool is_passing = false;
    enum receiver_error error = growth_write(&question, json, &is_passing, text, 200);
    upload_list_free(&list);
    return error;
}

static struct json grown(struct test_store *test, const struct view_filter *filter) {
    struct json json = {0};
    char text[200] = "";
    if (ask(test, "inuse_space", filter, &json, text) != RECEIVER_OK) {
        fail_msg("%s", text);
    }
    return json;
}

TEST_IN(store, one_process) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 30; minute++) {
        put(test, "a", minute, 7000 + minute % 2, 1000 * minute, "acme");
    }
    struct json json = grown(test, NULL);
    expect_at(&json, "$.type", "inuse_space");
    expect_at(&json, "$.unit", "bytes");
    expect_at(&json, "$.uploads", "30");
    expect_at(&json, "$.uploads_with_type", "30");
    expect_at(&json, "$.growth.minutes", "30");
    expect_at(&json, "$.growth.processes", "1");
    expect_number_at(&json, "$.total", 1000, 1);
    expect_number_at(&json, "$.error", 0, 1);
    // [parent, function, line, self, total, error]
    expect_number_at(&json, "$.nodes[0][3]", 0, 1);
    expect_number_at(&json, "$.nodes[0][4]", 1000, 1);
    expect_at(&json, "$.functions[0].name", "main.a");
    expect_number_at(&json, "$.nodes[2][3]", 1000, 1);
    expect_number_at(&json, "$.nodes[2][5]", 0, 1);
    expect_at(&json, "$.functions[2].name", "malloc");
    expect_number_at(&json, "$.sums[2][0]", 1000, 1);
    expect_number_at(&json, "$.sums[0][0]", 0, 1);
    expect_number_at(&json, "$.sums[0][1]", 1000, 1);
    json_free(&json);
    json = grown(test, &(struct view_filter){.memory = VIEW_GO});
    expect_number_at(&json, "$.total", 0, 1);
    json_free(&json);
}

// A process that is replaced: its fall is no shrinkage, and the growth of each life counts.
TEST_IN(store, restarts) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 60; minute++) {
        char host[] = {(char)('a' + minute / 15), 0}; // a process each
        put(test, host, minute, 7000, 1000 * (minute % 15), "acme");
    }
    struct json json = grown(test, NULL);
    expect_at(&json, "$.growth.processes", "4");
    expect_number_at(&json, "$.total", 1000, 1);
    json_free(&json);
}

// Four processes of one time: the growth of all. One upload has no slope.
TEST_IN(store, several_processes) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 20; minute++) {
        for (int host = 0; host < 4; host++) {
            put(test, (const char *const[]){"a", "b", "c", "d"}[host], minute, 7000, host == 2 ? 600 * minute : 50, "acme");
        }
    }
    put(test, "late", 19, 1 << 30, 0, "acme");
    struct json json = grown(test, NULL);
    expect_at(&json, "$.processes", "5");
    expect_at(&json, "$.growth.processes", "4");
    expect_at(&json, "$.growth.processes_too_short", "1");
    expect_number_at(&json, "$.total", 600, 1);
    json_free(&json);
}

TEST_IN(store, groups_and_labels) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 20; minute++) {
        put(test, "a", minute, 7000, 100 * minute, minute % 2 ? "acme" : "zeta");
    }
    struct json json = grown(test, &(struct view_filter){.group_by = "tenant"});
    expect_at(&json, "$.functions[0].kind", "label");
    expect_at(&json, "$.functions[0].file", "tenant");
    json_free(&json);
    json = grown(test, &(struct view_filter){.labels = {{"tenant", "nobody"}}, .label_count = 1});
    expect_at(&json, "$.total", "0");
    json_free(&json);
}

// A whole day of two hosts, of which one leaks: from roll-ups as from files.
TEST_IN(store, rollups) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 6 * 60; minute += 2) {
        put(test, "a", minute, 7000, 500 * minute, "acme");
        put(test, "b", minute, 7000 + minute % 3, 100, "acme");
    }
    struct json before = grown(test, NULL);
    expect_number_at(&before, "$.total", 500, 1);
    assert_true(scene_pass(test, SCENE_DAY_ENDS_MS) > 0);
    scene_spoil(test, 0); // files that are not needed
    scene_spoil(test, 1);
    struct json json = grown(test, NULL);
    expect_at(&json, "$.failed_count", "0");
    expect_at(&json, "$.uploads_with_type", "360");
    expect_number_at(&json, "$.total", 500, 1);
    expect_number_at(&json, "$.error", 0, 5);
    json_free(&json);
    json_free(&before);
}

// More processes than can be read in full, of which one lives for six hours without a roll-up: all of its life is looked at, not its end
// alone, where it is level.
TEST_IN(store, long_life_without_rollups) {
    enum { OTHERS = 90, MINUTES = 360 };
    struct test_store *test = *state;
    for (int other = 0; other < OTHERS; other++) {
        char host[20];
        snprintf(host, sizeof host, "h%d", other);
        put(test, host, 1, 7000, 0, "acme");
    }
    for (int minute = 0; minute < MINUTES; minute += 2) {
        put(test, "long", minute, 7000, 1000 * (minute < 300 ? minute : 300), "acme");
    }
    struct json json = grown(test, NULL);
    expect_at(&json, "$.growth.processes", "1");
    expect_at(&json, "$.growth.processes_too_short", "90");
    expect_at(&json, "$.growth.uploads_skipped", "159"); // 21 of each process are read
    expect_at(&json, "$.uploads_left_out", "0");
    expect_number_at(&json, "$.total", 1000, 20);
    json_free(&json);
}

// The range is that of the processes that are looked at. Of one upload each nothing is read.
TEST_IN(store, too_many_processes) {
    enum { PROCESSES = 1000, OLD_MS = 100 * 60000 };
    struct test_store *test = *state;
    struct listed_upload uploads[PROCESSES + 1] = {{.id = 1, .process = 1, .start_ms = 60000, .end_ms = 120000}};
    for (int i = 1; i <= PROCESSES; i++) {
        uploads[i] = (struct listed_upload){.id = 1 + i, .process = 1 + (uint64_t)i, .start_ms = OLD_MS, .end_ms = OLD_MS + 60000};
    }
    static const struct view_filter all;
    const struct upload_list list = {.uploads = uploads, .count = PROCESSES + 1};
    const struct growth_question question = {test->store, &list, "heap.pprof", "inuse_space", &all, NULL};
    struct json json = {0};
    char text[200];
    bool is_passing = false;
    assert_int_equal(growth_write(&question, &json, &is_passing, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.uploads_left_out", "1");
    expect_at(&json, "$.growth.processes_too_short", "1000");
    expect_at(&json, "$.growth.minutes", "1");
    json_free(&json);
}

// All that counted is given back.
TEST_IN(store, budget_is_given_back) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 6; minute++) {
        put(test, "a", minute, 7000, 1000 * minute, "acme");
    }
    struct merge_budget budget = {.limit_bytes = 64 << 20}, *before = merge_use_budget(&budget);
    struct json json = grown(test, NULL);
    json_free(&json);
    merge_use_budget(before);
    assert_int_equal(budget.used_bytes, 0);
}

TEST_IN(store, errors) {
    struct test_store *test = *state;
    struct json json = {0};
    char text[200] = "";
    put(test, "a", 0, 1, 1, "acme");
    put(test, "a", 1, 1, 1, "acme");
    assert_int_equal(ask(test, "alloc_space", NULL, &json, text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "alloc_space adds up over time: growth is of what is there at a moment, as memory in use");
    scene_spoil(test, 0);
    scene_spoil(test, 1);
    json_free(&json);
    assert_int_equal(ask(test, "inuse_space", NULL, &json, text), RECEIVER_BAD_UPLOAD);
    assert_memory_equal(text, "not a readable profile", 22);
    json_free(&json);
}

// Values are what a stack has beyond its callees, so that totals stay.
TEST_IN(store, as_a_profile) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 30; minute++) {
        put(test, "a", minute, 7000 + 500 * minute, 1000 * minute, "acme");
    }
    static const struct view_filter all;
    struct upload_list list = list_of(test, "heap.pprof");
    const struct growth_question question = {test->store, &list, "heap.pprof", "inuse_space", &all, NULL};
    bool is_passing = false;
    char text[200] = "";
    struct profile *profile;
    struct profile_sample_view sample;
    assert_int_equal(growth_profile(&question, &profile, &is_passing, text, sizeof text), RECEIVER_OK);
    assert_string_equal(profile_sample_type_name(profile, 0), "inuse_space_per_minute");
    assert_string_equal(profile_sample_type_unit(profile, 0), "bytes");
    int64_t go = 0, c = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        bool below = strcmp(sample.frames[0].function, "malloc") == 0;
        assert_string_equal(sample.frames[sample.frame_count - 1].function, "main.a"); // main.b stays as it is
        *(below ? &c : &go) += sample.values[0];
    }
    assert_in_range(go, 499, 501);
    assert_in_range(c, 999, 1001);
    profile_free(profile);
    const struct growth_question amounts = {test->store, &list, "heap.pprof", "alloc_space", &all, NULL};
    assert_int_equal(growth_profile(&amounts, &profile, &is_passing, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_null(profile);
    upload_list_free(&list);
}

int main(void) {
    return tests_run();
}
