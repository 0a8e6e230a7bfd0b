// recording_test.c: the answer about a recording; jfr/test has the reading of it, and e2e/receiver real ones.

#include "../../../base/test/test.h"

#include "../../../jfr/test/maker.h"

#include "../../test/profiles.h"

#include "../recording.h"

static void make(struct maker *maker) {
    maker_init(maker);
    maker_basic_types(maker);
    maker_type(maker, "app.Sample", "event", "");
    maker_begin(maker);
    maker_event(maker, "app.Sample"), maker_end(maker);
    maker_event(maker, "app.Sample"), maker_end(maker);
    maker_finish(maker);
}

TEST(events_are_listed_by_type) {
    struct maker maker;
    struct json json = {0};
    char text[200] = "";
    make(&maker);
    assert_int_equal(recording_write(maker.bytes, maker.size, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.chunks", "1");
    expect_at(&json, "$.version", "2.1");
    expect_at(&json, "$.damage", "null");
    expect_at(&json, "$.events[0]",
              "{\"type\":\"app.Sample\",\"label\":\"Label of app.Sample\",\"description\":null,\"category\":null,\"count\":2,"
              "\"size_bytes\":10,\"fields\":[]}");
    json_free(&json);
    maker.bytes[68 + 5] = 0x80, maker.bytes[68 + 6] = 0x80; // the second event has size 0
    maker.bytes[68 + 7] = 0x80, maker.bytes[68 + 8] = 0;
    assert_int_equal(recording_write(maker.bytes, maker.size, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.damage", "{\"count\":1,\"byte\":73,\"text\":\"an event of size 0\"}");
    json_free(&json);
    assert_int_equal(recording_write("no recording", 12, &json, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "not a readable recording: less than the header of a chunk at byte 0");
    json_free(&json);
    maker_free(&maker);
}

TEST(types_have_their_fields) {
    struct maker maker;
    struct json json = {0};
    char text[200] = "";
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.Sample", "event", "startTime:long@ticks size:long@bytes");
    maker_begin(&maker);
    maker_event(&maker, "app.Sample"), maker_number(&maker, 5), maker_number(&maker, 7), maker_end(&maker);
    maker_finish(&maker);
    assert_int_equal(recording_write(maker.bytes, maker.size, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.events[0].fields[0].name", "startTime");
    expect_at(&json, "$.events[0].fields[0].content", "instant");
    expect_at(&json, "$.events[0].fields[1].type", "long");
    expect_at(&json, "$.events[0].fields[1].content", "bytes");
    json_free(&json);
    maker_free(&maker);
}

TEST(facts_of_the_jvm) {
    struct maker maker;
    struct json json = {0};
    char text[200] = "";
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "jdk.LongFlag", "event", "startTime:long@ticks name:java.lang.String value:long origin:java.lang.String");
    maker_type(&maker, "jdk.GCConfiguration", "event", "startTime:long@ticks youngCollector:java.lang.String");
    maker_begin(&maker);
    for (int i = 0; i < 2; i++) { // the last one holds
        maker_event(&maker, "jdk.LongFlag"), maker_number(&maker, 5 + i), maker_text(&maker, "MaxNewSize"), maker_number(&maker, 7 + i);
        maker_text(&maker, i == 0 ? "Default" : "Management"), maker_end(&maker);
    }
    maker_event(&maker, "jdk.GCConfiguration"), maker_number(&maker, 9), maker_text(&maker, "G1New"), maker_end(&maker);
    maker_finish(&maker);
    assert_int_equal(recording_write_facts(maker.bytes, maker.size, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.facts[0]", "{\"group\":\"flag\",\"key\":\"MaxNewSize\",\"value\":\"8\",\"origin\":\"Management\"}");
    expect_at(&json, "$.facts[1]", "{\"group\":\"gc\",\"key\":\"youngCollector\",\"value\":\"G1New\",\"origin\":null}");
    expect_at(&json, "$.facts[2]", "(none)");
    json_free(&json);
    assert_int_equal(recording_write_facts("no recording", 12, &json, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "not a readable recording: less than the header of a chunk at byte 0");
    json_free(&json);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
