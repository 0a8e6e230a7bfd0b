// rebuild_test.c: the index from the files: missing, damaged, of an older schema; names, tags and refusals survive. Also during uploads.

#include "../../../base/test/test.h"

#include "../../test/count_uploads.h"
#include "../../test/expect_json.h"
#include "../../test/test_store.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

static void index_path(const struct test_store *test, char path[128]) {
    snprintf(path, 128, "%s/index.sqlite", test->directory);
}

static void add_with_meta(struct test_store *test) {
    struct pending_upload *pending;
    char text[200];
    int64_t id;
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, "caf\xc3\xa9 <b>.pprof", text, sizeof text), RECEIVER_OK);
    assert_int_equal(pending_upload_write(pending, "1234", 4), RECEIVER_OK);
    for (int i = 0; i < 11; i++) {
        char name[20];
        snprintf(name, sizeof name, "n%d.bin", i);
        assert_int_equal(pending_upload_attachment(pending, name, text, sizeof text), RECEIVER_OK);
    }
    pending_upload_refuse(pending, "x", "why");
    assert_int_equal(keep(pending, EVENT, "team:a", &id, text), RECEIVER_OK);
    pending_upload_free(pending);
}

static struct json describe(struct test_store *test, int64_t id) {
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(test->store), id, &json), RECEIVER_OK);
    return json;
}

// The description without what only the index knows: time of arrival, measures.
static void expect_same(struct test_store *test, int64_t id, const char *before) {
    struct json after = describe(test, id);
    const char *pieces[] = {"\"tags\":", "\"refused\":", "\"attachments\":", "\"service\":"};
    json_free(&after);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const char *start = strstr(before, pieces[i]), *end = strchr(start, ']');
        char *piece = strndup(start, (size_t)(end - start));
        after = describe(test, id);
        expect_json(&after, piece);
        free(piece);
    }
}

static char *text_of(struct json *json) {
    char *text = strndup(json->bytes, json->size);
    json_free(json);
    return text;
}

static void close_store(struct test_store *test) {
    store_close(test->store);
    test->store = NULL;
}

TEST_IN(store, missing) {
    struct test_store *test = *state;
    char path[128];
    add_good(test, "one");
    add_with_meta(test);
    struct json first = describe(test, 1), second = describe(test, 2);
    char *before[] = {text_of(&first), text_of(&second)};
    close_store(test);
    index_path(test, path);
    assert_int_equal(unlink(path), 0);
    reopen(test, 0);
    assert_string_equal(store_note(test->store),
                        "there was no index of this version: 2 uploads added to the index from their files, 0 without files dropped");
    for (int i = 0; i < 2; i++) {
        expect_same(test, i + 1, before[i]);
        free(before[i]);
    }
    assert_int_equal(add_good(test, "three"), 3);
}

TEST_IN(store, damaged) {
    struct test_store *test = *state;
    char path[128], garbage[4096];
    add_good(test, "one");
    close_store(test);
    index_path(test, path);
    memset(garbage, 0x5A, sizeof garbage);
    for (long at = 0; at < 3 * 4096; at += 4096) {
        FILE *file = fopen(path, "r+");
        fseek(file, at, SEEK_SET);
        fwrite(garbage, 1, sizeof garbage, file);
        fclose(file);
        reopen(test, 0);
        assert_non_null(strstr(store_note(test->store), "the index was damaged"));
        assert_int_equal(count_uploads(store_catalog(test->store)), 1);
        close_store(test);
    }
}

// An upload that was taken by a version with other limits is indexed all the same.
TEST_IN(store, more_tags_than_now) {
    struct test_store *test = *state;
    char path[160];
    add_good(test, "one");
    close_store(test);
    index_path(test, path);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/uploads/1/event.json", test->directory);
    FILE *file = fopen(path, "w");
    fputs("{\"tags_profiler\":\"service:shop", file);
    for (int i = 0; i < 1500; i++) {
        fprintf(file, ",k:%d", i);
    }
    fputs("\"}", file);
    fclose(file);
    reopen(test, 0);
    struct json json = describe(test, 1);
    expect_json(&json, ",\"k:1000\"],");
}

// What does not fit into memory is neither loaded nor added again, and is removed with its files.
TEST_IN(store, beyond_memory) {
    enum { UPLOADS = 30 };
    struct test_store *test = *state;
    char path[160];
    for (int i = 0; i < UPLOADS; i++) {
        add_good(test, "x");
    }
    close_store(test);
    struct store_options options = {.directory = test->directory, .index_bytes = 3000};
    assert_int_equal(store_open(&options, &test->store, path, sizeof path), RECEIVER_OK);
    assert_string_equal(store_note(test->store), "");
    assert_in_range(count_uploads(store_catalog(test->store)), 1, UPLOADS - 1);
    for (int i = 1; !catalog_has(store_catalog(test->store), i); i++) {
        snprintf(path, sizeof path, "%s/uploads/%d", test->directory, i);
        WAIT_UNTIL(access(path, F_OK) != 0);
    }
    assert_true(catalog_has(store_catalog(test->store), UPLOADS));
    snprintf(path, sizeof path, "%s/uploads/%d", test->directory, UPLOADS);
    assert_int_equal(access(path, F_OK), 0);
}

