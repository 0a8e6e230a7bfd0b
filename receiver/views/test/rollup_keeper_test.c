// rollup_keeper_test.c: roll-ups equal the merge of their files, are made of what is over, again when uploads have come or gone, and are
// never half when the receiver is killed.

#include "../../../base/test/test.h"

#include "../../test/rollup_scene.h"

#include "../../store/store_directory.h"
#include "../rollup_make.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

// Of whole hours and days, of parts of them, of one host, with labels; not a file of them is read.
TEST_IN(store, equals_the_files) {
    struct test_store *test = *state;
    for (int hour = 0; hour < 3; hour++) {
        scene_hour(test, "one", hour, SCENE_AN_HOUR);
        scene_hour(test, "two", hour, SCENE_AN_HOUR);
    }
    const int64_t hour_ms = 3600000, part_ms = SCENE_FIRST_MS + hour_ms / 2;
    char *all = scene_all(test, NULL), *tenants = scene_all(test, "tenant"), *spans = scene_all(test, "span id");
    char *one = scene_views(test, "heap.pprof", "one", INT64_MIN, INT64_MAX, NULL);
    char *hours = scene_views(test, "heap.pprof", NULL, SCENE_FIRST_MS + hour_ms, SCENE_FIRST_MS + 3 * hour_ms, "tenant");
    char *part = scene_views(test, "heap.pprof", NULL, part_ms, part_ms + 2 * hour_ms, NULL);
    assert_non_null(strstr(all, "\"uploads\":240,"));
    assert_int_equal(scene_pass(test, scene_hour_ends_ms(0) - 1), 0);
    assert_int_equal(scene_pass(test, scene_hour_ends_ms(0)), 2);
    scene_expect(strdup(all), scene_all(test, NULL));
    assert_int_equal(scene_pass(test, scene_hour_ends_ms(2)), 4);
    assert_int_equal(scene_pass(test, scene_hour_ends_ms(2)), 0);
    scene_expect(strdup(all), scene_all(test, NULL));
    scene_expect(strdup(tenants), scene_all(test, "tenant"));
    scene_expect(spans, scene_all(test, "span id")); // from the files
    scene_expect(part, scene_views(test, "heap.pprof", NULL, part_ms, part_ms + 2 * hour_ms, NULL));
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 2);
    scene_spoil(test, 0);
    scene_spoil(test, 1);
    scene_expect(all, scene_all(test, NULL));
    scene_expect(tenants, scene_all(test, "tenant"));
    scene_expect(one, scene_views(test, "heap.pprof", "one", INT64_MIN, INT64_MAX, NULL));
    scene_expect(hours, scene_views(test, "heap.pprof", NULL, SCENE_FIRST_MS + hour_ms, SCENE_FIRST_MS + 3 * hour_ms, "tenant"));
}

static void cpu_hour(struct test_store *test, const char *host, int first_minute, int uploads, const char *period_type) {
    for (int i = 0; i < uploads; i++) {
        struct profile *profile = profile_new();
        profile_add_sample_type(profile, "samples", "count");
        profile_set_period(profile, period_type, "nanoseconds", 1);
        for (int s = 0; s < 30; s++) {
            char leaf[40];
            snprintf(leaf, sizeof leaf, "main.f%d /f.go", s);
            add_stack(profile, FRAMES(leaf, "main.main /m.go"), VALUES(5 + i), false);
        }
        struct blob blob = finish(profile);
        upload_span(test, host, (first_minute + i) * 60, 60, "heap.pprof", blob.bytes, blob.size);
        free(blob.bytes);
    }
}

// The first upload decides of which period type an answer is, and it is no other with roll-ups, whether hosts, or roll-ups and files
// differ.
TEST_IN(store, period_types) {
    struct test_store *test = *state;
    cpu_hour(test, "late", 0, 2, "wall"); // too few for a roll-up, before all others
    cpu_hour(test, "one", 5, SCENE_AN_HOUR, "cpu");
    char *first = scene_all(test, NULL);
    assert_non_null(strstr(first, "\"uploads\":2,"));
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 2);
    scene_expect(first, scene_all(test, NULL));
    cpu_hour(test, "two", 65, SCENE_AN_HOUR, "wall");
    char *both = scene_all(test, NULL);
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 2);
    scene_expect(both, scene_all(test, NULL));
    char *one = scene_views(test, "heap.pprof", "one", INT64_MIN, INT64_MAX, NULL);
    scene_spoil(test, 0);
    scene_expect(one, scene_views(test, "heap.pprof", "one", INT64_MIN, INT64_MAX, NULL)); // of its roll-up
}

