// group_by.c: a frame for the value of a label at the root of each stack (merge.h).
//
// The new frames' functions are the last ones of their table, so that their numbers tell them apart (profile_frame_of): a value may be
// called as a function is.
// Threads: as merge.h. Memory: the result, and the refs a second time while they are copied.
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>

struct grouping {
    struct profile *profile;
    uint32_t key;             // string
    struct array texts, refs; // char, of the value at hand; the new refs
    struct intern ids;        // locations by name
};

// ---- Names ----

static bool put(struct grouping *grouping, const char *text, size_t length) {
    char *more = array_push(&grouping->texts, (uint32_t)length, 1);
    if (more && length > 0) {
        memcpy(more, text, length);
    }
    return more || length == 0;
}

static bool put_string(struct grouping *grouping, uint32_t id) {
    struct string text = string_table_get(&grouping->profile->strings, id);
    return put(grouping, text.bytes, text.length);
}

// pprof encodes an empty text and the number 0 without a unit alike.
static bool put_value(struct grouping *grouping, const struct label *label) {
    if (label->text) {
        return put_string(grouping, label->text);
    }
    if (label->number == 0 && !label->unit) {
        return put(grouping, "(empty)", strlen("(empty)"));
    }
    char number[24];
    int length = snprintf(number, sizeof number, "%lld%s", (long long)label->number, label->unit ? " " : "");
    return put(grouping, number, (size_t)length) && put_string(grouping, label->unit);
}

// The string of a sample's values, in the order of its labels. 0: no memory.
static uint32_t name_of(struct grouping *grouping, const struct sample *sample) {
    bool any = false, ok = true;
    grouping->texts.count = 0;
    for (uint32_t i = 0; i < sample->label_count && ok; i++) {
        const struct label *label = profile_label(grouping->profile, sample->label + i);
        if (label->key == grouping->key) {
            ok = (!any || put(grouping, ",", 1)) && put_value(grouping, label);
            any = true;
        }
    }
    if (!any) {
        ok = put(grouping, MERGE_NO_LABEL, strlen(MERGE_NO_LABEL));
    }
    return ok ? profile_intern_string(grouping->profile, grouping->texts.items, grouping->texts.count) : 0;
}

// ---- Locations ----

static bool same_name(const void *context, uint32_t id, const void *name) {
    const struct profile *profile = context;
    const struct line *line = profile_line(profile, profile_location(profile, id)->line);
    return profile_function(profile, line->function)->name == *(const uint32_t *)name;
}

// 0: no memory.
static uint32_t new_location(struct grouping *grouping, uint32_t name) {
    struct profile *profile = grouping->profile;
    uint32_t id = profile->locations.count;
    struct function *function = array_push(&profile->functions, 1, sizeof *function);
    struct line *line = array_push(&profile->lines, 1, sizeof *line);
    struct location *location = array_push(&profile->locations, 1, sizeof *location);
    if (!function || !line || !location) {
        return 0;
    }
    *function = (struct function){.name = name, .file = grouping->key};
    *line = (struct line){.function = profile->functions.count - 1};
    *location = (struct location){.line = profile->lines.count - 1, .line_count = 1};
    return id;
}

// 0: no memory.
static uint32_t location_of(struct grouping *grouping, const struct sample *sample) {
    uint32_t name = name_of(grouping, sample);
    if (name == 0) {
        return 0;
    }
    uint32_t hash = intern_hash_end(intern_hash_word(grouping->profile->seed, name)) & grouping->profile->hash_mask;
    uint32_t id = intern_find(&grouping->ids, hash, same_name, grouping->profile, &name);
    if (id == 0) {
        id = new_location(grouping, name);
        id = id != 0 && intern_add(&grouping->ids, hash, id) ? id : 0;
    }
    return id;
}

static bool add_root(struct grouping *grouping, struct sample *sample) {
    uint32_t location = location_of(grouping, sample), first = grouping->refs.count;
    uint32_t *refs = location ? array_push(&grouping->refs, sample->ref_count + 1, sizeof *refs) : NULL;
    if (!refs) {
        return false;
    }
    if (sample->ref_count > 0) {
        memcpy(refs, profile_ref(grouping->profile, sample->ref), sample->ref_count * sizeof *refs);
    }
    refs[sample->ref_count] = location;
    sample->ref = first;
    sample->ref_count++;
    return true;
}

enum merge_error profile_group_by(struct profile *profile, const char *key) {
    if (profile->status != MERGE_OK) {
        return profile->status;
    }
    struct grouping grouping = {.profile = profile, .key = profile_intern_string(profile, key, strlen(key))};
    bool ok = profile->status == MERGE_OK;
    if (profile->first_group == 0) {
        profile->first_group = profile->functions.count;
    }
    for (uint32_t i = 0; ok && i < profile->samples.count; i++) {
        ok = add_root(&grouping, profile_sample(profile, i));
    }
    array_free(&grouping.texts);
    intern_free(&grouping.ids);
    array_free(ok ? &profile->refs : &grouping.refs);
    if (!ok) {
        profile_fail(profile, MERGE_NO_MEMORY);
        return MERGE_NO_MEMORY;
    }
    profile->refs = grouping.refs;
    return MERGE_OK;
}
