// view_api_test.c: the paths that read profiles, over HTTP: answers, made and cached, warnings, and errors with their status.

#include "../../../base/test/test.h"

#include "view_uploads.h"

TEST_IN(receiver, answers) {
    struct fixture *fixture = *state;
    static const char *const answers[][2] = {
        {"/api/types", "{\"name\":\"delta-heap.pprof\",\"uploads\":2,\"pprof\":true,\"recording\":false}"},
        {"/api/types?attachment=delta-heap.pprof",
         "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":165,\"c_total\":15,\"gauge\":true,\"uploads\":2}"},
        {"/api/tree?attachment=delta-heap.pprof",
         "\"seconds\":120,\"type\":\"inuse_space\",\"unit\":\"bytes\",\"gauge\":true,\"total\":165"},
        {"/api/tree?attachment=delta-heap.pprof&memory=C", "\"total\":15"},
        {"/api/tree?attachment=delta-heap.pprof&memory=Go", "\"total\":150"},
        {"/api/tree?attachment=delta-heap.pprof&label=memory:C&kind=c", "\"total\":15"},
        {"/api/tree?attachment=delta-heap.pprof&label=memory:C&kind=go", "\"total\":0"},
        {"/api/tree?attachment=delta-heap.pprof&ids=1", "\"total\":110"},
        {"/api/tree?attachment=delta-heap.pprof&service=nobody", "no upload of the selection has an attachment delta-heap.pprof"},
        {"/api/diff?attachment=delta-heap.pprof&ids=2&base.ids=1", "\"base_total\":110"},
        {"/api/labels?attachment=delta-heap.pprof",
         "{\"key\":\"memory\",\"unique\":false,\"values\":[{\"value\":\"C\",\"unit\":\"\",\"count\":2,\"weight\":15}]"}, // a mean
        {"/api/labels?attachment=delta-heap.pprof&type=alloc_space", "\"weight\":30}]"},
        {"/api/labels?attachment=delta-heap.pprof&gauges=last", "\"weight\":20}]"},
        {"/api/types?attachment=delta-heap.pprof",
         "\"gauges\":{\"value\":\"mean\",\"summed\":false,\"processes_at_once\":1,\"uploads\":2}"},
        {"/api/types?attachment=delta-heap.pprof&gauges=last",
         "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":220,\"c_total\":20,\"gauge\":true,\"uploads\":1}"},
        {"/api/types?attachment=delta-heap.pprof&gauges=max", "{\"type\":\"alloc_space\",\"unit\":\"bytes\",\"total\":330,"},
        {"/api/types?attachment=delta-heap.pprof&processes=sum", "\"total\":165,\"c_total\":15,\"gauge\":true,\"uploads\":2}"},
        {"/api/tree?attachment=delta-heap.pprof&gauges=last", "\"gauge\":true,\"total\":220"},
        {"/api/tree?attachment=delta-heap.pprof&gauges=max", "\"gauge\":true,\"total\":220"},
        {"/api/tree?attachment=delta-heap.pprof&gauges=max&type=alloc_space", "\"gauge\":false,\"total\":330"},
        {"/api/tree?attachment=delta-heap.pprof&processes=sum",
         "\"gauges\":{\"value\":\"mean\",\"summed\":true,\"processes_at_once\":1,\"uploads\":2},"},
        {"/api/tree?attachment=delta-heap.pprof&gauges=last&type=3", "\"gauge\":true,\"total\":220"},
        {"/api/tree?attachment=delta-heap.pprof&gauges=max&processes=sum&type=1", "\"gauge\":false,\"total\":330"},
        {"/api/labels?attachment=delta-heap.pprof&type=1", "\"weight\":30}]"},
        {"/api/diff?attachment=delta-heap.pprof&gauges=max&base.ids=1", "\"base_total\":110"},
        {"/api/metrics", "{\"name\":\"go_gcs_per_sec\",\"unit\":\"1/s\",\"points\":[["},
        {"/api/analysis", "\"findings\":["},
        {"/api/tree?attachment=delta-heap.pprof&ids=1", "\"warnings\":[]}"},
        {"/api/uploads/1/attachments/delta-heap.pprof/types", "{\"samples\":2,\"c_samples\":1"},
        {"/api/uploads/1/attachments/delta-heap.pprof/tree?type=alloc_space&memory=C", "\"total\":10"},
    };
    post_heap(fixture, 100, 10);
    post_heap(fixture, 200, 20);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        bool none = strstr(answers[i][0], "nobody");
        for (int again = 0; again < 2; again++) { // made, then cached
            expect_get(fixture->port, answers[i][0], none ? 404 : 200, answers[i][1]);
        }
    }
}

