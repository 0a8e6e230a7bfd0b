// export_svg_test.c: flame graphs as pictures. Whether Chromium draws them is tested in e2e/page.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../export.h"

static char *draw(struct profile *profile) {
    struct json file = {0};
    assert_int_equal(export_write(profile, NULL, EXPORT_SVG, "a & b", &file), RECEIVER_OK);
    char *text = strndup(file.bytes, file.size);
    json_free(&file);
    profile_free(profile);
    return text;
}

static size_t count(const char *text, const char *piece) {
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, piece)); at++) {
        found++;
    }
    return found;
}

TEST(frames_are_as_wide_as_their_total) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("g<int> /b.c", "f /a.c"), VALUES(0, 0, 1, 750), false);
    add_stack(profile, FRAMES("h /b.c"), VALUES(0, 0, 1, 250), false);
    char *text = draw(profile);
    assert_non_null(strstr(text, "<title>a &amp; b: 1.00 kB, 100.00 %</title><rect x=\"10.00\" y=\"40\" width=\"1180.00\""));
    assert_non_null(strstr(text, "<title>f: 750 B, 75.00 %</title><rect x=\"10.00\" y=\"57\" width=\"885.00\""));
    assert_non_null(strstr(text, "<title>g&lt;int&gt;: 750 B, 75.00 %</title><rect x=\"10.00\" y=\"74\" width=\"885.00\""));
    assert_non_null(strstr(text, "<title>h: 250 B, 25.00 %</title><rect x=\"895.00\" y=\"57\" width=\"295.00\""));
    assert_int_equal(count(text, "<g>"), 4);
    assert_int_equal(count(text, "</g>"), 4);
    assert_string_equal(text + strlen(text) - 7, "</svg>\n");
    free(text);
}

TEST(what_cannot_be_seen_is_not_drawn) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("f /a.c"), VALUES(0, 0, 1, 1000000), false);
    add_stack(profile, FRAMES("g /a.c", "h /a.c"), VALUES(0, 0, 1, 10), false);
    add_stack(profile, FRAMES("k /a.c"), VALUES(0, 0, 1, -5), false);
    char *text = draw(profile);
    assert_int_equal(count(text, "<g>"), 2);
    free(text);
}

TEST(names_are_valid_and_cut) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("bad\xff\x01name /a.c"), VALUES(0, 0, 1, 990), false);
    add_stack(profile, FRAMES("a_very_long_name_that_does_not_fit /a.c"), VALUES(0, 0, 1, 60), false);
    char *text = draw(profile);
    assert_non_null(strstr(text, "<title>bad\xef\xbf\xbd\xef\xbf\xbdname: 990 B"));
    assert_non_null(strstr(text, ">a_very_l\xe2\x80\xa6</text>"));
    free(text);
}

int main(void) {
    return tests_run();
}
