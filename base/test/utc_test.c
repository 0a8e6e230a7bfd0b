// utc_test.c: moments behind and before 1970.

#include "test.h"

#include <string.h>

#include "../utc.h"

static void assert_utc(int64_t unix_ms, const char *expected) {
    char text[UTC_TEXT_BYTES];
    utc_text(unix_ms, text);
    assert_string_equal(text, expected);
}

TEST(moments) {
    assert_utc(0, "1970-01-01T00:00:00.000Z");
    assert_utc(1771156799042, "2026-02-15T11:59:59.042Z");
    assert_utc(-1, "1969-12-31T23:59:59.999Z");
    assert_utc(-1000, "1969-12-31T23:59:59.000Z");
}

// As far as milliseconds reach: cut or whole, but never beyond the text.
TEST(far_moments) {
    char text[UTC_TEXT_BYTES];
    utc_text(INT64_MAX, text);
    assert_non_null(strstr(text, ".807Z"));
    utc_text(INT64_MIN, text);
    assert_non_null(strstr(text, ".192Z"));
}

int main(void) {
    return tests_run();
}
