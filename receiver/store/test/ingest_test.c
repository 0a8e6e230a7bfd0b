// ingest_test.c: uploads over real HTTP: captures of real clients, every kind of malformed body, and the files left after each.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include <sys/resource.h>
#include <signal.h>

static void nothing_left(const struct fixture *fixture, int uploads) {
    assert_int_equal(count_files(fixture, "incoming"), 0);
    assert_int_equal(count_files(fixture, "uploads"), uploads);
}

TEST_IN(receiver, good_upload) {
    struct fixture *fixture = *state;
    struct text body = {0};
    body_part_bytes(&body, "name=\"heap.pprof\"; filename=\"heap.pprof\"", "\r\n--\0b\r\n--b0undar", 17);
    body_part(&body, "name=\"empty.bin\"; filename=\"empty.bin\"", "");
    body_part(&body, "name=\"main\"; filename=\"main.jfr\"", "jfr");
    body_part(&body, "name=\"plain.txt\"", "no file name");
    body_part(&body, "name=\"tags[]\"", "team:a");
    body_part(&body, "name=\"tags[]\"", "region:b");
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":1}");
    nothing_left(fixture, 1);
    assert_int_equal(count_files(fixture, "uploads/1"), 6); // with event.json and meta.json, which has the tags
    expect_get(fixture->port, "/api/uploads/1", 200, "\"service\":\"shop\",\"env\":\"test\",\"version\":\"1.2\",\"host\":\"vm\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"x:a:b\",\"team:a\",\"region:b\"]");
    expect_get(fixture->port, "/api/uploads/1", 200, "{\"name\":\"empty.bin\",\"size_bytes\":0,\"pprof\":false,\"recording\":false}");
    expect_get(fixture->port, "/api/uploads/1", 200, "{\"name\":\"main.jfr\",\"size_bytes\":3,\"pprof\":false,\"recording\":true}");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"name\":\"plain.txt\"");
    struct answer answer = http_get(fixture->port, "/api/uploads/1/attachments/heap.pprof");
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_size, 17);
    assert_memory_equal(answer.body, "\r\n--\0b\r\n--b0undar", 17);
    assert_non_null(strstr(answer.all.bytes, "Content-Disposition: attachment; filename=\"heap.pprof\""));
    answer_free(&answer);
}

// The same upload in chunks of every size, which cut boundaries everywhere, with header names in capitals.
TEST_IN(receiver, chunked) {
    struct fixture *fixture = *state;
    struct text body = {0};
    body_event(&body);
    body_part(&body, "name=\"cpu.pprof\"; filename=\"cpu.pprof\"", "0123456789");
    body_end(&body);
    for (size_t step = 1; step < 40; step++) {
        struct text request = {0};
        text_add(&request, "POST /profiling/v1/input HTTP/1.1\r\nHOST: [::1]:8126\r\nTRANSFER-ENCODING: chunked\r\n"
                           "CONTENT-TYPE: " MULTIPART "\r\nCONNECTION: close\r\n\r\n");
        for (size_t i = 0; i < body.size; i += step) {
            size_t size = body.size - i < step ? body.size - i : step;
            text_add(&request, "%zx\r\n", size);
            text_add_bytes(&request, body.bytes + i, size);
            text_add(&request, "\r\n");
        }
        text_add(&request, "0\r\n\r\n");
        struct answer answer = http_send(fixture->port, &request, false);
        if (answer.status != 200) {
            fail_msg("in steps of %zu: %d %s", step, answer.status, answer.body);
        }
        answer_free(&answer);
        free(request.bytes);
        char path[80];
        snprintf(path, sizeof path, "/api/uploads/%zu/attachments/cpu.pprof", step);
        expect_get(fixture->port, path, 200, "0123456789");
    }
    free(body.bytes);
}

