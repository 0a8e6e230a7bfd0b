// api_test.c: the JSON interface over HTTP: lists, single uploads, sample types and call trees, and every malformed request.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../../../merge/merge.h"

#include <pthread.h>

static uint32_t add_frame(struct profile *profile, const char *name, const char *file) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file});
    return profile_add_location(profile, 0, 0, &(struct profile_line){function, 7, 0}, 1);
}

// 100 bytes of C below Go, 30 of Go, 5 at an address without symbol; INT64_MAX, so that sums saturate.
static void make_profile(uint8_t **bytes, size_t *size) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_objects", "count");
    profile_add_sample_type(profile, "inuse_space", "bytes");
    struct profile_mapping so = {.memory_start = 0x1000, .memory_limit = 0x9000, .file = "/usr/lib/libz.so", .build_id = ""};
    uint32_t mapping = profile_add_mapping(profile, &so);
    uint32_t leaf = add_frame(profile, "<script>alert(1)</script>", "/src/leak.c"), go = add_frame(profile, "main.work", "/src/main.go");
    uint32_t start = add_frame(profile, "runtime.main", "/go/proc.go"), assembly = add_frame(profile, "main.add", "/src/add.s");
    uint32_t bare = profile_add_location(profile, mapping, 0x1234, NULL, 0);
    struct profile_label c = {"memory", "C", 0, ""};
    profile_add_sample(profile, (uint32_t[]){leaf, go, start}, 3, (int64_t[]){INT64_MAX, 100}, &c, 1);
    profile_add_sample(profile, (uint32_t[]){assembly, go, start}, 3, (int64_t[]){INT64_MAX, 30}, NULL, 0);
    profile_add_sample(profile, (uint32_t[]){bare, go, start}, 3, (int64_t[]){1, 5}, &c, 1);
    assert_int_equal(profile_encode(profile, MERGE_GZIP, bytes, size), MERGE_OK);
    profile_free(profile);
}

TEST_IN(receiver, views) {
    struct fixture *fixture = *state;
    uint8_t *bytes;
    size_t size;
    make_profile(&bytes, &size);
    post_file(fixture->port, "heap.pprof", bytes, size, "shop");
    free(bytes);
#define HEAP "/api/uploads/1/attachments/heap.pprof"
    expect_get(fixture->port, HEAP "/types", 200, "\"samples\":3,\"c_samples\":2,");
    expect_get(fixture->port, HEAP "/types", 200, "{\"type\":\"inuse_space\",\"unit\":\"bytes\",\"total\":135,\"c_total\":105,");
    expect_get(fixture->port, HEAP "/types", 200, "\"total\":9223372036854775807");
    expect_get(fixture->port, HEAP "/tree", 200, "\"total\":135,\"self\":0,\"nodes_left_out\":0,");
    expect_get(fixture->port, HEAP "/tree?type=inuse_space", 200,
               "{\"name\":\"<script>alert(1)</script>\",\"file\":\"/src/leak.c\",\"kind\":\"c\",");
    expect_get(fixture->port, HEAP "/tree", 200, "{\"name\":\"runtime.main\",\"file\":\"/go/proc.go\",\"kind\":\"runtime\",");
    expect_get(fixture->port, HEAP "/tree", 200, "{\"name\":\"main.add\",\"file\":\"/src/add.s\",\"kind\":\"go\",");
    expect_get(fixture->port, HEAP "/tree", 200, "{\"name\":\"libz.so+0x234\",\"file\":\"\",\"kind\":\"c\",");
    expect_get(fixture->port, HEAP "/tree?memory=C", 200, "\"total\":105,");
    expect_get(fixture->port, HEAP "/tree?memory=Go", 200, "\"total\":30,");
    // runtime.main, main.work, then the children by weight.
    expect_get(fixture->port, HEAP "/tree?memory=C", 200, ",7,0,105],[1,");
    expect_get(fixture->port, HEAP "/tree?memory=C", 200, ",7,100,100],[2,");
    expect_get(fixture->port, HEAP "/tree?memory=x", 400, "neither C nor Go");
    expect_get(fixture->port, HEAP "/tree?type=cpu", 404, "no sample type cpu");
    expect_get(fixture->port, HEAP "/other", 404, "no such path");
    expect_get(fixture->port, HEAP "/tree/", 404, "no such path");
    expect_get(fixture->port, "/api/uploads/1/attachments/none.pprof/tree", 404, "no such attachment");
    post_file(fixture->port, "broken.pprof", "\x1f\x8b not gzip", 12, "x");
    expect_get(fixture->port, "/api/uploads/2/attachments/broken.pprof/types", 422, "not a readable profile");
    expect_get(fixture->port, "/api/uploads/2/attachments/broken.pprof/tree", 422, "not a readable profile");
}

TEST_IN(receiver, sources) {
    struct fixture *fixture = *state;
    expect_get(fixture->port, "/api/source", 400, "which file? file=PATH is missing");
    expect_get(fixture->port, "/api/source?file=", 400, "which file? file=PATH is missing");
    expect_get(fixture->port, "/api/source?file=a.c&line=0", 400, "line is not a number from 1");
    expect_get(fixture->port, "/api/source?file=a.c&count=2001", 400, "line is not a number from 1");
    expect_get(fixture->port, "/api/source?file=/etc/passwd", 200,
               "{\"lines\":[],\"reason\":\"The receiver was not told where sources are");
}

