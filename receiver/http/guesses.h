// guesses.h: limits how many tokens an address can try.
//
// An address that has sent GUESSES_MAX different wrong tokens within GUESSES_MS is not listened to until that time is over, also not with
// the right token: else each guess would still be answered. What has come from it before with a right token is: whoever guesses behind the
// same proxy must not keep its clients from sending. That is the same tokens in all places: a wrong one beside a right one is a guess as
// well, unless both came before. The same wrong token again is no guess but a client with an old token; the last few of an address are
// remembered as hashes. Networks of IPv6 of 64 bits count as one address.
//
// Threads: any; one lock. Memory: none beside the struct. Where more addresses guess than there is room for, the longest known is
// forgotten.
#ifndef CMEMPROF_RECEIVER_GUESSES_H
#define CMEMPROF_RECEIVER_GUESSES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { GUESSES_MAX = 30, GUESSES_MS = 60 * 1000, GUESSES_ADDRESSES = 256, GUESSES_REMEMBERED = 8 };

struct guesser {
    uint64_t address; // hash; 0: none
    int64_t since_ms;
    unsigned count;
    uint64_t recent[GUESSES_REMEMBERED]; // hashes of wrong tokens
};

struct guess {
    const char *token;
    bool is_right; // whatever its roles
};

struct guesses {
    pthread_mutex_t lock;
    uint64_t seed;
    // Guarded by lock:
    struct guesser of[GUESSES_ADDRESSES];
    uint64_t proven[GUESSES_ADDRESSES]; // hashes of an address and all tokens of a request with a right one, the last ones
    unsigned proven_count;              // so far
};

// seed: random, or addresses and tokens of one hash could be chosen.
void guesses_init(struct guesses *guesses, uint64_t seed);
void guesses_destroy(struct guesses *guesses);
// Counts the wrong ones of a request's tokens. Returns whether the address may not know which are right. from NULL, or of another family
// than IP: it always may. Without tokens it only asks.
bool guesses_exhausted(struct guesses *guesses, const struct sockaddr *from, const struct guess *given, size_t count, int64_t now_ms);

#endif
