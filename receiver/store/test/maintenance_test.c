// maintenance_test.c: measures are computed after an upload, also of what is no profile, and after a restart.

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"
#include "../../test/test_store.h"

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

int main(void) {
    return tests_run();
}
