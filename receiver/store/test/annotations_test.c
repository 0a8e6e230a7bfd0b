// annotations_test.c: annotations by JSON: what is taken and refused, of which selections they are, bounds, restarts and backups.

#include "../../../base/test/test.h"

#include "backup_scene.h"

#include "../../test/expect_json.h"
#include "../annotations.h"
#include "../notebook.h"

#include <sqlite3.h>

static enum receiver_error add_text(struct test_store *test, const char *body, int64_t *id, char text[300]) {
    return annotation_add(test->store, body, strlen(body), id, text, 300);
}

static int64_t annotate(struct test_store *test, const char *body) {
    int64_t id;
    char text[300];
    if (add_text(test, body, &id, text) != RECEIVER_OK) {
        fail_msg("%s: %s", body, text);
    }
    return id;
}

static void expect(struct test_store *test, const char *const selected[][2], const char *piece) {
    struct selection selection;
    struct json json = {0};
    char text[200];
    selection_init(&selection);
    for (size_t i = 0; selected[i][0]; i++) {
        assert_true(selection_add(&selection, selected[i][0], selected[i][1], text, sizeof text));
    }
    assert_int_equal(annotations_write(test->store, &selection, &json), RECEIVER_OK);
    expect_json(&json, piece);
    selection_free(&selection);
}

static const char *const everything[][2] = {{NULL, NULL}};

TEST_IN(store, taken) {
    struct test_store *test = *state;
    expect(test, everything, "{\"annotations\":[],\"left_out\":0}");
    assert_int_equal(annotation_remove(test->store, 1), RECEIVER_NOT_FOUND);
    assert_int_equal(annotate(test, "{\"time\":1000,\"text\":\"deploy 1.4\",\"service\":\"shop\",\"tags\":[\"env:prod\",\"team:a:b\"],"
                                    "\"link\":\"https://ci.example/run/7?x=1#y\"}"),
                     1);
    assert_int_equal(annotate(test, "{\"time\":\"1970-01-01T00:00:02Z\",\"text\":\"caf\xc3\xa9 <b>\",\"tags\":\"a:b,,c:d\",\"other\":[1]}"),
                     2);
    expect(test, everything,
           "{\"annotations\":[{\"id\":2,\"time_ms\":2000,\"text\":\"caf\xc3\xa9 <b>\",\"link\":null,\"tags\":[\"a:b\",\"c:d\"]},"
           "{\"id\":1,\"time_ms\":1000,\"text\":\"deploy 1.4\",\"link\":\"https://ci.example/run/7?x=1#y\","
           "\"tags\":[\"service:shop\",\"env:prod\",\"team:a:b\"]}],\"left_out\":0}");
    // The same again is the same one.
    assert_int_equal(annotate(test, "{\"time\":2000,\"text\":\"caf\xc3\xa9 <b>\",\"tags\":[\"a:b\",\"c:d\"]}"), 2);
    int64_t now = annotate(test, "{\"text\":\"now\"}");
    reopen(test, 0);
    expect(test, (const char *const[][2]){{"from", "3000"}, {NULL, NULL}}, "\"text\":\"now\",\"link\":null,\"tags\":[]}],");
    expect(test, (const char *const[][2]){{"from", "1000"}, {"to", "2000"}, {NULL, NULL}}, "{\"annotations\":[{\"id\":1,");
    assert_int_equal(annotation_remove(test->store, now), RECEIVER_OK);
    assert_int_equal(annotation_remove(test->store, now), RECEIVER_NOT_FOUND);
    assert_true(annotate(test, "{\"text\":\"again\"}") > now); // numbers are not used again
}

