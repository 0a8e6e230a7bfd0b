// source_file.h: finds the source file of a frame on this machine, as `go tool pprof` does with -source_path and -trim_path.
//
// A path loses what is to be trimmed: one of the given prefixes, or without these everything up to the last part of a directory that is
// searched ("/build/shop/main.go" below "/home/me/shop" is "main.go"). What is absolute then is that file. What is relative is looked for
// in each directory that is searched and in those above it. Unlike there, if directories are given, no file is read that is not below one
// of them.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_SOURCE_FILE_H
#define CMEMPROF_SOURCE_FILE_H

#include <stddef.h>
#include <stdio.h>

// search, trim: directories with colons between them; NULL: the current directory, nothing.
struct source_paths {
    const char *search, *trim;
};
// A profile may name any path, so only regular files of at most 64 MiB are read. NULL: there is none.
FILE *source_file_open(const struct source_paths *paths, const char *path);

#endif
