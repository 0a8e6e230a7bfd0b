// maintenance_test.c: measures are computed after an upload, also of what is no profile, and after a restart; a
// damaged notebook holds back the removal by age.

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"
#include "../../test/test_store.h"

#include "../storage.h"

static void expect_measured(struct test_store *test) {
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0);
    assert_int_equal(catalog_unmeasured(store_catalog(test->store)), 0);
}

TEST_IN(store, measures) {
    struct test_store *test = *state;
    for (int i = 0; i < 5; i++) {
        add_good(test, "no profile");
    }
    expect_measured(test);
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(test->store), 5, &json), RECEIVER_OK);
    expect_json(&json, "\"measures\":{\"cpu_cores\":null,");
    reopen(test, 0);
    assert_int_equal(catalog_unmeasured(store_catalog(test->store)), 0); // stored in the index
    char path[128];
    store_close(test->store);
    test->store = NULL;
    snprintf(path, sizeof path, "%s/index.sqlite", test->directory);
    assert_int_equal(unlink(path), 0);
    reopen(test, 0);
    expect_measured(test);
}

static void reopen_aged(struct test_store *test) { // all but the newest are too old
    struct store_options options = {.directory = test->directory, .retention_ms = 1};
    char text[400] = "";
    store_close(test->store);
    test->store = NULL;
    if (store_open(&options, &test->store, text, sizeof text) != RECEIVER_OK) {
        fail_msg("store_open: %s", text);
    }
}

// Uploads whose pins were lost are there until somebody has read that, and started it again.
TEST_IN(store, damaged_notebook) {
    struct test_store *test = *state;
    char command[300];
    for (int i = 0; i < 3; i++) {
        add_good(test, "no profile");
    }
    expect_measured(test);
    store_close(test->store);
    test->store = NULL;
    snprintf(command, sizeof command, "printf '%%0200d' 1 > %s/notebook.sqlite", test->directory);
    assert_int_equal(system(command), 0);
    reopen_aged(test);
    assert_non_null(strstr(store_note(test->store), "until the next start no upload is removed for its age"));
    assert_int_equal(add_good(test, "no profile"), 4);
    expect_measured(test); // behind a pass of retention
    for (int64_t id = 1; id <= 4; id++) {
        assert_true(catalog_has(store_catalog(test->store), id));
    }
    struct json json = {0};
    storage_describe(test->store, 0, &json);
    expect_json(&json, "\"notebook_was_damaged\":true");
    reopen_aged(test);
    assert_null(strstr(store_note(test->store), "damaged"));
    WAIT_UNTIL(!catalog_has(store_catalog(test->store), 3));
}

int main(void) {
    return tests_run();
}
