// catalog_test.c: the index: adding, rollback, ids, removal by age and size, and files that are no index.

#include "../../../base/test/test.h"

#include "../../test/count_uploads.h"
#include "../../test/expect_json.h"

#include "../catalog.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

// In place of libc's.
static atomic_size_t reads; // locks for reading
int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
    static int (*next)(pthread_rwlock_t * lock);
    next = next ? next : (int (*)(pthread_rwlock_t *))dlsym(RTLD_NEXT, "pthread_rwlock_rdlock");
    reads++;
    return next(lock);
}

struct test_index {
    char path[64];
    struct catalog *catalog;
};

static void open_index(struct test_index *index, bool create) {
    char text[200] = "";
    bool newer;
    if (catalog_open(index->path, create, &newer, &index->catalog, text, sizeof text) != RECEIVER_OK ||
        catalog_load(index->catalog) != RECEIVER_OK) {
        fail_msg("%s", text);
    }
}

static int store_setup(void **state) {
    struct test_index *index = calloc(1, sizeof *index);
    strcpy(index->path, "/tmp/cmemprof-test-XXXXXX");
    close(mkstemp(index->path));
    open_index(index, true);
    *state = index;
    return 0;
}

static int store_teardown(void **state) {
    struct test_index *index = *state;
    catalog_close(index->catalog);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", index->path, endings[i]);
        unlink(path);
    }
    free(index);
    return 0;
}

// Of 100 bytes, received at that moment.
static int64_t add_tagged(struct catalog *catalog, int64_t received_ms, char *tags, bool keep) {
    struct catalog_attachment attachments[] = {{"a", "0-a", 5, false}, {"b.pprof", "1-b", 6, true}};
    struct catalog_new upload = {.received_ms = received_ms,
                                 .size_bytes = 100,
                                 .event = {.tags = tags, .facets = {[FACET_SERVICE] = "shop"}},
                                 .attachments = attachments,
                                 .attachment_count = 2};
    assert_int_equal(catalog_begin(catalog), RECEIVER_OK);
    upload.id = catalog_next_id(catalog);
    assert_int_equal(catalog_insert(catalog, &upload), RECEIVER_OK);
    assert_int_equal(catalog_end(catalog, keep), RECEIVER_OK);
    if (keep) {
        assert_int_equal(catalog_publish(catalog, &upload), RECEIVER_OK);
    }
    return upload.id;
}

static int64_t add(struct catalog *catalog, int64_t received_ms, bool keep) {
    return add_tagged(catalog, received_ms, "service:shop,a:b", keep);
}

// With tags that no other has: 300 bytes of memory.
static int64_t add_unique(struct catalog *catalog, int64_t number) {
    char tags[60];
    snprintf(tags, sizeof tags, "service:shop,a:%lld", (long long)number);
    return add_tagged(catalog, number, tags, true);
}

static size_t remove_oldest(struct test_index *index, int64_t before_ms, uint64_t size_bytes, int64_t *ids, size_t max) {
    struct retention retention = {before_ms, 1000, size_bytes};
    return catalog_remove_oldest(index->catalog, &retention, ids, max);
}

