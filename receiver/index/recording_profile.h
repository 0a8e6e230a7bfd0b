// recording_profile.h: opens attachments that are recordings of Java Flight Recorder (jfr/jfr.h).
//
// Threads: any. Memory: malloc; the inflated recording, RECORDING_MAX_MIB at most.
#ifndef CMEMPROF_RECEIVER_RECORDING_PROFILE_H
#define CMEMPROF_RECEIVER_RECORDING_PROFILE_H

#include "../../jfr/jfr.h"
#include "../base/error.h"

#include <stddef.h>

enum { RECORDING_MAX_MIB = 256 };

// Opens a recording as received: gzip, zstd, LZ4 or raw. Caller calls jfr_close, and keeps the bytes until then. RECEIVER_BAD_UPLOAD,
// RECEIVER_TOO_LARGE: text has the fault, with the byte.
enum receiver_error recording_open(const void *bytes, size_t size, struct jfr **jfr, char *text, size_t text_size);
enum receiver_error recording_error(enum jfr_error error);

#endif
