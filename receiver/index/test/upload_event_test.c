// upload_event_test.c: parsing of event parts, good and bad.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../upload_event.h"

static int store_setup(void **state) {
    *state = upload_event_reader_new();
    return !*state;
}

static int store_teardown(void **state) {
    upload_event_reader_free(*state);
    return 0;
}

TEST_IN(store, fields) {
    struct upload_event event;
    char text[200] = "";
    assert_int_equal(upload_event_read(*state, EVENT, strlen(EVENT), "team:a,region:b", &event, text, sizeof text), RECEIVER_OK);
    assert_string_equal(event.facets[FACET_SERVICE], "shop");
    assert_string_equal(event.facets[FACET_ENV], "test");
    assert_string_equal(event.facets[FACET_VERSION], "1.2");
    assert_string_equal(event.facets[FACET_HOST], "vm");
    assert_string_equal(event.facets[FACET_RUNTIME], "go"); // not that of runtime-id
    assert_string_equal(event.family, "go");
    assert_int_equal(event.start_ms, 1767323045000);
    assert_int_equal(event.end_ms, 1767323105000);
    assert_non_null(strstr(event.tags, ",x:a:b,,team:a,region:b"));
    upload_event_free(&event);
}

TEST_IN(store, what_is_missing) {
    struct upload_event event;
    char text[200] = "";
    static const char json[] = "{\"family\":\"go\",\"start\":\"noon\",\"end\":1500}";
    assert_int_equal(upload_event_read(*state, json, strlen(json), NULL, &event, text, sizeof text), RECEIVER_OK);
    assert_null(event.facets[FACET_SERVICE]);
    assert_string_equal(event.facets[FACET_LANGUAGE], "go"); // falls back to the family
    assert_string_equal(event.tags, "");
    assert_int_equal(event.start_ms, 0);
    assert_int_equal(event.end_ms, 1500);
    upload_event_free(&event);
}

TEST_IN(store, runtime_of_java) {
    static const struct {
        const char *json, *runtime;
    } events[] = {{"{\"family\":\"java\"}", "JVM"},
                  {"{\"family\":\"java\",\"tags_profiler\":\"language:jvm\"}", "JVM"},
                  {"{\"family\":\"java\",\"tags_profiler\":\"runtime:graal\"}", "graal"},
                  {"{\"family\":\"python\"}", NULL}};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct upload_event event;
        char text[200] = "";
        assert_int_equal(upload_event_read(*state, events[i].json, strlen(events[i].json), NULL, &event, text, sizeof text), RECEIVER_OK);
        if (events[i].runtime) {
            assert_string_equal(event.facets[FACET_RUNTIME], events[i].runtime);
        } else {
            assert_null(event.facets[FACET_RUNTIME]);
        }
        upload_event_free(&event);
    }
}

TEST_IN(store, bad_events) {
    static const char *const events[] = {"", "[]", "{", "x", "{\"a\":1}}", "{\"a\":}", "\xff", "null", "3", "\"x\""};
    struct upload_event event;
    char text[200];
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        assert_int_equal(upload_event_read(*state, events[i], strlen(events[i]), NULL, &event, text, sizeof text), RECEIVER_BAD_UPLOAD);
        assert_string_equal(text, "the event part is not a JSON object");
    }
    assert_int_equal(upload_event_read(*state, "{}\0{", 4, NULL, &event, text, sizeof text), RECEIVER_BAD_UPLOAD);
    char *deep = malloc(100000);
    memset(deep, '[', 100000);
    memcpy(deep, "{\"a\":", 5);
    assert_int_equal(upload_event_read(*state, deep, 100000, NULL, &event, text, sizeof text), RECEIVER_BAD_UPLOAD);
    free(deep);
    assert_int_equal(upload_event_read(*state, "{}", 2, NULL, &event, text, sizeof text), RECEIVER_OK);
    upload_event_free(&event);
}

// What every list of uploads repeats is bounded: tags from both sides together, and the fields.
TEST_IN(store, long_tags_and_fields) {
    static const char *const fields[] = {"start", "end", "family", "tags_profiler"};
    char *json = malloc(40000), *tags = malloc(UPLOAD_EVENT_TAGS_MAX_BYTES + 1), text[200];
    struct upload_event event;
    for (size_t i = 0; i < 4; i++) {
        for (int over = 0; over <= 1; over++) {
            int length = (i == 3 ? UPLOAD_EVENT_TAGS_MAX_BYTES : UPLOAD_EVENT_FIELD_MAX_BYTES) + over;
            int size = snprintf(json, 40000, "{\"%s\":\"%0*d\"}", fields[i], length, 0);
            enum receiver_error error = upload_event_read(*state, json, (size_t)size, NULL, &event, text, sizeof text);
            assert_int_equal(error, over ? RECEIVER_TOO_LARGE : RECEIVER_OK);
            if (over) {
                assert_non_null(strstr(text, i == 3 ? "tags: more than 16384 bytes" : fields[i]));
            } else {
                upload_event_free(&event);
            }
        }
    }
    snprintf(tags, UPLOAD_EVENT_TAGS_MAX_BYTES + 1, "%0*d", UPLOAD_EVENT_TAGS_MAX_BYTES, 0);
    assert_int_equal(upload_event_read(*state, "{\"tags[]\":[\"a\"]}", 16, tags, &event, text, sizeof text), RECEIVER_TOO_LARGE);
    free(json);
    free(tags);
}

