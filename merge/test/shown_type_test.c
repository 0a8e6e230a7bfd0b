// Tests of shown_type.c: default types for the profiles of real clients, and for empty ones.

#include "../../base/test/test.h"

#include "sample_profile.h"

// Types "a b c", one value each; struct profile and struct totals must choose the same.
static void expect_shown(const char *types, const char *own_default, const int64_t *values, const char *want) {
    struct profile *profile = profile_new();
    char text[200], *rest = text;
    snprintf(text, sizeof text, "%s", types);
    for (char *type; (type = strtok_r(NULL, " ", &rest));) {
        profile_add_sample_type(profile, type, "bytes");
    }
    if (own_default) {
        set_default_type(profile, own_default);
    }
    profile_add_sample(profile, NULL, 0, values, NULL, 0);
    assert_string_equal(profile_sample_type_name(profile, (size_t)profile_shown_type(profile)), want);
    uint8_t *bytes;
    size_t size;
    struct totals *totals = malloc(sizeof *totals);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    assert_int_equal(totals_read(bytes, size, NULL, totals, NULL), MERGE_OK);
    assert_string_equal(totals_shown_type(totals)->name, want);
    profile_free(profile);
    free(totals);
    free(bytes);
}

TEST(of_real_clients) {
    // ddtrace 4: pprof's default is the last type, which is 0 on a machine without a GPU.
    expect_shown("cpu-time heap-space gpu-flops-samples", NULL, (int64_t[]){5, 7, 0}, "heap-space");
    expect_shown("cpu-time heap-space gpu-flops-samples", NULL, (int64_t[]){5, 0, 0}, "cpu-time");
    expect_shown("cpu-samples cpu-time", NULL, (int64_t[]){5, 7}, "cpu-time");
    expect_shown("objects space", NULL, (int64_t[]){5, 7}, "space"); // dd-trace-js 3 to 5.40
    expect_shown("alloc_objects alloc_space inuse_objects inuse_space", "inuse_space", (int64_t[]){1, 2, 3, 4}, "inuse_space");
    expect_shown("alloc_objects alloc_space inuse_objects inuse_space", "inuse_space", (int64_t[]){1, 2, 0, 0}, "alloc_space");
    expect_shown("samples cpu", NULL, (int64_t[]){1, 0}, "samples");
    expect_shown("contentions delay", "contentions", (int64_t[]){1, 2}, "contentions");
}

TEST(what_holds_nothing_has_one_all_the_same) {
    expect_shown("samples cpu", NULL, (int64_t[]){0, 0}, "cpu");
    expect_shown("alloc_space inuse_space cpu", NULL, (int64_t[]){0, 0, 0}, "inuse_space");
    struct profile *profile = profile_new();
    assert_int_equal(profile_shown_type(profile), -1);
    profile_free(profile);
    struct totals *totals = calloc(1, sizeof *totals);
    assert_null(totals_shown_type(totals));
    free(totals);
}

// A total of 0 may come from non-zero values, as in the difference of two profiles.
TEST(values_that_cancel) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_space", "bytes");
    profile_add_sample_type(profile, "other", "bytes");
    profile_add_sample(profile, NULL, 0, (int64_t[]){5, 1}, NULL, 0);
    struct profile_label label = {"key", "value", 0, ""};
    profile_add_sample(profile, NULL, 0, (int64_t[]){-5, 1}, &label, 1);
    assert_int_equal(profile_shown_type(profile), 0);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
