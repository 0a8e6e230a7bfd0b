// protocol_pyroscope_test.c: what Pyroscope's clients send, over real HTTP: real requests (testdata/pyroscope), made-up ones, refusals.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../../../otlp/test/requests.h"
#include "../../../pyroscope/pyroscope.h"

static struct answer post(uint16_t port, const char *path, const char *headers, const void *bytes, size_t size) {
    struct text request = {0};
    text_add(&request, "POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n", path, headers, size);
    text_add_bytes(&request, bytes, size);
    struct answer answer = http_send(port, &request, false);
    free(request.bytes);
    return answer;
}

static void expect_status(struct answer answer, int status, const char *word) {
    if (answer.status != status || (answer.body_size > 0 ? !strstr(answer.body, word) : *word)) {
        fail_msg("%d \"%s\", not %d \"%s\"", answer.status, answer.body, status, word);
    }
    answer_free(&answer);
}

// ---- Real clients ----

static void post_capture(uint16_t port, const char *name) {
    char path[100], piece[65536];
    struct text request = {0};
    snprintf(path, sizeof path, "testdata/pyroscope/%s.http", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t count; (count = fread(piece, 1, sizeof piece, file)) > 0;) {
        text_add_bytes(&request, piece, count);
    }
    fclose(file);
    expect_status(http_send(port, &request, false), 200, "");
    free(request.bytes);
}

TEST_IN(receiver, clients) {
    struct fixture *fixture = *state;
    static const char *const cases[][4] = {
        {"go-cpu", "\"service\":\"shop.api\",\"env\":null,\"version\":\"1.2\"", "\"name\":\"cpu.pprof\"", "\"type\":\"cpu\""},
        {"go-heap", "\"region:eu\"", "\"name\":\"delta-heap.pprof\"", "\"type\":\"inuse_space\""},
        {"go-goroutines", "\"tenant:team-a\"", "\"name\":\"goroutines.pprof\"", "\"type\":\"goroutine\""},
        {"go-mutex", "\"language\":\"go\",\"family\":\"go\"", "\"name\":\"delta-mutex.pprof\"", "\"type\":\"contentions\""},
        {"go-block", "\"runtime-id:", "\"name\":\"delta-block.pprof\"", "\"type\":\"delay\""},
        {"python-push", "\"service\":\"shop.py\"", "\"name\":\"cpu.pprof\"", "\"type\":\"cpu\""},
        {"node-wall", "\"language\":\"nodejs\"", "\"name\":\"cpu.pprof\"", "\"type\":\"wall\""},
        {"node-heap", "\"service\":\"shop.js\"", "\"name\":\"delta-heap.pprof\"", "\"type\":\"inuse_space\""},
        {"java-recording", "\"language\":\"java\",\"family\":\"java\"", "\"name\":\"main.jfr\"", "\"type\":\"cpu\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[120], file[40];
        post_capture(fixture->port, cases[i][0]);
        snprintf(path, sizeof path, "/api/uploads/%zu", i + 1);
        expect_get(fixture->port, path, 200, cases[i][1]);
        expect_get(fixture->port, path, 200, cases[i][2]);
        expect_get(fixture->port, path, 200, "\"start\":\"2026-11-29T06:17:");
        sscanf(cases[i][2], "\"name\":\"%39[^\"]", file);
        snprintf(path, sizeof path, "/api/uploads/%zu/attachments/%s/types", i + 1, file);
        expect_get(fixture->port, path, 200, cases[i][3]);
    }
}

// ---- Pushes ----

#define PROTO "Content-Type: application/proto\r\n"

static struct blob profile_bytes(enum merge_compression compression) {
    struct profile *profile = sample_profile();
    struct blob blob;
    assert_int_equal(profile_encode(profile, compression, &blob.bytes, &blob.size), MERGE_OK);
    profile_free(profile);
    return blob;
}

TEST_IN(receiver, pushes) {
    struct fixture *fixture = *state;
    struct blob profile = profile_bytes(MERGE_GZIP);
    static const struct pyroscope_pair heap[] = {{"__name__", "memory"},   {"__delta__", "false"}, {"service", "other"},
                                                 {"service_name", "shop"}, {"namespace", "a,b"},   {"service_repository", "git"},
                                                 {"hostname", "web-1"}};
    static const struct pyroscope_pair whole[] = {{"__name__", "memory"}, {"service_name", "shop"}};
    static const struct pyroscope_pair other[] = {{"__name__", "new_kind"}, {"app_name", "till"}, {"__own__", "x"}};
    struct pyroscope_push *push = pyroscope_push_new();
    pyroscope_push_add(push, heap, 7, "1", profile.bytes, profile.size);
    pyroscope_push_add(push, whole, 2, "2", profile.bytes, profile.size);
    pyroscope_push_add(push, other, 3, "3", profile.bytes, profile.size);
    const uint8_t *bytes;
    size_t size;
    assert_true(pyroscope_push_encode(push, &bytes, &size));
    struct answer answer = post(fixture->port, "/push.v1.PusherService/Push", PROTO, bytes, size);
    assert_non_null(strstr(answer.all.bytes, "Content-Type: application/proto\r\n"));
    expect_status(answer, 200, "");
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":3");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"service\":\"shop\",\"env\":null,\"version\":null,\"host\":\"web-1\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "[\"service:shop\",\"namespace:a_b\",\"git.repository_url:git\",\"host:web-1\"]");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"name\":\"delta-heap.pprof\"");
    expect_get(fixture->port, "/api/uploads/2", 200, "\"name\":\"heap.pprof\"");
    expect_get(fixture->port, "/api/uploads/3", 200, "\"service\":\"till\"");
    // As it came.
    answer = http_get(fixture->port, "/api/uploads/1/attachments/delta-heap.pprof");
    assert_int_equal(answer.body_size, profile.size);
    assert_memory_equal(answer.body, profile.bytes, profile.size);
    answer_free(&answer);
    pyroscope_push_free(push);
    free(profile.bytes);
}