TEST_IN(receiver, event_variants) {
    struct fixture *fixture = *state;
    struct text body = {0};
    body_part(&body, "name=\"other\"; filename=\"event.json\"", "{\"tags[]\":[\"service:array\",\"env:e\"]}");
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":1}");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"service\":\"array\",\"env\":\"e\"");
    body_part(&body, "name=\"event\"", "{\"tags_profiler\":\"a,b,,service:x y,service:second\",\"start\":5}");
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":2}");
    expect_get(fixture->port, "/api/uploads/2", 200, "\"service\":\"x y\"");
    expect_get(fixture->port, "/api/uploads/2", 200, "\"tags\":[\"a\",\"b\",\"service:x y\",\"service:second\"");
}

TEST_IN(receiver, malformed) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    struct text body = {0};
    static const char *const events[] = {"", "[]", "3", "\"x\"", "{", "{}x", "not json", "null"};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        body_part(&body, "name=\"a.pprof\"; filename=\"a.pprof\"", "x");
        body_part(&body, "name=\"event\"; filename=\"event.json\"", events[i]);
        body_end(&body);
        expect_post(port, &body, 400, "not a JSON object");
    }
    body_part_bytes(&body, "name=\"event\"", "{}\0{", 4);
    body_end(&body);
    expect_post(port, &body, 400, "not a JSON object");
    body_part(&body, "name=\"a.pprof\"; filename=\"a.pprof\"", "x");
    body_end(&body);
    expect_post(port, &body, 400, "no event part");
    body_event(&body);
    body_event(&body);
    body_end(&body);
    expect_post(port, &body, 200, "{\"id\":1,\"refused\":[{\"name\":\"event\",\"reason\":\"a second event part\"}]}");
    body_event(&body);
    body_part(&body, "name=\"a\"; filename=\"same\"", "x");
    body_part(&body, "name=\"b\"; filename=\"same\"", "y");
    body_end(&body);
    expect_post(port, &body, 200, "\"refused\":[{\"name\":\"same\",\"reason\":\"two attachments are named same\"}]");
    expect_get(port, "/api/uploads/2/attachments/same", 200, "x");
    expect_get(port, "/api/uploads/2", 200, "\"refused\":[{\"name\":\"same\",");
    for (int i = 0; i < 257; i++) {
        text_add(&body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%d\"\r\n\r\n\r\n", i);
    }
    body_end(&body);
    expect_post(port, &body, 400, "more than 256 parts");
    body_event(&body);
    for (int i = 0; i < 33; i++) {
        text_add(&body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%d\"\r\n\r\n\r\n", i);
    }
    body_end(&body);
    expect_post(port, &body, 200, "\"refused\":[{\"name\":\"32\",\"reason\":\"more than 32 attachments\"}]");
    text_add(&body, "--" BOUNDARY "\r\nContent-Type: text/plain\r\n\r\nnameless\r\n");
    body_event(&body);
    body_end(&body);
    expect_post(port, &body, 200, "an attachment has no name");
    text_add(&body, "--" BOUNDARY "--\r\n");
    expect_post(port, &body, 400, "\n");
    text_add(&body, "no multipart at all");
    expect_post(port, &body, 400, "cut");
    text_add(&body, "%s", "");
    expect_post(port, &body, 400, "cut");
    nothing_left(fixture, 4);
    body_event(&body);
    body_end(&body);
    expect_post(port, &body, 200, "{\"id\":");
}

TEST_IN(receiver, long_tags) {
    struct fixture *fixture = *state;
    struct text body = {0};
    text_add(&body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"event\"\r\n\r\n{\"tags_profiler\":\"%0*d\"}\r\n", 16385, 0);
    body_end(&body);
    expect_post(fixture->port, &body, 413, "tags: more than 16384 bytes");
    nothing_left(fixture, 0);
}

TEST_IN(receiver, large_events) {
    struct fixture *fixture = *state;
    static const char empty[] = "{\"x\":\"\"}";
    for (int over = 0; over <= 1; over++) {
        struct text body = {0};
        text_add(&body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"event\"\r\n\r\n{\"x\":\"%0*d\"}\r\n",
                 (256 << 10) - (int)strlen(empty) + over, 0);
        body_end(&body);
        expect_post(fixture->port, &body, over ? 413 : 200, over ? "larger than 256 KiB" : "{\"id\":");
    }
}

