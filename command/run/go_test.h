// go_test.h: `cmemprof run ... -- go test ./...`. The go command is static and starts compilers as well; what is meant are the test
// binaries, which it runs by its flag -exec. So go is started with -exec=`cmemprof run ... --`, and each binary is a run of its own.
//
// Threads: one. Memory: the caller's.
#ifndef CMEMPROF_RUN_GO_TEST_H
#define CMEMPROF_RUN_GO_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "run_options.h"

// Whether the program is `go test`.
bool go_test_is_meant(const struct run_options *options);
// Replaces this process. Returns the exit status after an error message.
int go_test_run(const struct run_options *options);

// The value of -exec: the command and its options, quoted as cmd/internal/quoted reads it: single or double quotes around an argument, none
// escaped. command: its path; folder: of relative paths, since each test binary runs in the folder of its package. Returns NULL after an
// error message.
const char *go_test_exec(const struct run_options *options, const char *command, const char *folder, char *text, size_t size);

#endif
