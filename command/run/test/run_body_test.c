// run_body_test.c: what other protocols get of a batch: profiles with its time and tags; batches without a profile, and without memory.

#include "../../../base/test/test.h"

#include "../../../merge/merge.h"
#include "../../../otlp/otlp.h"
#include "../../../pyroscope/pyroscope.h"
#include "../run_body.h"

#include <string.h>

static const char event[] = "{\"start\":\"2026-01-02T03:04:05.000000000Z\",\"end\":\"2026-01-02T03:04:15.000000000Z\","
                            "\"tags_profiler\":\"runtime-id:r,service:sh\\\"op,env:prod,team:a:b,process_id:7,a\\u001fb\\u001ec:d\\u001fe:"
                            "f\",\"family\":\"native\"}";

static struct upload_request batch_of(const struct upload_attachment *attachments, size_t count) {
    return (struct upload_request){.attachments = attachments, .attachment_count = count, .event = event, .event_size = sizeof event - 1};
}

static void make_profile(uint8_t **bytes, size_t *size) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "alloc_space", "bytes");
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = "f.c"});
    uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, 1, 0}, 1);
    profile_add_sample(profile, &location, 1, (int64_t[]){70}, NULL, 0);
    assert_int_equal(profile_encode(profile, MERGE_GZIP, bytes, size), MERGE_OK);
    profile_free(profile);
}

struct seen {
    size_t profiles;
    bool service, team, delta, name, metric, pid, marks;
};

static enum merge_error take_otlp(void *context, const struct otlp_profile *got) {
    struct seen *seen = context;
    const struct otlp_resource *resource = got->resource;
    for (size_t i = 0; i < resource->count; i++) {
        seen->service |= strcmp(resource->attributes[i].key, "service.name") == 0 && strcmp(resource->attributes[i].text, "sh\"op") == 0;
        seen->pid |=
            strcmp(resource->attributes[i].key, "process.pid") == 0 && !resource->attributes[i].text && resource->attributes[i].number == 7;
        seen->team |= strcmp(resource->attributes[i].key, "team") == 0 && strcmp(resource->attributes[i].text, "a:b") == 0;
        seen->marks |= strcmp(resource->attributes[i].key, "a,b:c") == 0 && strcmp(resource->attributes[i].text, "d,e:f") == 0;
    }
    seen->profiles++;
    seen->name = strcmp(got->file, "delta-heap.pprof") == 0;
    assert_int_equal(profile_time_ns(got->profile), INT64_C(1767323045000000000));
    assert_int_equal(profile_duration_ns(got->profile), INT64_C(10000000000));
    return MERGE_OK;
}

static enum merge_error take_pushed(void *context, size_t series, const struct pyroscope_labels *labels, const uint8_t *bytes,
                                    size_t size) {
    struct seen *seen = context;
    const char *delta = pyroscope_label(labels, "__delta__"), *name = pyroscope_label(labels, "service_name");
    assert_int_equal(series, 0);
    seen->profiles++;
    seen->service = name && strcmp(name, "sh\"op") == 0;
    seen->delta = delta && strcmp(delta, "false") == 0;
    seen->metric = strcmp(pyroscope_label(labels, "__name__"), "memory") == 0;
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(profile), 1);
    profile_free(profile);
    return MERGE_OK;
}

TEST(both) {
    uint8_t *bytes;
    size_t size;
    make_profile(&bytes, &size);
    const struct upload_attachment attachments[] = {{"metrics.json", "[]", 2}, {"delta-heap.pprof", bytes, size}, {"x.pprof", "no", 2}};
    struct upload_request batch = batch_of(attachments, 3), made = {0};
    struct run_body *body;
    struct seen seen = {0};
    size_t count;
    assert_int_equal(run_body_make(RECEIVER_TARGET_OTLP, false, 0, &batch, &body, &made), UPLOAD_OK);
    assert_int_equal(otlp_decode(made.event, made.event_size, NULL, take_otlp, &seen, &count, NULL), MERGE_OK);
    assert_true(seen.profiles == 1 && seen.service && seen.team && seen.name && seen.pid && seen.marks);
    run_body_free(body);
    seen = (struct seen){0};
    assert_int_equal(run_body_make(RECEIVER_TARGET_OTLP, true, 0, &batch, &body, &made), UPLOAD_OK);
    assert_int_equal(*(const uint8_t *)made.event & 7, 2); // protobuf as it is: gzip begins with 0x1f
    assert_int_equal(otlp_decode(made.event, made.event_size, NULL, take_otlp, &seen, &count, NULL), MERGE_OK);
    run_body_free(body);
    seen = (struct seen){0};
    assert_int_equal(run_body_make(RECEIVER_TARGET_PYROSCOPE, false, 0, &batch, &body, &made), UPLOAD_OK);
    assert_int_equal(pyroscope_read_push(made.event, made.event_size, NULL, take_pushed, &seen, NULL), MERGE_OK);
    assert_true(seen.profiles == 1 && seen.service && seen.delta && seen.metric);
    run_body_free(body);
    run_body_free(NULL);
    free(bytes);
}

TEST(no_profile) {
    const struct upload_attachment attachments[] = {{"metrics.json", "[]", 2}, {"x.pprof", "no", 2}};
    struct run_body *body;
    for (int kind = RECEIVER_TARGET_OTLP; kind <= RECEIVER_TARGET_PYROSCOPE; kind++) {
        struct upload_request batch = batch_of(attachments, 2), made = {0};
        assert_int_equal(run_body_make((enum receiver_target_kind)kind, false, 0, &batch, &body, &made), UPLOAD_BAD_REQUEST);
        assert_null(body);
        assert_null(made.event);
        batch.event = "[]";
        batch.event_size = 2;
        assert_int_equal(run_body_make((enum receiver_target_kind)kind, false, 0, &batch, &body, &made), UPLOAD_BAD_REQUEST);
    }
}

int main(void) {
    return tests_run();
}
