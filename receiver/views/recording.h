// recording.h: answers about a recording of Java Flight Recorder (jfr/jfr.h).
// Threads: any. Memory: malloc; the inflated recording, RECORDING_MAX_MIB at most.
#ifndef CMEMPROF_RECEIVER_RECORDING_H
#define CMEMPROF_RECEIVER_RECORDING_H

#include "../../jfr/jfr.h"
#include "../base/error.h"
#include "../base/json.h"

enum { RECORDING_MAX_MIB = 256 };

// Opens a recording as received: gzip, zstd, LZ4 or raw. Caller calls jfr_close, and keeps the bytes until then. RECEIVER_BAD_UPLOAD,
// RECEIVER_TOO_LARGE: text has the fault, with the byte.
enum receiver_error recording_open(const void *bytes, size_t size, struct jfr **jfr, char *text, size_t text_size);
// Writes the events by type, and what of the recording is damaged.
enum receiver_error recording_write(const void *bytes, size_t size, struct json *json, char *text, size_t text_size);

#endif
