// recording_profile.h: opens attachments that are recordings of Java Flight Recorder (jfr/jfr.h), and makes one profile of each.
//
// The profile has the samples of all of jfr_profiles, so its sample types have names of their own:
//
//     cpu, cpu_samples                      inuse_space, inuse_objects (heap live)     file_time, file_bytes, file_operations
//     wall, wall_samples                    old_objects, old_object_space              socket_time, socket_bytes, socket_operations
//     native_wall, native_samples           lock_time, lock_contentions                class_load_time, class_loads
//     alloc_space, alloc_samples            exceptions                                 native_alloc_space, native_alloc_samples
//
// Types without an event are left out. old_objects are jdk.OldObjectSample: at most 256 objects that the JVM chose, no estimate of what is
// in use. Java's frames have the mapping "[java]",
// which tells them from others without a source file.
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

// *out: a profile in pprof format, not compressed; the caller frees it. step_ns: as of jfr_profiles.
enum receiver_error recording_profile(struct jfr *jfr, int64_t step_ns, uint8_t **out, size_t *out_size);

#endif
