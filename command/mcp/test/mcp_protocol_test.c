// mcp_protocol_test.c: answers to messages, and to what is none. e2e/command asks by the protocol's reference client.

#include "../../../base/test/test.h"

#include "../mcp_protocol.h"
#include "query_fixture.h"

static const struct receiver_address nobody = {"http://127.0.0.1:1", NULL};

// The value at a path of the answer is this JSON; NULL: there is no answer.
static void expect(const char *message, const char *path, const char *expected) {
    char *answer = mcp_answer(query, &nobody, message);
    if (!expected) {
        assert_null(answer);
        return;
    }
    assert_non_null(answer);
    assert_null(strchr(answer, '\n'));
    assert_true(json_query_is_valid(query, answer));
    char *value = json_query_quoted(query, answer, path);
    assert_non_null(value);
    assert_string_equal(value, expected);
    free(value);
    free(answer);
}

TEST_IN(query, versions) {
    static const char form[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":%s}}";
    static const char *const cases[][2] = {{"\"2024-11-05\"", "\"2024-11-05\""},
                                           {"\"2025-03-26\"", "\"2025-03-26\""},
                                           {"\"2025-06-18\"", "\"2025-06-18\""},
                                           {"\"2099-01-01\"", "\"2025-06-18\""},
                                           {"5", "\"2025-06-18\""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[200];
        snprintf(message, sizeof message, form, cases[i][0]);
        expect(message, "$.result.protocolVersion", cases[i][1]);
        expect(message, "$.result.serverInfo.name", "\"cmemprof\"");
    }
}

TEST_IN(query, ids_come_back) {
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", "$.id", "1");
    expect("{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"method\":\"ping\"}", "$.id", "\"a\\\"b\"");
    expect("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"none\"}", "$.error.code", "-32601");
}

TEST_IN(query, no_answer) {
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "$", NULL);
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"tools/list\"}", "$", NULL); // a notification
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", "$", NULL);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}", "$", NULL);
}

TEST_IN(query, no_request) {
    expect("", "$.error.code", "-32700");
    expect("{\"jsonrpc\":\"2.0\",", "$.error.code", "-32700");
    expect("[]", "$.error.code", "-32600");
    expect("5", "$.error.code", "-32600");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1}", "$.error.code", "-32600");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", "$.error.code", "-32600");
}

TEST_IN(query, batches) {
    static const char batch[] =
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}, 5, {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"},"
        "[{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}], \"{}\", {\"jsonrpc\":\"2.0\",\"id\":\"c\",\"method\":\"none\"}]";
    static const char *const paths[][2] = {
        {"$[0].id", "1"},     {"$[1].error.code", "-32600"}, {"$[2].error.code", "-32600"}, {"$[3].error.code", "-32600"},
        {"$[4].id", "\"c\""}, {"$[4].error.code", "-32601"}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        expect(batch, paths[i][0], paths[i][1]);
    }
    char *answer = mcp_answer(query, &nobody, batch), *count = json_query_make(query, "SELECT json_array_length(?1)", answer, 0);
    assert_string_equal(count, "5");
    free(count);
    free(answer);
    expect("[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}]", "$", NULL);
}

TEST_IN(query, calls) {
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"none\"}}", "$.error.code", "-32602");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", "$.error.code", "-32602");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"top\",\"arguments\":[]}}", "$.error.message",
           "\"arguments must be an object\"");
    // What the model can do something about is the tool's error.
    static const char call[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"top\",\"arguments\":{\"limit\":0}}}";
    expect(call, "$.result.content[0].text", "\"limit must be an integer from 1 to 200\"");
    static const char wrong[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
                                "call\",\"params\":{\"name\":\"list_services\",\"arguments\":{\"srvice\":\"shop\"}}}";
    expect(wrong, "$.result.content[0].text",
           "\"there is no argument srvice; there are service, env, version, host, q, from, to, last_minutes\"");
    char *answer =
        mcp_answer(query, &nobody, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"list_services\"}}");
    assert_string_equal(json_query_type(query, answer, "$.result.isError"), "true");
    char *text = json_query_text(query, answer, "$.result.content[0].text");
    assert_non_null(strstr(text, "the receiver's /api/facets: "));
    assert_null(strstr(text, "127.0.0.1:1/")); // the address may have a token
    free(text);
    free(answer);
}

TEST_IN(query, tools) {
    char *answer = mcp_answer(query, &nobody, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
    char *bad = json_query_make(
        query,
        "SELECT count(*) FROM json_each(?1, '$.result.tools') WHERE json_type(value, '$.inputSchema.properties.service') IS NULL"
        " OR json_type(value, '$.outputSchema.properties') <> 'object' OR length(json_extract(value, '$.description')) < 20",
        answer, 0);
    assert_string_equal(bad, "0");
    char *count = json_query_make(query, "SELECT json_array_length(?1, '$.result.tools')", answer, 0);
    assert_string_equal(count, "8");
    free(count);
    free(bad);
    free(answer);
}

int main(void) {
    return tests_run();
}