TEST_IN(store, of_a_selection) {
    struct test_store *test = *state;
    annotate(test, "{\"time\":1,\"text\":\"one\",\"service\":\"shop\",\"tags\":[\"env:prod\"]}");
    annotate(test, "{\"time\":2,\"text\":\"two\",\"service\":\"cart\"}");
    annotate(test, "{\"time\":3,\"text\":\"three\"}");
    static const struct {
        const char *selected[4][2];
        const char *ids; // the latest first
    } cases[] = {{{{NULL, NULL}}, "3 2 1 "},
                 {{{"service", "shop"}, {NULL, NULL}}, "3 1 "},
                 {{{"service", "shop"}, {"service", "cart"}, {NULL, NULL}}, "3 2 1 "},
                 {{{"service", "shop"}, {"env", "dev"}, {NULL, NULL}}, "3 "},
                 {{{"tag", "env:prod"}, {NULL, NULL}}, "3 2 1 "},
                 {{{"tag", "env:pro"}, {NULL, NULL}}, "3 2 "},
                 {{{"service", "sho"}, {NULL, NULL}}, "3 "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct selection selection;
        struct json json = {0};
        char text[200], ids[40] = "";
        selection_init(&selection);
        for (size_t j = 0; cases[i].selected[j][0]; j++) {
            assert_true(selection_add(&selection, cases[i].selected[j][0], cases[i].selected[j][1], text, sizeof text));
        }
        assert_int_equal(annotations_write(test->store, &selection, &json), RECEIVER_OK);
        char *copy = strndup(json.bytes, json.size);
        for (char *at = copy; (at = strstr(at, "{\"id\":")); at++) {
            snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%c ", at[6]);
        }
        assert_string_equal(ids, cases[i].ids);
        free(copy);
        json_free(&json);
        selection_free(&selection);
    }
}

TEST_IN(store, refused) {
    struct test_store *test = *state;
    static const char *const bad[] = {"",
                                      "x",
                                      "[]",
                                      "\"text\"",
                                      "{",
                                      "{}",
                                      "{\"text\":\"\"}",
                                      "{\"text\":7}",
                                      "{\"text\":null}",
                                      "{\"text\":[\"a\"]}",
                                      "{\"text\":\"a\\u0007b\"}",
                                      "{\"text\":\"a\",\"time\":\"noon\"}",
                                      "{\"text\":\"a\",\"time\":[1]}",
                                      "{\"text\":\"a\",\"time\":1.5}",
                                      "{\"text\":\"a\",\"time\":253402300799999}",
                                      "{\"text\":\"a\",\"link\":\"javascript:alert(1)\"}",
                                      "{\"text\":\"a\",\"link\":\"//x\"}",
                                      "{\"text\":\"a\",\"link\":\"https://x/\\\" onclick=\"}",
                                      "{\"text\":\"a\",\"link\":\"https://x y\"}",
                                      "{\"text\":\"a\",\"link\":{}}",
                                      "{\"text\":\"a\",\"service\":\"a,b\"}",
                                      "{\"text\":\"a\",\"service\":7}",
                                      "{\"text\":\"a\",\"tags\":[\"novalue\"]}",
                                      "{\"text\":\"a\",\"tags\":[\":x\"]}",
                                      "{\"text\":\"a\",\"tags\":[7]}",
                                      "{\"text\":\"a\",\"tags\":{\"a\":\"b:c\"}}",
                                      "{\"text\":\"a\",\"tags\":[\"a:b\\n\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t id;
        char text[300];
        if (add_text(test, bad[i], &id, text) != RECEIVER_BAD_UPLOAD || !*text) {
            fail_msg("%s: %s", bad[i], text);
        }
    }
    struct text large = {0};
    text_add(&large, "{\"text\":\"%0501d\"}", 1);
    int64_t id;
    char text[300];
    assert_int_equal(add_text(test, large.bytes, &id, text), RECEIVER_TOO_LARGE);
    free(large.bytes);
    expect(test, everything, "{\"annotations\":[],");
}

// Beyond the most the earliest goes; with a retention of an age, what is older.
TEST_IN(store, bounds) {
    struct test_store *test = *state;
    int64_t id;
    bool fresh;
    for (int i = 0; i <= NOTEBOOK_ANNOTATIONS_MAX; i++) {
        const struct notebook_annotation annotation = {.time_ms = 1000 + i, .text = "x", .tags = ""};
        assert_int_equal(notebook_annotate(test->store->notebook, &annotation, &id, &fresh), RECEIVER_OK);
    }
    expect(test, (const char *const[][2]){{"to", "1001"}, {NULL, NULL}}, "{\"annotations\":[],");
    char reason[300]; // one that would go at once
    assert_int_equal(add_text(test, "{\"text\":\"y\",\"time\":1000}", &id, reason), RECEIVER_CONFLICT);
    assert_string_equal(reason, "2000 annotations are kept, and all are later");
    assert_int_equal(add_text(test, "{\"text\":\"x\",\"time\":1001}", &id, reason), RECEIVER_OK); // the same once more
    assert_int_equal(id, 2);
    expect(test, (const char *const[][2]){{"to", "1002"}, {NULL, NULL}}, "{\"annotations\":[{\"id\":2,");
    // What is longer ago than an age that is kept would go at once, too.
    test->store->options.retention_ms = 60 * 1000;
    assert_int_equal(add_text(test, "{\"text\":\"y\",\"time\":5000}", &id, reason), RECEIVER_CONFLICT);
    assert_string_equal(reason, "time is longer ago than --retention keeps annotations");
    test->store->options.retention_ms = 0;
    expect(test, everything, "\"left_out\":1500}");
    notebook_forget_annotations(test->store->notebook, 1000 + NOTEBOOK_ANNOTATIONS_MAX);
    expect(test, everything, "{\"annotations\":[{\"id\":2001,\"time_ms\":3000,\"text\":\"x\",\"link\":null,\"tags\":[]}],\"left_out\":0}");
    // A notebook of the first version, which had marks alone.
    store_close(test->store);
    test->store = NULL;
    char command[400];
    snprintf(command, sizeof command, "%s/notebook.sqlite", test->directory);
    sqlite3 *database;
    assert_int_equal(sqlite3_open(command, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "DROP TABLE annotation; DROP TABLE view; INSERT INTO mark VALUES(7, 0, 'kept'); PRAGMA user_version=1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(database);
    struct notebook *notebook;
    char text[300];
    assert_int_equal(notebook_open(test->directory, true, &notebook, text, sizeof text), RECEIVER_OK);
    struct json json = {0};
    assert_int_equal(notebook_write_json(notebook, &json), RECEIVER_OK);
    expect_json(&json, "{\"marks\":[{\"upload\":7,\"pinned\":false,\"note\":\"kept\"}],\"annotations\":[],\"views\":[]}");
    notebook_close(notebook);
}

TEST_IN(store, in_a_backup) {
    struct test_store *test = *state, other = {0};
    struct told told;
    char path[200];
    annotate(test, "{\"time\":1000,\"text\":\"deploy \\\"1.4\\\"\",\"service\":\"shop\",\"link\":\"https://x\"}");
    snprintf(path, sizeof path, "%s/all.tar", test->directory);
    assert_int_equal(export_to(&told, test->directory, path), RECEIVER_OK);
    assert_int_equal(folder_make(other.directory), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(import_from(&told, other.directory, path), RECEIVER_OK);
        assert_string_equal(told.said, "");
    }
    reopen(&other, 0);
    expect(&other, everything,
           "{\"annotations\":[{\"id\":1,\"time_ms\":1000,\"text\":\"deploy "
           "\\\"1.4\\\"\",\"link\":\"https://x\",\"tags\":[\"service:shop\"]}],");
    store_close(other.store);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(folder_remove(other.directory), 0);
}

int main(void) {
    return tests_run();
}
