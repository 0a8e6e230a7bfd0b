// delta.c: what happened between two cumulative profiles.
//
// The state is the last profile as inflated bytes. A delta adds the new profile to an empty object, keeps its values, then subtracts the
// old profile (a decode with the scale -1), so identity is that of every merge and duplicate samples are added up first. Samples that only
// the old profile has come behind all others and are set to 0: encoding drops them.
// Threads, memory: as merge.h; the last profile, and during a call the new one.
#include "merge.h"

#include "fault.h"
#include "profile.h"
#include "saturate.h"

struct delta {
    char **types;
    size_t count;
    uint8_t *last; // NULL: none yet, or there was an error
    size_t last_size;
    int64_t *last_scale; // -1 for each of ITS types that is subtracted, 0 for the others
    int64_t last_time_ns;
};

static void forget(struct delta *delta) {
    free(delta->last);
    free(delta->last_scale);
    delta->last = NULL;
    delta->last_scale = NULL;
}

void delta_free(struct delta *delta) {
    if (!delta)
        return;
    for (size_t i = 0; delta->types && i < delta->count; i++)
        free(delta->types[i]);
    free(delta->types);
    forget(delta);
    free(delta);
}

struct delta *delta_new(const char *const *types, size_t count) {
    struct delta *delta = calloc(1, sizeof *delta);
    if (!delta)
        return NULL;
    delta->count = count;
    delta->types = calloc(count + 1, sizeof *delta->types);
    for (size_t i = 0; delta->types && i < count; i++) {
        delta->types[i] = strdup(types[i]);
        if (!delta->types[i])
            break;
    }
    if (delta->types && (count == 0 || delta->types[count - 1]))
        return delta;
    delta_free(delta);
    return NULL;
}

// -1 for each type that is subtracted, 0 for the others.
static enum merge_error make_scale(const struct delta *delta, const struct profile *profile, int64_t *scale, struct merge_fault *fault) {
    for (size_t i = 0; i < delta->count; i++) {
        bool found = false;
        for (uint32_t at = 0; at < profile->type_count; at++) {
            if (strcmp(profile_sample_type_name(profile, at), delta->types[i]) == 0) {
                scale[at] = -1;
                found = true;
            }
        }
        if (!found)
            return fault_set(fault, MERGE_NOT_FOUND, 0, "the profile has no sample type %s", delta->types[i]);
    }
    return MERGE_OK;
}

// What the subtraction must not change: a delta has the header of the new profile.
struct kept {
    int64_t period, time_ns, duration_ns;
    uint32_t default_type, drop_frames, keep_frames, doc_url, comment_count;
};

static struct kept keep_header(const struct profile *profile) {
    return (struct kept){profile->period,      profile->time_ns,     profile->duration_ns, profile->default_type,
                         profile->drop_frames, profile->keep_frames, profile->doc_url,     profile->comments.count};
}

static void restore_header(struct profile *profile, struct kept kept) {
    profile->period = kept.period;
    profile->time_ns = kept.time_ns;
    profile->duration_ns = kept.duration_ns;
    profile->default_type = kept.default_type;
    profile->drop_frames = kept.drop_frames;
    profile->keep_frames = kept.keep_frames;
    profile->doc_url = kept.doc_url;
    profile->comments.count = kept.comment_count;
}

// values: the rows of the new profile as they were before the subtraction; scale: of its types, 0 for those that pass through.
static void settle(struct profile *profile, uint32_t sample_count, const int64_t *values, const int64_t *scale) {
    size_t types = profile->type_count, known = sample_count * types;
    int64_t *row = profile->values.items;
    for (size_t i = 0; i < known; i++)
        if (row[i] < 0 && scale[i % types] != 0) // a counter that went backwards was reset
            row[i] = values[i] < 0 ? 0 : values[i];
    if (profile->values.count > known) // vanished stacks
        memset(row + known, 0, (profile->values.count - known) * sizeof *row);
}

static enum merge_error subtract_last(const struct delta *delta, struct profile *profile, const int64_t *scale, struct merge_fault *fault) {
    struct kept kept = keep_header(profile);
    uint32_t sample_count = profile->samples.count;
    size_t size = profile->values.count * sizeof(int64_t);
    int64_t *values = malloc(size + 1);
    if (!values)
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the values");
    if (size > 0)
        memcpy(values, profile->values.items, size);
    enum merge_error error = profile_decode(profile, delta->last, delta->last_size, NULL, delta->last_scale, fault);
    if (error == MERGE_OK) {
        settle(profile, sample_count, values, scale);
        restore_header(profile, kept);
        if (profile->time_ns != 0 && delta->last_time_ns != 0 && profile->time_ns > delta->last_time_ns)
            profile->duration_ns = saturate_subtract(profile->time_ns, delta->last_time_ns);
    }
    free(values);
    return error;
}

// The new profile, or its delta to the last one, into an empty object. *scale: for when it is the last one itself.
static enum merge_error step(const struct delta *delta, struct profile *profile, const uint8_t *raw, size_t raw_size, int64_t **scale,
                             struct merge_fault *fault) {
    enum merge_error error = profile_decode(profile, raw, raw_size, NULL, NULL, fault);
    if (error != MERGE_OK)
        return error;
    *scale = calloc(profile->type_count + 1u, sizeof **scale);
    if (!*scale)
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the scale");
    error = make_scale(delta, profile, *scale, fault);
    if (error == MERGE_OK && delta->last)
        error = subtract_last(delta, profile, *scale, fault);
    return error;
}

enum merge_error delta_next(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, uint8_t **out,
                            size_t *out_size, struct merge_fault *fault) {
    *out = NULL;
    *out_size = 0;
    uint8_t *raw = NULL;
    size_t raw_size = 0;
    int64_t *scale = NULL, time_ns = 0;
    enum merge_error error = merge_inflate(bytes, size, merge_default_limits.input_bytes, &raw, &raw_size, fault);
    struct profile *profile = profile_new();
    if (error == MERGE_OK && !profile)
        error = fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for a profile");
    if (error == MERGE_OK) {
        error = step(delta, profile, raw, raw_size, &scale, fault);
        time_ns = profile->time_ns;
    }
    if (error == MERGE_OK) {
        error = profile_encode(profile, compression, out, out_size);
        if (error != MERGE_OK)
            fault_set(fault, error, 0, "no memory for the result");
    }
    profile_free(profile);
    forget(delta);
    if (error == MERGE_OK) {
        delta->last = raw;
        delta->last_size = raw_size;
        delta->last_scale = scale;
        delta->last_time_ns = time_ns;
    } else {
        free(raw);
        free(scale);
    }
    return error;
}
