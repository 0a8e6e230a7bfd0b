// dwarf_bytes_test.c: numbers, strings and lengths, and their ends.

#include "../../base/test/test.h"

#include "../dwarf_bytes.h"

TEST(numbers) {
    static const uint8_t encoded[] = {0xe5, 0x8e, 0x26, 0x7f, 0x80, 0x7f, 0x34, 0x12, 0x80};
    struct dwarf_bytes bytes = {encoded, encoded + sizeof encoded, false};
    assert_int_equal(dwarf_uleb(&bytes), 624485);
    assert_int_equal(dwarf_sleb(&bytes), -1);
    assert_int_equal(dwarf_sleb(&bytes), -128);
    assert_int_equal(dwarf_fixed(&bytes, 2), 0x1234);
    assert_false(bytes.bad);
    assert_int_equal(dwarf_uleb(&bytes), 0); // truncated
    assert_true(bytes.bad);
    static const uint8_t longest[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    bytes = (struct dwarf_bytes){longest, longest + sizeof longest, false};
    assert_true(dwarf_uleb(&bytes) == UINT64_MAX);
    assert_false(bytes.bad);
    static const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    bytes = (struct dwarf_bytes){endless, endless + sizeof endless, false};
    dwarf_uleb(&bytes);
    assert_true(bytes.bad);
}

TEST(texts) {
    static const uint8_t encoded[] = {'a', 'b', 0, 0, 'c'};
    struct dwarf_bytes bytes = {encoded, encoded + sizeof encoded, false};
    assert_string_equal(dwarf_text(&bytes), "ab");
    assert_string_equal(dwarf_text(&bytes), "");
    assert_false(bytes.bad);
    assert_string_equal(dwarf_text(&bytes), ""); // unterminated
    assert_true(bytes.bad);
    assert_string_equal(dwarf_text(&bytes), ""); // at the end
}

TEST(lengths) {
    static const uint8_t encoded[] = {3, 0, 0, 0, 1, 2, 3, 4}, wide[] = {0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2};
    struct dwarf_bytes bytes = {encoded, encoded + sizeof encoded, false};
    size_t offset_bytes;
    assert_true(dwarf_length(&bytes, &offset_bytes));
    assert_int_equal(offset_bytes, 4);
    assert_ptr_equal(bytes.end, encoded + 7);
    bytes = (struct dwarf_bytes){wide, wide + sizeof wide, false};
    assert_true(dwarf_length(&bytes, &offset_bytes));
    assert_int_equal(offset_bytes, 8);
    assert_ptr_equal(bytes.end, wide + sizeof wide);
    bytes = (struct dwarf_bytes){encoded, encoded + 6, false};
    assert_false(dwarf_length(&bytes, &offset_bytes)); // longer than the data
    bytes = (struct dwarf_bytes){wide, wide + 8, false};
    assert_false(dwarf_length(&bytes, &offset_bytes));
}

TEST(skipping) {
    static const uint8_t encoded[] = {1, 2, 3};
    struct dwarf_bytes bytes = {encoded, encoded + sizeof encoded, false};
    dwarf_skip(&bytes, 2);
    assert_int_equal(dwarf_fixed(&bytes, 1), 3);
    dwarf_skip(&bytes, 0);
    assert_false(bytes.bad);
    dwarf_skip(&bytes, UINT64_MAX);
    assert_true(bytes.bad);
    assert_ptr_equal(bytes.at, bytes.end);
}

int main(void) {
    return tests_run();
}
