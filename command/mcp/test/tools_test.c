// tools_test.c: what is asked of the receiver, and what is made of its answers.

#include "../../../base/test/test.h"

#include "tool_fixture.h"

#define CALL(name, arguments, body) call_tool(name, arguments, body, sizeof body - 1)

static const char diff[] =
    "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":150,\"base_total\":100,\"warnings\":[\"w\"],"
    "\"uploads_left_out\":3,\"failed_count\":4,\"nodes_left_out\":5,\"base\":{\"uploads_left_out\":6,\"failed_count\":7},"
    "\"functions\":[{\"name\":\"main\"},{\"name\":\"f\"},{\"name\":\"g\"}],"
    "\"nodes\":[[0,0,1,0,150,0,100],[1,1,2,120,120,60,60],[1,2,3,10,30,40,40],[3,1,4,20,20,0,0]]}";

TEST_IN(call, differences_are_by_stack) {
    assert_true(CALL(
        "diff", "{\"service\":\"a&b\",\"version\":\"2\",\"base\":{\"version\":\"1\",\"q\":\"x y\"},\"profile\":\"heap.pprof\",\"limit\":2}",
        diff));
    assert_string_equal(asked, "GET /api/diff?service=a%26b&version=2&base.version=1&base.q=x%20y&attachment=heap.pprof HTTP/1.1");
    expect_answer("{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"before\":100,\"after\":150,\"warnings\":[\"w\"],\"rows\":["
                  "{\"stack\":[\"f\",\"main\"],\"before\":60,\"after\":120,\"change\":60},{\"stack\":[\"g\",\"main\"],\"before\":40,"
                  "\"after\":10,\"change\":-30}],\"rows_left_out\":1,\"uploads_left_out\":3,\"failed_count\":4,\"nodes_left_out\":5,"
                  "\"base_uploads_left_out\":6,\"base_failed_count\":7}");
    assert_true(CALL("diff", "{\"base\":{},\"profile\":\"p\"}", diff));
    assert_non_null(strstr(call.answer.bytes, "{\"stack\":[\"f\",\"g\",\"main\"],\"before\":0,\"after\":20,\"change\":20}"));
    assert_false(CALL("diff", "{\"profile\":\"p\"}", diff));
    assert_non_null(strstr(call.text, "base is missing"));
    assert_false(CALL("diff", "{\"base\":{}}", diff));
    assert_non_null(strstr(call.text, "profile is missing"));
}

TEST_IN(call, growth_has_its_error) {
    static const char tree[] =
        "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":9.5,\"error\":2,\"growth\":{\"minutes\":60,\"processes\":3,"
        "\"processes_too_short\":2,\"uploads_skipped\":9},\"uploads_left_out\":4,\"failed_count\":5,\"nodes_left_out\":6,\"warnings\":["
        "\"w\"],"
        "\"functions\":[{\"name\":\"main\"},{\"name\":\"f\"}],\"nodes\":[[0,0,1,-1,9.5,2],[1,1,2,10.5,10.5,1.5],[1,1,3,0.5,0.5,1]]}";
    assert_true(CALL("growth", "{\"profile\":\"heap.pprof\",\"memory\":\"C\",\"type\":\"inuse_space\",\"limit\":1}", tree));
    assert_string_equal(asked, "GET /api/growth?attachment=heap.pprof&type=inuse_space&memory=C HTTP/1.1");
    expect_answer("{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"per_minute\":9.5,\"error\":2,\"minutes\":60,\"processes\":3,"
                  "\"processes_too_short\":2,\"uploads_skipped\":9,\"warnings\":[\"w\"],\"rows\":[{\"stack\":[\"f\",\"main\"],\"per_"
                  "minute\":10.5,\"error\":1.5}],\"rows_left_out\":1,"
                  "\"uploads_left_out\":4,\"failed_count\":5,\"nodes_left_out\":6}");
}

TEST_IN(call, services) {
    static const char facets[] =
        "{\"facets\":[{\"name\":\"service\",\"values\":[{\"value\":\"shop\",\"count\":12},{\"value\":\"\",\"count\":1}],\"more\":3}]}";
    assert_true(CALL("list_services", "{\"last_minutes\":60}", facets));
    assert_int_equal(strncmp(asked, "GET /api/facets?from=1", 22), 0);
    expect_answer("{\"services\":[{\"service\":\"shop\",\"uploads\":12},{\"service\":\"\",\"uploads\":1}],\"services_left_out\":3}");
    assert_false(CALL("list_services", "{}", "{\"other\":[]}"));
    assert_non_null(strstr(call.text, "not what was expected"));
    assert_false(CALL("list_services", "{\"from\":\"1\",\"last_minutes\":5}", facets));
    assert_false(CALL("list_services", "{\"last_minutes\":\"5\"}", facets));
}

