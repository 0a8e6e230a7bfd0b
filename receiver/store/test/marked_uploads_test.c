// marked_uploads_test.c: pins, notes and removal: retention leaves what is pinned, packs give it back, nothing is left of what was removed;
// a kill at any call leaves all as before or as afterwards.

#undef _FORTIFY_SOURCE // its inline functions cannot be defined anew

#include "../../../base/test/test.h"

#include "packed_uploads.h"

#include "../../index/catalog_pick.h"
#include "../../test/expect_json.h"
#include "../disk_reserve.h"
#include "../marked_uploads.h"
#include "../notebook.h"
#include "../storage.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t until_kill; // calls that change the disk; 0: no limit

// In place of libc's, also for SQLite. The process ends before the call that is the last one.
static void die(void) {
    if (until_kill > 0 && --until_kill == 0) {
        _exit(9);
    }
}
static const char *fails_at; // what is in the paths of files that cannot be written; NULL: all can
static int failure;          // an errno; ENOSPC: until the reserve is given back

static bool fails(int file) {
    char link[64], path[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = fails_at ? readlink(link, path, sizeof path - 1) : 0;
    path[size > 0 ? size : 0] = '\0';
    bool is = size > 0 && strstr(path, fails_at);
    errno = is ? failure : errno;
    return is;
}
ssize_t write(int file, const void *bytes, size_t size) {
    die();
    return fails(file) ? -1 : syscall(SYS_write, file, bytes, size);
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    die();
    return fails(file) ? -1 : syscall(SYS_pwrite64, file, bytes, size, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off_t at) {
    return pwrite(file, bytes, size, at);
}
int fsync(int file) {
    die();
    return (int)syscall(SYS_fsync, file);
}
int fdatasync(int file) {
    die();
    return (int)syscall(SYS_fdatasync, file);
}
static bool renames_fail;
int renameat(int from, const char *name, int to, const char *other) {
    die();
    if (renames_fail) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_renameat, from, name, to, other);
}
int unlinkat(int directory, const char *name, int flags) {
    die();
    fails_at = failure == ENOSPC && strcmp(name, DISK_RESERVE_NAME) == 0 ? NULL : fails_at;
    return (int)syscall(SYS_unlinkat, directory, name, flags);
}
int unlink(const char *name) {
    die();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
}
int mkdirat(int directory, const char *name, mode_t mode) {
    die();
    return (int)syscall(SYS_mkdirat, directory, name, mode);
}

static void expect_pinned(struct test_store *test, int64_t id, bool pinned, const char *note) {
    struct json json = {0};
    char expected[100];
    snprintf(expected, sizeof expected, note ? "\"pinned\":%s,\"note\":\"%s\"," : "\"pinned\":%s,\"note\":null,", pinned ? "true" : "false",
             note);
    assert_int_equal(catalog_describe(store_catalog(test->store), id, &json), RECEIVER_OK);
    expect_json(&json, expected);
}

static void add_three(struct test_store *test, bool packed) {
    for (int n = 1; n <= 3; n++) {
        assert_int_equal(packed_add(test, n), n);
    }
    if (packed) {
        assert_int_equal(packed_pass(test, DAY_MS), 1);
        assert_int_equal(packed_entries(test, ""), 0);
    }
}

TEST_IN(store, pins_and_notes) {
    struct test_store *test = *state;
    char text[300];
    add_three(test, false);
    assert_int_equal(store_pin(test->store, 9, true, text, sizeof text), RECEIVER_NOT_FOUND);
    assert_int_equal(store_pin(test->store, 2, true, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_pin(test->store, 2, true, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_write_note(test->store, 2, "caf\xc3\xa9", 5, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_write_note(test->store, 3, "before", 6, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_write_note(test->store, 3, "a\x01", 2, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_int_equal(store_write_note(test->store, 3, "a\xff", 2, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_int_equal(store_write_note(test->store, 3, "a\0b", 3, text, sizeof text), RECEIVER_BAD_UPLOAD);
    static char longest[NOTEBOOK_NOTE_BYTES + 1];
    memset(longest, 'n', sizeof longest);
    assert_int_equal(store_write_note(test->store, 3, longest, sizeof longest, text, sizeof text), RECEIVER_TOO_LARGE);
    assert_int_equal(store_write_note(test->store, 9, "x", 1, text, sizeof text), RECEIVER_NOT_FOUND);
    for (int round = 0; round < 3; round++) { // as it is; behind an orderly end; with an index that is made anew
        expect_pinned(test, 1, false, NULL);
        expect_pinned(test, 2, true, "caf\xc3\xa9");
        expect_pinned(test, 3, false, "before");
        round == 0 ? reopen(test, 0) : packed_lose_index(test);
    }
    assert_int_equal(store_remove(test->store, 2, text, sizeof text), RECEIVER_CONFLICT);
    assert_non_null(strstr(text, "pinned"));
    packed_expect(test, 2, 2);
    assert_int_equal(store_pin(test->store, 2, false, text, sizeof text), RECEIVER_OK);
    expect_pinned(test, 2, false, "caf\xc3\xa9");
    assert_int_equal(store_write_note(test->store, 2, "", 0, text, sizeof text), RECEIVER_OK);
    reopen(test, 0);
    expect_pinned(test, 2, false, NULL);
}

static uint64_t size_of(struct test_store *test, int64_t id) {
    struct catalog_place place;
    assert_int_equal(catalog_places(store_catalog(test->store), id - 1, &place, 1), 1);
    assert_int_equal(place.id, id);
    return place.size_bytes;
}

// Retention of a size removes all but what is pinned and the newest; pins may take half of that size.
TEST_IN(store, retention) {
    struct test_store *test = *state;
    char text[300];
    add_three(test, false);
    uint64_t one = size_of(test, 1);
    assert_int_equal(store_pin(test->store, 1, true, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_write_note(test->store, 2, "goes with it", 12, text, sizeof text), RECEIVER_OK);
    reopen(test, 4 * one + one / 2);
    assert_int_equal(packed_add(test, 4), 4);
    assert_int_equal(store_pin(test->store, 4, true, text, sizeof text), RECEIVER_OK); // two of four and a half
    for (int n = 5; n <= 9; n++) {
        assert_int_equal(packed_add(test, n), n);
    }
    WAIT_UNTIL(!store_has_directory(test->store, 7)); // behind its row
    static const bool stays[10] = {[1] = true, [4] = true, [8] = true, [9] = true};
    for (int n = 1; n <= 9; n++) {
        assert_int_equal(catalog_has(store_catalog(test->store), n), stays[n]);
        assert_int_equal(store_has_directory(test->store, n), stays[n]);
    }
    assert_int_equal(store_pin(test->store, 8, true, text, sizeof text), RECEIVER_CONFLICT);
    assert_non_null(strstr(text, "more than half"));
    expect_pinned(test, 8, false, NULL);
    struct json json = {0};
    storage_describe(test->store, 0, &json);
    expect_json(&json, "\"pinned\":2,\"pinned_bytes\":");
    storage_describe(test->store, 0, &json);
    expect_json(&json, "\"near\":[\"pins\"]");
    // With a limit below what is pinned already, that stays, and nothing else but the newest.
    reopen(test, one / 2);
    WAIT_UNTIL(!catalog_has(store_catalog(test->store), 8));
    packed_expect(test, 1, 1);
    packed_expect(test, 4, 4);
    packed_expect(test, 9, 9);
    // A note goes with its upload, and no other gets it.
    assert_int_equal(catalog_mark_count(store_catalog(test->store)), 2);
}

TEST_IN(store, out_of_a_pack) {
    struct test_store *test = *state;
    char text[300];
    add_three(test, true);
    uint64_t packed = size_of(test, 2);
    assert_int_equal(store_pin(test->store, 2, true, text, sizeof text), RECEIVER_OK);
    assert_int_equal(packed_entries(test, ""), 1);
    assert_true(store_has_directory(test->store, 2) && size_of(test, 2) > packed);
    packed_add(test, 4);
    packed_add(test, 5);
    assert_int_equal(store_pin(test->store, 4, true, text, sizeof text), RECEIVER_OK);
    assert_int_equal(packed_pass(test, DAY_MS), 1); // without 4
    assert_int_equal(packed_entries(test, ""), 2);
    for (int round = 0; round < 3; round++) {
        for (int n = 1; n <= 5; n++) {
            packed_expect(test, n, n);
        }
        round == 0 ? reopen(test, 0) : packed_lose_index(test);
    }
    assert_int_equal(store_remove(test->store, 1, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_remove(test->store, 1, text, sizeof text), RECEIVER_NOT_FOUND);
    assert_int_equal(store_remove(test->store, 3, text, sizeof text), RECEIVER_OK);
    assert_int_equal(packed_entries(test, ".pack"), 1); // the last one has taken the file with it
    packed_lose_index(test);
    assert_false(catalog_has(store_catalog(test->store), 1) || catalog_has(store_catalog(test->store), 3));
    packed_expect(test, 2, 2);
    packed_expect(test, 5, 5);
}

// A slot of the pack is lost: the others stay whatever is removed or pinned, until the index has none of them.
TEST_IN(store, of_a_damaged_pack) {
    struct test_store *test = *state;
    char text[300], path[200];
    for (int n = 1; n <= 6; n++) {
        assert_int_equal(packed_add(test, n), n);
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    snprintf(path, sizeof path, "%s/uploads/1-6.pack", test->directory);
    int file = open(path, O_RDWR | O_CLOEXEC);
    static const char zeros[PACK_SLOT_BYTES];
    assert_int_equal(pwrite(file, zeros, sizeof zeros, lseek(file, 0, SEEK_END) - 4 * PACK_SLOT_BYTES), sizeof zeros); // of 3
    close(file);
    reopen(test, 0);
    assert_int_equal(store_pin(test->store, 6, true, text, sizeof text), RECEIVER_OK);
    for (int n = 1; n <= 6; n += n == 2 ? 2 : 1) {
        packed_expect(test, n, n);
    }
    assert_int_equal(store_pin(test->store, 6, false, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_remove(test->store, 6, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_remove(test->store, 5, text, sizeof text), RECEIVER_OK);
    for (int round = 0; round < 2; round++) {
        packed_expect(test, 1, 1);
        packed_expect(test, 2, 2);
        packed_expect(test, 4, 4);
        assert_false(catalog_has(store_catalog(test->store), 5) || catalog_has(store_catalog(test->store), 6));
        reopen(test, 0);
    }
    for (int n = 1; n <= 4; n++) {
        assert_int_equal(packed_entries(test, ".pack"), 1);
        assert_int_equal(store_remove(test->store, n, text, sizeof text), RECEIVER_OK);
    }
    assert_int_equal(packed_entries(test, ".pack"), 0);
}

// One that is refused stays in its pack.
TEST_IN(store, too_large_out_of_a_pack) {
    struct test_store *test = *state;
    char text[300];
    packed_add(test, 0);
    uint64_t unpacked = size_of(test, 1);
    assert_int_equal(store_remove(test->store, 1, text, sizeof text), RECEIVER_OK);
    for (int n = 2; n <= 4; n++) {
        assert_int_equal(packed_add(test, n), n);
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    uint64_t packed = size_of(test, 2);
    assert_true(packed < unpacked / 2);
    reopen(test, 2 * unpacked - 2);
    assert_int_equal(store_pin(test->store, 2, true, text, sizeof text), RECEIVER_CONFLICT);
    assert_non_null(strstr(text, "more than half"));
    assert_int_equal(packed_entries(test, ""), 0);
    assert_int_equal(size_of(test, 2), packed);
    reopen(test, 2 * unpacked);
    assert_int_equal(store_pin(test->store, 2, true, text, sizeof text), RECEIVER_OK);
    assert_int_equal(size_of(test, 2), unpacked);
}

static void note_row(void *context, const struct rollup_row *row) {
    (void)row;
    *(bool *)context = true;
}

static bool has_rollup(struct test_store *test, const struct rollup_key *key) {
    bool found = false;
    rollup_base_find(store_rollups(test->store), key, note_row, &found);
    return found;
}

static bool take_block(void *context, const struct figures_block *block) {
    *(size_t *)context += block->count;
    return true;
}

// Roll-ups that have it and its figures go with it, those of others stay.
TEST_IN(store, what_was_made_of_it) {
    struct test_store *test = *state;
    char text[300];
    struct selection selection;
    struct listed_upload *rows;
    size_t count, left_out, figures = 0;
    add_three(test, false);
    WAIT_UNTIL(catalog_is_figured(store_catalog(test->store), 2) && catalog_unmeasured(store_catalog(test->store)) == 0);
    selection_init(&selection);
    assert_int_equal(catalog_pick(store_catalog(test->store), &selection, NULL, 9, &rows, &count, &left_out), RECEIVER_OK);
    assert_int_equal(count, 3);
    int64_t hour = catalog_day_of(rows[0].start_ms, HOUR_MS), day = catalog_day_of(rows[0].start_ms, DAY_MS);
    uint64_t process = rows[0].process;
    const struct rollup_key keys[] = {{"a.pprof", rows[0].stream, ROLLUP_HOUR, hour},
                                      {"a.pprof", rows[0].stream, ROLLUP_DAY, day},
                                      {"b.pprof", rows[0].stream, ROLLUP_HOUR, hour},
                                      {"a.pprof", rows[0].stream, ROLLUP_HOUR, hour + 1},
                                      {"a.pprof", rows[0].stream + 1, ROLLUP_DAY, day}};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(
            rollup_base_write(store_rollups(test->store), &keys[i], &(struct upload_set){1, {2, 3}}, "", (const uint8_t *)"x", 1),
            RECEIVER_OK);
    }
    free(rows);
    assert_int_equal(store_remove(test->store, 2, text, sizeof text), RECEIVER_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(has_rollup(test, &keys[i]), i >= 2);
    }
    assert_int_equal(figures_store_read(store_figures(test->store), process, 2, 2, take_block, &figures), RECEIVER_OK);
    assert_int_equal(figures, 0);
    figures = 0;
    assert_int_equal(figures_store_read(store_figures(test->store), process, 1, 3, take_block, &figures), RECEIVER_OK);
    assert_int_equal(figures, 2);
}

// It stays whole, with its row, where its directory cannot be moved.
TEST_IN(store, cannot_be_removed) {
    struct test_store *test = *state;
    char text[300];
    add_three(test, false);
    renames_fail = true;
    assert_int_equal(store_remove(test->store, 2, text, sizeof text), RECEIVER_IO);
    renames_fail = false;
    packed_expect(test, 2, 2);
    reopen(test, 0);
    packed_expect(test, 2, 2);
}

static void settle(struct test_store *test) {
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0 && catalog_unfigured(store_catalog(test->store)) == 0);
}

static void remove_on_full_disk(struct test_store *test, bool packed) {
    char text[300], path[200];
    add_three(test, packed);
    settle(test);
    snprintf(path, sizeof path, "%s/" DISK_RESERVE_NAME, test->directory);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    failure = ENOSPC;
    fails_at = test->directory;
    enum receiver_error error = store_remove(test->store, 2, text, sizeof text);
    bool has_room = !fails_at;
    fails_at = NULL;
    assert_int_equal(error, RECEIVER_OK);
    assert_true(has_room);
    assert_false(catalog_has(store_catalog(test->store), 2));
    packed_lose_index(test);
    assert_false(catalog_has(store_catalog(test->store), 2));
    packed_expect(test, 1, 1);
    packed_expect(test, 3, 3);
}

TEST_IN(store, full_disk) {
    remove_on_full_disk(*state, false);
}
TEST_IN(store, full_disk_packed) {
    remove_on_full_disk(*state, true);
}

// What is made of uploads is no reason to keep one, nor is its note; its pack is.
TEST_IN(store, removed_all_the_same) {
    struct test_store *test = *state;
    static const char *const others[] = {"figures.sqlite", "rollups.sqlite", "notebook.sqlite"};
    char text[300];
    for (int n = 1; n <= 5; n++) {
        assert_int_equal(packed_add(test, n), n);
        assert_int_equal(store_write_note(test->store, n, "x", 1, text, sizeof text), RECEIVER_OK);
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    settle(test);
    failure = EIO;
    for (int n = 1; n <= 3; n++) {
        fails_at = others[n - 1];
        enum receiver_error error = store_remove(test->store, n, text, sizeof text);
        fails_at = NULL;
        assert_int_equal(error, RECEIVER_OK);
        assert_false(catalog_has(store_catalog(test->store), n) || catalog_has_mark(store_catalog(test->store), n));
    }
    fails_at = ".pack";
    enum receiver_error error = store_remove(test->store, 4, text, sizeof text);
    fails_at = NULL;
    assert_int_equal(error, RECEIVER_IO);
    packed_expect(test, 4, 4);
    assert_int_equal(store_remove(test->store, 4, text, sizeof text), RECEIVER_OK);
    for (int round = 0; round < 2; round++) {
        round == 0 ? reopen(test, 0) : packed_lose_index(test);
        assert_int_equal(catalog_oldest(store_catalog(test->store)), 5);
        assert_int_equal(catalog_mark_count(store_catalog(test->store)), 1);
        packed_expect(test, 5, 5);
    }
}

// ---- Kills ----

enum act { PIN, UNPIN, NOTE, REMOVE };

static enum receiver_error act_on(struct store *store, enum act act) {
    char text[300];
    return act == PIN     ? store_pin(store, 2, true, text, sizeof text)
           : act == UNPIN ? store_pin(store, 2, false, text, sizeof text)
           : act == NOTE  ? store_write_note(store, 2, "new", 3, text, sizeof text)
                          : store_remove(store, 2, text, sizeof text);
}

// In another process, which ends at that call. Returns whether it got to the end.
static bool act_and_die(struct test_store *test, enum act act, int64_t calls) {
    pid_t child = fork();
    if (child == 0) {
        reopen(test, 0);
        WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0 && catalog_unfigured(store_catalog(test->store)) == 0);
        until_kill = calls;
        enum receiver_error error = act_on(test->store, act);
        _exit(error == RECEIVER_OK ? 0 : 1);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9);
    return WEXITSTATUS(status) == 0;
}

static void expect_old_or_new(struct test_store *test, enum act act, bool done) {
    struct catalog *catalog = store_catalog(test->store);
    bool has = catalog_has(catalog, 2);
    packed_expect(test, 1, 1);
    packed_expect(test, 3, 3);
    assert_false(catalog_has(catalog, 4));
    assert_true(has || act == REMOVE);
    assert_false(has && act == REMOVE && done);
    if (has) {
        packed_expect(test, 2, 2);
        bool pinned = catalog_is_pinned(catalog, 2);
        assert_true(act == PIN || act == UNPIN || !pinned);
        assert_false(done && act == PIN && !pinned);
        assert_false(done && act == UNPIN && pinned);
        assert_true(!pinned || store_has_directory(test->store, 2));
        assert_false(done && act == NOTE && !catalog_has_mark(catalog, 2));
    } else {
        struct pack *pack;
        struct pack_record *record = malloc(sizeof *record);
        assert_false(store_has_directory(test->store, 2));
        assert_int_equal(packs_find(&test->store->packs, 2, &pack, record), RECEIVER_NOT_FOUND);
        free(record);
    }
}

static void kill_everywhere(struct test_store *test, enum act act, bool packed) {
    char command[700], text[300];
    add_three(test, packed);
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0 && catalog_unfigured(store_catalog(test->store)) == 0);
    if (act == UNPIN) {
        assert_int_equal(store_pin(test->store, 2, true, text, sizeof text), RECEIVER_OK);
    }
    store_close(test->store);
    test->store = NULL;
    snprintf(command, sizeof command, "rm -rf %s/all && cp -a %s %s.all && mv %s.all %s/all", test->directory, test->directory,
             test->directory, test->directory, test->directory);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "cd %s && rm -rf [b-z]* && cp -a all/[b-z]* .", test->directory);
    bool done = false;
    int64_t calls = 1;
    for (; !done; calls++) {
        assert_int_equal(system(command), 0);
        done = act_and_die(test, act, calls);
        for (int round = 0; round < 2; round++) {
            round == 0 ? reopen(test, 0) : packed_lose_index(test);
            expect_old_or_new(test, act, done);
        }
        store_close(test->store);
        test->store = NULL;
        assert_true(calls < 500);
    }
    assert_true(calls > 3);
}

TEST_IN(store, pin_killed) {
    kill_everywhere(*state, PIN, false);
}
TEST_IN(store, pin_of_packed_killed) {
    kill_everywhere(*state, PIN, true);
}
TEST_IN(store, unpin_killed) {
    kill_everywhere(*state, UNPIN, false);
}
TEST_IN(store, note_killed) {
    kill_everywhere(*state, NOTE, true);
}
TEST_IN(store, remove_killed) {
    kill_everywhere(*state, REMOVE, false);
}
TEST_IN(store, remove_of_packed_killed) {
    kill_everywhere(*state, REMOVE, true);
}

int main(void) {
    return tests_run();
}
