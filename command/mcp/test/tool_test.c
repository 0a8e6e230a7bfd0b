// tool_test.c: arguments of a call become the receiver's parameters, or are refused by name.

#include "../../../base/test/test.h"

#include "tool_fixture.h"

static char query[TOOL_QUERY_BYTES];

static bool selects(const char *arguments) {
    query[0] = call.text[0] = '\0';
    call.arguments = arguments;
    return tool_select(&call, "$", query);
}

TEST_IN(call, selections) {
    assert_true(selects("{}"));
    assert_string_equal(query, "");
    assert_true(selects("{\"q\":\"env:prod \\\"a&b=c\\\" \\u00fc\",\"service\":\"\",\"from\":null,\"other\":1}"));
    assert_string_equal(query, "service=&q=env%3Aprod%20%22a%26b%3Dc%22%20%C3%BC");
    assert_false(selects("{\"service\":5}"));
    assert_string_equal(call.text, "service must be a string");
    assert_false(selects("{\"last_minutes\":0}"));
    assert_string_equal(call.text, "last_minutes must be an integer from 1 to 527040");
    assert_false(selects("{\"last_minutes\":1.5}"));
    assert_false(selects("{\"last_minutes\":5,\"from\":\"2026-01-01T00:00:00Z\"}"));
}

TEST_IN(call, long_arguments) {
    static char arguments[TOOL_QUERY_BYTES + 100];
    for (size_t length = TOOL_QUERY_BYTES - 40; length < TOOL_QUERY_BYTES + 40; length++) {
        memset(arguments, 'a', sizeof arguments);
        memcpy(arguments, "{\"q\":\"", 6);
        memcpy(arguments + 6 + length, "\"}", 3);
        bool fits = length + 6 <= TOOL_QUERY_BYTES; // room for an escape is asked for
        assert_int_equal(selects(arguments), fits);
        assert_int_equal(strlen(query), fits ? length + 2 : 0);
    }
}

TEST_IN(call, rows) {
    int64_t rows;
    call.arguments = "{}";
    assert_true(tool_rows(&call, &rows));
    assert_int_equal(rows, TOOL_ROWS);
    call.arguments = "{\"limit\":200}";
    assert_true(tool_rows(&call, &rows));
    assert_int_equal(rows, 200);
    call.arguments = "{\"limit\":201}";
    assert_false(tool_rows(&call, &rows));
}

TEST_IN(call, the_token_is_a_header) {
    struct server *server = server_start(SERVER_ANSWERS, "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nno token\n", NULL);
    char url[80];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server->port);
    struct receiver_address receiver = {.url = url, .authorization = "Authorization: Bearer secret-1"};
    size_t size;
    call.receiver = &receiver;
    assert_null(tool_get(&call, "/api/facets", "a=b", &size));
    assert_string_equal(call.text, "the receiver's /api/facets: HTTP 403: no token");
    assert_non_null(strstr(server->request, "GET /api/facets?a=b HTTP/1.1\r\n"));
    assert_non_null(strstr(server->request, "Authorization: Bearer secret-1\r\n"));
    server_stop(server);
}

int main(void) {
    return tests_run();
}
