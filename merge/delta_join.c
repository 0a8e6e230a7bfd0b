// delta_join.c: the delta of a cumulative profile that comes in parts, as the heap profiles of C and Go do.
//
// Parts are added to `known`, whose own rows of values hold their sums until delta_end: they become `current`, the delta's rows take their
// place, and the result is encoded. So a part is decoded at most once, and one that is built in place never.
// Threads, memory: as delta.c.
#include "delta.h"

#include "../base/check.h"
#include "fault.h"

static void clear_values(struct profile *known) {
    if (known->values.count > 0) {
        memset(known->values.items, 0, known->values.count * sizeof(int64_t));
    }
}

// Memory ran out: the tables are incomplete.
static void lose(struct delta *delta) {
    delta_forget(delta);
    delta->lost = delta->tells_once && delta->has_reported;
}

struct profile *delta_begin(struct delta *delta) {
    CHECK(!delta->joining && delta->rule == DELTA_NEVER_NEGATIVE);
    if (!delta->known) {
        delta->known = profile_new();
    }
    if (delta->known) {
        delta->joining = true;
        clear_values(delta->known);
        profile_reset_header(delta->known);
        profile_next_round(delta->known);
    }
    return delta->known;
}

static void end(struct delta *delta) {
    CHECK(delta->joining);
    delta->joining = false;
    if (delta->known->status != MERGE_OK) {
        lose(delta);
    }
}

void delta_cancel(struct delta *delta) {
    end(delta);
}

static bool is_zero(const int64_t *row, uint32_t count) {
    int64_t any = 0;
    for (uint32_t i = 0; i < count; i++) {
        any |= row[i];
    }
    return any == 0;
}

// Moves the sums to `current`. Sets *added to the number of samples that have any.
static bool take_values(struct delta *delta, bool is_partial, uint32_t *added) {
    struct profile *known = delta->known;
    uint32_t types = known->type_count;
    profile_fit_rows(known);
    size_t size = (size_t)known->samples.count * types;
    if (!delta->seeded) {
        delta->last.count = 0;
    }
    delta->current.count = 0;
    *added = 0;
    if (known->status != MERGE_OK || (size > 0 && !array_push(&delta->current, size, sizeof(int64_t))) ||
        (size > delta->last.count && !array_push(&delta->last, size - delta->last.count, sizeof(int64_t)))) {
        return false;
    }
    delta->saturated += known->saturated;
    known->saturated = 0;
    for (uint32_t i = 0; types > 0 && i < known->samples.count; i++) {
        const int64_t *row = profile_sample_values(known, i);
        bool is_absent = is_zero(row, types);
        *added += !is_absent;
        if (is_partial && is_absent) {
            row = (const int64_t *)delta->last.items + (size_t)i * types;
        }
        memcpy((int64_t *)delta->current.items + (size_t)i * types, row, types * sizeof *row);
    }
    return true;
}

// The state from the present profile alone. If there is no memory for that, it stays as it is.
static void rebuild(struct delta *delta) {
    struct profile *known = delta->known, *fresh = delta->current.count > 0 ? profile_new() : NULL;
    if (!fresh) {
        return;
    }
    memcpy(known->values.items, delta->current.items, delta->current.count * sizeof(int64_t));
    struct wire_writer raw = {0};
    bool whole =
        encode_raw(known, &raw) && profile_decode(fresh, raw.bytes, raw.size, NULL, NULL, NULL) == MERGE_OK && fresh->samples.count > 0;
    wire_free(&raw);
    if (!whole) {
        profile_free(fresh);
        return;
    }
    profile_trim(fresh);
    memcpy(delta->current.items, fresh->values.items, fresh->values.count * sizeof(int64_t)); // not more than there were
    delta->current.count = fresh->values.count;
    profile_free(known);
    delta->known = fresh;
}

static void keep(struct delta *delta, uint32_t added, int64_t time_ns) {
    bool first = !delta->seeded;
    if (!first && (added < delta->known->samples.count / 2 || delta_footprint(delta->known) > 2 * delta->footprint)) {
        rebuild(delta);
        first = true;
    }
    if (first) {
        delta->footprint = delta_footprint(delta->known);
    }
    delta_keep_values(delta, time_ns);
    delta->seeded = true;
}

static enum merge_error join(struct delta *delta, bool is_partial, struct merge_fault *fault) {
    struct profile *known = delta->known;
    enum merge_error error = delta_find_types(delta, fault);
    uint32_t added;
    if (error != MERGE_OK) {
        return error;
    }
    if (!take_values(delta, is_partial, &added)) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the values");
    }
    int64_t time_ns = known->time_ns;
    if (delta->lost) {
        delta->lost = false;
        keep(delta, added, time_ns);
        return fault_set(fault, MERGE_NOT_FOUND, 0, "the previous profile is unknown");
    }
    int64_t duration_ns = delta->type_count > 0 ? delta_duration_ns(delta, time_ns, known->duration_ns) : known->duration_ns;
    if (!delta_find_evicted(delta) || delta_encode(delta, duration_ns) != MERGE_OK) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the result");
    }
    keep(delta, is_partial ? known->samples.count : added, time_ns);
    return MERGE_OK;
}

enum merge_error delta_end(struct delta *delta, bool is_partial, const uint8_t **out, size_t *out_size, struct merge_fault *fault) {
    *out = NULL;
    *out_size = 0;
    if (fault) {
        *fault = (struct merge_fault){0};
    }
    end(delta);
    if (!delta->known) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the profile");
    }
    profile_trim(delta->known);
    if (delta->lost && is_partial) {
        return fault_set(fault, MERGE_NOT_FOUND, 0, "the previous profile is unknown");
    }
    enum merge_error error = join(delta, is_partial, fault);
    if (error == MERGE_NO_MEMORY) {
        lose(delta);
    }
    if (error == MERGE_OK) {
        delta->has_reported = true;
        *out = delta->raw.bytes;
        *out_size = delta->raw.size;
    }
    return error;
}