TEST_IN(receiver, refused_pushes) {
    struct fixture *fixture = *state;
    static const char path[] = "/push.v1.PusherService/Push";
    static const struct pyroscope_pair name[] = {{"service_name", "shop"}};
    expect_status(post(fixture->port, path, "Content-Type: application/json\r\n", "{}", 2), 400,
                  "{\"code\":\"invalid_argument\",\"message\":\"the Content-Type is not application/proto");
    expect_status(post(fixture->port, path, "Content-Type: application/grpc+proto\r\n", "{}", 2), 400, "not as JSON or gRPC");
    expect_status(post(fixture->port, path, PROTO, "\x12\x01x", 3), 400, "not a push of profiles: it has a field");
    expect_status(post(fixture->port, path, PROTO, "", 0), 200, "");
    struct pyroscope_push *push = pyroscope_push_new();
    struct blob profile = profile_bytes(MERGE_RAW);
    pyroscope_push_add(push, name, 1, "1", profile.bytes, profile.size);
    pyroscope_push_add(push, name, 1, "2", "\xff\xff", 2);
    pyroscope_push_add(push, name, 1, "3", "", 0); // empty ones are passed over
    const uint8_t *bytes;
    size_t size;
    assert_true(pyroscope_push_encode(push, &bytes, &size));
    expect_status(post(fixture->port, path, PROTO, bytes, size), 400, "a profile cannot be read and is left out: ");
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":1"); // the first
    pyroscope_push_free(push);
    free(profile.bytes);
}

// ---- Ingest ----

static void ingest(const struct fixture *fixture, const char *query, const char *headers, const char *text, int status, const char *word) {
    char path[300];
    snprintf(path, sizeof path, "/ingest?%s", query);
    expect_status(post(fixture->port, path, headers, text, strlen(text)), status, word);
}

