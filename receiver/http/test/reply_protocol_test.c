// reply_protocol_test.c: answers to uploads in other protocols, also if the disk is full: a status after which clients try again.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../../../otlp/test/requests.h"
#include "../../../pyroscope/pyroscope.h"
#include "../reply_protocol.h"

#include <signal.h>
#include <sys/resource.h>

static struct answer post(uint16_t port, const char *path, const char *type, const void *bytes, size_t size) {
    struct text request = {0};
    text_add(&request, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", path,
             type, size);
    text_add_bytes(&request, bytes, size);
    struct answer answer = http_send(port, &request, false);
    free(request.bytes);
    return answer;
}

static void expect_full(struct answer answer, const char *type, const char *word, size_t word_size) {
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.all.bytes, "Retry-After: 1\r\n"));
    assert_non_null(strstr(answer.all.bytes, type));
    assert_non_null(memmem(answer.body, answer.body_size, word, word_size));
    answer_free(&answer);
}

TEST_IN(receiver, full_disk) {
    struct fixture *fixture = *state;
    struct profile *profile = sample_profile();
    struct otlp_request *otlp = otlp_request_new();
    assert_int_equal(otlp_add(otlp, NULL, profile), MERGE_OK);
    struct blob request = encoded(otlp, MERGE_RAW), raw;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &raw.bytes, &raw.size), MERGE_OK);
    struct pyroscope_push *push = pyroscope_push_new();
    pyroscope_push_add(push, NULL, 0, "1", raw.bytes, raw.size);
    const uint8_t *bytes;
    size_t size;
    assert_true(pyroscope_push_encode(push, &bytes, &size));

    struct rlimit before, none = {0, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    expect_full(post(fixture->port, "/v1development/profiles", "application/x-protobuf", request.bytes, request.size),
                "Content-Type: application/x-protobuf\r\n", "\x08\x0e", 2); // UNAVAILABLE
    expect_full(post(fixture->port, "/push.v1.PusherService/Push", "application/proto", bytes, size), "Content-Type: application/json\r\n",
                "{\"code\":\"unavailable\",\"message\":\"", 33);
    expect_full(post(fixture->port, "/ingest?name=shop", "text/plain", "a 1\n", 4), "Content-Type: text/plain", "full", 4);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

    struct answer answer = post(fixture->port, "/push.v1.PusherService/Push", "application/proto", bytes, size);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_size, 0);
    answer_free(&answer);
    pyroscope_push_free(push);
    otlp_request_free(otlp);
    profile_free(profile);
    free(request.bytes);
    free(raw.bytes);
}

int main(void) {
    return tests_run();
}