TEST_IN(receiver, content_types) {
    struct fixture *fixture = *state;
    static const char *const types[][2] = {
        {NULL, "no Content-Type"},
        {"application/json", "not multipart/form-data"},
        {"application/x-www-form-urlencoded", "not multipart/form-data"},
        {"multipart/form-data", "no usable boundary"},
        {"multipart/form-data; boundary=", "no usable boundary"},
        {"multipart/form-data; boundary=other", "cut"},
        {"multipart/form-data; boundary=x", "no usable boundary"},
        {"multipart/form-data; boundary=\"\"", "no usable boundary"},
        {"multipart/form-data; boundary=\"" BOUNDARY "\"x", "no usable boundary"},
        {"multipart/form-data; boundary=; charset=utf-8", "no usable boundary"},
    };
    struct text body = {0};
    body_event(&body);
    body_end(&body);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct answer answer = http_post(fixture->port, types[i][0], &body);
        assert_int_equal(answer.status, 400);
        assert_non_null(strstr(answer.body, types[i][1]));
        answer_free(&answer);
    }
    static const char *const good[] = {
        "Multipart/Form-Data; boundary=\"" BOUNDARY "\"",
        MULTIPART "; charset=utf-8",
        MULTIPART " ;charset=utf-8",
        "multipart/form-data; charset=utf-8; boundary=\"" BOUNDARY "\"; x=y",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct answer answer = http_post(fixture->port, good[i], &body);
        assert_int_equal(answer.status, 200);
        answer_free(&answer);
    }
    free(body.bytes);
}

// Cut at every byte: 400 with a Content-Length of the cut body; with the full one the client disconnects. Nothing is stored.
TEST_IN(receiver, cut_body) {
    struct fixture *fixture = *state;
    struct text body = {0};
    body_event(&body);
    body_part(&body, "name=\"a.pprof\"; filename=\"a.pprof\"", "xyz");
    body_end(&body);
    size_t last = body.size - 3; // without "-\r\n" it is cut; without "\r\n" it is whole
    for (size_t size = 0; size <= last; size += size < last - 12 ? 7 : 1) {
        struct text cut = {0};
        text_add_bytes(&cut, body.bytes, size);
        expect_post(fixture->port, &cut, 400, "\n");
        struct text request = {0};
        text_add(&request,
                 "POST /profiling/v1/input HTTP/1.1\r\nHost: localhost\r\nContent-Type: " MULTIPART "\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 body.size);
        text_add_bytes(&request, body.bytes, size);
        struct answer answer = http_send(fixture->port, &request, true);
        assert_int_not_equal(answer.status, 200);
        answer_free(&answer);
        free(request.bytes);
    }
    body.size -= 2;
    expect_post(fixture->port, &body, 200, "{\"id\":1}");
    nothing_left(fixture, 1);
}

TEST_IN(receiver, too_large) {
    struct fixture *fixture = *state;
    struct text body = {0};
    char *large = calloc(1, 2 << 20);
    // Announced: refused before it is sent.
    struct answer answer =
        http_request(fixture->port, "POST", "/profiling/v1/input", "Content-Type: " MULTIPART "\r\nContent-Length: 1048577\r\n");
    assert_int_equal(answer.status, 413);
    answer_free(&answer);
    // Not announced: read to its end, answered, not stored.
    body_event(&body);
    body_part_bytes(&body, "name=\"a.bin\"", large, 1200000);
    body_end(&body);
    struct text request = {0};
    text_add(&request,
             "POST /profiling/v1/input HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
             "Content-Type: " MULTIPART "\r\n\r\n%zx\r\n",
             body.size);
    text_add_bytes(&request, body.bytes, body.size);
    text_add(&request, "\r\n0\r\n\r\n");
    answer = http_send(fixture->port, &request, false);
    assert_int_equal(answer.status, 413);
    assert_non_null(strstr(answer.body, "larger than the limit"));
    answer_free(&answer);
    free(request.bytes);
    free(body.bytes);
    free(large);
    nothing_left(fixture, 0);
}

TEST_IN(receiver, disk_full) {
    struct fixture *fixture = *state;
    struct text body = {0};
    char *large = calloc(1, 800000);
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 500000; // a file size limit takes the same path as a full disk
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    body_part_bytes(&body, "name=\"a.bin\"", large, 800000);
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 507, "disk full");
    setrlimit(RLIMIT_FSIZE, &before);
    nothing_left(fixture, 0);
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":1}");
    free(large);
}