// Directories that resemble uploads: without an event, with an invalid one, with foreign files. None of them stops the start.
TEST_IN(store, strange_directories) {
    struct test_store *test = *state;
    static const char *const events[] = {"", "[]", "{\"tags_profiler\":\"service:odd\"}", "{\"tags_profiler\":"};
    for (size_t i = 0; i < 4; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/uploads/%zu", test->directory, i + 10);
        assert_int_equal(mkdir(path, 0700), 0);
        static const char *const names[] = {"event.json", "meta.json", "0-", "12345-x", "1-ok", "x-1", "-"};
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            snprintf(path, sizeof path, "%s/uploads/%zu/%s", test->directory, i + 10, names[j]);
            FILE *file = fopen(path, "w");
            fputs(j == 0 ? events[i] : j == 1 ? "{\"names\":[1],\"tags\":{}" : "x", file);
            fclose(file);
        }
        snprintf(path, sizeof path, "%s/uploads/%zu/2-dir", test->directory, i + 10);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/uploads/%zu/3-link", test->directory, i + 10);
        assert_int_equal(symlink("/etc/passwd", path), 0);
    }
    reopen(test, 0);
    assert_int_equal(count_uploads(store_catalog(test->store)), 1);
    struct json json = describe(test, 12);
    expect_json(&json, "\"attachments\":[{\"name\":\"\",\"size_bytes\":1,\"pprof\":false,\"recording\":false},{\"name\":\"ok\",\"size_"
                       "bytes\":1,\"pprof\":false,\"recording\":false}]");
    assert_int_equal(add_good(test, "next"), 14);
    close_store(test);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'/uploads/1?", test->directory);
    assert_int_equal(system(command), 0);
}

// ---- While the store runs ----

// Overwrites all pages but the first, and evicts them from memory: a write by another connection makes SQLite forget them.
// on_disk: the largest file from the moment before the damage on, so that nothing mends it before; NULL: any.
static void damage_on(struct test_store *test, const struct rlimit *on_disk) {
    char path[128], command[440];
    sqlite3 *other;
    index_path(test, path);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 60000); // maintenance writes measures
    assert_int_equal(sqlite3_exec(other, "UPDATE upload SET family='x'; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(on_disk ? setrlimit(RLIMIT_FSIZE, on_disk) : 0, 0);
    // By another process: closing the file in this one would release SQLite's locks on it.
    snprintf(command, sizeof command,
             "ulimit -S -f unlimited; p=$(($(stat -c %%s '%s') / 4096 - 1)) && test $p -gt 2 && head -c $((4096 * p)) /dev/urandom |"
             " dd of='%s' bs=4096 seek=1 conv=notrunc status=none",
             path, path);
    assert_int_equal(system(command), 0);
    sqlite3_close(other);
}

static void damage(struct test_store *test) {
    damage_on(test, NULL);
}

static void expect_whole(struct test_store *test, int64_t uploads) {
    for (int64_t id = 1; id <= uploads; id++) {
        struct json json = describe(test, id);
        expect_json(&json, "\"service\":\"shop\"");
    }
    assert_int_equal(count_uploads(store_catalog(test->store)), uploads);
}

static void *add_some(void *state) {
    for (int i = 0; i < 20; i++) {
        add_good(state, "while it is made again");
    }
    return NULL;
}

// The first upload finds it. None is refused, and nothing stored is lost.
TEST_IN(store, damaged_while_uploads_come) {
    struct test_store *test = *state;
    pthread_t threads[4];
    for (int i = 0; i < 50; i++) {
        add_good(test, "before");
    }
    damage(test);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_some, test), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    struct fixture fixture = {0};
    strcpy(fixture.directory, test->directory);
    assert_int_equal(count_files(&fixture, "uploads"), 130);
    assert_int_equal(count_files(&fixture, "incoming"), 0);
    assert_int_equal(count_uploads(store_catalog(test->store)), 130);
    reopen(test, 0);
    assert_string_equal(store_note(test->store), ""); // the new index has them all
}

static enum receiver_error ask(struct test_store *test) {
    struct json json = {0};
    enum receiver_error error = catalog_describe(store_catalog(test->store), 1, &json);
    json_free(&json);
    return error;
}

// Readers are told to try again later, and it is rebuilt without a new upload.
TEST_IN(store, damage_found_by_reading) {
    struct test_store *test = *state;
    char path[140];
    for (int i = 0; i < 50; i++) {
        add_good(test, "x");
    }
    damage(test);
    assert_int_equal(ask(test), RECEIVER_BAD_INDEX);
    WAIT_UNTIL(ask(test) != RECEIVER_BAD_INDEX);
    expect_whole(test, 50);
    snprintf(path, sizeof path, "%s/index.sqlite.damaged", test->directory);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(add_good(test, "y"), 51);
}

// It cannot be rebuilt while the disk is full. Later it can.
TEST_IN(store, damaged_on_a_full_disk) {
    struct test_store *test = *state;
    struct rlimit before, small;
    for (int i = 0; i < 50; i++) {
        add_good(test, "x");
    }
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    damage_on(test, &small);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(ask(test), RECEIVER_BAD_INDEX);
        usleep(5000);
    }
    assert_int_equal(count_uploads(store_catalog(test->store)), 50); // searches go on
    setrlimit(RLIMIT_FSIZE, &before);
    WAIT_UNTIL(ask(test) != RECEIVER_BAD_INDEX);
    expect_whole(test, 50);
}

int main(void) {
    return tests_run();
}
