// json_test.c: escapes, commas, and invalid UTF-8.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../json.h"

static void expect_text(const char *bytes, size_t size, const char *written) {
    struct json json = {0};
    json_text_n(&json, bytes, size);
    assert_int_equal(json.size, strlen(written));
    assert_memory_equal(json.bytes, written, json.size);
    json_free(&json);
}

TEST(text) {
    expect_text("", 0, "\"\"");
    expect_text("plain", 5, "\"plain\"");
    expect_text("a\"b\\c\nd\te\0f", 11, "\"a\\\"b\\\\c\\nd\\u0009e\\u0000f\"");
    expect_text("\x7f\x1f", 2, "\"\\u007f\\u001f\"");
    expect_text("</script>", 9, "\"</script>\"");
    expect_text("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    // A lone tail, a cut sequence, overlong forms, a surrogate, above U+10FFFF: each byte becomes U+FFFD.
    static const char *const bad[] = {"\x80", "\xc3", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expected[32] = "\"";
        for (size_t j = 0; j < strlen(bad[i]); j++) {
            strcat(expected, "\xef\xbf\xbd");
        }
        strcat(expected, "\"");
        expect_text(bad[i], strlen(bad[i]), expected);
    }
}

TEST(structure) {
    struct json json = {0};
    json_object_begin(&json);
    json_key(&json, "a");
    json_array_begin(&json);
    json_number(&json, INT64_MIN);
    json_number(&json, 0);
    json_array_begin(&json);
    json_array_end(&json);
    json_object_begin(&json);
    json_object_end(&json);
    json_array_end(&json);
    json_key(&json, "b");
    json_bool(&json, true);
    json_key(&json, "c");
    json_text(&json, NULL);
    json_object_end(&json);
    static const char expected[] = "{\"a\":[-9223372036854775808,0,[],{}],\"b\":true,\"c\":null}";
    assert_int_equal(json.size, sizeof expected - 1);
    assert_memory_equal(json.bytes, expected, json.size);
    assert_false(json_failed(&json));
    json_free(&json);
}

TEST(members) {
    struct json json = {0};
    json_object_begin(&json);
    json_member_text(&json, "a", "x");
    json_member_text(&json, "b", NULL);
    json_member_number(&json, "c", -7);
    json_member_raw(&json, "d", "[1]x", 3);
    json_object_end(&json);
    static const char expected[] = "{\"a\":\"x\",\"b\":null,\"c\":-7,\"d\":[1]}";
    assert_int_equal(json.size, sizeof expected - 1);
    assert_memory_equal(json.bytes, expected, json.size);
    json_free(&json);
}

int main(void) {
    return tests_run();
}
