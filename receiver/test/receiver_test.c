// receiver_test.c: start and stop, requests meanwhile, idle connections.

#include "../../base/test/test.h"

#include "../store/disk_reserve.h"
#include "http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>

TEST_IN(receiver, restart_keeps_uploads) {
    struct fixture *fixture = *state;
    post_file(fixture->port, "a.bin", "content", 7, "shop");
    fixture_stop(fixture);
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
    struct receiver_token token = {"fifteen-letters", RECEIVER_ALL};
    options.tokens = &token;
    options.token_count = 1;
    assert_int_equal(receiver_start(&options, &second, text, sizeof text), RECEIVER_BAD_TOKEN);
    assert_non_null(strstr(text, "0.0.0.0:0: where other machines can guess it, a token has at least 16 characters"));
    token.token = "sixteen--letters";
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
    fixture_stop(fixture);
    fixture_start(fixture, 0, 0);
    assert_int_equal(count_files(fixture, "incoming"), 0);
    for (size_t i = 0; i < 30; i++) {
        close(connections[i]);
    }
}

// ---- Requests while it starts and stops: calls of libc that it makes then are held up ----

static atomic_bool holds_start, holds_scrape;
static atomic_int held;

static void hold(atomic_bool *holds) {
    if (atomic_load(holds)) {
        atomic_fetch_add(&held, 1);
        while (atomic_load(holds)) {
            usleep(1000);
        }
    }
}

int mkdirat(int directory, const char *path, mode_t mode) { // store_open
    hold(&holds_start);
    return (int)syscall(SYS_mkdirat, directory, path, mode);
}

int fstatvfs(int file, struct statvfs *about) { // a scrape
    hold(&holds_scrape);
    struct statfs like;
    int result = fstatfs(file, &like);
    *about = (struct statvfs){.f_bavail = like.f_bavail, .f_frsize = (unsigned long)like.f_frsize};
    return result;
}

static void *start(void *state) {
    struct fixture *fixture = state;
    char text[256], listen[FOLDER_BYTES + 20];
    snprintf(listen, sizeof listen, "unix:%s/socket", fixture->directory);
    const struct receiver_options options = {.listen = listen, .data_directory = fixture->directory};
    assert_int_equal(receiver_start(&options, &fixture->receiver, text, sizeof text), RECEIVER_OK);
    return NULL;
}

static void *stop(void *state) {
    fixture_stop(state);
    return NULL;
}

static struct answer ask_unix(const struct fixture *fixture, const char *request) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", fixture->directory);
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof address), 0);
    struct timeval limit = {.tv_sec = 60};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(send(connection, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    return http_read(connection);
}

// Probes come without the gate, and have bodies if the client likes: there is no store yet.
TEST_IN(receiver, probes_with_bodies_while_it_starts) {
    struct fixture *fixture = *state;
    pthread_t thread;
    fixture_stop(fixture);
    atomic_store(&holds_start, true);
    assert_int_equal(pthread_create(&thread, NULL, start, fixture), 0);
    WAIT_UNTIL(atomic_load(&held) > 0);
    struct answer answer =
        ask_unix(fixture, "POST /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(answer.status, 405);
    answer_free(&answer);
    answer = ask_unix(fixture, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(answer.status, 503);
    answer_free(&answer);
    atomic_store(&holds_start, false);
    pthread_join(thread, NULL);
    answer = ask_unix(fixture, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
}

// What a scrape reads is there until it has ended.
TEST_IN(receiver, stop_during_a_scrape) {
    struct fixture *fixture = *state;
    const char *request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    pthread_t thread;
    char reserve[FOLDER_BYTES + 20];
    snprintf(reserve, sizeof reserve, "%s/" DISK_RESERVE_NAME, fixture->directory);
    WAIT_UNTIL(access(reserve, F_OK) == 0); // who makes it calls fstatvfs, too
    atomic_store(&held, 0);
    atomic_store(&holds_scrape, true);
    int connection = http_connect(fixture->port);
    assert_int_equal(send(connection, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    WAIT_UNTIL(atomic_load(&held) > 0);
    assert_int_equal(pthread_create(&thread, NULL, stop, fixture), 0);
    usleep(300000); // it gets as far as it can
    atomic_store(&holds_scrape, false);
    pthread_join(thread, NULL);
    struct answer answer = http_read(connection);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\ncmemprof_analyses_total "));
    answer_free(&answer);
    fixture_start(fixture, 0, 0);
}

int main(void) {
    return tests_run();
}
