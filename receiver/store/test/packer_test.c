// packer_test.c: uploads that are old enough go into packs, and are the same in every way; retention, restarts and a lost index; a kill at
// any call leaves every upload.

#undef _FORTIFY_SOURCE // its inline functions cannot be defined anew

#include "../../../base/test/test.h"

#include "packed_uploads.h"

#include "../../test/expect_json.h"

#include "../storage.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t until_kill; // calls that change the disk; 0: no limit

// Whether this call is the one at which the process ends.
static bool dies(void) {
    return until_kill > 0 && --until_kill == 0;
}

static ssize_t half(ssize_t done) {
    if (until_kill < 0) {
        _exit(9);
    }
    return done;
}

// In place of libc's. A write that is the last one is done by half.
ssize_t write(int file, const void *bytes, size_t size) {
    bool last = dies();
    until_kill = last ? -1 : until_kill;
    return half(syscall(SYS_write, file, bytes, last ? size / 2 : size));
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    bool last = dies();
    until_kill = last ? -1 : until_kill;
    return half(syscall(SYS_pwrite64, file, bytes, last ? size / 2 : size, at));
}
static _Thread_local bool packs_unreadable; // by the disk
ssize_t pread(int file, void *bytes, size_t size, off_t at) {
    char path[64], name[200];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    ssize_t length = packs_unreadable ? readlink(path, name, sizeof name) : 0;
    if (length > 5 && memcmp(name + length - 5, ".pack", 5) == 0) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, file, bytes, size, at);
}
static void die(void) {
    if (dies()) {
        _exit(9);
    }
}
static _Thread_local int failing_sync; // of those behind the rename of a pack; 0: none
static _Thread_local bool renamed;
int fsync(int file) {
    die();
    if (renamed && failing_sync > 0 && --failing_sync == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, file);
}
int renameat(int from, const char *name, int to, const char *other) {
    die();
    size_t length = strlen(other);
    renamed |= length > 5 && strcmp(other + length - 5, ".pack") == 0;
    return (int)syscall(SYS_renameat, from, name, to, other);
}
int unlinkat(int directory, const char *name, int flags) {
    die();
    return (int)syscall(SYS_unlinkat, directory, name, flags);
}
int mkdirat(int directory, const char *name, mode_t mode) {
    die();
    return (int)syscall(SYS_mkdirat, directory, name, mode);
}

static char *described(struct test_store *test, int64_t id) {
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(test->store), id, &json), RECEIVER_OK);
    char *text = strndup(json.bytes, json.size), *measures = strstr(text, "\"measures\":");
    if (measures) { // they come later
        bool none = strncmp(strchr(measures, ':') + 1, "null", 4) == 0;
        const char *end = none ? strstr(measures, "null") + 4 : strchr(measures, '}') + 1;
        memmove(measures, end, strlen(end) + 1);
    }
    memmove(text, strstr(text, "\"service\""),
            strlen(strstr(text, "\"service\"")) + 1); // behind the arrival, which files have less exactly
    json_free(&json);
    return text;
}

static uint64_t size_of_all(struct test_store *test) {
    struct catalog_place places[100];
    size_t count = catalog_places(store_catalog(test->store), 0, places, 100);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += places[i].size_bytes;
    }
    return sum;
}

TEST_IN(store, packed_and_the_same) {
    struct test_store *test = *state;
    for (int n = 1; n <= 20; n++) {
        assert_int_equal(packed_add(test, n), n);
    }
    char *before = described(test, 7);
    uint64_t came = size_of_all(test);
    assert_int_equal(packed_pass(test, 0), 0); // the next one may still belong to it
    assert_int_equal(packed_entries(test, ".pack"), 0);
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    assert_int_equal(packed_pass(test, DAY_MS), 0);
    assert_int_equal(packed_entries(test, ".pack"), 1);
    assert_int_equal(packed_entries(test, ""), 0);
    uint64_t packed = size_of_all(test);
    assert_true(packed < came * 2 / 3);
    packed_add(test, 21);
    for (int round = 0; round < 3; round++) { // as it is; behind an orderly end; with an index that is made anew
        for (int n = 1; n <= 21; n++) {
            packed_expect(test, n, n);
        }
        char *after = described(test, 7);
        assert_string_equal(after, before);
        free(after);
        struct catalog_place place;
        assert_int_equal(catalog_places(store_catalog(test->store), 19, &place, 1), 1);
        assert_true(place.id == 20 && place.size_bytes < came / 20 * 2 / 3);
        if (round == 0) {
            reopen(test, 0);
        } else {
            packed_lose_index(test);
        }
    }
    struct json json = {0};
    storage_describe(test->store, 0, &json);
    expect_json(&json, "\"packs\":1,\"packs_damaged\":0");
    storage_describe(test->store, 0, &json);
    expect_json(&json, "\"uploads_packed\":20,\"files_packed\":80,\"files_kept_as_received\":0,\"damaged_reads\":0");
    free(before);
    assert_int_equal(packed_add(test, 22), 22); // numbers go on behind those in packs
}

