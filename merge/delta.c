// delta.c: the difference between two cumulative profiles.
//
// The state is a struct profile, `known`, which has every stack of the last profile, and a row of values for each, `last`. A new profile is
// staged into it (decode.h), mostly by comparison with the next table entry, without a hash. Its values are summed in
// `current`, which merges duplicates. The result is written from the new profile's bytes: the messages that its samples
// use are copied; only sample values and ids are rewritten. So order, unknown fields and the header are those of the new profile.
// Finally `current` becomes `last`.
// With DELTA_LIKE_PPROF the result may have samples that the new profile lacks, so it is encoded from `known` instead.
//
// Vanished stacks stay in the tables with zeros in `last`, which is equivalent to absence. When they are half of the tables, or the tables
// have doubled, `known` is rebuilt from the new profile alone: the state is at most about twice a profile's.
// Threads, memory: as merge.h; all buffers are kept, so that a call does not allocate unless profiles grow.
#include "delta.h"

#include "fault.h"
#include "saturate.h"

void delta_forget(struct delta *delta) {
    profile_free(delta->known);
    delta->known = NULL;
    delta->seeded = false;
}

void delta_free(struct delta *delta) {
    if (!delta) {
        return;
    }
    for (size_t i = 0; delta->types && i < delta->type_count; i++) {
        free(delta->types[i]);
    }
    free(delta->types);
    delta_forget(delta);
    struct array *arrays[] = {&delta->subtract, &delta->current,   &delta->last, &delta->seen,
                              &delta->reported, &delta->locations, &delta->ids,  &delta->marks};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        array_free(arrays[i]);
    }
    wire_free(&delta->raw);
    wire_free(&delta->packed);
    compress_free(&delta->compress);
    free(delta);
}

struct delta *delta_new_with(const struct delta_options *options) {
    struct delta *delta = calloc(1, sizeof *delta);
    if (!delta) {
        return NULL;
    }
    delta->rule = options->rule;
    delta->level = options->level;
    delta->tells_once = options->tells_once;
    delta->limits = options->limits ? *options->limits : merge_default_limits;
    delta->types = calloc(options->type_count + 1, sizeof *delta->types);
    for (; delta->types && delta->type_count < options->type_count; delta->type_count++) {
        if (!(delta->types[delta->type_count] = strdup(options->types[delta->type_count]))) {
            break;
        }
    }
    if (delta->types && delta->type_count == options->type_count) {
        return delta;
    }
    delta_free(delta);
    return NULL;
}

struct delta *delta_new(const char *const *types, size_t count) {
    return delta_new_with(&(struct delta_options){.types = types, .type_count = count});
}

uint64_t delta_saturated_count(const struct delta *delta) {
    return delta->saturated;
}

// ---- One step ----

enum merge_error delta_find_types(struct delta *delta, struct merge_fault *fault) {
    const struct profile *known = delta->known;
    delta->subtract.count = 0;
    bool *subtract = array_push(&delta->subtract, known->type_count + 1, sizeof *subtract);
    if (!subtract) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the types");
    }
    for (size_t i = 0; i < delta->type_count; i++) {
        bool found = false;
        for (uint32_t at = 0; at < known->type_count; at++) {
            if (strcmp(profile_sample_type_name(known, at), delta->types[i]) == 0) {
                subtract[at] = found = true;
            }
        }
        if (!found) {
            return fault_set(fault, MERGE_NOT_FOUND, 0, "the profile has no sample type %s", delta->types[i]);
        }
    }
    return MERGE_OK;
}

