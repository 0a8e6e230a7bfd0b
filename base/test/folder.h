// folder.h: the fixture "folder", an empty directory for one test, which is removed with all that is in it.
#ifndef CMEMPROF_BASE_TEST_FOLDER_H
#define CMEMPROF_BASE_TEST_FOLDER_H

#include "test.h"

enum { FOLDER_BYTES = 64 };

static char folder[FOLDER_BYTES]; // of the running test

// For fixtures that have folders of their own. Returns 0, or -1 with errno.
static inline int folder_make(char path[FOLDER_BYTES]) {
    strcpy(path, "/tmp/cmemprof-test-XXXXXX");
    return mkdtemp(path) != NULL ? 0 : -1;
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

#endif
