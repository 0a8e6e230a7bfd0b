// timeline_write_test.c: what is written of lanes: what threads did, and when.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../timeline_write.h"

#include <math.h>

#define SECOND INT64_C(1000000000)

static const struct view_filter all = {0};
static const struct timeline_question question = {
    .type = "cpu-time", .from_ms = 1000, .to_ms = 5000, .longest_ms = 4000, .columns = 4, .filter = &all, .lanes = true};

static struct profile *new_profile(void) {
    static const char *const types[] = {"cpu-time", "wall-time", "lock-acquire-wait"};
    struct profile *profile = profile_new();
    for (size_t i = 0; i < 3; i++) {
        profile_add_sample_type(profile, types[i], "nanoseconds");
    }
    return profile;
}

static void add(struct profile *profile, const char *thread, int64_t end_ns, int64_t cpu, int64_t wall, int64_t lock) {
    const struct profile_label labels[] = {{"thread name", thread, 0, ""}, {"end_timestamp_ns", NULL, end_ns, ""}};
    add_labelled(profile, FRAMES("work /w.py"), VALUES(cpu, wall, lock), labels, end_ns > 0 ? 2 : 1);
}

static void add_all(struct timeline *timeline, struct profile *profile) {
    const struct listed_upload upload = {.id = 1, .start_ms = 1000, .end_ms = 5000};
    assert_int_equal(timeline_add(timeline, profile, &upload), RECEIVER_OK);
    profile_free(profile);
}

static struct json written(struct timeline *timeline) {
    struct json json = {0};
    json_object_begin(&json);
    assert_true(timeline_write(timeline, &json));
    json_object_end(&json);
    return json;
}

// A value was before its sample's time; what has none is spread over the upload's. A lane without the type is there for its states.
TEST(states) {
    struct timeline *timeline = timeline_new(&question), *two = timeline_new(&question);
    struct profile *profile = new_profile();
    add(profile, "main", 3 * SECOND, SECOND / 2, SECOND * 3 / 2, 0);
    add(profile, "main", 4 * SECOND, 0, SECOND, 0);
    add(profile, "main", 4 * SECOND, 0, 0, SECOND / 4); // of that second
    add_all(timeline, profile);
    profile = new_profile();
    add(profile, "idle", 0, 0, 4 * SECOND, 0);
    add(profile, "main", 5 * SECOND, 0, 0, SECOND / 2);
    add_all(two, profile);
    assert_true(timeline_merge(timeline, two));
    struct json json = written(timeline);
    expect_at(&json, "$.rows[0].name", "main");
    expect_at(&json, "$.rows[0].values", "[0,0,500000000,0]"); // of the type: at the sample's own time
    expect_at(&json, "$.rows[0].states.running", "[0,500000000,0,0]");
    expect_at(&json, "$.rows[0].states.lock", "[0,0,250000000,500000000]");
    expect_at(&json, "$.rows[0].states.\"off CPU\"", "[500000000,500000000,750000000,0]"); // less CPU time and the lock
    expect_at(&json, "$.rows[0].states.sleeping", "(none)");
    expect_at(&json, "$.rows[1].name", "idle");
    expect_at(&json, "$.rows[1].values", "[0,0,0,0]");
    expect_at(&json, "$.rows[1].states.\"off CPU\"", "[1000000000,1000000000,1000000000,1000000000]");
    expect_at(&json, "$.samples", "1"); // of the type
    json_free(&json);
    timeline_free(timeline);
    timeline_free(two);
}

// As of Java: each sample has a value of one type.
static void add_java(struct profile *profile, const char *state, int64_t end_ns, int64_t cpu, int64_t wall, int64_t lock) {
    const struct profile_label labels[] = {
        {"thread name", "java", 0, ""}, {"end_timestamp_ns", NULL, end_ns, ""}, {"thread state", state, 0, ""}};
    add_labelled(profile, FRAMES("work /W.java"), VALUES(cpu, wall, lock), labels, state ? 3 : 2);
}