// Names that resemble paths or markup: stored as text, below uploads/ID only.
TEST_IN(receiver, hostile_names) {
    struct fixture *fixture = *state;
    struct text body = {0};
    body_part(&body, "name=\"1\"; filename=\"../../../../tmp/evil\"", "1");
    body_part(&body, "name=\"2\"; filename=\"/etc/passwd\"", "2");
    body_part(&body, "name=\"3\"; filename=\"..\"", "3");
    body_part(&body, "name=\"4\"; filename=\"<img src=x onerror=alert(1)>.pprof\"", "4");
    body_part(&body, "name=\"5\"; filename=\"a\xff\x01\xc3\xa9\"", "5");
    body_part(&body, "name=\"6\"; filename=\"..\\\\..\\\\x\"", "6");
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":1}");
    nothing_left(fixture, 1);
    assert_int_equal(count_files(fixture, "uploads/1"), 8); // six, event.json and meta.json, which has their names
    WAIT_UNTIL(count_files(fixture, "") == 13);
    assert_int_equal(count_files(fixture, ""), 13); // pending, uploads, lock, reserve, three databases with their -wal and -shm
    expect_get(fixture->port, "/api/uploads/1/attachments/..%2F..%2F..%2F..%2Ftmp%2Fevil", 404, "no such");
    expect_get(fixture->port, "/api/uploads/1/attachments/.._.._.._.._tmp_evil", 200, "1");
    expect_get(fixture->port, "/api/uploads/1/attachments/_etc_passwd", 200, "2");
    expect_get(fixture->port, "/api/uploads/1/attachments/..", 200, "3");
    expect_get(fixture->port, "/api/uploads/1/attachments/%3Cimg%20src=x%20onerror=alert(1)%3E.pprof", 200, "4");
    expect_get(fixture->port, "/api/uploads/1/attachments/a__%C3%A9", 200, "5");
    body_event(&body);
    text_add(&body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"x\"; filename=\"%0*d\"\r\n\r\n\r\n", 201, 0);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "longer than 200 bytes");
}

// ---- Captures ----

static struct text read_file(const char *path) {
    struct text text = {0};
    char piece[65536];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t count; (count = fread(piece, 1, sizeof piece, file)) > 0;) {
        text_add_bytes(&text, piece, count);
    }
    fclose(file);
    return text;
}

// The value of the header in request.json: the string that follows its name; "" if missing.
static void find_header(const char *json, const char *name, char *value, size_t size) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    value[0] = '\0';
    const char *at = strcasestr(json, quoted);
    at = at ? strchr(at + strlen(quoted), '"') : NULL;
    if (at) {
        snprintf(value, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    }
}

static void post_capture(uint16_t port, const char *directory) {
    char path[300], type[300], encoding[40];
    snprintf(path, sizeof path, "%s/body.bin", directory);
    struct text body = read_file(path), request = {0};
    snprintf(path, sizeof path, "%s/request.json", directory);
    struct text json = read_file(path);
    find_header(json.bytes, "Content-Type", type, sizeof type);
    find_header(json.bytes, "Transfer-Encoding", encoding, sizeof encoding);
    text_add(&request, "POST /profiling/v1/input HTTP/1.1\r\nhost: 127.0.0.1:8126\r\nconnection: close\r\nCONTENT-TYPE: %s\r\n", type);
    if (*encoding) {
        text_add(&request, "Transfer-Encoding: %s\r\n\r\n%zx\r\n", encoding, body.size);
        text_add_bytes(&request, body.bytes, body.size);
        text_add(&request, "\r\n0\r\n\r\n");
    } else {
        text_add(&request, "content-length: %zu\r\n\r\n", body.size);
        text_add_bytes(&request, body.bytes, body.size);
    }
    struct answer answer = http_send(port, &request, false);
    if (answer.status != 200) {
        fail_msg("%s: %d %s", directory, answer.status, answer.body);
    }
    answer_free(&answer);
    free(request.bytes);
    free(body.bytes);
    free(json.bytes);
}

