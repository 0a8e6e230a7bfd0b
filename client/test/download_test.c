// download_test.c: what a URL has, its limits, and why it cannot be had, against a loopback server.

#include "../../base/test/test.h"

#include "../download.h"

#include "loopback_server.h"

static struct download download;

static bool get_from(const char *url, size_t max_bytes, const char *const *headers, size_t count) {
    free(download.bytes);
    bool ok = download_get(url, headers, count, max_bytes, &download);
    assert_int_equal(ok, !!download.bytes);
    assert_true(ok || (download.size == 0 && download.text[0] != '\0'));
    return ok;
}

// Returns whether the answer is taken.
static bool answered(enum server_way way, const char *answer, size_t max_bytes) {
    struct server *server = server_start(way, answer, NULL);
    assert_non_null(server);
    bool ok = get_from(server->url, max_bytes, NULL, 0);
    server_stop(server);
    return ok;
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"

TEST(whole_answers) {
    assert_true(answered(SERVER_ANSWERS, HEAD "hello", 5));
    assert_int_equal(download.size, 5);
    assert_string_equal((char *)download.bytes, "hello");
    assert_true(answered(SERVER_ANSWERS, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 5));
    assert_int_equal(download.size, 0);
}

TEST(limits) {
    assert_false(answered(SERVER_ANSWERS, HEAD "hello", 4));
    assert_string_equal(download.text, "the answer is larger than 4 bytes");
    assert_false(answered(SERVER_ANSWERS_ENDLESS, "HTTP/1.1 200 OK\r\n\r\n", 100000));
    assert_string_equal(download.text, "the answer is larger than 100000 bytes");
    assert_false(answered(SERVER_ANSWERS, HEAD "hel", 100)); // cut
    assert_non_null(strstr(download.text, "2 bytes remaining"));
}

TEST(refusals) {
    assert_false(answered(SERVER_ANSWERS, "HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\nno such\nup\x1b[load\n", 100));
    assert_string_equal(download.text, "HTTP 404: no such up?[load");
    assert_false(answered(SERVER_ANSWERS, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 100));
    assert_string_equal(download.text, "HTTP 302, a redirect, which is not followed");
    assert_false(answered(SERVER_ANSWERS, "HTTP/1.1 204 No Content\r\n\r\n", 100));
    assert_string_equal(download.text, "HTTP 204");
    assert_false(answered(SERVER_RESETS, "", 100));
    assert_false(get_from("http://127.0.0.1:1/", 100, NULL, 0)); // nobody listens
    assert_false(get_from("ftp://127.0.0.1/", 100, NULL, 0));
    assert_non_null(strstr(download.text, "not an http or https URL"));
    assert_false(get_from("http://", 100, NULL, 0));
}

TEST(headers) {
    struct server *server = server_start(SERVER_ANSWERS, HEAD "hello", NULL);
    static const char *const good[] = {"Authorization: Bearer abc", "X-A: b"}, *const bad[] = {"X-A: b\r\nX-B: c"};
    assert_true(get_from(server->url, 100, good, 2));
    assert_non_null(strstr(server->request, "Authorization: Bearer abc\r\n"));
    assert_int_equal(strncmp(server->request, "GET ", 4), 0);
    assert_false(get_from(server->url, 100, bad, 1));
    server_stop(server);
    free(download.bytes);
    download.bytes = NULL;
}

int main(void) {
    return tests_run();
}
