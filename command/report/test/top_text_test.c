// top_text_test.c: the table of `cmemprof top` and `diff`: totals, rows, filters, and how stacks are written.

#include "../../../base/test/test.h"

#include "../top.h"

static uint32_t add_frame(struct profile *profile, const char *name, const char *file) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file});
    return profile_add_location(profile, 0, 0, &(struct profile_line){function, 7, 0}, 1);
}

// A C stack twice (3 MB, and 1 MB on another line), a Go stack of 2 MB, and a C stack of 30 frames of 1 kB.
static struct profile *make_profile(void) {
    struct profile *profile = profile_new();
    assert_non_null(profile);
    profile_add_sample_type(profile, "inuse_objects", "count");
    profile_add_sample_type(profile, "inuse_space", "bytes");
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    struct profile_label c = {"memory", "C", 0, ""};
    uint32_t leaf = add_frame(profile, "sqlite3Malloc", "/src/sqlite3.c"), prepare = add_frame(profile, "prepare", "/src/sqlite3.c");
    uint32_t wrapper = add_frame(profile, "_cgo_0f3b_Cfunc_prepare", "/tmp/cgo.c"),
             call = add_frame(profile, "runtime.cgocall", "/go/cgocall.go");
    uint32_t exec = add_frame(profile, "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec[go.shape/x]", "/src/sqlite3.go");
    uint32_t start = add_frame(profile, "main.leak", "/src/main.go"), go = add_frame(profile, "main.cache", "/src/main.go");
    uint32_t other = profile_add_location(profile, 0, 0, &(struct profile_line){1, 99, 0}, 1);
    profile_add_sample(profile, (uint32_t[]){leaf, prepare, wrapper, call, exec, start}, 6, (int64_t[]){1000, 3000000, 5}, &c, 1);
    profile_add_sample(profile, (uint32_t[]){other, prepare, wrapper, call, exec, start}, 6, (int64_t[]){234, 1000000, 0}, &c, 1);
    profile_add_sample(profile, (uint32_t[]){go, start}, 2, (int64_t[]){7, 2000000, 1500000}, NULL, 0);
    uint32_t deep[30];
    char name[20];
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, i < 15 ? "std::f%d" : "net.f%d", i);
        deep[i] = i == 7               ? add_frame(profile, "own", "a.c")
                  : i == 22 || i == 24 ? add_frame(profile, "main.own", "a.go")
                                       : add_frame(profile, name, i < 15 ? "a.c" : "a.go");
    }
    profile_add_sample(profile, deep, 30, (int64_t[]){1, 1000, 0}, &c, 1);
    assert_int_equal(profile_status(profile), MERGE_OK);
    return profile;
}

// Returns the printed table, which the caller frees.
static char *print(const struct top_options *options, size_t width) {
    struct profile *profile = make_profile();
    struct top top;
    char *text = NULL;
    size_t size;
    assert_int_equal(top_build(profile, NULL, options, &top), MERGE_OK);
    FILE *out = open_memstream(&text, &size);
    top_print(&top, width, out);
    fclose(out);
    top_free(&top);
    profile_free(profile);
    return text;
}

static void expect(struct top_options options, size_t width, const char *expected) {
    char *text = print(&options, width);
    assert_string_equal(text, expected);
    free(text);
}

TEST(stacks) {
    expect((struct top_options){.by_stack = true, .lines = 2}, 120,
           "inuse_space: Go memory 2.00 MB, C memory 4.00 MB\n"
           "all memory by stack, 1,242 objects\n"
           "\n"
           "     value   share    objects  stack, the allocation first\n"
           "   4.00 MB   66.7%      1,234  sqlite3Malloc <- prepare <- go-sqlite3.(*SQLiteStmt).exec[go.shape/x] <- main.leak\n"
           "   2.00 MB   33.3%          7  main.cache <- main.leak\n"
           "            and 1 more\n");
}

TEST(memory) {
    char *text = print(&(struct top_options){.by_stack = true, .memory = FLAT_CUM_GO, .lines = 10}, 120);
    assert_non_null(strstr(text, "Go memory by stack, 7 objects"));
    assert_non_null(strstr(text, "2.00 MB  100.0%          7  main.cache <- main.leak"));
    assert_null(strstr(text, "sqlite3Malloc"));
    free(text);
    text = print(&(struct top_options){.by_stack = true, .memory = FLAT_CUM_C, .lines = 10}, 120);
    assert_non_null(strstr(text, "C memory by stack, 1,235 objects"));
    assert_null(strstr(text, "main.cache"));
    free(text);
}

// Keeps five frames at the leaf, two before Go, five of Go, the root and the program's. Lines wrap below the stack.
TEST(long_stack) {
    char *text = print(&(struct top_options){.by_stack = true, .memory = FLAT_CUM_C, .lines = 10}, 90);
    assert_non_null(strstr(text, "std::f0 <- std::f1 <- std::f2 <- std::f3 <- std::f4\n"
                                 "                               <- (2 more) <- own <- (5 more) <- std::f13 <- std::f14\n"
                                 "                               <- net.f15 <- net.f16 <- net.f17 <- net.f18 <- net.f19\n"
                                 "                               <- (2 more) <- main.own <- net.f23 <- main.own <- (4 more)\n"
                                 "                               <- net.f29\n"));
    free(text);
}

