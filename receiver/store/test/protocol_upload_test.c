// protocol_upload_test.c: which paths are other protocols' and what all of them have: limits, and all or nothing.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../protocol_upload.h"

TEST(paths) {
    assert_ptr_equal(protocol_of("/v1development/profiles"), &protocol_otlp);
    assert_ptr_equal(protocol_of("/ingest"), &protocol_pyroscope_ingest);
    assert_ptr_equal(protocol_of("/push.v1.PusherService/Push"), &protocol_pyroscope_push);
    assert_null(protocol_of("/ingest/"));
    assert_null(protocol_of("/profiling/v1/input"));
}

// In one chunk: the length is not announced.
static struct answer post(uint16_t port, const char *path, const char *type, size_t size) {
    struct text request = {0};
    text_add(&request,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%zx\r\n",
             path, type, size);
    char *body = calloc(1, size);
    text_add_bytes(&request, body, size);
    text_add(&request, "\r\n0\r\n\r\n");
    free(body);
    struct answer answer = http_send(port, &request, false);
    free(request.bytes);
    return answer;
}

// Each protocol in its own form.
TEST_IN(receiver, too_large) {
    struct fixture *fixture = *state;
    struct receiver_options options = {.listen = "127.0.0.1:0", .data_directory = fixture->directory, .max_body_bytes = 5000};
    uint16_t port = fixture_restart(fixture, &options);
    struct answer answer = post(port, "/ingest?name=shop", "text/plain", 6000);
    assert_int_equal(answer.status, 413);
    assert_string_equal(answer.body, "the body is larger than the limit\n");
    answer_free(&answer);
    answer = post(port, "/push.v1.PusherService/Push", "application/proto", 6000);
    assert_int_equal(answer.status, 413);
    assert_string_equal(answer.body, "{\"code\":\"invalid_argument\",\"message\":\"the body is larger than the limit\"}");
    answer_free(&answer);
    answer = post(port, "/push.v1.PusherService/Push", "application/json", 6000); // the first reason counts
    assert_int_equal(answer.status, 400);
    answer_free(&answer);
}

int main(void) {
    return tests_run();
}
