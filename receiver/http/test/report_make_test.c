// report_make_test.c: reports over HTTP: of one upload, of several, of two sides, with growth, and what is refused.

#include "../../../base/test/test.h"

#include "../../test/report_data.h"

#include "../../index/test/real_recording.h"
#include "view_uploads.h"

static struct json data_of(struct fixture *fixture, const char *path) {
    struct answer answer = http_get(fixture->port, path);
    if (answer.status != 200) {
        fail_msg("%s: %d %.200s", path, answer.status, answer.body);
    }
    assert_non_null(strstr(answer.all.bytes, "filename=\"cmemprof-report"));
    struct json data = report_data(answer.body, answer.body_size);
    answer_free(&answer);
    return data;
}

// Those of measures come first, once they are computed.
static void expect_series(const struct json *data, const char *name) {
    char *series = json_at(data, "$.answers.\"/api/metrics\".series"), quoted[80];
    snprintf(quoted, sizeof quoted, "\"name\":\"%s\"", name);
    assert_non_null(strstr(series, quoted));
    free(series);
}

static void expect_name(struct fixture *fixture, const char *path, const char *name) {
    char wanted[200];
    struct answer answer = http_get(fixture->port, path);
    assert_int_equal(answer.status, 200);
    snprintf(wanted, sizeof wanted, "filename=\"%s\"", name);
    if (!strstr(answer.all.bytes, wanted)) {
        fail_msg("%s: not %s", path, wanted);
    }
    answer_free(&answer);
}

// What is downloaded says what it is.
TEST_IN(receiver, names_of_files) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100, 10);
    post_heap(fixture, 200, 20);
    expect_name(fixture, "/api/report?ids=1&address=/profile%3Fids%3D1", "cmemprof-report.html");
    expect_name(fixture, "/api/report?ids=1&address=/profile%3Fids%3D1&title=sh%20/%20%22op%22%20%C2%B7%20heap",
                "cmemprof-report-sh-op.html");
    expect_name(fixture, "/api/profile?ids=1&attachment=delta-heap.pprof", "delta-heap.pprof");
    expect_name(fixture, "/api/diff?ids=1&base.ids=2&attachment=delta-heap.pprof&format=pprof", "delta-heap.diff.pprof");
    expect_name(fixture, "/api/diff?ids=1&base.ids=2&attachment=delta-heap.pprof&format=folded", "delta-heap.diff.folded");
}

TEST_IN(receiver, report_of_one_upload) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100, 10);
    struct json data = data_of(fixture, "/api/report?ids=1&address=/profile%3Fids%3D1&title=shop");
    expect_at(&data, "$.address", "/profile?ids=1");
    expect_at(&data, "$.title", "shop");
    expect_at(&data, "$.sides[0].selection", "null");
    expect_at(&data, "$.sides[0].upload.id", "1");
    expect_at(&data, "$.sides[0].profiles[0].name", "broken.pprof");
    expect_at(&data, "$.sides[0].profiles[1].name", "delta-heap.pprof");
    expect_at(&data, "$.sides[0].profiles[1].merged", "null");
    expect_at(&data, "$.sides[0].profiles[1].samples", "[[1,1,100,1,100],[2,1,10,1,10,\"memory\",\"C\",\"\"]]");
    expect_at(&data, "$.sides[0].profiles[2].name", "(none)");
    expect_series(&data, "go_gcs_per_sec");
    expect_at(&data, "$.answers.\"/api/analysis\".uploads", "1");
    char *fault = json_at(&data, "$.sides[0].profiles[0].fault");
    assert_non_null(strstr(fault, "not a readable profile"));
    free(fault);
    json_free(&data);
}

