// protocol_otlp_test.c: profiles in OpenTelemetry's protocol over real HTTP: what becomes of them, and what is refused with which words.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../../../otlp/test/requests.h"

static struct answer post_as(uint16_t port, struct blob blob, const char *type, const char *encoding) {
    struct text request = {0};
    text_add(&request,
             "POST /v1development/profiles HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n%s%s%sContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n",
             type, *encoding ? "Content-Encoding: " : "", encoding, *encoding ? "\r\n" : "", blob.size);
    text_add_bytes(&request, blob.bytes, blob.size);
    struct answer answer = http_send(port, &request, false);
    free(request.bytes);
    return answer;
}

static void expect_stored(uint16_t port, struct blob blob, const char *encoding) {
    struct answer answer = post_as(port, blob, "application/x-protobuf", encoding);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_size, 0);
    assert_non_null(strstr(answer.all.bytes, "Content-Type: application/x-protobuf"));
    answer_free(&answer);
    free(blob.bytes);
}

// A google.rpc.Status with the reason.
static void expect_refused(uint16_t port, struct blob blob, const char *type, const char *encoding, const char *reason) {
    struct answer answer = post_as(port, blob, type, encoding);
    assert_int_equal(answer.status, 400);
    struct wire status = {(const uint8_t *)answer.body, (const uint8_t *)answer.body + answer.body_size};
    struct wire_field field = {0};
    char text[300] = "";
    while (status.at < status.end) {
        assert_int_equal(wire_next(&status, &field), WIRE_OK);
        if (field.number == 2) {
            snprintf(text, sizeof text, "%.*s", (int)(field.bytes.end - field.bytes.at), (const char *)field.bytes.at);
        } else {
            assert_int_equal(field.value, 3); // INVALID_ARGUMENT
        }
    }
    if (!strstr(text, reason)) {
        fail_msg("\"%s\" does not say \"%s\"", text, reason);
    }
    answer_free(&answer);
    free(blob.bytes);
}

static struct blob two_resources(void) {
    static const struct otlp_attribute attributes[] = {{"service.name", "shop", 0}, {"deployment.environment.name", "test", 0},
                                                       {"host.name", "web-1", 0},   {"telemetry.sdk.language", "go", 0},
                                                       {"note", "a,b", 0},          {"process.pid", NULL, 7}};
    struct profile *one = sample_profile(), *two = sample_profile();
    struct otlp_request *request = otlp_request_new();
    profile_set_time(one, INT64_C(1767322985000000000), INT64_C(60000000000));
    profile_set_time(two, INT64_C(1767323045000000000), INT64_C(60000000000));
    otlp_begin_resource(request, attributes, 6);
    assert_int_equal(otlp_add(request, "delta-heap.pprof", one), MERGE_OK);
    assert_int_equal(otlp_add(request, NULL, two), MERGE_OK);
    assert_int_equal(otlp_add(request, "delta-heap.pprof", two), MERGE_OK); // the next period, in one batch
    otlp_begin_resource(request, (const struct otlp_attribute[]){{"service.name", "till", 0}}, 1);
    assert_int_equal(otlp_add(request, NULL, one), MERGE_OK);
    struct blob blob = encoded(request, MERGE_RAW);
    otlp_request_free(request);
    profile_free(one);
    profile_free(two);
    return blob;
}

TEST_IN(receiver, resources_become_uploads) {
    struct fixture *fixture = *state;
    expect_stored(fixture->port, two_resources(), "");
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":3");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"service\":\"shop\",\"env\":\"test\",\"version\":null,\"host\":\"web-1\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"language\":\"go\",\"family\":\"go\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"start\":\"2026-01-02T03:03:05.000Z\",\"end\":\"2026-01-02T03:05:05.000Z\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"note:a_b\",\"process_id:7\"]");
    expect_get(fixture->port, "/api/uploads/1", 200, "{\"name\":\"delta-heap.pprof\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "{\"name\":\"heap.pprof\"");
    expect_get(fixture->port, "/api/uploads/2", 200, "\"start\":\"2026-01-02T03:04:05.000Z\"");
    expect_get(fixture->port, "/api/uploads/3", 200, "\"service\":\"till\"");
    expect_get(fixture->port, "/api/uploads/1/attachments/heap.pprof/types", 200,
               "\"type\":\"alloc_space\",\"unit\":\"bytes\",\"total\":107");
    expect_get(fixture->port, "/api/uploads/1/attachments/heap.pprof/tree?type=alloc_space", 200, "\"name\":\"leaf\"");
}

