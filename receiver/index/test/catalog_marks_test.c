// catalog_marks_test.c: marks in the catalog: of uploads that are there and of others.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../catalog.h"

struct index {
    char directory[FOLDER_BYTES];
    struct catalog *catalog;
};

static int index_setup(void **state) {
    struct index *index = calloc(1, sizeof *index);
    char path[FOLDER_BYTES + 20], text[200] = "";
    bool newer;
    assert_int_equal(folder_make(index->directory), 0);
    snprintf(path, sizeof path, "%s/index.sqlite", index->directory);
    assert_int_equal(catalog_open(path, CATALOG_CREATE, &newer, &index->catalog, text, sizeof text), RECEIVER_OK);
    *state = index;
    return 0;
}

static int index_teardown(void **state) {
    struct index *index = *state;
    catalog_close(index->catalog);
    int status = folder_remove(index->directory);
    free(index);
    return status;
}

TEST_IN(index, marks) {
    struct index *index = *state;
    struct catalog_pins pins;
    bool is_there, pinned;
    char *note;
    assert_true(catalog_mark(index->catalog, 7, true, "why") && catalog_mark(index->catalog, 9, false, "only this"));
    assert_true(catalog_is_pinned(index->catalog, 7) && !catalog_is_pinned(index->catalog, 9) && !catalog_is_pinned(index->catalog, 1));
    assert_true(catalog_has_mark(index->catalog, 9) && !catalog_has_mark(index->catalog, 1));
    assert_int_equal(catalog_mark_count(index->catalog), 2);
    assert_int_equal(catalog_read_mark(index->catalog, 7, &is_there, &pinned, &note), RECEIVER_OK);
    assert_true(is_there && pinned);
    assert_string_equal(note, "why");
    free(note);
    assert_int_equal(catalog_read_mark(index->catalog, 1, &is_there, &pinned, &note), RECEIVER_OK);
    assert_true(!is_there && !pinned && !note);
    assert_int_equal(catalog_pinned(index->catalog, &pins), RECEIVER_OK);
    assert_int_equal(pins.count, 0); // no upload is stored
    free(pins.ids);
    assert_true(catalog_mark(index->catalog, 7, false, NULL) && catalog_mark(index->catalog, 9, false, ""));
    assert_int_equal(catalog_mark_count(index->catalog), 0);
}

int main(void) {
    return tests_run();
}
