// catalog_sizes_test.c: sizes change in memory and in the database; places are by id.

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"
#include "../../test/test_store.h"

#include "../catalog.h"
#include "../search_snapshot.h"

static struct catalog *open_catalog(const char *path) {
    struct catalog *catalog;
    char text[200];
    bool newer;
    assert_int_equal(catalog_open(path, access(path, F_OK) == 0 ? CATALOG_OPEN : CATALOG_CREATE, &newer, &catalog, text, sizeof text),
                     RECEIVER_OK);
    assert_int_equal(catalog_load(catalog), RECEIVER_OK);
    return catalog;
}

static void expect_sizes(struct catalog *catalog) {
    struct catalog_place places[20];
    assert_int_equal(catalog_places(catalog, 0, places, 20), 10);
    for (int i = 0; i < 10; i++) {
        assert_true(places[i].id == 2 * (i + 1) && places[i].received_ms == 1000 + 2 * (i + 1));
        assert_true(places[i].size_bytes == (i == 3 ? 7U : i == 9 ? 1U << 30 : 50000U));
    }
    struct json json = {0};
    json_object_begin(&json);
    catalog_describe_all(catalog, &json);
    json_object_end(&json);
    expect_json(&json, "\"uploads\":10,\"bytes\":1074141831"); // 8 * 50000 + 7 + 2^30
}

TEST_IN(folder, set) {
    char path[FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s/index.sqlite", folder);
    struct catalog *catalog = open_catalog(path);
    assert_int_equal(catalog_begin(catalog), RECEIVER_OK);
    struct catalog_new uploads[10];
    char tags[] = "service:shop";
    for (int i = 0; i < 10; i++) {
        int64_t id = 2 * (i + 1);
        uploads[i] = (struct catalog_new){.id = id, .received_ms = 1000 + id, .size_bytes = 50000, .event.tags = tags};
        assert_int_equal(catalog_insert(catalog, &uploads[i]), RECEIVER_OK);
    }
    assert_int_equal(catalog_end(catalog, true), RECEIVER_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(catalog_publish(catalog, &uploads[i]), RECEIVER_OK);
    }
    struct catalog_place places[] = {{.id = 8, .size_bytes = 7}, {.id = 9, .size_bytes = 5}, {.id = 20, .size_bytes = 1 << 30}};
    assert_int_equal(catalog_set_sizes(catalog, places, 3), RECEIVER_OK); // there is no 9
    expect_sizes(catalog);
    assert_int_equal(catalog_places(catalog, 6, places, 2), 2);
    assert_true(places[0].id == 8 && places[1].id == 10);
    assert_int_equal(catalog_places(catalog, 7, places, 1), 1);
    assert_int_equal(places[0].id, 8);
    assert_int_equal(catalog_places(catalog, 20, places, 2), 0);
    catalog_close(catalog);
    catalog = open_catalog(path);
    expect_sizes(catalog);
    catalog_close(catalog);
}

// A snapshot would keep the old sizes over the next start.
TEST_IN(folder, not_set) {
    char path[FOLDER_BYTES + 20];
    static const struct search_stamp stamp = {"this"};
    snprintf(path, sizeof path, "%s/index.sqlite", folder);
    for (int fails = 0; fails < 2; fails++) {
        FILE *file = tmpfile();
        struct catalog *catalog = open_catalog(path);
        struct catalog_place place = {.id = 1, .size_bytes = 7};
        if (fails) {
            catalog_shut(catalog); // no database
        }
        assert_true((catalog_set_sizes(catalog, &place, 1) == RECEIVER_OK) == !fails);
        catalog_shut(catalog);
        assert_true(catalog_save_snapshot(catalog, &stamp, file) == !fails);
        catalog_close(catalog);
        fclose(file);
    }
}

TEST(packed) {
    assert_true(catalog_packed_bytes(1000) > 1000 && catalog_packed_bytes(1000) < 2 * 4096);
}

int main(void) {
    return tests_run();
}
