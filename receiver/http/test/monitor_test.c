// monitor_test.c: /metrics, /healthz and /readyz of a receiver: what they say, of which state, and to whom.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../monitor.h"

static void expect_line(uint16_t port, const char *line) {
    struct answer answer = http_get(port, "/metrics");
    assert_int_equal(answer.status, 200);
    if (!strstr(answer.body, line)) {
        fail_msg("%s is not in %s", line, answer.body);
    }
    answer_free(&answer);
}

TEST_IN(receiver, metrics) {
    struct fixture *fixture = *state;
    uint16_t port = fixture->port;
    post_file(port, "a.bin", "content", 7, "shop");
    struct answer answer = http_request(port, "POST", "/profiling/v1/input", "Content-Length: 0\r\n");
    assert_int_equal(answer.status, 400);
    answer_free(&answer);
    answer = http_request(port, "POST", "/profiling/v1/input", "Content-Length: 99999999999\r\n");
    assert_int_equal(answer.status, 413);
    answer_free(&answer);
    answer = http_get(port, "/profiling/v1/input");
    assert_int_equal(answer.status, 405);
    answer_free(&answer);
    close(http_connect(port)); // no request
    expect_line(port, "\ncmemprof_receiver_uploads_total 1\n");
    expect_line(port, "\ncmemprof_receiver_upload_requests_total{outcome=\"accepted\"} 1\n");
    expect_line(port, "\ncmemprof_receiver_upload_requests_total{outcome=\"malformed\"} 1\n");
    expect_line(port, "\ncmemprof_receiver_upload_requests_total{outcome=\"too_large\"} 1\n");
    expect_line(port, "\ncmemprof_receiver_upload_requests_total{outcome=\"wrong_method\"} 1\n");
    expect_line(port, "\ncmemprof_receiver_upload_requests_total{outcome=\"cut\"} 0\n");
    expect_line(port, "\ncmemprof_receiver_commit_seconds_bucket{le=\"+Inf\"} 1\n");
    expect_line(port, "\ncmemprof_receiver_commit_seconds_count 1\n");
    expect_line(port, "\ncmemprof_receiver_stored_uploads 1\n");
    expect_line(port, "\ncmemprof_receiver_queue_length{queue=\"commit\"} 0\n");
    expect_line(port, "\ncmemprof_receiver_storage_limit_bytes +Inf\n");
    expect_line(port, "\nprocess_open_fds ");
    int connection = http_connect(port);
    const char *half =
        "POST /profiling/v1/input HTTP/1.1\r\nHost: localhost\r\nContent-Type: " MULTIPART "\r\nContent-Length: 1000\r\n\r\n--";
    assert_int_equal(send(connection, half, strlen(half), MSG_NOSIGNAL), strlen(half));
    usleep(100000);
    close(connection);
    bool is_counted = false;
    for (int tries = 0; tries < 2000 && !is_counted; tries++) {
        answer = http_get(port, "/metrics");
        is_counted = strstr(answer.body, "\ncmemprof_receiver_upload_requests_total{outcome=\"cut\"} 1\n");
        answer_free(&answer);
        usleep(5000);
    }
    assert_true(is_counted);
}