// testdata/captures, or the folder in CAPTURES: CLIENT/NUMBER/{body.bin,request.json}.
TEST_IN(receiver, captures) {
    struct fixture *fixture = *state;
    const char *root = getenv("CAPTURES") ? getenv("CAPTURES") : "testdata/captures";
    char command[300], directory[256];
    snprintf(command, sizeof command, "ls -d '%s'/*/*/ 2>/dev/null", root);
    FILE *list = popen(command, "r");
    int sent = 0;
    while (fgets(directory, sizeof directory, list)) {
        directory[strcspn(directory, "\n")] = '\0';
        post_capture(fixture->port, directory);
        sent++;
    }
    pclose(list);
    assert_true(sent >= 4);
    nothing_left(fixture, sent);
    static const char *const services[] = {"go-v1-svc", "go-v2-svc", "java-svc", "node-svc", "py-svc"};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        char path[80];
        snprintf(path, sizeof path, "/api/uploads?service=%s&limit=1", services[i]);
        expect_get(fixture->port, path, 200, services[i]);
    }
}

// Clients before event.json.
TEST_IN(receiver, old_form) {
    struct fixture *fixture = *state;
    struct text body = {0};
    body_part(&body, "name=\"recording-start\"", "2021-01-02T03:04:05Z");
    body_part(&body, "name=\"recording-end\"", "2021-01-02T03:05:05Z");
    body_part(&body, "name=\"language\"", "javascript");
    body_part(&body, "name=\"runtime\"", "nodejs");
    body_part(&body, "name=\"format\"", "pprof");
    body_part(&body, "name=\"tags[]\"", "service:old");
    body_part(&body, "name=\"types[0]\"", "cpu");
    body_part(&body, "name=\"data[0]\"; filename=\"pprof-data\"", "one");
    body_part(&body, "name=\"types[1]\"", "space");
    body_part(&body, "name=\"data[1]\"; filename=\"pprof-data\"", "two");
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":1}");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"service\":\"old\"");
    expect_get(fixture->port, "/api/uploads/1", 200,
               "\"family\":\"javascript\",\"start\":\"2021-01-02T03:04:05Z\",\"end\":\"2021-01-02T03:05:05Z\"");
    expect_get(fixture->port, "/api/uploads/1", 200,
               "\"attachments\":[{\"name\":\"cpu.pprof\",\"size_bytes\":3,\"pprof\":true,\"recording\":false},{\"name\":\"space.pprof\","
               "\"size_bytes\":3,"
               "\"pprof\":true,\"recording\":false}]");
    body_part(&body, "name=\"recording-start\"", "2021-01-02T03:04:05Z");
    body_part(&body, "name=\"chunk-data\"; filename=\"dd.jfr\"", "jfr");
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":2}");
    expect_get(fixture->port, "/api/uploads/2/attachments/dd.jfr", 200, "jfr");
    nothing_left(fixture, 2);
}

static void expect_import(const struct fixture *fixture, const char *query, const char *headers, const char *bytes, int status,
                          const char *word) {
    struct text request = {0};
    text_add(&request, "POST /api/import%s HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n%s", query, fixture->port, headers);
    text_add(&request, "Content-Length: %zu\r\n\r\n%s", strlen(bytes), bytes);
    struct answer answer = http_send(fixture->port, &request, false);
    if (answer.status != status || !strstr(answer.body, word)) {
        fail_msg("import %s: %d %s", query, answer.status, answer.body);
    }
    answer_free(&answer);
    free(request.bytes);
}

