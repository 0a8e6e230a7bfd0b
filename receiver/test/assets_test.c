// assets_test.c: the program carries the files of receiver/web/ byte for byte, and the page asks for no other.
#include "http.h"

#include "../assets.h"

static void test_bytes(void **state) {
    (void)state;
    static const char *const files[] = {"index.html", "style.css", "icon.svg", "page.js", "flamegraph.js", "functions.js", "format.js"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[80], bytes[65536];
        snprintf(path, sizeof path, "/%s", i == 0 ? "" : files[i]);
        const struct asset *asset = asset_find(path);
        assert_non_null(asset);
        snprintf(path, sizeof path, "receiver/web/%s", files[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        assert_int_equal(asset->end - asset->bytes, size);
        assert_memory_equal(asset->bytes, bytes, size);
        assert_true(size > 100);
    }
    static const char *const none[] = {"", "/index.html", "//", "/page.js/", "/../receiver.c", "/PAGE.JS"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_null(asset_find(none[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
