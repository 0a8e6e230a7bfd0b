// shown_type.c: the default sample type (merge.h). Threads: as there. Memory: none.
#include "merge.h"

#include <string.h>

// "space": dd-trace-js up to 5.40.
const char *const profile_live_types[] = {"inuse_space", "heap-space", "space", NULL};
#define COUNT(array) (sizeof(array) / sizeof *(array))

// Accessors common to struct profile and struct totals.
struct candidates {
    const void *of;
    int (*find)(const void *of, const char *type);
    int (*own_default)(const void *of);
    bool (*holds_something)(const void *of, int type);
    int count;
};

// Order of preference: memory in use, the profile's own default, memory allocated.
static int best(const struct candidates *all) {
    int order[COUNT(profile_live_types) + 1], count = 0;
    for (size_t i = 0; profile_live_types[i]; i++) {
        order[count++] = all->find(all->of, profile_live_types[i]);
    }
    order[count++] = all->own_default(all->of);
    order[count++] = all->find(all->of, "alloc_space");
    int first = -1;
    for (int i = 0; i < count + all->count; i++) {
        int type = i < count ? order[i] : i - count;
        if (type >= 0 && all->holds_something(all->of, type)) {
            return type;
        }
        first = first < 0 ? type : first;
    }
    return first;
}

// ---- struct profile ----

static int find_in_profile(const void *profile, const char *type) {
    return profile_sample_type_index(profile, type);
}

static int default_of_profile(const void *profile) {
    return profile_sample_type_index(profile, NULL);
}

static bool profile_holds(const void *of, int type) {
    struct profile *profile = (struct profile *)of; // not modified: samples are read without frames
    struct profile_sample_view view;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        if (profile_sample_without_frames(profile, i, &view) == MERGE_OK && view.values[type] != 0) {
            return true;
        }
    }
    return false;
}

int profile_shown_type(struct profile *profile) {
    const struct candidates all = {profile, find_in_profile, default_of_profile, profile_holds, (int)profile_sample_type_count(profile)};
    return best(&all);
}

// ---- struct totals ----

static int find_in_totals(const void *of, const char *name) {
    const struct totals *totals = of;
    const struct totals_type *type = totals_find(totals, name);
    return type ? (int)(type - totals->types) : -1;
}

static int default_of_totals(const void *of) {
    const struct totals *totals = of;
    int index = *totals->default_type ? find_in_totals(totals, totals->default_type) : -1;
    return index >= 0 ? index : (int)totals->type_count - 1;
}

static bool totals_hold(const void *of, int type) {
    return ((const struct totals *)of)->types[type].total != 0;
}

const struct totals_type *totals_shown_type(const struct totals *totals) {
    const struct candidates all = {totals, find_in_totals, default_of_totals, totals_hold, (int)totals->type_count};
    int index = best(&all);
    return index >= 0 ? &totals->types[index] : NULL;
}
