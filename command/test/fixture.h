// fixture.h: for tests of the command: a temporary directory, profile files in it, and a command's output.
#ifndef CMEMPROF_COMMAND_TEST_FIXTURE_H
#define CMEMPROF_COMMAND_TEST_FIXTURE_H

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../merge/merge.h"

static char **fixture_argv; // of the last command; like main's argv it outlives the command, whose options point into it

// Makes a temporary directory the working directory. Files of a test are "a", "b", ...
static int directory_setup(void **state) {
    return folder_setup(state) == 0 ? chdir(folder) : -1;
}
static int directory_teardown(void **state) {
    free(fixture_argv);
    fixture_argv = NULL;
    return chdir("/") == 0 ? folder_teardown(state) : -1;
}

static inline void fixture_write(const char *name, const void *bytes, size_t size) {
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
}

// "a<b": function a called by b; memory: label memory=C. Values are objects, bytes in use, bytes allocated.
static inline void fixture_add_sample(struct profile *profile, const char *stack, int64_t objects, int64_t in_use, int64_t allocated,
                                      bool c) {
    uint32_t locations[16];
    size_t count = 0;
    char copy[200];
    snprintf(copy, sizeof copy, "%s", stack);
    char *rest = copy;
    for (char *name; *copy && (name = strsep(&rest, "<"));) {
        const char *file = strchr(name, '.') ? "/src/x.go" : "/src/x.c";
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file});
        locations[count++] = profile_add_location(profile, 0, 0, &(struct profile_line){function, 7, 0}, 1);
    }
    struct profile_label label = {"memory", "C", 0, ""};
    profile_add_sample(profile, locations, count, (int64_t[]){objects, in_use, allocated}, &label, c);
}

static inline struct profile *fixture_profile(void) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_objects", "count");
    profile_add_sample_type(profile, "inuse_space", "bytes");
    profile_add_sample_type(profile, "alloc_space", "bytes");
    return profile;
}

// Writes and frees a profile.
static inline void fixture_save(struct profile *profile, const char *name) {
    uint8_t *bytes;
    size_t size;
    assert_int_equal(profile_status(profile), MERGE_OK);
    assert_int_equal(profile_encode(profile, MERGE_GZIP, &bytes, &size), MERGE_OK);
    fixture_write(name, bytes, size);
    profile_free(profile);
    free(bytes);
}

static inline struct profile *fixture_load(const char *name) {
    static uint8_t bytes[1 << 20];
    struct merge_fault fault = {0};
    int file = open(name, O_RDONLY);
    ssize_t size = read(file, bytes, sizeof bytes);
    struct profile *profile = profile_new();
    close(file);
    assert_int_equal(profile_decode(profile, bytes, (size_t)size, NULL, NULL, &fault), MERGE_OK);
    return profile;
}

static char fixture_out[1 << 16], fixture_error[1 << 14]; // what the last command wrote

static inline int fixture_redirect(FILE *file, int to) {
    int before = dup(to);
    fflush(NULL);
    dup2(fileno(file), to);
    return before;
}
static inline void fixture_restore(FILE *file, int to, int before, char *text, size_t size) {
    fflush(NULL);
    dup2(before, to);
    close(before);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

// Runs a command; arguments end with NULL. Returns its status. Each run's argv is a heap block that the next run frees, so the address
// sanitizer finds pointers that are kept longer.
static inline int fixture_run(int (*command)(int, char **), const char *const *arguments) {
    int argc = 0;
    while (arguments[argc]) {
        argc++;
    }
    char **argv = malloc(((size_t)argc + 1) * sizeof *argv);
    assert_non_null(argv);
    memcpy(argv, arguments, ((size_t)argc + 1) * sizeof *argv);
    free(fixture_argv);
    fixture_argv = argv;
    FILE *out = tmpfile(), *error = tmpfile();
    int out_before = fixture_redirect(out, STDOUT_FILENO), error_before = fixture_redirect(error, STDERR_FILENO);
    int status = command(argc, argv);
    fixture_restore(out, STDOUT_FILENO, out_before, fixture_out, sizeof fixture_out);
    fixture_restore(error, STDERR_FILENO, error_before, fixture_error, sizeof fixture_error);
    return status;
}
#define FIXTURE_RUN(command, ...) fixture_run(command, (const char *const[]){__VA_ARGS__, NULL})

#endif