TEST_IN(store, add_and_remove) {
    struct test_index *index = *state;
    struct catalog_attachment attachment;
    int64_t ids[4];
    assert_int_equal(add(index->catalog, 10, true), 1);
    assert_int_equal(add(index->catalog, 20, false), 2);
    assert_false(catalog_has(index->catalog, 2));
    assert_int_equal(catalog_find(index->catalog, 2, "a", &attachment), RECEIVER_NOT_FOUND);
    assert_int_equal(add(index->catalog, 30, true), 3);
    assert_int_equal(catalog_find(index->catalog, 1, "b.pprof", &attachment), RECEIVER_OK);
    assert_string_equal(attachment.file, "1-b");
    assert_int_equal(attachment.size_bytes, 6);
    assert_true(attachment.pprof);
    assert_int_equal(catalog_find(index->catalog, 1, "B.pprof", &attachment), RECEIVER_NOT_FOUND);
    assert_int_equal(remove_oldest(index, 10, UINT64_MAX, ids, 4), 0);
    assert_int_equal(remove_oldest(index, 30, UINT64_MAX, ids, 4), 1);
    assert_int_equal(ids[0], 1);
    assert_int_equal(catalog_find(index->catalog, 1, "a", &attachment), RECEIVER_NOT_FOUND);
    assert_int_equal(remove_oldest(index, 31, UINT64_MAX, ids, 4), 0); // the newest stays
    assert_int_equal(catalog_newest_ms(index->catalog), 30);
    size_t dropped;
    assert_int_equal(catalog_drop_others(index->catalog, NULL, 0, &dropped), RECEIVER_OK);
    assert_int_equal(dropped, 1);
    assert_int_equal(catalog_load(index->catalog), RECEIVER_OK);
    assert_int_equal(count_uploads(index->catalog), 0);
    assert_int_equal(catalog_newest_ms(index->catalog), 0);
    // Ids are never reused, not after a restart either.
    catalog_close(index->catalog);
    open_index(index, false);
    assert_int_equal(add(index->catalog, 40, true), 4);
}

// What is pinned stays, whatever the limit is, and counts all the same.
TEST_IN(store, pinned) {
    struct test_index *index = *state;
    int64_t ids[8];
    struct catalog_pins pins;
    for (int i = 1; i <= 6; i++) {
        add(index->catalog, 10 * i, true);
    }
    assert_true(catalog_mark(index->catalog, 1, true, NULL) && catalog_mark(index->catalog, 3, true, "why"));
    assert_int_equal(catalog_oldest(index->catalog), 2);
    assert_int_equal(remove_oldest(index, 45, UINT64_MAX, ids, 8), 2);
    assert_true(ids[0] == 2 && ids[1] == 4);
    assert_int_equal(remove_oldest(index, INT64_MIN, 0, ids, 8), 1);
    assert_true(ids[0] == 5 && catalog_has(index->catalog, 1) && catalog_has(index->catalog, 3) && catalog_has(index->catalog, 6));
    assert_int_equal(catalog_pinned(index->catalog, &pins), RECEIVER_OK);
    assert_true(pins.count == 2 && pins.ids[0] == 1 && pins.ids[1] == 3 && pins.bytes > 0);
    free(pins.ids);
    struct json json = {0};
    assert_int_equal(catalog_describe(index->catalog, 3, &json), RECEIVER_OK);
    expect_json(&json, "\"pinned\":true,\"note\":\"why\"");
    assert_true(catalog_mark(index->catalog, 1, false, NULL));
    assert_int_equal(remove_oldest(index, INT64_MIN, 0, ids, 8), 1);
    assert_int_equal(ids[0], 1);
}

static bool answer_of(void *context) {
    return *(bool *)context;
}

TEST_IN(store, remove_one) {
    struct test_index *index = *state;
    struct catalog_attachment attachment;
    bool no = false, yes = true;
    for (int i = 1; i <= 5; i++) {
        add(index->catalog, 10 * i, true);
    }
    assert_int_equal(catalog_remove(index->catalog, 3, answer_of, &no), RECEIVER_IO);
    assert_true(catalog_has(index->catalog, 3));
    assert_int_equal(catalog_find(index->catalog, 3, "a", &attachment), RECEIVER_OK);
    assert_int_equal(catalog_remove(index->catalog, 3, answer_of, &yes), RECEIVER_OK);
    assert_int_equal(catalog_remove(index->catalog, 3, answer_of, &yes), RECEIVER_NOT_FOUND);
    assert_int_equal(catalog_remove(index->catalog, 5, answer_of, &yes), RECEIVER_OK);
    assert_int_equal(count_uploads(index->catalog), 3);
    catalog_close(index->catalog);
    open_index(index, false);
    assert_int_equal(catalog_load(index->catalog), RECEIVER_OK);
    assert_int_equal(count_uploads(index->catalog), 3);
    assert_false(catalog_has(index->catalog, 3));
    assert_int_equal(add(index->catalog, 60, true), 6); // ids are not reused
}