// Files that are no profiles are reported as ever. Types, which read less of a file, ask each of such an hour.
TEST_IN(store, failures) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    upload_span(test, "one", 50 * 60, 60, "heap.pprof", "broken", 6);
    upload_span(test, "one", 51 * 60, 60, "heap.pprof", "broken", 6);
    char *all = scene_all(test, NULL);
    assert_non_null(strstr(all, "\"failed_count\":2,\"failed\":[{\"id\":41,\"uploads\":2"));
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 2);
    scene_expect(strdup(all), scene_all(test, NULL));
    scene_spoil(test, 0);
    char *now = scene_all(test, NULL);
    assert_int_equal(strstr(all, "\"types\"") - all, strstr(now, "\"types\"") - now);
    assert_memory_equal(all, now, (size_t)(strstr(all, "\"types\"") - all));
    free(all);
    free(now);
}

// An upload that comes late is in the next view, and in the roll-up that is made then.
TEST_IN(store, late_uploads) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 2);
    struct blob blob = scene_blob(7);
    upload_span(test, "one", 59 * 60, 30, "heap.pprof", blob.bytes, blob.size);
    char *with = scene_all(test, NULL);
    assert_non_null(strstr(with, "\"uploads\":41,"));
    assert_int_equal(scene_pass_late(test, SCENE_DAY_ENDS_MS), 2);
    scene_spoil(test, 0);
    scene_spoil(test, 1);
    scene_expect(with, scene_all(test, NULL));
    free(blob.bytes);
}

// The same after the next start, of uploads that have been found again, and of some that were removed.
TEST_IN(store, other_starts) {
    struct test_store *test = *state;
    char path[FOLDER_BYTES + 40];
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    scene_hour(test, "one", 1, SCENE_AN_HOUR);
    char *all = scene_all(test, NULL);
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 3);
    reopen(test, 0);
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 0);
    snprintf(path, sizeof path, "%s/index.sqlite", test->directory);
    assert_int_equal(unlink(path), 0);
    reopen(test, 0);
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 0);
    scene_expect(all, scene_all(test, NULL));
    reopen(test, 60 * 16384); // of 80
    maintenance_wake(test->store->maintenance);
    WAIT_UNTIL(!catalog_has(store_catalog(test->store), 2));
    assert_false(catalog_has(store_catalog(test->store), 2));
    size_t left = 0;
    for (int id = 1; id <= 80; id++) {
        left += catalog_has(store_catalog(test->store), id);
    }
    char *now = scene_all(test, NULL), expected[40];
    snprintf(expected, sizeof expected, "\"uploads\":%zu,", left);
    assert_non_null(strstr(now, expected));
    assert_true(scene_pass_late(test, SCENE_DAY_ENDS_MS) >= 1);
    scene_expect(now, scene_all(test, NULL));
}

static void none(void *context, const struct rollup_row *row) {
    (void)row;
    ++*(int *)context;
}

// With the last upload of a day go its roll-ups.
TEST_IN(store, gone_days) {
    struct test_store *test = *state;
    const struct upload_set set = {3, {1, 2}};
    int found = 0;
    struct rollup_key key = {"heap.pprof", 7, ROLLUP_HOUR, SCENE_FIRST_MS / 3600000 - 24};
    assert_int_equal(rollup_base_write(store_rollups(test->store), &key, &set, "", (const uint8_t *)"x", 1), RECEIVER_OK);
    assert_int_equal(rollup_base_find(store_rollups(test->store), &key, none, &found), RECEIVER_OK);
    scene_hour(test, "one", 0, 4);
    scene_pass(test, SCENE_DAY_ENDS_MS);
    assert_int_equal(rollup_base_find(store_rollups(test->store), &key, none, &found), RECEIVER_NOT_FOUND);
    assert_int_equal(found, 1);
}

// What is not worth it is noted, not tried again, and read from its files.
TEST_IN(store, not_worth_it) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, 5); // a roll-up takes more than a tenth of five files
    char *all = scene_all(test, NULL);
    assert_int_equal(scene_pass(test, scene_hour_ends_ms(0)), 1);
    assert_int_equal(scene_pass(test, scene_hour_ends_ms(0)), 0);
    scene_expect(strdup(all), scene_all(test, NULL));
    scene_spoil(test, 0);
    char *spoilt = scene_all(test, NULL);
    assert_string_not_equal(all, spoilt);
    free(all);
    free(spoilt);
}

