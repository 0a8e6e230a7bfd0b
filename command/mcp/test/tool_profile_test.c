// tool_profile_test.c: arguments of top and source that are refused, and answers that are no profile. Profiles hold bytes that the loopback
// server cannot send: e2e/command compares answers with `cmemprof top`.

#include "../../../base/test/test.h"

#include "../../../merge/merge.h"
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

static bool give_profile(void *context, const char *path, const char *asked_for, char **bytes, size_t *size, char *text, size_t text_size) {
    struct merge_budget *of_answer = merge_use_budget(NULL);
    struct profile *profile = profile_new();
    uint8_t *encoded;
    (void)context, (void)path, (void)asked_for, (void)text, (void)text_size;
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "function%d", i);
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = ""});
        uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, 7, 0}, 1);
        profile_add_sample(profile, &location, 1, &(int64_t){1}, NULL, 0);
    }
    assert_int_equal(profile_encode(profile, MERGE_GZIP, &encoded, size), MERGE_OK);
    profile_free(profile);
    *bytes = malloc(*size + 1);
    memcpy(*bytes, encoded, *size);
    free(encoded);
    merge_use_budget(of_answer);
    return true;
}

// The receiver gives its answers a budget of memory: a profile that does not fit is said to be too large, and leaves nothing.
TEST_IN(call, budgets) {
    const struct receiver_inside inside = {NULL, give_profile, "http://127.0.0.1:1", false};
    const struct receiver_address receiver = {.url = inside.url, .inside = &inside};
    static const char *const arguments[] = {"{\"profile\":\"p\"}", "{\"profile\":\"p\",\"function\":\"function7\"}"};
    static const char *const names[] = {"top", "source"};
    for (int i = 0; i < 4; i++) {
        struct merge_budget budget = {.limit_bytes = i < 2 ? 16 << 20 : 50000};
        call.receiver = &receiver;
        call.arguments = arguments[i % 2];
        struct merge_budget *before = merge_use_budget(&budget);
        bool ok = tool_named(names[i % 2])->run(&call);
        merge_use_budget(before);
        json_free(&call.answer);
        assert_int_equal(ok, i < 2);
        assert_int_equal(budget.used_bytes, 0);
    }
    assert_string_equal(call.text, "the receiver's profile cannot be read: it needs more memory than --view-memory allows; select less");
}

int main(void) {
    return tests_run();
}
