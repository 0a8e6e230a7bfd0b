// run_fixture.h: a directory of profiles as `cmemprof run` has it, in an empty folder.
#ifndef CMEMPROF_COMMAND_RUN_TEST_RUN_FIXTURE_H
#define CMEMPROF_COMMAND_RUN_TEST_RUN_FIXTURE_H

#include "../../../base/test/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "../run_directory.h"
#include "../run_output.h"
#include "../../test/fixture.h"

static struct run_directory directory;
static struct run_output output;

static inline int run_setup(void **state) {
    output = (struct run_output){.path = "out.pprof", .processes = 1};
    return directory_setup(state) != 0 || setenv("TMPDIR", folder, 1) != 0 || !run_directory_make(&directory) ? -1 : 0;
}

static inline int run_teardown(void **state) {
    run_directory_close(&directory);
    return directory_teardown(state);
}

static inline void save(struct profile *profile, const char *name) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", directory.path, name);
    fixture_save(profile, path);
}

#endif
