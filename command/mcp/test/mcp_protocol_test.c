// mcp_protocol_test.c: answers to messages, and to what is none. e2e/command asks by the protocol's reference client.

#include "../../../base/test/test.h"

#include "../mcp_protocol.h"
#include "query_fixture.h"

static const struct receiver_address nobody = {.url = "http://127.0.0.1:1"};

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
    static const char *const cases[][2] = {{"\"2024-11-05\"", "\"2024-11-05\""}, {"\"2025-03-26\"", "\"2025-03-26\""},
                                           {"\"2025-06-18\"", "\"2025-06-18\""}, {"\"2025-11-25\"", "\"2025-11-25\""},
                                           {"\"2026-07-28\"", "\"2025-11-25\""}, // which has no initialize
                                           {"\"2099-01-01\"", "\"2025-11-25\""}, {"5", "\"2025-11-25\""}};
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
    // A null, list or object is no id; none is one of a notification.
    expect("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", "$.error.code", "-32600");
    expect("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}", "$.error.code", "-32600");
    expect("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", "$.error.code", "-32600");
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

TEST_IN(query, long_batches) {
    static const char ping[] = ",{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";
    char text[(MCP_BATCH + 1) * sizeof ping + 2] = "";
    for (int i = 0; i <= MCP_BATCH; i++) {
        strcat(text, ping);
        text[0] = '[';
        strcat(text, "]");
        i < MCP_BATCH ? expect(text, "$[0].id", "1") : expect(text, "$.error.message", "\"a batch has at most 32 messages\"");
        text[strlen(text) - 1] = '\0';
    }
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
    assert_string_equal(count, "9");
    free(count);
    free(bad);
    free(answer);
}

// ---- Requests of 2026-07-28, and by HTTP ----

#define META(version)                                                                                                                      \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"" version "\",\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define REQUEST(method, params) "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"" method "\",\"params\":{" params "}}"

TEST_IN(query, requests_that_tell_their_version) {
    expect(REQUEST("server/discover", META("2026-07-28")), "$.result.supportedVersions[0]", "\"2026-07-28\"");
    expect(REQUEST("server/discover", META("2026-07-28")), "$.result.supportedVersions[4]", "\"2024-11-05\"");
    expect(REQUEST("server/discover", META("2026-07-28")), "$.result.resultType", "\"complete\"");
    expect(REQUEST("server/discover", META("2026-07-28")), "$.result._meta.\"io.modelcontextprotocol/serverInfo\".name", "\"cmemprof\"");
    expect(REQUEST("tools/list", META("2026-07-28")), "$.result.cacheScope", "\"private\"");
    expect(REQUEST("tools/list", META("2026-07-28")), "$.result.tools[0].name", "\"list_services\"");
    expect(REQUEST("tools/call", "\"name\":\"top\",\"arguments\":{\"limit\":0}," META("2026-07-28")), "$.result.resultType",
           "\"complete\"");
    expect(REQUEST("ping", META("2026-07-28")), "$.error.code", "-32601"); // taken away
    expect(REQUEST("initialize", META("2026-07-28")), "$.error.code", "-32601");
    expect(REQUEST("server/discover", ""), "$.error.code", "-32601"); // of a former version
    expect(REQUEST("tools/list", META("2025-11-25")), "$.error.code", "-32022");
    expect(REQUEST("tools/list", META("2099-01-01")), "$.error.data.requested", "\"2099-01-01\"");
    expect(REQUEST("tools/list", "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}"), "$.error.code", "-32602");
}

static bool get(void *context, const char *path, const char *asked, char **bytes, size_t *size, char *text, size_t text_size) {
    snprintf(context, 200, "%s?%s", path, asked);
    if (strcmp(path, "/api/facets") != 0) {
        snprintf(text, text_size, "no upload");
        return false;
    }
    *bytes = strdup("{\"facets\":[{\"name\":\"service\",\"values\":[{\"value\":\"shop\",\"count\":3}],\"more\":0}]}");
    *size = strlen(*bytes);
    return true;
}

static char asked_inside[200];

// path NULL: there is no answer.
static void expect_post(struct receiver_message message, unsigned status, const char *path, const char *expected) {
    const struct receiver_inside inside = {asked_inside, get, "https://profiles.example/p", true};
    unsigned got;
    char *answer = mcp_answer_post(&inside, &message, &got);
    assert_int_equal(got, status);
    assert_int_equal(!answer, !path);
    if (path) {
        char *value = json_query_quoted(query, answer, path);
        assert_non_null(value);
        assert_string_equal(value, expected);
        free(value);
        free(answer);
    }
}

