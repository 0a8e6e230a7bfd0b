// text_test.c: formats values and names.

#include "../../../base/test/test.h"

#include "../text.h"

static void expect_put(const char *text, const char *expected) {
    char *shown = NULL;
    size_t size;
    FILE *out = open_memstream(&shown, &size);
    text_put(text, out);
    fclose(out);
    assert_string_equal(shown, expected);
    free(shown);
}

TEST(put) {
    expect_put("caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac");
    expect_put("a\x1b[2Jb\n\x7f", "a?[2Jb??");
    expect_put("\xc2\x9b"
               "2J\x9b",
               "??2J?");
}

TEST(replace) {
    char text[] = ",a,,b", none[] = "";
    text_replace(text, ',', '_');
    assert_string_equal(text, "_a__b");
    text_replace(text, '_', '_');
    assert_string_equal(text, "_a__b");
    text_replace(none, ',', '_');
    assert_string_equal(none, "");
}

TEST(values) {
    char text[TEXT_VALUE_BYTES];
    assert_string_equal(text_value(999, "bytes", text), "999 B");
    assert_string_equal(text_value(-1500000, "bytes", text), "-1.50 MB");
    assert_string_equal(text_value(1500000, "nanoseconds", text), "1.50 ms");
    assert_string_equal(text_value(INT64_MIN, "count", text), "-9,223,372,036,854,775,808");
    assert_string_equal(text_value(-1500000, NULL, text), "-1500000");
    assert_string_equal(text_count(1242, text), "1,242");
    assert_string_equal(text_value_in(1500000, "bytes", "kb", text), "1500.00 kB");
    assert_string_equal(text_value_in(-3145728, "bytes", "MiB", text), "-3.00 MiB");
    assert_string_equal(text_value_in(1500000, "nanoseconds", "s", text), "0.00 s");
    assert_string_equal(text_value_in(1500000, "nanoseconds", "ns", text), "1500000 ns");
    assert_string_equal(text_value_in(1500, "count", "MB", text), "1,500"); // MB does not fit a count
    assert_string_equal(text_value_in(1500, NULL, "MB", text), "1500");
    assert_string_equal(text_change(1500, "bytes", "kB", text), "+1.50 kB");
    assert_true(text_has_unit("mib") && text_has_unit("min") && !text_has_unit("parsec") && !text_has_unit(""));
    assert_string_equal(text_change(12, "bytes", NULL, text), "+12 B");
    assert_string_equal(text_change(0, "bytes", NULL, text), "0 B");
    assert_string_equal(text_change(-12, "bytes", NULL, text), "-12 B");
}

static void expect_frame(const char *function, const char *mapping, const char *expected) {
    char name[TEXT_NAME_BYTES];
    struct profile_frame frame = {.function = function, .file = "", .mapping_file = mapping, .file_offset = 0x2a};
    assert_string_equal(text_frame(&frame, name), expected);
}

TEST(frames) {
    expect_frame("github.com/mattn/go-sqlite3.(*SQLiteStmt).exec[go.shape/x]", "", "go-sqlite3.(*SQLiteStmt).exec[go.shape/x]");
    expect_frame("std::map<a/b>", "", "std::map<a/b>");
    expect_frame("", "/usr/lib/libc.so.6", "libc.so.6+0x2a");
    expect_frame("", "", "unknown+0x2a");
    char longer[2 * TEXT_NAME_BYTES] = {0}, name[TEXT_NAME_BYTES];
    memset(longer, 'x', sizeof longer - 1);
    assert_int_equal(strlen(text_frame(&(struct profile_frame){.function = longer}, name)), TEXT_NAME_BYTES - 1);
}

TEST(sizes_of_units) {
    assert_true(text_unit_size("bytes", "kB") == 1e3);
    assert_true(text_unit_size("bytes", "MiB") == 0x1p20);
    assert_true(text_unit_size("nanoseconds", "min") == 6e10);
    assert_true(text_unit_size("bytes", "s") == 0);
    assert_true(text_unit_size("count", "MB") == 0);
}

int main(void) {
    return tests_run();
}
