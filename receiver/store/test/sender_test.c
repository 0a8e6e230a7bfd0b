// sender_test.c: host tags, what an Agent adds, and who is on this machine, over real HTTP.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../sender.h"

#include <limits.h>

static bool has_host(const char *tags) {
    return sender_has_tag(tags, strlen(tags), "host");
}

TEST(has_host) {
    assert_false(sender_has_tag("host:abc", 5, "host"));
    assert_false(sender_has_tag(NULL, 0, "host"));
    assert_false(has_host(""));
    assert_false(has_host("service:shop,hostile:x,runtime_host:y,host:,x:host:z"));
    assert_true(has_host("host:a"));
    assert_true(has_host("service:shop,host:a"));
    static const char *const with[] = {"{\"tags_profiler\":\"host:a\"}", "{\"tags_profiler\":\"b:c,host:a\"}",
                                       "{\"tags[]\":[\"b:c\",\"host:a\"]}"};
    static const char *const without[] = {"",
                                          "{",
                                          "host:",
                                          "{\"host\":1}",
                                          "{\"tags_profiler\":\"runtime_host:a\"}",
                                          "{\"tags_profiler\":\"host:\"}",
                                          "{\"tags_profiler\":\"host:,a:b\"}"};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        assert_true(sender_event_has_host(with[i], strlen(with[i])));
    }
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        assert_false(sender_event_has_host(without[i], strlen(without[i])));
    }
}

// Posts an event with these tags and checks the stored ones.
static void expect(struct fixture *fixture, const char *headers, const char *tags, const char *want) {
    static int id;
    struct text body = {0}, request = {0};
    char event[300], path[40];
    snprintf(event, sizeof event, "{\"start\":\"2026-01-02T03:04:05Z\",\"tags_profiler\":\"%s\"}", tags);
    body_part(&body, "name=\"event\"; filename=\"event.json\"", event);
    body_end(&body);
    text_add(&request, "POST /api/v2/profile HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\nContent-Type: " MULTIPART "\r\n",
             fixture->port);
    text_add(&request, "%sContent-Length: %zu\r\n\r\n", headers, body.size);
    text_add_bytes(&request, body.bytes, body.size);
    struct answer answer = http_send(fixture->port, &request, false);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    snprintf(path, sizeof path, "/api/uploads/%d", ++id);
    expect_get(fixture->port, path, 200, want);
    free(body.bytes);
    free(request.bytes);
}

#define AGENT "X-Datadog-Additional-Tags: host:web-1,default_env:prod,agent_version:7.50.0\r\n"

TEST_IN(receiver, over_http) {
    struct fixture *fixture = *state;
    char own[HOST_NAME_MAX + 100], name[HOST_NAME_MAX + 1] = "";
    gethostname(name, sizeof name - 1);
    snprintf(own, sizeof own, "\"host\":\"%s\"", name);
    expect(fixture, "", "service:shop,host:mine", "\"host\":\"mine\"");
    expect(fixture, "", "service:shop", own);
    expect(fixture, "X-Forwarded-For: 10.0.0.1\r\n", "service:shop", "\"host\":null"); // could be any
    expect(fixture, AGENT, "service:shop", "\"env\":\"prod\",\"version\":null,\"host\":\"web-1\"");
    expect(fixture, AGENT, "service:shop,env:study,host:mine", "\"env\":\"study\",\"version\":null,\"host\":\"mine\"");
    expect(fixture, AGENT, "service:shop", "\"agent_version:7.50.0\"");
    expect(fixture, "X-Datadog-Additional-Tags: default_env:none\r\n", "service:shop", "\"env\":null,\"version\":null,\"host\":null");
    // It is stored: the index can be rebuilt.
    fixture_stop(fixture);
    char path[100];
    snprintf(path, sizeof path, "%s/index.sqlite", fixture->directory);
    assert_int_equal(unlink(path), 0);
    fixture_start(fixture, 1 << 20, 0);
    expect_get(fixture->port, "/api/uploads/4", 200, "\"env\":\"prod\",\"version\":null,\"host\":\"web-1\"");
    expect_get(fixture->port, "/api/uploads/2", 200, own);
}

int main(void) {
    return tests_run();
}
