// analysis_series.h: heap profiles of one process over time, for the tests of the analysis.
#ifndef CMEMPROF_RECEIVER_TEST_ANALYSIS_SERIES_H
#define CMEMPROF_RECEIVER_TEST_ANALYSIS_SERIES_H

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../analysis_rules.h"

enum { MEGABYTE = 1000000, MINUTE_MS = 60000 };

// A profile of the i-th minute, for the caller to add stacks to.
typedef void fill_profile(struct profile *profile, int i);

static inline void fill_stacks(struct stacks *stacks, const char *type, fill_profile *fill, int count) {
    assert_true(stacks_init(stacks, type, NULL));
    for (int i = 0; i < count; i++) {
        bool goroutines = strncmp(type, "goroutine", 9) == 0;
        struct profile *profile = goroutines ? profile_new() : new_heap_profile();
        char text[160] = "";
        if (goroutines) {
            profile_add_sample_type(profile, type, "count");
        }
        fill(profile, i);
        struct blob blob = finish(profile);
        struct listed_upload upload = {.id = i + 1, .start_ms = (int64_t)MINUTE_MS * (i - 1), .end_ms = (int64_t)MINUTE_MS * i};
        measures_clear(&upload.measures);
        if (stacks_add(stacks, &upload, blob.bytes, blob.size, text) != RECEIVER_OK) {
            fail_msg("stacks_add: %s", text);
        }
        free(blob.bytes);
    }
}

#define LEAKY                                                                                                                              \
    FRAMES("malloc /m.c", "sqlite3MemMalloc /s.c", "sqlite.(*Conn).prepare /go/pkg/mod/sqlite@v1/conn.go", "main.report /r.go",            \
           "main.main /m.go")
#define CACHE FRAMES("main.cache /c.go", "main.main /m.go")

static inline void add_live(struct profile *profile, const char *const *frames, double bytes, bool c) {
    add_stack(profile, frames, VALUES(1, (int64_t)bytes, 1, (int64_t)bytes), c);
}

// Live C memory of memory.pprof.
static inline void add_aged(struct profile *profile, const char *const *frames, const char *age, double bytes) {
    const struct profile_label labels[] = {{"part", "malloc_live", 0, ""}, {"memory", "C", 0, ""}, {"age", age, 0, ""}};
    add_labelled(profile, frames, VALUES((int64_t)bytes), labels, 3);
}

// Of what the newest memory.pprof says.
static inline void fill_ages(struct stacks *parts, void (*fill)(struct profile *profile)) {
    struct profile *profile = profile_new();
    char text[160] = "";
    profile_add_sample_type(profile, "resident_space", "bytes");
    fill(profile);
    struct blob blob = finish(profile);
    struct listed_upload upload = {.id = 1};
    assert_true(stacks_init(parts, "resident_space", AGE_LABEL));
    assert_int_equal(stacks_add(parts, &upload, blob.bytes, blob.size, text), RECEIVER_OK);
    free(blob.bytes);
}

static inline bool has_finding(const struct findings *findings, const char *kind, const char *words) {
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->items[i]->kind, kind) == 0 && strstr(findings->items[i]->title, words)) {
            return true;
        }
    }
    return false;
}

#endif
