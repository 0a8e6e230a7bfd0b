// symbol_namer_test.c: addresses of this program get its own names, from files in all places where debug files lie, and from no other
// build.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../symbol_file.h"
#include "../symbol_namer.h"

#include <sys/stat.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

static __attribute__((noinline, used)) int named_function(int x) {
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

static struct symbol_file own;
static struct symbol_namer *namer;
static struct profile *profile;
enum { PATH_BYTES = 1000 };
static char path[PATH_BYTES]; // of a file in the folder

static int namer_setup(void **state) {
    namer = symbol_namer_new();
    profile = profile_new();
    return folder_setup(state) == 0 && namer && profile && symbol_file_read(SELF, &own) && own.code_count > 0 ? 0 : -1;
}

static int namer_teardown(void **state) {
    symbol_namer_free(namer);
    profile_free(profile);
    return folder_teardown(state);
}

// This program as it is mapped, as a profile would have it.
static struct profile_mapping own_mapping(const char *build_id) {
    char line[512];
    unsigned long start, limit, offset;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    do {
        assert_non_null(fgets(line, sizeof line, maps));
        assert_int_equal(sscanf(line, "%lx-%lx %*s %lx", &start, &limit, &offset), 3);
    } while ((uintptr_t)named_function < start || (uintptr_t)named_function >= limit);
    fclose(maps);
    return (struct profile_mapping){
        .memory_start = start, .memory_limit = limit, .file_offset = offset, .file = "/app/shop", .build_id = build_id};
}

// The name of named_function's address; "": none.
static const char *name_in(const struct profile_mapping *mapping) {
    struct profile_line lines[PROFILE_NAMER_LINES];
    struct profile_namer asked = symbol_namer_for_profiles(namer);
    size_t count = asked.name(asked.context, profile, mapping, (uintptr_t)named_function + 1, lines);
    if (count == 0) {
        return "";
    }
    uint32_t location = profile_add_location(profile, 0, 0, lines, count);
    struct profile_sample_view view;
    profile_add_sample(profile, &location, 1, NULL, NULL, 0);
    assert_int_equal(profile_sample_at(profile, profile_sample_count(profile) - 1, &view), MERGE_OK);
    return view.frames[0].function;
}

static void copy_self(const char *name) {
    snprintf(path, sizeof path, "%s/%.900s", folder, name);
    folder_copy_program(path);
}

TEST_IN(namer, a_given_file_is_used_for_its_build) {
    const struct profile_mapping mapping = own_mapping(own.build_id), other = own_mapping("00ff00ff");
    assert_string_equal(name_in(&mapping), "");
    symbol_namer_free(namer);
    namer = symbol_namer_new();
    assert_true(symbol_namer_add_file(namer, SELF));
    symbol_namer_begin(namer);
    assert_string_equal(name_in(&mapping), "named_function");
    assert_string_equal(name_in(&mapping), "named_function");
    assert_string_equal(name_in(&other), "");
    struct symbol_namer_count count = symbol_namer_counted(namer);
    assert_int_equal(count.asked, 3);
    assert_int_equal(count.named, 2);
    assert_string_equal(count.missing, "/app/shop");
    assert_string_equal(count.missing_build_id, "00ff00ff");
    symbol_namer_begin(namer);
    assert_int_equal(symbol_namer_counted(namer).asked, 0);
}

// A view's budget is gone when the names are.
TEST_IN(namer, names_are_in_no_budget) {
    struct merge_budget budget = {.limit_bytes = SIZE_MAX};
    const struct profile_mapping mapping = own_mapping(own.build_id);
    assert_true(symbol_namer_add_file(namer, SELF));
    struct merge_budget *before = merge_use_budget(&budget);
    profile_free(profile);
    profile = profile_new();
    assert_string_equal(name_in(&mapping), "named_function");
    symbol_namer_begin(namer); // closes the file
    profile_free(profile);
    merge_use_budget(before);
    assert_int_equal(budget.used_bytes, 0);
    profile = profile_new();
}

TEST_IN(namer, debug_files_are_found_in_all_layouts) {
    char names[6][2 * SYMBOL_FILE_BUILD_ID_BYTES + 300];
    const struct profile_mapping mapping = own_mapping(own.build_id);
    assert_true(strlen(own.build_id) > 4);
    snprintf(names[0], sizeof names[0], ".build-id/%.2s/%s.debug", own.build_id, own.build_id + 2);
    snprintf(names[1], sizeof names[1], "%.2s/%s.debug", own.build_id, own.build_id + 2);
    snprintf(names[2], sizeof names[2], ".build-id/%.2s/%s", own.build_id, own.build_id + 2);
    snprintf(names[3], sizeof names[3], "%.2s/%s", own.build_id, own.build_id + 2);
    snprintf(names[4], sizeof names[4], "%s.debug", own.build_id);
    snprintf(names[5], sizeof names[5], "any name");
    for (int i = 0; i < 6; i++) {
        symbol_namer_free(namer);
        namer = symbol_namer_new();
        copy_self(names[i]);
        assert_true(symbol_namer_add_directory(namer, folder));
        assert_string_equal(name_in(&mapping), "named_function");
        assert_int_equal(unlink(path), 0);
    }
}

TEST_IN(namer, a_file_of_this_machine_if_it_is_the_same_build) {
    copy_self("here");
    struct profile_mapping mapping = own_mapping(own.build_id);
    mapping.file = path;
    assert_string_equal(name_in(&mapping), "named_function");
    struct profile_mapping changed = own_mapping("00ff00ff");
    changed.file = path;
    assert_string_equal(name_in(&changed), "");
}

// The profile's mapping is elsewhere in the file than any code: no names rather than wrong ones.
TEST_IN(namer, a_mapping_of_no_code_has_no_names) {
    struct profile_mapping mapping = own_mapping(own.build_id);
    mapping.file_offset = UINT64_C(1) << 40;
    assert_true(symbol_namer_add_file(namer, SELF));
    assert_string_equal(name_in(&mapping), "");
}

TEST_IN(namer, state_changes_with_the_files_and_forgets_names) {
    const struct profile_mapping mapping = own_mapping(own.build_id);
    assert_true(symbol_namer_add_directory(namer, folder));
    uint64_t empty = symbol_namer_state(namer);
    assert_int_equal(symbol_namer_state(namer), empty);
    assert_string_equal(name_in(&mapping), ""); // remembered
    copy_self(".upload");
    assert_int_equal(symbol_namer_state(namer), empty); // hidden: not there yet
    assert_string_equal(name_in(&mapping), "");
    copy_self("shop");
    uint64_t with_one = symbol_namer_state(namer);
    assert_true(with_one != empty);
    assert_string_equal(name_in(&mapping), "named_function");
    copy_self(".build-id/ab/cd.debug");
    assert_true(symbol_namer_state(namer) != with_one);
}

TEST_IN(namer, what_is_no_file_or_no_directory_is_refused) {
    assert_false(symbol_namer_add_file(namer, "/nonexistent"));
    assert_false(symbol_namer_add_file(namer, "/proc/self/maps"));
    assert_false(symbol_namer_add_directory(namer, "/nonexistent"));
    assert_false(symbol_namer_add_directory(namer, SELF));
    symbol_namer_free(NULL);
}

int main(void) {
    return tests_run();
}
