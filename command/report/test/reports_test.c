// reports_test.c: callers and callees, source lines, samples and labels of small profiles.

#include "../../../base/test/test.h"

#include "../../commands.h"
#include "../../test/fixture.h"

// main.x calls main.y (30, of which 20 in leaf) and leaf (5); leaf calls itself.
static void write_one(void) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "main.y<main.x", 1, 10, 9, false);
    fixture_add_sample(profile, "leaf<leaf<main.y<main.x", 1, 20, 9, true);
    fixture_add_sample(profile, "leaf<main.x", 1, 5, 9, false);
    fixture_save(profile, "a");
}

static void expect_line(const char *line) {
    if (!strstr(fixture_out, line)) {
        fail_msg("no line %s in\n%s", line, fixture_out);
    }
}

TEST_IN(directory, peek) {
    write_one();
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-peek", "^leaf$", "a"), 0);
    assert_string_equal(fixture_out,
                        "     value   share      total   share      calls   share   function, below its callers, above its callees\n"
                        "----------\n"
                        "                                            20 B   80.0% |   main.y\n"
                        "                                             5 B   20.0% |   main.x\n"
                        "      25 B   71.4%       25 B   71.4%                    | leaf\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-peek", "main", "-cum", "-memory", "C", "a"), 0);
    expect_line("       0 B    0.0%       20 B  100.0%                    | main.x\n"
                "                                            20 B  100.0% |   main.y\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-tree", "a"), 0);
    expect_line("| main.x\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-peek", "x[.]c", "-by", "file", "a"), 0);
    expect_line("share   file, below its callers, above its callees\n"
                "----------\n"
                "                                            25 B  100.0% |   /src/x.go\n"
                "      25 B   71.4%       25 B   71.4%                    | /src/x.c\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-tree", "-cum", "-by", "line", "-lines", "1", "a"), 0);
    expect_line("                    | main.x /src/x.go:7\n"
                "                                            30 B   85.7% |   main.y /src/x.go:7\n"
                "                                             5 B   14.3% |   leaf /src/x.c:7\n"
                "----------\n"
                "            and 2 more\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-peek", "nobody", "a"), 1);
    assert_non_null(strstr(fixture_error, "a: no selected sample has a matching function"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-peek", "(", "a"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-peek", "a", "-tags", "a"), 2);
}

TEST_IN(directory, list) {
    static const char source[] = "one\ntwo\nthree\nfour\nfive\nsix\n";
    char path[100];
    struct profile *profile = fixture_profile();
    snprintf(path, sizeof path, "%s/source.c", folder);
    fixture_write("source.c", source, sizeof source - 1);
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = path});
    for (int64_t line = 3; line <= 4; line++) {
        uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, line, 0}, 1);
        profile_add_sample(profile, &location, 1, (int64_t[]){1, 10 * line, 1}, NULL, 0);
    }
    fixture_add_sample(profile, "other<main.x", 1, 5, 9, false);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-list", "^f$", "a"), 0);
    expect_line(", 70 B on its own\n     value      total   line\n"
                "         .          .      1  one\n"
                "         .          .      2  two\n"
                "      30 B       30 B      3  three\n"
                "      40 B       40 B      4  four\n"
                "         .          .      5  five\n"
                "         .          .      6  six\n");
    assert_null(strstr(fixture_out, "other"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-list", "other", "a"), 0);
    expect_line("       5 B        5 B      7  \n");
    expect_line("(the source is not here)");
}

static void add_line(struct profile *profile, const char *name, const char *path, int64_t line, int64_t value) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = path});
    uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, line, 0}, 1);
    profile_add_sample(profile, &location, 1, (int64_t[]){1, value, 1}, NULL, 0);
}

// Values at lines that the file lacks.
TEST_IN(directory, list_other_lines) {
    char path[100];
    struct profile *profile = fixture_profile();
    snprintf(path, sizeof path, "%s/short.c", folder);
    fixture_write("short.c", "one\ntwo\nthree", 13);
    add_line(profile, "f", path, 0, 1);
    add_line(profile, "f", path, 2, 2);
    add_line(profile, "f", path, 9, 3);
    add_line(profile, "f", path, INT64_MAX, 4);
    add_line(profile, "g", path, 0, 5);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-list", "f", "a"), 0);
    expect_line(", 10 B on its own\n     value      total   line\n"
                "       1 B        1 B      0  \n"
                "         .          .      1  one\n"
                "       2 B        2 B      2  two\n"
                "         .          .      3  three\n"
                "       3 B        3 B      9  \n"
                "       4 B        4 B  9223372036854775807  \n\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-list", "g", "a"), 0);
    expect_line(", 5 B on its own\n     value      total   line\n"
                "       5 B        5 B      0  \n\n");
}