TEST_IN(receiver, bodies_may_be_packed) {
    struct fixture *fixture = *state;
    static const char *const encodings[] = {"gzip", "zstd"};
    for (int kind = MERGE_GZIP; kind <= MERGE_ZSTD; kind++) {
        struct otlp_request *request = otlp_request_new();
        struct profile *profile = sample_profile();
        assert_int_equal(otlp_add(request, NULL, profile), MERGE_OK);
        expect_stored(fixture->port, encoded(request, (enum merge_compression)kind), encodings[kind - MERGE_GZIP]);
        otlp_request_free(request);
        profile_free(profile);
    }
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":2");
}

TEST_IN(receiver, a_request_without_profiles_is_no_upload) {
    struct fixture *fixture = *state;
    expect_stored(fixture->port, (struct blob){calloc(1, 1), 0}, "");
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":0");
}

static struct blob blob_of(const char *text) {
    return (struct blob){(uint8_t *)strdup(text), strlen(text)};
}

static void put_ancient(struct wire_writer *writer) {
    PUT(writer, 2, 1, 0, 2, 1, 1003, 1);
    wire_write_number(writer, 3, 1); // location_indices
}
static void put_far_stack(struct wire_writer *writer) {
    PUT(writer, 2, 1, 9, 1004, 1);
}

TEST_IN(receiver, refusals_say_why) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    static const char *const proto = "application/x-protobuf";
    expect_refused(port, blob_of("{}"), "application/json", "", "not application/x-protobuf");
    expect_refused(port, two_resources(), "application/grpc", "", "not as JSON or gRPC");
    expect_refused(port, two_resources(), proto, "br", "neither gzip nor zstd");
    expect_refused(port, blob_of("not protobuf"), proto, "", "not a request with profiles");
    expect_refused(port, request_with(put_ancient), proto, "", "the layout before opentelemetry-proto v1.8");
    expect_refused(port, request_with(put_far_stack), proto, "", "sample 0: stack index 9 of 2 stacks");
    struct blob cut = two_resources();
    cut.size -= 10;
    expect_refused(port, cut, proto, "", "ends inside a field");
    assert_int_equal(count_files(fixture, "incoming"), 0);
    assert_int_equal(count_files(fixture, "uploads"), 0);
}

static struct blob request_of_many(int profiles, int attributes, const char *file) {
    static char text[1000];
    memset(text, 'x', sizeof text - 1);
    struct otlp_attribute list[200];
    char keys[200][16];
    struct profile *profile = sample_profile();
    struct otlp_request *request = otlp_request_new();
    for (int i = 0; i < attributes; i++) {
        snprintf(keys[i], sizeof keys[i], "key%d", i);
        list[i] = (struct otlp_attribute){keys[i], text, 0};
    }
    otlp_begin_resource(request, list, (size_t)attributes);
    for (int i = 0; i < profiles; i++) {
        char name[32];
        snprintf(name, sizeof name, file, i);
        assert_int_equal(otlp_add(request, name, profile), MERGE_OK);
    }
    struct blob blob = encoded(request, MERGE_RAW);
    otlp_request_free(request);
    profile_free(profile);
    return blob;
}

// An upload has 32 attachments at most, and names that differ in what is cleaned are equal.
TEST_IN(receiver, profiles_that_do_not_fit_are_further_uploads) {
    struct fixture *fixture = *state;
    expect_stored(fixture->port, request_of_many(40, 0, "%d.pprof"), "");
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":2");
    expect_get(fixture->port, "/api/uploads/2", 200, "{\"name\":\"39.pprof\"");
    expect_stored(fixture->port, request_of_many(2, 0, "a\tb.pprof"), "");
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":4");
}

TEST_IN(receiver, attributes_that_do_not_fit_are_counted) {
    struct fixture *fixture = *state;
    expect_stored(fixture->port, request_of_many(1, 100, "a%d.pprof"), "");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"key0:xxx");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"attributes_left_out:8");
}

TEST_IN(receiver, uploads_of_one_request_are_bounded) {
    struct fixture *fixture = *state;
    struct answer answer = {0};
    struct blob blob = request_of_many(251, 0, "same.pprof");
    answer = post_as(fixture->port, blob, "application/x-protobuf", "");
    assert_int_equal(answer.status, 413);
    assert_non_null(strstr(answer.body, "more than 250 uploads in one request"));
    answer_free(&answer);
    free(blob.bytes);
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":0");
    assert_int_equal(count_files(fixture, "incoming"), 0);
}

TEST_IN(receiver, it_is_sent_with_post_alone) {
    struct fixture *fixture = *state;
    expect_get(fixture->port, "/v1development/profiles", 405, "uploads are sent with POST");
}

int main(void) {
    return tests_run();
}
