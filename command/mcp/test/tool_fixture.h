// tool_fixture.h: a tool's call against a receiver that gives one answer.
#ifndef CMEMPROF_COMMAND_TOOL_FIXTURE_H
#define CMEMPROF_COMMAND_TOOL_FIXTURE_H

#include "../../../base/test/test.h"

#include "../../../client/test/loopback_server.h"
#include "../tools.h"

static struct tool_call call;
static char asked[8192]; // the request's first line

static int call_setup(void **state) {
    (void)state;
    call = (struct tool_call){.query = json_query_open()};
    return call.query ? 0 : -1;
}
static int call_teardown(void **state) {
    (void)state;
    json_free(&call.answer);
    json_query_close(call.query);
    return 0;
}

static inline const struct tool *tool_named(const char *name) {
    for (size_t i = 0; i < tools_count; i++) {
        if (strcmp(tools[i].name, name) == 0) {
            return &tools[i];
        }
    }
    fail_msg("no tool %s", name);
    return NULL;
}

// body NULL: nobody is asked.
static inline bool call_tool(const char *name, const char *arguments, const char *body, size_t size) {
    char url[80] = "http://127.0.0.1:1", *answer = malloc(size + 100);
    struct server *server = NULL;
    if (body) {
        // The loopback server sends a text: bodies here have no NUL.
        snprintf(answer, size + 100, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", size, body);
        server = server_start(SERVER_ANSWERS, answer, NULL);
        assert_non_null(server);
        snprintf(url, sizeof url, "http://127.0.0.1:%d", server->port);
    }
    struct receiver_address receiver = {.url = url};
    json_free(&call.answer);
    call.answer = (struct json){0};
    call.text[0] = '\0';
    call.receiver = &receiver;
    call.arguments = arguments;
    bool ok = tool_named(name)->run(&call);
    asked[0] = '\0';
    if (server) {
        snprintf(asked, sizeof asked, "%.*s", (int)strcspn(server->request, "\r"), server->request);
        server_stop(server);
    }
    free(answer);
    assert_int_equal(ok, call.text[0] == '\0');
    return ok;
}

static inline void expect_answer(const char *expected) {
    assert_false(json_failed(&call.answer));
    char *text = strndup(call.answer.bytes, call.answer.size);
    assert_string_equal(text, expected);
    free(text);
}

#endif
