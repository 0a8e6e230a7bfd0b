// run_memory_test.c: the memory profiles of all processes become one file, and a line with the largest parts.

#include "../../../base/test/test.h"

#include <limits.h>

#include "../run_memory.h"
#include "run_fixture.h"

static struct profile *memory_profile(void) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "resident_space", "bytes");
    return profile;
}

// leaf may be NULL.
static void add(struct profile *profile, const char *leaf, const char *kind, const char *cause, int64_t bytes) {
    const char *names[] = {leaf, kind, cause};
    uint32_t stack[3];
    size_t depth = 0;
    for (int i = 0; i < 3; i++) {
        if (names[i]) {
            uint32_t of = profile_add_function(profile, &(struct profile_function){.name = names[i], .system_name = names[i], .file = ""});
            stack[depth++] = profile_add_location(profile, 0, 0, &(struct profile_line){of, 0, 0}, 1);
        }
    }
    profile_add_sample(profile, stack, depth, &bytes, NULL, 0);
}

static int take(int argc, char **argv) {
    (void)argc, (void)argv;
    return run_directory_list(&directory) && run_memory_take(&output, &directory) ? 0 : 1;
}

TEST_IN(run, largest_parts_are_named) {
    struct profile *profile = memory_profile();
    add(profile, "make_table", "live", "C heap", 4000);
    add(profile, "make_index", "live", "C heap", 3000);
    add(profile, "arena 1", "free in the allocator", "C heap", 500);
    add(profile, NULL, "map_file", "memory mapped by C", 6000);
    add(profile, NULL, "worker", "thread stacks", 200);
    add(profile, NULL, NULL, "unexplained", 100);
    profile_add_comment(profile, "cmemprof: warning: the breakdown of memory is incomplete: something");
    save(profile, "7-100.memory");
    save(memory_profile(), "7-100.1.exit.pb");
    profile = memory_profile(); // of another process
    add(profile, NULL, NULL, "program and libraries", 2000);
    save(profile, "8-100.memory");
    save(memory_profile(), "8-100.1.exit.pb");
    save(memory_profile(), "9-100.1.exit.pb"); // it has written none
    assert_int_equal(FIXTURE_RUN(take, "run"), 0);
    assert_non_null(strstr(fixture_error, "out.pprof.memory: 15.8 kB resident: 7.00 kB C heap, live, 6.00 kB memory mapped by C, 2.00 kB "
                                          "program and libraries, 500 B C heap, free in the allocator\n"));
    assert_non_null(strstr(fixture_error, "the breakdown of memory is incomplete: something"));
    assert_non_null(strstr(fixture_error, "out.pprof.memory: 1 of 3 processes have not said where theirs was"));
    profile = fixture_load("out.pprof.memory");
    assert_int_equal(profile_sample_count(profile), 7);
    profile_free(profile);
}

TEST_IN(run, without_one_there_is_no_line) {
    save(memory_profile(), "7-100.1.exit.pb");
    assert_int_equal(FIXTURE_RUN(take, "run"), 0);
    assert_null(strstr(fixture_error, "resident"));
    assert_int_not_equal(access("out.pprof.memory", F_OK), 0);
}

int main(void) {
    return tests_run();
}
