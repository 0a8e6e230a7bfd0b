// base_path_test.c: a base path is taken off paths and put into the page; what cannot be one.

#include "../../../base/test/test.h"

#include "../base_path.h"

TEST(what_cannot_be_one) {
    static const char *const bad[] = {
        "profiles", "",   "//",  "/a//b", "/../x",          "/a/..",    "/a b",         "/a\"",  "/a?b",     "/<",     "/api",
        "/api/x",   "/t", "/t/", "/v0.4", "/v1development", "/profile", "/profiling/x", "/info", "/healthz", "/readyz"};
    char text[BASE_PATH_BYTES + 1];
    struct base_path base = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!base_path_open(&base, bad[i])) {
            fail_msg("%s is taken", bad[i]);
        }
        assert_string_equal(base.text, "");
    }
    memset(text, 'a', sizeof text);
    text[0] = '/';
    text[sizeof text - 1] = '\0';
    assert_non_null(base_path_open(&base, text));
    text[sizeof text - 2] = '\0';
    assert_null(base_path_open(&base, text));
    base_path_close(&base);
}

TEST(none) {
    static const char *const none[] = {NULL, "/"};
    for (size_t i = 0; i < 2; i++) {
        struct base_path base = {0};
        assert_null(base_path_open(&base, none[i]));
        assert_string_equal(base_path_strip(&base, "/api/uploads"), "/api/uploads");
        assert_ptr_equal(base_path_asset(&base, "/profile"), asset_find("/profile"));
        base_path_close(&base);
    }
}

TEST(paths) {
    static const char *const cases[][2] = {
        {"/profiles", "/"},
        {"/profiles/", "/"},
        {"/profiles/api/uploads", "/api/uploads"},
        {"/profiles/t/TOKEN/x", "/t/TOKEN/x"},
        {"/api/uploads", "/api/uploads"},
        {"/profilesx", "/profilesx"},
        {"/profile/7", "/profile/7"},
        {"/profiles/profiles/x", "/profiles/x"},
        {"", ""},
        {"/", "/"},
        {"/Profiles/x", "/Profiles/x"},
    };
    static const char *const written[] = {"/profiles", "/profiles/"};
    for (size_t w = 0; w < 2; w++) {
        struct base_path base = {0};
        assert_null(base_path_open(&base, written[w]));
        assert_string_equal(base.text, "/profiles");
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            assert_string_equal(base_path_strip(&base, cases[i][0]), cases[i][1]);
        }
        base_path_close(&base);
    }
}

static size_t count(const char *text, const char *of) {
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, of)); at++) {
        found++;
    }
    return found;
}

TEST(page) {
    struct base_path base = {0};
    const struct asset *plain = asset_find("/");
    assert_null(base_path_open(&base, "/a/b"));
    const struct asset *page = base_path_asset(&base, "/profile/7");
    const char *text = (const char *)page->bytes;
    assert_int_equal(strlen(text), page->end - page->bytes);
    assert_int_equal(count(text, "<html data-base=\"/a/b\" "), 1);
    assert_true(count(text, "=\"/a/b/") >= 3); // the script, the style, the icon
    assert_int_equal(count(text, "=\"/a/b/"), count((const char *)plain->bytes, "=\"/"));
    assert_int_equal(count(text, "=\"/"), count(text, "=\"/a/b/") + 1);
    assert_null(page->gzip);
    assert_string_not_equal(page->hash, plain->hash);
    assert_ptr_equal(base_path_asset(&base, "/page.js"), asset_find("/page.js"));
    assert_null(base_path_asset(&base, "/nothing"));
    base_path_close(&base);
}

int main(void) {
    return tests_run();
}
