// source_file_test.c: lines of files in the folders of --source-path, and of nothing else.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../test/profiles.h"

#include "../source_file.h"

#include <sys/stat.h>
#include <unistd.h>

static char real[FOLDER_BYTES];

static void put(const char *name, const char *text) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void link_to(const char *to, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(symlink(to, path), 0);
}

static void make(const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void expect_lines(const struct receiver_sources *sources, const char *file, int64_t first, int64_t count, const char *lines) {
    struct json json = {0};
    source_file_write(sources, file, first, count, &json);
    expect_at(&json, "$.lines", lines);
    json_free(&json);
}

static const char *in(const char *rest, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%s/src/%s", real, rest);
    return path;
}

TEST_IN(folder, lines) {
    char directory[PATH_MAX], path[PATH_MAX], link[PATH_MAX];
    char *path_of_it = realpath(folder, NULL);
    assert_non_null(path_of_it);
    snprintf(real, sizeof real, "%s", path_of_it);
    free(path_of_it);
    make("src");
    make("src/db");
    make("src/.git");
    make("other");
    put("src/db/a.go", "one\ntwo\r\nthree");
    put("src/.git/config.c", "secret\n");
    put("src/.env", "secret\n");
    put("src/notes.txt", "secret\n");
    put("other/b.go", "secret\n");
    link_to("db/a.go", "src/inner.go");
    snprintf(link, sizeof link, "%s/other/b.go", real);
    link_to(link, "src/outer.go");
    link_to("../../other", "src/db/up");
    link_to("../.env", "src/db/hidden.c");
    char fifo[PATH_MAX];
    assert_int_equal(mkfifo(in("pipe.c", fifo), 0600), 0);
    snprintf(directory, sizeof directory, "%s/src", real);

    struct receiver_source one = {"/build/shop", directory};
    struct receiver_sources sources = {&one, 1};
    expect_lines(&sources, "/build/shop/db/a.go", 1, 100, "[\"one\",\"two\",\"three\"]");
    expect_lines(&sources, "/build/shop/db/a.go", 2, 1, "[\"two\"]");
    expect_lines(&sources, "/build/shop/db/a.go", 4, 1, "[]");
    expect_lines(&sources, "/build/shop/inner.go", 1, 1, "[\"one\"]");
    one.from = "/build/shop/"; // with or without a slash at its end
    expect_lines(&sources, "/build/shop/db/a.go", 3, 9, "[\"three\"]");
    static const char *const none[] = {"/build/shop/.env",
                                       "/build/shop/.git/config.c",
                                       "/build/shop/notes.txt",
                                       "/build/shop/outer.go",
                                       "/build/shop/db/up/b.go",
                                       "/build/shop/../other/b.go",
                                       "/build/shop/db/../db/a.go",
                                       "/build/shop/db/hidden.c",
                                       "/build/shop/pipe.c",
                                       "/build/shopping/db/a.go",
                                       "/build/shop//db/a.go",
                                       "/build/shop/db",
                                       "db/a.go",
                                       "/build/shop",
                                       "",
                                       "/etc/passwd",
                                       "/build/shop/none.go",
                                       "/build/shop/db/a.go/"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct json json = {0};
        source_file_write(&sources, none[i], 1, 100, &json);
        expect_at(&json, "$.lines", "[]");
        expect_at(&json, "$.reason", "No folder of --source-path has this file.");
        json_free(&json);
    }
    // Without a folder in profiles: the same path, and what has none.
    one.from = NULL;
    expect_lines(&sources, in("db/a.go", path), 1, 1, "[\"one\"]");
    expect_lines(&sources, "db/a.go", 1, 1, "[\"one\"]");
    expect_lines(&sources, "../other/b.go", 1, 1, "[]");
    struct json json = {0};
    source_file_write(&(struct receiver_sources){0}, "db/a.go", 1, 1, &json);
    expect_at(&json, "$.reason", "The receiver was not told where sources are (--source-path).");
    json_free(&json);
}

// A binary that is named as if it were source.
TEST_IN(folder, no_binaries) {
    char *path_of_it = realpath(folder, NULL), path[PATH_MAX], text[9000];
    assert_non_null(path_of_it);
    struct receiver_source one = {NULL, path_of_it};
    struct receiver_sources sources = {&one, 1};
    static const struct {
        size_t nul;
        const char *lines;
    } cases[] = {{0, "[]"}, {8191, "[]"}, {8192, "[\"\",\"\"]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(text, '\n', sizeof text);
        text[cases[i].nul] = '\0';
        snprintf(path, sizeof path, "%s/bin.c", folder);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, sizeof text, file), sizeof text);
        assert_int_equal(fclose(file), 0);
        expect_lines(&sources, "bin.c", 1, 2, cases[i].lines);
    }
    free(path_of_it);
}

// As getline() tells them: an empty one counts, a last one without its end does, and what is behind the last end is none.
TEST_IN(folder, ends_of_lines) {
    char *path_of_it = realpath(folder, NULL);
    assert_non_null(path_of_it);
    struct receiver_source one = {NULL, path_of_it};
    struct receiver_sources sources = {&one, 1};
    put("a.c", "\none\r\n\ntwo\n");
    expect_lines(&sources, "a.c", 1, 9, "[\"\",\"one\",\"\",\"two\"]");
    expect_lines(&sources, "a.c", 3, 1, "[\"\"]");
    put("a.c", "");
    expect_lines(&sources, "a.c", 1, 9, "[]");
    free(path_of_it);
}

TEST_IN(folder, long_lines_and_large_files) {
    char *text = malloc(17 << 20), directory[PATH_MAX];
    assert_non_null(text);
    char *path_of_it = realpath(folder, NULL);
    assert_non_null(path_of_it);
    snprintf(real, sizeof real, "%s", path_of_it);
    free(path_of_it);
    make("src");
    memset(text, 'x', 17 << 20);
    text[(17 << 20) - 1] = '\0';
    put("src/large.c", text);
    text[1000] = '\0';
    put("src/long.c", text);
    text[400] = '\0';
    snprintf(directory, sizeof directory, "%s/src", real);
    struct receiver_source one = {NULL, directory};
    struct receiver_sources sources = {&one, 1};
    char want[500];
    snprintf(want, sizeof want, "[\"%s\"]", text);
    expect_lines(&sources, "long.c", 1, 1, want);
    expect_lines(&sources, "large.c", 1, 1, "[]");
    free(text);
}

int main(void) {
    return tests_run();
}
