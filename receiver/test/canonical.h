// canonical.h: all of a profile as text that does not depend on the order of its parts, for tests that compare merges.
#ifndef CMEMPROF_RECEIVER_TEST_CANONICAL_H
#define CMEMPROF_RECEIVER_TEST_CANONICAL_H

#include "../../base/test/test.h"

#include "http.h"

#include "../../merge/merge.h"

#include <inttypes.h>

static inline int canonical_compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

// Joins and frees the parts, sorted.
static inline void canonical_join(struct text *out, struct text *parts, size_t count) {
    char **sorted = calloc(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = parts[i].bytes;
    }
    qsort(sorted, count, sizeof *sorted, canonical_compare);
    for (size_t i = 0; i < count; i++) {
        text_add(out, "%s", sorted[i]);
        free(sorted[i]);
    }
    free(sorted);
    free(parts);
}

static inline struct text canonical_sample(struct profile *profile, size_t index) {
    struct text line = {0};
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_at(profile, index, &sample), MERGE_OK);
    for (size_t i = 0; i < sample.frame_count; i++) {
        const struct profile_frame *frame = &sample.frames[i];
        text_add(&line, "%s|%s|%" PRId64 "|%" PRIu64 "|%s|%d ", frame->function, frame->file, frame->line, frame->file_offset,
                 frame->mapping_file, frame->inlined);
    }
    struct text *labels = calloc(sample.label_count + 1, sizeof *labels), *values = calloc(65, sizeof *values);
    for (size_t i = 0; i < sample.label_count; i++) {
        const struct profile_label *label = &sample.labels[i];
        text_add(&labels[i], "{%s=%s %" PRId64 " %s}", label->key, label->text ? label->text : "(number)", label->number, label->unit);
    }
    canonical_join(&line, labels, sample.label_count);
    size_t types = profile_sample_type_count(profile), used = 0;
    for (size_t i = 0; i < types; i++) {
        if (sample.values[i] != 0) {
            text_add(&values[used++], " %s/%s:%" PRId64, profile_sample_type_name(profile, i), profile_sample_type_unit(profile, i),
                     sample.values[i]);
        }
    }
    canonical_join(&line, values, used);
    if (used == 0) { // not encoded, and so not a part of the profile
        free(line.bytes);
        line = (struct text){0};
        text_add(&line, "%s", "");
        return line;
    }
    text_add(&line, "\n");
    return line;
}

// The caller frees it.
static inline char *canonical(struct profile *profile) {
    struct text all = {0};
    size_t count = profile_sample_count(profile), types = profile_sample_type_count(profile);
    text_add(&all, "time %" PRId64 " duration %" PRId64 " period %" PRId64 "\n", profile_time_ns(profile), profile_duration_ns(profile),
             profile_period(profile));
    struct text *parts = calloc(types + 1, sizeof *parts);
    for (size_t i = 0; i < types; i++) {
        text_add(&parts[i], "type %s/%s\n", profile_sample_type_name(profile, i), profile_sample_type_unit(profile, i));
    }
    canonical_join(&all, parts, types);
    const char *texts[64];
    size_t warnings = profile_warnings(profile, texts, 64);
    parts = calloc(warnings + 1, sizeof *parts);
    for (size_t i = 0; i < warnings; i++) {
        text_add(&parts[i], "warning %s\n", texts[i]);
    }
    canonical_join(&all, parts, warnings);
    parts = calloc(count + 1, sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        parts[i] = canonical_sample(profile, i);
    }
    canonical_join(&all, parts, count);
    return all.bytes;
}

#endif