// A file that cannot be read, unlike one that is no profile, has no roll-up hide it.
TEST_IN(store, damaged_files) {
    struct test_store *test = *state;
    char path[FOLDER_BYTES + 60], aside[FOLDER_BYTES + 60];
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    char *all = scene_all(test, NULL);
    snprintf(path, sizeof path, "%s/uploads/9/0-heap.pprof", test->directory);
    snprintf(aside, sizeof aside, "%s/aside", test->directory);
    assert_int_equal(rename(path, aside), 0);
    char *without = scene_all(test, NULL);
    assert_non_null(strstr(without, "\"failed_count\":1"));
    scene_pass(test, SCENE_DAY_ENDS_MS);
    scene_expect(without, scene_all(test, NULL));
    assert_int_equal(rename(aside, path), 0);
    scene_expect(all, scene_all(test, NULL));
}

// Not made while the receiver stops, and with a thread as without.
TEST_IN(store, thread) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    char *all = scene_all(test, NULL);
    struct rollup_keeper *keeper = rollup_keeper_start(test->store);
    assert_non_null(keeper);
    struct selection selection;
    struct listed_upload *rows;
    size_t count, left_out;
    selection_init(&selection);
    assert_int_equal(catalog_pick(store_catalog(test->store), &selection, NULL, 1, &rows, &count, &left_out), RECEIVER_OK);
    int found = 0;
    const struct rollup_key key = {"heap.pprof", rows[0].stream, ROLLUP_DAY, SCENE_FIRST_MS / 86400000};
    WAIT_UNTIL(rollup_base_find(store_rollups(test->store), &key, none, &found) == RECEIVER_OK);
    assert_int_equal(found, 1);
    rollup_keeper_stop(keeper);
    scene_spoil(test, 0);
    scene_expect(all, scene_all(test, NULL));
    free(rows);
    selection_free(&selection);
}

enum { MINUTE_MS = 60000 };

// What was made is gone: the same keeper makes it again.
TEST_IN(store, damage_meanwhile) {
    struct test_store *test = *state;
    char path[FOLDER_BYTES + 40];
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    struct rollup_keeper *keeper = rollup_keeper_new(test->store);
    assert_int_equal(rollup_keeper_pass(keeper, SCENE_DAY_ENDS_MS), 2);
    assert_int_equal(rollup_keeper_pass(keeper, SCENE_DAY_ENDS_MS), 0);
    sqlite3 *database;
    snprintf(path, sizeof path, "%s/rollups.sqlite", test->directory);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "UPDATE rollup SET hash=hash+1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    free(scene_all(test, NULL)); // finds it
    assert_int_equal(rollup_keeper_pass(keeper, SCENE_DAY_ENDS_MS), 2);
    rollup_keeper_stop(keeper);
}

// Uploads of a client whose clock is behind come each minute: made again once they rest for ten, or once an hour.
TEST_IN(store, uploads_that_keep_coming) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    struct rollup_keeper *keeper = rollup_keeper_new(test->store);
    int64_t now_ms = SCENE_DAY_ENDS_MS;
    assert_int_equal(rollup_keeper_pass(keeper, now_ms), 2);
    size_t made = 0;
    for (int minute = 1; minute <= 120; minute++) {
        struct blob blob = scene_blob(minute);
        upload_span(test, "one", 2400 + minute, 1, "heap.pprof", blob.bytes, blob.size);
        free(blob.bytes);
        made += rollup_keeper_pass(keeper, now_ms + minute * MINUTE_MS);
    }
    assert_in_range(made, 2, 4);
    size_t rested = 0;
    for (int minute = 121; minute < 133; minute++) {
        rested += rollup_keeper_pass(keeper, now_ms + minute * MINUTE_MS);
    }
    assert_int_equal(rested, 2);
    rollup_keeper_stop(keeper);
}

static void remove_oldest(struct test_store *test, size_t count) {
    int64_t ids[8];
    const struct retention all = {INT64_MIN, INT64_MAX, 1};
    assert_in_range(count, 1, 8);
    assert_int_equal(catalog_remove_oldest(store_catalog(test->store), &all, ids, count), count);
}

