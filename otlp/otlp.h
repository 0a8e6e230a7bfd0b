// otlp.h: profiles in OpenTelemetry's protocol: requests (ExportProfilesServiceRequest) written and read.
//
// The layout is that of opentelemetry-proto v1.10 (March 2026), package profiles.v1development: one dictionary for all of a request, whose
// tables have a zero entry, and one Profile for each sample type. That version gave the fields of Sample other numbers, so that a reader of
// the one layout finds no values in a body of the other, without any error. Bodies since v1.8 are told apart and read; older ones are
// refused with that reason.
//
// What pprof has and OTLP has no field for is in attributes: those of OpenTelemetry's semantic conventions (pprof.mapping.has_functions,
// pprof.location.is_folded, pprof.profile.comment, pprof.profile.drop_frames, pprof.profile.keep_frames, pprof.profile.doc_url,
// pprof.scope.default_sample_type, process.executable.build_id.gnu and .go, profile.frame.type) and one of our own, cmemprof.file: the name
// of the file that the profiles of a scope come from ("delta-heap.pprof"). So a profile that is written and read again is the same.
//
// Labels of samples are attributes: a text is a string, a number an int with its unit. Several labels of one key are an array, one for each
// of their units. A label end_timestamp_ns is the sample's timestamp.
//
// Threads: one at a time for each request. Memory: memory.h. Input is not trusted: sizes, counts and indices are checked against struct
// merge_limits. Text that is not UTF-8 is written with U+FFFD in place of each wrong byte, since readers refuse the whole request.
#ifndef CMEMPROF_OTLP_H
#define CMEMPROF_OTLP_H

#include "../merge/merge.h"
#include "namespace.h"

struct otlp_attribute {
    const char *key;
    const char *text; // NULL: a number
    int64_t number;
};

// ---- Write ----

struct otlp_request;
struct otlp_request *otlp_request_new(void); // NULL: no memory
void otlp_request_free(struct otlp_request *request);

// Profiles that are added from now on belong to it. Texts are copied.
void otlp_begin_resource(struct otlp_request *request, const struct otlp_attribute *attributes, size_t count);
// Files of mappings of profiles that are added from now on are those of this machine, and no others than were mapped unless they have
// changed since then (nanoseconds of the real-time clock): mappings get process.executable.build_id.htlhash beside the build id that they
// have, which costs reading 8 KiB of each file once. 0, as at first: files are not looked at.
void otlp_hash_files(struct otlp_request *request, int64_t since_ns);
// All sample types of a profile; file: the name it has elsewhere, or NULL. The profile is only read. A period of 0 becomes 1, since
// Pyroscope refuses 0. MERGE_NO_MEMORY, or the status of the profile; the request can then only be freed.
enum merge_error otlp_add(struct otlp_request *request, const char *file, struct profile *profile);
// The last call but otlp_request_free, to which *bytes belong. MERGE_BAD_COMPRESSION: without codecs/ only MERGE_RAW can be written.
enum merge_error otlp_encode(struct otlp_request *request, enum merge_compression compression, const uint8_t **bytes, size_t *size);

// ---- Read ----

enum {
    OTLP_MAX_ATTRIBUTES = 256, // of a resource; further ones are left out and counted
    OTLP_MAX_TEXT = 1024,      // bytes of a key, a value, a name of a scope or a file: longer ones are cut
    OTLP_MAX_PROFILES = 1000,  // of a request, each with its sample types; more is MERGE_TOO_LARGE
};

struct otlp_resource {
    size_t number; // of the request's resources, from 0
    struct otlp_attribute attributes[OTLP_MAX_ATTRIBUTES];
    size_t count, left_out;
};
struct otlp_profile {
    const struct otlp_resource *resource;
    const char *scope; // the name of the instrumentation scope: what wrote the profile; "" if unknown
    const char *file;  // cmemprof.file; "" if unknown
    struct profile *profile;
};
// Called for each profile; what it points to is valid until it returns. It may change the profile. An error of its own ends the reading and
// is returned.
typedef enum merge_error otlp_take(void *context, const struct otlp_profile *profile);

// Reads a request: gzip, zstd or raw, detected by its magic bytes. Profiles of one scope with the same time, duration and period are the
// sample types of one profile. What cannot be represented in pprof is named in comments that begin with "cmemprof: warning: ".
// MERGE_MALFORMED: not such a request, an index beyond its table, or a layout that is too old; fault has the reason. Profiles before the
// fault have been taken then. limits NULL: the defaults. *profiles: how many were taken.
enum merge_error otlp_decode(const void *bytes, size_t size, const struct merge_limits *limits, otlp_take *take, void *context,
                             size_t *profiles, struct merge_fault *fault);

// ---- Names ----

// What a tag of a profiler ("service", "runtime-id") is called as an attribute of a resource ("service.name", "service.instance.id"), and
// the other way round. A name without such a counterpart is its own.
const char *otlp_attribute_of_tag(const char *tag);
const char *otlp_tag_of_attribute(const char *key);

#endif