// Wall time that is blocked is a lock's where events do not tell; parking on one is not waiting as well; a moment is told once.
TEST(states_of_other_samples) {
    struct timeline *timeline = timeline_new(&question);
    struct profile *profile = new_profile();
    add_java(profile, "BLOCKED", 2 * SECOND, 0, SECOND, 0);
    add_java(profile, NULL, 2 * SECOND, 0, 0, SECOND / 4);
    add_java(profile, "PARKED", 3 * SECOND, 0, SECOND, 0);
    add_java(profile, NULL, 3 * SECOND, 0, 0, SECOND / 4);
    add_java(profile, "SYSCALL", 4 * SECOND, 0, SECOND, 0);
    add_java(profile, NULL, 4 * SECOND, SECOND / 2, 0, 0);
    add_java(profile, "RUNNABLE", 5 * SECOND, 0, SECOND, 0);
    const struct profile_label labels[] = {{"thread name", "native", 0, ""}, {"thread state", "RUNNABLE", 0, ""}};
    add_labelled(profile, FRAMES("poll /p.c"), VALUES(0, SECOND, 0), labels, 2); // of which nothing is told
    add_all(timeline, profile);
    struct json json = written(timeline);
    expect_at(&json, "$.rows[0].states.running", "[0,0,500000000,0]");
    expect_at(&json, "$.rows[0].states.lock", "[1000000000,250000000,0,0]");
    expect_at(&json, "$.rows[0].states.waiting", "[0,750000000,0,0]");
    expect_at(&json, "$.rows[0].states.\"off CPU\"", "[0,0,500000000,0]");
    expect_at(&json, "$.rows[1]", "(none)");
    json_free(&json);
    timeline_free(timeline);
}

// Of a program without events of locks.
TEST(blocked_without_events) {
    struct timeline *timeline = timeline_new(&question);
    struct profile *profile = new_profile();
    add_java(profile, "BLOCKED", 2 * SECOND, 0, SECOND / 2, 0);
    add_java(profile, "WAITING", 2 * SECOND, 0, SECOND / 2, 0);
    add_all(timeline, profile);
    struct json json = written(timeline);
    expect_at(&json, "$.rows[0].states", "{\"lock\":[500000000,0,0,0],\"waiting\":[500000000,0,0,0]}");
    json_free(&json);
    timeline_free(timeline);
}

// A lock of less than a microsecond in our time.
TEST(short_states) {
    struct timeline_question now = question;
    now.from_ms = INT64_C(1767323045000);
    now.to_ms = now.from_ms + 4000;
    struct timeline *timeline = timeline_new(&now);
    struct profile *profile = new_profile();
    for (int64_t i = 0; i < 1000; i++) {
        add(profile, "main", now.from_ms * 1000000 + SECOND + 1001 * (i + 1), 0, 0, 100);
    }
    add_all(timeline, profile);
    struct json json = written(timeline);
    char *lock = json_at(&json, "$.rows[0].states.lock[1]");
    if (fabs(atof(lock) - 1e5) > 10) {
        fail_msg("%s ns, expected 100000", lock);
    }
    free(lock);
    json_free(&json);
    timeline_free(timeline);
}

// Of a stretch that a lock fills, which ends after it: the lock is there, its value is at its end, and what has no time is not in it.
TEST(states_of_a_stretch) {
    const struct view_filter stretch = {.labels = {{"end_timestamp_ns", "946684810000000000..946684814000000000"}}, .label_count = 1};
    struct timeline_question of_stretch = question;
    of_stretch.filter = &stretch;
    of_stretch.type = "lock-acquire-wait";
    timeline_narrow(&of_stretch);
    const int64_t first = INT64_C(946684810) * SECOND;
    struct timeline *timeline = timeline_new(&of_stretch);
    struct profile *profile = new_profile();
    add(profile, "filled", first + 9 * SECOND, 0, 0, 12 * SECOND);
    add(profile, "before", first, 0, 0, SECOND);
    add(profile, "after", first + 6 * SECOND, 0, 0, 2 * SECOND);
    add(profile, "untimed", 0, 0, 0, SECOND);
    add_all(timeline, profile);
    struct json json = written(timeline);
    expect_at(&json, "$.rows[1].name", "filled");
    expect_at(&json, "$.rows[1].values", "[0,0,0,0]");
    expect_at(&json, "$.rows[1].states.lock", "[1000000000,1000000000,1000000000,1000000000]");
    expect_at(&json, "$.rows[0].name", "before"); // which ends when the stretch begins: its value is in it, no state is
    expect_at(&json, "$.rows[0].states", "(none)");
    expect_at(&json, "$.rows[2]", "(none)");
    expect_at(&json, "$.samples", "1");
    json_free(&json);
    timeline_free(timeline);
}

// Functions over time have none.
TEST(functions_have_no_states) {
    struct timeline_question functions = question;
    functions.lanes = false;
    struct timeline *timeline = timeline_new(&functions);
    struct profile *profile = new_profile();
    add(profile, "main", 3 * SECOND, SECOND, 2 * SECOND, 0);
    add_all(timeline, profile);
    struct json json = written(timeline);
    expect_at(&json, "$.rows[0].name", "work");
    expect_at(&json, "$.rows[0].states", "(none)");
    json_free(&json);
    timeline_free(timeline);
}

int main(void) {
    return tests_run();
}
