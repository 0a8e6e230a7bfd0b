// event_stream_test.c: listeners receive new uploads of their selection, by words as well, and no others; stopping the receiver ends their
// streams.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../event_stream.h"

static int listen_to(uint16_t port, const char *path) {
    struct text request = {0};
    int connection = http_connect(port);
    text_add(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    assert_int_equal(send(connection, request.bytes, request.size, 0), request.size);
    free(request.bytes);
    return connection;
}

// Reads until word arrives; fails if the stream ends or is silent for a minute.
static void expect_word(int connection, struct text *heard, const char *word) {
    char piece[4096];
    while (!heard->bytes || !strstr(heard->bytes, word)) {
        ssize_t count = recv(connection, piece, sizeof piece, 0);
        if (count <= 0) {
            fail_msg("no %s in %s", word, heard->bytes ? heard->bytes : "");
        }
        text_add_bytes(heard, piece, (size_t)count);
    }
}

static void upload(uint16_t port, const char *service) {
    struct text body = {0};
    char event[100];
    snprintf(event, sizeof event, "{\"tags_profiler\":\"service:%s\"}", service);
    body_part(&body, "name=\"event\"", event);
    body_end(&body);
    expect_post(port, &body, 200, "{\"id\":");
}

TEST_IN(receiver, stream) {
    struct fixture *fixture = *state;
    struct text all = {0}, shop = {0};
    int all_connection = listen_to(fixture->port, "/api/events"),
        shop_connection = listen_to(fixture->port, "/api/events?q=service:*p%20-cart");
    expect_word(all_connection, &all, "text/event-stream");
    expect_word(all_connection, &all, ":\n\n");
    assert_non_null(strstr(all.bytes, "\r\nX-Accel-Buffering: no\r\n")); // for a proxy in front of the receiver
    expect_word(shop_connection, &shop, ":\n\n");
    upload(fixture->port, "cart");
    expect_word(all_connection, &all, "data: {\"id\":1}\n\n");
    upload(fixture->port, "shop");
    expect_word(shop_connection, &shop, "data: {\"id\":2}\n\n");
    expect_word(all_connection, &all, "data: {\"id\":2}\n\n");
    assert_null(strstr(shop.bytes, "{\"id\":1}"));
    fixture_stop(fixture);
    char byte[4096];
    while (recv(all_connection, byte, sizeof byte, 0) > 0) {
    }
    close(all_connection);
    close(shop_connection);
    fixture_start(fixture, 0, 0);
    free(all.bytes);
    free(shop.bytes);
}

// Up to a limit; others may follow when they have gone. A malformed selection starts no stream.
TEST_IN(receiver, bounds) {
    struct fixture *fixture = *state;
    int connections[EVENT_STREAM_MAX_LISTENERS];
    expect_get(fixture->port, "/api/events?from=x", 400, "from");
    for (int i = 0; i < EVENT_STREAM_MAX_LISTENERS; i++) {
        struct text heard = {0};
        connections[i] = listen_to(fixture->port, "/api/events?q=x");
        expect_word(connections[i], &heard, ":\n\n");
        free(heard.bytes);
    }
    expect_get(fixture->port, "/api/events", 503, "listening already");
    expect_get(fixture->port, "/info", 200, "version");
    for (int i = 0; i < EVENT_STREAM_MAX_LISTENERS; i++) {
        close(connections[i]);
    }
}

int main(void) {
    return tests_run();
}
