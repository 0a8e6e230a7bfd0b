// rollup_base_test.c: rows by key and set, other versions, damaged and missing databases, days that are gone.

#include "../../../base/test/test.h"

#include "../../../base/test/folder.h"

#include "../rollup_base.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct test_base {
    char directory[FOLDER_BYTES], path[FOLDER_BYTES + 20];
    struct rollup_base *base;
    const char *note;
};

static void open_again(struct test_base *test) {
    rollup_base_close(test->base);
    test->base = rollup_base_open(test->directory, &test->note);
    assert_non_null(test->base);
}

static int base_setup(void **state) {
    struct test_base *test = calloc(1, sizeof *test);
    assert_int_equal(folder_make(test->directory), 0);
    snprintf(test->path, sizeof test->path, "%s/rollups.sqlite", test->directory);
    open_again(test);
    *state = test;
    return 0;
}

static int base_teardown(void **state) {
    struct test_base *test = *state;
    rollup_base_close(test->base);
    int status = folder_remove(test->directory);
    free(test);
    return status;
}

static const struct rollup_key key = {"heap.pprof", UINT64_C(0xfedcba9876543210), ROLLUP_HOUR, -3};
static const struct upload_set set = {60, {UINT64_MAX, 7}};

static void write_row(struct test_base *test, const struct rollup_key *where, const char *bytes) {
    assert_int_equal(rollup_base_write(test->base, where, &set, "span id\ntrace", (const uint8_t *)bytes, bytes ? strlen(bytes) : 0),
                     RECEIVER_OK);
}

// "" if it is not there.
static void expect(struct test_base *test, const struct rollup_key *where, const struct upload_set *of, const char *expected) {
    uint8_t *bytes;
    size_t size = 0;
    enum receiver_error error = rollup_base_read(test->base, where, of, &bytes, &size);
    assert_int_equal(error, *expected ? RECEIVER_OK : RECEIVER_NOT_FOUND);
    assert_int_equal(*expected ? size : 0, strlen(expected));
    assert_true(!*expected || memcmp(bytes, expected, size) == 0);
    free(bytes);
}

struct seen {
    bool is_there, has_bytes;
    struct upload_set set;
    char dropped[40];
};

static void see(void *context, const struct rollup_row *row) {
    struct seen *seen = context;
    *seen = (struct seen){true, row->has_bytes, row->set, ""};
    snprintf(seen->dropped, sizeof seen->dropped, "%s", row->dropped);
}

static struct seen look(struct test_base *test, const struct rollup_key *where) {
    struct seen seen = {0};
    enum receiver_error error = rollup_base_find(test->base, where, see, &seen);
    assert_int_equal(error, seen.is_there ? RECEIVER_OK : RECEIVER_NOT_FOUND);
    return seen;
}

TEST_IN(base, rows) {
    struct test_base *test = *state;
    assert_false(look(test, &key).is_there);
    write_row(test, &key, "one");
    struct seen seen = look(test, &key);
    assert_true(seen.has_bytes && upload_set_equal(&seen.set, &set));
    assert_string_equal(seen.dropped, "span id\ntrace");
    expect(test, &key, &set, "one");
    expect(test, &key, &(struct upload_set){60, {UINT64_MAX, 8}}, "");
    expect(test, &key, &(struct upload_set){61, {UINT64_MAX, 7}}, "");
    struct rollup_key others[] = {key, key, key, key};
    others[0].attachment = "cpu.pprof";
    others[1].stream++;
    others[2].level = ROLLUP_DAY;
    others[3].number++;
    for (int i = 0; i < 4; i++) {
        expect(test, &others[i], &set, "");
    }
    write_row(test, &key, "two");
    open_again(test);
    assert_null(test->note);
    expect(test, &key, &set, "two");
    write_row(test, &key, NULL);
    assert_true(look(test, &key).is_there && !look(test, &key).has_bytes);
    expect(test, &key, &set, "");
    assert_int_equal(rollup_base_remove(test->base, &key), RECEIVER_OK);
    assert_false(look(test, &key).is_there);
    struct stat about;
    assert_true(stat(test->path, &about) == 0 && (about.st_mode & 0777) == 0600);
}

