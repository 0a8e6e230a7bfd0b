// file_kind.h: what a file is that is no profile, by its first bytes. Threads: any. Memory: that of inflating the first 64 KiB at most.
#ifndef CMEMPROF_FILE_KIND_H
#define CMEMPROF_FILE_KIND_H

#include <stddef.h>

// "a JFR recording, which `jfr summary` reads". Compressed files are looked into. NULL: it does not tell.
const char *file_kind(const void *bytes, size_t size);

#endif
