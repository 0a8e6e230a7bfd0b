// match_types.c: matches the sample types of an input to the profile's columns (decode.h).
//
// Types match by name and unit, in any order; duplicates match in order. Depending on the profile's rule the sets
// must be equal, are united, or are intersected. In the latter two cases a convertible unit matches, too.
// match_types only computes the match; match_commit applies it to the profile after the whole input has been read.
// Threads and memory: as decode.h.
#include "decode.h"

#include "saturate.h"

#include <stdio.h>

static bool same_type(struct value_type a, struct value_type b) {
    return a.type == b.type && a.unit == b.unit;
}

static const char *text_of(const struct input *input, uint32_t text) {
    return profile_string(input->profile, text);
}

static bool same_but_for_unit(const struct input *input, struct value_type ours, struct value_type its, struct units_ratio *ratio) {
    return input->profile->types_rule != TYPES_SAME && ours.type == its.type &&
           units_convert(text_of(input, ours.unit), text_of(input, its.unit), ratio);
}

static enum merge_error types_differ(struct input *input, struct value_type type, const char *what) {
    return fault_set(input->fault, MERGE_TYPES_DIFFER, 0, "sample type %s/%s %s", text_of(input, type.type), text_of(input, type.unit),
                     what);
}

// "a/b, c/d", truncated to fit.
static void list_types(const struct input *input, const struct array *types, char *out, size_t capacity) {
    size_t used = 0;
    *out = '\0';
    for (uint32_t i = 0; i < types->count && used < capacity; i++) {
        struct value_type type = ((const struct value_type *)types->items)[i];
        int more = snprintf(out + used, capacity - used, "%s%s/%s", i ? ", " : "", text_of(input, type.type), text_of(input, type.unit));
        used += more > 0 ? (size_t)more : 0;
    }
}

static enum merge_error nothing_in_common(struct input *input) {
    char its[64], ours[64];
    list_types(input, &input->types, its, sizeof its);
    list_types(input, &input->profile->types, ours, sizeof ours);
    return fault_set(input->fault, MERGE_TYPES_DIFFER, 0, "no sample types in common: %s; before: %s", its, ours);
}

static struct our_type *ours_of(const struct input *input) {
    return input->ours.items;
}

// The profile's column for the input's type i, or type_count if there is none.
static uint32_t find_column(struct input *input, uint32_t i) {
    const struct profile *profile = input->profile;
    struct our_type *ours = ours_of(input);
    struct value_type type = ((const struct value_type *)input->types.items)[i];
    struct units_ratio ratio;
    for (uint32_t at = 0; at < profile->type_count; at++) {
        if (!ours[at].taken && same_type(*profile_type(profile, at), type)) {
            return at;
        }
    }
    for (uint32_t at = 0; at < profile->type_count; at++) {
        if (ours[at].taken || !same_but_for_unit(input, *profile_type(profile, at), type, &ratio)) {
            continue;
        }
        ours[at].scale = ratio.a;
        ours[at].unit = ratio.a > 1 ? type.unit : ours[at].unit;
        ((int64_t *)input->scale.items)[i] = ratio.b;
        input->converts = true;
        return at;
    }
    return profile->type_count;
}

// Columns from type_count on are new: in the first input, or in a union.
static enum merge_error assign_columns(struct input *input) {
    struct profile *profile = input->profile;
    bool first = profile->type_count == 0 && (!profile->types_fixed || profile->types_rule == TYPES_COMMON);
    uint32_t *value_at = input->value_at.items, total = profile->type_count;
    for (uint32_t i = 0; i < input->types.count; i++) {
        uint32_t at = find_column(input, i);
        if (at < profile->type_count) {
            ours_of(input)[at].taken = true;
            value_at[i] = at;
        } else if (first || profile->types_rule == TYPES_UNION) {
            value_at[i] = total++;
        } else if (profile->types_rule == TYPES_COMMON) {
            value_at[i] = NO_COLUMN;
            input->converts = true;
        } else {
            return types_differ(input, ((const struct value_type *)input->types.items)[i], "is not in the previous profile");
        }
    }
    if (total > input->limits->sample_types) {
        return fault_set(input->fault, MERGE_TOO_LARGE, 0, "%u sample types, limit %zu", total, input->limits->sample_types);
    }
    return MERGE_OK;
}

// Drops the profile's types that the input lacks; later columns move up.
static enum merge_error close_gaps(struct input *input) {
    const struct profile *profile = input->profile;
    struct our_type *ours = ours_of(input);
    uint32_t *value_at = input->value_at.items, kept = 0;
    for (uint32_t at = 0; at < profile->type_count; at++) {
        ours[at].column = ours[at].taken ? kept++ : NO_COLUMN;
    }
    if (kept == 0 && profile->type_count > 0) {
        return nothing_in_common(input);
    }
    input->converts |= kept < profile->type_count;
    for (uint32_t i = 0; i < input->types.count; i++) {
        if (value_at[i] < profile->type_count) {
            value_at[i] = ours[value_at[i]].column;
        }
    }
    return MERGE_OK;
}

