// analysis_old_objects.c: where the objects of a Java heap that grows were allocated (analysis_rules.h).
//
// A JVM's recordings have the size of the heap, and jdk.OldObjectSample: some objects that are still in use, which it chose by the bytes
// allocated, so that a site's share of them is about its share of what is kept. They are no estimate of bytes, so the growth is told by the
// measure, and the site by the sample.
#include "analysis_rules.h"
#include "../views/site.h"

#include <stdio.h>
#include <string.h>

// Of fewer objects nothing is told, and of a site with less than this share.
enum { MIN_OBJECTS = 10 };
#define MIN_SHARE 0.2

struct counting {
    const struct stacks *stacks;
    double all, without_stack, most;
    uint32_t sample; // one of the site that has most
};

static enum stacks_answer count_site(void *context, struct stack_site *site) {
    struct counting *counting = context;
    double objects = 0;
    for (size_t i = 0; i < counting->stacks->profile_count; i++) {
        objects += site->points[i].value;
    }
    counting->all += objects;
    if (*site->function == '(') { // "(no stack)"
        counting->without_stack += objects;
    } else if (objects > counting->most) {
        counting->most = objects;
        counting->sample = site->steepest;
    }
    return STACKS_DONE;
}

static bool wants_a_site(const struct finding *finding) {
    return finding->measure == MEASURE_HEAP_LIVE_BYTES && finding->frame_count == 0;
}

bool analysis_old_objects(struct findings *findings, const struct stacks *stacks, const char *attachment) {
    struct counting counting = {.stacks = stacks};
    struct profile_sample_view sample;
    if (stacks->profile_count == 0) {
        return true;
    }
    if (!stacks_sites(stacks, count_site, &counting)) {
        return false;
    }
    bool named = counting.all >= MIN_OBJECTS && counting.most >= MIN_SHARE * counting.all &&
                 profile_sample_at(stacks->profile, counting.sample, &sample) == MERGE_OK;
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = findings->items[i];
        if (!wants_a_site(finding)) {
            continue;
        }
        size_t title = strcspn(finding->title, ";"), evidence = strlen(finding->evidence); // behind the semicolon: no stacks
        if (named) {
            const char *site = site_of_stack(&sample, NULL)->function;
            snprintf(finding->title + title, sizeof finding->title - title, ", %.0f %% of its old objects allocated by %.200s",
                     100 * counting.most / counting.all, site);
            snprintf(finding->evidence + evidence, sizeof finding->evidence - evidence,
                     " Old objects are a sample that the JVM has chosen of what is in use: %.0f of the %.0f in the newest recordings were "
                     "allocated there.",
                     counting.most, counting.all);
            finding_set_stack(finding, &sample, site);
            snprintf(finding->attachment, sizeof finding->attachment, "%s", attachment);
            finding->type = stacks->type_name;
        } else if (counting.without_stack > counting.all / 2) {
            snprintf(finding->advice, sizeof finding->advice,
                     "The recordings have old objects without the stacks of their allocation: with the setting "
                     "jdk.OldObjectSample#stackTrace=true "
                     "(JFR's profile has it) they tell where.");
        }
    }
    return true;
}