// Static functions of C.
TEST_IN(directory, list_of_one_name_in_two_files) {
    struct profile *profile = fixture_profile();
    add_line(profile, "f", "/none/a.c", 3, 10);
    add_line(profile, "f", "/none/b.c", 3, 20);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(list_command, "list", "f", "a"), 0);
    expect_line("f in /none/a.c, 10 B on its own\n     value      total   line\n      10 B       10 B      3  \n");
    expect_line("f in /none/b.c, 20 B on its own\n     value      total   line\n      20 B       20 B      3  \n");
}

// Source paths that are not regular files, or too large: a pipe without a writer, an endless device, a directory.
TEST_IN(directory, list_other_files) {
    char paths[3][100];
    struct profile *profile = fixture_profile();
    static const char *const names[] = {"pipe", "directory", "large"};
    for (int i = 0; i < 3; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
        add_line(profile, names[i], paths[i], 2, 7);
    }
    add_line(profile, "device", "/dev/zero", 2, 7);
    fixture_save(profile, "a");
    assert_true(mkfifo("pipe", 0600) == 0 && mkdir("directory", 0700) == 0);
    fixture_write("large", "", 0);
    assert_int_equal(truncate("large", (off_t)1 << 40), 0);
    static const char *const all[] = {"pipe", "directory", "large", "device"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(FIXTURE_RUN(top_command, "top", "-list", all[i], "a"), 0);
        expect_line("       7 B        7 B      2  \n                              (the source is not here)\n");
    }
}

TEST_IN(directory, traces) {
    write_one();
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-traces", "-tagfocus", "memory=C", "-hide", "main", "a"), 0);
    assert_string_equal(fixture_out, "type: inuse_space\n"
                                     "----------\n"
                                     "            memory: C\n"
                                     "      20 B  leaf\n"
                                     "            leaf\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-traces", "-files", "-tagfocus", "memory=C", "a"), 0);
    expect_line("      20 B  /src/x.c\n            /src/x.c\n            /src/x.go\n            /src/x.go\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-raw", "a"), 0);
    expect_line("samples: 3\ntypes: inuse_objects/count inuse_space/bytes alloc_space/bytes\n"
                "----------\n1 10 9\n            main.y /src/x.go:7\n            main.x /src/x.go:7\n----------\n");
}

// Labels that are numbers, samples without a stack, and when it was.
TEST_IN(directory, traces_of_what_is_rare) {
    struct profile *profile = fixture_profile();
    struct profile_label labels[] = {{"size", NULL, 64, "bytes"}, {"retries", NULL, 3, ""}};
    profile_add_sample(profile, NULL, 0, (int64_t[]){1, 25, 2}, labels, 2);
    fixture_add_sample(profile, "main.y<main.x", 1, 10, 9, false);
    profile_set_time(profile, 86400 * (int64_t)1000000000, 5000000000);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-traces", "a"), 0);
    expect_line("      25 B  (no stack)\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-traces", "-by", "package", "a"), 0);
    expect_line("      10 B  main\n            main\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-raw", "a"), 0);
    expect_line("time: 1970-01-02 00:00:00 UTC\nduration: 5000000000 ns\n");
    expect_line("            size: 64 bytes\n            retries: 3\n");
}

TEST_IN(directory, tags) {
    struct profile *profile = fixture_profile();
    for (int64_t i = 0; i < 3; i++) {
        struct profile_label labels[] = {{"thread", i ? "worker" : "main", 0, ""}, {"size", NULL, 64, "bytes"}, {"empty", "", 0, ""}};
        profile_add_sample(profile, NULL, 0, (int64_t[]){1, 25 * (i + 1), i}, labels, i == 2 ? 1 : 2);
    }
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-tags", "a"), 0);
    assert_string_equal(fixture_out, "size: 75 B, 50.0% of all, 1 value\n"
                                     "        75 B   50.0%  64 bytes\n"
                                     "thread: 150 B, 100.0% of all, 2 values\n"
                                     "       125 B   83.3%  worker\n"
                                     "        25 B   16.7%  main\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-tags", "-lines", "1", "-tagfocus", "thread=.", "a"), 0);
    expect_line("       125 B   83.3%  worker\n                      and 1 more\n");
    write_one();
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-tags", "-memory", "Go", "a"), 0);
    assert_string_equal(fixture_out, "no sample has a label\n");
}

