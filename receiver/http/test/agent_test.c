// agent_test.c: what a client sends besides profiles is accepted with POST and PUT, answered as expected, and dropped.

#include "../../../base/test/test.h"

#include "../../test/http.h"

static void expect(uint16_t port, const char *method, const char *path, int status, const char *body) {
    struct answer answer = http_request(port, method, path, "Content-Length: 4\r\n\r\nbody");
    if (answer.status != status || !answer.body || strncmp(answer.body, body, strlen(body)) != 0) {
        fail_msg("%s %s: %d %s", method, path, answer.status, answer.body ? answer.body : "");
    }
    answer_free(&answer);
}

TEST_IN(receiver, taken) {
    struct fixture *fixture = *state;
    static const char *const traces[] = {"/v0.3/traces", "/v0.4/traces", "/v0.5/traces", "/v0.7/traces"};
    static const char *const others[] = {"/telemetry/proxy/api/v2/apmtelemetry", "/evp_proxy/v2/api/v2/llmobs", "/v0.1/pipeline_stats"};
    static const char *const methods[] = {"POST", "PUT"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof traces / sizeof *traces; j++) {
            expect(fixture->port, methods[i], traces[j], 200, "{\"rate_by_service\":{}}");
        }
        for (size_t j = 0; j < sizeof others / sizeof *others; j++) {
            expect(fixture->port, methods[i], others[j], 202, "{}");
        }
        expect(fixture->port, methods[i], "/v0.6/stats", 200, "{}");
        expect(fixture->port, methods[i], "/dogstatsd/v2/proxy", 200, "{}");
        expect(fixture->port, methods[i], "/v0.4/tracesx", 404, "no such path");
        expect(fixture->port, methods[i], "/v0.7/config", 404, "no such path"); // there is no remote configuration
    }
    expect(fixture->port, "GET", "/v0.4/traces", 405, "this is sent with POST or PUT");
    assert_int_equal(count_files(fixture, "uploads"), 0);
    expect_get(fixture->port, "/info", 200, "\"/v0.4/traces\"");
    expect_get(fixture->port, "/info", 200, "\"client_drop_p0s\":true");
}

int main(void) {
    return tests_run();
}
