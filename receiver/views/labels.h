// labels.h: counts the labels of samples: values, with samples and the sum of one sample type.
//
// Bounded: labels such as span ids and timestamps differ in each sample. Beyond LABELS_MAX_VALUES values of a key, further ones are
// counted, not stored. Keys with nearly unique values are marked and come last: nobody filters by them.
//
// Threads: a struct labels belongs to one; two are added up at the end. Memory: malloc, about 10 MB at most.
#ifndef CMEMPROF_RECEIVER_LABELS_H
#define CMEMPROF_RECEIVER_LABELS_H

#include "../../merge/merge.h"
#include "../base/error.h"
#include "../base/json.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    LABELS_MAX_KEYS = 64,
    LABELS_MAX_VALUES = 1000, // stored per key
    LABELS_SHOWN_VALUES = 100,
    LABELS_MAX_TEXT = 200, // bytes of a value; longer ones are only counted
};

struct labels;
// Weighs by the sample type of that name; samples of a profile without it weigh nothing. NULL: no memory.
struct labels *labels_new(const char *type);
void labels_free(struct labels *labels);
// All samples of a profile. Returns false without memory.
bool labels_add_profile(struct labels *labels, struct profile *profile);
bool labels_add_labels(struct labels *labels, const struct labels *other);
size_t labels_profiles(const struct labels *labels); // that have the type
// Writes the members from "type" on into an open object. Weights are divided.
void labels_write(const struct labels *labels, double divisor, struct json *json);
// Writes the member "keys": those that samples can be grouped by, which have some values for many samples each. Without the marks of the
// profiler itself, memory and owner.
void labels_write_keys(const struct labels *labels, struct json *json);

#endif