// A profiler's warnings appear in the views of one profile, of many, of a difference, and over time.
TEST_IN(receiver, warnings) {
    struct fixture *fixture = *state;
    static const char all[] = "\"warnings\":[\"too low: 31 % were dropped\",\"names are missing\"]";
    post_one(fixture, "goroutine", FRAMES("cmemprof: samples=1", "cmemprof: warning: too low: 9 % were dropped"));
    post_one(fixture, "goroutine", FRAMES("cmemprof: warning: too low: 31 % were dropped", "cmemprof: warning: names are missing"));
    expect_get(fixture->port, "/api/uploads/1/attachments/a.pprof/types", 200, "\"warnings\":[\"too low: 9 % were dropped\"]");
    expect_get(fixture->port, "/api/uploads/2/attachments/a.pprof/tree", 200, all);
    expect_get(fixture->port, "/api/tree?attachment=a.pprof", 200, all);
    expect_get(fixture->port, "/api/diff?attachment=a.pprof&ids=1&base.ids=2", 200, all);
    expect_get(fixture->port, "/api/timeline?attachment=a.pprof", 200, all);
    expect_get(fixture->port, "/api/timeline?attachment=a.pprof&lanes=1&ids=2", 200, all);
}

// Made, then cached; the same without it is another answer.
TEST_IN(receiver, packed) {
    struct fixture *fixture = *state;
    static const char *const trees[] = {"/api/uploads/1/attachments/delta-heap.pprof/tree?x=", "/api/tree?attachment=delta-heap.pprof"};
    post_heap(fixture, 100, 10);
    for (size_t i = 0; i < 4; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s&nodes=packed", trees[i / 2]);
        struct answer answer = http_get(fixture->port, path);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(answer.all.bytes, "\r\nContent-Type: application/octet-stream\r\n"));
        assert_memory_equal(answer.body, "cmt1", 4);
        uint32_t length;
        memcpy(&length, answer.body + 4, sizeof length);
        assert_int_equal(answer.body_size, 8 + length + 3 * 28); // main.a and malloc below the root
        answer_free(&answer);
        expect_get(fixture->port, trees[i / 2], 200, "\"nodes\":[[0,0,");
    }
    expect_get(fixture->port, "/api/tree?attachment=delta-heap.pprof&nodes=packed&objects=small", 200, "\"nodes\":[[0,0,");
    expect_get(fixture->port, "/api/tree?attachment=delta-heap.pprof&nodes=", 200, "\"nodes\":[[0,0,");
}

TEST_IN(receiver, errors) {
    struct fixture *fixture = *state;
    static const struct refusal errors[] = {
        {"/api/tree?attachment=delta-heap.pprof&type=cpu", 404, "no sample type cpu"},
        {"/api/labels?attachment=delta-heap.pprof&type=9", 404, "no sample type 9"},
        {"/api/tree?attachment=broken.pprof", 422, "not a readable profile"},
        {"/api/tree?attachment=delta-heap.pprof&below=deadbeef", 404, "the tree has no node deadbeef"},
        {"/api/uploads/1/attachments/broken.pprof/tree", 422, "not a readable profile"},
        {"/api/uploads/1/attachments/broken.pprof/jfr", 422, "not a readable recording"},
        {"/api/uploads/1/attachments/broken.pprof/runtime", 422, "not a readable recording"},
        {"/api/uploads/1/attachments/broken.pprof/events", 422, "not a readable recording"},
        {"/api/uploads/1/attachments/broken.pprof/events?limit=0", 400, "limit is not one from 1 to 10000"},
        {"/api/uploads/1/attachments/broken.pprof/events?after=-1", 400, "after is not a number"},
        {"/api/trees", 404, ""},
        {"/api/uploads/1/attachments/delta-heap.pprof/tree?memory=x", 400, "memory is neither C nor Go"},
        {"/api/tree?attachment=delta-heap.pprof&nodes=1", 400, "nodes is not packed"},
    };
    expect_refusals(fixture, errors, sizeof errors / sizeof *errors);
}

int main(void) {
    return tests_run();
}
