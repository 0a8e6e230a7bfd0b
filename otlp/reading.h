// reading.h: a request that is read (internal to this folder).
//
// Profiles of a scope with the same time, duration and period are the sample types of one profile: a group. Each entry of the dictionary is
// given to a group's profile when a sample of the group first needs it.
#ifndef CMEMPROF_OTLP_READING_H
#define CMEMPROF_OTLP_READING_H

#include "../merge/profile.h"
#include "dictionary.h"
#include "layout.h"
#include "otlp.h"

struct text_pair {
    uint64_t type, unit; // indices of strings
};
struct profile_header {
    uint64_t time_ns, duration_ns; // their sum is an int64
    int64_t period;
    struct text_pair type, period_type;
};

// A sample as it came, but for its value: the lists of a group's types mostly have the same ones, of which each is looked up once.
struct known_sample {
    uint32_t stack;
    uint32_t row;              // of the profile
    const uint8_t *attributes; // the packed list of their indices
    size_t attributes_size;
};

struct group {
    struct profile *profile;
    struct array known; // struct known_sample, from 1
    struct intern known_ids;
    struct profile_header header; // of its first type
    uint32_t number;              // of all groups of the request, from 1
    uint64_t cut;                 // values of attributes with parts, for which pprof has no form
    bool payload;                 // an original payload came with it, which is not kept
};

// The id that an entry of the dictionary has in the profile of group number `group`.
struct given {
    uint32_t group, id;
};

// The same of a location, with its frames: 1 if it has no lines.
struct given_location {
    uint32_t group, id, frames;
};

// The same of an attribute of samples, as a label; not of lists.
struct given_label {
    uint32_t group;
    struct label label;
};

struct reading {
    struct dictionary dictionary;
    enum layout layout;
    struct given_label *labels_given; // by index of the dictionary, as the next ones
    struct given *mappings, *functions;
    struct given_location *locations;
    struct array groups;                             // struct group, of the current scope
    struct array refs, lines, labels, values, times; // of the current sample: uint32_t; struct line; struct label; int64_t; uint64_t
    uint64_t steps;                                  // frames, labels and other references that were followed, of the whole request
    uint32_t group_count, message_count, samples;    // of all scopes
    struct otlp_resource *resource;
    struct array texts; // char *, of the resource and the scope
    otlp_take *take;
    void *context;
    size_t taken;
};

// Few bytes can refer to the same stack, location or list again and again: there are no more of these steps than a profile may have frames.
static inline enum merge_error reading_count(struct reading *reading, uint64_t steps) {
    reading->steps += steps;
    return reading->steps <= reading->dictionary.limits->total_frames
               ? MERGE_OK
               : fault_set(reading->dictionary.fault, MERGE_TOO_LARGE, 0, "more than %zu frames and labels",
                           reading->dictionary.limits->total_frames);
}

static inline uint32_t reading_text(struct profile *profile, struct wire text) {
    return text.at == text.end ? 0 : profile_intern_string(profile, (const char *)text.at, (size_t)(text.end - text.at));
}

// entries.c: leaves the locations of a stack in reading->refs.
enum merge_error reading_stack(struct reading *reading, const struct group *group, uint64_t index);
// samples.c: adds a sample of the group's type in `column`.
enum merge_error reading_sample(struct reading *reading, struct group *group, uint32_t column, struct wire message);

#endif
