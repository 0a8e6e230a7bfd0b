// xml_test.c: escapes, and what XML does not allow.

#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "../xml.h"

static void check(const char *text, size_t size, const char *expected) {
    char *bytes;
    size_t written;
    FILE *out = open_memstream(&bytes, &written);
    xml_put(text, size, out);
    fclose(out);
    assert_string_equal(bytes, expected);
    free(bytes);
}
#define CHECK(text, expected) check(text, sizeof text - 1, expected)

TEST(escapes) {
    CHECK("a<b> & \"c\"", "a&lt;b&gt; &amp; &quot;c&quot;");
    CHECK("h\xc3\xbcte\n\tend", "h\xc3\xbcte\n\tend");
    CHECK("", "");
}

TEST(not_allowed) {
    CHECK("a\x01z", "a\xef\xbf\xbdz");
    CHECK("a\0z", "a\xef\xbf\xbdz");
    CHECK("\xff", "\xef\xbf\xbd");
    CHECK("\xef\xbf\xbe", "\xef\xbf\xbd");
    CHECK("\xef\xb7\x90", "\xef\xbf\xbd");
    CHECK("\xef\xbf\xbd", "\xef\xbf\xbd");
    CHECK("\xc3", "\xef\xbf\xbd"); // cut
}

int main(void) {
    return tests_run();
}