// Sums the new profile's values for each sample of `known`.
static bool add_up(struct delta *delta) {
    struct profile *known = delta->known;
    const struct input *input = known->decoder;
    const uint32_t *samples = input->samples.items, *value_at = input->value_at.items;
    const int64_t *row = input->values.items;
    uint32_t types = known->type_count;
    size_t needed = (size_t)known->samples.count * types;
    if (!delta->seeded) {
        delta->last.count = 0;
    }
    delta->current.count = 0;
    if (needed > 0 && !array_push(&delta->current, needed, sizeof(int64_t))) {
        return false;
    }
    if (needed > delta->last.count && !array_push(&delta->last, needed - delta->last.count, sizeof(int64_t))) {
        return false;
    }
    for (uint32_t i = 0; i < input->samples.count; i++, row += types) {
        if (i + FETCH_AHEAD < input->samples.count) {
            __builtin_prefetch((int64_t *)delta->current.items + (size_t)samples[i + FETCH_AHEAD] * types);
        }
        int64_t *current = (int64_t *)delta->current.items + (size_t)samples[i] * types;
        for (uint32_t type = 0; type < types; type++) {
            current[value_at[type]] = saturate_add(current[value_at[type]], row[type], &delta->saturated);
        }
    }
    return true;
}

// ---- The sample of MERGE_EVICTED ----

static bool is_evicted(const struct delta *delta, uint32_t index) {
    const struct profile *known = delta->known;
    const struct sample *sample = profile_sample(known, index);
    if (sample->ref_count != 1) {
        return false;
    }
    const struct location *location = profile_location(known, *profile_ref(known, sample->ref));
    return location->line_count == 1 &&
           strcmp(profile_string(known, profile_function(known, profile_line(known, location->line)->function)->name), MERGE_EVICTED) == 0;
}

static bool is_c(const struct delta *delta, uint32_t index) {
    const struct sample *sample = profile_sample(delta->known, index);
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct label *label = profile_label(delta->known, sample->label + i);
        if (strcmp(profile_string(delta->known, label->key), "memory") == 0 &&
            strcmp(profile_string(delta->known, label->text), "C") == 0) {
            return true;
        }
    }
    return false;
}

// A C sample whose value decreased has vanished or restarted; its last value is now part of the evicted sample.
static void add_reported(struct delta *delta, uint32_t index) {
    uint32_t types = delta->known->type_count;
    const int64_t *current = (const int64_t *)delta->current.items + (size_t)index * types;
    const int64_t *last = (const int64_t *)delta->last.items + (size_t)index * types;
    const bool *subtract = delta->subtract.items;
    int64_t *reported = delta->reported.items;
    bool less = false;
    for (uint32_t i = 0; i < types; i++) {
        less |= subtract[i] && current[i] < last[i];
    }
    if (!less || !is_c(delta, index)) {
        return;
    }
    for (uint32_t i = 0; i < types; i++) {
        if (subtract[i] && current[i] < last[i]) {
            reported[i] = saturate_add(reported[i], last[i], &delta->saturated);
        }
    }
}

// A C sample that has the totals of evicted stacks: that of malloc's, if there is one of mappings, too.
static uint32_t evicted_of(const struct delta *delta) {
    uint32_t evicted = 0;
    for (uint32_t i = 0; i < delta->known->samples.count; i++) {
        if (is_evicted(delta, i)) {
            if (is_c(delta, i)) {
                return i + 1;
            }
            evicted = i + 1;
        }
    }
    return evicted;
}

bool delta_find_evicted(struct delta *delta) {
    delta->evicted = 0;
    delta->reported.count = 0;
    if (delta->rule != DELTA_NEVER_NEGATIVE || !delta->seeded) {
        return true;
    }
    delta->evicted = evicted_of(delta);
    if (delta->evicted == 0) {
        return true;
    }
    if (!array_push(&delta->reported, delta->known->type_count, sizeof(int64_t))) {
        return false;
    }
    for (uint32_t i = 0; i < delta->known->samples.count; i++) {
        add_reported(delta, i);
    }
    return true;
}

bool delta_row(struct delta *delta, uint32_t sample, int64_t *row) {
    uint32_t types = delta->known->type_count;
    const int64_t *current = (const int64_t *)delta->current.items + (size_t)sample * types;
    const int64_t *last = (const int64_t *)delta->last.items + (size_t)sample * types;
    const bool *subtract = delta->subtract.items;
    int64_t any = 0;
    for (uint32_t i = 0; i < types; i++) {
        int64_t value = current[i];
        if (subtract[i] && last[i] != 0) {
            value = saturate_subtract(value, last[i], &delta->saturated);
            if (value < 0 && delta->rule == DELTA_NEVER_NEGATIVE) { // the counter was reset
                value = current[i];
            }
        }
        if (subtract[i] && sample + 1 == delta->evicted && current[i] >= last[i]) { // if it was reset, it includes nothing reported before
            value = saturate_subtract(value, ((const int64_t *)delta->reported.items)[i], &delta->saturated);
        }
        if (value < 0 && subtract[i] && delta->rule == DELTA_NEVER_NEGATIVE) {
            value = delta->seeded ? 0 : value;
        }
        row[i] = value;
        any |= value;
    }
    return any != 0;
}