// So is their number, also of empty ones.
TEST_IN(store, many_tags) {
    static const struct {
        const char *tag;
        int count;
        bool ok;
    } cases[] = {{"\"\"", 300000, false},
                 {"\"\"", UPLOAD_EVENT_MAX_TAGS, true},
                 {"\"\"", UPLOAD_EVENT_MAX_TAGS + 1, false},
                 {"\"a:b\"", UPLOAD_EVENT_MAX_TAGS, true},
                 {"\"a:b\"", UPLOAD_EVENT_MAX_TAGS + 1, false},
                 {"7", 300000, true}};
    char *json = malloc(1 << 20), text[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct upload_event event;
        int size = sprintf(json, "{\"tags[]\":[");
        for (int k = 0; k < cases[i].count; k++) {
            size += sprintf(json + size, "%s%s", k ? "," : "", cases[i].tag);
        }
        size += sprintf(json + size, "]}");
        enum receiver_error error = upload_event_read(*state, json, (size_t)size, NULL, &event, text, sizeof text);
        assert_int_equal(error, cases[i].ok ? RECEIVER_OK : RECEIVER_TOO_LARGE);
        if (error == RECEIVER_OK) {
            upload_event_free(&event);
        } else {
            assert_string_equal(text, "the event's tags: more than 1000");
        }
    }
    free(json);
}

// Of a stored event what exceeds the limits is cut: whole tags, whole characters.
TEST_IN(store, stored_with_other_limits) {
    static const struct {
        const char *tag;
        int count;
        size_t expected;
    } cases[] = {{"a:b", 3000, (UPLOAD_EVENT_MAX_TAGS + 1) * 4 - 1},
                 {"a:b", UPLOAD_EVENT_MAX_TAGS, UPLOAD_EVENT_MAX_TAGS * 4 - 1},
                 {"key:0123456789012345678901234", 900, (UPLOAD_EVENT_TAGS_MAX_BYTES + 1) / 30 * 30 - 1},
                 {"a:b", 0, 0}};
    char *json = malloc(1 << 20), text[200];
    struct upload_event event;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int size = sprintf(json, "{\"family\":\"%0*d\",\"tags[]\":[", UPLOAD_EVENT_FIELD_MAX_BYTES + 50, 7);
        for (int k = 0; k < cases[i].count; k++) {
            size += sprintf(json + size, "%s\"%s\"", k ? "," : "", cases[i].tag);
        }
        size += sprintf(json + size, "]}");
        assert_int_equal(upload_event_read_stored(*state, json, (size_t)size, NULL, &event, text, sizeof text), RECEIVER_OK);
        assert_int_equal(strlen(event.tags), cases[i].expected);
        assert_int_equal(strlen(event.family), UPLOAD_EVENT_FIELD_MAX_BYTES);
        upload_event_free(&event);
    }
    assert_int_equal(upload_event_read_stored(*state, "[]", 2, NULL, &event, text, sizeof text), RECEIVER_BAD_UPLOAD);
    free(json);
}

// A facet's value is cut between characters; the tag stays as it is.
TEST_IN(store, long_facets) {
    char json[700], text[200];
    struct upload_event event;
    for (int before = 0; before < 2; before++) {
        int size = snprintf(json, sizeof json, "{\"tags_profiler\":\"service:%.*s", before, "s");
        for (int i = 0; i < 150; i++) {
            size += sprintf(json + size, "\xC3\xA4");
        }
        size += sprintf(json + size, "\"}");
        assert_int_equal(upload_event_read(*state, json, (size_t)size, NULL, &event, text, sizeof text), RECEIVER_OK);
        assert_int_equal(strlen(event.facets[FACET_SERVICE]), UPLOAD_EVENT_FACET_MAX_BYTES - before);
        assert_int_equal(strlen(event.tags), strlen("service:") + (size_t)before + 300);
        upload_event_free(&event);
    }
}

int main(void) {
    return tests_run();
}
