// own_profile.h: the test program's own profile, for hooked tests.
#ifndef CMEMPROF_TEST_OWN_PROFILE_H
#define CMEMPROF_TEST_OWN_PROFILE_H

#include "../../base/test/test.h"

#include "../../merge/merge.h"
#include "../cmemprof.h"
#include "../snapshot.h"

// Encodes the snapshot, frees it, and decodes the profile.
static inline struct profile *profile_of(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names) {
    uint8_t *bytes;
    size_t size;
    struct merge_fault fault;
    assert_non_null(snapshot);
    assert_int_equal(cmemprof_snapshot_encode(snapshot, names, &bytes, &size), CMEMPROF_OK);
    cmemprof_snapshot_free(snapshot);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, &fault), MERGE_OK);
    free(bytes);
    return profile;
}

static inline struct cmemprof_stats stats_now(void) {
    struct cmemprof_stats stats;
    cmemprof_get_stats(&stats);
    return stats;
}

static inline struct profile *take_profile(void) {
    return profile_of(cmemprof_snapshot_take(), NULL);
}

static inline bool has_function(const struct profile_sample_view *view, const char *function) {
    for (size_t frame = 0; frame < view->frame_count; frame++) {
        if (strcmp(view->frames[frame].function, function) == 0) {
            return true;
        }
    }
    return false;
}

// Sums the samples whose stack contains the function.
static inline void sum_of(struct profile *profile, const char *function, int64_t sums[4]) {
    memset(sums, 0, 4 * sizeof *sums);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        for (int value = 0; value < 4 && has_function(&view, function); value++) {
            sums[value] += view.values[value];
        }
    }
}

static inline uint64_t emitted_of(const struct cmemprof_snapshot *snapshot) {
    uint64_t emitted = 0;
    for (size_t i = 0; i < snapshot->record_count; i++) {
        emitted += snapshot->records[i].samples;
    }
    return emitted;
}

// Every sample is accounted for exactly once, and none that was counted before is missing.
static inline bool adds_up(const struct cmemprof_snapshot *snapshot) {
    const struct cmemprof_stats *stats = &snapshot->stats;
    return stats->samples == emitted_of(snapshot) + stats->lost_stacks + stats->lost_shards;
}

// No block is live that was not allocated.
static inline bool in_use_was_allocated(const struct cmemprof_snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->record_count; i++) {
        const struct record *record = &snapshot->records[i];
        if (record->inuse_objects > record->alloc_objects + 1e-6 || record->inuse_bytes > record->alloc_bytes + 1e-6) {
            return false;
        }
    }
    return true;
}

#endif