// curl --data-binary, curl -T, curl -F.
TEST_IN(receiver, import) {
    struct fixture *fixture = *state;
    struct text parts = {0};
    body_part(&parts, "name=\"file\"; filename=\"heap.pprof\"", "x");
    body_end(&parts);
    expect_import(fixture, "?service=shop&env=test&tag=team:a&host=vm&start=2026-01-02T03:04:05Z&Name=heap.pb.gz&Token=secret",
                  "Content-Type: application/x-www-form-urlencoded\r\n", "bytes", 200, "{\"id\":1}");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"service\":\"shop\",\"env\":\"test\",\"version\":null,\"host\":\"vm\"");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"team:a\"");
    struct answer first = http_get(fixture->port, "/api/uploads/1");
    assert_null(strstr(first.body, "secret")); // names of parameters have no case
    answer_free(&first);
    expect_get(fixture->port, "/api/uploads/1", 200, "\"start\":\"2026-01-02T03:04:05Z\"");
    expect_get(fixture->port, "/api/uploads/1/attachments/heap.pb.gz", 200, "bytes");
    expect_import(fixture, "", "", "bytes", 200, "{\"id\":2}");
    expect_get(fixture->port, "/api/uploads/2", 200, "{\"name\":\"profile.pprof\",\"size_bytes\":5,\"pprof\":true,\"recording\":false}");
    expect_import(fixture, "?service=form", "Content-Type: " MULTIPART "\r\n", parts.bytes, 200, "{\"id\":3}");
    expect_get(fixture->port, "/api/uploads/3", 200, "{\"name\":\"heap.pprof\",\"size_bytes\":1,\"pprof\":true,\"recording\":false}");
    expect_import(fixture, "?service=x", "", "", 400, "empty");
    struct answer answer = http_get(fixture->port, "/api/import");
    assert_int_equal(answer.status, 405);
    answer_free(&answer);
    nothing_left(fixture, 3);
    free(parts.bytes);
}

// Files of other tools are stored as profiles. What is no profile and none of these stays as it is.
TEST_IN(receiver, files_of_other_tools) {
    struct fixture *fixture = *state;
    struct text body = {0};
    expect_import(fixture, "?service=shop&name=work.folded", "", "main;f 3\nmain;g 4\n", 200, "{\"id\":1}");
    expect_get(fixture->port, "/api/uploads/1", 200, "\"name\":\"work.folded.pprof\"");
    expect_get(fixture->port, "/api/tree?id=1&attachment=work.folded.pprof", 200, "\"total\":7");
    expect_import(fixture, "?name=x.json", "", "{\"nodes\":[{\"id\":1,\"hitCount\":2,\"callFrame\":{\"functionName\":\"f\"}}]}", 200,
                  "{\"id\":2}");
    expect_get(fixture->port, "/api/uploads/2", 200, "\"name\":\"x.json.pprof\"");
    expect_import(fixture, "", "", "go 1.26 trace", 400, "a Go execution trace that cannot be read: its head");
    expect_import(fixture, "", "", "{\"nodes\":[{\"callFrame\":", 400, "a CPU profile of V8 that cannot be read: damaged JSON");
    nothing_left(fixture, 2);
    body_part(&body, "name=\"a\"; filename=\"a.folded\"", "main;f 3\n");
    body_part(&body, "name=\"b\"; filename=\"b\"", "go 1.26 trace");
    body_part(&body, "name=\"metrics.json\"; filename=\"metrics.json\"", "[[\"a\",1]]");
    body_part(&body, "name=\"c\"; filename=\"c.pprof\"", "main;f 5\n");
    body_event(&body);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "\"refused\":[{\"name\":\"b\",\"reason\":\"kept as it came: a Go execution trace");
    expect_get(fixture->port, "/api/uploads/3/attachments/b", 200, "go 1.26 trace");
    expect_get(fixture->port, "/api/uploads/3", 200, "\"name\":\"a.folded.pprof\"");
    expect_get(fixture->port, "/api/uploads/3", 200, "\"name\":\"metrics.json\",\"size_bytes\":9");
    expect_get(fixture->port, "/api/tree?id=3&attachment=c.pprof", 200, "\"total\":5");
    assert_int_equal(count_files(fixture, "uploads/3"), 6); // with event.json and meta.json, which has what was refused
}

int main(void) {
    return tests_run();
}
