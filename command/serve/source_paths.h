// source_paths.h: folders that are read, as --source-path and --binary-path name them. Threads: one. Memory: malloc.
#ifndef CMEMPROF_COMMAND_SOURCE_PATHS_H
#define CMEMPROF_COMMAND_SOURCE_PATHS_H

#include "../../receiver/receiver.h"

#include <stdbool.h>

enum { SOURCE_PATHS_MAX = 16 };

// Zero-initialise.
struct source_paths {
    struct receiver_source list[SOURCE_PATHS_MAX];
    size_t count;
};

// option: "source-path". text: "DIR", or "FROM=DIR": FROM is the folder in profiles. Returns false after a message of this command: no such
// directory, too many.
bool source_paths_add(struct source_paths *paths, const char *command, const char *option, const char *text);
void source_paths_free(struct source_paths *paths);

#endif