TEST_IN(store, several_packs_by_arrival) {
    struct test_store *test = *state;
    for (int n = 1; n <= 6; n++) {
        packed_add(test, n);
    }
    store_close(test->store);
    test->store = NULL;
    for (int n = 1; n <= 6; n++) { // the arrival is taken from there: two a day
        char path[200];
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000 + n / 2 * 86400 + n}};
        snprintf(path, sizeof path, "%s/uploads/%d/event.json", test->directory, n);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    packed_lose_index(test);
    assert_int_equal(packed_pass(test, 0), 4);
    for (int n = 1; n <= 6; n++) {
        packed_expect(test, n, n);
    }
    packed_lose_index(test);
    struct catalog_place place;
    assert_int_equal(catalog_places(store_catalog(test->store), 2, &place, 1), 1);
    assert_int_equal(place.received_ms, (1700000000 + 86400 + 3) * INT64_C(1000));
}

// Those that are removed do not come back, and the last one takes the pack with it.
TEST_IN(store, retention) {
    struct test_store *test = *state;
    for (int n = 1; n <= 10; n++) {
        packed_add(test, n);
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    reopen(test, size_of_all(test) / 2);
    for (int i = 0; i < 12000 && catalog_oldest(store_catalog(test->store)) < 3; i++) {
        usleep(10000);
    }
    int64_t oldest = catalog_oldest(store_catalog(test->store));
    assert_in_range(oldest, 4, 8);
    packed_lose_index(test);
    assert_int_equal(catalog_oldest(store_catalog(test->store)), oldest);
    for (int n = (int)oldest; n <= 10; n++) {
        packed_expect(test, n, n);
    }
    struct catalog_attachment attachment;
    int file;
    assert_int_equal(store_read(test->store, 1, "a.pprof", true, &attachment, &file), RECEIVER_NOT_FOUND);
    packed_add(test, 11);
    reopen(test, 1); // the newest one stays
    for (int i = 0; i < 12000 && packed_entries(test, ".pack") > 0; i++) {
        usleep(10000);
    }
    assert_int_equal(packed_entries(test, ".pack"), 0);
    packed_expect(test, 11, 11);
}

TEST_IN(store, damaged_pack) {
    struct test_store *test = *state;
    char path[200];
    struct catalog_attachment attachment;
    struct archive *archive;
    int file;
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    packed_add(test, 4);
    snprintf(path, sizeof path, "%s/uploads/1-3.pack", test->directory);
    assert_int_equal(truncate(path, 5000), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store_read(test->store, 2, "a.pprof", true, &attachment, &file), RECEIVER_DAMAGED);
        assert_int_equal(store_read_event(test->store, 2, &file), RECEIVER_DAMAGED);
        assert_int_equal(archive_open(test->store, 2, &archive), RECEIVER_DAMAGED);
        packed_expect(test, 4, 4);
        struct json json = {0};
        storage_describe(test->store, 0, &json);
        expect_json(&json, round == 0 ? "\"packs_damaged\":0" : "\"packs_damaged\":1");
        reopen(test, 0); // its rows stay
    }
    struct json json = {0};
    store_read_event(test->store, 2, &file);
    storage_describe(test->store, 0, &json); // maintenance may have counted too
    assert_null(memmem(json.bytes, json.size, "\"damaged_reads\":0", strlen("\"damaged_reads\":0")));
    json_free(&json);
    unlink(path);
    assert_int_equal(store_read_event(test->store, 2, &file), RECEIVER_DAMAGED);
    reopen(test, 0); // as without directories
    assert_false(catalog_has(store_catalog(test->store), 2));
    packed_expect(test, 4, 4);
}

// What cannot be read stays as it is, and so does what is there of it.
TEST_IN(store, file_missing) {
    struct test_store *test = *state;
    char path[200];
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
    }
    snprintf(path, sizeof path, "%s/uploads/2/0-a.pprof", test->directory);
    unlink(path);
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    assert_int_equal(packed_entries(test, ""), 1);
    packed_expect(test, 1, 1);
    packed_expect(test, 3, 3);
    struct catalog_attachment attachment;
    int file;
    assert_int_equal(store_read(test->store, 2, "a.pprof", true, &attachment, &file), RECEIVER_DAMAGED);
    packed_lose_index(test);
    packed_expect(test, 3, 3);
}

// A disk that does not give a pack: all else is served, and it is there again with the disk.
TEST_IN(store, unreadable_pack) {
    struct test_store *test = *state;
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    packed_add(test, 4);
    packs_unreadable = true;
    packed_lose_index(test);
    packed_expect(test, 4, 4);
    assert_false(catalog_has(store_catalog(test->store), 2));
    packs_unreadable = false;
    reopen(test, 0);
    for (int n = 1; n <= 4; n++) {
        packed_expect(test, n, n);
    }
}

static void in_directory(struct test_store *test, const char *shell) {
    char command[500];
    snprintf(command, sizeof command, "cd %s && %s", test->directory, shell);
    assert_int_equal(system(command), 0);
}

