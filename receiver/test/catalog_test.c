// catalog_test.c: the index: adding, undoing, ids, removing, and files that are no index.
#include "http.h"

#include "../catalog.h"

#include <sqlite3.h>

struct index_place {
    char path[64];
    struct catalog *catalog;
};

static int setup(void **state) {
    struct index_place *place = calloc(1, sizeof *place);
    char text[200] = "";
    strcpy(place->path, "/tmp/cmemprof-test-XXXXXX");
    close(mkstemp(place->path));
    assert_int_equal(catalog_open(place->path, true, &place->catalog, text, sizeof text), RECEIVER_OK);
    *state = place;
    return 0;
}

static int teardown(void **state) {
    struct index_place *place = *state;
    catalog_close(place->catalog);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", place->path, endings[i]);
        unlink(path);
    }
    free(place);
    return 0;
}

static int64_t add(struct catalog *catalog, bool keep) {
    struct catalog_attachment attachments[] = {{"a", "0-a", 5, false}, {"b.pprof", "1-b", 6, true}};
    int64_t id = 0;
    char text[200];
    assert_int_equal(catalog_add_begin(catalog, "{}", 2, NULL, attachments, 2, &id, text, sizeof text), RECEIVER_OK);
    assert_int_equal(catalog_add_end(catalog, keep), RECEIVER_OK);
    return id;
}

static void test_add_and_remove(void **state) {
    struct index_place *place = *state;
    struct catalog_attachment attachment;
    assert_int_equal(add(place->catalog, true), 1);
    assert_int_equal(add(place->catalog, false), 2);
    assert_false(catalog_has(place->catalog, 2));
    assert_int_equal(catalog_find(place->catalog, 2, "a", &attachment), RECEIVER_NOT_FOUND);
    assert_int_equal(add(place->catalog, true), 2); // what was never seen may be given again
    assert_int_equal(catalog_find(place->catalog, 1, "b.pprof", &attachment), RECEIVER_OK);
    assert_string_equal(attachment.file, "1-b");
    assert_int_equal(attachment.size_bytes, 6);
    assert_true(attachment.pprof);
    assert_int_equal(catalog_find(place->catalog, 1, "B.pprof", &attachment), RECEIVER_NOT_FOUND);
    assert_int_equal(catalog_remove_oldest(place->catalog, 2), 0);
    assert_int_equal(catalog_remove_oldest(place->catalog, 1), 1);
    assert_int_equal(catalog_find(place->catalog, 1, "a", &attachment), RECEIVER_NOT_FOUND);
    assert_int_equal(catalog_remove_oldest(place->catalog, 0), 2);
    assert_int_equal(catalog_remove_oldest(place->catalog, 0), 0);
    assert_int_equal(add(place->catalog, true), 3); // what was seen is not
}

static void test_bad_events(void **state) {
    struct index_place *place = *state;
    static const char *const events[] = {"", "[]", "{", "x", "{\"a\":1}}", "{\"a\":}", "\xff"};
    int64_t id;
    char text[200];
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        assert_int_equal(catalog_add_begin(place->catalog, events[i], strlen(events[i]), NULL, NULL, 0, &id, text, sizeof text),
                         RECEIVER_BAD_UPLOAD);
    }
    char *deep = malloc(100000);
    memset(deep, '[', 100000);
    memcpy(deep, "{\"a\":", 5);
    assert_int_equal(catalog_add_begin(place->catalog, deep, 100000, NULL, NULL, 0, &id, text, sizeof text), RECEIVER_BAD_UPLOAD);
    free(deep);
    assert_int_equal(add(place->catalog, true), 1);
}

// What each list of uploads would have to write again and again is bounded: tags from both sides together, and the fields.
static void test_long_tags_and_fields(void **state) {
    struct index_place *place = *state;
    static const char *const fields[] = {"start", "end", "family", "tags_profiler"};
    char *event = malloc(40000), *tags = malloc(CATALOG_TAGS_MAX_BYTES + 1), text[200];
    int64_t id;
    for (size_t i = 0; i < 4; i++) {
        for (int over = 0; over <= 1; over++) {
            int length = (i == 3 ? CATALOG_TAGS_MAX_BYTES : CATALOG_FIELD_MAX_BYTES) + over;
            int size = snprintf(event, 40000, "{\"%s\":\"%0*d\"}", fields[i], length, 0);
            enum receiver_error error = catalog_add_begin(place->catalog, event, (size_t)size, NULL, NULL, 0, &id, text, sizeof text);
            assert_int_equal(error, over ? RECEIVER_TOO_LARGE : RECEIVER_OK);
            if (over) {
                assert_non_null(strstr(text, i == 3 ? "tags: more than 16384 bytes" : fields[i]));
            } else {
                assert_int_equal(catalog_add_end(place->catalog, true), RECEIVER_OK);
            }
        }
    }
    snprintf(tags, CATALOG_TAGS_MAX_BYTES + 1, "%0*d", CATALOG_TAGS_MAX_BYTES, 0);
    assert_int_equal(catalog_add_begin(place->catalog, "{\"tags[]\":[\"a\"]}", 16, tags, NULL, 0, &id, text, sizeof text),
                     RECEIVER_TOO_LARGE);
    free(event);
    free(tags);
}

static void test_newer_index(void **state) {
    struct index_place *place = *state;
    sqlite3 *database;
    struct catalog *second = NULL;
    char text[200] = "";
    assert_int_equal(sqlite3_open(place->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "PRAGMA user_version=2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    assert_int_equal(catalog_open(place->path, true, &second, text, sizeof text), RECEIVER_BAD_INDEX);
    assert_non_null(strstr(text, "newer version"));
}

static void test_missing_index(void **state) {
    (void)state;
    struct catalog *catalog = NULL;
    char path[] = "/tmp/cmemprof-test-XXXXXX", text[200];
    close(mkstemp(path));
    assert_int_equal(catalog_open(path, false, &catalog, text, sizeof text), RECEIVER_NOT_FOUND);
    unlink(path);
    assert_int_equal(catalog_open(path, false, &catalog, text, sizeof text), RECEIVER_NOT_FOUND);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void) {
#define IT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {IT(test_add_and_remove), IT(test_bad_events), IT(test_long_tags_and_fields), IT(test_newer_index),
                                       IT(test_missing_index)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
