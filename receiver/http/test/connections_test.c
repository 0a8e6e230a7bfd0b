// connections_test.c: which connections are shut down when, with a clock of the test.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../connections.h"

#include <arpa/inet.h>

struct pair {
    int ends[2];
    struct connection *connection;
};

static struct pair make_pair_at(struct connections *connections, int64_t now_ms) {
    struct pair pair;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.ends), 0);
    pair.connection = connections_add(connections, pair.ends[0], now_ms);
    assert_non_null(pair.connection);
    return pair;
}

static struct pair make_pair(struct connections *connections) {
    return make_pair_at(connections, 0);
}

// Whether the other end sees the connection closed.
static bool is_shut(const struct pair *pair) {
    char byte;
    return recv(pair->ends[1], &byte, 1, MSG_DONTWAIT) == 0;
}

static void free_pair(struct connections *connections, struct pair *pair) {
    connections_remove(connections, pair->connection);
    close(pair->ends[0]);
    close(pair->ends[1]);
}

TEST(deadlines) {
    static const struct {
        enum connection_phase phase;
        int64_t ms;
        size_t body_bytes;
        bool shut;
    } cases[] = {
        {CONNECTION_HEADERS, CONNECTION_HEADERS_MS, 0, false},
        {CONNECTION_HEADERS, CONNECTION_HEADERS_MS + 1, 0, true},
        {CONNECTION_BODY, CONNECTION_GRACE_MS, 0, false},
        {CONNECTION_BODY, CONNECTION_GRACE_MS + 1000, 100, true},
        {CONNECTION_BODY, CONNECTION_GRACE_MS + 1000, 30000, false},
        {CONNECTION_BODY, CONNECTION_BODY_MS + 1, 1 << 30, true},
        {CONNECTION_ANSWER, CONNECTION_ANSWER_MS, 0, false},
        {CONNECTION_ANSWER, CONNECTION_ANSWER_MS + 1, 0, true},
        {CONNECTION_STREAM, INT64_MAX / 2, 0, false},
    };
    struct connections connections;
    connections_init(&connections, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair pair = make_pair(&connections), other = make_pair(&connections);
        connections_enter(&connections, other.connection, CONNECTION_STREAM, 0);
        connections_enter(&connections, pair.connection, cases[i].phase, 0);
        connections_received(&connections, pair.connection, cases[i].body_bytes, 0);
        size_t count = connections_expire(&connections, cases[i].ms);
        if (count != cases[i].shut || is_shut(&pair) != cases[i].shut || is_shut(&other)) {
            fail_msg("case %zu", i);
        }
        free_pair(&connections, &pair);
        free_pair(&connections, &other);
    }
    connections_destroy(&connections);
}

// Who still sends a request, or reads a stream, is not waited for.
TEST(last_answers) {
    enum { FOREVER_MS = 1000 * 60 * 60 };
    struct connections connections;
    connections_init(&connections, 8);
    struct pair body = make_pair(&connections), stream = make_pair(&connections), answer = make_pair(&connections);
    connections_enter(&connections, body.connection, CONNECTION_BODY, 0);
    connections_enter(&connections, stream.connection, CONNECTION_STREAM, 0);
    connections_wait_for_answers(&connections, FOREVER_MS);
    connections_enter(&connections, answer.connection, CONNECTION_ANSWER, 0);
    int64_t begin_ms = connections_now_ms();
    connections_wait_for_answers(&connections, 20);
    assert_true(connections_now_ms() - begin_ms >= 20);
    connections_enter(&connections, answer.connection, CONNECTION_HEADERS, 0);
    connections_wait_for_answers(&connections, FOREVER_MS);
    free_pair(&connections, &body);
    free_pair(&connections, &stream);
    free_pair(&connections, &answer);
    connections_destroy(&connections);
}

TEST(crowd) {
    struct connections connections;
    struct pair pairs[8];
    connections_init(&connections, 8);
    for (size_t i = 0; i < 6; i++) {
        pairs[i] = make_pair(&connections);
    }
    assert_int_equal(connections_expire(&connections, CONNECTION_CROWDED_MS + 1), 0);
    pairs[6] = make_pair(&connections);
    assert_int_equal(connections_expire(&connections, CONNECTION_CROWDED_MS + 1), 7);
    connections_enter(&connections, NULL, CONNECTION_BODY, 0); // one without memory for its entry
    connections_received(&connections, NULL, 1, 0);
    connections_remove(&connections, NULL);
    for (size_t i = 0; i < 7; i++) {
        free_pair(&connections, &pairs[i]);
    }
    assert_int_equal(connections.count, 0);
    connections_destroy(&connections);
}

enum { MANY = 32, FULL = MANY / 8 * 7 };

static size_t count_shut(const struct pair *pairs, size_t count) {
    size_t shut = 0;
    for (size_t i = 0; i < count; i++) {
        shut += is_shut(&pairs[i]);
    }
    return shut;
}

