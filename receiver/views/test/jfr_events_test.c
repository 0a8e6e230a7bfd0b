// jfr_events_test.c: single events of a real recording (testdata/jfr): of one type, of several, in pieces. e2e/jfr compares all with the
// JDK's.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../../../merge/merge.h"
#include "../jfr_events.h"

#include <inttypes.h>

static char recording[1 << 20];
static size_t recording_size;

static int file_setup(void **state) {
    FILE *file = fopen("testdata/jfr/jdk-17.jfr.gz", "r");
    *state = NULL;
    if (!file) {
        return 1;
    }
    recording_size = fread(recording, 1, sizeof recording, file);
    return fclose(file);
}

static int file_teardown(void **state) {
    (void)state;
    return 0;
}

static void expect(const struct jfr_events_query *query, const char *path, const char *want) {
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(jfr_events_write(recording, recording_size, query, &json, text, sizeof text), RECEIVER_OK);
    assert_false(json_failed(&json));
    expect_at(&json, path, want);
    json_free(&json);
}

// How many, and the byte of the last one.
static size_t count(const struct jfr_events_query *query, uint64_t *last, bool *more) {
    struct json json = {0};
    char text[200] = "";
    size_t events = 0;
    assert_int_equal(jfr_events_write(recording, recording_size, query, &json, text, sizeof text), RECEIVER_OK);
    json.bytes = realloc(json.bytes, json.size + 1);
    json.bytes[json.size] = '\0';
    for (const char *at = json.bytes; (at = strstr(at, "\"chunk\":0,\"offset\":")); events++) {
        at += strlen("\"chunk\":0,\"offset\":");
        *last = strtoull(at, NULL, 10);
    }
    *more = strstr(json.bytes, "\"more\":true");
    json_free(&json);
    return events;
}

TEST_IN(file, one_type) {
    const struct jfr_events_query query = {.type = "jdk.JVMInformation", .limit = 10};
    expect(&query, "$.events[0].type", "jdk.JVMInformation");
    expect(&query, "$.events[0].fields.jvmName", "OpenJDK 64-Bit Server VM");
    expect(&query, "$.more", "0");
    expect(&query, "$.damaged", "0");
    const struct jfr_events_query none = {.type = "jdk.NoSuchType", .limit = 10};
    expect(&none, "$.events", "[]");
}

TEST_IN(file, stacks_threads_and_names) {
    const struct jfr_events_query query = {.type = "jdk.JavaMonitorEnter", .limit = 1};
    expect(&query, "$.more", "1");
    expect(&query, "$.events[0].fields.monitorClass", "java/lang/Object"); // a class is its name
    expect(&query, "$.events[0].fields.eventThread.group", "main");        // so is a group of threads
    expect(&query, "$.events[0].fields.stackTrace.frames[0].method.type", "Load");
    expect(&query, "$.events[0].fields.stackTrace.frames[0].method.name", "plantedLock");
    expect(&query, "$.events[0].fields.stackTrace.truncated", "0");
}

TEST_IN(file, several_types) {
    uint64_t last;
    bool more;
    const struct jfr_events_query one = {.type = "jdk.ThreadSleep", .limit = JFR_EVENTS_MAX};
    const struct jfr_events_query other = {.type = "jdk.ThreadPark", .limit = JFR_EVENTS_MAX};
    const struct jfr_events_query both = {.type = "jdk.ThreadPark,jdk.ThreadSleep", .limit = JFR_EVENTS_MAX};
    size_t sleeps = count(&one, &last, &more), parks = count(&other, &last, &more);
    assert_true(sleeps > 50 && parks > 5);
    assert_int_equal(count(&both, &last, &more), sleeps + parks);
    // No part of a name counts.
    const struct jfr_events_query parts = {.type = "jdk.Thread,jdk.ThreadParks", .limit = JFR_EVENTS_MAX};
    assert_int_equal(count(&parts, &last, &more), 0);
}

TEST_IN(file, in_pieces) {
    uint64_t last = 0;
    bool more = true;
    size_t pieces = 0, events = 0;
    const struct jfr_events_query all = {.limit = JFR_EVENTS_MAX};
    size_t whole = count(&all, &last, &more);
    assert_false(more);
    for (last = 0, more = true; more; pieces++) {
        const struct jfr_events_query query = {.type = "", .after = last, .limit = 100};
        events += count(&query, &last, &more);
    }
    assert_int_equal(events, whole);
    assert_int_equal(pieces, (whole + 99) / 100);
}

TEST_IN(file, no_recording) {
    struct json json = {0};
    char text[200] = "";
    const struct jfr_events_query query = {.limit = 1};
    assert_int_equal(jfr_events_write("no recording", 12, &query, &json, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_non_null(strstr(text, "not a readable recording: "));
    assert_int_equal(json.size, 0);
}

TEST_IN(file, the_answer_is_in_the_budget) {
    for (int large = 0; large < 2; large++) {
        struct json json = {0};
        char text[200] = "";
        struct merge_budget budget = {.limit_bytes = 900 << 10}, *before = merge_use_budget(&budget);
        const struct jfr_events_query query = {.limit = large ? JFR_EVENTS_MAX : 1};
        assert_int_equal(jfr_events_write(recording, recording_size, &query, &json, text, sizeof text),
                         large ? RECEIVER_NO_MEMORY : RECEIVER_OK);
        assert_true(budget.exceeded == large && budget.used_bytes == 0);
        merge_use_budget(before);
        json_free(&json);
    }
}

int main(void) {
    return tests_run();
}
