// analysis_test.c: from stored uploads of several processes to findings.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../../store/stored_upload.h"
#include "../analysis.h"

// Maintenance does too, shortly after the upload.
static void measure_all(struct test_store *test) {
    struct catalog *catalog = store_catalog(test->store);
    for (int64_t id; (id = catalog_unmeasured(catalog)) != 0;) {
        struct measures measures;
        measures_clear(&measures);
        struct stored_upload files;
        struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
        size_t count;
        assert_int_equal(stored_open(test->store, id, &files), RECEIVER_OK);
        assert_int_equal(catalog_attachments(catalog, id, attachments, &count), RECEIVER_OK);
        measures_of_upload(&(struct measured_upload){id, stored_measured, &files, 60, NULL}, attachments, count, &measures);
        stored_close(&files);
        assert_int_equal(catalog_set_measures(catalog, id, &measures), RECEIVER_OK);
    }
}

static struct json analyse(struct test_store *test) {
    struct json json = {0};
    struct overview overview;
    struct selection selection;
    selection_init(&selection);
    measure_all(test);
    assert_int_equal(overview_read(store_catalog(test->store), &selection, &overview), RECEIVER_OK);
    assert_int_equal(analysis_write(test->store, &overview, false, &json), RECEIVER_OK);
    overview_free(&overview);
    return json;
}

// Two hosts leak, one is steady, and one has just started: that alone would make the sum grow.
TEST_IN(store, processes) {
    struct test_store *test = *state;
    for (int i = 0; i < 12; i++) {
        upload_blob(test, "leaky-1", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 4000000 * i));
        upload_blob(test, "leaky-2", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 3000000 * i));
        upload_blob(test, "steady", i, "delta-heap.pprof", heap_blob(50000000, 90000000));
        if (i > 9) {
            upload_blob(test, "new", i, "delta-heap.pprof", heap_blob(900000000, 900000000));
        }
    }
    upload_bytes(test, "steady", 30, "delta-heap.pprof", "broken", 6);
    struct json json = analyse(test);
    expect_at(&json, "$.uploads", "39");
    expect_at(&json, "$.uploads_looked_at", "38");
    expect_at(&json, "$.processes", "4");
    expect_at(&json, "$.processes_looked_into", "4");
    expect_at(&json, "$.headline", "1 finding; 1 of 39 uploads could not be looked at");
    expect_at(&json, "$.unread[0].files", "1");
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.findings[0].kind", "c_leak");
    expect_at(&json, "$.findings[0].processes", "2");
    expect_at(&json, "$.findings[0].title", "C memory allocated in f for main.a grows by 4 MB a minute and is not freed");
    json_free(&json);
}

TEST_IN(store, metrics_and_none) {
    struct test_store *test = *state;
    struct json json = analyse(test);
    expect_at(&json, "$.findings", "[]");
    expect_at(&json, "$.processes", "0");
    expect_at(&json, "$.headline", "No uploads");
    json_free(&json);
    const char text[] = "[[\"c_allocator_fragmentation_bytes\",900000000],[\"c_allocator_resident_bytes\",1000000000]]";
    upload_bytes(test, "one", 1, "metrics.json", text, sizeof text - 1);
    json = analyse(test);
    expect_at(&json, "$.findings[0].kind", "fragmentation");
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.headline", "1 finding; 1 of 1 uploads could not be looked at"); // it has no profile
    json_free(&json);
}

// More profiles than are read: some in between are left out, both ends are read.
TEST_IN(store, many_profiles) {
    struct test_store *test = *state;
    for (int i = 0; i < 150; i++) {
        upload_blob(test, "leaky", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 1000000 * i));
    }
    struct json json = analyse(test);
    expect_at(&json, "$.profiles", "60");
    expect_at(&json, "$.findings[0].kind", "c_leak");
    expect_at(&json, "$.findings[0].uploads", "[1,150]");
    json_free(&json);
}

// Of CPU profiles the newest six are read; those that could not be are counted, too.
TEST_IN(store, newest_profiles_count) {
    struct test_store *test = *state;
    for (int i = 0; i < 12; i++) {
        struct profile *profile = profile_new();
        profile_add_sample_type(profile, "samples", "count");
        profile_add_sample_type(profile, "cpu", "nanoseconds");
        add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, 10000000), false);
        if (i == 10) {
            profile_free(profile);
            upload_bytes(test, "one", i, "cpu.pprof", "no profile", 10);
        } else {
            upload_blob(test, "one", i, "cpu.pprof", finish(profile));
        }
    }
    struct json json = analyse(test);
    expect_at(&json, "$.profiles", "5");
    expect_at(&json, "$.unread[0].attachment", "cpu.pprof");
    expect_at(&json, "$.unread[0].files", "1");
    json_free(&json);
}

// Each import has its own name; together they are one series.
TEST_IN(store, many_names) {
    struct test_store *test = *state;
    for (int i = 0; i < 60; i++) {
        char name[40];
        snprintf(name, sizeof name, "heap-%d.pprof", i);
        upload_blob(test, "leaky", i, name, heap_blob(50000000, 5000000 + 4000000 * i));
    }
    struct json json = analyse(test);
    expect_at(&json, "$.processes_looked_into", "1");
    expect_at(&json, "$.findings[0].kind", "c_leak");
    expect_at(&json, "$.findings[0].title", "C memory allocated in f for main.a grows by 4 MB a minute and is not freed");
    expect_at(&json, "$.findings[0].service", "shop");
    expect_at(&json, "$.findings[0].attachment", "heap-59.pprof");
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.complete", "1");
    json_free(&json);
}

// Two heaps in each upload, one of which is read: the measures reveal the leak of the other.
TEST_IN(store, two_heaps) {
    struct test_store *test = *state;
    for (int i = 0; i < 60; i++) {
        struct blob level = heap_blob(50000000, 5000000), leak = heap_blob(0, 4000000 * i);
        upload_two(test, "leaky", i, "a.pprof", level, "b.pprof", leak);
    }
    struct json json = analyse(test);
    expect_at(&json, "$.findings[0].kind", "c_leak");
    expect_at(&json, "$.findings[0].title", "C memory grows by 4 MB a minute; not all stacks of this process could be looked at");
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.complete", "0");
    expect_at(&json, "$.headline", "1 finding; 60 files could not be read");
    json_free(&json);
}

// Go's leak profile is empty, as a rule.
TEST_IN(store, leaked_goroutines) {
    struct test_store *test = *state;
    for (int i = 0; i < 4; i++) {
        struct profile *leaked = profile_new();
        profile_add_sample_type(leaked, "goroutineleak", "count");
        if (i >= 2) {
            add_stack(leaked, FRAMES("runtime.gopark /go/src/runtime/proc.go", "main.ask /src/shop/ask.go"), VALUES(7 * i), false);
        }
        upload_two(test, "one", i, "delta-heap.pprof", heap_blob(1000, 1000), "goroutineleak.pprof", finish(leaked));
    }
    struct json json = analyse(test);
    expect_at(&json, "$.findings[1]", "(none)");
    expect_at(&json, "$.findings[0].kind", "goroutine_leak");
    expect_at(&json, "$.findings[0].title", "21 goroutines of main.ask can never run again");
    expect_at(&json, "$.findings[0].attachment", "goroutineleak.pprof");
    expect_at(&json, "$.unread[0]", "(none)");
    json_free(&json);
}

int main(void) {
    return tests_run();
}