// Keeps the root and the leaf, then the program's frames.
TEST(depth) {
    char *text = print(&(struct top_options){.by_stack = true, .memory = FLAT_CUM_C, .lines = 10, .depth = 6}, 200);
    assert_non_null(
        strstr(text, "std::f0 <- std::f1 <- (5 more) <- own <- (14 more) <- main.own <- (1 more) <- main.own <- (4 more) <- net.f29\n"));
    free(text);
    text = print(&(struct top_options){.by_stack = true, .memory = FLAT_CUM_C, .lines = 10, .depth = 3}, 200);
    assert_non_null(strstr(text, "std::f0 <- (6 more) <- own <- (21 more) <- net.f29\n"));
    free(text);
    text = print(&(struct top_options){.by_stack = true, .memory = FLAT_CUM_C, .lines = 10, .depth = 1}, 200);
    assert_non_null(strstr(text, "std::f0 <- (28 more) <- net.f29\n"));
    assert_non_null(strstr(text, "sqlite3Malloc <- (2 more) <- main.leak\n"));
    free(text);
}

static char *print_owner(enum flat_cum_owner owner) {
    struct profile *profile = make_profile();
    struct top top;
    char *text = NULL;
    size_t size;
    const struct profile_label labels[] = {{"memory", "C", 0, ""}, {"owner", "cmemprof", 0, ""}};
    uint32_t frame = add_frame(profile, "deflate", "/src/deflate.c");
    profile_add_sample(profile, &frame, 1, (int64_t[]){1, 50, 0}, labels, 2);
    assert_int_equal(top_build(profile, NULL, &(struct top_options){.by_stack = true, .owner = owner, .lines = 10}, &top), MERGE_OK);
    FILE *out = open_memstream(&text, &size);
    top_print(&top, 120, out);
    fclose(out);
    top_free(&top);
    profile_free(profile);
    return text;
}

TEST(owner) {
    char *text = print_owner(FLAT_CUM_PROFILER);
    assert_non_null(strstr(text, "Go memory 0 B, C memory 50 B\nall memory by stack, 1 objects\n"));
    assert_non_null(strstr(text, "deflate\n"));
    assert_null(strstr(text, "main"));
    free(text);
    text = print_owner(FLAT_CUM_PROGRAM);
    assert_non_null(strstr(text, "all memory by stack, 1,242 objects\n"));
    assert_null(strstr(text, "deflate"));
    free(text);
    text = print_owner(FLAT_CUM_ANY_OWNER);
    assert_non_null(strstr(text, "all memory by stack, 1,243 objects\n"));
    free(text);
}

TEST(functions) {
    expect((struct top_options){.lines = 3, .memory = FLAT_CUM_ALL}, 120,
           "inuse_space: Go memory 2.00 MB, C memory 4.00 MB\n"
           "all memory by function, 1,242 objects\n"
           "\n"
           "     value   share    objects      total   share  function\n"
           "   4.00 MB   66.7%      1,234    4.00 MB   66.7%  sqlite3Malloc  sqlite3.c\n"
           "   2.00 MB   33.3%          7    2.00 MB   33.3%  main.cache  main.go\n"
           "   1.00 kB    0.0%          1    1.00 kB    0.0%  std::f0  a.c\n"
           "            and 33 more\n");
}

TEST(other_types) {
    char *text = print(&(struct top_options){.by_stack = true, .type = "cpu", .lines = 1}, 120);
    assert_non_null(strstr(text, "1.50 ms"));
    assert_null(strstr(text, "objects"));
    free(text);
    struct profile *profile = make_profile();
    struct top top;
    assert_int_equal(top_build(profile, NULL, &(struct top_options){.by_stack = true, .type = "wall", .lines = 1}, &top), MERGE_NOT_FOUND);
    profile_free(profile);
}

TEST(hostile_names) {
    struct profile *profile = profile_new();
    struct top top;
    char *text = NULL;
    size_t size;
    profile_add_sample_type(profile, "inuse_space", "bytes");
    uint32_t location = add_frame(profile, "a\x1b[2Jb\n", "x.c");
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
    profile_add_sample(profile, NULL, 0, (int64_t[]){1}, NULL, 0);
    assert_int_equal(top_build(profile, NULL, &(struct top_options){.by_stack = true, .lines = 9}, &top), MERGE_OK);
    FILE *out = open_memstream(&text, &size);
    top_print(&top, 80, out);
    fclose(out);
    assert_non_null(strstr(text, "a?[2Jb?\n"));
    assert_non_null(strstr(text, "(no stack)\n"));
    free(text);
    top_free(&top);
    profile_free(profile);
}

