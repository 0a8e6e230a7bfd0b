// tables_test.c: entries that are equal are one; texts that are no UTF-8 are mended.

#include "../../base/test/test.h"

#include "../tables.h"

static int tables_setup(void **state) {
    struct tables *tables = calloc(1, sizeof *tables);
    *state = tables;
    return tables_init(tables) ? 0 : 1;
}
static int tables_teardown(void **state) {
    tables_free(*state);
    free(*state);
    return 0;
}

static uint32_t text_of(struct tables *tables, const char *text) {
    return tables_string(tables, text, strlen(text));
}

static uint32_t stack_of(struct tables *tables, const uint32_t *locations, uint32_t count) {
    size_t mark = tables_open(tables, TABLE_STACKS), run = wire_open(&tables->written, 1);
    for (uint32_t i = 0; i < count; i++) {
        wire_write_varint(&tables->written, locations[i]);
    }
    wire_close(&tables->written, run);
    return tables_close(tables, TABLE_STACKS, mark);
}

TEST_IN(tables, equal_entries_are_one) {
    struct tables *tables = *state;
    uint32_t one = stack_of(tables, (const uint32_t[]){1, 2, 300000}, 3);
    assert_int_equal(one, 1);
    assert_int_equal(stack_of(tables, (const uint32_t[]){1, 2}, 2), 2);
    size_t size = tables->written.size;
    assert_int_equal(stack_of(tables, (const uint32_t[]){1, 2, 300000}, 3), one);
    assert_int_equal(tables->written.size, size);
    assert_int_equal(stack_of(tables, (const uint32_t[]){1, 2, 4}, 3), 3);
}

// Sizes of one byte and of two, and one that is the beginning of the other.
TEST_IN(tables, entries_of_any_size_are_found) {
    struct tables *tables = *state;
    char text[300];
    memset(text, 'x', sizeof text);
    for (uint32_t size = 1; size < sizeof text; size++) {
        assert_int_equal(tables_string(tables, text, size), size);
    }
    for (uint32_t size = 1; size < sizeof text; size++) {
        assert_int_equal(tables_string(tables, text, size), size);
    }
    assert_int_equal(tables_string(tables, text, 0), 0);
    assert_int_equal(tables->counts[TABLE_STRINGS], sizeof text);
}

// Of two tables, also if all but the field's number is equal.
TEST_IN(tables, tables_count_for_themselves) {
    struct tables *tables = *state;
    size_t mark = tables_open(tables, TABLE_MAPPINGS);
    wire_write_number(&tables->written, 1, 7);
    assert_int_equal(tables_close(tables, TABLE_MAPPINGS, mark), 1);
    mark = tables_open(tables, TABLE_LOCATIONS);
    wire_write_number(&tables->written, 1, 7);
    assert_int_equal(tables_close(tables, TABLE_LOCATIONS, mark), 1);
    assert_int_equal(text_of(tables, "text"), 1);
    assert_int_equal(text_of(tables, "other"), 2);
    assert_int_equal(text_of(tables, "text"), 1);
}

// Room is kept, not what is in it: all tables begin as they are.
TEST_IN(tables, room_changes_nothing) {
    struct tables *tables = *state;
    uint32_t first = text_of(tables, "first");
    tables_begin_profile(tables, 1000, 1000);
    tables_begin_profile(tables, 1000, 1000); // there is room already
    assert_int_equal(text_of(tables, "first"), first);
    assert_int_equal(text_of(tables, "second"), first + 1);
    assert_int_equal(stack_of(tables, &first, 1), 1);
    assert_false(tables->failed);
}

// The first profile's own entries are not looked up until there is a second one.
TEST_IN(tables, own_entries_are_found_by_the_next_profile) {
    struct tables *tables = *state;
    for (uint32_t profile = 0; profile < 3; profile++) {
        tables_begin_profile(tables, 3, 1);
        assert_int_equal(tables_own_string(tables, "first", 5), 1);
        assert_int_equal(text_of(tables, "second"), 2);
        size_t mark = tables_open(tables, TABLE_FUNCTIONS);
        assert_int_equal(tables_close_own(tables, TABLE_FUNCTIONS, mark), 1); // as empty as entry 0, and not that one
        mark = tables_open(tables, TABLE_FUNCTIONS);
        wire_write_number(&tables->written, 1, 1);
        assert_int_equal(tables_close_own(tables, TABLE_FUNCTIONS, mark), 2);
        assert_int_equal(stack_of(tables, (const uint32_t[]){1, 2}, 2), 1);
    }
    assert_int_equal(tables->counts[TABLE_STRINGS], 3);
    assert_int_equal(tables->counts[TABLE_FUNCTIONS], 3);
    assert_false(tables->failed);
}

TEST_IN(tables, attributes_differ_by_key_unit_kind_and_value) {
    struct tables *tables = *state;
    const struct value number = {.kind = VALUE_NUMBER, .number = 1}, text = value_of_text("key", 3), truth = {.kind = VALUE_TRUE};
    const struct value two[] = {text, number};
    uint32_t key = text_of(tables, "key"), unit = text_of(tables, "bytes");
    uint32_t first = tables_attribute(tables, key, 0, &number, 1, false);
    assert_int_equal(first, 1);
    assert_int_equal(tables_attribute(tables, key, unit, &number, 1, false), 2);
    assert_int_equal(tables_attribute(tables, unit, 0, &number, 1, false), 3);
    assert_int_equal(tables_attribute(tables, key, 0, &text, 1, false), 4);
    assert_int_equal(tables_attribute(tables, key, 0, &truth, 1, false), 5);
    assert_int_equal(tables_attribute(tables, key, 0, &number, 1, true), 6);
    assert_int_equal(tables_attribute(tables, key, 0, two, 2, true), 7);
    assert_int_equal(tables_attribute(tables, key, 0, &number, 1, false), first);
}

static void expect_written(const char *text, const char *wanted) {
    struct wire_writer writer = {0};
    wire_write_text(&writer, 1, text, strlen(text));
    assert_int_equal(writer.bytes[1], strlen(wanted));
    assert_memory_equal(writer.bytes + 2, wanted, strlen(wanted));
    wire_free(&writer);
}

TEST(texts_are_utf8) {
    expect_written("", "");
    expect_written("plain", "plain");
    expect_written("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_written("a\xff"
                   "b",
                   "a\xef\xbf\xbd"
                   "b");
    expect_written("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");                 // overlong
    expect_written("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); // a surrogate
    expect_written("\xf4\x90\x80\x80"
                   "z",
                   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"); // beyond Unicode
    expect_written("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");              // cut
}

int main(void) {
    return tests_run();
}
