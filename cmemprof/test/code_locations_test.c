// code_locations_test.c: code of the program and of libraries, of a gap and of Python becomes locations with names and mappings.

#include "../../base/test/test.h"

#include <dlfcn.h>

#include "../code_locations.h"
#include "../cpu_gap.h"
#include "../profiler.h"

__attribute__((noinline)) static int named_function(int x) {
    return x * 3 + 1;
}

static struct profile_sample_view view;

static const struct profile_sample_view *sample_of(struct profile *profile, uint32_t location) {
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
    assert_int_equal(profile_sample_at(profile, profile_sample_count(profile) - 1, &view), MERGE_OK);
    return &view;
}

static uint32_t location_of(struct code_locations *locations, struct profile *profile, uintptr_t address) {
    struct profile_line lines[SYMBOL_MAX_INLINED];
    size_t count = code_locations_lines(locations, profile, address, lines);
    return profile_add_location(profile, code_locations_mapping(locations, profile, address), address, lines, count);
}

TEST(code_has_names_and_mappings) {
    static struct code_locations locations;
    struct profile *profile = profile_new();
    uintptr_t own = (uintptr_t)named_function, library = (uintptr_t)dlsym(RTLD_DEFAULT, "lfind"), nowhere = 64;
    assert_true(named_function(1) == 4 && library != 0);
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    assert_true(code_locations_open(&locations, &profiler));
    code_locations_look_up(&locations, own);
    code_locations_look_up(&locations, library);
    code_locations_look_up(&locations, cpu_gap_address(7));
    assert_int_equal(locations.nameless_addresses, 0);
    code_locations_look_up(&locations, nowhere);
    assert_int_equal(locations.nameless_addresses, 1);
    code_locations_add_mappings(&locations, profile);
    assert_string_equal(sample_of(profile, location_of(&locations, profile, own))->frames[0].function, "named_function");
    assert_non_null(strstr(view.frames[0].mapping_file, "code_locations_test"));
    assert_non_null(strstr(sample_of(profile, location_of(&locations, profile, library))->frames[0].function, "lfind"));
    assert_non_null(strstr(view.frames[0].mapping_file, "libc"));
    assert_string_equal(sample_of(profile, location_of(&locations, profile, cpu_gap_address(7)))->frames[0].function,
                        "(7 frames left out)");
    assert_int_equal(code_locations_mapping(&locations, profile, nowhere), 0);
    code_locations_close(&locations);
    profile_free(profile);
}

TEST(pythons_frames_have_none) {
    static struct python_names names;
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    assert_true(python_names_open(&names));
    const struct python_name name = {"Store.rows", "app.py", 10, 6, 30};
    uint32_t location = code_locations_of_python(&names, profile, python_names_word(&names, &name, 31));
    assert_string_equal(sample_of(profile, location)->frames[0].function, "Store.rows");
    assert_string_equal(view.frames[0].file, "app.py");
    assert_int_equal(view.frames[0].line, 31);
    python_names_close(&names);
    assert_string_equal(
        sample_of(profile, code_locations_of_python(&names, profile, python_names_word(&names, &name, 31)))->frames[0].function,
        "[Python function]");
    profile_free(profile);
}

int main(void) {
    int failed = tests_run();
    symbols_free(profiler.naming.symbols);
    modules_free(&profiler.code.modules);
    return failed;
}
