// tool_profile_test.c: arguments of top and source that are refused, and answers that are no profile. Profiles hold bytes that the loopback
// server cannot send: e2e/command compares answers with `cmemprof top`.

#include "../../../base/test/test.h"

#include "tool_fixture.h"

static void refuse(const char *name, const char *arguments, const char *why) {
    assert_false(call_tool(name, arguments, NULL, 0));
    if (!strstr(call.text, why)) {
        fail_msg("%s, not %s", call.text, why);
    }
}

TEST_IN(call, refused) {
    refuse("top", "{\"by\":\"colour\"}", "by cannot be colour");
    refuse("top", "{\"memory\":\"Java\"}", "memory cannot be Java");
    refuse("top", "{\"focus\":\"(\"}", "focus is no POSIX extended regular expression: ");
    refuse("top", "{\"focus\":\"(a+)+\"}", "focus: *, + and ? repeat one character");
    refuse("top", "{\"profile\":1}", "profile must be a string");
    refuse("source", "{\"profile\":\"p\"}", "function is missing");
    refuse("top", "{\"profile\":\"p\"}", "the receiver's /api/profile: ");
    refuse("top", "{}", "the receiver's /api/types: ");
}

TEST_IN(call, no_profile) {
    assert_false(call_tool("top", "{\"profile\":\"p\",\"type\":\"cpu\"}", "<html>", 6));
    assert_string_equal(asked, "GET /api/profile?attachment=p&type=cpu HTTP/1.1");
    assert_non_null(strstr(call.text, "the receiver's profile cannot be read: "));
    static const char types[] = "{\"attachments\":[{\"name\":\"metrics.json\",\"uploads\":1,\"pprof\":false}]}";
    assert_false(call_tool("top", "{}", types, sizeof types - 1));
    assert_non_null(strstr(call.text, "no upload of this selection has a profile"));
}

int main(void) {
    return tests_run();
}
