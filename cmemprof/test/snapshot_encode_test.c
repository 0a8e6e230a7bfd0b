// snapshot_encode_test.c: what a profile says of a sample: names, files, label, mapping, and the profiler's own figures. This program is
// hooked.

#include "own_profile.h"

#include <stdio.h>

#include "hundreds.h"
#include "sampling.h"

static void stacks_end_in_main_and_carry_the_label(void **state) {
    (void)state;
    allocate_hundreds(1);
    struct profile *profile = take_profile();
    bool seen = false;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_int_equal(view.label_count, 1);
        assert_string_equal(view.labels[0].key, "memory");
        assert_string_equal(view.labels[0].text, "C");
        if (view.values[2] > 0 && strcmp(view.frames[0].function, "allocate_hundreds") == 0) { // of this test: the others freed theirs
            seen = true;
            assert_non_null(strstr(view.frames[0].file, "hundreds.h"));
            assert_string_equal(view.frames[1].function, "stacks_end_in_main_and_carry_the_label");
            bool in_main = false;
            for (size_t frame = 0; frame < view.frame_count; frame++) {
                in_main |= strcmp(view.frames[frame].function, "main") == 0;
                assert_string_not_equal(view.frames[frame].mapping_file, "");
            }
            assert_true(in_main);
        }
    }
    assert_true(seen);
    profile_free(profile);
    free(kept[0]);
}

// Names come from another language: offsets that lie outside of the text must give empty names and no more.
static void wrong_go_names_are_survived(void **state) {
    (void)state;
    cmemprof_set_go_text((uintptr_t)allocate_hundreds, (uintptr_t)allocate_hundreds + 64);
    allocate_hundreds(1);
    const uintptr_t *pcs;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    size_t count = cmemprof_snapshot_go_pcs(snapshot, &pcs);
    assert_true(count >= 1);
    uint32_t frame_counts[16] = {1};
    struct cmemprof_go_frame frame = {
        .function_offset = 3, .function_length = 1000000, .file_offset = UINT32_MAX, .file_length = UINT32_MAX};
    struct cmemprof_go_names names = {frame_counts, 1, &frame, 1, "text", 4};
    uint8_t *bytes;
    size_t size;
    assert_int_equal(cmemprof_snapshot_encode(snapshot, &names, &bytes, &size), CMEMPROF_OK);
    free(bytes);
    frame_counts[0] = 2; // more frames than there are
    assert_int_equal(cmemprof_snapshot_encode(snapshot, &names, &bytes, &size), CMEMPROF_BAD_NAMES);
    cmemprof_snapshot_free(snapshot);
    cmemprof_set_go_text(0, 0);
    free(kept[0]);
}

// The figures go into the profile as a comment, which is text in the raw bytes.
static void the_profile_has_the_profiler_s_own_figures(void **state) {
    (void)state;
    allocate_hundreds(3);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    uint8_t *bytes;
    size_t size;
    assert_int_equal(cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size), CMEMPROF_OK);
    char expected[200];
    snprintf(expected, sizeof expected, "cmemprof: samples=%llu emitted=%llu lost_stacks=%llu lost_shards=%llu ",
             (unsigned long long)snapshot->stats.samples, (unsigned long long)emitted_of(snapshot),
             (unsigned long long)snapshot->stats.lost_stacks, (unsigned long long)snapshot->stats.lost_shards);
    assert_true(snapshot->stats.samples >= 3 && adds_up(snapshot));
    assert_non_null(memmem(bytes, size, expected, strlen(expected)));
    static const char *const figures[] = {
        "lost_live",        "reclaimed_stacks", "reclaimed_samples", "unsampled_nested",  "live",           "stacks",
        "own_bytes",        "limit_bytes",      "cut_no_rule",       "cut_unsupported",   "cut_unreadable", "cut_depth",
        "unwind_fallbacks", "sampling_ns",      "dropped_percent",   "unfollowed_percent"};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        snprintf(expected, sizeof expected, " %s=", figures[i]);
        assert_non_null(memmem(bytes, size, expected, strlen(expected)));
    }
    free(bytes);
    cmemprof_snapshot_free(snapshot);
    for (int i = 0; i < 3; i++) {
        free(kept[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stacks_end_in_main_and_carry_the_label, start_all, stop),
        cmocka_unit_test_setup_teardown(wrong_go_names_are_survived, start_all, stop),
        cmocka_unit_test_setup_teardown(the_profile_has_the_profiler_s_own_figures, start_all, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
