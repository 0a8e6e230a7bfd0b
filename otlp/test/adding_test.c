// adding_test.c: entries of a profile in the dictionary: what runs a frame, and hashes of mapped files.

#include "../../base/test/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../../merge/test/sample_profile.h"
#include "../adding.h"
#include "../file_hash.h"

// Whether the dictionary has the text, as a string or as the value of an attribute.
static bool has(const struct tables *tables, const char *text) {
    return memmem(tables->written.bytes, tables->written.size, text, strlen(text));
}

// A location of a function in a file, and of a mapping of a file.
static uint32_t add_location(struct profile *profile, const char *name, const char *file, const char *mapped) {
    uint32_t mapping =
        *mapped ? profile_add_mapping(profile,
                                      &(struct profile_mapping){.memory_start = 4096, .memory_limit = 8192, .build_id = "", .file = mapped})
                : 0;
    struct profile_line line = {
        *name ? profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file}) : 0, 1, 0};
    return profile_add_location(profile, mapping, 5000, &line, *name ? 1 : 0);
}

TEST(what_runs_a_frame) {
    static const struct {
        const char *name, *file, *mapped, *type;
    } cases[] = {{"main.main", "/src/main.go", "/bin/x", "go"},
                 {"work", "work.c", "/bin/x", "native"},
                 {"work", "", "/bin/x", "native"},
                 {"", "", "/bin/x", "native"},
                 {"work", "work.py", "/bin/x", "cpython"},
                 {"work", "Work.java", "", "jvm"},
                 {"work", "", "", "profile.frame.type"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile *profile = profile_new();
        struct tables tables;
        struct adding adding;
        uint32_t id = add_location(profile, cases[i].name, cases[i].file, cases[i].mapped);
        assert_true(tables_init(&tables) && adding_begin(&adding, &tables, profile, 0));
        adding_location(&adding, id);
        bool typed = strcmp(cases[i].type, "profile.frame.type") != 0;
        assert_int_equal(has(&tables, "profile.frame.type"), typed);
        assert_int_equal(has(&tables, cases[i].type), typed);
        assert_false(has(&tables, "htlhash")); // not asked for
        assert_false(tables.failed);
        adding_end(&adding);
        tables_free(&tables);
        profile_free(profile);
    }
}

TEST(mapped_files_are_hashed) {
    char path[4096], hash[FILE_HASH_TEXT_BYTES];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(size > 0);
    path[size] = '\0';
    assert_true(file_hash(path, INT64_MAX, hash));
    for (int changed = 0; changed < 2; changed++) {
        struct profile *profile = profile_new();
        struct tables tables;
        struct adding adding;
        uint32_t id = add_location(profile, "work", "work.c", path);
        assert_true(tables_init(&tables) && adding_begin(&adding, &tables, profile, changed ? 1 : INT64_MAX));
        adding_location(&adding, id);
        assert_int_equal(has(&tables, "process.executable.build_id.htlhash"), !changed);
        assert_int_equal(has(&tables, hash), !changed);
        adding_end(&adding);
        tables_free(&tables);
        profile_free(profile);
    }
}

int main(void) {
    return tests_run();
}
