// pyroscope.h: Grafana Pyroscope's protocol: what clients push, read and written.
//
// A push (push.v1.PushRequest, github.com/grafana/pyroscope/api/push/v1/push.proto) has series: labels, and profiles in pprof's format as
// they are. The older protocol, /ingest, has one profile a request, and an application's name with labels in the address:
// "shop.api{region=eu,version=1.2}"; what is not pprof or JFR is text, a stack a line.
//
// Labels that begin with two underscores are the protocol's own: __name__ is the kind of profile (process_cpu, memory, mutex, block,
// goroutine, wall, exceptions), __delta__ "false" says that counters are of this profile alone and not since the program's start, and
// __session_id__ is one for each start of a process.
//
// Threads: any, one at a time for each push. Memory: memory.h. Input is not trusted.
#ifndef CMEMPROF_PYROSCOPE_H
#define CMEMPROF_PYROSCOPE_H

#include "../merge/merge.h"
#include "namespace.h"

enum {
    PYROSCOPE_MAX_LABELS = 256,   // of a series; further ones are left out and counted
    PYROSCOPE_MAX_TEXT = 1024,    // bytes of a name or value; longer ones are cut
    PYROSCOPE_MAX_PROFILES = 250, // of a push; more is MERGE_TOO_LARGE
    PYROSCOPE_SENT_LABELS = 16    // made of tags: the server takes 30, those of the profile and of its samples among them
};

struct pyroscope_label {
    char *name, *value; // malloc'ed
};
// Zero-initialize; free with pyroscope_labels_free.
struct pyroscope_labels {
    struct pyroscope_label list[PYROSCOPE_MAX_LABELS];
    size_t count, left_out;
};
void pyroscope_labels_free(struct pyroscope_labels *labels);
// NULL: there is none of this name.
const char *pyroscope_label(const struct pyroscope_labels *labels, const char *name);

// ---- Read ----

// Called for each profile, which may be packed and is not looked at; what it points to is valid until it returns. An error of its own ends
// the reading and is returned. series: its number, from 0.
typedef enum merge_error pyroscope_take(void *context, size_t series, const struct pyroscope_labels *labels, const uint8_t *profile,
                                        size_t size);
// Reads a push: gzip, zstd or raw, detected by its magic bytes. MERGE_MALFORMED: it is none; fault has the reason. Profiles before the
// fault have been taken then. limits NULL: the defaults.
enum merge_error pyroscope_read_push(const void *bytes, size_t size, const struct merge_limits *limits, pyroscope_take *take, void *context,
                                     struct merge_fault *fault);

// Reads "NAME{k=v,k=v}" or "NAME" into the labels, the name as __name__, as clients of /ingest send it: values are not quoted, and have no
// comma and no brace. MERGE_MALFORMED: it is not of that form, or has no name.
enum merge_error pyroscope_read_name(const char *text, struct pyroscope_labels *labels, struct merge_fault *fault);

// What texts of stacks count, from the end of an application's name ("shop.alloc_space") and the parameters units and sampleRate.
struct pyroscope_kind {
    const char *metric;      // "memory"
    const char *type, *unit; // of the profile's values
    int64_t period_ns;       // of a kind in time: each count is so long; else 0
    size_t name_bytes;       // of the application's name without its end
};
void pyroscope_kind_of(const char *application, const char *units, uint32_t sample_rate, struct pyroscope_kind *kind);

// ---- Write ----

struct pyroscope_push;
struct pyroscope_push *pyroscope_push_new(void); // NULL: no memory
void pyroscope_push_free(struct pyroscope_push *push);
// A series of one profile, in pprof's format, packed or not; id: a text that no other has. Characters of names that are not letters, digits
// or underscores become underscores, text that is not UTF-8 U+FFFD.
struct pyroscope_pair {
    const char *name, *value;
};
void pyroscope_push_add(struct pyroscope_push *push, const struct pyroscope_pair *labels, size_t count, const char *id, const void *profile,
                        size_t size);
// The last call but pyroscope_push_free, to which *bytes belong. False: no memory.
bool pyroscope_push_encode(const struct pyroscope_push *push, const uint8_t **bytes, size_t *size);

// Adds labels made of a batch's tags ("k:v,k:v"): those by which services are told apart first, then the others but for what changes with
// each batch, at most PYROSCOPE_SENT_LABELS; more are counted. Names are cleaned; of equal ones the first holds. False: no memory.
bool pyroscope_labels_of_tags(const char *tags, struct pyroscope_labels *labels);

// A profile as Pyroscope takes it, uncompressed: it makes labels of series of the texts in labels of samples, and refuses profiles with
// others. So their keys are cleaned as names of labels are, and ids of spans, traces and threads are left out, since each would make a
// series. *sent is malloc'ed; the caller frees it.
enum merge_error pyroscope_sent_profile(const void *bytes, size_t size, uint8_t **sent, size_t *sent_size, struct merge_fault *fault);

// ---- Names ----

// What a tag of a profiler ("service", "runtime-id") is called as a label ("service_name", "__session_id__"), and the other way round. A
// name without such a counterpart is its own.
const char *pyroscope_label_of_tag(const char *tag);
const char *pyroscope_tag_of_label(const char *label);
// "process_cpu" of "cpu.pprof", "memory" of "delta-heap.pprof"; of others the name without its end. *delta: whether its counters are of
// this profile alone. Writes at most size bytes.
void pyroscope_metric_of_file(const char *file, char *metric, size_t size, bool *delta);
// The opposite. NULL: the metric is not known.
const char *pyroscope_file_of_metric(const char *metric, bool delta);

#endif
