// build_file.h: finds the file of a build in a directory of files with symbols: .build-id/ab/cdef.debug, ab/cdef.debug, abcdef.debug, or
// any name, of which at most 4,096 are looked at. Threads: any. Memory: none but opendir's.
#ifndef CMEMPROF_COMMAND_BUILD_FILE_H
#define CMEMPROF_COMMAND_BUILD_FILE_H

#include <limits.h>
#include <stdbool.h>

// Whether the file is of that build; with_code: and has its instructions, as a separate debug file has not.
bool build_file_is(const char *path, const char *build_id, bool with_code);
bool build_file_find(const char *directory, const char *build_id, bool with_code, char path[PATH_MAX]);

#endif
