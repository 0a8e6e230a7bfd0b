// edits_test.c: requests that change what is stored: paths, methods, bodies and their answers.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../edits.h"

TEST(paths) {
    static const struct {
        const char *method, *path, *allow; // allow NULL: it is none
        int64_t id;                        // 0: not with this method
    } cases[] = {
        {"DELETE", "/api/uploads/7", "GET, HEAD, DELETE", 7},
        {"GET", "/api/uploads/7", "GET, HEAD, DELETE", 0},
        {"POST", "/api/uploads/7", "GET, HEAD, DELETE", 0},
        {"PUT", "/api/uploads/7/pin", "PUT, DELETE", 7},
        {"DELETE", "/api/uploads/7/pin", "PUT, DELETE", 7},
        {"PUT", "/api/uploads/9223372036854775807/note", "PUT, DELETE", INT64_MAX},
        {"DELETE", "/api/uploads/7/note", "PUT, DELETE", 7},
        {"DELETE", "/api/views/7", "DELETE", 7},
        {"DELETE", "/api/views", "GET, HEAD, POST", 0},
        {"DELETE", "/api/annotations/7", "DELETE", 7},
        {"GET", "/api/annotations", "GET, HEAD, POST", 0},
        {"DELETE", "/api/annotations/", NULL, 0},
        {"DELETE", "/api/uploads/0", NULL, 0},
        {"DELETE", "/api/uploads/-7", NULL, 0},
        {"DELETE", "/api/uploads/+7", NULL, 0},
        {"DELETE", "/api/uploads/ 7", NULL, 0},
        {"DELETE", "/api/uploads/7x", NULL, 0},
        {"DELETE", "/api/uploads/7/", NULL, 0},
        {"DELETE", "/api/uploads/", NULL, 0},
        {"DELETE", "/api/uploads/9223372036854775808", NULL, 0},
        {"PUT", "/api/uploads/7/pin/x", NULL, 0},
        {"PUT", "/api/uploads/pin", NULL, 0},
        {"DELETE", "/api/uploads/7/event", NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct edit edit = {0};
        const char *allow;
        assert_int_equal(edit_find(cases[i].path, cases[i].method, &edit, &allow), !!cases[i].allow);
        if (cases[i].allow) {
            assert_string_equal(allow, cases[i].allow);
        }
        assert_int_equal(!!edit.route, cases[i].id > 0);
        assert_int_equal(edit.id, cases[i].id);
    }
}

static void expect(uint16_t port, const char *method, const char *path, const char *body, size_t size, int status, const char *piece) {
    struct text request = {0};
    text_add(&request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", method, path, size);
    text_add_bytes(&request, body, size);
    struct answer answer = http_send(port, &request, false);
    if (answer.status != status || !strstr(answer.all.bytes, piece)) {
        fail_msg("%s %s: %d, not %d with %s: %s", method, path, answer.status, status, piece, answer.all.bytes ? answer.all.bytes : "");
    }
    answer_free(&answer);
    free(request.bytes);
}

TEST_IN(receiver, uploads) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    static char large[3 * EDIT_BODY_BYTES];
    memset(large, 'n', sizeof large);
    post_file(port, "a.bin", "1", 1, "shop");
    post_file(port, "b.bin", "2", 1, "shop");
    expect(port, "PUT", "/api/uploads/1/pin", "", 0, 200, "{\"id\":1}");
    expect(port, "PUT", "/api/uploads/1/note", "kept", 4, 200, "{\"id\":1}");
    expect_get(port, "/api/uploads/1", 200, "\"pinned\":true,\"note\":\"kept\",");
    expect_get(port, "/api/uploads?pinned=1", 200, "{\"uploads\":[{\"id\":1,");
    expect_get(port, "/api/uploads?pinned=1", 200, "\"total\":1,");
    expect_get(port, "/api/uploads?pinned=2", 400, "pinned is 1");
    expect_get(port, "/api/storage", 200, "\"pinned\":1,");
    expect(port, "DELETE", "/api/uploads/1", "", 0, 409, "pinned");
    expect(port, "PUT", "/api/uploads/1/note", large, 1001, 413, "at most 1000 bytes");
    expect(port, "PUT", "/api/uploads/1/note", large, EDIT_BODY_BYTES + 1, 413, "too large");
    expect(port, "PUT", "/api/uploads/1/note", "a\nb\tc", 5, 200, "{\"id\":1}");
    expect(port, "PUT", "/api/uploads/1/note", "a\0b", 3, 400, "UTF-8");
    expect_get(port, "/api/uploads/1", 200, "\"note\":\"a\\nb\\u0009c\"");
    expect(port, "DELETE", "/api/uploads/1/note", "", 0, 200, "{\"id\":1}");
    expect(port, "DELETE", "/api/uploads/1/pin", "", 0, 200, "{\"id\":1}");
    expect_get(port, "/api/uploads/1", 200, "\"pinned\":false,\"note\":null,");
    expect(port, "DELETE", "/api/uploads/1", "", 0, 200, "{\"id\":1}");
    expect(port, "DELETE", "/api/uploads/1", "", 0, 404, "no such upload");
    expect(port, "PUT", "/api/uploads/1/pin", "", 0, 404, "no such upload");
    expect(port, "PUT", "/api/uploads/99/note", "x", 1, 404, "no such upload");
    expect_get(port, "/api/uploads/1", 404, "no such upload");
    expect_get(port, "/api/uploads/1/attachments/a.bin", 404, "no such attachment");
    expect_get(port, "/api/uploads", 200, "\"total\":1,");
    expect(port, "POST", "/api/uploads/2", "", 0, 405, "Allow: GET, HEAD, DELETE");
    expect(port, "POST", "/api/uploads/2/pin", "", 0, 405, "Allow: PUT, DELETE");
    expect_get(port, "/api/uploads/2/pin", 404, "no such path");
    expect(port, "DELETE", "/api/uploads", "", 0, 405, "Allow: GET, HEAD");
    expect(port, "DELETE", "/api/uploads/2/event", "", 0, 405, "Allow: GET, HEAD");
}

TEST_IN(receiver, views) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    const char *body = "{\"name\":\"leak\",\"address\":\"/profile?ids=7\"}";
    expect(port, "POST", "/api/views", body, strlen(body), 200, "{\"id\":1}");
    expect(port, "POST", "/api/views", "{}", 2, 400, "name is missing");
    expect_get(port, "/api/views", 200, "{\"views\":[{\"id\":1,\"name\":\"leak\",\"address\":\"/profile?ids=7\"}]}");
    expect(port, "DELETE", "/api/views/1", "", 0, 200, "{\"id\":1}");
    expect(port, "DELETE", "/api/views/1", "", 0, 404, "no such view");
}