static enum merge_error check_all_taken(struct input *input) {
    const struct profile *profile = input->profile;
    for (uint32_t at = 0; at < profile->type_count; at++) {
        if (!ours_of(input)[at].taken) {
            return types_differ(input, *profile_type(profile, at), "is missing");
        }
    }
    return MERGE_OK;
}

static bool reserve_columns(struct input *input) {
    const struct profile *profile = input->profile;
    uint32_t count = input->types.count;
    struct our_type *ours = array_push(&input->ours, profile->type_count + 1, sizeof *ours);
    int64_t *scale = array_push(&input->scale, count + 1, sizeof *scale);
    if (!ours || !scale || !array_push(&input->value_at, count + 1, sizeof(uint32_t))) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        scale[i] = 1;
    }
    for (uint32_t at = 0; at < profile->type_count; at++) {
        ours[at] = (struct our_type){.column = at, .scale = 1, .unit = profile_type(profile, at)->unit};
    }
    return true;
}

enum merge_error match_types(struct input *input) {
    if (!reserve_columns(input)) {
        return fault_set(input->fault, MERGE_NO_MEMORY, 0, "sample types");
    }
    enum merge_error error = assign_columns(input);
    if (error != MERGE_OK || input->profile->types_rule == TYPES_UNION) {
        return error;
    }
    return input->profile->types_rule == TYPES_COMMON ? close_gaps(input) : check_all_taken(input);
}

static bool is_missing(struct value_type type) {
    return type.type == 0 && type.unit == 0;
}

bool match_period(struct input *input, struct value_type type) {
    const struct profile *profile = input->profile;
    input->period_ratio = (struct units_ratio){1, 1};
    if (!profile->period_known || is_missing(type) || is_missing(profile->period_type) || same_type(profile->period_type, type)) {
        return true;
    }
    return same_but_for_unit(input, profile->period_type, type, &input->period_ratio);
}

// ---- Commit ----

static void leave_out(struct profile *profile, struct value_type type) {
    const struct value_type *before = profile->types_left_out.items;
    for (uint32_t i = 0; i < profile->types_left_out.count; i++) {
        if (before[i].type == type.type) {
            return;
        }
    }
    struct value_type *entry = array_push(&profile->types_left_out, 1, sizeof *entry);
    if (entry) {
        *entry = type;
    } else {
        profile_fail(profile, MERGE_NO_MEMORY);
    }
}

// Converts the profile's types to the common units and removes dropped ones.
static void convert_ours(struct profile *profile) {
    const struct our_type *ours = ours_of(profile->decoder);
    uint32_t types = profile->type_count, kept = 0;
    int64_t *to = profile->values.items;
    const int64_t *from = to;
    for (uint32_t sample = 0; sample < profile->samples.count; sample++, from += types) {
        for (uint32_t at = 0; at < types; at++) {
            if (ours[at].column != NO_COLUMN) {
                *to++ = saturate_multiply(from[at], ours[at].scale, &profile->saturated);
            }
        }
    }
    for (uint32_t at = 0; at < types; at++) {
        struct value_type type = *profile_type(profile, at);
        if (ours[at].column == NO_COLUMN) {
            leave_out(profile, type);
        } else {
            *profile_type(profile, kept++) = (struct value_type){type.type, ours[at].unit};
        }
    }
    profile->types.count = profile->type_count = kept;
    profile->values.count = profile->samples.count * kept;
}

static void add_types(struct profile *profile) {
    const struct input *input = profile->decoder;
    const struct value_type *types = input->types.items;
    const uint32_t *value_at = input->value_at.items;
    for (uint32_t i = 0; i < input->types.count; i++) {
        if (value_at[i] == NO_COLUMN) {
            leave_out(profile, types[i]);
        } else if (value_at[i] >= profile->type_count) { // new columns are in order
            profile_append_type(profile, types[i]);
        }
    }
}

void match_commit(struct profile *profile) {
    const struct input *input = profile->decoder;
    if (input->converts) {
        convert_ours(profile);
    }
    add_types(profile);
    if (is_missing(profile->period_type)) {
        profile->period_type = input->header.period_type;
    } else if (input->period_ratio.a != 1) {
        profile->period = saturate_multiply(profile->period, input->period_ratio.a, &profile->saturated);
        profile->period_type = input->header.period_type;
    }
}
