// version_changes_test.c: deploys, rollouts, rollbacks, versions side by side, environments, and what is compared then.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../version_changes.h"

enum { MAX = 4000, MINUTE = 60000 };
enum { SHOP = 1, CART, V1, V2, V3, PROD, STAGING }; // texts

struct given {
    struct overview overview;
    struct overview_upload uploads[MAX];
};

static void setup_texts(struct given *given) {
    static char *texts[] = {"shop", "cart", "1.0", "1.1", "1.2", "prod", "staging"};
    given->overview = (struct overview){.uploads = given->uploads, .texts = texts, .text_count = sizeof texts / sizeof *texts};
}

// A process sends an upload each minute in [from, to).
static void give_in(struct given *given, uint32_t service, uint32_t env, uint32_t version, uint64_t process, int from, int to) {
    for (int minute = from; minute < to; minute++) {
        size_t at = given->overview.count++;
        assert_true(at < MAX);
        given->uploads[at] = (struct overview_upload){.id = (int64_t)at + 1,
                                                      .start_ms = (int64_t)minute * MINUTE,
                                                      .end_ms = (int64_t)(minute + 1) * MINUTE,
                                                      .process = process,
                                                      .service = service,
                                                      .env = env,
                                                      .version = version};
    }
}

static void give(struct given *given, uint32_t service, uint32_t version, uint64_t process, int from, int to) {
    give_in(given, service, PROD, version, process, from, to);
}

static void expect(struct given *given, const char *changes) {
    struct json json = {0};
    assert_int_equal(version_changes_write(&given->overview, &json), RECEIVER_OK);
    expect_at(&json, "$.changes", changes);
    json_free(&json);
}

#define CHANGE_IN(service, env, before, version, from, at, to)                                                                             \
    "{\"service\":\"" service "\",\"env\":\"" env "\",\"version\":\"" version "\",\"before\":\"" before "\",\"from_ms\":" #from            \
    ",\"at_ms\":" #at ",\"to_ms\":" #to "}"
#define CHANGE(service, before, version, from, at, to) CHANGE_IN(service, "prod", before, version, from, at, to)

// Of equal length: as long as the shorter of both was there. Services are told apart.
TEST(deploy) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 0, 60);
    give(&given, SHOP, V2, 2, 60, 80);
    give(&given, CART, V2, 3, 0, 30);
    give(&given, CART, V3, 4, 30, 80);
    expect(&given, "[" CHANGE("cart", "1.1", "1.2", 0, 1800000, 3600000) "," CHANGE("shop", "1.0", "1.1", 2400000, 3600000, 4800000) "]");
}

// Two versions for a quarter of an hour, and then for good on two hosts: one change. Both are there to compare beyond the overlap.
TEST(rollout) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 0, 40);
    give(&given, SHOP, V1, 2, 0, 100);
    give(&given, SHOP, V2, 3, 40, 100);
    give(&given, SHOP, V2, 4, 70, 100); // another process of a version that is there
    expect(&given, "[" CHANGE("shop", "1.0", "1.1", 0, 2400000, 4800000) "]");
}

// Two versions begin at once.
TEST(both_at_once) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 0, 60);
    give(&given, SHOP, V1, 5, 0, 60);
    give(&given, SHOP, V2, 2, 30, 60);
    give(&given, SHOP, V3, 3, 30, 60);
    expect(&given, "[" CHANGE("shop", "1.0", "1.1", 0, 1800000, 3600000) "," CHANGE("shop", "1.0", "1.2", 0, 1800000, 3600000) "]");
}

// The version before is back, by new processes, after it was gone: that is a change as well.
TEST(rollback) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 0, 30);
    give(&given, SHOP, V2, 2, 30, 60);
    give(&given, SHOP, V1, 3, 60, 90);
    expect(&given, "[" CHANGE("shop", "1.0", "1.1", 0, 1800000, 3600000) "," CHANGE("shop", "1.1", "1.0", 1800000, 3600000, 5400000) "]");
}

// It is back host by host, and has most uploads after half an hour: since its first one.
TEST(slow_rollback) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 0, 30);
    for (int host = 0; host < 3; host++) {
        give(&given, SHOP, V2, 10 + (uint64_t)host, 30, 60 + 15 * host);
        give(&given, SHOP, V1, 20 + (uint64_t)host, 60 + 15 * host, 120);
    }
    expect(&given, "[" CHANGE("shop", "1.0", "1.1", 0, 1800000, 3600000) "," CHANGE("shop", "1.1", "1.0", 1800000, 3600000, 5400000) "]");
}

// A minute after a rollback it is known; of one upload it is not.
TEST(rollback_just_now) {
    for (int minutes = 1; minutes < 3; minutes++) {
        static struct given given;
        setup_texts(&given);
        give(&given, SHOP, V1, 1, 0, 30);
        give(&given, SHOP, V2, 2, 30, 60);
        give(&given, SHOP, V1, 3, 60, 60 + minutes);
        expect(&given, minutes == 1 ? "[" CHANGE("shop", "1.0", "1.1", 0, 1800000, 3600000) "]"
                                    : "[" CHANGE("shop", "1.0", "1.1", 0, 1800000, 3600000) "," CHANGE("shop", "1.1", "1.0", 3480000,
                                                                                                       3600000, 3720000) "]");
    }
}