static void run_sql(struct test_base *test, const char *sql) {
    sqlite3 *database;
    assert_int_equal(sqlite3_open(test->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

TEST_IN(base, other_versions) {
    struct test_base *test = *state;
    write_row(test, &key, "one");
    run_sql(test, "PRAGMA user_version=99");
    open_again(test);
    assert_non_null(strstr(test->note, "another version"));
    expect(test, &key, &set, "");
    write_row(test, &key, "two");
    open_again(test);
    assert_null(test->note);
    expect(test, &key, &set, "two");
}

// Not a database of this version: begun anew, at the start and while the receiver runs.
TEST_IN(base, other_tables) {
    struct test_base *test = *state;
    static const char *const changes[] = {"PRAGMA user_version=0", "DROP TABLE rollup; CREATE TABLE other(a); PRAGMA user_version=0",
                                          "DROP TABLE rollup", "ALTER TABLE rollup DROP COLUMN dropped"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_row(test, &key, "one");
        rollup_base_close(test->base);
        test->base = NULL;
        run_sql(test, changes[i]);
        open_again(test);
        assert_non_null(test->note);
        expect(test, &key, &set, "");
        write_row(test, &key, "two");
        open_again(test);
        assert_null(test->note);
        expect(test, &key, &set, "two");
    }
    char aside[FOLDER_BYTES + 40];
    snprintf(aside, sizeof aside, "%s/aside", test->directory);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        rollup_base_close(test->base);
        test->base = NULL;
        run_sql(test, changes[i]);
        assert_int_equal(rename(test->path, aside), 0);
        assert_int_equal(mkdir(test->path, 0700), 0);
        open_again(test);
        assert_false(rollup_base_can_write(test->base));
        assert_int_equal(rmdir(test->path), 0);
        assert_int_equal(rename(aside, test->path), 0);
        unsigned before = rollup_base_generation(test->base);
        write_row(test, &key, "three");
        assert_int_not_equal(rollup_base_generation(test->base), before);
        expect(test, &key, &set, "three");
    }
}

// What is removed is given to the disk.
TEST_IN(base, shrinks) {
    struct test_base *test = *state;
    struct rollup_key many = key;
    static char text[100000];
    memset(text, 'x', sizeof text - 1);
    for (many.number = 0; many.number < 50; many.number++) {
        write_row(test, &many, text);
    }
    open_again(test);
    struct stat before, after;
    assert_int_equal(stat(test->path, &before), 0);
    while (rollup_base_keep_days(test->base, NULL, 0)) {
    }
    open_again(test);
    assert_int_equal(stat(test->path, &after), 0);
    assert_true(before.st_size > 50 * 100000 && after.st_size < 100000);
}

// A row that is not what was written is never given out; the next that is written begins anew.
TEST_IN(base, changed_rows) {
    struct test_base *test = *state;
    static const char *const changes[] = {"UPDATE rollup SET bytes=CAST('oNe' AS BLOB)", "UPDATE rollup SET dropped=''",
                                          "UPDATE rollup SET hash=hash+1", "UPDATE rollup SET number=number+1, level=1",
                                          "UPDATE rollup SET bytes=bytes||'x'"};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct rollup_key moved = key;
        moved.number += i == 3;
        moved.level = i == 3 ? ROLLUP_DAY : ROLLUP_HOUR;
        write_row(test, &key, "one");
        run_sql(test, changes[i]);
        expect(test, &moved, &set, "");
        write_row(test, &key, "new");
        expect(test, &key, &set, "new");
    }
}

// Overwrites each page in turn, of a closed database and of one in use.
TEST_IN(base, damaged) {
    struct test_base *test = *state;
    uint8_t garbage[4096];
    memset(garbage, 0xA5, sizeof garbage);
    int notes = 0;
    for (int page = 0; page < 8; page++) {
        char text[9000];
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        write_row(test, &key, text);
        rollup_base_close(test->base);
        test->base = NULL;
        int file = open(test->path, O_RDWR | O_CLOEXEC);
        struct stat about;
        assert_true(file >= 0 && fstat(file, &about) == 0);
        bool is_in = (page + 1) * (off_t)sizeof garbage <= about.st_size;
        assert_true(!is_in || pwrite(file, garbage, sizeof garbage, page * (off_t)sizeof garbage) == sizeof garbage);
        close(file);
        open_again(test);
        notes += test->note && strstr(test->note, "damaged");
        uint8_t *bytes;
        size_t size;
        if (rollup_base_read(test->base, &key, &set, &bytes, &size) == RECEIVER_OK) {
            assert_true(size == strlen(text) && memcmp(bytes, text, size) == 0);
            free(bytes);
        }
        rollup_base_write(test->base, &key, &set, "", (const uint8_t *)"after", 5); // may be what finds the damage
        write_row(test, &key, "after");
        expect(test, &key, &set, "after");
    }
    assert_true(notes >= 1);
}

// A folder in its place: nothing is found, nothing is kept, and it is used once it can be.
TEST_IN(base, no_database) {
    struct test_base *test = *state;
    rollup_base_close(test->base);
    test->base = NULL;
    assert_int_equal(unlink(test->path), 0);
    assert_int_equal(mkdir(test->path, 0700), 0);
    open_again(test);
    assert_null(test->note);
    expect(test, &key, &set, "");
    assert_int_equal(rollup_base_write(test->base, &key, &set, "", (const uint8_t *)"x", 1), RECEIVER_IO);
    assert_false(rollup_base_keep_days(test->base, NULL, 0));
    assert_int_equal(rmdir(test->path), 0);
    write_row(test, &key, "x");
    expect(test, &key, &set, "x");
}

TEST_IN(base, cleared) {
    struct test_base *test = *state;
    write_row(test, &key, "one");
    rollup_base_close(test->base);
    test->base = NULL;
    rollup_base_clear(test->directory);
    assert_int_equal(access(test->path, F_OK), -1);
    open_again(test);
    assert_null(test->note);
    expect(test, &key, &set, "");
}

TEST_IN(base, days) {
    struct test_base *test = *state;
    struct rollup_key keys[] = {key, key, key, key};
    for (int i = 0; i < 4; i++) {
        keys[i].number = i * 24 + 5;
        write_row(test, &keys[i], "x");
    }
    keys[3].level = ROLLUP_DAY;
    keys[3].number = 1;
    write_row(test, &keys[3], "x");
    const struct catalog_day days[] = {{.day = -5}, {.day = 1}, {.day = 9}};
    int passes = 0;
    while (rollup_base_keep_days(test->base, days, 3) && passes < 10) {
        passes++;
    }
    assert_int_equal(passes, 3);
    assert_false(look(test, &keys[0]).is_there || look(test, &keys[2]).is_there);
    assert_true(look(test, &keys[1]).is_there && look(test, &keys[3]).is_there);
}

int main(void) {
    return tests_run();
}
