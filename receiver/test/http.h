// http.h: shared by the receiver's tests: a receiver on a free port with a fresh directory, raw HTTP over a socket, multipart bodies.
//
// Raw, because well-behaved client libraries refuse to send what these tests need. Each request closes its connection.
#ifndef CMEMPROF_RECEIVER_TEST_HTTP_H
#define CMEMPROF_RECEIVER_TEST_HTTP_H

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../receiver.h"

// Waits for a thread of the receiver, a minute at most; the test then checks the result.
#define WAIT_UNTIL(condition)                                                                                                              \
    for (int tries = 0; tries < 12000 && !(condition); tries++)                                                                            \
    usleep(5000)

struct text {
    char *bytes; // terminated
    size_t size;
};

static inline void text_add_bytes(struct text *text, const void *bytes, size_t size) {
    text->bytes = realloc(text->bytes, text->size + size + 1);
    assert_non_null(text->bytes);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

__attribute__((format(printf, 2, 3))) static inline void text_add(struct text *text, const char *format, ...) {
    va_list arguments;
    char *bytes = NULL;
    va_start(arguments, format);
    int size = vasprintf(&bytes, format, arguments);
    va_end(arguments);
    assert_true(size >= 0);
    text_add_bytes(text, bytes, (size_t)size);
    free(bytes);
}

struct answer {
    int status; // 0: the connection was closed without one
    struct text all;
    const char *body;
    size_t body_size;
};

static inline void answer_free(struct answer *answer) {
    free(answer->all.bytes);
}

static inline int http_connect(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof address), 0);
    // A receiver that never answers must fail the test, not hang it.
    struct timeval limit = {.tv_sec = 60};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return connection;
}

static inline struct answer http_read(int connection) {
    struct answer answer = {0};
    char piece[65536];
    for (ssize_t count; (count = recv(connection, piece, sizeof piece, 0)) > 0;) {
        text_add_bytes(&answer.all, piece, (size_t)count);
    }
    close(connection);
    if (answer.all.bytes && sscanf(answer.all.bytes, "HTTP/1.1 %d", &answer.status) == 1) {
        const char *blank = strstr(answer.all.bytes, "\r\n\r\n");
        assert_non_null(blank);
        answer.body = blank + 4;
        answer.body_size = answer.all.size - (size_t)(answer.body - answer.all.bytes);
    }
    return answer;
}

// hang_up: the client disconnects after the last byte instead of waiting.
static inline struct answer http_send(uint16_t port, const struct text *request, bool hang_up) {
    int connection = http_connect(port);
    for (size_t sent = 0; sent < request->size;) {
        ssize_t count = send(connection, request->bytes + sent, request->size - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            break; // refused before all was sent: the answer has the reason
        }
        sent += (size_t)count;
    }
    if (hang_up) {
        shutdown(connection, SHUT_WR);
    }
    return http_read(connection);
}

