// source_file.h: lines of source files, for who looks at a function by line.
//
// A profile may name any file of the machine, so only folders that the receiver has been told of are read, and of them only files whose
// names are those of source: nothing hidden (.git, .env), no link that leads out, and nothing with a NUL in its first 8 KiB. Of a file 16
// MiB are read at most. Threads: any. Memory: none but the JSON's.
#ifndef CMEMPROF_RECEIVER_SOURCE_FILE_H
#define CMEMPROF_RECEIVER_SOURCE_FILE_H

#include "../base/json.h"
#include "../receiver.h"

enum { SOURCE_FILE_LINES_MAX = 2000 };

// Writes {"lines": ["...", ...]}, those of the file from a number (1 for the first) on, count at most; where there is no such file
// {"lines": [], "reason": "..."}. The reason does not say whether a file is there that may not be read. Lines are cut after 400 bytes.
void source_file_write(const struct receiver_sources *sources, const char *file, int64_t first, int64_t count, struct json *json);

#endif
