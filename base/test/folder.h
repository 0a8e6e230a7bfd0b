// folder.h: the fixture "folder", an empty directory for one test, which is removed with all that is in it.
#ifndef CMEMPROF_BASE_TEST_FOLDER_H
#define CMEMPROF_BASE_TEST_FOLDER_H

#include "test.h"

#include <limits.h>
#include <unistd.h>

enum { FOLDER_BYTES = 64 };

static char folder[FOLDER_BYTES]; // of the running test

// For fixtures that have folders of their own. Returns 0, or -1 with errno.
static inline int folder_make(char path[FOLDER_BYTES]) {
    strcpy(path, "/tmp/cmemprof-test-XXXXXX");
    return mkdtemp(path) ? 0 : -1;
}

static inline int folder_remove(const char *path) {
    char command[FOLDER_BYTES + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    return system(command);
}

static inline int folder_setup(void **state) {
    (void)state;
    return folder_make(folder);
}

static inline int folder_teardown(void **state) {
    (void)state;
    return folder_remove(folder);
}

// Copies this program to path, whose folder is made. By its name: under valgrind /proc/self/exe is not this program.
static inline void folder_copy_program(const char *path) {
    char program[PATH_MAX], command[4 * PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    assert_true(size > 0);
    program[size] = '\0';
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\" && cp '%s' '%s'", path, program, path);
    assert_int_equal(system(command), 0);
}

#endif
