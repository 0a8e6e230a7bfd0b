// analysis_test.c: from stored uploads of several processes to findings.
#include "uploads.h"

#include "../analysis.h"

static struct json analyse(struct place *place) {
    struct json json = {0};
    struct merged_list list = list_of(place, NULL);
    assert_int_equal(analysis_write(place->store, &list, false, &json), RECEIVER_OK);
    merged_list_free(&list);
    return json;
}

// Two hosts leak, a third is steady, and a fourth has just started: what all together use would grow by that alone.
static void test_processes(void **state) {
    struct place *place = *state;
    for (int i = 0; i < 12; i++) {
        upload_blob(place, "leaky-1", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 4000000 * i));
        upload_blob(place, "leaky-2", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 3000000 * i));
        upload_blob(place, "steady", i, "delta-heap.pprof", heap_blob(50000000, 90000000));
        if (i > 9) {
            upload_blob(place, "new", i, "delta-heap.pprof", heap_blob(900000000, 900000000));
        }
    }
    upload_bytes(place, "steady", 30, "delta-heap.pprof", "broken", 6);
    struct json json = analyse(place);
    expect_at(&json, "$.uploads", "39");
    expect_at(&json, "$.processes", "4");
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.findings[0].kind", "c_leak");
    expect_at(&json, "$.findings[0].processes", "2");
    expect_at(&json, "$.findings[0].title", "C memory allocated in f for main.a grows by 4 MB a minute and is not freed");
    json_free(&json);
}

static void test_metrics_and_none(void **state) {
    struct place *place = *state;
    struct json json = analyse(place);
    expect_at(&json, "$.findings", "[]");
    expect_at(&json, "$.processes", "0");
    json_free(&json);
    const char text[] = "[[\"c_allocator_fragmentation_bytes\",900000000],[\"c_allocator_resident_bytes\",1000000000]]";
    upload_bytes(place, "one", 1, "metrics.json", text, sizeof text - 1);
    json = analyse(place);
    expect_at(&json, "$.findings[0].kind", "fragmentation");
    expect_at(&json, "$.findings[1]", "(none)");
    json_free(&json);
}

// More profiles than are looked at: those in between are left out, the ends are there.
static void test_many_profiles(void **state) {
    struct place *place = *state;
    for (int i = 0; i < 150; i++) {
        upload_blob(place, "leaky", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 1000000 * i));
    }
    struct json json = analyse(place);
    expect_at(&json, "$.profiles", "60");
    expect_at(&json, "$.findings[0].kind", "c_leak");
    expect_at(&json, "$.findings[0].uploads", "[1,150]");
    json_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_processes, setup, teardown),
                                       cmocka_unit_test_setup_teardown(test_metrics_and_none, setup, teardown),
                                       cmocka_unit_test_setup_teardown(test_many_profiles, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