static inline struct answer http_request(uint16_t port, const char *method, const char *path, const char *more_headers) {
    struct text request = {0};
    text_add(&request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%s\r\n", method, path, port, more_headers);
    struct answer answer = http_send(port, &request, false);
    free(request.bytes);
    return answer;
}

static inline struct answer http_get(uint16_t port, const char *path) {
    return http_request(port, "GET", path, "");
}

// ---- Uploads ----

#define BOUNDARY "b0undary"
#define EVENT                                                                                                                              \
    "{\"start\":\"2026-01-02T03:04:05Z\",\"end\":\"2026-01-02T03:05:05Z\",\"family\":\"go\",\"version\":\"4\","                            \
    "\"tags_profiler\":\"service:shop,env:test,version:1.2,host:vm,runtime:go,language:go,runtime-id:1,x:a:b\"}"

static inline void body_part_bytes(struct text *body, const char *disposition, const void *bytes, size_t size) {
    text_add(body, "--" BOUNDARY "\r\nContent-Disposition: form-data; %s\r\n\r\n", disposition);
    text_add_bytes(body, bytes, size);
    text_add(body, "\r\n");
}

static inline void body_part(struct text *body, const char *disposition, const char *content) {
    body_part_bytes(body, disposition, content, strlen(content));
}

static inline void body_event(struct text *body) {
    body_part(body, "name=\"event\"; filename=\"event.json\"", EVENT);
}

static inline void body_end(struct text *body) {
    text_add(body, "--" BOUNDARY "--\r\n");
}

static inline struct answer http_post(uint16_t port, const char *content_type, const struct text *body) {
    struct text request = {0};
    text_add(&request, "POST /profiling/v1/input HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n", port);
    text_add(&request, "%s%s%sContent-Length: %zu\r\n\r\n", content_type ? "Content-Type: " : "", content_type ? content_type : "",
             content_type ? "\r\n" : "", body->size);
    text_add_bytes(&request, body->bytes, body->size);
    struct answer answer = http_send(port, &request, false);
    free(request.bytes);
    return answer;
}

#define MULTIPART "multipart/form-data; boundary=" BOUNDARY

// Sends and frees the body and checks the answer: its status, and a part of its text.
static inline void expect_post(uint16_t port, struct text *body, int status, const char *word) {
    struct answer answer = http_post(port, MULTIPART, body);
    if (answer.status != status || !strstr(answer.body, word)) {
        fail_msg("POST: %d %s, expected %d with %s", answer.status, answer.body ? answer.body : "", status, word);
    }
    answer_free(&answer);
    free(body->bytes);
    *body = (struct text){0};
}

// One attachment of a service.
static inline void post_file(uint16_t port, const char *name, const void *bytes, size_t size, const char *service) {
    struct text body = {0};
    char disposition[200], event[300];
    snprintf(disposition, sizeof disposition, "name=\"%s\"; filename=\"%s\"", name, name);
    snprintf(event, sizeof event, "{\"tags_profiler\":\"service:%s\"}", service);
    body_part_bytes(&body, disposition, bytes, size);
    body_part(&body, "name=\"event\"; filename=\"event.json\"", event);
    body_end(&body);
    expect_post(port, &body, 200, "{\"id\":");
}

static inline void expect_get(uint16_t port, const char *path, int status, const char *word) {
    struct answer answer = http_get(port, path);
    if (answer.status != status || !strstr(answer.body, word)) {
        fail_msg("GET %s: %d %s, expected %d with %s", path, answer.status, answer.body ? answer.body : "", status, word);
    }
    answer_free(&answer);
}

// ---- A receiver ----

struct fixture {
    char directory[FOLDER_BYTES];
    struct receiver *receiver;
    uint16_t port;
};

// Returns the port.
static inline uint16_t fixture_start_with(struct fixture *fixture, const struct receiver_options *options) {
    char text[256] = "";
    if (receiver_start(options, &fixture->receiver, text, sizeof text) != RECEIVER_OK) {
        fail_msg("receiver_start: %s", text);
    }
    return fixture->port = receiver_port(fixture->receiver);
}

static inline void fixture_start(struct fixture *fixture, size_t max_body_bytes, uint64_t retention_bytes) {
    fixture_start_with(fixture, &(struct receiver_options){.listen = "127.0.0.1:0",
                                                           .data_directory = fixture->directory,
                                                           .max_body_bytes = max_body_bytes,
                                                           .retention_bytes = retention_bytes});
}

static inline void fixture_stop(struct fixture *fixture) {
    receiver_stop(fixture->receiver);
    fixture->receiver = NULL; // teardown stops what still runs
}

static inline uint16_t fixture_restart(struct fixture *fixture, const struct receiver_options *options) {
    fixture_stop(fixture);
    return fixture_start_with(fixture, options);
}

static inline int receiver_setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_int_equal(folder_make(fixture->directory), 0);
    fixture_start(fixture, 1 << 20, 0);
    *state = fixture;
    return 0;
}

static inline int receiver_teardown(void **state) {
    struct fixture *fixture = *state;
    fixture_stop(fixture);
    int status = folder_remove(fixture->directory);
    free(fixture);
    return status;
}

// Counts the entries of a folder of the data directory, without "." and ".."; -1 if missing.
static inline int count_files(const struct fixture *fixture, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    DIR *entries = opendir(path);
    if (!entries) {
        return -1;
    }
    int count = -2;
    while (readdir(entries)) {
        count++;
    }
    closedir(entries);
    return count;
}

#endif