TEST_IN(directory, owners) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "malloc<sqlite3MemMalloc<sqlite3_prepare_v2<main.x<main.main", 4, 400, 1000, true);
    fixture_add_sample(profile, "malloc<img_decode<img_new<main.y<main.main", 1, 100, 100, true);
    fixture_add_sample(profile, "main.z", 1, 5000, 5000, false);
    fixture_save(profile, "a");
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "a"), 0);
    expect_line("C memory by owner: 500 B in use in 5 blocks, 1.10 kB allocated\n"); // the fixture has no alloc_objects
    expect_line("     400 B   80.0%          4       ±0          -                   -           main.x  x.go  main  sqlite3_prepare_v2 / "
                "sqlite3_finalize\n");
    expect_line("     100 B   20.0%          1       ±0          -                   -           main.y  x.go  main\n");
    expect_line("What was freed is not known");
    assert_null(strstr(fixture_out, "main.z"));
    fixture_write("pairs", "# ours\nimg_new img_free\n", 24);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "-owners", "-pairs", "pairs", "-exact", "-lines", "1", "-focus", "main.y", "a"), 0);
    expect_line(
        "       100   20.0%          1       ±0          -                   -           main.y  /src/x.go  main  img_new / img_free\n");
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "--json", "--lines", "1", "a"), 0);
    expect_line("\"owners\":[{\"function\":{\"name\":\"main.x\"");
    expect_line("\"opens\":\"sqlite3_prepare_v2\",\"closes\":\"sqlite3_finalize\",\"live\":{\"bytes\":400,");
    expect_line("\"owners_left_out\":1}\n");
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "--focus", "main.z", "a"), 0);
    expect_line("none: no selected sample is C memory");
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "--pairs", "missing", "a"), 1);
    fixture_write("pairs", "img_new\n", 8);
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "--pairs", "pairs", "a"), 1);
    assert_non_null(strstr(fixture_error, "pairs: line 1: a line has two names"));
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "--by", "line", "a"), 2);
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "--tree", "a"), 2);
    assert_int_equal(FIXTURE_RUN(owners_command, "owners", "--json", "--exact", "a"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--pairs", "pairs", "a"), 1); // its fault comes first
}

// The commands are the reports of top.
TEST_IN(directory, commands) {
    write_one();
    static const struct {
        const char *of_top[4], *own[3];
        int (*command)(int argc, char **argv);
    } same[] = {{{"top", "-tree", "a"}, {"tree", "a"}, tree_command},
                {{"top", "-peek", "^leaf$", "a"}, {"peek", "^leaf$", "a"}, peek_command},
                {{"top", "-list", "main", "a"}, {"list", "main", "a"}, list_command}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const char *line[5] = {NULL}, *own[4] = {NULL};
        memcpy(line, same[i].of_top, sizeof same[i].of_top);
        memcpy(own, same[i].own, sizeof same[i].own);
        assert_int_equal(fixture_run(top_command, line), 0);
        char *wanted = strdup(fixture_out);
        assert_int_equal(fixture_run(same[i].command, own), 0);
        assert_string_equal(fixture_out, wanted);
        assert_true(*wanted);
        free(wanted);
    }
    assert_int_equal(FIXTURE_RUN(peek_command, "peek"), 2);
    assert_non_null(strstr(fixture_error, "which functions? Give an expression, and a file"));
    assert_int_equal(FIXTURE_RUN(list_command, "list", "main"), 2);
    assert_non_null(strstr(fixture_error, "a file is needed"));
    assert_int_equal(FIXTURE_RUN(peek_command, "peek", "(", "a"), 2);
    assert_int_equal(FIXTURE_RUN(tree_command, "tree", "--peek", "x", "a"), 2);
    assert_int_equal(FIXTURE_RUN(list_command, "list", "--cum", "main", "a"), 2);
    assert_int_equal(FIXTURE_RUN(tree_command, "tree", "--source_path", "x", "a"), 2);
}

TEST_IN(directory, list_of_sources_elsewhere) {
    struct profile *profile = fixture_profile();
    char search[200];
    fixture_write("q.c", "one\ntwo\n", 8);
    uint32_t function =
        profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = "/build/shop/q.c"});
    uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, 2, 0}, 1);
    profile_add_sample(profile, &location, 1, (int64_t[]){1, 20, 1}, NULL, 0);
    fixture_save(profile, "a");
    snprintf(search, sizeof search, "/nowhere:%s", folder);
    assert_int_equal(FIXTURE_RUN(list_command, "list", "f", "a"), 0);
    expect_line("(the source is not here)");
    assert_int_equal(FIXTURE_RUN(list_command, "list", "--source_path", search, "--trim_path", "/build/shop", "f", "a"), 0);
    expect_line("      20 B       20 B      2  two\n");
}