// Files that the index does not know would go with the directory.
TEST_IN(store, other_files) {
    struct test_store *test = *state;
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
    }
    in_directory(test, "echo mine > uploads/2/notes");
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    in_directory(test, "grep -q mine uploads/2/notes");
    for (int n = 1; n <= 3; n++) {
        packed_expect(test, n, n);
    }
    assert_int_equal(packed_entries(test, ""), 1);
}

// Behind a downgrade, or a backup that is copied over another, a directory may be another upload than the pack's of the same number.
TEST_IN(store, directory_differs) {
    struct test_store *test = *state;
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
    }
    in_directory(test, "cp -a uploads kept");
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    store_close(test->store);
    test->store = NULL;
    in_directory(test, "cp -a kept/[12] uploads && printf other > uploads/2/0-a.pprof && rm uploads/1/1-*"); // 1 has but less
    packed_lose_index(test);
    packed_expect(test, 1, 1);
    packed_expect(test, 3, 3);
    assert_int_equal(packed_entries(test, ""), 1);
    struct catalog_attachment attachment;
    char bytes[5];
    int file;
    assert_int_equal(store_read(test->store, 2, "a.pprof", true, &attachment, &file), RECEIVER_OK);
    assert_int_equal(attachment.size_bytes, 5);
    assert_int_equal(read_exact(file, bytes, 5), RECEIVER_OK);
    assert_memory_equal(bytes, "other", 5);
    close(file);
    in_directory(test, "rm uploads/2/0-a.pprof"); // the pack's is another one
    assert_int_equal(store_read(test->store, 2, "a.pprof", true, &attachment, &file), RECEIVER_DAMAGED);
}

// A pack that may not outlive a power cut is none: the directories stay, and the next one is made in its place.
TEST_IN(store, names_not_synced) {
    struct test_store *test = *state;
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
    }
    for (int which = 1; which <= 2; which++) { // uploads/, and the directory that the pack was made in
        failing_sync = which;
        renamed = false;
        assert_int_equal(packed_pass(test, DAY_MS), 0);
        assert_int_equal(failing_sync, 0);
        assert_int_equal(packed_entries(test, ".pack"), 0);
        assert_int_equal(packed_entries(test, ""), 3);
        for (int n = 1; n <= 3; n++) {
            packed_expect(test, n, n);
        }
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    for (int n = 1; n <= 3; n++) {
        packed_expect(test, n, n);
    }
}

// The thread packs what is due at its start.
TEST_IN(store, thread) {
    struct test_store *test = *state;
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
        char path[200];
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1700000000 + n}};
        snprintf(path, sizeof path, "%s/uploads/%d/event.json", test->directory, n);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    packed_lose_index(test);
    store_close(test->store);
    struct store_options options = {.directory = test->directory, .pack_after_ms = DAY_MS};
    char text[200];
    assert_int_equal(store_open(&options, &test->store, text, sizeof text), RECEIVER_OK);
    for (int i = 0; i < 12000 && packed_entries(test, "") > 0; i++) {
        usleep(10000);
    }
    assert_int_equal(packed_entries(test, ""), 0);
    for (int n = 1; n <= 3; n++) {
        packed_expect(test, n, n);
    }
}

// Packs in another process, which ends at that call. Returns whether it got to the end.
static bool pack_and_die(struct test_store *test, int64_t calls) {
    pid_t child = fork();
    if (child == 0) {
        until_kill = calls;
        reopen(test, 0);
        packed_pass(test, DAY_MS);
        store_close(test->store);
        _exit(0);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9);
    return WEXITSTATUS(status) == 0;
}

TEST_IN(store, killed_at_any_call) {
    struct test_store *test = *state;
    char command[500];
    for (int n = 1; n <= 3; n++) {
        packed_add(test, n);
    }
    store_close(test->store);
    test->store = NULL;
    snprintf(command, sizeof command, "rm -rf %s/all && cp -a %s %s.all && mv %s.all %s/all", test->directory, test->directory,
             test->directory, test->directory, test->directory);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "cd %s && rm -rf [b-z]* && cp -a all/[b-z]* .", test->directory);
    bool done = false;
    size_t both = 0;
    for (int64_t calls = 1; !done; calls++) {
        assert_int_equal(system(command), 0);
        done = pack_and_die(test, calls);
        both += packed_entries(test, ".pack") > 0 && packed_entries(test, "") > 0;
        for (int round = 0; round < (calls % 4 ? 1 : 2); round++) {
            round == 0 ? reopen(test, 0) : packed_lose_index(test);
            for (int n = 1; n <= 3; n++) {
                packed_expect(test, n, n);
            }
            assert_int_equal(packed_entries(test, ""), packed_entries(test, ".pack") > 0 ? 0 : 3); // one of both
            assert_false(catalog_has(store_catalog(test->store), 4));
        }
        store_close(test->store);
        test->store = NULL;
        assert_true(calls < 2000);
    }
    assert_int_equal(packed_entries(test, ".pack"), 1);
    assert_true(both > 3);
}

int main(void) {
    return tests_run();
}
