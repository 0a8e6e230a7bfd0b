// receiver_test.c: start and stop, routes and methods, security headers, idle connections.

#include "../../base/test/test.h"

#include "http.h"

#include <arpa/inet.h>

static void expect_status(uint16_t port, const char *method, const char *path, const char *headers, int status, const char *header) {
    struct answer answer = http_request(port, method, path, headers);
    if (answer.status != status || !strstr(answer.all.bytes, header)) {
        fail_msg("%s %s: %s", method, path, answer.all.bytes);
    }
    answer_free(&answer);
}

TEST_IN(receiver, methods_and_headers) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    expect_status(port, "GET", "/profiling/v1/input", "", 405, "Allow: POST\r\n");
    expect_status(port, "POST", "/api/uploads", "Content-Length: 0\r\n", 405, "Allow: GET, HEAD\r\n");
    expect_status(port, "PUT", "/profiling/v1/input", "Content-Length: 0\r\n", 405, "Allow: POST\r\n");
    expect_status(port, "DELETE", "/", "", 405, "Allow: GET, HEAD\r\n");
    expect_status(port, "HEAD", "/", "", 200, "Content-Type: text/html");
    static const char *const paths[] = {"/", "/page.js", "/info", "/api/uploads", "/nothing", "/profiling/v1/input"};
    static const char *const headers[] = {"Content-Security-Policy: default-src 'self';", "X-Content-Type-Options: nosniff\r\n",
                                          "Referrer-Policy: no-referrer\r\n", "Cross-Origin-Resource-Policy: same-origin\r\n"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer answer = http_get(port, paths[i]);
        for (size_t j = 0; j < sizeof headers / sizeof *headers; j++) {
            assert_non_null(strstr(answer.all.bytes, headers[j]));
        }
        answer_free(&answer);
    }
    expect_get(port, "/info", 200, "\"endpoints\":[\"/profiling/v1/input\",");
    expect_get(port, "/page.css", 200, "data-theme");
    expect_get(port, "/page.js", 200, "/api/uploads");
}

TEST_IN(receiver, restart_keeps_uploads) {
    struct fixture *fixture = *state;
    post_file(fixture->port, "a.bin", "content", 7, "shop");
    receiver_stop(fixture->receiver);
    fixture_start(fixture, 0, 0);
    expect_get(fixture->port, "/api/uploads", 200, "\"service\":\"shop\"");
    expect_get(fixture->port, "/api/uploads/1/attachments/a.bin", 200, "content");
}

TEST_IN(receiver, failures_of_start) {
    struct fixture *fixture = *state;
    struct receiver *second = NULL;
    char text[256], address[40];
    snprintf(address, sizeof address, "127.0.0.1:%u", fixture->port);
    struct receiver_options options = {.listen = address, .data_directory = fixture->directory};
    assert_int_equal(receiver_start(&options, &second, text, sizeof text), RECEIVER_ADDRESS_IN_USE);
    options.listen = "127.0.0.1:0";
    assert_int_equal(receiver_start(&options, &second, text, sizeof text), RECEIVER_DIRECTORY_TAKEN);
    options.listen = "0.0.0.0:0";
    assert_int_equal(receiver_start(&options, &second, NULL, 0), RECEIVER_NOT_LOOPBACK);
    options.token = "fifteen-letters";
    assert_int_equal(receiver_start(&options, &second, text, sizeof text), RECEIVER_BAD_TOKEN);
    assert_non_null(strstr(text, "0.0.0.0:0: where other machines can guess it, a token has at least 16 characters"));
    options.token = "sixteen--letters";
    assert_int_equal(receiver_start(&options, &second, text, sizeof text), RECEIVER_DIRECTORY_TAKEN);
    for (int error = 0; error < RECEIVER_ERROR_COUNT; error++) {
        assert_true(strlen(receiver_error_text(error)) > 0);
    }
    receiver_stop(NULL);
}

// Idle connections, without a byte, within headers and within a body, block neither others nor the stop.
TEST_IN(receiver, idle_connections) {
    struct fixture *fixture = *state;
    static const char *const starts[] = {"", "GET / HT",
                                         "POST /profiling/v1/input HTTP/1.1\r\nHost: localhost\r\nContent-Type: " MULTIPART
                                         "\r\nContent-Length: 1000\r\n\r\n--" BOUNDARY "\r\n"};
    int connections[30];
    for (size_t i = 0; i < 30; i++) {
        connections[i] = http_connect(fixture->port);
        size_t size = strlen(starts[i % 3]);
        assert_int_equal(send(connections[i], starts[i % 3], size, MSG_NOSIGNAL), size);
    }
    expect_get(fixture->port, "/info", 200, "version");
    receiver_stop(fixture->receiver);
    fixture_start(fixture, 0, 0);
    assert_int_equal(count_files(fixture, "incoming"), 0);
    for (size_t i = 0; i < 30; i++) {
        close(connections[i]);
    }
}

int main(void) {
    return tests_run();
}
