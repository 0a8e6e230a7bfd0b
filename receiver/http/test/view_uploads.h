// view_uploads.h: uploads for the tests of views, over HTTP.
#ifndef CMEMPROF_RECEIVER_TEST_VIEW_UPLOADS_H
#define CMEMPROF_RECEIVER_TEST_VIEW_UPLOADS_H

#include "../../test/http.h"
#include "../../test/profiles.h"

static inline void post_heap_of(struct fixture *fixture, const char *process, int64_t go, int64_t c) {
    struct text body = {0};
    char event[] = EVENT;
    memcpy(strstr(event, "runtime-id:1"), process, strlen(process));
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, go, 1, go), false);
    add_stack(profile, FRAMES("malloc /m.c", "main.a /a.go"), VALUES(1, c, 1, c), true);
    struct blob blob = finish(profile);
    body_part(&body, "name=\"event\"; filename=\"event.json\"", event);
    body_part_bytes(&body, "name=\"delta-heap.pprof\"; filename=\"delta-heap.pprof\"", blob.bytes, blob.size);
    body_part(&body, "name=\"metrics.json\"; filename=\"metrics.json\"", "[[\"go_gcs_per_sec\",4]]");
    body_part(&body, "name=\"broken.pprof\"; filename=\"broken.pprof\"", "no profile");
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":");
    free(blob.bytes);
}

static inline void post_heap(struct fixture *fixture, int64_t go, int64_t c) {
    post_heap_of(fixture, "runtime-id:1", go, c);
}

// One profile "a.pprof" of one sample type.
static inline void post_one(struct fixture *fixture, const char *type, const char *const *comments) {
    struct text body = {0};
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, type, "count");
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(6), false);
    for (; *comments; comments++) {
        profile_add_comment(profile, *comments);
    }
    struct blob blob = finish(profile);
    body_part(&body, "name=\"event\"; filename=\"event.json\"", EVENT);
    body_part_bytes(&body, "name=\"a.pprof\"; filename=\"a.pprof\"", blob.bytes, blob.size);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":");
    free(blob.bytes);
}

// A request that is refused, with the status and a part of the reason.
struct refusal {
    const char *path;
    int status;
    const char *reason;
};

static inline void expect_refusals(struct fixture *fixture, const struct refusal *refusals, size_t count) {
    post_heap(fixture, 100, 10);
    for (size_t i = 0; i < count; i++) {
        expect_get(fixture->port, refusals[i].path, refusals[i].status, refusals[i].reason);
    }
}

#endif
