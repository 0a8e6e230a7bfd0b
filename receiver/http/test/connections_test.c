// connections_test.c: which connections are shut down when, with a clock of the test.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../connections.h"

struct pair {
    int ends[2];
    struct connection *connection;
};

static struct pair make_pair(struct connections *connections) {
    struct pair pair;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.ends), 0);
    pair.connection = connections_add(connections, pair.ends[0], 0);
    assert_non_null(pair.connection);
    return pair;
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
        connections_received(&connections, pair.connection, cases[i].body_bytes);
        size_t count = connections_expire(&connections, cases[i].ms);
        if (count != cases[i].shut || is_shut(&pair) != cases[i].shut || is_shut(&other)) {
            fail_msg("case %zu", i);
        }
        free_pair(&connections, &pair);
        free_pair(&connections, &other);
    }
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
    connections_received(&connections, NULL, 1);
    connections_remove(&connections, NULL);
    for (size_t i = 0; i < 7; i++) {
        free_pair(&connections, &pairs[i]);
    }
    assert_int_equal(connections.count, 0);
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
