// file_hash.h: the build id that OpenTelemetry defines for any file, process.executable.build_id.htlhash (internal to this folder).
//
// SHA-256 of the file's first 4096 bytes, its last 4096 bytes (which may be the same ones, without padding) and its size as 8 bytes, the
// highest first; of that the first 16 bytes, in hex (OpenTelemetry's specification, profiles/mappings).
//
// Threads: any. Memory: none but a table of 64 files that were hashed, 4 KiB; a file is read again only if it has changed. What it costs is
// reading 8 KiB and about 30 us, once for each file.
#ifndef CMEMPROF_OTLP_FILE_HASH_H
#define CMEMPROF_OTLP_FILE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

enum { FILE_HASH_TEXT_BYTES = 33 };

// False: not an absolute path of a regular file that can be read, or the file has changed since since_ns (of the real-time clock): it may
// be another one than was mapped then.
bool file_hash(const char *path, int64_t since_ns, char text[FILE_HASH_TEXT_BYTES]);

#endif
