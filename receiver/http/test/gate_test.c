// gate_test.c: requests with and without a body that come before the gate opens are answered behind it, each once and whole.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../gate.h"

#include <pthread.h>
#include <stdatomic.h>

struct scene {
    struct gate gate;
    atomic_int held, answered;
};

struct one {
    size_t bytes;
    bool waits;
};

static enum MHD_Result on_request(void *state, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                                  const char *bytes, size_t *size, void **request) {
    (void)path, (void)method, (void)version, (void)bytes;
    struct scene *scene = state;
    struct one *one = *request;
    if (!one || one->waits) {
        one = one ? one : calloc(1, sizeof *one);
        *request = one;
        bool was_held = one->waits;
        one->waits = !was_held && gate_enter(&scene->gate, connection) == GATE_WAIT;
        scene->held += one->waits;
        return MHD_YES;
    }
    if (*size > 0) {
        one->bytes += *size;
        *size = 0;
        return MHD_YES;
    }
    char text[40];
    int length = snprintf(text, sizeof text, "%zu bytes", one->bytes);
    struct MHD_Response *response = MHD_create_response_from_buffer((size_t)length, text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    scene->answered++;
    return result;
}

static void on_completed(void *state, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode code) {
    (void)state, (void)connection, (void)code;
    free(*request);
}

struct client {
    pthread_t thread;
    uint16_t port;
    size_t body; // bytes
    bool in_two; // the body comes after a pause
};

static void *ask(void *state) {
    struct client *client = state;
    struct text request = {0};
    char expected[40], *body = calloc(1, client->body + 1);
    memset(body, 'x', client->body);
    text_add(&request, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", client->body);
    int connection = http_connect(client->port);
    if (!client->in_two) {
        text_add_bytes(&request, body, client->body);
    }
    send(connection, request.bytes, request.size, MSG_NOSIGNAL);
    if (client->in_two) {
        usleep(300000);
        send(connection, body, client->body, MSG_NOSIGNAL);
    }
    struct answer answer = http_read(connection);
    snprintf(expected, sizeof expected, "%zu bytes", client->body);
    if (answer.status != 200 || strcmp(answer.body, expected) != 0) {
        print_message("%zu: %s\n", client->body, answer.all.bytes);
        client->port = 0;
    }
    answer_free(&answer);
    free(request.bytes);
    free(body);
    return NULL;
}

static void run(bool in_two) {
    struct scene scene = {0};
    gate_init(&scene.gate);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, &scene,
                         MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    assert_non_null(daemon);
    uint16_t port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    struct client clients[] = {{.body = 0}, {.body = 10}, {.body = 1000000}, {.body = 70000}};
    enum { CLIENTS = sizeof clients / sizeof *clients };
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].port = port;
        clients[i].in_two = in_two;
        assert_int_equal(pthread_create(&clients[i].thread, NULL, ask, &clients[i]), 0);
    }
    WAIT_UNTIL(scene.held == CLIENTS);
    assert_int_equal(scene.held, CLIENTS);
    assert_int_equal(scene.answered, 0);
    if (in_two) {
        usleep(500000); // the bodies are there
    }
    gate_open(&scene.gate);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].port, port);
    }
    assert_int_equal(scene.answered, CLIENTS);
    struct client late = {.port = port, .body = 5};
    ask(&late);
    assert_int_equal(late.port, port);
    assert_int_equal(scene.held, CLIENTS);
    MHD_stop_daemon(daemon);
    gate_destroy(&scene.gate);
}

TEST(waits) {
    run(false);
}

TEST(waits_with_bodies_in_two) {
    run(true);
}

int main(void) {
    return tests_run();
}
