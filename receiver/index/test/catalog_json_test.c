// catalog_json_test.c: an upload as JSON, whatever its event holds; parsed back by SQLite.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include <sqlite3.h>

// The value that SQLite's JSON functions find at path in the upload's description.
static void expect_field(struct test_store *test, int64_t id, const char *path, const char *value) {
    struct json json = {0};
    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_int_equal(catalog_describe(store_catalog(test->store), id, &json), RECEIVER_OK);
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT json_extract(?, ?)", -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, json.bytes, (int)json.size, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *found = (const char *)sqlite3_column_text(statement, 0);
    if (!value) {
        assert_null(found);
    } else {
        assert_string_equal(found ? found : "(none)", value);
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    json_free(&json);
}

TEST_IN(store, fields) {
    struct test_store *test = *state;
    add_good(test, "x");
    expect_field(test, 1, "$.id", "1");
    expect_field(test, 1, "$.service", "shop");
    expect_field(test, 1, "$.start", "2026-01-02T03:04:05Z");
    expect_field(test, 1, "$.end", "2026-01-02T03:05:05Z");
    expect_field(test, 1, "$.family", "go");
    expect_field(test, 1, "$.tags[7]", "x:a:b");
    expect_field(test, 1, "$.attachments[0].name", "a.pprof");
    expect_field(test, 1, "$.attachments[0].size_bytes", "1");
    expect_field(test, 1, "$.attachments[0].pprof", "1");
}

TEST_IN(store, strange_events) {
    struct test_store *test = *state;
    static const char *const events[][3] = {
        {"{}", "$.service", NULL},
        {"{\"tags_profiler\":5}", "$.tags", "[]"},
        {"{\"tags_profiler\":{\"a\":\"service:x\"}}", "$.service", "x"},
        {"{\"tags_profiler\":\"service:\"}", "$.service", NULL},
        {"{\"tags_profiler\":\"xservice:no,service:\\u0000yes\"}", "$.service", NULL},
        {"{\"tags_profiler\":\"service:<b>\\\"\\n\"}", "$.service", "<b>\"\n"},
        {"{\"start\":{\"x\":[1]}}", "$.start", "{\"x\":[1]}"},
        {"{\"tags_profiler\":\"service:\xff\xc3\"}", "$.service", "\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        int64_t id = 0;
        char text[200] = "";
        assert_int_equal(add(test, events[i][0], "x", &id, text), RECEIVER_OK);
        if (events[i][2]) {
            expect_field(test, id, events[i][1], events[i][2]);
        }
        expect_field(test, id, "$.attachments[0].name", "a.pprof");
    }
}

TEST_IN(store, no_such_upload) {
    struct test_store *test = *state;
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(test->store), 1, &json), RECEIVER_NOT_FOUND);
    json_free(&json);
}

int main(void) {
    return tests_run();
}