TEST_IN(receiver, formats) {
    struct fixture *fixture = *state;
    struct answer answer = http_request(fixture->port, "GET", "/metrics", "Accept: application/openmetrics-text;version=1.0.0;q=1\r\n");
    assert_non_null(strstr(answer.all.bytes, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    assert_string_equal(answer.body + answer.body_size - 6, "# EOF\n");
    answer_free(&answer);
    answer = http_request(fixture->port, "GET", "/metrics", "Accept-Encoding: gzip\r\n");
    assert_non_null(strstr(answer.all.bytes, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(answer.all.bytes, "Content-Encoding: gzip\r\n"));
    answer_free(&answer);
    answer = http_request(fixture->port, "POST", "/metrics", "Content-Length: 0\r\n");
    assert_int_equal(answer.status, 405);
    answer_free(&answer);
}

TEST_IN(receiver, probes) {
    struct fixture *fixture = *state;
    expect_get(fixture->port, "/healthz", 200, "ok");
    expect_get(fixture->port, "/readyz", 200, "ready");
    char path[FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s/incoming", fixture->directory);
    assert_int_equal(rmdir(path), 0);
    usleep(1100000); // it asks the disk once a second
    expect_get(fixture->port, "/readyz", 503, "the data directory was removed or replaced");
    expect_get(fixture->port, "/healthz", 200, "ok");
    assert_int_equal(mkdir(path, 0700), 0);
}

TEST(access) {
    char directory[FOLDER_BYTES], text[256];
    assert_int_equal(folder_make(directory), 0);
    const struct receiver_options options = {
        .listen = "127.0.0.1:0",
        .data_directory = directory,
        .tokens = (const struct receiver_token[]){{"reading-token", RECEIVER_READS}, {"sending-token", RECEIVER_UPLOADS}},
        .token_count = 2};
    struct receiver *receiver;
    assert_int_equal(receiver_start(&options, &receiver, text, sizeof text), RECEIVER_OK);
    uint16_t port = receiver_port(receiver);
    expect_get(port, "/healthz", 200, "ok");
    expect_get(port, "/readyz", 200, "ready");
    expect_get(port, "/metrics", 401, "token");
    struct answer answer = http_request(port, "GET", "/metrics", "Authorization: Bearer sending-token\r\n");
    assert_int_equal(answer.status, 403);
    answer_free(&answer);
    answer = http_request(port, "POST", "/profiling/v1/input", "Content-Length: 0\r\n");
    assert_int_equal(answer.status, 401);
    answer_free(&answer);
    answer = http_request(port, "GET", "/metrics", "Authorization: Bearer reading-token\r\n");
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\ncmemprof_receiver_upload_requests_total{outcome=\"unauthorized\"} 1\n"));
    answer_free(&answer);
    receiver_stop(receiver);
    assert_int_equal(folder_remove(directory), 0);
}

TEST(phases) {
    struct monitor monitor = {0};
    assert_true(monitor_has("/metrics") && monitor_has("/readyz") && !monitor_has("/") && !monitor_is_probe("/metrics"));
    assert_false(monitor_takes_time(&monitor, "/readyz")); // the index is being read: there is nothing to ask yet
    atomic_store(&monitor.phase, MONITOR_RUNS);
    assert_true(monitor_takes_time(&monitor, "/readyz") && monitor_takes_time(&monitor, "/metrics"));
    assert_false(monitor_takes_time(&monitor, "/healthz"));
}

// A disk that hangs keeps one thread: others are told, after a while.
TEST(one_thread_asks_the_disk) {
    struct monitor monitor = {.probing_ms = 1000, .probed_ms = 900, .probed = RECEIVER_OK}; // without a store: asking would crash
    enum receiver_error error;
    atomic_store(&monitor.phase, MONITOR_RUNS);
    assert_false(monitor_takes_time(&monitor, "/readyz"));
    assert_int_equal(monitor_probe(&monitor, 5999, true, &error), MONITOR_DISK_ANSWERS);
    assert_int_equal(error, RECEIVER_OK);
    assert_int_equal(monitor_probe(&monitor, 6000, true, &error), MONITOR_DISK_HANGS);
    atomic_store(&monitor.probing_ms, 0); // it has answered
    atomic_store(&monitor.probed, RECEIVER_DISK_FULL);
    atomic_store(&monitor.probed_ms, 7000);
    assert_int_equal(monitor_probe(&monitor, 7999, true, &error), MONITOR_DISK_ANSWERS);
    assert_int_equal(error, RECEIVER_DISK_FULL);
    assert_int_equal(monitor_probe(&monitor, 9000, false, &error), MONITOR_DISK_ANSWERS); // it may not wait
    assert_int_equal(error, RECEIVER_DISK_FULL);
}

int main(void) {
    return tests_run();
}
