// view_make_test.c: the views of a selection over HTTP: which uploads and gauges an answer is made from, and the merged file.

#include "../../../base/test/test.h"

#include "view_uploads.h"

// An upgrade adds a type, and one file is truncated: a value names the count of uploads it is made from.
TEST_IN(receiver, few_have_the_type) {
    struct fixture *fixture = *state;
    static const char *const answers[][2] = {
        {"/api/tree?attachment=a.pprof&type=goroutine", "\"uploads\":3,\"uploads_with_type\":2,"},
        {"/api/tree?attachment=a.pprof&type=goroutine", "\"processes_at_once\":1,\"uploads\":2}"},
        {"/api/tree?attachment=a.pprof&type=goroutine&gauges=max", "\"uploads\":2},"},
        {"/api/tree?attachment=a.pprof&type=goroutine&gauges=max&processes=sum", "\"uploads\":2},"},
        {"/api/tree?attachment=a.pprof&type=goroutine&processes=sum", "\"uploads\":3},"},
        {"/api/tree?attachment=a.pprof&type=cpu", "\"uploads\":3,\"uploads_with_type\":1,"},
        {"/api/labels?attachment=a.pprof&type=goroutine", "\"uploads\":3,\"uploads_with_type\":2,"},
        {"/api/diff?attachment=a.pprof&type=goroutine&base.ids=1", "\"base\":{\"uploads\":1,\"uploads_with_type\":1,"},
        {"/api/types?attachment=a.pprof", "\"gauge\":true,\"uploads\":2}"},
        {"/api/types?attachment=a.pprof", "\"processes_at_once\":1,\"uploads\":3}"},
    };
    struct text body = {0};
    post_one(fixture, "goroutine", FRAMES(NULL));
    post_one(fixture, "goroutine", FRAMES(NULL));
    post_one(fixture, "cpu", FRAMES(NULL));
    body_part(&body, "name=\"event\"; filename=\"event.json\"", EVENT);
    body_part(&body, "name=\"a.pprof\"; filename=\"a.pprof\"", "no profile");
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":");
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        expect_get(fixture->port, answers[i][0], 200, answers[i][1]);
    }
}

struct file_case {
    const char *gauges;
    int64_t in_use;
};

// Go memory of the merged file.
static void expect_file(struct fixture *fixture, const struct file_case *expected, int64_t all_allocated) {
    char path[200];
    snprintf(path, sizeof path, "/api/profile?attachment=delta-heap.pprof%s", expected->gauges);
    struct answer answer = http_get(fixture->port, path);
    struct profile *profile = profile_new();
    assert_int_equal(answer.status, 200);
    assert_int_equal(profile_decode(profile, answer.body, answer.body_size, NULL, NULL, NULL), MERGE_OK);
    int64_t allocated = 0, in_use = 0;
    for (size_t k = 0; k < profile_sample_count(profile); k++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, k, &sample), MERGE_OK);
        bool c = profile_sample_is_c(&sample);
        allocated += c ? 0 : sample.values[profile_sample_type_index(profile, "alloc_space")];
        in_use += c ? 0 : sample.values[profile_sample_type_index(profile, "inuse_space")];
    }
    if (allocated != all_allocated || in_use != expected->in_use) {
        fail_msg("%s: %lld allocated, %lld in use", expected->gauges, (long long)allocated, (long long)in_use);
    }
    profile_free(profile);
    answer_free(&answer);
}

// The file has sums of amounts and gauges as requested, whatever the type.
TEST_IN(receiver, file) {
    struct fixture *fixture = *state;
    static const struct file_case cases[] = {{"", 75},
                                             {"&gauges=last", 50},
                                             {"&gauges=max", 100},
                                             {"&processes=sum", 75},
                                             {"&gauges=last&type=alloc_space", 50},
                                             {"&gauges=last&processes=sum&type=alloc_space", 50},
                                             {"&gauges=last&processes=sum&type=1", 50}, // by its index
                                             {"&gauges=max&type=alloc_space", 100},
                                             {"&gauges=max&type=1", 100},
                                             {"&gauges=max&type=3", 100}};
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_file(fixture, &cases[i], 150);
    }
}

TEST_IN(receiver, two_processes) {
    struct fixture *fixture = *state;
    static const struct file_case cases[] = {{"", 150},
                                             {"&processes=sum", 300},
                                             {"&gauges=last&processes=sum&type=alloc_space", 300},
                                             {"&gauges=max&type=alloc_space", 200},
                                             {"&gauges=max&processes=sum&type=1", 300}};
    post_heap_of(fixture, "runtime-id:1", 100, 10);
    post_heap_of(fixture, "runtime-id:2", 200, 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_file(fixture, &cases[i], 300);
    }
    expect_get(fixture->port, "/api/types?attachment=delta-heap.pprof&processes=sum", 200,
               "\"total\":330,\"c_total\":30,\"gauge\":true,\"uploads\":2}");
    expect_get(fixture->port, "/api/tree?attachment=delta-heap.pprof&processes=sum", 200,
               "\"gauges\":{\"value\":\"mean\",\"summed\":true,\"processes_at_once\":2,\"uploads\":2},");
}

// Each answer is of its own grouping, of one attachment, of many merged ones, and of a difference.
TEST_IN(receiver, groups) {
    struct fixture *fixture = *state;
    static const char c_first[] = "\"functions\":[{\"name\":\"C\",\"file\":\"memory\",\"kind\":\"label\",\"library\":\"\"}";
    static const char plain_first[] = "\"functions\":[{\"name\":\"main.a\"", none_first[] = "\"functions\":[{\"name\":\"(no label)\"";
    post_heap(fixture, 50, 100);
    post_heap(fixture, 50, 100);
    static const char *const answers[][2] = {
        {"/api/tree?attachment=delta-heap.pprof", plain_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=", plain_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=memory", c_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tenant", none_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=memory&memory=Go", none_first},
        {"/api/uploads/1/attachments/delta-heap.pprof/tree?group_by=memory", c_first},
        {"/api/diff?attachment=delta-heap.pprof&ids=1&base.ids=2&group_by=memory", c_first},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        expect_get(fixture->port, answers[i][0], 200, answers[i][1]);
    }
}

int main(void) {
    return tests_run();
}
