// perf_map_test.c: names of generated code, by the lines that hold, of a file that is this process's.

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../perf_map.h"

static struct symbolizer_arena memory;
static struct perf_map map;

static int arena_setup(void **state) {
    symbolizer_arena_open(&memory);
    map = (struct perf_map){0};
    return folder_setup(state);
}
static int arena_teardown(void **state) {
    symbolizer_arena_close(&memory);
    return folder_teardown(state);
}

static bool parse(const char *text) {
    size_t size = strlen(text);
    char *copy = symbolizer_arena_alloc(&memory, size + 1);
    memcpy(copy, text, size);
    return perf_map_parse(&map, &memory, copy, size);
}

static const char *name_at(uintptr_t address) {
    struct symbol symbol = perf_map_find(&map, &memory, address);
    return symbol.frame_count == 1 ? symbol.frames[0].function : "";
}

struct address_case {
    uintptr_t address;
    const char *name;
};

static void expect_names(const struct address_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(name_at(cases[i].address), cases[i].name);
    }
}

TEST_IN(arena, addresses_have_names) {
    const struct address_case cases[] = {
        {0x1000, "one"},       {0x100f, "one"},   {0x1010, ""}, {0xfff, ""}, {0x7fbb880074cf, "void java.util.zip.Deflater.<init>()"},
        {0x201f, "two words"}, {UINTPTR_MAX, ""},
    };
    assert_true(parse("1000 10 one\n7fbb88007340 190 void java.util.zip.Deflater.<init>()\n2000 20 two words"));
    assert_int_equal(map.count, 3);
    expect_names(cases, sizeof cases / sizeof *cases);
}

// Code moves, and its place is used again.
TEST_IN(arena, later_lines_hold) {
    const struct address_case cases[] = {
        {0x1000, "anew"}, {0x1020, "old"}, {0x1044, "newer"}, {0x1052, "last"}, {0x1059, "newest"}, {0x1078, "newer"}, {0x10f1, "above"},
    };
    assert_true(parse("1000 100 old\n1040 40 newer\n1050 10 newest\n1050 8 last\n10f0 100 above\n1000 20 anew\n"));
    expect_names(cases, sizeof cases / sizeof *cases);
}

TEST_IN(arena, what_is_no_line_is_passed_over) {
    char zeros[] = "1 1 a\0001 1 b\0001 1 c\0\0\0001 1 d\n2 1 e"; // lines of their own
    assert_true(perf_map_parse(&map, &memory, zeros, sizeof zeros - 1));
    assert_int_equal(map.count, 5);
    assert_string_equal(name_at(1), "d");
    assert_true(parse("\n\nperf\n1000\n1000 10\n1000 zz name\n1000 0 empty\nffffffffffffffff 10 wraps\n-1 8 negative\n1000 10 \n"));
    assert_string_equal(name_at(0x1000), ""); // an empty name is none
    assert_true(parse(""));
    assert_int_equal(map.count, 0);
    assert_string_equal(name_at(0x1000), "");
}

static void expect_script(const char *name, const char *function, const char *file, int64_t line) {
    char text[1400];
    snprintf(text, sizeof text, "1000 10 %s\n", name);
    assert_true(parse(text));
    struct symbol symbol = perf_map_find(&map, &memory, 0x1000);
    assert_int_equal(symbol.frame_count, 1);
    assert_string_equal(symbol.frames[0].function, function);
    assert_string_equal(symbol.frames[0].file, file);
    assert_int_equal(symbol.frames[0].start_line, line);
    assert_int_equal(symbol.frames[0].line, 0);
}

TEST_IN(arena, scripts_have_functions_and_files) {
    const struct {
        const char *name, *function, *file;
        int64_t line;
    } cases[] = {
        {"JS:^keeps /srv/my app/n.js:2:15", "keeps", "/srv/my app/n.js", 2},
        {"JS:*get size file:///srv/m.mjs:12:1", "get", "size file:///srv/m.mjs", 12}, // V8 escapes nothing
        {"LazyCompile:~main /srv/n.js:100:3", "main", "/srv/n.js", 100},
        {"JS:* node:internal/timers:526:19", "(anonymous)", "node:internal/timers", 526},
        {"Function:f /a.js:1:2", "f", "/a.js", 1},
        {"JS:*nowhere", "JS:*nowhere", "", 0},
        {"JS:*f /a.js:1", "JS:*f /a.js:1", "", 0},
        {"JS:*f :1:2", "JS:*f :1:2", "", 0},
        {"JS:", "JS:", "", 0},
        {"RegExp:^a:1:2$", "RegExp:^a:1:2$", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_script(cases[i].name, cases[i].function, cases[i].file, cases[i].line);
    }
    char longer[1200], cut[PERF_MAP_NAME_BYTES];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    snprintf(cut, sizeof cut, "%.*s", PERF_MAP_NAME_BYTES - 1, longer);
    expect_script(longer, cut, "", 0);
}

static void write_file(const char *path, const char *text, size_t padding) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (size_t i = 0; i < padding; i++) {
        fputs("5000 8 padding of a very long file of which only the end is read\n", file);
    }
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

TEST_IN(arena, only_files_of_this_process_are_read) {
    char path[FOLDER_BYTES + 32], link[FOLDER_BYTES + 32];
    snprintf(path, sizeof path, "%s/perf.map", folder);
    snprintf(link, sizeof link, "%s/link.map", folder);
    assert_false(perf_map_read(&map, &memory, path));
    write_file(path, "1000 10 one\n", 0);
    assert_true(perf_map_read(&map, &memory, path));
    assert_string_equal(name_at(0x1000), "one");
    assert_int_equal(symlink(path, link), 0);
    assert_false(perf_map_read(&map, &memory, link));
    assert_string_equal(name_at(0x1000), "");
    assert_false(perf_map_read(&map, &memory, folder));
    assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){{.tv_sec = 1000}, {.tv_sec = 1000}}, 0), 0);
    assert_false(perf_map_read(&map, &memory, path)); // of a process that had its ID before
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(perf_map_read(&map, &memory, path)); // and does not wait
}

TEST_IN(arena, of_a_long_file_the_end_is_read) {
    char path[FOLDER_BYTES + 32];
    snprintf(path, sizeof path, "%s/perf.map", folder);
    write_file(path, "1000 10 one\n", 200000);
    assert_true(perf_map_read(&map, &memory, path));
    assert_string_equal(name_at(0x1000), "one");
    assert_in_range(map.count, 100000, 140000);
}

int main(void) {
    return tests_run();
}
