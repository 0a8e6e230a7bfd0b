// dictionary_test.c: values of attributes as texts, and numbers of a repeated field.

#include "../../base/test/test.h"

#include "requests.h"

#include "../dictionary.h"

static struct dictionary none(struct merge_fault *fault) {
    return (struct dictionary){.fault = fault, .limits = &merge_default_limits};
}

static struct wire of(const struct wire_writer *writer) {
    return (struct wire){writer->bytes, writer->bytes + writer->size};
}

static void expect_text(struct wire_writer *writer, const char *wanted) {
    struct merge_fault fault;
    struct dictionary dictionary = none(&fault);
    struct read_value value;
    char text[32];
    dictionary.bytes = writer->bytes;
    assert_int_equal(dictionary_value(&dictionary, of(writer), &value), MERGE_OK);
    dictionary_text(&value, text, sizeof text);
    assert_string_equal(text, wanted);
    wire_free(writer);
}

TEST(values_have_a_text) {
    struct wire_writer writer = {0};
    wire_write_bytes(&writer, 1, "text", 4);
    expect_text(&writer, "text");
    wire_write_number(&writer, 2, 1);
    expect_text(&writer, "true");
    wire_write_number(&writer, 3, (uint64_t)-5);
    expect_text(&writer, "-5");
    wire_write_varint(&writer, 4 << 3 | WIRE_FIXED64);
    wire_reserve(&writer, 8);
    memcpy(writer.bytes + writer.size, "\0\0\0\0\0\0\xf8\x3f", 8);
    writer.size += 8;
    expect_text(&writer, "1.5");
    wire_write_bytes(&writer, 7, "\1\xff", 2);
    expect_text(&writer, "01ff");
    wire_write_bytes(&writer, 5, "", 0);
    expect_text(&writer, "[...]");
    wire_write_bytes(&writer, 6, "", 0);
    expect_text(&writer, "{...}");
    wire_write_number(&writer, 99, 1); // a kind of a later version
    expect_text(&writer, "");
}

TEST(a_long_text_is_cut) {
    struct wire_writer writer = {0};
    char bytes[100];
    memset(bytes, 'x', sizeof bytes);
    wire_write_bytes(&writer, 1, bytes, sizeof bytes);
    expect_text(&writer, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    memset(bytes, 0xab, sizeof bytes);
    wire_write_bytes(&writer, 7, bytes, sizeof bytes);
    expect_text(&writer, "ababababababababababababababab");
}

TEST(a_table_of_strings_begins_with_the_empty_one) {
    struct wire_writer writer = {0};
    struct merge_fault fault;
    struct dictionary dictionary = none(&fault);
    wire_write_bytes(&writer, 5, "samples", 7);
    dictionary.bytes = writer.bytes;
    assert_int_equal(dictionary_read(&dictionary, of(&writer)), MERGE_MALFORMED);
    assert_string_equal(fault.text, "the first entry of the table of strings is not empty");
    dictionary_free(&dictionary);
    wire_free(&writer);
}

TEST(zero_is_none_in_an_empty_table) {
    struct merge_fault fault = {0};
    struct dictionary dictionary = none(&fault);
    struct wire entry;
    assert_true(dictionary_entry(&dictionary, TABLE_STACKS, 0, &entry));
    assert_ptr_equal(entry.at, entry.end);
    assert_false(dictionary_entry(&dictionary, TABLE_STACKS, 1, &entry));
    assert_string_equal(fault.text, "stack index 1 of 0 stacks");
    assert_false(dictionary_entry(&dictionary, TABLE_STACKS, UINT64_MAX, &entry));
    assert_string_equal(fault.text, "stack index -1 of 0 stacks");
}

int main(void) {
    return tests_run();
}
