// download.h: an attachment as the tools of its language read it.
//
// Clients compress files with zstd or LZ4 under the plain names, which go tool pprof, go tool trace and jfr reject. gzip is decompressed
// too, except for profiles, which all tools read and write that way.
//
// Threads: any. Memory: malloc, the file and its decompressed bytes, 256 MiB at most.
#ifndef CMEMPROF_RECEIVER_DOWNLOAD_H
#define CMEMPROF_RECEIVER_DOWNLOAD_H

#include "../base/error.h"
#include "../base/json.h"

#include <stdbool.h>
#include <stddef.h>

// Returns false if the file is to be sent as received: tools can read it, or it cannot be decompressed. The descriptor stays the caller's,
// at offset 0. True: *bytes has the contents.
bool download_inflate(int file, size_t size, bool pprof, struct json *bytes);

#endif
