// snapshot_test.c: a start takes the index's memory from a file only if nothing has changed since, and gives the same answers.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../../test/expect_json.h"

#include "../snapshot.h"
#include "../store_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void path_of(const struct test_store *test, const char *name, char path[FOLDER_BYTES + 80]) {
    snprintf(path, FOLDER_BYTES + 80, "%s/%s", test->directory, name);
}

static bool is_there(const struct test_store *test, const char *name) {
    char path[FOLDER_BYTES + 80];
    struct stat about;
    path_of(test, name, path);
    return stat(path, &about) == 0;
}

static void end(struct test_store *test) {
    store_close(test->store);
    test->store = NULL;
}

// Whether a start would take it.
static bool is_good(const struct test_store *test) {
    char path[FOLDER_BYTES + 80], text[200];
    struct snapshot snapshot;
    struct catalog *catalog;
    bool newer;
    path_of(test, "uploads", path);
    int uploads = open(path, O_RDONLY | O_DIRECTORY), directory = open(test->directory, O_RDONLY | O_DIRECTORY);
    snapshot_open(directory, uploads, &snapshot);
    path_of(test, "index.sqlite", path);
    assert_int_equal(catalog_open(path, CATALOG_OPEN_UNCHANGED, &newer, &catalog, text, sizeof text), RECEIVER_OK);
    bool good = snapshot_load(&snapshot, catalog);
    catalog_close(catalog);
    fclose(snapshot.file);
    free(snapshot.stamp);
    close(uploads);
    close(directory);
    return good;
}

static void expect_uploads(struct test_store *test, const char *total) {
    struct selection selection;
    struct json json = {0};
    selection_init(&selection);
    assert_int_equal(catalog_list(store_catalog(test->store), &selection, &(struct search_order){0}, NULL, 10, &json), RECEIVER_OK);
    char want[40];
    snprintf(want, sizeof want, "\"total\":%s,", total);
    expect_json(&json, want);
    json_free(&json);
}

static void measured(struct test_store *test) {
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0 && catalog_unfigured(store_catalog(test->store)) == 0);
}

TEST_IN(store, unchanged) {
    struct test_store *test = *state;
    for (int i = 0; i < 3; i++) {
        add_good(test, "content");
    }
    measured(test);
    end(test);
    assert_true(is_good(test));
    reopen(test, 0);
    assert_true(test->store->is_unchanged);
    assert_string_equal(store_note(test->store), "");
    assert_false(is_there(test, "index.memory")); // a kill from here on leaves none
    expect_uploads(test, "3");
    assert_int_equal(add_good(test, "one more"), 4);
    measured(test);
    end(test);
    reopen(test, 0);
    assert_true(test->store->is_unchanged);
    expect_uploads(test, "4");
    assert_int_equal(add_good(test, "and another"), 5);
}

// One that is cut is not taken, and the next end writes another.
TEST_IN(store, cut) {
    struct test_store *test = *state;
    add_good(test, "content");
    measured(test);
    end(test);
    char path[FOLDER_BYTES + 80];
    path_of(test, "index.memory", path);
    assert_int_equal(truncate(path, 100), 0);
    reopen(test, 0);
    assert_false(test->store->is_unchanged);
    expect_uploads(test, "1");
    end(test);
    assert_true(is_there(test, "index.memory"));
}

// An upload whose files have gone or come, a database that was written to: all as without it.
TEST_IN(store, changed) {
    struct test_store *test = *state;
    char path[FOLDER_BYTES + 80], other[FOLDER_BYTES + 80];
    add_good(test, "content");
    add_good(test, "content");
    measured(test);
    end(test);
    path_of(test, "uploads/2", path);
    path_of(test, "elsewhere", other);
    assert_int_equal(rename(path, other), 0);
    reopen(test, 0);
    assert_false(test->store->is_unchanged);
    assert_non_null(strstr(store_note(test->store), "1 without files dropped"));
    expect_uploads(test, "1");
    end(test);
    assert_int_equal(rename(other, path), 0);
    reopen(test, 0);
    assert_non_null(strstr(store_note(test->store), "1 uploads added"));
    expect_uploads(test, "2");
    measured(test);
    end(test);
    path_of(test, "index.sqlite", path);
    FILE *file = fopen(path, "r+");
    fputs("no database any more", file);
    fclose(file);
    reopen(test, 0);
    assert_non_null(strstr(store_note(test->store), "the index was damaged"));
    expect_uploads(test, "2");
}

// What others change in uploads/ while the program runs is found by the next start.
TEST_IN(store, changed_meanwhile) {
    struct test_store *test = *state;
    char path[FOLDER_BYTES + 80], other[FOLDER_BYTES + 80];
    add_good(test, "content");
    add_good(test, "content");
    measured(test);
    path_of(test, "uploads/2", path);
    path_of(test, "uploads/7", other);
    assert_int_equal(rename(path, other), 0);
    end(test);
    assert_false(is_there(test, "index.memory"));
    reopen(test, 0);
    assert_non_null(strstr(store_note(test->store), "1 uploads added to the index from their files, 1 without files dropped"));
    measured(test);
    end(test);
    assert_true(is_there(test, "index.memory"));
    reopen(test, 0);
    expect_uploads(test, "2");
}

// A program that is killed leaves no file, and one that it has not read is not taken for the index as it is then.
TEST_IN(store, killed) {
    struct test_store *test = *state;
    add_good(test, "content");
    measured(test);
    end(test);
    pid_t child = fork();
    if (child == 0) {
        reopen(test, 0);
        add_good(test, "more");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(is_there(test, "index.memory"));
    reopen(test, 0);
    assert_false(test->store->is_unchanged);
    expect_uploads(test, "2");
}

int main(void) {
    return tests_run();
}