int64_t delta_duration_ns(const struct delta *delta, int64_t time_ns, int64_t duration_ns) {
    uint64_t ignored = 0;
    if (delta->seeded && time_ns != 0 && delta->last_time_ns != 0 && time_ns > delta->last_time_ns) {
        return saturate_subtract(time_ns, delta->last_time_ns, &ignored);
    }
    return duration_ns;
}

enum merge_error delta_encode(struct delta *delta, int64_t duration_ns) {
    struct profile *known = delta->known;
    for (uint32_t i = 0; i < known->samples.count; i++) {
        delta_row(delta, i, profile_sample_values(known, i));
    }
    known->duration_ns = duration_ns;
    if (known->status != MERGE_OK) {
        return known->status;
    }
    return encode_raw(known, &delta->raw) ? MERGE_OK : MERGE_NO_MEMORY;
}

static enum merge_error write_result(struct delta *delta, struct merge_fault *fault) {
    enum merge_error error;
    const struct header *header = &delta->known->decoder->header;
    int64_t duration_ns = delta_duration_ns(delta, header->time_ns, header->duration_ns);
    if (!delta_find_evicted(delta)) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the values");
    }
    if (delta->rule == DELTA_LIKE_PPROF) { // samples that the new profile lacks are 0 - last
        profile_reset_header(delta->known);
        decode_commit_header(delta->known);
        error = delta_encode(delta, duration_ns);
    } else {
        error = delta_write(delta, duration_ns) ? MERGE_OK : MERGE_NO_MEMORY;
    }
    return error == MERGE_OK ? MERGE_OK : fault_set(fault, error, 0, "no memory for the result");
}

size_t delta_footprint(const struct profile *profile) {
    return profile->strings.bytes + profile->strings.strings.count * sizeof(struct string) +
           profile->functions.count * sizeof(struct function) + profile->locations.count * sizeof(struct location) +
           profile->lines.count * sizeof(struct line) + profile->mappings.count * sizeof(struct mapping) +
           profile->refs.count * sizeof(uint32_t) + profile->labels.count * sizeof(struct label) +
           profile->samples.count * sizeof(struct sample);
}

void delta_keep_values(struct delta *delta, int64_t time_ns) {
    struct array swap = delta->last;
    delta->last = delta->current;
    delta->current = swap;
    delta->last_time_ns = time_ns;
}

static uint32_t count_seen(const struct delta *delta) {
    const struct input *input = delta->known->decoder;
    bool *seen = delta->seen.items;
    uint32_t count = 0;
    memset(seen, 0, delta->known->samples.count * sizeof *seen);
    for (uint32_t i = 0; i < input->samples.count; i++) {
        bool *entry = &seen[((const uint32_t *)input->samples.items)[i]];
        count += !*entry;
        *entry = true;
    }
    return count;
}

static enum merge_error stage(struct delta *delta, const void *bytes, size_t size, struct merge_fault *fault) {
    if (!delta->known && !(delta->known = profile_new())) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for a profile");
    }
    enum merge_error error = decode_stage(delta->known, bytes, size, &delta->limits, fault);
    if (error != MERGE_OK) {
        return error;
    }
    decode_commit_types(delta->known);
    delta->known->period_type = delta->known->decoder->header.period_type; // period types are compared with the previous profile's only
    if (delta->known->status == MERGE_OK) {
        error = delta_find_types(delta, fault);
    }
    delta->seen.count = 0;
    if (error == MERGE_OK &&
        (delta->known->status != MERGE_OK || !add_up(delta) || !array_push(&delta->seen, delta->known->samples.count + 1, sizeof(bool)))) {
        error = fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the values");
    }
    return error;
}

