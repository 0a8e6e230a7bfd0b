// layout_test.c: the layouts before and since v1.10, told apart and read.

#include "../../base/test/test.h"

#include "requests.h"

#include "../layout.h"

// Of a dictionary with two attributes.
static enum layout layout_with(void (*put)(struct wire_writer *writer), size_t links, size_t stacks) {
    struct blob blob = request_with(put);
    const struct layout_tables tables = {.attributes = 2, .stacks = stacks, .links = links};
    enum layout layout = layout_of((struct wire){blob.bytes, blob.bytes + blob.size}, tables);
    free(blob.bytes);
    return layout;
}

static void put_new(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 1, 1004, 9);
}
static void put_old(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 9, 1003, 1);
}
// Told by its value alone, which is no index, or by the lack of any.
static void put_old_alone(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 1);
}
static void put_old_link(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 9, 1003, 1, 4, 1);
}
static void put_both(struct wire_writer *writer) {
    put_new(writer);
    put_old(writer);
}
static void put_new_time(struct wire_writer *writer) {
    size_t message = wire_open(writer, 2);
    wire_write_number(writer, 1, 1);
    size_t run = wire_open(writer, 2);
    wire_write_varint(writer, 1);
    wire_close(writer, run);
    wire_write_bytes(writer, 5, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    wire_close(writer, message);
}
// async-profiler's encoder of the time of v1.8 does not pack lists.
static void put_old_unpacked(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 2, 9, 3, 1);
}
static void put_new_unpacked(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 2, 1, 4, 9);
}
// Two timestamps, and two numbers that are no attributes: values. Three numbers can only be attributes, of which one is none.
static void put_times_and(struct wire_writer *writer, int numbers) {
    size_t message = wire_open(writer, 2);
    wire_write_number(writer, 1, 1);
    size_t run = wire_open(writer, 2);
    for (int i = 0; i < numbers; i++) {
        wire_write_varint(writer, 70);
    }
    wire_close(writer, run);
    wire_write_bytes(writer, 5, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    wire_close(writer, message);
}
static void put_old_times(struct wire_writer *writer) {
    put_times_and(writer, 2);
}
static void put_new_times_beyond(struct wire_writer *writer) {
    put_times_and(writer, 3);
}
static void put_container(struct wire_writer *writer) {
    wire_write_varint(writer, 2 << 3 | WIRE_FIXED64); // start_time_unix_nano of a ProfileContainer
    wire_reserve(writer, 8);
    memset(writer->bytes + writer->size, 1, 8);
    writer->size += 8;
}
static void put_none(struct wire_writer *writer) {
    (void)writer;
}
static void put_ancient(struct wire_writer *writer) {
    PUT(writer, 2, 1, 0, 2, 1, 1003, 1);
    wire_write_number(writer, 3, 1); // location_indices, not packed
}

TEST(layouts_are_told_apart) {
    assert_int_equal(layout_with(put_new, 2, 2), LAYOUT_1_10);
    assert_int_equal(layout_with(put_old, 2, 2), LAYOUT_1_8);
    assert_int_equal(layout_with(put_old_alone, 2, 2), LAYOUT_1_8);
    assert_int_equal(layout_with(put_old_unpacked, 1, 2), LAYOUT_1_8);
    assert_int_equal(layout_with(put_new_unpacked, 1, 2), LAYOUT_1_10);
    assert_int_equal(layout_with(put_old_unpacked, 2, 2), LAYOUT_UNKNOWN); // or a link of v1.10
    assert_int_equal(layout_with(put_new_unpacked, 2, 2), LAYOUT_UNKNOWN);
    assert_int_equal(layout_with(put_old_times, 2, 2), LAYOUT_1_8);
    assert_int_equal(layout_with(put_new_times_beyond, 2, 2), LAYOUT_1_10);
    assert_int_equal(layout_with(put_container, 2, 0), LAYOUT_TOO_OLD);
    assert_int_equal(layout_with(put_both, 2, 2), LAYOUT_MIXED);
    assert_int_equal(layout_with(put_new_time, 2, 2), LAYOUT_1_10);
    assert_int_equal(layout_with(put_none, 2, 0), LAYOUT_1_10);
    assert_int_equal(layout_with(put_ancient, 2, 0), LAYOUT_TOO_OLD);
    assert_int_equal(layout_with(put_new, 2, 0), LAYOUT_TOO_OLD); // no table of stacks
}

static void expect_nine(void (*put)(struct wire_writer *writer), int64_t value) {
    struct taken taken;
    struct merge_fault fault;
    if (decode_request(request_with(put), &taken, &fault) != MERGE_OK) {
        fail_msg("%s", fault.text);
    }
    struct profile *profile = only_profile(&taken);
    const int64_t *values = values_of(profile, "work");
    assert_non_null(values);
    assert_int_equal(*values, value);
    profile_free(profile);
    taken_free(&taken);
}

TEST(both_layouts_have_their_values) {
    expect_nine(put_new, 9);
    expect_nine(put_old, 9);
    expect_nine(put_old_alone, 1);
    expect_nine(put_old_link, 9);
}

TEST(an_older_layout_is_refused_with_its_reason) {
    struct taken taken;
    struct merge_fault fault;
    assert_int_equal(decode_request(request_with(put_ancient), &taken, &fault), MERGE_MALFORMED);
    assert_non_null(strstr(fault.text, "before opentelemetry-proto v1.8"));
    assert_int_equal(decode_request(request_with(put_both), &taken, &fault), MERGE_MALFORMED);
    assert_non_null(strstr(fault.text, "mixed"));
    assert_int_equal(taken.count, 0);
}

int main(void) {
    return tests_run();
}