// Half requests give way, the one that was idle for the longest first; one that sends, waits for its answer or is a stream does not.
TEST(half_requests_give_way) {
    struct connections connections;
    struct pair pairs[MANY + 10];
    size_t count = 0;
    connections_init(&connections, MANY);
    for (; count < FULL; count++) {
        pairs[count] = make_pair(&connections);
        connections_enter(&connections, pairs[count].connection,
                          count == 1   ? CONNECTION_ANSWER
                          : count == 2 ? CONNECTION_STREAM
                                       : CONNECTION_BODY,
                          (int64_t)count * 10);
    }
    connections_received(&connections, pairs[0].connection, 1, 1000); // it sends
    pairs[count++] = make_pair_at(&connections, 999);                 // no other is idle for a second
    assert_int_equal(count_shut(pairs, count), 0);
    pairs[count++] = make_pair_at(&connections, 1030);
    assert_true(is_shut(&pairs[3]));
    assert_int_equal(count_shut(pairs, count), 1);
    // The one that is shut down is not counted until it has gone, nor does it give way again.
    pairs[count++] = make_pair_at(&connections, 1041);
    assert_true(is_shut(&pairs[4]));
    assert_int_equal(count_shut(pairs, count), 2);
    free_pair(&connections, &pairs[3]);
    free_pair(&connections, &pairs[4]);
    // In time all that are too many do.
    assert_int_equal(connections_expire(&connections, 1050), 1);
    assert_int_equal(connections_expire(&connections, 1050), 0);
    assert_int_equal(connections.count - connections.leaving, FULL);
    for (size_t i = 0; i < count; i++) {
        if (i != 3 && i != 4) {
            free_pair(&connections, &pairs[i]);
        }
    }
    assert_int_equal(connections.leaving, 0);
    connections_destroy(&connections);
}

// Where all came within a second, less is enough.
TEST(half_requests_give_way_in_a_rush) {
    struct connections connections;
    struct pair pairs[MANY];
    connections_init(&connections, MANY);
    for (size_t i = 0; i < MANY; i++) {
        pairs[i] = make_pair_at(&connections, (int64_t)i * 10);
    }
    assert_in_range(connections.count - connections.leaving, FULL, MANY / 16 * 15 + 1);
    assert_true(is_shut(&pairs[0]));
    assert_false(is_shut(&pairs[MANY - 1]));
    for (size_t i = 0; i < MANY; i++) {
        free_pair(&connections, &pairs[i]);
    }
    connections_destroy(&connections);
}

// A socket of 127.0.0.1, from another address of this machine.
static int connected_from(const char *address, int listener, struct sockaddr_in *to, int *accepted) {
    struct sockaddr_in from = {.sin_family = AF_INET};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
    assert_int_equal(bind(file, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(file, (struct sockaddr *)to, sizeof *to), 0);
    *accepted = accept(listener, NULL, NULL);
    assert_true(*accepted >= 0);
    return file;
}

// The address with most connections gives way, though others have been idle for longer.
TEST(the_greediest_gives_way) {
    struct connections connections;
    struct pair pairs[MANY];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof to;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(listener, MANY), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &size), 0);
    connections_init(&connections, MANY);
    for (size_t i = 0; i <= FULL; i++) {
        pairs[i].ends[1] = connected_from(i < 8 ? "127.0.0.2" : "127.0.0.3", listener, &to, &pairs[i].ends[0]);
        pairs[i].connection = connections_add(&connections, pairs[i].ends[0], i < FULL ? (int64_t)i : 5000);
    }
    assert_true(is_shut(&pairs[8]));
    assert_int_equal(count_shut(pairs, FULL + 1), 1);
    for (size_t i = 0; i <= FULL; i++) {
        free_pair(&connections, &pairs[i]);
    }
    close(listener);
    connections_destroy(&connections);
}

TEST(answers_in_memory) {
    struct connections connections;
    connections_init(&connections, 100);
    assert_true(connections_take(&connections, CONNECTION_ANSWERS_BYTES - 10));
    assert_false(connections_take(&connections, 11));
    assert_false(connections_take(&connections, SIZE_MAX));
    assert_true(connections_take(&connections, 10));
    assert_false(connections_take(&connections, 1));
    connections_give_back(&connections, CONNECTION_ANSWERS_BYTES - 10);
    assert_true(connections_take(&connections, 100));
    connections_give_back(&connections, 110);
    // An answer that is alone is always sent; no other fits until it is gone.
    assert_true(connections_take(&connections, (size_t)3 * CONNECTION_ANSWERS_BYTES));
    assert_false(connections_take(&connections, 1));
    connections_give_back(&connections, (size_t)3 * CONNECTION_ANSWERS_BYTES);
    assert_true(connections_take(&connections, 1));
    connections_give_back(&connections, 1);
    connections_destroy(&connections);
}

int main(void) {
    return tests_run();
}