// A start loads what is pinned though it is older than what fits.
TEST_IN(store, pinned_beyond_memory) {
    struct test_index *index = *state;
    int64_t ids[64], removed = 0;
    enum { ALL = 3000 };
    for (int i = 0; i < ALL; i++) {
        add_unique(index->catalog, i);
    }
    catalog_close(index->catalog);
    open_index(index, false);
    assert_true(catalog_mark(index->catalog, 2, true, NULL) && catalog_mark(index->catalog, 700, true, NULL));
    catalog_limit_memory(index->catalog, 400 << 10);
    assert_int_equal(catalog_load(index->catalog), RECEIVER_OK);
    assert_true(catalog_loaded_from(index->catalog) > 700 && catalog_has(index->catalog, 2) && catalog_has(index->catalog, 700));
    assert_false(catalog_has(index->catalog, 3));
    size_t before = reads;
    assert_int_equal(remove_oldest(index, INT64_MIN, UINT64_MAX, ids, 2), 2);
    removed += 2;
    assert_true(reads >= before + 3); // the memory, for each row: uploads come meanwhile
    for (size_t count; (count = remove_oldest(index, INT64_MIN, UINT64_MAX, ids, 64)) > 0;) {
        for (size_t i = 0; i < count; i++) {
            assert_true(ids[i] != 2 && ids[i] != 700);
        }
        removed += (int64_t)count;
    }
    assert_int_equal(removed + (int64_t)count_uploads(index->catalog), ALL);
    assert_true(catalog_has(index->catalog, 2) && catalog_has(index->catalog, 700) && catalog_has(index->catalog, ALL));
}

// By a clock that was ahead for a while: neither do they stay until then, nor do those behind them.
TEST_IN(store, rows_from_the_future) {
    struct test_index *index = *state;
    int64_t ids[8];
    static const int64_t received[] = {10, 5000, 6000, 20, 30, 7000, 40};
    for (size_t i = 0; i < sizeof received / sizeof *received; i++) {
        add(index->catalog, received[i], true);
    }
    assert_int_equal(remove_oldest(index, 20, UINT64_MAX, ids, 8), 1);
    assert_int_equal(remove_oldest(index, 31, UINT64_MAX, ids, 8), 4); // two of the future, which came before 20
    assert_true(ids[0] == 2 && ids[1] == 3 && ids[2] == 4 && ids[3] == 5);
    assert_int_equal(remove_oldest(index, 40, UINT64_MAX, ids, 8), 0); // 7000 came by 40
    assert_int_equal(remove_oldest(index, 50, UINT64_MAX, ids, 8), 1);
    assert_true(catalog_has(index->catalog, 7));
}

TEST(disk_bytes) {
    const struct catalog_attachment attachments[] = {{.size_bytes = 0}, {.size_bytes = 4096}, {.size_bytes = 4097}};
    assert_int_equal(catalog_disk_bytes(100, NULL, 0), 3 * 4096);
    assert_int_equal(catalog_disk_bytes(100, attachments, 1), 4 * 4096); // an empty file takes an inode
    assert_int_equal(catalog_disk_bytes(5000, attachments, 3), 8 * 4096);
}

TEST_IN(store, remove_by_size) {
    struct test_index *index = *state;
    int64_t ids[2];
    for (int i = 0; i < 6; i++) {
        add(index->catalog, i, true);
    }
    assert_int_equal(remove_oldest(index, INT64_MIN, 600, ids, 2), 0);
    assert_int_equal(remove_oldest(index, INT64_MIN, 599, ids, 2), 1);
    assert_int_equal(remove_oldest(index, INT64_MIN, 100, ids, 2), 2); // up to a maximum per call
    assert_int_equal(ids[1], 3);
    assert_int_equal(remove_oldest(index, INT64_MIN, 1, ids, 2), 2);
    assert_int_equal(remove_oldest(index, INT64_MIN, 1, ids, 2), 0); // the newest stays
    assert_true(catalog_has(index->catalog, 6));
}

