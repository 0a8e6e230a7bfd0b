// download_test.c: what a download decompresses, what it leaves alone, and the merged profile of a selection, over HTTP.

#include "../../../base/test/test.h"

#include "../../test/http.h"
#include "../../test/profiles.h"

#include "../../../merge/compress.h"

static struct blob packed(enum merge_compression kind, const char *text) {
    struct compress compress = {0};
    struct wire_writer out = {0};
    assert_int_equal(compress_deflate(&compress, kind, 0, (const uint8_t *)text, strlen(text), &out), MERGE_OK);
    compress_free(&compress);
    struct blob blob;
    assert_true(wire_hand_over(&out, &blob.bytes, &blob.size));
    return blob;
}

static void add(struct text *body, const char *name, struct blob blob) {
    char disposition[200];
    snprintf(disposition, sizeof disposition, "name=\"%s\"; filename=\"%s\"", name, name);
    body_part_bytes(body, disposition, blob.bytes, blob.size);
}

static void expect_bytes(uint16_t port, const char *path, const void *bytes, size_t size) {
    struct answer answer = http_get(port, path);
    if (answer.status != 200 || answer.body_size != size || memcmp(answer.body, bytes, size) != 0) {
        fail_msg("%s: %d, %zu bytes, expected %zu", path, answer.status, answer.body_size, size);
    }
    assert_non_null(strstr(answer.all.bytes, "Content-Disposition: attachment; filename="));
    answer_free(&answer);
}

#define LZ4_HELLO "\x04\x22\x4d\x18\x60\x40\x82\x05\0\0\x80hello\0\0\0\0"

TEST_IN(receiver, inflated) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    struct text body = {0};
    struct blob zstd = packed(MERGE_ZSTD, "a profile"), gzip = packed(MERGE_GZIP, "a profile"), cut = {zstd.bytes, zstd.size - 3};
    struct blob lz4 = {(uint8_t *)LZ4_HELLO, sizeof LZ4_HELLO - 1};
    body_event(&body);
    add(&body, "zstd.pprof", zstd);
    add(&body, "gzip.pprof", gzip);
    add(&body, "gzip.trace", gzip);
    add(&body, "lz4.jfr", lz4);
    add(&body, "cut.pprof", cut);
    add(&body, "empty.pprof", (struct blob){(uint8_t *)"", 0});
    add(&body, "plain.json", (struct blob){(uint8_t *)"[]", 2});
    body_end(&body);
    expect_post(port, &body, 200, "{\"id\":1}");
    expect_bytes(port, "/api/uploads/1/attachments/zstd.pprof", "a profile", 9);
    expect_bytes(port, "/api/uploads/1/attachments/zstd.pprof/raw", zstd.bytes, zstd.size);
    expect_bytes(port, "/api/uploads/1/attachments/gzip.pprof", gzip.bytes, gzip.size);
    expect_bytes(port, "/api/uploads/1/attachments/gzip.trace", "a profile", 9);
    expect_bytes(port, "/api/uploads/1/attachments/gzip.trace/raw", gzip.bytes, gzip.size);
    expect_bytes(port, "/api/uploads/1/attachments/lz4.jfr", "hello", 5);
    expect_bytes(port, "/api/uploads/1/attachments/lz4.jfr/raw", lz4.bytes, lz4.size);
    expect_bytes(port, "/api/uploads/1/attachments/cut.pprof", cut.bytes, cut.size);
    expect_bytes(port, "/api/uploads/1/attachments/empty.pprof", "", 0);
    expect_bytes(port, "/api/uploads/1/attachments/plain.json", "[]", 2);
    free(zstd.bytes);
    free(gzip.bytes);
}

static void post_heap(struct fixture *fixture, int64_t value) {
    struct text body = {0};
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, value, 1, value), false);
    struct blob blob = finish(profile);
    body_event(&body);
    add(&body, "delta-heap.pprof", blob);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":");
    free(blob.bytes);
}

TEST_IN(receiver, merged) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100);
    post_heap(fixture, 11);
    struct answer answer = http_get(fixture->port, "/api/profile?service=shop&attachment=delta-heap.pprof");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.all.bytes, "filename=\"delta-heap.pprof\""));
    struct totals *totals = malloc(sizeof *totals);
    assert_int_equal(compress_kind((const uint8_t *)answer.body, answer.body_size), MERGE_GZIP);
    assert_int_equal(totals_read(answer.body, answer.body_size, NULL, totals, NULL), MERGE_OK);
    assert_int_equal(totals_find(totals, "alloc_space")->total, 111);
    free(totals);
    answer_free(&answer);
    expect_get(fixture->port, "/api/profile?service=shop", 400, "attachment=NAME is missing");
    expect_get(fixture->port, "/api/profile?service=none&attachment=delta-heap.pprof", 404, "no upload");
}

int main(void) {
    return tests_run();
}
