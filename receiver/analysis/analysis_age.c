// analysis_age.c: how much of C's memory at a site is old (analysis_age.h).
#include "analysis_age.h"
#include "../views/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The classes of the label, the youngest first.
static const struct {
    const char *label;
    double from_s;
} classes[] = {{"<1m", 0}, {"1-5m", 60}, {"5-30m", 300}, {"30m-2h", 1800}, {"2h-1d", 7200}, {">1d", 86400}};
enum { CLASSES = sizeof classes / sizeof *classes };

struct mix {
    double bytes[CLASSES], all;
};

static size_t class_of(const struct profile_sample_view *sample) {
    size_t class = 0;
    while (class < CLASSES && !profile_sample_has_label(sample, AGE_LABEL, classes[class].label)) {
        class ++;
    }
    return class;
}

static void add_to(struct mix *mix, size_t class, double bytes) {
    mix->all += bytes;
    mix->bytes[class] += bytes;
}

static bool read_mixes(const struct stacks *ages, const struct stack_site *const *sites, size_t count, struct mix *mixes, struct mix *all) {
    struct site_memo memo = {0};
    for (uint32_t i = 0; i < ages->sum_count; i++) {
        struct profile_sample_view sample;
        if (profile_sample_at(ages->profile, i, &sample) != MERGE_OK) {
            return false;
        }
        size_t class = class_of(&sample);
        if (class == CLASSES || !profile_sample_is_c(&sample) || !stacks_want(ages, &sample)) {
            continue;
        }
        double bytes = (double)ages->sums[i];
        const char *function = site_of_stack(&sample, &memo)->function;
        add_to(all, class, bytes);
        for (size_t s = 0; s < count; s++) {
            if (strcmp(sites[s]->function, function) == 0) {
                add_to(&mixes[s], class, bytes);
            }
        }
    }
    return true;
}

// What is needed of a level that something is concluded from: 16 samples, an error of a quarter.
static double enough_of(const struct stacks *stacks) {
    double period = (double)profile_period(stacks->profile);
    return 16 * (period >= 1 ? period : 524288);
}

// The oldest class tells most, if the profiles go back twice as far, and enough was in use then.
static struct kept kept_of(const struct mix *mix, const struct stacks *stacks, const struct series_point *points) {
    const struct series_point *last = &points[stacks->profile_count - 1];
    double old = 0;
    for (size_t class = CLASSES - 1; class > 0 && mix->all > 0; class --) {
        double ago_s = classes[class].from_s;
        int64_t then_ms = last->ms - (int64_t)(1000 * ago_s);
        const struct series_point *then = last;
        old += mix->bytes[class];
        while (then > points && then->ms > then_ms) {
            then--;
        }
        if (then->ms <= then_ms && last->ms - points->ms >= (int64_t)(2000 * ago_s) && then->value >= enough_of(stacks)) {
            double still = last->value * old / mix->all;
            return (struct kept){.ago_s = ago_s, .then_bytes = then->value, .still_bytes = still < then->value ? still : then->value};
        }
    }
    return (struct kept){0};
}

// ---- Sizes ----

struct counting {
    const struct ages *ages;
    const struct stacks *stacks;
    const struct stack_site *const *sites;
    size_t count;
    struct kept *of_site;
};

static const struct series_point *point_of(const struct stacks *stacks, const struct stack_site *site, int64_t upload) {
    for (size_t i = 0; i < stacks->profile_count; i++) {
        if (stacks->ids[i] == upload) {
            return &site->points[i];
        }
    }
    return NULL;
}

// Sizes stay if the number of blocks has risen at least half as much as the bytes.
static void compare_sizes(const struct counting *counting, size_t site, const struct series_point *objects) {
    const struct stacks *counted = &counting->ages->objects;
    const struct series_point *before = point_of(counting->stacks, counting->sites[site], counted->ids[0]),
                              *after = point_of(counting->stacks, counting->sites[site], counted->ids[1]);
    if (before && after && before->value >= enough_of(counting->stacks) && after->value >= 1.2 * before->value && objects[0].value >= 1) {
        double bytes_rose = after->value / before->value - 1, objects_rose = objects[1].value / objects[0].value - 1;
        counting->of_site[site].sizes = objects_rose >= bytes_rose / 2 ? SIZES_STAY : SIZES_GROW;
    }
}

static enum stacks_answer take_objects(void *context, struct stack_site *of_objects) {
    const struct counting *counting = context;
    for (size_t i = 0; of_objects->c && i < counting->count; i++) {
        if (strcmp(counting->sites[i]->function, of_objects->function) == 0) {
            compare_sizes(counting, i, of_objects->points);
        }
    }
    return STACKS_DONE;
}

static bool find_sizes(struct counting *counting) {
    return counting->ages->objects.profile_count != 2 || stacks_sites(&counting->ages->objects, take_objects, counting);
}

// ---- All ----

bool age_kept(const struct ages *ages, const struct stacks *stacks, const struct stack_site *const *sites, size_t count,
              struct kept *of_site, struct kept *all) {
    *all = (struct kept){0};
    for (size_t i = 0; i < count; i++) {
        of_site[i] = (struct kept){0};
    }
    if (ages->parts.profile_count == 0 || stacks->profile_count == 0) {
        return true;
    }
    struct series_point points[TREND_MAX_POINTS];
    struct mix *mixes = calloc(count + 1, sizeof *mixes), *total = mixes + count;
    bool ok = mixes && read_mixes(&ages->parts, sites, count, mixes, total);
    for (size_t i = 0; ok && i < count; i++) {
        of_site[i] = kept_of(&mixes[i], stacks, sites[i]->points);
    }
    if (ok) {
        stacks_total(stacks, true, points);
        *all = kept_of(total, stacks, points);
    }
    free(mixes);
    return ok && find_sizes(&(struct counting){ages, stacks, sites, count, of_site});
}

bool age_turns_over(const struct kept *kept) {
    return kept->ago_s > 0 && kept->sizes == SIZES_STAY && kept->still_bytes < 0.2 * kept->then_bytes;
}

void age_evidence(const struct kept *kept, char *text, size_t size) {
    char ago[FINDING_AMOUNT_BYTES], then[FINDING_AMOUNT_BYTES], still[FINDING_AMOUNT_BYTES];
    size_t length = strlen(text);
    if (kept->ago_s > 0) {
        snprintf(text + length, size - length, " Of the %s in use %s before the last profile, %s (%.0f %%) still are%s.",
                 finding_bytes(kept->then_bytes, then), finding_duration(kept->ago_s, ago), finding_bytes(kept->still_bytes, still),
                 100 * kept->still_bytes / kept->then_bytes,
                 kept->sizes == SIZES_GROW ? "; its blocks grow in size, and one that realloc has resized counts as new"
                 : age_turns_over(kept)    ? ": this memory is freed, and more of it is in use at a time"
                                           : "");
    }
}
