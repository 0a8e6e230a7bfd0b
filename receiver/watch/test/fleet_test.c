// fleet_test.c: sums over the processes of a service, with resident memory of the figures; what is old does not count.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../../index/catalog_recent.h"
#include "../../store/marked_uploads.h"
#include "../fleet.h"

static void upload(struct test_store *test, const char *host, int minute, int64_t c, const char *metrics) {
    upload_two(test, host, minute, "delta-heap.pprof", heap_blob(1000, c), "metrics.json",
               (struct blob){(uint8_t *)strdup(metrics), strlen(metrics)});
}

static int64_t now_of(struct catalog *catalog) {
    struct catalog_size size;
    catalog_size(catalog, &size);
    return size.newest_ms;
}

static struct fleet next_of(struct test_store *test, struct fleet *before, int64_t now_ms) {
    struct fleet made;
    assert_int_equal(fleet_make(before, test->store, now_ms, RECENT_MAX_ROWS, &made), RECEIVER_OK);
    fleet_free(before);
    return made;
}

TEST_IN(store, sums) {
    struct test_store *test = *state;
    struct catalog *catalog = store_catalog(test->store);
    struct fleet fleet = {0};
    upload(test, "one", 1, 100, "[[\"memory_rss_bytes\",4096]]");
    upload(test, "two", 1, 200, "[[\"memory_rss_bytes\",8192]]");
    upload(test, "two", 2, 300, "[[\"goroutines\",1]]");
    WAIT_UNTIL(catalog_unmeasured(catalog) == 0 && catalog_unfigured(catalog) == 0);
    fleet = next_of(test, &fleet, now_of(catalog));
    assert_int_equal(fleet.count, 1);
    const struct fleet_service *shop = &fleet.services[0];
    assert_string_equal(shop->name, "shop");
    assert_true(shop->processes == 2 && shop->newest_ms == now_of(catalog));
    assert_true(shop->sums[FLEET_C_LIVE] == 400 && shop->counts[FLEET_C_LIVE] == 2);
    assert_true(shop->sums[FLEET_HEAP_LIVE] == 2000);
    assert_true(shop->sums[FLEET_RESIDENT] == 12288 && shop->counts[FLEET_RESIDENT] == 2);
    upload(test, "one", 3, 150, "[[\"memory_rss_bytes\",10000]]");
    WAIT_UNTIL(catalog_unmeasured(catalog) == 0 && catalog_unfigured(catalog) == 0);
    fleet = next_of(test, &fleet, now_of(catalog));
    assert_true(fleet.services[0].sums[FLEET_C_LIVE] == 450 && fleet.services[0].sums[FLEET_RESIDENT] == 18192);
    char text[200];
    assert_int_equal(store_remove(test->store, 4, text, sizeof text), RECEIVER_OK); // its figures count no more
    fleet = next_of(test, &fleet, now_of(catalog));
    assert_true(fleet.services[0].sums[FLEET_C_LIVE] == 400 && fleet.services[0].sums[FLEET_RESIDENT] == 12288);
    int64_t now_ms = now_of(catalog);
    fleet = next_of(test, &fleet, now_ms + FLEET_RECENT_MS + 1);
    assert_true(fleet.count == 0 && fleet.made_ms == now_ms + FLEET_RECENT_MS + 1);
    fleet_free(&fleet);
}

int main(void) {
    return tests_run();
}