// Strings from a profile: sample type, function, source file.
TEST(no_control_characters) {
    struct profile *profile = profile_new();
    struct top top;
    char *text = NULL;
    size_t size;
    profile_add_sample_type(profile, "t\x1b[2J", "bytes");
    uint32_t location = add_frame(profile,
                                  "caf\xc3\xa9\xc2\x9b"
                                  "2J\x9b\x7f",
                                  "/src/\x1b]0;x\a.c");
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
    assert_int_equal(top_build(profile, NULL, &(struct top_options){.lines = 9}, &top), MERGE_OK);
    FILE *out = open_memstream(&text, &size);
    top_print(&top, 80, out);
    fclose(out);
    assert_non_null(strstr(text, "t?[2J: "));
    assert_non_null(strstr(text, "caf\xc3\xa9??2J??  ?]0;x?.c\n"));
    free(text);
    top_free(&top);
    profile_free(profile);
}

TEST(totals_saturate) {
    struct top top = {.type = "t", .unit = "count", .sums = {.by_stack = true, .go_total = {INT64_MAX}, .c_total = {INT64_MAX}}};
    struct flat_cum_row row = {.flat = {INT64_MAX}};
    const struct flat_cum_row *rows[] = {&row};
    char *text = NULL;
    size_t size;
    top.rows = rows;
    top.count = top.count_all = 1;
    FILE *out = open_memstream(&text, &size);
    top_print(&top, 80, out);
    fclose(out);
    assert_non_null(strstr(text, "  100.0%"));
    free(text);
}

TEST(lines_files_packages) {
    char *text = print(&(struct top_options){.by = FRAME_BY_LINE, .lines = 2}, 120);
    assert_non_null(strstr(text, "   3.00 MB   50.0%      1,000    3.00 MB   50.0%  sqlite3Malloc  sqlite3.c:7\n"));
    free(text);
    text = print(&(struct top_options){.by = FRAME_BY_FILE, .by_cum = true, .lines = 2}, 120);
    assert_non_null(strstr(text, "   2.00 MB   33.3%          7    6.00 MB  100.0%  /src/main.go\n"
                                 "   4.00 MB   66.7%      1,234    4.00 MB   66.7%  /src/sqlite3.c\n"));
    free(text);
    text = print(&(struct top_options){.by = FRAME_BY_PACKAGE, .lines = 2}, 120);
    assert_non_null(strstr(text, "   4.00 MB   66.7%      1,235    4.00 MB   66.7%  unknown\n"
                                 "   2.00 MB   33.3%          7    6.00 MB  100.0%  main\n"));
    free(text);
}

TEST(exact) {
    char *text = print(&(struct top_options){.by = FRAME_BY_LINE, .lines = 1, .exact = true}, 120);
    assert_non_null(strstr(text, "inuse_space: Go memory 2000000, C memory 4001000\n"));
    assert_non_null(strstr(text, "   3000000   50.0%       1000    3000000   50.0%  sqlite3Malloc /src/sqlite3.c:7\n"));
    free(text);
    text = print(&(struct top_options){.by_stack = true, .lines = 1, .exact = true, .memory = FLAT_CUM_GO}, 120);
    assert_non_null(strstr(text, "   2000000  100.0%          7  main.cache /src/main.go <- main.leak /src/main.go\n"));
    free(text);
}

// Takes away "\033[...m".
static void strip_colours(char *text) {
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] == '\033') {
            from = strchr(from, 'm');
            assert_non_null(from);
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

// In colours a table says the same, with the same places; what has grown is red, and the program's functions are bold.
static void expect_same_in_colours(struct top *top, const char *plain) {
    char *text = NULL;
    size_t size;
    top->colours = true;
    FILE *out = open_memstream(&text, &size);
    top_print(top, 120, out);
    fclose(out);
    assert_non_null(strstr(text, "\n\033[1m    change of base    objects      total of base  function\033[0m\n"
                                 "\033[31m  +6.00 MB +100.0%\033[0m         +3   +6.00 MB +100.0%  "));
    assert_non_null(strstr(text, "  \033[1mmain.leak\033[0m  "));
    strip_colours(text);
    assert_string_equal(text, plain);
    free(text);
}

TEST(difference) {
    struct profile *base = make_profile(), *profile = make_profile();
    struct profile_label c = {"memory", "C", 0, ""};
    uint32_t leaf = add_frame(profile, "grown", "/src/new.c"), start = add_frame(profile, "main.leak", "/src/main.go");
    profile_add_sample(profile, (uint32_t[]){leaf, start}, 2, (int64_t[]){3, 6001000, 0}, &c, 1);
    struct top top;
    char *text = NULL;
    size_t size;
    assert_int_equal(top_build(profile, base, &(struct top_options){.lines = 10}, &top), MERGE_OK);
    FILE *out = open_memstream(&text, &size);
    top_print(&top, 120, out);
    fclose(out);
    assert_string_equal(text, "inuse_space: 6.00 MB -> 12.0 MB (+6.00 MB, +100.0%)\n"
                              "all memory by function, +3 objects\n"
                              "\n"
                              "    change of base    objects      total of base  function\n"
                              "  +6.00 MB +100.0%         +3   +6.00 MB +100.0%  grown  new.c\n"
                              "       0 B   +0.0%          0   +6.00 MB +100.0%  main.leak  main.go\n");
    expect_same_in_colours(&top, text);
    free(text);
    top_free(&top);
    profile_free(base);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