TEST_IN(query, posts_of_former_versions) {
    static const char initialize[] = REQUEST("initialize", "\"protocolVersion\":\"2025-11-25\"");
    expect_post((struct receiver_message){.body = initialize}, 200, "$.result.protocolVersion", "\"2025-11-25\"");
    expect_post((struct receiver_message){"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "2025-11-25", NULL, NULL}, 202,
                NULL, NULL);
    expect_post((struct receiver_message){REQUEST("tools/call", "\"name\":\"list_services\""), "2025-11-25", NULL, NULL}, 200,
                "$.result.structuredContent.services[0].uploads", "3");
    assert_string_equal(asked_inside, "/api/facets?values=1000");
    expect_post((struct receiver_message){REQUEST("none", ""), "2025-11-25", NULL, NULL}, 200, "$.error.code", "-32601");
    expect_post((struct receiver_message){REQUEST("tools/list", ""), "2099-01-01", NULL, NULL}, 400, "$.error.code", "-32022");
    expect_post((struct receiver_message){.body = "{"}, 400, "$.error.code", "-32700");
    expect_post((struct receiver_message){.body = "5"}, 400, "$.error.code", "-32600");
    // Batches are of one version.
    expect_post((struct receiver_message){"[" REQUEST("ping", "") "]", "2025-03-26", NULL, NULL}, 200, "$[0].id", "7");
    expect_post((struct receiver_message){"[" REQUEST("ping", "") "]", "2025-06-18", NULL, NULL}, 400, "$.error.code", "-32600");
    expect_post((struct receiver_message){.body = "[{\"jsonrpc\":\"2.0\",\"method\":\"x\"}]"}, 202, NULL, NULL);
}

// The headers say what the body says.
TEST_IN(query, posts_that_tell_their_version) {
    static const char call[] = REQUEST("tools/call", "\"name\":\"list_services\"," META("2026-07-28"));
    static const char now[] = "2026-07-28";
    expect_post((struct receiver_message){call, now, "tools/call", "list_services"}, 200, "$.result.structuredContent.services_left_out",
                "0");
    expect_post((struct receiver_message){call, now, "tools/call", "=?base64?bGlzdF9zZXJ2aWNlcw==?="}, 200,
                "$.result.structuredContent.services_left_out", "0");
    static const char *const others[] = {"=?base64?bGlzdF9zZXJ2aWNlcX==?=", "=?base64?dG9w?=", "=?base64?bGlzdF9zZXJ2aWNlcw==", "=?base64?",
                                         "=?BASE64?bGlzdF9zZXJ2aWNlcw==?="};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        expect_post((struct receiver_message){call, now, "tools/call", others[i]}, 400, "$.error.code", "-32020");
    }
    expect_post((struct receiver_message){call, now, "tools/call", "top"}, 400, "$.error.code", "-32020");
    expect_post((struct receiver_message){call, now, "tools/call", NULL}, 400, "$.error.code", "-32020");
    expect_post((struct receiver_message){call, now, "tools/list", "list_services"}, 400, "$.error.code", "-32020");
    expect_post((struct receiver_message){call, now, NULL, "list_services"}, 400, "$.error.code", "-32020");
    expect_post((struct receiver_message){call, "2025-11-25", "tools/call", "list_services"}, 400, "$.error.code", "-32020");
    expect_post((struct receiver_message){call, NULL, "tools/call", "list_services"}, 400, "$.error.code", "-32020");
    expect_post((struct receiver_message){REQUEST("none", META("2026-07-28")), now, "none", NULL}, 404, "$.error.code", "-32601");
    expect_post((struct receiver_message){REQUEST("tools/list", ""), now, "tools/list", NULL}, 400, "$.error.code", "-32602");
    expect_post((struct receiver_message){REQUEST("tools/list", META("2099-01-01")), "2099-01-01", "tools/list", NULL}, 400, "$.error.code",
                "-32022");
}

TEST_IN(query, exports_of_posts) {
    static const char export[] = REQUEST("tools/call", "\"name\":\"export\",\"arguments\":{\"profile\":\"cpu.pprof\"}");
    expect_post((struct receiver_message){.body = export}, 200, "$.result.structuredContent.url",
                "\"https://profiles.example/p/api/profile?attachment=cpu.pprof\"");
    static const char top[] = REQUEST("tools/call", "\"name\":\"top\",\"arguments\":{\"profile\":\"cpu.pprof\"}");
    expect_post((struct receiver_message){.body = top}, 200, "$.result.content[0].text", "\"the receiver's /api/profile: no upload\"");
}

int main(void) {
    return tests_run();
}
