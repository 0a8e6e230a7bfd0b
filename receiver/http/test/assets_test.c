// assets_test.c: the program embeds the bundle of the page byte for byte.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../assets.h"

#include <libdeflate.h>

TEST(bytes) {
    static const struct {
        const char *path, *file;
    } files[] = {
        {"/", "index.html"},          {"/profile", "index.html"},    {"/compare", "index.html"}, {"/icon.svg", "icon.svg"},
        {"/page.css", "page.css"},    {"/page.js", "page.js"},       {"/later.js", "later.js"},  {"/chunk.js", "chunk.js"},
        {"/favicon.ico", "icon.svg"}, {"/profile/12", "index.html"},
    };
    static char bytes[2 << 20];
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const struct asset *asset = asset_find(files[i].path);
        assert_non_null(asset);
        char path[80];
        snprintf(path, sizeof path, "build/web/%s", files[i].file);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        assert_true(size < sizeof bytes);
        assert_int_equal(asset->end - asset->bytes, size);
        assert_memory_equal(asset->bytes, bytes, size);
        assert_true(size > 100);
        size_t gzip = (size_t)(asset->gzip_end - asset->gzip), packed = gzip;
        assert_true(gzip < size);
        assert_int_equal(libdeflate_gzip_decompress(decompressor, asset->gzip, packed, bytes, sizeof bytes, &packed), LIBDEFLATE_SUCCESS);
        assert_int_equal(packed, size);
        assert_memory_equal(asset->bytes, bytes, size);
        assert_true(asset->brotli < asset->brotli_end);
        assert_true((size_t)(asset->brotli_end - asset->brotli) < gzip);
        assert_int_equal(strlen(asset->hash), 16);
        assert_int_equal(strspn(asset->hash, "0123456789abcdef"), 16);
    }
    libdeflate_free_decompressor(decompressor);
    static const char *const none[] = {"",         "/index.html", "//",        "/page.js/",    "/../receiver.c",
                                       "/PAGE.JS", "/main.ts",    "/profile/", "/profile/1/2", "/page.js.gz"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_null(asset_find(none[i]));
    }
}

int main(void) {
    return tests_run();
}
