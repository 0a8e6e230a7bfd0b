// view_api_test.c: the paths that look into profiles, over HTTP: answers, errors with their status and reason, and what is kept.
#include "../../test/http.h"
#include "../../test/profiles.h"

static void post_heap_of(struct fixture *fixture, const char *process, int64_t go, int64_t c) {
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

static void post_heap(struct fixture *fixture, int64_t go, int64_t c) {
    post_heap_of(fixture, "runtime-id:1", go, c);
}

static void test_answers(void **state) {
    struct fixture *fixture = *state;
    static const char *const answers[][2] = {
        {"/api/types", "{\"name\":\"delta-heap.pprof\",\"uploads\":2,\"pprof\":true}"},
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
        for (int again = 0; again < 2; again++) { // made, then kept
            expect_get(fixture->port, answers[i][0], none ? 404 : 200, answers[i][1]);
        }
    }
}

static void post_one(struct fixture *fixture, const char *type, const char *const *comments) {
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

// What a profiler warns of is said of one profile, of many, and of a difference.
static void test_warnings(void **state) {
    struct fixture *fixture = *state;
    static const char all[] = "\"warnings\":[\"too low: 31 % were dropped\",\"names are missing\"]";
    post_one(fixture, "goroutine", FRAMES("cmemprof: samples=1", "cmemprof: warning: too low: 9 % were dropped"));
    post_one(fixture, "goroutine", FRAMES("cmemprof: warning: too low: 31 % were dropped", "cmemprof: warning: names are missing"));
    expect_get(fixture->port, "/api/uploads/1/attachments/a.pprof/types", 200, "\"warnings\":[\"too low: 9 % were dropped\"]");
    expect_get(fixture->port, "/api/uploads/2/attachments/a.pprof/tree", 200, all);
    expect_get(fixture->port, "/api/tree?attachment=a.pprof", 200, all);
    expect_get(fixture->port, "/api/diff?attachment=a.pprof&ids=1&base.ids=2", 200, all);
}

// An upgrade adds a type, and one file is cut: what is said of a value names the uploads that it comes of.
static void test_few_have_the_type(void **state) {
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

static void test_errors(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *path;
        int status;
        const char *reason;
    } errors[] = {
        {"/api/tree", 400, "attachment=NAME is missing"},
        {"/api/tree?attachment=delta-heap.pprof&memory=x", 400, "memory is neither C nor Go"},
        {"/api/tree?attachment=delta-heap.pprof&owner=x", 400, "owner is neither program nor cmemprof"},
        {"/api/tree?attachment=delta-heap.pprof&kind=x", 400, "kind is none of"},
        {"/api/tree?attachment=delta-heap.pprof&label=x", 400, "a label is not KEY:VALUE"},
        {"/api/"
         "tree?attachment=delta-heap.pprof&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label="
         "a:1"
         "&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1",
         400, "more than 16 labels"},
        {"/api/tree?attachment=delta-heap.pprof&from=yesterday", 400, "from"},
        {"/api/tree?attachment=delta-heap.pprof&type=cpu", 404, "no sample type cpu"},
        {"/api/labels?attachment=delta-heap.pprof&type=9", 404, "no sample type 9"},
        {"/api/tree?attachment=broken.pprof", 422, "not a readable profile"},
        {"/api/diff?attachment=delta-heap.pprof&mode=x", 400, "mode is neither total nor per_second"},
        {"/api/tree?attachment=delta-heap.pprof&below=xyz", 400, "below is no number of 32 bits in hex"},
        {"/api/tree?attachment=delta-heap.pprof&below=deadbeef", 404, "the tree has no node deadbeef"},
        {"/api/tree?attachment=delta-heap.pprof&gauges=least", 400, "gauges is none of mean, last, max"},
        {"/api/types?attachment=delta-heap.pprof&processes=2", 400, "processes is neither each nor sum"},
        {"/api/uploads/1/attachments/broken.pprof/tree", 422, "not a readable profile"},
        {"/api/uploads/1/attachments/broken.pprof/jfr", 422, "not a readable recording"},
        {"/api/uploads/1/attachments/delta-heap.pprof/tree?memory=x", 400, "memory is neither C nor Go"},
        {"/api/trees", 404, ""},
    };
    post_heap(fixture, 100, 10);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        expect_get(fixture->port, errors[i].path, errors[i].status, errors[i].reason);
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

// The file has sums of amounts and gauges as asked for, whatever the type.
static void test_file(void **state) {
    struct fixture *fixture = *state;
    static const struct file_case cases[] = {{"", 75},
                                             {"&gauges=last", 50},
                                             {"&gauges=max", 100},
                                             {"&processes=sum", 75},
                                             {"&gauges=last&type=alloc_space", 50},
                                             {"&gauges=last&processes=sum&type=alloc_space", 50},
                                             {"&gauges=last&processes=sum&type=1", 50}, // by its place
                                             {"&gauges=max&type=alloc_space", 100},
                                             {"&gauges=max&type=1", 100},
                                             {"&gauges=max&type=3", 100}};
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_file(fixture, &cases[i], 150);
    }
}

static void test_two_processes(void **state) {
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_answers, fixture_setup, fixture_teardown),
                                       cmocka_unit_test_setup_teardown(test_warnings, fixture_setup, fixture_teardown),
                                       cmocka_unit_test_setup_teardown(test_few_have_the_type, fixture_setup, fixture_teardown),
                                       cmocka_unit_test_setup_teardown(test_file, fixture_setup, fixture_teardown),
                                       cmocka_unit_test_setup_teardown(test_two_processes, fixture_setup, fixture_teardown),
                                       cmocka_unit_test_setup_teardown(test_errors, fixture_setup, fixture_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