// While retention removes uploads each minute, the first hour and the first day have none; the other hours do.
TEST_IN(store, retention) {
    struct test_store *test = *state;
    struct upload_list list;
    int found = 0;
    scene_hour(test, "one", 0, 2 * SCENE_AN_HOUR);
    scene_hour(test, "one", 2, SCENE_AN_HOUR);
    list = list_of(test, "heap.pprof");
    struct rollup_key key = {"heap.pprof", list.uploads[0].stream, ROLLUP_HOUR, SCENE_FIRST_MS / 3600000};
    upload_list_free(&list);
    struct rollup_keeper *keeper = rollup_keeper_new(test->store);
    int64_t now_ms = SCENE_DAY_ENDS_MS;
    assert_int_equal(rollup_keeper_pass(keeper, now_ms), 4);
    for (int minute = 1; minute <= 50; minute++) {
        remove_oldest(test, 1);
        assert_int_equal(rollup_keeper_pass(keeper, now_ms + minute * MINUTE_MS), 0);
        assert_int_equal(rollup_base_find(store_rollups(test->store), &key, none, &found), RECEIVER_NOT_FOUND);
    }
    key.number += 2;
    assert_int_equal(rollup_base_find(store_rollups(test->store), &key, none, &found), RECEIVER_OK);
    assert_int_equal(rollup_keeper_pass(keeper, now_ms + 100 * MINUTE_MS), 0);
    assert_int_equal(rollup_keeper_pass(keeper, now_ms + 120 * MINUTE_MS), 2); // it has ended
    rollup_keeper_stop(keeper);
}

static _Atomic bool disk_is_full;
int fstatvfs(int file, struct statvfs *about) {
    struct statfs all;
    if (fstatfs(file, &all) != 0) {
        return -1;
    }
    *about = (struct statvfs){.f_frsize = (unsigned long)all.f_bsize, .f_bavail = disk_is_full ? 0 : (fsblkcnt_t)all.f_bavail};
    return 0;
}

// Made by the same keeper once there is room.
TEST_IN(store, full_disk) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    struct rollup_keeper *keeper = rollup_keeper_new(test->store);
    disk_is_full = true;
    size_t made = rollup_keeper_pass(keeper, SCENE_DAY_ENDS_MS);
    disk_is_full = false;
    assert_int_equal(made, 0);
    assert_int_equal(rollup_keeper_pass(keeper, SCENE_DAY_ENDS_MS), 2);
    rollup_keeper_stop(keeper);
}

// With no free file descriptors nothing can be read: it is made once there are some.
TEST_IN(store, causes_that_pass) {
    struct test_store *test = *state;
    struct rlimit before, none_left;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    char *all = scene_all(test, NULL);
    struct rollup_keeper *keeper = rollup_keeper_new(test->store);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none_left = before;
    none_left.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_left), 0);
    size_t made = rollup_keeper_pass(keeper, SCENE_DAY_ENDS_MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(made, 0);
    assert_int_equal(rollup_keeper_pass(keeper, SCENE_DAY_ENDS_MS + 10 * MINUTE_MS), 2);
    rollup_keeper_stop(keeper);
    scene_spoil(test, 0);
    scene_expect(all, scene_all(test, NULL));
}

// A clock that is behind all uploads removes nothing.
TEST_IN(store, clock_behind) {
    struct test_store *test = *state;
    scene_hour(test, "one", 0, SCENE_AN_HOUR);
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 2);
    assert_int_equal(scene_pass(test, 0), 0);
    assert_int_equal(scene_pass(test, SCENE_DAY_ENDS_MS), 0);
}

// Killed at any moment, whether it makes, writes or begins: what views say stays the same, and at last all are there.
TEST_IN(store, killed) {
    struct test_store *test = *state;
    for (int hour = 0; hour < 3; hour++) {
        scene_hour(test, "one", hour, SCENE_AN_HOUR);
    }
    char *all = scene_all(test, NULL);
    for (int i = 0; i < 12; i++) {
        store_close(test->store);
        test->store = NULL;
        if (i % 2) { // it begins the database
            rollup_base_clear(test->directory);
        }
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct store_options options = {.directory = test->directory};
            char text[200];
            struct store *store;
            if (store_open(&options, &store, text, sizeof text) == RECEIVER_OK) {
                struct rollup_keeper *keeper = rollup_keeper_new(store);
                for (int64_t hour = 0; keeper && hour < 3; hour++) {
                    rollup_keeper_pass(keeper, scene_hour_ends_ms((int)hour));
                }
                pause();
            }
            _exit(1);
        }
        usleep((useconds_t)(i * i * 1500));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        reopen(test, 0);
        assert_string_equal(store_note(test->store), "");
        scene_expect(strdup(all), scene_all(test, NULL));
    }
    scene_pass(test, SCENE_DAY_ENDS_MS);
    scene_spoil(test, 0);
    scene_expect(all, scene_all(test, NULL));
}

int main(void) {
    return tests_run();
}
