// store_test.c: the data directory: keeping, restarting, retention, what a crash leaves, and directories that cannot be used.
#include "place.h"

#include <fcntl.h>

static void expect_content(struct place *place, int64_t id, const char *content) {
    struct catalog_attachment attachment;
    char bytes[64] = "";
    int file;
    assert_int_equal(store_read(place->store, id, "a.pprof", &attachment, &file), RECEIVER_OK);
    assert_int_equal(read(file, bytes, sizeof bytes - 1), strlen(content));
    assert_string_equal(bytes, content);
    assert_true(attachment.pprof);
    close(file);
}

static int64_t find(struct place *place, int64_t id) {
    struct catalog_attachment attachment;
    int file;
    enum receiver_error error = store_read(place->store, id, "a.pprof", &attachment, &file);
    if (error == RECEIVER_OK) {
        close(file);
    }
    return error;
}

static void test_restart(void **state) {
    struct place *place = *state;
    assert_int_equal(add_good(place, "one"), 1);
    assert_int_equal(add_good(place, "two"), 2);
    reopen(place, 100);
    expect_content(place, 1, "one");
    expect_content(place, 2, "two");
    assert_int_equal(add_good(place, "three"), 3);
    assert_int_equal(find(place, 4), RECEIVER_NOT_FOUND);
}

static void test_retention(void **state) {
    struct place *place = *state;
    reopen(place, 3);
    for (int i = 0; i < 7; i++) {
        add_good(place, "x");
    }
    assert_int_equal(find(place, 4), RECEIVER_NOT_FOUND);
    assert_int_equal(find(place, 5), RECEIVER_OK);
    struct fixture fixture = {0};
    strcpy(fixture.directory, place->directory);
    assert_int_equal(count_files(&fixture, "uploads"), 3);
    reopen(place, 1);
    assert_int_equal(count_files(&fixture, "uploads"), 1);
    expect_content(place, 7, "x");
    assert_int_equal(add_good(place, "y"), 8); // ids are never used again
}

static void make(const char *directory, const char *name, bool folder) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (folder) {
        assert_int_equal(mkdir(path, 0700), 0);
    } else {
        close(open(path, O_CREAT | O_WRONLY, 0600));
    }
}

// A half upload in incoming/, one renamed into uploads/ without a row, and the id of the latter given out again.
static void test_crash_leftovers(void **state) {
    struct place *place = *state;
    struct fixture fixture = {0};
    strcpy(fixture.directory, place->directory);
    add_good(place, "kept");
    make(place->directory, "incoming/0123456789abcdef", true);
    make(place->directory, "incoming/0123456789abcdef/0-x", false);
    make(place->directory, "incoming/mail", true); // not ours: stays, as uploads/notes does
    make(place->directory, "incoming/mail/a.txt", false);
    make(place->directory, "uploads/007", true);
    make(place->directory, "uploads/2", true);
    make(place->directory, "uploads/2/0-x", false);
    make(place->directory, "uploads/notes", true); // not ours: stays
    reopen(place, 100);
    assert_int_equal(count_files(&fixture, "incoming"), 1);
    assert_int_equal(count_files(&fixture, "incoming/mail"), 1);
    assert_int_equal(count_files(&fixture, "uploads/007"), 0);
    assert_int_equal(count_files(&fixture, "uploads/2"), -1);
    assert_int_equal(count_files(&fixture, "uploads/notes"), 0);
    expect_content(place, 1, "kept");
    make(place->directory, "uploads/2", true); // as if left while it runs
    make(place->directory, "uploads/2/0-x", false);
    assert_int_equal(add_good(place, "second"), 2);
    assert_int_equal(count_files(&fixture, "uploads/2"), 2);
    expect_content(place, 2, "second");
}

static void expect_refused(struct place *place, const char *cause) {
    char text[256] = "";
    struct store *store = NULL;
    assert_int_equal(store_open(place->directory, 100, &store, text, sizeof text), RECEIVER_BAD_DIRECTORY);
    assert_non_null(strstr(text, place->directory));
    assert_non_null(strstr(text, cause));
}

static void remove_index(struct place *place) {
    char path[128];
    store_close(place->store);
    place->store = NULL;
    snprintf(path, sizeof path, "%s/index.sqlite", place->directory);
    assert_int_equal(unlink(path), 0);
}

// Uploads whose index was removed are not erased, at no later start either.
static void test_removed_index(void **state) {
    struct place *place = *state;
    struct fixture fixture = {0};
    strcpy(fixture.directory, place->directory);
    add_good(place, "precious");
    remove_index(place);
    expect_refused(place, "/uploads is not empty");
    expect_refused(place, "/uploads is not empty");
    make(place->directory, "index.sqlite", false); // an empty file is an index without a table
    expect_refused(place, "/uploads is not empty");
    assert_int_equal(count_files(&fixture, "uploads/1"), 2);
}

static void test_foreign_directories(void **state) {
    struct place *place = *state;
    struct fixture fixture = {0};
    char path[128];
    strcpy(fixture.directory, place->directory);
    remove_index(place);
    make(place->directory, "incoming/mail", true);
    make(place->directory, "incoming/mail/a.txt", false);
    expect_refused(place, "/incoming is not empty");
    assert_int_equal(count_files(&fixture, "incoming/mail"), 1);
    make(place->directory, "elsewhere", true);
    make(place->directory, "elsewhere/0123456789abcdef", true);
    snprintf(path, sizeof path, "%s/uploads", place->directory);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    expect_refused(place, "/uploads: not a directory");
    assert_int_equal(count_files(&fixture, "elsewhere"), 1);
}

static void test_unusable_directories(void **state) {
    struct place *place = *state;
    struct store *second = NULL;
    char text[256] = "", path[128];
    assert_int_equal(store_open(place->directory, 1, &second, text, sizeof text), RECEIVER_DIRECTORY_TAKEN);
    assert_non_null(strstr(text, "another receiver"));
    snprintf(path, sizeof path, "%s/lock/below", place->directory); // lock is a file
    assert_int_equal(store_open(path, 1, &second, text, sizeof text), RECEIVER_BAD_DIRECTORY);
    assert_non_null(strstr(text, "Not a directory"));
    snprintf(path, sizeof path, "%s/new/deep/er", place->directory);
    assert_int_equal(store_open(path, 1, &second, text, sizeof text), RECEIVER_OK);
    store_close(second);
    snprintf(path, sizeof path, "%s/new/deep/er/index.sqlite", place->directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++) {
        fputs("this is not a database\n", file);
    }
    fclose(file);
    *strrchr(path, '/') = '\0';
    assert_int_equal(store_open(path, 1, &second, text, sizeof text), RECEIVER_BAD_INDEX);
    assert_non_null(strstr(text, "not a database"));
}

int main(void) {
#define IT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {IT(test_restart),       IT(test_retention),           IT(test_crash_leftovers),
                                       IT(test_removed_index), IT(test_foreign_directories), IT(test_unusable_directories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
