// frame_table_test.c: ids of frames by function, line, file and package; equal strings at different addresses.

#include "../../../base/test/test.h"

#include "../frame_table.h"

static uint32_t id_of(struct frame_table *table, struct profile_frame frame) {
    unsigned matches = 0;
    frame.function = frame.function ? frame.function : "";
    frame.file = frame.file ? frame.file : "";
    frame.mapping_file = frame.mapping_file ? frame.mapping_file : "";
    return frame_table_id(table, &frame, &matches);
}

TEST(by_function) {
    struct frame_table table = {.by = FRAME_BY_FUNCTION};
    char other[] = "f"; // another profile has its own copy
    assert_int_equal(id_of(&table, (struct profile_frame){.function = "f", .file = "a.c", .line = 1, .file_offset = 8}), 0);
    assert_int_equal(id_of(&table, (struct profile_frame){.function = other, .file = "a.c", .line = 2, .file_offset = 9}), 0);
    assert_int_equal(id_of(&table, (struct profile_frame){.function = "f", .file = "b.c"}), 1);
    assert_int_equal(id_of(&table, (struct profile_frame){.mapping_file = "x.so", .file_offset = 8}), 2);
    assert_int_equal(id_of(&table, (struct profile_frame){.mapping_file = "x.so", .file_offset = 9}), 3);
    assert_int_equal(id_of(&table, (struct profile_frame){.mapping_file = "y.so", .file_offset = 9}), 4);
    assert_string_equal(frame_table_frame(&table, 1)->file, "b.c");
    frame_table_free(&table);
}

TEST(by_line_and_file) {
    struct frame_table lines = {.by = FRAME_BY_LINE}, files = {.by = FRAME_BY_FILE};
    struct profile_frame frame = {.function = "f", .file = "a.c", .line = 1}, other = {.function = "g", .file = "a.c", .line = 2};
    struct profile_frame address = {.mapping_file = "x.so", .file_offset = 8};
    assert_int_equal(id_of(&lines, frame), 0);
    assert_int_equal(id_of(&files, frame), 0);
    assert_int_equal(id_of(&files, other), 0);
    assert_int_equal(id_of(&files, address), 1);
    frame.line = 2;
    assert_int_equal(id_of(&lines, frame), 1);
    assert_int_equal(id_of(&files, frame), 0);
    address.file_offset = 9;
    assert_int_equal(id_of(&files, address), 1);
    frame_table_free(&lines);
    frame_table_free(&files);
}

// The value of a label is a row of its own, whatever the rest is grouped by, and no function of the same name.
TEST(labels) {
    struct profile_frame acme = {.function = "acme", .file = "tenant", .label = true},
                         zeta = {.function = "zeta", .file = "tenant", .label = true};
    struct profile_frame function = {.function = "acme", .file = "tenant"};
    for (int by = FRAME_BY_FUNCTION; by <= FRAME_BY_LABEL; by++) {
        struct frame_table table = {.by = (enum frame_by)by};
        assert_int_equal(id_of(&table, acme), 0);
        assert_int_equal(id_of(&table, zeta), 1);
        assert_int_equal(id_of(&table, function), 2);
        assert_int_equal(id_of(&table, acme), 0);
        frame_table_free(&table);
    }
    size_t length;
    assert_string_equal(frame_package(&acme, &length), "acme");
    assert_int_equal(length, 4);
}

static void expect_package(const char *function, const char *file, const char *mapping, const char *expected) {
    size_t length;
    const char *package = frame_package(&(struct profile_frame){.function = function, .file = file, .mapping_file = mapping}, &length);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(package, expected, length);
}

TEST(packages) {
    expect_package("github.com/mattn/go-sqlite3.(*SQLiteStmt).exec[go.shape/x]", "a.go", "/bin/x", "github.com/mattn/go-sqlite3");
    expect_package("gopkg.in/yaml%2ev3.Parse", "a.go", "/bin/x", "gopkg.in/yaml%2ev3");
    expect_package("main.main.func1", "a.go", "/bin/x", "main");
    expect_package("sqlite3Malloc", "sqlite3.c", "/usr/lib/libsqlite3.so.0", "libsqlite3.so.0");
    expect_package("", "", "", "");
    struct frame_table table = {.by = FRAME_BY_PACKAGE};
    assert_int_equal(id_of(&table, (struct profile_frame){.function = "a/b.f", .file = "x.go"}), 0);
    assert_int_equal(id_of(&table, (struct profile_frame){.function = "a/b.g", .file = "y.go"}), 0);
    assert_int_equal(id_of(&table, (struct profile_frame){.function = "a/bc.g", .file = "y.go"}), 1);
    frame_table_free(&table);
}

TEST(filter) {
    struct filter filter = {0};
    assert_int_equal(filter_compile("top", &filter, FILTER_FOCUS, "^f$"), 0);
    struct frame_table table = {.filter = &filter};
    struct profile_frame frame = {.function = "f", .file = "", .mapping_file = ""};
    for (int i = 0; i < 2; i++) { // new, then known
        unsigned matches = 0;
        frame_table_id(&table, &frame, &matches);
        assert_int_equal(matches, 1 << FILTER_FOCUS);
    }
    frame_table_free(&table);
    filter_free(&filter);
}

// Each of 100,000 functions keeps its id.
TEST(many) {
    enum { COUNT = 100000 };
    static char names[COUNT][8];
    struct frame_table table = {0};
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            snprintf(names[i], sizeof names[i], "f%u", i);
            assert_int_equal(id_of(&table, (struct profile_frame){.function = names[i]}), i);
        }
    }
    frame_table_free(&table);
}

int main(void) {
    return tests_run();
}
