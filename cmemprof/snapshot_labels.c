// snapshot_labels.c (naming): the labels of goroutines in a profile: one list for all samples, in which each set is one piece.
//
// Threads and memory: as snapshot_encode.c.

#include "snapshot.h"

#include <stdio.h>
#include <string.h>

#include "../merge/memory.h"
#include "../merge/merge.h"

struct label_place {
    const struct stack *set; // NULL: free
    size_t first, count;
};

static struct label_place *place_of(const struct snapshot_labels *labels, const struct stack *set) {
    uint64_t hash = (uintptr_t)set * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t at = hash >> 32;; at++) {
        struct label_place *place = &labels->places[at & (labels->place_count - 1)];
        if (!place->set || place->set == set) {
            return place;
        }
    }
}

size_t snapshot_labels_read(const struct stack *set, struct profile_label *items) {
    struct label_cursor cursor = label_set_begin(set);
    struct label_text label;
    size_t count = 0;
    while (label_set_next(&cursor, &label)) {
        items[count++] = (struct profile_label){.key = label.key, .text = label.value, .unit = ""};
    }
    return count;
}

// Returns the number of labels in all sets.
static size_t place_sets(struct snapshot_labels *labels, const struct cmemprof_snapshot *snapshot) {
    size_t count = labels->count;
    for (size_t i = 0; i < snapshot->record_count; i++) {
        const struct stack *set = snapshot->records[i].stack ? stack_labels(snapshot->records[i].stack) : NULL;
        struct label_place *place = set ? place_of(labels, set) : NULL;
        if (place && !place->set) {
            *place = (struct label_place){set, count, label_set_begin(set).left};
            count += place->count;
        }
    }
    return count;
}

static size_t count_labelled(const struct cmemprof_snapshot *snapshot) {
    size_t count = 0;
    for (size_t i = 0; i < snapshot->record_count; i++) {
        count += snapshot->records[i].stack && snapshot->records[i].stack->has_labels;
    }
    return count;
}

bool snapshot_labels_collect(struct snapshot_labels *labels, const struct cmemprof_snapshot *snapshot, const struct profile_label *own,
                             size_t own_count) {
    size_t most = count_labelled(snapshot);
    *labels = (struct snapshot_labels){.count = own_count, .place_count = 16};
    while (labels->place_count < 2 * most) {
        labels->place_count *= 2;
    }
    labels->places = memory_take_zeroed(labels->place_count, sizeof *labels->places);
    size_t count = labels->places ? place_sets(labels, snapshot) : 0;
    labels->items = count != 0 ? memory_take_zeroed(count, sizeof *labels->items) : NULL;
    if (!labels->items) {
        snapshot_labels_free(labels);
        return false;
    }
    memcpy(labels->items, own, own_count * sizeof *own);
    for (size_t i = 0; i < labels->place_count; i++) {
        if (labels->places[i].set) {
            snapshot_labels_read(labels->places[i].set, &labels->items[labels->places[i].first]);
        }
    }
    labels->count = count;
    return true;
}

void snapshot_labels_free(struct snapshot_labels *labels) {
    memory_free(labels->places);
    memory_free(labels->items);
    *labels = (struct snapshot_labels){0};
}

size_t snapshot_labels_of(const struct snapshot_labels *labels, const struct stack *stack, size_t *first) {
    const struct stack *set = stack ? stack_labels(stack) : NULL;
    const struct label_place *place = set ? place_of(labels, set) : NULL;
    *first = place ? place->first : 0;
    return place ? place->count : 0;
}

// ---- Comments ----

struct listing {
    enum label_use use;
    char text[512];
    size_t length, left;
};

static void list_key(const struct label_key *key, void *context) {
    struct listing *listing = context;
    if (label_key_use(key) != listing->use) {
        return;
    }
    size_t room = sizeof listing->text - listing->length;
    int written = snprintf(listing->text + listing->length, room, "%s%.*s", listing->length != 0 ? ", " : "", (int)key->size,
                           (const char *)key->text);
    if (written >= 0 && (size_t)written < room) {
        listing->length += (size_t)written;
    } else { // there are more than fit
        listing->text[listing->length] = '\0';
        listing->left++;
    }
}

static void comment_on_keys(const struct profiler *self, struct profile *profile, enum label_use use, const char *why) {
    struct listing listing = {.use = use};
    char text[700], more[32] = "";
    label_keys_each(&self->labels.keys, list_key, &listing);
    if (listing.left != 0) {
        snprintf(more, sizeof more, ", and %zu more", listing.left);
    }
    if (listing.length != 0) {
        snprintf(text, sizeof text, "cmemprof: labels: left out, %s: %s%s", why, listing.text, more);
        profile_add_comment(profile, text);
    }
}

// Without figures: a merge keeps equal comments once.
void snapshot_labels_comment(const struct cmemprof_snapshot *snapshot, struct profile *profile) {
    const struct profiler *self = snapshot->of;
    enum cmemprof_go_labels missing = (enum cmemprof_go_labels)atomic_load(&self->labels_missing);
    if (missing != CMEMPROF_GO_LABELS_OK) {
        char text[160];
        snprintf(text, sizeof text, "cmemprof: labels: not available: %s", cmemprof_go_labels_text(missing));
        profile_add_comment(profile, text);
    }
    comment_on_keys(self, profile, LABEL_OF_REQUEST, "since they name single requests (unless asked for by name)");
    comment_on_keys(self, profile, LABEL_TOO_MANY_VALUES, "since they have had more than 1,000 values (unless asked for by name)");
    comment_on_keys(self, profile, LABEL_UNWANTED, "as asked for");
    comment_on_keys(self, profile, LABEL_OWN, "since the profile has labels of that name");
    if (snapshot->stats.lost_labels != 0) {
        profile_add_comment(profile,
                            "cmemprof: labels: some are missing: too many or too long for one sample, or no memory is left for them");
    }
}
