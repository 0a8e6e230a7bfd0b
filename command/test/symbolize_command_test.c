// symbolize_command_test.c: `cmemprof symbolize`: names in place and to another file, what is said of the rest, and usage.

#include "../../base/test/test.h"

#include "../commands.h"
#include "../symbols/symbol_file.h"
#include "fixture.h"

static __attribute__((noinline, used)) int symbolized_function(int x) {
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

// An address of this program without a name, in a build with this ID.
static void save_nameless(const char *name, const char *build_id) {
    struct symbol_file own;
    assert_true(symbol_file_read("/proc/self/exe", &own));
    assert_true(own.code_count > 0);
    struct profile *profile = fixture_profile();
    // Loaded at an address of our choice: as if the segment's first byte were there.
    uint64_t start = UINT64_C(0x7f0000000000), page_offset = own.code[0].offset & ~UINT64_C(4095);
    uint64_t bias;
    assert_true(symbol_file_bias(&own, start, page_offset, &bias));
    char line[512];
    unsigned long low, high, offset;
    FILE *maps = fopen("/proc/self/maps", "r");
    do {
        assert_non_null(fgets(line, sizeof line, maps));
        assert_int_equal(sscanf(line, "%lx-%lx %*s %lx", &low, &high, &offset), 3);
    } while ((uintptr_t)symbolized_function < low || (uintptr_t)symbolized_function >= high);
    fclose(maps);
    uint64_t address = start + ((uintptr_t)symbolized_function - low) + (offset - page_offset);
    uint32_t mapping = profile_add_mapping(profile, &(struct profile_mapping){.memory_start = start,
                                                                              .memory_limit = start + (UINT64_C(1) << 30),
                                                                              .file_offset = page_offset,
                                                                              .file = "/app/shop",
                                                                              .build_id = build_id ? build_id : own.build_id});
    uint32_t location = profile_add_location(profile, mapping, address + 1, NULL, 0);
    profile_add_sample(profile, &location, 1, (int64_t[]){1, 10, 20}, NULL, 0);
    fixture_save(profile, name);
}

static const char *leaf_of(const char *name) {
    static char function[100];
    struct profile *profile = fixture_load(name);
    struct profile_sample_view view;
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    snprintf(function, sizeof function, "%s", view.frames[0].function);
    profile_free(profile);
    return function;
}

TEST_IN(directory, names_are_added_in_place) {
    save_nameless("a", NULL);
    save_nameless("b", NULL);
    assert_string_not_equal(leaf_of("a"), "symbolized_function");
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--binary", "/proc/self/exe", "a", "b"), 0);
    assert_string_equal(fixture_out, "");
    assert_string_equal(fixture_error, "cmemprof symbolize: a: 1 of 1 addresses named\ncmemprof symbolize: b: 1 of 1 addresses named\n");
    assert_string_equal(leaf_of("a"), "symbolized_function");
    assert_string_equal(leaf_of("b"), "symbolized_function");
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--binary", "/proc/self/exe", "a"), 0);
    assert_string_equal(fixture_error, "cmemprof symbolize: a: no address without a name\n");
}

TEST_IN(directory, an_output_leaves_the_input_as_it_is) {
    save_nameless("a", NULL);
    folder_copy_program("debug/some-file");
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--debug-dir", "debug", "-o", "out", "a"), 0);
    assert_string_equal(leaf_of("out"), "symbolized_function");
    assert_string_not_equal(leaf_of("a"), "symbolized_function");
}

TEST_IN(directory, another_build_gets_no_names) {
    save_nameless("a", "00ff00ff");
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--binary", "/proc/self/exe", "a"), 0);
    assert_string_equal(fixture_error, "cmemprof symbolize: a: 0 of 1 addresses named; no file for /app/shop, build ID 00ff00ff\n");
    assert_string_not_equal(leaf_of("a"), "symbolized_function");
}

TEST_IN(directory, usage) {
    save_nameless("a", NULL);
    fixture_write("text", "hello", 5);
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "a"), 2);
    assert_non_null(strstr(fixture_error, "files with symbols are needed: --binary FILE or --debug-dir DIR"));
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--binary", "/proc/self/exe", "-o", "out", "a", "a"), 2);
    assert_non_null(strstr(fixture_error, "--output takes one profile"));
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--binary", "text", "a"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof symbolize: text: not a readable 64-bit ELF file"));
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--debug-dir", "none", "a"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof symbolize: none: not a readable directory"));
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--binary", "/proc/self/exe", "text"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof symbolize: text: not a pprof profile"));
    assert_int_equal(FIXTURE_RUN(symbolize_command, "symbolize", "--binary", "/proc/self/exe"), 2);
}

int main(void) {
    return tests_run();
}
