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

static void guess(const struct sockaddr *from, int count, int64_t now_ms) {
    char token[20];
    for (int i = 0; i < count; i++) {
        snprintf(token, sizeof token, "guess-%d", i);
        guesses_add(&guesses, from, token, now_ms);
    }
}

TEST(some_and_no_more) {
    guesses_init(&guesses, 1);
    assert_false(guesses_exhausted(&guesses, ipv4(7), false, 1000));
    guess(ipv4(7), GUESSES_MAX - 1, 1000);
    assert_false(guesses_exhausted(&guesses, ipv4(7), false, 1000));
    guesses_add(&guesses, ipv4(7), "another", 2000);
    assert_true(guesses_exhausted(&guesses, ipv4(7), false, 2000));
    assert_false(guesses_exhausted(&guesses, ipv4(8), false, 2000));
    assert_true(guesses_exhausted(&guesses, ipv4(7), false, 1000 + GUESSES_MS - 1));
    assert_false(guesses_exhausted(&guesses, ipv4(7), false, 1000 + GUESSES_MS));
    guess(ipv4(7), GUESSES_MAX - 1, 1000 + GUESSES_MS); // the count begins anew
    assert_false(guesses_exhausted(&guesses, ipv4(7), false, 1000 + GUESSES_MS));
    guesses_destroy(&guesses);
}

TEST(one_wrong_token_is_no_guess) {
    guesses_init(&guesses, 1);
    for (int i = 0; i < 10 * GUESSES_MAX; i++) {
        guess(ipv4(7), GUESSES_REMEMBERED, 1000); // some clients, each with an old token
    }
    assert_false(guesses_exhausted(&guesses, ipv4(7), false, 1000));
    guesses_destroy(&guesses);
}

TEST(what_one_address_is) {
    guesses_init(&guesses, 1);
    guess(ipv6("2001:db8:0:1::1"), GUESSES_MAX, 1000);
    assert_true(guesses_exhausted(&guesses, ipv6("2001:db8:0:1:ffff::2"), false, 1000)); // of one network
    assert_false(guesses_exhausted(&guesses, ipv6("2001:db8:0:2::1"), false, 1000));
    guess(ipv6("::ffff:0.0.0.9"), GUESSES_MAX, 1000);
    assert_true(guesses_exhausted(&guesses, ipv4(9), false, 1000)); // of a socket for both
    assert_false(guesses_exhausted(&guesses, ipv6("::ffff:0.0.0.10"), false, 1000));
    guess(NULL, GUESSES_MAX, 1000);
    assert_false(guesses_exhausted(&guesses, NULL, false, 1000));
    const struct sockaddr local = {.sa_family = AF_UNIX};
    guess(&local, GUESSES_MAX, 1000);
    assert_false(guesses_exhausted(&guesses, &local, false, 1000));
    guesses_destroy(&guesses);
}

// Whoever guesses behind the same proxy does not lock out clients that have the token.
TEST(an_address_that_was_right_is_listened_to) {
    guesses_init(&guesses, 1);
    assert_false(guesses_exhausted(&guesses, ipv4(7), true, 1000));
    guess(ipv4(7), GUESSES_MAX, 1000);
    guess(ipv4(8), GUESSES_MAX, 1000);
    assert_false(guesses_exhausted(&guesses, ipv4(7), true, 2000));
    assert_true(guesses_exhausted(&guesses, ipv4(7), false, 2000));
    assert_true(guesses_exhausted(&guesses, ipv4(8), true, 2000)); // perhaps guessed
    assert_true(guesses_exhausted(&guesses, ipv4(8), true, 3000));
    assert_false(guesses_exhausted(&guesses, ipv4(8), true, 1000 + GUESSES_MS));
    guesses_destroy(&guesses);
}

// More addresses than there is room for: the newest are counted.
TEST(many_addresses) {
    guesses_init(&guesses, 1);
    for (uint32_t i = 1; i <= 2 * GUESSES_ADDRESSES; i++) {
        guess(ipv4(i), GUESSES_MAX, 1000 + i);
    }
    for (uint32_t i = 1; i <= 2 * GUESSES_ADDRESSES; i++) {
        assert_int_equal(guesses_exhausted(&guesses, ipv4(i), false, 2000), i > GUESSES_ADDRESSES);
    }
    guesses_destroy(&guesses);
}

int main(void) {
    return tests_run();
}