TEST_IN(store, remove_by_memory) {
    struct test_index *index = *state;
    enum { UPLOADS = 2000 };
    int64_t ids[UPLOADS];
    for (int i = 0; i < UPLOADS; i++) {
        add_unique(index->catalog, i);
    }
    catalog_limit_memory(index->catalog, 1 << 30);
    assert_int_equal(remove_oldest(index, INT64_MIN, UINT64_MAX, ids, UPLOADS), 0);
    catalog_limit_memory(index->catalog, 300 * 1000);
    size_t removed = 0;
    for (size_t count; (count = remove_oldest(index, INT64_MIN, UINT64_MAX, ids, 64)) > 0;) {
        removed += count;
        assert_int_equal(ids[count - 1], removed);
    }
    assert_in_range(removed, UPLOADS / 10, UPLOADS - UPLOADS / 10);
    for (int i = 0; i < 20; i++) { // there is room for some more
        add_unique(index->catalog, UPLOADS + i);
        assert_int_equal(remove_oldest(index, INT64_MIN, UINT64_MAX, ids, UPLOADS), 0);
    }
    catalog_limit_memory(index->catalog, 1);
    remove_oldest(index, INT64_MIN, UINT64_MAX, ids, UPLOADS);
    assert_true(catalog_has(index->catalog, UPLOADS + 20)); // the newest stays
    assert_int_equal(count_uploads(index->catalog), 1);
}

// Of an index that is larger than the limit, as many of the newest are loaded; the others are removed first.
TEST_IN(store, load_within_memory) {
    enum { UPLOADS = 2000, LIMIT = 300 * 1000 };
    struct test_index *index = *state;
    int64_t ids[UPLOADS];
    char text[200];
    bool newer;
    for (int i = 0; i < UPLOADS; i++) {
        add_unique(index->catalog, i + 1);
    }
    catalog_close(index->catalog);
    assert_int_equal(catalog_open(index->path, false, &newer, &index->catalog, text, sizeof text), RECEIVER_OK);
    catalog_limit_memory(index->catalog, LIMIT);
    assert_int_equal(catalog_load(index->catalog), RECEIVER_OK);
    int64_t first = catalog_loaded_from(index->catalog);
    assert_in_range(first, UPLOADS / 10, UPLOADS - UPLOADS / 10);
    assert_true(catalog_has(index->catalog, first) && !catalog_has(index->catalog, first - 1));
    int64_t removed = 0;
    for (size_t count; (count = remove_oldest(index, INT64_MIN, UINT64_MAX, ids, 64)) > 0; removed += (int64_t)count) {
        assert_int_equal(ids[0], removed + 1);
    }
    assert_int_equal(removed, first - 1);
    assert_int_equal(catalog_loaded_from(index->catalog), 0);
    catalog_limit_memory(index->catalog, 0);
    assert_int_equal(catalog_load(index->catalog), RECEIVER_OK);
    assert_int_equal(catalog_loaded_from(index->catalog), 0);
    assert_int_equal(count_uploads(index->catalog), UPLOADS - removed);
}

TEST_IN(store, measures) {
    struct test_index *index = *state;
    struct measures measures = {{0.5, NAN, 3, 4, 5, 6}};
    add(index->catalog, 1, true);
    add(index->catalog, 2, true);
    assert_int_equal(catalog_unmeasured(index->catalog), 2);
    assert_int_equal(catalog_set_measures(index->catalog, 2, &measures), RECEIVER_OK);
    assert_int_equal(catalog_unmeasured(index->catalog), 1);
    catalog_close(index->catalog);
    open_index(index, false);
    assert_int_equal(catalog_unmeasured(index->catalog), 1);
    struct json json = {0};
    assert_int_equal(catalog_describe(index->catalog, 2, &json), RECEIVER_OK);
    expect_json(&json, "\"measures\":{\"cpu_cores\":0.5,\"alloc_bytes_per_s\":null,\"heap_live_bytes\":3,");
}

