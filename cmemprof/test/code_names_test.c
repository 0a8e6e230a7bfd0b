// code_names_test.c: mappings of Go's and C's code, and names with and without symbols.

#include "../../base/test/test.h"

#include "../code_names.h"

static const struct module program = {
    .start = 0x400000, .limit = 0x500000, .file_offset = 0x1000, .file = "/bin/program", .build_id = "ab12", .is_program = true};

TEST(go_and_c_have_a_mapping_each) {
    const uintptr_t go = 0x410000;
    struct profile_mapping of_go = code_names_mapping(&program, go, true, false), of_c = code_names_mapping(&program, go, false, false);
    assert_int_equal(of_go.memory_start, 0x400000);
    assert_int_equal(of_go.memory_limit, 0x500000);
    assert_int_equal(of_go.file_offset, 0x1000);
    assert_string_equal(of_go.file, "/bin/program");
    assert_string_equal(of_go.build_id, "ab12");
    assert_true(of_go.has_functions);
    assert_int_equal(of_c.memory_start, 0x400000);
    assert_int_equal(of_c.memory_limit, 0x501000);
    assert_int_equal(of_c.file_offset, 0x1000);
    assert_false(of_c.has_functions);
    // The same two, whether or not all has names.
    of_c = code_names_mapping(&program, go, false, true);
    assert_int_equal(of_c.memory_limit, 0x501000);
    assert_true(of_c.has_functions);
}

TEST(code_without_go_has_one) {
    const uintptr_t elsewhere[] = {0, 0x3fffff, 0x500000};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        assert_int_equal(code_names_mapping(&program, elsewhere[i], false, true).memory_limit, 0x500000);
        assert_true(code_names_mapping(&program, elsewhere[i], false, true).has_functions);
        assert_false(code_names_mapping(&program, elsewhere[i], false, false).has_functions);
    }
}

static const struct profile_sample_view *only_sample(struct profile *profile, const struct profile_line *lines, size_t count) {
    static struct profile_sample_view view;
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    uint32_t location = profile_add_location(profile, 0, 1, lines, count);
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    return &view;
}

TEST(frames_keep_all_they_have) {
    const struct symbol_frame frames[] = {{"inner()", "_Z5innerv", "a.cc", 3, 1}, {"outer", "outer", "b.c", 5, 4}};
    struct profile_line lines[SYMBOL_MAX_INLINED];
    struct profile *profile = profile_new();
    size_t count = code_names_lines(profile, &(struct symbol){frames, 2}, &program, 0x400010, lines);
    assert_int_equal(count, 2);
    const struct profile_sample_view *view = only_sample(profile, lines, count);
    assert_int_equal(view->frame_count, 2);
    assert_string_equal(view->frames[0].function, "inner()");
    assert_string_equal(view->frames[0].file, "a.cc");
    assert_int_equal(view->frames[0].line, 3);
    assert_string_equal(view->frames[1].function, "outer");
    profile_free(profile);
}

TEST(without_a_symbol_the_name_is_file_and_offset) {
    struct profile_line lines[SYMBOL_MAX_INLINED];
    struct profile *profile = profile_new();
    size_t count = code_names_lines(profile, &(struct symbol){0}, &program, 0x400234, lines);
    assert_int_equal(count, 1);
    assert_string_equal(only_sample(profile, lines, count)->frames[0].function, "program+0x1234");
    profile_free(profile);
    profile = profile_new();
    count = code_names_lines(profile, &(struct symbol){0}, NULL, 0x400234, lines);
    assert_string_equal(only_sample(profile, lines, count)->frames[0].function, "unknown+0x400234");
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