// Rebuilds the state from the new profile alone.
static enum merge_error start_over(struct delta *delta, struct merge_fault *fault) {
    struct input *decoder = delta->known->decoder; // kept: its buffers, and the inflated profile
    uint64_t saturated = delta->saturated;
    delta->known->decoder = NULL;
    delta_forget(delta);
    delta->known = profile_new();
    if (!delta->known) {
        decode_free(decoder);
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for a profile");
    }
    delta->known->decoder = decoder;
    enum merge_error error = stage(delta, decoder->bytes, (size_t)(decoder->end - decoder->bytes), fault);
    delta->saturated = saturated;
    return error;
}

static enum merge_error step(struct delta *delta, const void *bytes, size_t size, struct merge_fault *fault) {
    enum merge_error error = stage(delta, bytes, size, fault);
    if (error == MERGE_OK) {
        error = write_result(delta, fault);
    }
    if (error != MERGE_OK) {
        return error;
    }
    size_t now = delta_footprint(delta->known);
    bool first = !delta->seeded;
    if (!first && (count_seen(delta) < delta->known->samples.count / 2 || now > 2 * delta->footprint)) {
        error = start_over(delta, fault);
        if (error != MERGE_OK) {
            return error;
        }
        now = delta_footprint(delta->known);
        first = true;
    }
    if (first) {
        delta->footprint = now;
    }
    delta_keep_values(delta, delta->known->decoder->header.time_ns);
    delta->seeded = true;
    return MERGE_OK;
}

// With tells_once: stores the profile for comparison with the next one, without a result.
static enum merge_error store_only(struct delta *delta, const void *bytes, size_t size, struct merge_fault *fault) {
    enum merge_error error = stage(delta, bytes, size, fault);
    if (error != MERGE_OK) {
        delta_forget(delta);
        return error;
    }
    delta->footprint = delta_footprint(delta->known);
    delta_keep_values(delta, delta->known->decoder->header.time_ns);
    delta->seeded = true;
    delta->lost = false;
    return fault_set(fault, MERGE_NOT_FOUND, 0, "the previous profile is unknown");
}

static void lose(struct delta *delta, const void *bytes, size_t size) {
    delta_forget(delta);
    delta->lost = delta->tells_once && delta->has_reported;
    if (delta->lost) {
        store_only(delta, bytes, size, NULL);
    }
}

enum merge_error delta_step(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, const uint8_t **out,
                            size_t *out_size, struct merge_fault *fault) {
    *out = NULL;
    *out_size = 0;
    if (fault) {
        *fault = (struct merge_fault){0};
    }
    if (delta->lost) {
        return store_only(delta, bytes, size, fault);
    }
    enum merge_error error = step(delta, bytes, size, fault);
    if (error == MERGE_OK && compression != MERGE_RAW) {
        error = compress_deflate(&delta->compress, compression, delta->level, delta->raw.bytes, delta->raw.size, &delta->packed);
        if (error != MERGE_OK) {
            fault_set(fault, error, 0, "no memory for the result");
        }
    }
    if (error != MERGE_OK) {
        lose(delta, bytes, size);
        return error;
    }
    delta->has_reported = true;
    const struct wire_writer *result = compression == MERGE_RAW ? &delta->raw : &delta->packed;
    *out = result->bytes;
    *out_size = result->size;
    return MERGE_OK;
}

enum merge_error delta_next(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, uint8_t **out,
                            size_t *out_size, struct merge_fault *fault) {
    const uint8_t *result;
    *out = NULL;
    enum merge_error error = delta_step(delta, bytes, size, compression, &result, out_size, fault);
    if (error != MERGE_OK) {
        return error;
    }
    *out = malloc(*out_size + 1);
    if (!*out) {
        *out_size = 0;
        if (!delta->tells_once) { // else the profile stays stored
            delta_forget(delta);
        }
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the result");
    }
    if (*out_size != 0) { // nothing is reported of a profile that is only stored
        memcpy(*out, result, *out_size);
    }
    return MERGE_OK;
}
