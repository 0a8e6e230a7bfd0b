// guesses.c: counts wrong tokens by address (guesses.h).
#include "guesses.h"

#include "../../merge/intern.h"

#include <netinet/in.h>
#include <string.h>

void guesses_init(struct guesses *guesses, uint64_t seed) {
    memset(guesses, 0, sizeof *guesses);
    pthread_mutex_init(&guesses->lock, NULL);
    guesses->seed = seed;
}

void guesses_destroy(struct guesses *guesses) {
    pthread_mutex_destroy(&guesses->lock);
}

static uint64_t hash_of(const struct guesses *guesses, const void *bytes, size_t size) {
    uint64_t hash = intern_hash_bytes(guesses->seed, bytes, size);
    return hash ? hash : 1;
}

// 0: not an address of IP.
static uint64_t hash_of_address(const struct guesses *guesses, const struct sockaddr *from) {
    if (from && from->sa_family == AF_INET) {
        const struct in_addr *address = &((const struct sockaddr_in *)from)->sin_addr;
        return hash_of(guesses, address, sizeof *address);
    }
    if (from && from->sa_family == AF_INET6) {
        const struct in6_addr *address = &((const struct sockaddr_in6 *)from)->sin6_addr;
        return IN6_IS_ADDR_V4MAPPED(address) ? hash_of(guesses, address->s6_addr + 12, 4) : hash_of(guesses, address, 8);
    }
    return 0;
}

// With lock held. NULL: it has no wrong token within the time.
static struct guesser *find(struct guesses *guesses, uint64_t address, int64_t now_ms) {
    for (size_t i = 0; i < GUESSES_ADDRESSES; i++) {
        struct guesser *guesser = &guesses->of[i];
        if (guesser->address == address) {
            return now_ms - guesser->since_ms < GUESSES_MS ? guesser : NULL;
        }
    }
    return NULL;
}

// With lock held.
static struct guesser *add(struct guesses *guesses, uint64_t address, int64_t now_ms) {
    struct guesser *oldest = guesses->of;
    for (size_t i = 0; i < GUESSES_ADDRESSES && oldest->address; i++) {
        struct guesser *guesser = &guesses->of[i];
        if (!guesser->address || guesser->address == address) {
            oldest = guesser;
            break;
        }
        oldest = guesser->since_ms < oldest->since_ms ? guesser : oldest;
    }
    *oldest = (struct guesser){.address = address, .since_ms = now_ms};
    return oldest;
}

static uint64_t hash_of_request(uint64_t address, const struct guess *given, size_t count) {
    uint64_t hash = address;
    for (size_t i = 0; i < count; i++) {
        hash = intern_hash_bytes(hash, given[i].token, strlen(given[i].token));
    }
    return hash ? hash : 1;
}

// With lock held.
static bool is_proven(const struct guesses *guesses, uint64_t request) {
    for (size_t i = 0; i < GUESSES_ADDRESSES; i++) {
        if (guesses->proven[i] == request) {
            return true;
        }
    }
    return false;
}

static bool is_recent(const struct guesser *guesser, uint64_t token) {
    for (size_t i = 0; i < GUESSES_REMEMBERED; i++) {
        if (guesser->recent[i] == token) {
            return true;
        }
    }
    return false;
}

// With lock held.
static void add_wrong(struct guesses *guesses, uint64_t address, const char *token, int64_t now_ms) {
    uint64_t hash = hash_of(guesses, token, strlen(token));
    struct guesser *guesser = find(guesses, address, now_ms);
    guesser = guesser ? guesser : add(guesses, address, now_ms);
    if (!is_recent(guesser, hash)) {
        guesser->recent[guesser->count++ % GUESSES_REMEMBERED] = hash;
    }
}

bool guesses_exhausted(struct guesses *guesses, const struct sockaddr *from, const struct guess *given, size_t count, int64_t now_ms) {
    uint64_t address = hash_of_address(guesses, from);
    if (!address) {
        return false;
    }
    uint64_t request = hash_of_request(address, given, count);
    pthread_mutex_lock(&guesses->lock);
    const struct guesser *guesser = find(guesses, address, now_ms);
    bool exhausted = guesser && guesser->count >= GUESSES_MAX, proven = is_proven(guesses, request), right = false;
    for (size_t i = 0; i < count && !exhausted && !proven; i++) {
        right |= given[i].is_right;
        if (!given[i].is_right) {
            add_wrong(guesses, address, given[i].token, now_ms);
        }
    }
    if (right) {
        guesses->proven[guesses->proven_count++ % GUESSES_ADDRESSES] = request;
    }
    pthread_mutex_unlock(&guesses->lock);
    return exhausted && !proven;
}
