// relay_body_test.c: what a target gets: the parts as they came with tags and the mark; as OTLP the profiles with their tags.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../../../otlp/otlp.h"
#include "../../../pyroscope/pyroscope.h"
#include "../relay_body.h"

static struct relay_body *make(struct test_store *test, enum receiver_target_kind kind, int64_t id, struct upload_request *request,
                               char text[300]) {
    struct relay_body *body;
    assert_int_equal(relay_body_make(test->store, kind, id, &body, request, text, 300), RECEIVER_OK);
    return body;
}

TEST_IN(store, datadog) {
    struct test_store *test = *state;
    struct pending_upload *pending;
    struct upload_request request;
    char text[300];
    int64_t id;
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, "a/b.pprof", text, sizeof text), RECEIVER_OK);
    assert_int_equal(pending_upload_write(pending, "one", 3), RECEIVER_OK);
    assert_int_equal(keep(pending, EVENT, "host:beside,service:shop,relay:00", &id, text), RECEIVER_OK);
    pending_upload_free(pending);
    struct relay_body *body = make(test, RECEIVER_TARGET_DATADOG, id, &request, text);
    assert_string_equal(text, "");
    assert_int_equal(request.attachment_count, 1);
    assert_int_equal(request.attachments[0].size, 3);
    assert_memory_equal(request.attachments[0].bytes, "one", 3);
    assert_int_equal(request.event_size, strlen(EVENT));
    assert_memory_equal(request.event, EVENT, strlen(EVENT));
    char expected[200];
    snprintf(expected, sizeof expected, "X-Datadog-Additional-Tags: relay:00.%s,host:beside", store_relay_id(test->store));
    assert_string_equal(request.batch_headers[0], expected);
    assert_int_equal(relay_body_bytes(body), 3 + strlen(EVENT));
    relay_body_free(body);
    relay_body_free(NULL);
    assert_int_equal(relay_body_make(test->store, RECEIVER_TARGET_DATADOG, 99, &body, &request, text, sizeof text), RECEIVER_NOT_FOUND);
}

struct seen {
    int profiles;
    bool has_service, has_relay;
    char file[40];
};

static enum merge_error see(void *context, const struct otlp_profile *profile) {
    struct seen *seen = context;
    seen->profiles++;
    snprintf(seen->file, sizeof seen->file, "%s", profile->file);
    for (size_t i = 0; i < profile->resource->count; i++) {
        const struct otlp_attribute *attribute = &profile->resource->attributes[i];
        seen->has_service |= strcmp(attribute->key, "service.name") == 0 && strcmp(attribute->text, "shop") == 0;
        seen->has_relay |= strcmp(attribute->key, "relay") == 0;
    }
    return MERGE_OK;
}

TEST_IN(store, otlp) {
    struct test_store *test = *state;
    struct upload_request request;
    struct seen seen = {0};
    char text[300];
    size_t profiles;
    struct blob heap = heap_blob(100, 200);
    const struct named_bytes files[] = {{"delta-heap.pprof", heap.bytes, heap.size}, {"cpu.pprof", "broken", 6}, {"metrics.json", "[]", 2}};
    int64_t id = upload_files(test, "one", 0, 60, files, 3), none = upload_bytes(test, "one", 1, "metrics.json", "[]", 2);
    struct relay_body *body = make(test, RECEIVER_TARGET_OTLP, id, &request, text);
    assert_non_null(strstr(text, "cpu.pprof is left out"));
    assert_int_equal(otlp_decode(request.event, request.event_size, NULL, see, &seen, &profiles, &(struct merge_fault){0}), MERGE_OK);
    assert_true(seen.profiles == 1 && seen.has_service && seen.has_relay);
    assert_string_equal(seen.file, "delta-heap.pprof");
    relay_body_free(body);
    body = make(test, RECEIVER_TARGET_OTLP, none, &request, text);
    assert_null(request.event);
    relay_body_free(body);
    free(heap.bytes);
}

static struct blob large_blob(void) {
    struct profile *profile = new_heap_profile();
    for (int i = 0; i < 4000; i++) {
        char frame[40];
        snprintf(frame, sizeof frame, "f%d /f.c", i);
        add_stack(profile, FRAMES(frame, "main.a /a.go"), VALUES(1, 2, 1, 1), false);
    }
    return finish(profile);
}

TEST_IN(store, otlp_beyond_the_budget) {
    struct test_store *test = *state;
    struct upload_request request;
    struct seen seen = {0};
    char text[300];
    size_t profiles;
    struct blob heap = heap_blob(100, 200), large = large_blob();
    const struct named_bytes files[] = {{"delta-heap.pprof", heap.bytes, heap.size}, {"large.pprof", large.bytes, large.size}};
    int64_t id = upload_files(test, "one", 0, 60, files, 2);
    struct merge_budget budget = {.limit_bytes = 300000}, *before = merge_use_budget(&budget);
    struct relay_body *body = make(test, RECEIVER_TARGET_OTLP, id, &request, text);
    assert_string_equal(text, "upload 1: large.pprof is left out: it takes too much memory");
    assert_int_equal(otlp_decode(request.event, request.event_size, NULL, see, &seen, &profiles, &(struct merge_fault){0}), MERGE_OK);
    assert_true(seen.profiles == 1 && seen.has_service);
    assert_string_equal(seen.file, "delta-heap.pprof");
    relay_body_free(body);
    assert_int_equal(budget.used_bytes, 0);
    merge_use_budget(before);
    free(heap.bytes);
    free(large.bytes);
}

static enum merge_error see_pushed(void *context, size_t series, const struct pyroscope_labels *labels, const uint8_t *profile,
                                   size_t size) {
    (void)series;
    struct seen *seen = context;
    seen->profiles++;
    assert_true(size > 100 && profile[0] == 0x1f);
    assert_string_equal(pyroscope_label(labels, "__name__"), "memory");
    assert_string_equal(pyroscope_label(labels, "__delta__"), "false");
    assert_string_equal(pyroscope_label(labels, "service_name"), "shop");
    seen->has_relay = pyroscope_label(labels, "relay");
    assert_null(pyroscope_label(labels, "runtime"));
    assert_true(labels->count <= PYROSCOPE_SENT_LABELS + 2);
    return MERGE_OK;
}

TEST_IN(store, pyroscope) {
    struct test_store *test = *state;
    struct upload_request request;
    struct seen seen = {0};
    char text[300];
    struct blob heap = heap_blob(100, 200);
    const struct named_bytes files[] = {{"delta-heap.pprof", heap.bytes, heap.size}, {"metrics.json", "[]", 2}};
    int64_t id = upload_files(test, "one", 0, 60, files, 2), none = upload_bytes(test, "one", 1, "metrics.json", "[]", 2);
    struct relay_body *body = make(test, RECEIVER_TARGET_PYROSCOPE, id, &request, text);
    assert_int_equal(pyroscope_read_push(request.event, request.event_size, NULL, see_pushed, &seen, &(struct merge_fault){0}), MERGE_OK);
    assert_true(seen.profiles == 1 && seen.has_relay);
    relay_body_free(body);
    body = make(test, RECEIVER_TARGET_PYROSCOPE, none, &request, text);
    assert_null(request.event);
    relay_body_free(body);
    free(heap.bytes);
}

int main(void) {
    return tests_run();
}
