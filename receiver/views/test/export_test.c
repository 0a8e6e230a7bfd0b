// export_test.c: formats have names; profiles as pprof and OTLP; the choice of samples. The other formats are in tests of their own.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../../../otlp/otlp.h"
#include "../export.h"

static struct profile *new_profile(void) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("malloc /c/malloc.c", "main.a /a.go"), VALUES(1, 10, 1, 100), true);
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, 10, 1, 30), false);
    return profile;
}

static enum merge_error take(void *context, const struct otlp_profile *profile) {
    size_t *types = context;
    assert_string_equal(profile->file, "heap");
    *types += profile_sample_type_count(profile->profile);
    return MERGE_OK;
}

TEST(formats_have_names) {
    for (enum export_format format = 0; format < EXPORT_FORMATS; format++) {
        assert_int_equal(export_named(export_names[format]), format);
        assert_int_equal(*export_suffix(format), '.');
    }
    assert_int_equal(export_named("png"), EXPORT_FORMATS);
    assert_null(export_names[EXPORT_FORMATS]);
}

TEST(whole_profiles_have_all_types) {
    struct profile *profile = new_profile(), *copy = profile_new();
    struct json file;
    size_t profiles, types = 0;
    assert_int_equal(export_write(profile, NULL, EXPORT_PPROF, "heap", &file), RECEIVER_OK);
    assert_int_equal(profile_decode(copy, file.bytes, file.size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_sample_type_count(copy), 4);
    json_free(&file);
    assert_int_equal(export_write(profile, NULL, EXPORT_OTLP, "heap", &file), RECEIVER_OK);
    assert_int_equal(otlp_decode(file.bytes, file.size, NULL, take, &types, &profiles, NULL), MERGE_OK);
    assert_int_equal(types, 4);
    json_free(&file);
    profile_free(copy);
    profile_free(profile);
}

TEST(samples_can_be_chosen) {
    struct profile *profile = new_profile();
    struct tree_label label = {"memory", "C"};
    struct tree_options options = {.type_index = 1, .base_type_index = -1, .labels = &label, .label_count = 1};
    struct json file;
    assert_int_equal(export_write(profile, &options, EXPORT_FOLDED, "heap", &file), RECEIVER_OK);
    assert_int_equal(file.size, strlen("main.a;malloc 10\n"));
    assert_memory_equal(file.bytes, "main.a;malloc 10\n", file.size);
    json_free(&file);
    assert_int_equal(export_write(profile, NULL, EXPORT_FOLDED, "heap", &file), RECEIVER_OK); // inuse_space
    assert_memory_equal(file.bytes, "main.a 30\nmain.a;malloc 100\n", file.size);
    json_free(&file);
    profile_free(profile);
}

TEST(nothing_is_a_file_of_nothing) {
    struct profile *profile = new_heap_profile();
    for (enum export_format format = 0; format < EXPORT_FORMATS; format++) {
        struct json file = {0};
        assert_int_equal(export_write(profile, NULL, format, "heap", &file), RECEIVER_OK);
        json_free(&file);
    }
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
