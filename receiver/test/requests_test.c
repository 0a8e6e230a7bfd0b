// requests_test.c: routes and methods, security headers; what is packed is read like views, and waits for slow readers within their memory.

#include "../../base/test/test.h"

#include "http.h"

#include "../requests.h"
#include "../store/packer.h"
#include "../store/store_directory.h"

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
    expect_get(port, "/page.js", 200, "upload-row");
}

// ---- /mcp ----

enum { VIEW_BYTES = 16 << 20 };

static char *say_what_fits(const struct receiver_inside *inside, const struct receiver_message *message, unsigned *status) {
    bool is_little = merge_budget_take(VIEW_BYTES), is_more = merge_budget_take(1);
    (void)inside, (void)message;
    if (is_little) {
        merge_budget_give(VIEW_BYTES);
    }
    *status = 200;
    return strdup(is_little && !is_more ? "{\"fits\":1}" : "{\"fits\":0}");
}

static void expect_message(uint16_t port, const char *answer_text) {
    static const char body[] = "{}";
    struct text request = {0};
    text_add(&request, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n");
    text_add(&request, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    struct answer answer = http_send(port, &request, false);
    assert_non_null(strstr(answer.body, answer_text));
    answer_free(&answer);
    free(request.bytes);
}

// What is answered there has as much memory as views, beside them, and its queue is in /metrics.
TEST_IN(receiver, messages) {
    struct fixture *fixture = *state;
    expect_get(fixture->port, "/mcp", 404, "no such path");
    uint16_t port = fixture_restart(fixture, &(struct receiver_options){.listen = "127.0.0.1:0",
                                                                        .data_directory = fixture->directory,
                                                                        .view_memory_bytes = VIEW_BYTES,
                                                                        .answerer = say_what_fits});
    expect_message(port, "{\"fits\":1}");
    expect_message(port, "{\"fits\":1}");
    expect_get(port, "/metrics", 200, "\ncmemprof_receiver_queue_length{queue=\"mcp\"} 0\n");
    expect_get(port, "/metrics", 200, "\ncmemprof_receiver_mcp_memory_bytes 0\n");
    expect_get(port, "/metrics", 200, "\ncmemprof_receiver_mcp_memory_limit_bytes 16777216\n");
}

static size_t waiting_bytes(struct fixture *fixture) {
    struct connections *connections = &fixture->receiver->connections;
    pthread_mutex_lock(&connections->lock);
    size_t bytes = connections->answer_bytes;
    pthread_mutex_unlock(&connections->lock);
    return bytes;
}

// Asks, and reads nothing.
static int ask(uint16_t port, const char *path) {
    struct text request = {0};
    int connection = http_connect(port);
    text_add(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    assert_int_equal(send(connection, request.bytes, request.size, 0), request.size);
    free(request.bytes);
    return connection;
}

TEST_IN(receiver, packed_upload) {
    enum { BIG = 20 << 20 }; // more than sockets take
    static const char *const paths[] = {"/api/uploads/1/attachments/a.bin/raw", "/api/uploads/1/archive", "/api/uploads/1/event"};
    struct fixture *fixture = *state;
    fixture_stop(fixture);
    fixture_start(fixture, BIG + (1 << 20), 0);
    const struct api *api = &fixture->receiver->api;
    uint16_t port = fixture->port;
    char *bytes = calloc(1, BIG);
    post_file(port, "a.bin", bytes, BIG, "shop");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(api_cost(api, paths[i]), API_LIGHT);
    }
    int connection = ask(port, paths[0]);
    char first[16];
    assert_true(recv(connection, first, sizeof first, 0) > 0);
    assert_int_equal(waiting_bytes(fixture), 0); // a file of the disk
    close(connection);
    struct packer *packer = packer_new(fixture->receiver->store);
    assert_int_equal(packer_pass(packer, store_now_ms() + 2 * PACKER_SPAN_MS), 1);
    packer_stop(packer);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(api_cost(api, paths[i]), API_HEAVY);
    }
    assert_int_equal(api_cost(api, "/api/uploads/1"), API_LIGHT);
    assert_int_equal(api_cost(api, "/api/uploads/2/archive"), API_LIGHT);
    assert_int_equal(api_cost(api, "/api/uploads/x/archive"), API_LIGHT);
    for (int i = 0; i < 2; i++) {
        connection = ask(port, paths[i]);
        assert_true(recv(connection, first, sizeof first, 0) > 0);
        assert_in_range(waiting_bytes(fixture), BIG, BIG + 1000);
        close(connection);
        WAIT_UNTIL(waiting_bytes(fixture) == 0);
        assert_int_equal(waiting_bytes(fixture), 0);
    }
    struct answer answer = http_get(port, paths[0]);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_size, BIG);
    assert_memory_equal(answer.body, bytes, BIG);
    answer_free(&answer);
    expect_get(port, paths[2], 200, "service:shop");
    free(bytes);
}

int main(void) {
    return tests_run();
}