TEST_IN(receiver, stacks) {
    struct fixture *fixture = *state;
    ingest(fixture, "name=shop.api.cpu%7Bregion%3Deu%7D&from=1767322985&until=1767322995&sampleRate=50&spyName=rbspy", "",
           "main;work 3\nmain 1\n", 200, "");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"service\":\"shop.api\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"language\":\"ruby\",\"family\":\"ruby\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"start\":\"2026-01-02T03:03:05.000Z\",\"end\":\"2026-01-02T03:03:15.000Z\"");
    expect_get(fixture->port, "/api/uploads/1/attachments/cpu.pprof/types", 200,
               "\"type\":\"cpu\",\"unit\":\"nanoseconds\",\"total\":80000000");
    ingest(fixture, "name=shop.alloc_space&from=1767322985000&until=1767322995000&format=folded", "", "a;b 4096\n", 200, "");
    expect_get(fixture->port, "/api/uploads/2", 200, "\"start\":\"2026-01-02T03:03:05.000Z\"");
    expect_get(fixture->port, "/api/uploads/2/attachments/delta-heap.pprof/types", 200,
               "\"type\":\"alloc_space\",\"unit\":\"bytes\",\"total\":4096");
    ingest(fixture, "name=shop.exceptions&format=groups", "", "a;b 2\nno number\n", 200, "");
    expect_get(fixture->port, "/api/uploads/3/attachments/exceptions.pprof/types", 200, "\"total\":2");
    ingest(fixture, "name=shop&from=99999999999999999&until=99999999999999999", "", "a;b 1\n", 200, ""); // beyond int64 in nanoseconds
    expect_get(fixture->port, "/api/uploads/4", 200, "\"start\":null");
    ingest(fixture, "name=shop&format=speedscope", "",
           "{\"$schema\":\"https://www.speedscope.app/"
           "file-format-schema.json\",\"shared\":{\"frames\":[{\"name\":\"a\"}]},\"profiles\":[{\"type\":"
           "\"sampled\",\"name\":\"p\",\"unit\":\"bytes\",\"startValue\":0,\"endValue\":9,\"samples\":[[0]],\"weights\":[9]}]}",
           200, "");
    expect_get(fixture->port, "/api/uploads/5", 200, "\"name\":\"space.pprof");
}

// The configuration beside a profile says whether its counters are since the program's start.
TEST_IN(receiver, parts) {
    struct fixture *fixture = *state;
    struct blob profile = profile_bytes(MERGE_RAW);
    for (int cumulative = 0; cumulative <= 1; cumulative++) {
        struct text body = {0};
        text_add(&body,
                 "--bb\r\nContent-Disposition: form-data; name=\"sample_type_config\"; filename=\"c.json\"\r\n\r\n"
                 "{\"alloc_space\":{\"units\":\"bytes\",\"cumulative\":%s}}\r\n",
                 cumulative ? "true" : "false");
        text_add(&body, "--bb\r\nContent-Disposition: form-data; name=\"profile\"; filename=\"p\"\r\n\r\n");
        text_add_bytes(&body, profile.bytes, profile.size);
        text_add(&body, "\r\n--bb--\r\n");
        expect_status(post(fixture->port, "/ingest?name=shop", "Content-Type: multipart/form-data; boundary=bb\r\n", body.bytes, body.size),
                      200, "");
        free(body.bytes);
    }
    expect_get(fixture->port, "/api/uploads/1", 200, "\"name\":\"delta-heap.pprof\"");
    expect_get(fixture->port, "/api/uploads/2", 200, "\"name\":\"heap.pprof\"");
    free(profile.bytes);
}

TEST_IN(receiver, refused_ingests) {
    struct fixture *fixture = *state;
#define IN_PARTS "Content-Type: multipart/form-data; boundary=bb\r\n"
    ingest(fixture, "from=1", "", "a 1\n", 400, "no parameter name");
    ingest(fixture, "name=shop%7Ba", "", "a 1\n", 400, "NAME{key=value");
    ingest(fixture, "name=shop", "", "a\nb\n", 400, "not a profile: it has no samples");
    ingest(fixture, "name=shop&format=lines", "", "x", 400, "the format lines is not read");
    ingest(fixture, "name=shop", "Content-Type: binary/octet-stream+tree\r\n", "x", 400, "the format tree is not read");
    ingest(fixture, "name=shop&format=pprof", "", "x", 400, "not a profile: ");
    ingest(fixture, "name=shop&format=pprof", "", "", 400, "there is no profile");
    ingest(fixture, "name=shop&format=jfr", "", "", 400, "there is no recording");
    ingest(fixture, "name=shop&format=jfr", "", "xyz-xyz", 400, "not a recording");
    ingest(fixture, "name=shop", "Content-Type: multipart/form-data\r\n", "x", 400, "no usable boundary");
    ingest(fixture, "name=shop", IN_PARTS, "--bb\r\nContent-Disposition: form-data; name=\"profile\"\r\n\r\nx", 400,
           "not well-formed multipart, or cut");
    ingest(fixture, "name=shop", IN_PARTS, "--bb\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--bb--\r\n", 400,
           "there is no profile");
    struct text request = {0};
    text_add(&request, "GET /ingest?name=shop HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    expect_status(http_send(fixture->port, &request, false), 405, "POST");
    free(request.bytes);
    expect_get(fixture->port, "/api/uploads", 200, "\"total\":0");
}

int main(void) {
    return tests_run();
}