TEST_IN(receiver, report_of_two_selections) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    post_heap(fixture, 70, 20);
    struct json data = data_of(fixture, "/api/report?ids=2,3&base.ids=1&address=/compare%3Fids%3D2%2C3%26base.ids%3D1");
    expect_at(&data, "$.sides[0].upload", "null");
    expect_at(&data, "$.sides[0].total", "2");
    expect_at(&data, "$.sides[0].profiles[1].merged.uploads", "2");
    expect_at(&data, "$.sides[0].profiles[1].samples[0]", "[1,2,120,1,60]"); // sums, and means of gauges
    expect_at(&data, "$.sides[1].upload.id", "1");
    expect_at(&data, "$.sides[1].profiles[1].samples[0]", "[1,1,100,1,100]");
    json_free(&data);
}

// By a tag: samples have its values as a label, and add up; the charts are as without it.
TEST_IN(receiver, report_by_a_tag) {
    struct fixture *fixture = *state;
    post_heap_of(fixture, "runtime-id:1", 100, 10);
    post_heap_of(fixture, "runtime-id:2", 50, 20);
    struct json data = data_of(fixture, "/api/report?service=shop&group_by=tag:runtime-id&growth=1&attachment=delta-heap.pprof"
                                        "&type=inuse_space&address=/profile%3Fservice%3Dshop%26group_by%3Dtag:runtime-id");
    static const char first[] = "\"tag:runtime-id\",\"1\",\"\"", second[] = "\"tag:runtime-id\",\"2\",\"\"";
    assert_non_null(memmem(data.bytes, data.size, first, strlen(first)));
    assert_non_null(memmem(data.bytes, data.size, second, strlen(second)));
    expect_at(&data, "$.sides[0].profiles[1].merged.gauges.summed", "1");
    expect_series(&data, "go_gcs_per_sec");
    expect_at(&data, "$.answers.\"/api/metrics\".group", "(none)");
    json_free(&data);
}

// Of a stretch of time, all profiles of a recording have times.
TEST_IN(receiver, report_of_a_stretch) {
    struct fixture *fixture = *state;
    struct recording file = real_recording("jdk-17");
    for (int i = 0; i < 2; i++) {
        struct text body = {0};
        body_event(&body);
        body_part_bytes(&body, "name=\"main.jfr\"; filename=\"main.jfr\"", file.bytes, file.size);
        body_end(&body);
        expect_post(fixture->port, &body, 200, "{\"id\":");
    }
    free(file.bytes);
    struct json data = data_of(fixture, "/api/report?ids=1,2&label=end_timestamp_ns:946684800000000000..4102444800000000000"
                                        "&address=/profile%3Fids%3D1%2C2");
    char *samples = json_at(&data, "$.sides[0].profiles[0].samples");
    assert_non_null(strstr(samples, "\"end_timestamp_ns\""));
    free(samples);
    json_free(&data);
}

TEST_IN(receiver, report_with_growth) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    struct json data = data_of(fixture, "/api/report?growth=1&attachment=delta-heap.pprof&type=inuse_space&memory=C&label=a:b"
                                        "&address=/profile%3Fgauges%3Dgrowth");
    static const char growth[] = "\"/api/growth\\ndelta-heap.pprof\\ninuse_space\\nC\\n\\n\\na:b\":{\"uploads\":2,";
    assert_non_null(memmem(data.bytes, data.size, growth, strlen(growth)));
    json_free(&data);
}

TEST_IN(receiver, reports_are_of_the_page) {
    static const struct refusal refusals[] = {
        {"/api/report?ids=1", 400, "address is neither"},
        {"/api/report?ids=1&address=javascript:alert(1)", 400, "address is neither"},
        {"/api/report?ids=x&address=/profile%3Fids%3D1", 400, ""},
        {"/api/report?ids=1&base.ids=x&address=/compare%3Fids%3D1", 400, ""},
        {"/api/report?ids=7&address=/profile%3Fids%3D7", 404, ""},
        {"/api/report?service=none&address=/profile%3Fservice%3Dnone", 404, "the selection has no uploads"},
        {"/api/report?ids=1&growth=1&attachment=delta-heap.pprof&type=alloc_space&address=/profile%3Fids%3D1", 422, "adds up over time"},
    };
    expect_refusals(*state, refusals, sizeof refusals / sizeof *refusals);
}

int main(void) {
    return tests_run();
}
