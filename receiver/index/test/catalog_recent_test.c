// catalog_recent_test.c: the newest measures of each process, and the size of the index.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../catalog_recent.h"

#include <math.h>

static void set_measures(struct catalog *catalog, int64_t id, double c_live, double heap_live) {
    struct measures measures;
    measures_clear(&measures);
    measures.values[MEASURE_C_LIVE_BYTES] = c_live;
    measures.values[MEASURE_HEAP_LIVE_BYTES] = heap_live;
    assert_int_equal(catalog_set_measures(catalog, id, &measures), RECEIVER_OK);
}

TEST_IN(store, newest_of_each) {
    struct test_store *test = *state;
    struct catalog *catalog = store_catalog(test->store);
    struct recent recent;
    struct catalog_size size;
    assert_int_equal(catalog_recent(catalog, 0, RECENT_MAX_ROWS, &recent), RECEIVER_OK);
    assert_int_equal(recent.count, 0);
    recent_free(&recent);
    int64_t one = upload_bytes(test, "one", 1, "a.bin", "x", 1), two = upload_bytes(test, "two", 1, "a.bin", "x", 1);
    int64_t later = upload_bytes(test, "one", 2, "a.bin", "x", 1), last = upload_bytes(test, "one", 3, "a.bin", "x", 1);
    WAIT_UNTIL(catalog_unmeasured(catalog) == 0);
    set_measures(catalog, one, 5, 50);
    set_measures(catalog, two, 7, NAN);
    set_measures(catalog, later, 6, 60);
    set_measures(catalog, last, NAN, 70); // taken out of turn: it says nothing of C
    assert_int_equal(catalog_recent(catalog, 0, RECENT_MAX_ROWS, &recent), RECEIVER_OK);
    assert_int_equal(recent.count, 2);
    assert_int_equal(recent.service_count, 1);
    assert_string_equal(recent.services[0], "shop");
    const struct recent_process *newest = &recent.processes[0], *other = &recent.processes[1];
    assert_true(newest->first_id == one && newest->last_id == last && newest->measures.values[MEASURE_C_LIVE_BYTES] == 6 &&
                newest->measures.values[MEASURE_HEAP_LIVE_BYTES] == 70);
    assert_true(other->first_id == two && other->measures.values[MEASURE_C_LIVE_BYTES] == 7 &&
                isnan(other->measures.values[MEASURE_HEAP_LIVE_BYTES]));
    catalog_size(catalog, &size);
    assert_true(size.uploads == 4 && size.memory_bytes > 0 && size.disk_bytes >= 4 * 4096 && size.oldest_ms > 0 &&
                size.newest_ms >= size.oldest_ms);
    recent_free(&recent);
    assert_int_equal(catalog_recent(catalog, size.newest_ms + 1, RECENT_MAX_ROWS, &recent), RECEIVER_OK);
    assert_int_equal(recent.count, 0);
    recent_free(&recent);
    assert_int_equal(catalog_recent(catalog, 0, 4, &recent), RECEIVER_OK);
    assert_true(recent.count == 2 && !recent.rows_left_out);
    recent_free(&recent);
    assert_int_equal(catalog_recent(catalog, 0, 2, &recent), RECEIVER_OK); // both are of one process
    assert_true(recent.count == 1 && recent.rows_left_out);
    recent_free(&recent);
}

int main(void) {
    return tests_run();
}
