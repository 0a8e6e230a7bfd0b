// storage_test.c: how many uploads come, how many could, and which limit is near.

#include "../../../base/test/test.h"

#include "../../test/expect_json.h"
#include "../../test/test_store.h"

#include "../storage.h"

#include <math.h>

enum { SECOND = 1000 };
#define SECOND_NS UINT64_C(1000000000)

TEST(rate_of_the_last_minute) {
    struct storage_load load;
    storage_load_init(&load);
    struct storage_rate rate = storage_load_rate(&load, (struct storage_note){0});
    assert_true(isnan(rate.per_second) && isnan(rate.busy) && isnan(rate.possible));
    // Two uploads a second, each 100 ms of work; looked at four times a second, as the receiver does.
    for (int64_t now = 0; now <= 300 * SECOND; now += 250) {
        uint64_t stored = (uint64_t)now * 2 / SECOND;
        const struct storage_note note = {now, stored, stored * (SECOND_NS / 10)};
        storage_load_note(&load, note);
        rate = storage_load_rate(&load, note);
        assert_int_equal(isnan(rate.per_second), now < 10 * SECOND);
        assert_int_equal(isnan(rate.possible), stored < 20);
    }
    assert_true(fabs(rate.per_second - 2) < 0.1 && fabs(rate.busy - 0.2) < 0.01 && fabs(rate.possible - 10) < 0.01);
    // Then none: a minute later nothing is left of them, and what is possible stays.
    for (int64_t now = 300 * SECOND; now <= 370 * SECOND; now += 250) {
        const struct storage_note note = {now, 600, 60 * SECOND_NS};
        storage_load_note(&load, note);
        rate = storage_load_rate(&load, note);
    }
    assert_true(rate.per_second == 0 && rate.busy == 0 && fabs(rate.possible - 10) < 0.01);
    storage_load_destroy(&load);
}

TEST(limits_that_are_near) {
    enum { HOUR = 3600 * SECOND, NOW = 100 * HOUR };
    static const struct {
        struct storage_state state;
        unsigned near;
    } cases[] = {
        {{.bytes = 79, .limit_bytes = 100, .free_bytes = 1000, .retention_ms = HOUR}, 0},
        {{.bytes = 80, .limit_bytes = 100, .free_bytes = 1000, .retention_ms = HOUR}, STORAGE_NEAR_RETENTION},
        // With a size alone it is always full, as it was meant.
        {{.bytes = 99, .limit_bytes = 100, .free_bytes = 1000, .oldest_ms = NOW - HOUR}, 0},
        {{.bytes = 99, .limit_bytes = 0, .free_bytes = 1000}, 0},
        {{.bytes = 0, .limit_bytes = 0, .free_bytes = 0}, 0},
        // It is full because uploads get as old as they may.
        {{.bytes = 90, .limit_bytes = 100, .free_bytes = 1000, .oldest_ms = NOW - 10 * HOUR, .retention_ms = 10 * HOUR}, 0},
        {{.bytes = 90, .limit_bytes = 100, .free_bytes = 1000, .oldest_ms = NOW - 5 * HOUR, .retention_ms = 10 * HOUR},
         STORAGE_NEAR_RETENTION},
        // The disk ends before the limit, or there is none.
        {{.bytes = 80, .limit_bytes = 1000, .free_bytes = 20}, STORAGE_NEAR_DISK},
        {{.bytes = 80, .limit_bytes = 1000, .free_bytes = 21}, 0},
        {{.bytes = 80, .limit_bytes = 0, .free_bytes = 20}, STORAGE_NEAR_DISK},
        {{.free_bytes = 1, .index_bytes = 80, .index_limit_bytes = 100}, STORAGE_NEAR_INDEX},
        {{.free_bytes = 1, .index_bytes = 79, .index_limit_bytes = 100}, 0},
        {{.free_bytes = 1, .index_bytes = 79, .index_limit_bytes = 0}, 0},
        {{.free_bytes = 1, .rate = {.busy = 0.8}}, STORAGE_NEAR_UPLOADS},
        // Pins may take half.
        {{.bytes = 40, .limit_bytes = 100, .pinned_bytes = 40, .free_bytes = 1000}, STORAGE_NEAR_PINS},
        {{.bytes = 40, .limit_bytes = 100, .pinned_bytes = 39, .free_bytes = 1000}, 0},
        {{.bytes = 400, .limit_bytes = 0, .pinned_bytes = 400, .free_bytes = 1000}, 0},
        {{.free_bytes = 1, .rate = {.busy = 0.79}}, 0},
        {{.free_bytes = 1, .rate = {.busy = NAN}}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct storage_state now = cases[i].state;
        now.now_ms = NOW;
        if (storage_near(&now) != cases[i].near) {
            fail_msg("case %zu: %u", i, storage_near(&now));
        }
    }
}

TEST_IN(store, description) {
    struct test_store *test = *state;
    struct json json = {0};
    storage_describe(test->store, 0, &json);
    expect_json(&json, "{\"uploads\":0,\"bytes\":0,\"limit_bytes\":null,\"retention_ms\":null,\"oldest_ms\":null,\"newest_ms\":null,");
    storage_tick(test->store, 1000);
    for (int i = 0; i < 20; i++) {
        add_good(test, "x");
    }
    storage_describe(test->store, 11000, &json);
    expect_json(&json, "\"uploads_per_second\":2,\"uploads_per_second_possible\":");
    storage_describe(test->store, 11000, &json);
    char *text = strndup(json.bytes, json.size);
    assert_null(strstr(text, "\"uploads_per_second_possible\":null")); // it was measured
    assert_null(strstr(text, "\"oldest_ms\":null"));
    assert_non_null(strstr(text, "\"near\":[],\"notebook_was_damaged\":false,\"packs\":0"));
    json_free(&json);
    free(text);
}

int main(void) {
    return tests_run();
}
