// Tests of guesses.c: how many wrong tokens an address can try, with the clock given.

#include "../../../base/test/test.h"

#include "../guesses.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static struct guesses guesses;

static const struct sockaddr *ipv4(uint32_t address) {
    static struct sockaddr_in from;
    from = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = (in_port_t)address, .sin_addr.s_addr = htonl(address)};
    return (const struct sockaddr *)&from;
}

static const struct sockaddr *ipv6(const char *address) {
    static struct sockaddr_in6 from;
    from = (struct sockaddr_in6){.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, address, &from.sin6_addr), 1);
    return (const struct sockaddr *)&from;
}

static bool look(const struct sockaddr *from, const char *token, bool is_right, int64_t now_ms) {
    return guesses_exhausted(&guesses, from, &(struct guess){token, is_right}, 1, now_ms);
}

static void guess(const struct sockaddr *from, int count, int64_t now_ms) {
    char token[20];
    for (int i = 0; i < count; i++) {
        snprintf(token, sizeof token, "guess-%d", i);
        look(from, token, false, now_ms);
    }
}

static bool is_exhausted(const struct sockaddr *from, int64_t now_ms) {
    return guesses_exhausted(&guesses, from, NULL, 0, now_ms);
}

TEST(some_and_no_more) {
    guesses_init(&guesses, 1);
    assert_false(is_exhausted(ipv4(7), 1000));
    guess(ipv4(7), GUESSES_MAX - 1, 1000);
    assert_false(is_exhausted(ipv4(7), 1000));
    assert_false(look(ipv4(7), "another", false, 2000));
    assert_true(is_exhausted(ipv4(7), 2000));
    assert_false(is_exhausted(ipv4(8), 2000));
    assert_true(is_exhausted(ipv4(7), 1000 + GUESSES_MS - 1));
    assert_false(is_exhausted(ipv4(7), 1000 + GUESSES_MS));
    guess(ipv4(7), GUESSES_MAX - 1, 1000 + GUESSES_MS); // the count begins anew
    assert_false(is_exhausted(ipv4(7), 1000 + GUESSES_MS));
    guesses_destroy(&guesses);
}

TEST(one_wrong_token_is_no_guess) {
    guesses_init(&guesses, 1);
    for (int i = 0; i < 10 * GUESSES_MAX; i++) {
        guess(ipv4(7), GUESSES_REMEMBERED, 1000); // some clients, each with an old token
    }
    assert_false(is_exhausted(ipv4(7), 1000));
    guesses_destroy(&guesses);
}

TEST(what_one_address_is) {
    guesses_init(&guesses, 1);
    guess(ipv6("2001:db8:0:1::1"), GUESSES_MAX, 1000);
    assert_true(is_exhausted(ipv6("2001:db8:0:1:ffff::2"), 1000)); // of one network
    assert_false(is_exhausted(ipv6("2001:db8:0:2::1"), 1000));
    guess(ipv6("::ffff:0.0.0.9"), GUESSES_MAX, 1000);
    assert_true(is_exhausted(ipv4(9), 1000)); // of a socket for both
    assert_false(is_exhausted(ipv6("::ffff:0.0.0.10"), 1000));
    guess(NULL, GUESSES_MAX, 1000);
    assert_false(is_exhausted(NULL, 1000));
    const struct sockaddr local = {.sa_family = AF_UNIX};
    guess(&local, GUESSES_MAX, 1000);
    assert_false(is_exhausted(&local, 1000));
    guesses_destroy(&guesses);
}

// Whoever guesses behind the same proxy does not lock out clients that have a token; nor do they let the guesser in.
TEST(tokens_that_were_right_are_listened_to) {
    guesses_init(&guesses, 1);
    assert_false(look(ipv4(7), "right", true, 1000));
    guess(ipv4(7), GUESSES_MAX, 1000);
    guess(ipv4(8), GUESSES_MAX, 1000);
    assert_false(look(ipv4(7), "right", true, 2000));
    assert_true(look(ipv4(7), "wrong", false, 2000));
    assert_true(look(ipv4(7), "other", true, 2000)); // perhaps guessed
    assert_true(look(ipv4(7), "other", true, 3000));
    assert_true(look(ipv4(8), "right", true, 2000));
    assert_false(look(ipv4(8), "right", true, 1000 + GUESSES_MS));
    assert_false(look(ipv4(7), "other", true, 1000 + GUESSES_MS));
    guesses_destroy(&guesses);
}

// As of a client with a token in its path, and another service's key in a header.
TEST(a_wrong_token_beside_a_right_one) {
    guesses_init(&guesses, 1);
    char token[20];
    struct guess given[] = {{"right", true}, {"key", false}};
    assert_false(guesses_exhausted(&guesses, ipv4(7), given, 2, 1000));
    for (int i = 0; i < 10 * GUESSES_MAX; i++) {
        assert_false(guesses_exhausted(&guesses, ipv4(7), given, 2, 1000)); // the same again
    }
    for (int i = 1; i < GUESSES_MAX; i++) {
        snprintf(token, sizeof token, "guess-%d", i);
        assert_false(guesses_exhausted(&guesses, ipv4(7), (struct guess[]){{"right", true}, {token, false}}, 2, 1000));
    }
    assert_true(guesses_exhausted(&guesses, ipv4(7), (struct guess[]){{"right", true}, {"one more", false}}, 2, 1000));
    assert_true(guesses_exhausted(&guesses, ipv4(7), (struct guess[]){{"right", true}, {"guessed", true}}, 2, 1000));
    assert_false(guesses_exhausted(&guesses, ipv4(7), given, 2, 1000));
    guesses_destroy(&guesses);
}

// More addresses than there is room for: the newest are counted.
TEST(many_addresses) {
    guesses_init(&guesses, 1);
    for (uint32_t i = 1; i <= 2 * GUESSES_ADDRESSES; i++) {
        guess(ipv4(i), GUESSES_MAX, 1000 + i);
    }
    for (uint32_t i = 1; i <= 2 * GUESSES_ADDRESSES; i++) {
        assert_int_equal(is_exhausted(ipv4(i), 2000), i > GUESSES_ADDRESSES);
    }
    guesses_destroy(&guesses);
}

int main(void) {
    return tests_run();
}
