// jfr_test.c: events are counted by type over all chunks; damaged recordings are refused or counted up to the damage. The recording of a
// real client is tested in e2e/receiver_views.

#include "../../../base/test/test.h"

#include "recording.h"

#include "../jfr.h"

TEST(counts) {
    for (unsigned encoding = 3; encoding <= 5; encoding++) {
        struct recording recording = {0};
        struct jfr jfr;
        char text[200] = "";
        put_chunk(&recording, 3, 5, 10000, encoding);
        put_chunk(&recording, 4, 0, 9500, encoding);
        assert_int_equal(jfr_read(recording.bytes, recording.size, &jfr, text, sizeof text), RECEIVER_OK);
        assert_int_equal(jfr.chunks, 2);
        assert_true(jfr.major == 2 && jfr.minor == 1 && !jfr.truncated);
        assert_true(jfr.start_ns == 9500 && jfr.duration_ns == 1500);
        assert_int_equal(jfr.count, 3);
        assert_string_equal(jfr.types[0].name, "app.Sample");
        assert_string_equal(jfr.types[0].label, "A sample");
        assert_true(jfr.types[0].count == 7 && jfr.types[0].size_bytes == 140);
        assert_string_equal(jfr.types[1].name, "app.Pause");
        assert_null(jfr.types[1].label);
        assert_true(jfr.types[1].count == 5 && jfr.types[1].size_bytes == 1000);
        assert_string_equal(jfr.types[2].name, "jdk.Metadata");
        jfr_free(&jfr);
    }
}

TEST(json) {
    struct recording recording = {0};
    struct json json = {0};
    char text[200] = "";
    put_chunk(&recording, 1, 0, 10000, 3);
    assert_int_equal(jfr_write(recording.bytes, recording.size, &json, text, sizeof text), RECEIVER_OK);
    expect_at(&json, "$.chunks", "1");
    expect_at(&json, "$.version", "2.1");
    expect_at(&json, "$.events[0]", "{\"type\":\"app.Sample\",\"label\":\"A sample\",\"count\":1,\"size_bytes\":20}");
    json_free(&json);
    assert_int_equal(jfr_write("no recording", 12, &json, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_non_null(strstr(text, "not a readable recording: no chunk at byte 0"));
    json_free(&json);
}

// As many types as a chunk may have, in each of two chunks: few bytes of input, and memory for each name.
TEST(too_many_types) {
    enum { TYPES = 9000, EVENT_BYTES = 5 };
    struct recording recording = {0};
    struct jfr jfr;
    char text[200] = "";
    put_chunk(&recording, 0, 0, 10000, 3);
    size_t chunk = recording.size + TYPES * EVENT_BYTES;
    uint8_t *both = calloc(2, chunk);
    put_big_endian(&recording, 8, chunk);
    for (unsigned c = 0; c < 2; c++) {
        uint8_t *at = both + c * chunk;
        memcpy(at, recording.bytes, recording.size);
        at += recording.size;
        for (unsigned i = 0; i < TYPES; i++, at += EVENT_BYTES) {
            unsigned type = 1000 + c * TYPES + i;
            at[0] = EVENT_BYTES;
            at[1] = (uint8_t)(type | 0x80);
            at[2] = (uint8_t)(type >> 7 | 0x80);
            at[3] = (uint8_t)(type >> 14);
        }
    }
    assert_int_equal(jfr_read(both, chunk, &jfr, text, sizeof text), RECEIVER_OK);
    assert_int_equal(jfr.count, TYPES + 1);
    jfr_free(&jfr);
    assert_int_equal(jfr_read(both, 2 * chunk, &jfr, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_non_null(strstr(text, "more types of events than can be counted"));
    free(both);
}

// Truncated anywhere: counts what is there, and reports the truncation.
TEST(cut_off) {
    struct recording recording = {0};
    put_chunk(&recording, 3, 5, 10000, 3);
    for (size_t size = 0; size < recording.size; size++) {
        struct jfr jfr;
        char text[200] = "";
        uint8_t *exact = malloc(size + !size); // so that the sanitizer sees reads beyond the end
        memcpy(exact, recording.bytes, size);
        enum receiver_error error = jfr_read(exact, size, &jfr, text, sizeof text);
        assert_int_equal(error, size < 68 ? RECEIVER_BAD_UPLOAD : RECEIVER_OK);
        if (error == RECEIVER_OK) {
            assert_true(jfr.truncated);
            uint64_t events = 0;
            for (size_t i = 0; i < jfr.count; i++) {
                events += jfr.types[i].count;
            }
            size_t left = size - 68;
            assert_int_equal(events, left >= 60 ? 3 + (left - 60) / 200 : left / 20);
            jfr_free(&jfr);
        }
        free(exact);
    }
}

// Random bytes and bits: an answer or a reason, within the input (by the sanitized build) and in bounded time.
TEST(mutated) {
    struct recording recording = {0};
    uint64_t random = 88172645463325252u;
    put_chunk(&recording, 3, 5, 10000, 4);
    put_chunk(&recording, 1, 1, 20000, 3);
    for (int round = 0; round < 200000; round++) {
        struct recording damaged = recording;
        for (int i = 0; i <= round % 3; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17; // xorshift64
            damaged.bytes[random % damaged.size] = (uint8_t)(round % 2 ? random >> 32 : 0xFF);
        }
        struct jfr jfr;
        char text[200] = "";
        enum receiver_error error = jfr_read(damaged.bytes, damaged.size, &jfr, text, sizeof text);
        if (error == RECEIVER_OK) {
            jfr_free(&jfr);
        } else {
            assert_int_equal(error, RECEIVER_BAD_UPLOAD);
            assert_true(*text);
        }
    }
}

int main(void) {
    return tests_run();
}