TEST_IN(receiver, annotations) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    const char *body = "{\"time\":1767322845000,\"text\":\"deploy\",\"service\":\"shop\"}";
    struct edit edit = {0};
    const char *allow;
    assert_true(edit_find("/api/annotations", "POST", &edit, &allow) && edit.route);
    expect(port, "POST", "/api/annotations", body, strlen(body), 200, "{\"id\":1}");
    expect(port, "POST", "/api/annotations", "{}", 2, 400, "text is missing");
    expect(port, "POST", "/api/annotations", "", 0, 400, "no JSON object");
    expect_get(port, "/api/annotations?service=shop", 200, "{\"annotations\":[{\"id\":1,\"time_ms\":1767322845000,\"text\":\"deploy\",");
    expect_get(port, "/api/annotations?service=cart", 200, "{\"annotations\":[],\"left_out\":0}");
    expect_get(port, "/api/annotations?from=x", 400, "from is neither");
    expect(port, "PUT", "/api/annotations", body, strlen(body), 405, "Allow: GET, HEAD, POST");
    expect(port, "DELETE", "/api/annotations/1", "", 0, 200, "{\"id\":1}");
    expect(port, "DELETE", "/api/annotations/1", "", 0, 404, "no such annotation");
}

int main(void) {
    return tests_run();
}
