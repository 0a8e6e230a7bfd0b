// flame_png_test.c: a picture's size, and why there is none. Its pixels are compared with the SVG's in e2e/foreign.

#include "../../../base/test/test.h"

#include "../../../merge/merge.h"
#include "../flame_png.h"

// What fontconfig, below cairo, leaves behind is not ours.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig\n";
}

// One stack so deep.
static struct profile *deep_profile(uint32_t depth) {
    struct profile *profile = profile_new();
    uint32_t *stack = malloc(depth * sizeof *stack);
    int64_t value = 7;
    profile_add_sample_type(profile, "space", "bytes");
    for (uint32_t i = 0; i < depth; i++) {
        char name[32];
        snprintf(name, sizeof name, "f\xff\x01\xef\xbf\xbf\xef\xb7\x90\xf0\x9f\xbf\xbe%u",
                 i); // no UTF-8, noncharacters: drawn all the same
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = "a.c"});
        stack[i] = profile_add_location(profile, 0, 0, &(struct profile_line){function, 1, 0}, 1);
    }
    profile_add_sample(profile, stack, depth, &value, NULL, 0);
    free(stack);
    return profile;
}

static const char *draw(uint32_t depth, const char *library, struct json *file) {
    struct profile *profile = deep_profile(depth);
    struct tree tree = {0};
    assert_int_equal(tree_build(profile, &(struct tree_options){.base_type_index = -1}, &tree), MERGE_OK);
    const struct export_tree of = {&tree, "space", "bytes", "t\xfft\xef\xbf\xbele"};
    const char *fault = flame_png(&of, library, file);
    tree_free(&tree);
    profile_free(profile);
    return fault;
}

static uint32_t number_at(const struct json *file, size_t at) {
    const unsigned char *b = (const unsigned char *)file->bytes + at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

TEST(size) {
    struct json file;
    const char *fault = draw(3, flame_png_library, &file);
    assert_null(fault);
    assert_memory_equal(file.bytes, "\x89PNG\r\n\x1a\n", 8);
    assert_int_equal(number_at(&file, 16), 1200);
    assert_int_equal(number_at(&file, 20), 40 + 4 * 17 + 10); // the whole, and three frames
    json_free(&file);
}

TEST(no_library) {
    struct json file;
    const char *fault = draw(3, "libno-such.so.2", &file);
    assert_non_null(fault);
    assert_non_null(strstr(fault, "libcairo2"));
    assert_non_null(strstr(fault, "libno-such.so.2"));
    assert_non_null(strstr(fault, "--to svg"));
    fault = draw(3, "libc.so.6", &file);
    assert_non_null(strstr(fault, "has no cairo_image_surface_create"));
}

TEST(too_high) {
    struct json file;
    assert_null(draw(1923 - 1, flame_png_library, &file));
    json_free(&file);
    const char *fault = draw(1930, flame_png_library, &file);
    assert_non_null(strstr(fault, "pixels high"));
}

int main(void) {
    return tests_run();
}
