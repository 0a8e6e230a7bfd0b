// download.h: an attachment as the tools of its language read it.
//
// Clients compress what they send with zstd or LZ4, under the plain names: go tool pprof, go tool trace and jfr refuse that. gzip is
// undone, too, unless it is a profile, which everyone writes and reads so. Threads: any. Memory: malloc, the file and what comes out of it,
// 256 MiB at most.
#ifndef CMEMPROF_RECEIVER_DOWNLOAD_H
#define CMEMPROF_RECEIVER_DOWNLOAD_H

#include "../base/error.h"
#include "../base/json.h"

#include <stdbool.h>
#include <stddef.h>

// False: the file is to be sent as it came: it is what tools read, or nothing can be made of it. The descriptor stays the caller's, its
// offset at 0. True: *bytes is what it holds.
bool download_inflate(int file, size_t size, bool pprof, struct json *bytes);

#endif
