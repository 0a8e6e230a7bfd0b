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

static uint32_t stack_of(struct tables *tables, const uint32_t *locations, uint32_t count) {
    uint8_t *at = tables_stack_room(tables, count);
    assert_non_null(at);
    for (uint32_t i = 0; i < count; i++) {
        at = wire_put_varint(at, locations[i]);
    }
    return tables_stack(tables, at);
}

TEST_IN(tables, equal_stacks_are_one) {
    struct tables *tables = *state;
    uint32_t one = stack_of(tables, (const uint32_t[]){1, 2, 300000}, 3);
    assert_int_equal(one, 1);
    assert_int_equal(stack_of(tables, (const uint32_t[]){1, 2}, 2), 2);
    assert_int_equal(stack_of(tables, (const uint32_t[]){1, 2, 300000}, 3), one);
    assert_int_equal(stack_of(tables, (const uint32_t[]){1, 2, 4}, 3), 3);
}

// Room is kept, not what is in it: all tables begin as they are.
TEST_IN(tables, room_changes_nothing) {
    struct tables *tables = *state;
    struct profile *profile = profile_new();
    for (uint32_t i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "text %u", i);
        profile_intern_string(profile, text, strlen(text));
    }
    uint32_t first = tables_string(tables, "first");
    tables_reserve(tables, profile);
    tables_reserve(tables, profile); // there is room already
    assert_int_equal(tables_string(tables, "first"), first);
    assert_int_equal(tables_string(tables, "second"), first + 1);
    assert_int_equal(stack_of(tables, &first, 1), 1);
    assert_false(tables->failed);
    profile_free(profile);
}

TEST_IN(tables, attributes_differ_by_key_unit_kind_and_value) {
    struct tables *tables = *state;
    const struct value number = {.kind = VALUE_NUMBER, .number = 1}, text = {.kind = VALUE_TEXT, .text = 1}, truth = {.kind = VALUE_TRUE};
    const struct value two[] = {text, number};
    uint32_t key = tables_string(tables, "key"), unit = tables_string(tables, "bytes");
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

TEST_IN(tables, mappings_differ_by_their_flags) {
    struct tables *tables = *state;
    struct mapping mapping = {.start = 0x1000, .limit = 0x2000, .file = tables_string(tables, "/bin/x")};
    uint32_t plain = tables_mapping(tables, &mapping);
    mapping.flags = MAPPING_FUNCTIONS;
    assert_int_not_equal(tables_mapping(tables, &mapping), plain);
    mapping.flags = 0;
    assert_int_equal(tables_mapping(tables, &mapping), plain);
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
