// types.c: adds, removes, renames and scales the sample types of a profile. Matching an input's types: match_types.c. Threads, memory: as
// profile.h.
#include "decode.h"
#include "profile.h"
#include "saturate.h"

void profile_allow_union(struct profile *profile) {
    profile->types_rule = TYPES_UNION;
}

void profile_allow_common(struct profile *profile) {
    profile->types_rule = TYPES_COMMON;
}

bool profile_last_had_type(const struct profile *profile, size_t index) {
    const struct input *input = profile->decoder;
    for (uint32_t i = 0; input && i < input->types.count; i++) {
        if (((const uint32_t *)input->value_at.items)[i] == index) {
            return true;
        }
    }
    return false;
}

size_t profile_left_out_count(const struct profile *profile) {
    return profile->types_left_out.count;
}

const char *profile_left_out_name(const struct profile *profile, size_t index) {
    if (index >= profile->types_left_out.count) {
        return "";
    }
    return profile_string(profile, ((const struct value_type *)profile->types_left_out.items)[index].type);
}

uint64_t profile_saturated_count(const struct profile *profile) {
    return profile->saturated;
}

// From the last row to the first, since rows are moved up in place.
void profile_append_type(struct profile *profile, struct value_type type) {
    struct value_type *entry = array_push(&profile->types, 1, sizeof *entry);
    if (!entry || (profile->samples.count > 0 && !array_push(&profile->values, profile->samples.count, sizeof(int64_t)))) {
        return profile_fail(profile, MERGE_NO_MEMORY);
    }
    *entry = type;
    size_t before = profile->type_count++;
    int64_t *values = profile->values.items;
    for (size_t row = profile->samples.count; row-- > 0;) {
        memmove(values + row * (before + 1), values + row * before, before * sizeof *values);
        values[row * (before + 1) + before] = 0;
    }
}

enum merge_error profile_keep_sample_types(struct profile *profile, const char *const *names, size_t count) {
    uint32_t kept[64];
    if (profile->status != MERGE_OK) {
        return profile->status;
    }
    if (count > sizeof kept / sizeof *kept) {
        return MERGE_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        int index = names[i] && *names[i] ? profile_sample_type_index(profile, names[i]) : -1;
        if (index < 0) {
            return MERGE_NOT_FOUND;
        }
        kept[i] = (uint32_t)index;
    }
    if (count > profile->type_count) { // a duplicate name: rows must not grow here
        return MERGE_MALFORMED;
    }
    struct value_type types[64];
    for (size_t i = 0; i < count; i++) {
        types[i] = *profile_type(profile, kept[i]);
    }
    int64_t *values = profile->values.items;
    for (size_t sample = 0; sample < profile->samples.count; sample++) {
        int64_t row[64];
        for (size_t i = 0; i < count; i++) {
            row[i] = values[sample * profile->type_count + kept[i]];
        }
        for (size_t i = 0; i < count; i++) {
            values[sample * count + i] = row[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        *profile_type(profile, (uint32_t)i) = types[i];
    }
    profile->types.count = profile->type_count = (uint32_t)count;
    profile->values.count = profile->samples.count * (uint32_t)count;
    profile->types_fixed = true;
    return MERGE_OK;
}

enum merge_error profile_rename_sample_type(struct profile *profile, const char *name, const char *new_name) {
    if (profile->status != MERGE_OK) {
        return profile->status;
    }
    int index = name && *name ? profile_sample_type_index(profile, name) : -1;
    if (index < 0) {
        return MERGE_NOT_FOUND;
    }
    uint32_t text = profile_intern_string(profile, new_name, strlen(new_name));
    if (profile->status == MERGE_OK) {
        profile_type(profile, (uint32_t)index)->type = text;
    }
    return profile->status;
}

enum merge_error profile_scale_sample_type(struct profile *profile, const char *name, double factor) {
    if (profile->status != MERGE_OK) {
        return profile->status;
    }
    int index = name && *name ? profile_sample_type_index(profile, name) : -1;
    if (index < 0) {
        return MERGE_NOT_FOUND;
    }
    double carry = 0; // carries the rounding error over: 1,000 halves are 500, not 0 or 1,000
    for (uint32_t i = 0; i < profile->samples.count; i++) {
        int64_t *value = profile_sample_values(profile, i) + index;
        *value = saturate_scale(*value, factor, &carry, &profile->saturated);
    }
    return MERGE_OK;
}