// A job that still has the old version, a new process each time, is no rollback.
TEST(lone_old_uploads) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 0, 30);
    give(&given, SHOP, V2, 2, 30, 180);
    for (int i = 0; i < 8; i++) {
        give(&given, SHOP, V1, 10 + (uint64_t)i, 45 + 15 * i, 46 + 15 * i);
    }
    expect(&given, "[" CHANGE("shop", "1.0", "1.1", 0, 1800000, 3600000) "]");
}

// Processes that send seldom, of two versions by turns, are no changes.
TEST(seldom) {
    static struct given given;
    setup_texts(&given);
    for (int i = 0; i < 6; i++) {
        give(&given, SHOP, V1, 1, 30 * i, 30 * i + 1);
        give(&given, SHOP, V2, 2, 30 * i + 15, 30 * i + 16);
    }
    expect(&given, "[" CHANGE("shop", "1.0", "1.1", 0, 900000, 1800000) "]");
}

// Staging has a version before production has it, and for longer; one without an environment has versions of its own.
TEST(environments) {
    static struct given given;
    setup_texts(&given);
    give_in(&given, SHOP, PROD, V1, 1, 0, 90);
    give_in(&given, SHOP, STAGING, V1, 2, 0, 40);
    give_in(&given, SHOP, STAGING, V2, 3, 40, 120);
    give_in(&given, SHOP, PROD, V2, 4, 90, 120);
    give_in(&given, SHOP, 0, V3, 5, 0, 120);
    expect(&given, "[" CHANGE_IN("shop", "staging", "1.0", "1.1", 0, 2400000, 4800000) "," CHANGE_IN("shop", "prod", "1.0", "1.1", 3600000,
                                                                                                     5400000, 7200000) "]");
}

// Both were there before the selection, whichever has its first upload; a deploy within it is one all the same, also at its first moment.
TEST(side_by_side_at_the_edge) {
    for (int first = 0; first < 2; first++) {
        static struct given given;
        setup_texts(&given);
        give(&given, SHOP, V1, 1, 5, 40);
        give(&given, SHOP, V2, 2, 6, 40);
        give(&given, CART, V1, 3, 5, 15 + first);
        give(&given, CART, V2, 4, 15 + first, 40);
        given.overview.from_ms = (15 + first) * MINUTE;
        expect(&given, first ? "[" CHANGE("cart", "1.0", "1.1", 300000, 960000, 1620000) "]"
                             : "[" CHANGE("cart", "1.0", "1.1", 300000, 900000, 1500000) "]");
    }
}

// Two that begin together: nothing was before.
TEST(nothing_before) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 0, 20);
    give(&given, SHOP, V2, 2, 0, 20);
    expect(&given, "[]");
}

// One upload each: both sides have it.
TEST(single_uploads) {
    static struct given given;
    setup_texts(&given);
    give(&given, SHOP, V1, 1, 10, 11);
    give(&given, SHOP, V2, 2, 30, 31);
    expect(&given, "[" CHANGE("shop", "1.0", "1.1", 600000, 1800000, 3000000) "]");
}

// Uploads without a version or a service; none.
TEST(none) {
    static struct given given;
    setup_texts(&given);
    expect(&given, "[]");
    give(&given, SHOP, 0, 1, 0, 30);
    give(&given, SHOP, V2, 2, 30, 60);
    give(&given, 0, V1, 3, 0, 30);
    expect(&given, "[]");
}

// Of too many the newest are there, and the others are counted.
TEST(too_many) {
    static struct given given;
    enum { VERSIONS = VERSION_CHANGES_MAX + 11 };
    static char names[VERSIONS][8], *texts[VERSIONS + 1] = {"shop"};
    for (int i = 0; i < VERSIONS; i++) {
        snprintf(names[i], sizeof names[i], "v%d", i);
        texts[i + 1] = names[i];
    }
    given.overview = (struct overview){.uploads = given.uploads, .texts = texts, .text_count = VERSIONS + 1, .left_out = 3};
    for (int i = 0; i < VERSIONS; i++) {
        give(&given, SHOP, (uint32_t)i + 2, (uint64_t)i, i, i + 1);
    }
    struct json json = {0};
    assert_int_equal(version_changes_write(&given.overview, &json), RECEIVER_OK);
    expect_at(&json, "$.changes_left_out", "10");
    expect_at(&json, "$.uploads_left_out", "3");
    expect_at(&json, "$.changes[0].version", "v11");
    expect_at(&json, "$.changes[199].version", "v210");
    json_free(&json);
}

// A selection that begins in a rollout of two hosts: its first upload is of one or of the other.
TEST_IN(store, from_within) {
    struct test_store *test = *state;
    for (int minute = 0; minute < 30; minute++) {
        upload_span(test, "one,version:1.0", 60 * minute, 60, "a.pprof", "x", 1);
        upload_span(test, "two,version:1.1", 60 * minute + 30, 60, "a.pprof", "x", 1);
    }
    for (int later = 0; later < 2; later++) {
        struct selection selection;
        struct overview overview;
        struct json json = {0};
        selection_init(&selection);
        selection.from_ms = 1767322800000 + 15 * MINUTE + later;
        assert_int_equal(version_changes_read(store_catalog(test->store), &selection, &overview), RECEIVER_OK);
        assert_int_equal(version_changes_write(&overview, &json), RECEIVER_OK);
        expect_at(&json, "$.changes", "[]");
        expect_at(&json, "$.services", "1");
        expect_at(&json, "$.uploads", later ? "29" : "30"); // of the selection itself
        overview_free(&overview);
        json_free(&json);
        selection_free(&selection);
    }
}

int main(void) {
    return tests_run();
}
