// rebuild_test.c: the index from the files: missing, damaged, of an older form; names, tags and refusals survive.
#include "expect_json.h"
#include "place.h"

static void index_path(const struct place *place, char path[128]) {
    snprintf(path, 128, "%s/index.sqlite", place->directory);
}

static void add_with_meta(struct place *place) {
    struct incoming *incoming;
    char text[200];
    int64_t id;
    assert_int_equal(incoming_new(place->store, &incoming), RECEIVER_OK);
    assert_int_equal(incoming_attachment(incoming, "caf\xc3\xa9 <b>.pprof", text, sizeof text), RECEIVER_OK);
    assert_int_equal(incoming_write(incoming, "1234", 4), RECEIVER_OK);
    for (int i = 0; i < 11; i++) {
        char name[20];
        snprintf(name, sizeof name, "n%d.bin", i);
        assert_int_equal(incoming_attachment(incoming, name, text, sizeof text), RECEIVER_OK);
    }
    incoming_refuse(incoming, "x", "why");
    assert_int_equal(keep(incoming, EVENT, "team:a", &id, text), RECEIVER_OK);
    incoming_free(incoming);
}

static struct json describe(struct place *place, int64_t id) {
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(place->store), id, &json), RECEIVER_OK);
    return json;
}

// The description without what only the index knows: the moment of arrival, measures.
static void expect_same(struct place *place, int64_t id, const char *before) {
    struct json after = describe(place, id);
    const char *pieces[] = {"\"tags\":", "\"refused\":", "\"attachments\":", "\"service\":"};
    json_free(&after);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const char *start = strstr(before, pieces[i]), *end = strchr(start, ']');
        char *piece = strndup(start, (size_t)(end - start));
        after = describe(place, id);
        expect_json(&after, piece);
        free(piece);
    }
}

static char *text_of(struct json *json) {
    char *text = strndup(json->bytes, json->size);
    json_free(json);
    return text;
}

static void close_store(struct place *place) {
    store_close(place->store);
    place->store = NULL;
}

static void test_missing(void **state) {
    struct place *place = *state;
    char path[128];
    add_good(place, "one");
    add_with_meta(place);
    struct json first = describe(place, 1), second = describe(place, 2);
    char *before[] = {text_of(&first), text_of(&second)};
    close_store(place);
    index_path(place, path);
    assert_int_equal(unlink(path), 0);
    reopen(place, 0);
    assert_string_equal(store_note(place->store),
                        "there was no index of this version: 2 uploads added to the index from their files, 0 without files dropped");
    for (int i = 0; i < 2; i++) {
        expect_same(place, i + 1, before[i]);
        free(before[i]);
    }
    assert_int_equal(add_good(place, "three"), 3);
}

static void test_damaged(void **state) {
    struct place *place = *state;
    char path[128], garbage[4096];
    add_good(place, "one");
    close_store(place);
    index_path(place, path);
    memset(garbage, 0x5A, sizeof garbage);
    for (long at = 0; at < 3 * 4096; at += 4096) {
        FILE *file = fopen(path, "r+");
        fseek(file, at, SEEK_SET);
        fwrite(garbage, 1, sizeof garbage, file);
        fclose(file);
        reopen(place, 0);
        assert_non_null(strstr(store_note(place->store), "the index was damaged"));
        assert_int_equal(catalog_count(store_catalog(place->store)), 1);
        close_store(place);
    }
}

// Directories that look like uploads: without an event, with one that is none, with strange files. None of them stops the start.
static void test_strange_directories(void **state) {
    struct place *place = *state;
    static const char *const events[] = {"", "[]", "{\"tags_profiler\":\"service:odd\"}", "{\"tags_profiler\":"};
    for (size_t i = 0; i < 4; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/uploads/%zu", place->directory, i + 10);
        assert_int_equal(mkdir(path, 0700), 0);
        static const char *const names[] = {"event.json", "meta.json", "0-", "12345-x", "1-ok", "x-1", "-"};
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            snprintf(path, sizeof path, "%s/uploads/%zu/%s", place->directory, i + 10, names[j]);
            FILE *file = fopen(path, "w");
            fputs(j == 0 ? events[i] : j == 1 ? "{\"names\":[1],\"tags\":{}" : "x", file);
            fclose(file);
        }
        snprintf(path, sizeof path, "%s/uploads/%zu/2-dir", place->directory, i + 10);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/uploads/%zu/3-link", place->directory, i + 10);
        assert_int_equal(symlink("/etc/passwd", path), 0);
    }
    reopen(place, 0);
    assert_int_equal(catalog_count(store_catalog(place->store)), 1);
    struct json json = describe(place, 12);
    expect_json(&json,
                "\"attachments\":[{\"name\":\"\",\"size_bytes\":1,\"pprof\":false},{\"name\":\"ok\",\"size_bytes\":1,\"pprof\":false}]");
    assert_int_equal(add_good(place, "next"), 14);
    close_store(place);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'/uploads/1?", place->directory);
    assert_int_equal(system(command), 0);
}

int main(void) {
#define IT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {IT(test_missing), IT(test_damaged), IT(test_strange_directories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
