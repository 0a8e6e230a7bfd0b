// Tests of view.c: frames with names in the right order, inlining, labels, sample types by name.

#include "../../base/test/test.h"

#include "sample_profile.h"

TEST(frames_and_labels) {
    struct profile *profile = sample_profile();
    struct profile_sample_view view;
    assert_int_equal(profile_sample_count(profile), 3);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    const struct profile_frame want[] = {{"leaf", "a.c", 10, 0x100, "/bin/program", "feed", false, false},
                                         {"inlined", "b.h", 3, 0x200, "/bin/program", "feed", true, false},
                                         {"outer", "b.c", 8, 0x200, "/bin/program", "feed", false, false},
                                         {"main", "a.c", 10, 0x300, "/bin/program", "feed", false, false}};
    assert_int_equal(view.frame_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(view.frames[i].function, want[i].function);
        assert_string_equal(view.frames[i].file, want[i].file);
        assert_string_equal(view.frames[i].mapping_file, want[i].mapping_file);
        assert_string_equal(view.frames[i].build_id, want[i].build_id);
        assert_int_equal(view.frames[i].line, want[i].line);
        assert_int_equal(view.frames[i].file_offset, want[i].file_offset);
        assert_int_equal(view.frames[i].inlined, want[i].inlined);
    }
    assert_int_equal(view.label_count, 2);
    for (int i = 0; i < 2; i++) {
        if (view.labels[i].text) {
            assert_string_equal(view.labels[i].key, "thread");
            assert_string_equal(view.labels[i].text, "t1");
        } else {
            assert_string_equal(view.labels[i].key, "size");
            assert_int_equal(view.labels[i].number, 64);
            assert_string_equal(view.labels[i].unit, "bytes");
        }
    }
    assert_int_equal(profile_sample_without_frames(profile, 0, &view), MERGE_OK);
    assert_int_equal(view.frame_count, 0);
    assert_int_equal(view.label_count, 2);
    assert_int_equal(view.values[0], 100);
    assert_int_equal(profile_sample_without_frames(profile, 3, &view), MERGE_NOT_FOUND);
    assert_int_equal(profile_sample_at(profile, 1, &view), MERGE_OK);
    assert_string_equal(view.frames[0].function, ""); // an unsymbolized address
    assert_int_equal(view.frames[0].file_offset, 0x400);
    assert_int_equal(profile_sample_at(profile, 2, &view), MERGE_OK);
    assert_string_equal(view.frames[0].mapping_file, "");
    assert_int_equal(profile_sample_at(profile, 3, &view), MERGE_NOT_FOUND);
    assert_int_equal(view.frame_count, 0);
    profile_free(profile);
}

// An unsymbolized address is identified by its file offset, which does not depend on the load address.
TEST(place_in_the_file) {
    static const uint64_t starts[] = {0x400000, 0x7f0000000000};
    for (size_t i = 0; i < 2; i++) {
        struct profile *profile = profile_new();
        assert_non_null(profile);
        profile_add_sample_type(profile, "inuse_space", "bytes");
        uint32_t library = profile_add_mapping(
            profile, &(struct profile_mapping){
                         .memory_start = starts[i], .memory_limit = starts[i] + 0x1000, .file_offset = 0x2000, .file = "x.so"});
        uint32_t inside = profile_add_location(profile, library, starts[i] + 0x123, NULL, 0);
        uint32_t before = profile_add_location(profile, library, 0x99, NULL, 0);
        uint32_t nowhere = profile_add_location(profile, 0, 0x7777, NULL, 0);
        profile_add_sample(profile, (uint32_t[]){inside, before, nowhere}, 3, (int64_t[]){1}, NULL, 0);
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
        assert_int_equal(view.frames[0].file_offset, 0x2123);
        assert_int_equal(view.frames[1].file_offset, 0x99);
        assert_int_equal(view.frames[2].file_offset, 0x7777);
        profile_free(profile);
    }
}

TEST(types) {
    struct profile *profile = sample_profile();
    assert_string_equal(profile_sample_type_name(profile, 1), "inuse_space");
    assert_string_equal(profile_sample_type_unit(profile, 1), "bytes");
    assert_string_equal(profile_sample_type_name(profile, 2), "");
    assert_int_equal(profile_sample_type_index(profile, "alloc_space"), 0);
    assert_int_equal(profile_sample_type_index(profile, "none"), -1);
    assert_int_equal(profile_sample_type_index(profile, NULL), 1);
    set_default_type(profile, "alloc_space");
    assert_int_equal(profile_sample_type_index(profile, ""), 0);
    set_default_type(profile, "not there");
    assert_int_equal(profile_sample_type_index(profile, NULL), 1);
    profile_free(profile);
}

// A function with only a mangled name.
TEST(system_name_stands_in) {
    struct profile *profile = profile_new();
    uint32_t function = profile_add_function(profile, &(struct profile_function){.system_name = "_Zf"});
    uint32_t location = profile_add_location(profile, 0, 1, &(struct profile_line){function, 0, 0}, 1);
    profile_add_sample_type(profile, "a", "count");
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
    assert_non_null(values_of(profile, "_Zf"));
    profile_free(profile);
}

TEST(go_code_is_distinguished_from_c) {
    static const struct {
        const char *function, *file;
        bool is_go;
    } cases[] = {
        {"main.main", "/src/main.go", true},
        {"runtime.asmcgocall", "/go/asm_amd64.s", true},
        {"crosscall2", "/go/cgo/asm_amd64.s", true},
        {"_cgoexp_0f3b_callback", "_cgo_gotypes.go", true},
        {"type:.eq.net/http.connectMethodKey", "<autogenerated>", true},
        {"_sqlite3_step", "/src/sqlite3.go", false}, // C code in the cgo preamble
        {"sqlite3Malloc", "/src/sqlite3.c", false},
        {"", "", false},
        {"std::sort", "/usr/include/c++/12/algo", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile_frame frame = {.function = cases[i].function, .file = cases[i].file};
        assert_int_equal(profile_frame_is_go(&frame), cases[i].is_go);
    }
}

TEST(c_memory_is_recognized_by_its_label) {
    const struct profile_label labels[] = {
        {"bytes", NULL, 64, ""}, {"memory", "C", 0, ""}, {"memory", "other", 0, ""}, {"memory", NULL, 1, ""}};
    assert_true(profile_sample_is_c(&(struct profile_sample_view){.labels = labels, .label_count = 2}));
    assert_false(profile_sample_is_c(&(struct profile_sample_view){.labels = labels, .label_count = 1}));
    assert_false(profile_sample_is_c(&(struct profile_sample_view){.labels = labels + 2, .label_count = 2}));
    assert_false(profile_sample_is_c(&(struct profile_sample_view){.labels = NULL}));
    assert_true(profile_sample_has_label(&(struct profile_sample_view){.labels = labels, .label_count = 2}, "memory", "C"));
    assert_false(profile_sample_has_label(&(struct profile_sample_view){.labels = labels, .label_count = 2}, "memory", "Go"));
}

int main(void) {
    return tests_run();
}