static enum receiver_error try_open(struct test_index *index, bool create, bool *newer, char *text) {
    struct catalog *second = NULL;
    enum receiver_error error = catalog_open(index->path, create, newer, &second, text, 200);
    assert_int_equal(error == RECEIVER_OK, !!second);
    catalog_close(second);
    return error;
}

static void run_sql(struct test_index *index, const char *sql) {
    sqlite3 *database;
    assert_int_equal(sqlite3_open(index->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

TEST_IN(store, other_versions) {
    struct test_index *index = *state;
    char text[200] = "";
    bool newer;
    run_sql(index, "PRAGMA user_version=3");
    assert_int_equal(try_open(index, false, &newer, text), RECEIVER_NOT_FOUND);
    run_sql(index, "PRAGMA user_version=5");
    assert_int_equal(try_open(index, false, &newer, text), RECEIVER_BAD_INDEX);
    assert_true(newer);
    assert_non_null(strstr(text, "newer version"));
}

// Overwrites each page of the file in turn: opening or loading reports it, and nothing crashes.
TEST_IN(store, damaged) {
    struct test_index *index = *state;
    char text[200] = "", garbage[4096];
    bool newer;
    for (int i = 0; i < 50; i++) {
        add(index->catalog, i, true);
    }
    catalog_close(index->catalog);
    memset(garbage, 0xA5, sizeof garbage);
    FILE *file = fopen(index->path, "r+");
    fseek(file, 0, SEEK_END);
    long pages = ftell(file) / 4096;
    int refused = 0;
    for (long page = 0; page < pages; page++) {
        char before[4096];
        fseek(file, page * 4096, SEEK_SET);
        assert_int_equal(fread(before, 1, sizeof before, file), sizeof before);
        fseek(file, page * 4096, SEEK_SET);
        fwrite(garbage, 1, sizeof garbage, file);
        fflush(file);
        enum receiver_error error = try_open(index, false, &newer, text);
        assert_true(error == RECEIVER_BAD_INDEX || error == RECEIVER_OK); // a free page holds nothing
        refused += error == RECEIVER_BAD_INDEX;
        fseek(file, page * 4096, SEEK_SET);
        fwrite(before, 1, sizeof before, file);
        fflush(file);
    }
    fclose(file);
    assert_true(refused >= pages - 1);
    open_index(index, false);
    assert_int_equal(count_uploads(index->catalog), 50);
}

// Another program that has the database open, and writes to it for a moment.
struct other {
    sqlite3 *database;
    pthread_t thread;
};

static void *let_go(void *state) {
    struct other *other = state;
    usleep(300 * 1000);
    sqlite3_exec(other->database, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(other->database);
    return NULL;
}

static void hold(struct test_index *index, struct other *other, const char *sql) {
    assert_int_equal(sqlite3_open(index->path, &other->database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other->database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(pthread_create(&other->thread, NULL, let_go, other), 0);
}

TEST_IN(store, locked_for_a_moment) {
    struct test_index *index = *state;
    struct other other;
    hold(index, &other, "BEGIN IMMEDIATE");
    assert_int_equal(add(index->catalog, 1, true), 1);
    pthread_join(other.thread, NULL);
    catalog_close(index->catalog);
    // Even reading is locked out: that is no damage, for which it would be put aside.
    hold(index, &other, "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; UPDATE upload SET family='x'");
    open_index(index, false);
    pthread_join(other.thread, NULL);
    assert_int_equal(count_uploads(index->catalog), 1);
}

TEST_IN(store, missing_index) {
    struct test_index index;
    bool newer;
    char text[200];
    strcpy(index.path, "/tmp/cmemprof-test-XXXXXX");
    close(mkstemp(index.path));
    assert_int_equal(try_open(&index, false, &newer, text), RECEIVER_NOT_FOUND);
    unlink(index.path);
    assert_int_equal(try_open(&index, false, &newer, text), RECEIVER_NOT_FOUND);
    assert_int_equal(access(index.path, F_OK), -1);
}

int main(void) {
    return tests_run();
}
