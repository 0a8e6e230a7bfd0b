// samples_test.c: samples of other writers: labels of all kinds, links, timestamps, faults.

#include "../../base/test/test.h"

#include "requests.h"

static void put_linked(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 1, 3, 1, 1004, 9);
}
static void put_times(struct wire_writer *writer) {
    size_t message = wire_open(writer, 2);
    wire_write_number(writer, 1, 1);
    wire_write_bytes(writer, 5, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    wire_close(writer, message);
    PUT(writer, 2, 1, 1, 1002, 1, 1004, 1); // which shows the layout
}
static void put_uneven(struct wire_writer *writer) {
    size_t message = wire_open(writer, 2);
    size_t run = wire_open(writer, 4);
    wire_write_varint(writer, 1);
    wire_close(writer, run);
    wire_write_bytes(writer, 5, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    wire_close(writer, message);
}
static void put_two_values(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1004, 1, 1004, 2);
}
static void put_far_stack(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1004, 1);
    PUT(writer, 2, 1, 9, 1004, 1);
}
static void put_far_attribute(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 8, 1004, 1);
}
static void put_far_link(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 3, 8, 1004, 1);
}
static void put_unpacked(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 1, 1004, 3);
    PUT(writer, 2, 1, 1, 2, 1, 1004, 6);
}

// One after the other, told apart by their attributes: each is added to the one it is equal to.
static void put_repeated(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 1, 1004, 1);
    PUT(writer, 2, 1, 1, 1004, 10);
    PUT(writer, 2, 1, 1, 1002, 1, 1004, 2);
    PUT(writer, 2, 1, 1, 1004, 20);
    PUT(writer, 2, 1, 1, 1004, 30);
    PUT(writer, 2, 1, 1, 1002, 1, 1004, 4);
    PUT(writer, 2, 1004, 100); // no stack
}

TEST(labels_and_links_become_labels) {
    struct taken taken;
    struct profile_sample_view view;
    assert_int_equal(decode_request(request_with(put_linked), &taken, NULL), MERGE_OK);
    struct profile *profile = only_profile(&taken);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_int_equal(view.frame_count, 1);
    assert_string_equal(view.frames[0].function, "work");
    assert_int_equal(view.frames[0].line, 42);
    assert_true(profile_sample_has_label(&view, "key", "value"));
    assert_true(profile_sample_has_label(&view, "trace_id", "01020304050607080102030405060708"));
    assert_true(profile_sample_has_label(&view, "span_id", "0102030405060708"));
    profile_free(profile);
    taken_free(&taken);
}

TEST(each_timestamp_is_an_observation) {
    struct taken taken;
    struct profile_sample_view view;
    int64_t sum = 0;
    assert_int_equal(decode_request(request_with(put_times), &taken, NULL), MERGE_OK);
    struct profile *profile = only_profile(&taken);
    assert_int_equal(profile_sample_count(profile), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_int_equal(view.values[0], 1);
        for (size_t l = 0; l < view.label_count; l++) {
            sum += strcmp(view.labels[l].key, "end_timestamp_ns") == 0 ? view.labels[l].number : 0;
        }
    }
    assert_int_equal(sum, 3);
    profile_free(profile);
    taken_free(&taken);
}

TEST(numbers_need_not_be_packed) {
    struct taken taken;
    assert_int_equal(decode_request(request_with(put_unpacked), &taken, NULL), MERGE_OK);
    struct profile *profile = only_profile(&taken);
    assert_int_equal(*values_of(profile, "work"), 9); // equal samples are one
    profile_free(profile);
    taken_free(&taken);
}

TEST(samples_that_come_again_are_added) {
    struct taken taken;
    struct profile_sample_view view;
    int64_t with = 0, without = 0, none = 0;
    assert_int_equal(decode_request(request_with(put_repeated), &taken, NULL), MERGE_OK);
    struct profile *profile = only_profile(&taken);
    assert_int_equal(profile_sample_count(profile), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        *(view.frame_count == 0 ? &none : profile_sample_has_label(&view, "key", "value") ? &with : &without) += view.values[0];
    }
    assert_int_equal(with, 7);
    assert_int_equal(without, 60);
    assert_int_equal(none, 100);
    profile_free(profile);
    taken_free(&taken);
}

TEST(faults_name_the_sample) {
    const struct {
        void (*put)(struct wire_writer *writer);
        const char *text;
    } faults[] = {{put_uneven, "sample 0: 1 values and 2 timestamps"},
                  {put_two_values, "sample 0: 2 values of one type"},
                  {put_far_stack, "sample 1: stack index 9 of 2 stacks"},
                  {put_far_link, "sample 0: link index 8 of 2 links"}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct taken taken;
        struct merge_fault fault;
        assert_int_equal(decode_request(request_with(faults[i].put), &taken, &fault), MERGE_MALFORMED);
        assert_string_equal(fault.text, faults[i].text);
        assert_int_equal(taken.count, 0);
    }
}

TEST(an_attribute_that_is_none_is_a_fault) {
    struct taken taken;
    struct merge_fault fault;
    assert_int_equal(decode_request(request_with(put_far_attribute), &taken, &fault), MERGE_MALFORMED);
    assert_string_equal(fault.text, "sample 0: attribute index 8 of 2 attributes");
}

int main(void) {
    return tests_run();
}
