// file_kind.h: recognizes files that are not profiles, by their first bytes.
//
// Threads: any. Memory: malloc, up to 64 MiB to inflate a compressed file.
#ifndef CMEMPROF_FILE_KIND_H
#define CMEMPROF_FILE_KIND_H

#include <stddef.h>

// Describes the content: "a JFR recording, of which cmemprof convert makes profiles". Compressed content is inflated first. Returns NULL if
// unknown.
const char *file_kind(const void *bytes, size_t size);

#endif