TEST_IN(call, findings_say_what_was_not_looked_at) {
    static const char analysis[] =
        "{\"headline\":\"2 "
        "findings\",\"complete\":false,\"findings_left_out\":40,\"not_looked_at\":[\"x\"],\"findings\":[{\"kind\":\"c_leak\",\"severity\":"
        "\"high\","
        "\"title\":\"t\",\"stack\":[\"malloc\",\"f\"],\"slope_bytes_per_minute\":null,\"series\":[[1,2]]},{\"kind\":\"lock\",\"stack\":[]}]"
        "}";
    assert_true(CALL("findings", "{\"limit\":1}", analysis));
    expect_answer(
        "{\"headline\":\"2 "
        "findings\",\"complete\":false,\"not_looked_at\":[\"x\"],\"findings\":[{\"kind\":\"c_leak\",\"severity\":\"high\",\"title\":\"t\","
        "\"evidence\":null,\"advice\":null,\"bytes_per_minute\":null,\"service\":null,\"host\":null,\"processes\":null,\"site\":null,"
        "\"stack\":[\"malloc\",\"f\"],"
        "\"profile\":null,\"type\":null}],\"findings_left_out\":41}");
}

TEST_IN(call, owners_are_counted) {
    static const char owners[] =
        "{\"is_from_start\":false,\"warnings\":[\"w\"],\"total\":{\"live\":{\"bytes\":9,\"blocks\":2},\"allocated\":{\"blocks\":5},"
        "\"freed\":null},\"owners\":[{\"function\":{\"name\":\"main.a\",\"file\":\"/a.go\"},\"line\":3,\"library\":\"sqlite3\","
        "\"opens\":\"o\",\"closes\":\"c\",\"live\":{\"bytes\":9,\"bytes_error\":4,\"blocks\":2},\"allocated\":{\"blocks\":5},"
        "\"freed\":null}],\"owners_left_out\":7,\"uploads_left_out\":1,\"failed_count\":2}";
    assert_true(CALL("owners", "{\"profile\":\"heap.pprof\",\"limit\":1}", owners));
    assert_string_equal(asked, "GET /api/owners?attachment=heap.pprof&limit=1 HTTP/1.1");
    expect_answer(
        "{\"live_bytes\":9,\"live_blocks\":2,\"allocated_blocks\":5,\"freed_blocks\":null,\"warnings\":[\"w\"],\"rows\":[{\"owner\":"
        "\"main.a\",\"file\":\"/a.go\",\"line\":3,\"library\":\"sqlite3\",\"opens\":\"o\",\"closes\":\"c\",\"live_bytes\":9,"
        "\"live_bytes_error\":4,\"live_blocks\":2,\"allocated_blocks\":5,\"freed_blocks\":null}],\"rows_left_out\":7,"
        "\"uploads_left_out\":1,\"failed_count\":2}");
    assert_false(call_tool("owners", "{}", NULL, 0));
}

TEST_IN(call, an_export_is_an_address) {
    assert_true(call_tool("export", "{\"service\":\"shop\",\"profile\":\"cpu.pprof\",\"format\":\"folded\"}", NULL, 0));
    expect_answer("{\"url\":\"http://127.0.0.1:1/api/profile?service=shop&attachment=cpu.pprof&format=folded\",\"needs_token\":false}");
}

TEST_IN(call, an_export_has_no_secret) {
    static const char *const secrets[] = {"http://h:1/t/secret", "http://user:secret@h:1", "http://secret@h:1/t/secret"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct receiver_address receiver = {.url = secrets[i]};
        json_free(&call.answer);
        call.answer = (struct json){0};
        call.receiver = &receiver;
        call.arguments = "{\"profile\":\"cpu.pprof\"}";
        assert_true(tool_named("export")->run(&call));
        expect_answer("{\"url\":\"http://h:1/api/profile?attachment=cpu.pprof\",\"needs_token\":true}");
    }
}

TEST_IN(call, profiles_beyond_the_limit_are_counted) {
    char types[2000] = "{\"attachments\":[";
    for (int i = 0; i < 18; i++) {
        sprintf(types + strlen(types), "{\"name\":\"p%d\",\"uploads\":%d,\"pprof\":true},", i, i + 1);
    }
    strcat(types, "{\"name\":\"x.json\",\"uploads\":9,\"pprof\":false}],\"types\":[]}");
    assert_true(call_tool("list_profiles", "{}", types, strlen(types)));
    char *text = strndup(call.answer.bytes, call.answer.size);
    assert_non_null(strstr(text, "],\"profiles_left_out\":2}"));
    free(text);
}

static void refuse(const char *name, const char *arguments, const char *why) {
    call.arguments = arguments;
    assert_false(tools_check_arguments(tool_named(name), &call));
    assert_non_null(strstr(call.text, why));
}

TEST_IN(call, unknown_arguments_are_refused) {
    refuse("findings", "{\"limit\":1,\"srvice\":\"shop\"}",
           "there is no argument srvice; there are service, env, version, host, q, from, to, last_minutes, limit");
    refuse("diff", "{\"profile\":\"p\",\"base\":{\"verison\":\"1.4\"}}",
           "there is no argument verison in base; there are service, env, version,");
    refuse("diff", "{\"base\":{\"limit\":1}}", "there is no argument limit in base");
    refuse("top", "{\"base\":{}}", "there is no argument base;");
    refuse("top", "{\"\":1}", "there is no argument ;");
    static const char *const right[] = {"{}", "{\"base\":{\"version\":\"1\",\"q\":\"srvice\"},\"profile\":\"verison\",\"memory\":\"C\"}",
                                        "{\"base\":5}", "{\"base\":[1]}", "{\"base\":null}"}; // those are not of their names
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        call.arguments = right[i];
        assert_true(tools_check_arguments(tool_named("diff"), &call));
    }
}

int main(void) {
    return tests_run();
}
