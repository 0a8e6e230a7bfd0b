// recording.h: answers about a recording of Java Flight Recorder (jfr/jfr.h).
// Threads: any. Memory: malloc; the inflated recording, RECORDING_MAX_MIB at most.
#ifndef CMEMPROF_RECEIVER_RECORDING_H
#define CMEMPROF_RECEIVER_RECORDING_H

#include "../base/error.h"
#include "../base/json.h"

#include <stddef.h>

// Writes the types of events with their fields and counts, and what of the recording is damaged. Otherwise than RECEIVER_OK, text has the
// fault.
enum receiver_error recording_write(const void *bytes, size_t size, struct json *json, char *text, size_t text_size);
// Writes what it says of its JVM: flags, properties, environment and the like (docs/jfr.md).
enum receiver_error recording_write_facts(const void *bytes, size_t size, struct json *json, char *text, size_t text_size);

#endif
