// catalog_snapshot_test.c: the memory of a catalog is loaded from a file instead of the database; ids are not given twice.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../catalog.h"
#include "../search_snapshot.h"

TEST(instead_of_the_database) {
    static const struct search_stamp stamp = {"this"}, another = {"that"};
    char directory[FOLDER_BYTES], path[FOLDER_BYTES + 20], text[200];
    struct catalog *catalog;
    bool newer;
    FILE *file = tmpfile();
    assert_int_equal(folder_make(directory), 0);
    snprintf(path, sizeof path, "%s/index.sqlite", directory);
    assert_int_equal(catalog_open(path, CATALOG_CREATE, &newer, &catalog, text, sizeof text), RECEIVER_OK);
    assert_int_equal(catalog_begin(catalog), RECEIVER_OK);
    struct catalog_new upload = {.id = catalog_next_id(catalog), .received_ms = 77, .event.tags = (char[]){"service:shop"}};
    assert_int_equal(catalog_insert(catalog, &upload), RECEIVER_OK);
    assert_int_equal(catalog_next_id(catalog), 2); // is not used
    assert_int_equal(catalog_end(catalog, true), RECEIVER_OK);
    assert_int_equal(catalog_publish(catalog, &upload), RECEIVER_OK);
    assert_true(catalog_shut(catalog));
    assert_false(catalog_shut(catalog));
    assert_true(catalog_save_snapshot(catalog, &stamp, file));
    catalog_close(catalog);
    assert_int_equal(catalog_open(path, CATALOG_OPEN_UNCHANGED, &newer, &catalog, text, sizeof text), RECEIVER_OK);
    rewind(file);
    assert_false(catalog_load_snapshot(catalog, &another, file));
    assert_false(catalog_has(catalog, 1));
    rewind(file);
    assert_true(catalog_load_snapshot(catalog, &stamp, file));
    assert_true(catalog_has(catalog, 1));
    assert_true(catalog_newest_ms(catalog) == 77);
    assert_int_equal(catalog_next_id(catalog), 3);
    // What the database does not have is not to be taken for it.
    struct measures measures = {{0}};
    catalog_shut(catalog);
    assert_true(catalog_set_measures(catalog, 1, &measures) != RECEIVER_OK);
    rewind(file);
    (void)catalog_save_snapshot(catalog, &stamp, file);
    catalog_close(catalog);
    fclose(file);
    assert_int_equal(folder_remove(directory), 0);
}

int main(void) {
    return tests_run();
}