// As a table without rows: an empty list, and what was asked for.
TEST_IN(directory, nothing_as_json) {
    write_one();
    assert_int_equal(FIXTURE_RUN(peek_command, "peek", "--json", "no \"such\"", "a"), 0);
    assert_string_equal(fixture_out,
                        "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":35,\"regex\":\"no \\\"such\\\"\",\"functions\":[],"
                        "\"functions_left_out\":0}\n");
    assert_int_equal(FIXTURE_RUN(list_command, "list", "--json", "nosuch", "a"), 0);
    assert_string_equal(fixture_out, "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":35,\"regex\":\"nosuch\",\"functions\":[]}\n");
    assert_int_equal(FIXTURE_RUN(tree_command, "tree", "--json", "--focus", "nosuch", "a"), 0);
    expect_line("\"functions\":[],\"functions_left_out\":0}\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--json", "--focus", "nosuch", "a"), 0);
    expect_line("\"rows\":[],\"rows_left_out\":0}\n");
    assert_int_equal(FIXTURE_RUN(list_command, "list", "nosuch", "a"), 1);
    assert_non_null(strstr(fixture_error, "no selected sample has a matching function"));
}

TEST_IN(directory, as_json) {
    write_one();
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--json", "--by", "function", "--lines", "1", "a"), 0);
    assert_string_equal(
        fixture_out,
        "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"by\":\"function\",\"total\":{\"go\":15,\"c\":20},\"rows\":[{\"value\":25,"
        "\"total\":25,\"objects\":2,\"name\":\"leaf\",\"file\":\"/src/x.c\"}],\"rows_left_out\":2}\n");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--json", "--memory", "C", "a"), 0);
    expect_line("\"by\":\"stack\",\"total\":{\"c\":20},\"rows\":[{\"value\":20,\"objects\":1,\"stack\":[{\"name\":\"leaf\",\"file\":\"/src/"
                "x.c\"},{\"name\":\"leaf\"");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--json", "--group-by", "memory", "a"), 0);
    expect_line("\"by\":\"memory\"");
    expect_line("{\"value\":20,\"objects\":1,\"name\":\"C\",\"label\":\"memory\"}");
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "--json", "--by", "line", "a", "a"), 0);
    expect_line("\"base_total\":{\"go\":15,\"c\":20},\"rows\":[],");
    assert_int_equal(FIXTURE_RUN(peek_command, "peek", "--json", "^leaf$", "a"), 0);
    assert_string_equal(
        fixture_out, "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":35,\"regex\":\"^leaf$\",\"functions\":[{\"name\":\"leaf\","
                     "\"file\":\"/src/x.c\",\"value\":25,"
                     "\"total\":25,\"callers\":[{\"value\":20,\"name\":\"main.y\",\"file\":\"/src/x.go\"},{\"value\":5,\"name\":\"main.x\","
                     "\"file\":\"/src/x.go\"}],\"callees\":[]}],\"functions_left_out\":0}\n");
    assert_int_equal(FIXTURE_RUN(tree_command, "tree", "--json", "--lines", "1", "--cum", "a"), 0);
    expect_line("\"functions_left_out\":2}");
    assert_int_equal(FIXTURE_RUN(list_command, "list", "--json", "^leaf$", "a"), 0);
    expect_line("\"total\":35,\"regex\":\"^leaf$\",\"functions\":[{\"name\":\"leaf\",\"file\":\"/src/"
                "x.c\",\"value\":25,\"lines\":[{\"line\":7,\"value\":25,\"total\":25,\"text\":null}]}]}");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--tags", "--json", "a"), 0);
    expect_line("\"labels\":[{\"key\":\"memory\",\"values\":[{\"name\":\"C\",\"value\":20}],\"values_left_out\":0}]}");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--json", "--exact", "a"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--json", "--raw", "a"), 2);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--json", "--live", "a"), 2);
}

int main(void) {
    return tests_run();
}