TEST_IN(receiver, list) {
    struct fixture *fixture = *state;
    expect_get(fixture->port, "/api/uploads", 200, "{\"uploads\":[],\"total\":0,\"next\":null}");
    post_file(fixture->port, "a.bin", "1", 1, "Shop-1");
    post_file(fixture->port, "b.bin", "2", 1, "cart%_");
    post_file(fixture->port, "c.bin", "3", 1, "<b>\\\"x\\\"");
    expect_get(fixture->port, "/api/uploads?limit=1", 200, "{\"uploads\":[{\"id\":3,");
    expect_get(fixture->port, "/api/uploads?q=sHOP", 200, "{\"uploads\":[{\"id\":1,");
    expect_get(fixture->port, "/api/uploads?service=cart%25_", 200, "{\"uploads\":[{\"id\":2,");
    expect_get(fixture->port, "/api/uploads?service=nobody", 200, "{\"uploads\":[],");
    expect_get(fixture->port, "/api/uploads?service=shop-1", 200, "\"total\":0,");
    expect_get(fixture->port, "/api/uploads?service=Shop-1&service=cart%25_", 200, "\"total\":2,\"next\":null");
    expect_get(fixture->port, "/api/uploads?limit=2&sort=service&order=asc", 200, "\"total\":3,\"next\":\"2:cart%_\"}");
    expect_get(fixture->port, "/api/uploads?limit=2&sort=service&order=asc&after=2:cart%25_", 200, "{\"uploads\":[{\"id\":1,");
    expect_get(fixture->port, "/api/uploads?sort=service", 200, "{\"uploads\":[{\"id\":1,");
    expect_get(fixture->port, "/api/uploads?sort=received&order=asc", 200, "{\"uploads\":[{\"id\":1,");
    expect_get(fixture->port, "/api/uploads?ids=2", 200, "{\"uploads\":[{\"id\":2,");
    expect_get(fixture->port, "/api/facets", 200, "{\"value\":\"<b>\\\"x\\\"\",\"count\":1}");
    expect_get(fixture->port, "/api/histogram?buckets=1&measure=goroutines", 200,
               "\"counts\":[3],\"measure\":{\"name\":\"goroutines\",\"unit\":\"count\",\"values\":[null]}");
    expect_get(fixture->port, "/api/histogram?buckets=0", 400, "buckets");
    expect_get(fixture->port, "/api/histogram?measure=x", 400, "no measure");
    expect_get(fixture->port, "/api/histogram?measure=goroutines&otherwise=x", 400, "no measure");
    expect_get(fixture->port, "/api/histogram?buckets=1&measure=goroutines&otherwise=cpu_cores", 200,
               "\"measure\":{\"name\":\"cpu_cores\",");
    expect_get(fixture->port, "/api/uploads?after=x", 400, "after");
    expect_get(fixture->port, "/api/uploads?after=7:x", 400, "after");
    expect_get(fixture->port, "/api/uploads?sort=size", 400, "sort");
    expect_get(fixture->port, "/api/uploads?order=down", 400, "sort");
    expect_get(fixture->port, "/api/facets?from=noon", 400, "from is neither");
    expect_get(fixture->port, "/api/uploads/3/event", 200, "{\"tags_profiler\":\"service:<b>");
    expect_get(fixture->port, "/api/uploads/4/event", 404, "no such upload");
    expect_get(fixture->port, "/api/uploads/4/archive", 404, "no such upload");
    expect_get(fixture->port, "/api/uploads/3", 200, "\"service\":\"<b>\\\"x\\\"\"");
    expect_get(fixture->port, "/api/uploads?limit=0", 400, "limit");
    expect_get(fixture->port, "/api/uploads?limit=1x", 400, "limit");
    expect_get(fixture->port, "/api/uploads?limit=", 400, "limit");
    static const char *const none[] = {"/api/uploads/4",  "/api/uploads/0",
                                       "/api/uploads/-1", "/api/uploads/x",
                                       "/api/uploads/",   "/api/uploads/1x",
                                       "/api/uploads/1/", "/api/nothing",
                                       "/nothing",        "/api/uploadsx",
                                       "/index.html",     "/../receiver.c",
                                       "/v0.9/traces",    "/api/uploads/99999999999999999999"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        expect_get(fixture->port, none[i], 404, "no such");
    }
}

// The same requests on many connections at once: all get the same bytes.
struct client {
    uint16_t port;
    int wrong;
};

static void *ask_often(void *state) {
    struct client *client = state;
    for (int i = 0; i < 20; i++) {
        struct answer answer = http_get(client->port, HEAP "/tree");
        client->wrong += answer.status != 200 || !strstr(answer.body, "\"total\":135,");
        answer_free(&answer);
        answer = http_get(client->port, "/api/uploads");
        client->wrong += answer.status != 200 || !strstr(answer.body, "\"id\":1,");
        answer_free(&answer);
    }
    return NULL;
}

TEST_IN(receiver, many_at_once) {
    struct fixture *fixture = *state;
    uint8_t *bytes;
    size_t size;
    pthread_t threads[12];
    struct client clients[12];
    make_profile(&bytes, &size);
    post_file(fixture->port, "heap.pprof", bytes, size, "shop");
    for (size_t i = 0; i < 12; i++) {
        clients[i] = (struct client){.port = fixture->port};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &clients[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        post_file(fixture->port, "heap.pprof", bytes, size, "shop");
    }
    for (size_t i = 0; i < 12; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].wrong, 0);
    }
    free(bytes);
}

int main(void) {
    return tests_run();
}
