// catalog_figures_test.c: the catalog knows whose figures are kept, newest first.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../catalog.h"

// A store's own maintenance would keep them; this is a catalog alone.
TEST(known) {
    char directory[FOLDER_BYTES], path[FOLDER_BYTES + 20], text[200];
    struct catalog *catalog;
    bool newer;
    assert_int_equal(folder_make(directory), 0);
    snprintf(path, sizeof path, "%s/index.sqlite", directory);
    assert_int_equal(catalog_open(path, true, &newer, &catalog, text, sizeof text), RECEIVER_OK);
    assert_int_equal(catalog_oldest(catalog), 0);
    assert_int_equal(catalog_unfigured(catalog), 0);
    for (int64_t id = 1; id <= 3000; id++) {
        struct catalog_new upload = {.id = id, .received_ms = id, .event.tags = (char[]){"service:shop"}};
        assert_int_equal(catalog_publish(catalog, &upload), RECEIVER_OK);
    }
    assert_int_equal(catalog_oldest(catalog), 1);
    int64_t ids[] = {3000, 2999, 77, 9999};
    catalog_set_figured(catalog, ids, 4);
    assert_int_equal(catalog_unfigured(catalog), 2998);
    assert_true(catalog_is_figured(catalog, 77) && !catalog_is_figured(catalog, 78) && !catalog_is_figured(catalog, 9999));
    for (int64_t id = 1; id <= 3000; id++) {
        if (id != 5) {
            catalog_set_figured(catalog, &id, 1);
        }
    }
    catalog_settle_figures(catalog);
    assert_int_equal(catalog_unfigured(catalog), 5);
    catalog_forget_figures(catalog);
    assert_int_equal(catalog_unfigured(catalog), 3000);
    catalog_close(catalog);
    assert_int_equal(folder_remove(directory), 0);
}

int main(void) {
    return tests_run();
}
