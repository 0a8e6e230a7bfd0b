// Tests of wire.h: extreme varints, false lengths, messages that outgrow the byte reserved for their length.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../wire.h"

TEST(varints_survive_both_ways) {
    const uint64_t values[] = {0,         1, 127, 128, 16383, 16384, (1 << 21) - 1, 1 << 21, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MIN,
                               UINT64_MAX};
    struct wire_writer writer = {0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        wire_write_varint(&writer, values[i]);
    }
    struct wire wire = {writer.bytes, writer.bytes + writer.size};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint64_t value = 99;
        assert_int_equal(wire_varint(&wire, &value), WIRE_OK);
        assert_true(value == values[i]);
    }
    assert_ptr_equal(wire.at, wire.end);
    wire_free(&writer);
}

static enum wire_result next_of(const char *bytes, size_t size) {
    // A copy of exact size, so that sanitizers detect reads past the end.
    uint8_t *copy = malloc(size);
    memcpy(copy, bytes, size);
    struct wire wire = {copy, copy + size};
    struct wire_field field;
    enum wire_result result = wire_next(&wire, &field);
    free(copy);
    return result;
}

TEST(bad_fields_are_detected) {
    assert_int_equal(next_of("\x80", 1), WIRE_SHORT);
    assert_int_equal(next_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), WIRE_BAD);
    assert_int_equal(next_of("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11), WIRE_OK); // bits above the 64th are dropped
    assert_int_equal(next_of("\x08", 1), WIRE_SHORT);
    assert_int_equal(next_of("\x12\x05"
                             "abcd",
                             6),
                     WIRE_SHORT);
    assert_int_equal(next_of("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), WIRE_SHORT);
    assert_int_equal(next_of("\x12\x04"
                             "abcd",
                             6),
                     WIRE_OK);
    assert_int_equal(next_of("\x09"
                             "1234567",
                             8),
                     WIRE_SHORT);
    assert_int_equal(next_of("\x0d"
                             "1234",
                             5),
                     WIRE_OK);
    assert_int_equal(next_of("\x0b", 1), WIRE_BAD); // group
    assert_int_equal(next_of("\x0c", 1), WIRE_BAD);
    assert_int_equal(next_of("\x0f", 1), WIRE_BAD);
    assert_int_equal(next_of("\x02\x00", 2), WIRE_BAD); // field 0
}

TEST(messages_of_any_length_close) {
    const size_t sizes[] = {0, 1, 127, 128, 16383, 16384, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct wire_writer writer = {0};
        size_t outer = wire_open(&writer, 3);
        char *text = calloc(sizes[i] + 1, 1);
        memset(text, 'x', sizes[i]);
        wire_write_bytes(&writer, 1, text, sizes[i]);
        wire_close(&writer, outer);
        struct wire wire = {writer.bytes, writer.bytes + writer.size};
        struct wire_field field = {0}, inner = {0};
        assert_int_equal(wire_next(&wire, &field), WIRE_OK);
        assert_ptr_equal(wire.at, wire.end);
        assert_int_equal(wire_next(&field.bytes, &inner), WIRE_OK);
        assert_int_equal(inner.bytes.end - inner.bytes.at, sizes[i]);
        assert_memory_equal(inner.bytes.at, text, sizes[i]);
        free(text);
        wire_free(&writer);
    }
}

TEST(fixed_numbers_are_little_endian) {
    const uint8_t bytes[] = {1 << 3 | WIRE_FIXED64, 1, 2, 3, 4, 5, 6, 7, 0x80, 2 << 3 | WIRE_FIXED32, 1, 2, 3, 0xff};
    struct wire wire = {bytes, bytes + sizeof bytes};
    struct wire_field field;
    assert_int_equal(wire_next(&wire, &field), WIRE_OK);
    assert_int_equal(field.value, UINT64_C(0x8007060504030201));
    assert_int_equal(wire_next(&wire, &field), WIRE_OK);
    assert_int_equal(field.value, 0xff030201);
    wire = (struct wire){bytes, bytes + 8}; // cut
    assert_int_equal(wire_next(&wire, &field), WIRE_SHORT);
}

int main(void) {
    return tests_run();
}
