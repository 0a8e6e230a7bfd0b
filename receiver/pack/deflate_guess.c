// deflate_guess.c: see deflate_guess.h.
//
// Go's and klauspost's level 1 keep the last place of each hash, and skip ahead where nothing matches. They work on 65,535 bytes at a time;
// a match may begin in the bytes before. The others keep chains of places, and look whether the next byte has a longer match before they
// take one. Sources of the rules: Go 1.26 compress/flate/{deflatefast,deflate}.go, klauspost/compress 1.18.7 flate/level1.go, zlib 1.2.13
// deflate.c.
#include "deflate_guess.h"

enum {
    STEP_BYTES = 65535, // of level 1
    ALONE_BYTES = 128,  // a last step of less has no matches
    MAX_LENGTH = 258,
    MAX_DISTANCE = 32768,
    FAST_BITS = 15,
    CHAIN_BITS = 17,
    FAR = 4096,         // for a match of the least length
    STEP_OF_BYTES = 32, // compared take as long as one more place
    NEVER = -(1 << 30),
};

static uint32_t load32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value; // little-endian, as both architectures of this program
}

static uint64_t load64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static bool add(struct deflate_matches *matches, int64_t at, int64_t length, int64_t distance) {
    if (!VECTOR_RESERVE(matches->list, matches->capacity, matches->count + 1)) {
        return false;
    }
    matches->list[matches->count++] = (struct deflate_match){(uint32_t)at, (uint16_t)length, (uint16_t)(distance - 1)};
    return true;
}

static int64_t common(const uint8_t *plain, int64_t a, int64_t b, int64_t end_of_b) {
    int64_t length = 0;
    for (; b + length + 8 <= end_of_b; length += 8) {
        uint64_t differ = load64(plain + a + length) ^ load64(plain + b + length);
        if (differ) {
            return length + __builtin_ctzll(differ) / 8;
        }
    }
    while (b + length < end_of_b && plain[a + length] == plain[b + length]) {
        length++;
    }
    return length;
}

// ---- Level 1 ----

struct fast {
    const uint8_t *plain;
    struct deflate_matches *matches;
    int32_t last[1 << FAST_BITS]; // the last place of each hash
    int64_t literals;             // of this step
};

// As many as take at least a sixteenth off, else the step is written without.
static void end_step(struct fast *fast, size_t before, int64_t size) {
    if ((int64_t)(fast->matches->count - before) + fast->literals > size - size / 16) {
        fast->matches->count = before;
    }
}

static uint32_t klauspost_hash(uint64_t value) {
    return (uint32_t)(((value << 24) * UINT64_C(889523592379)) >> (64 - FAST_BITS));
}

// A long one is several: none of them shorter than 3.
static bool add_long(struct fast *fast, int64_t at, int64_t length, int64_t distance) {
    for (int64_t left = length; left > 0;) {
        int64_t part = left <= MAX_LENGTH ? left : left > MAX_LENGTH + 3 ? MAX_LENGTH : MAX_LENGTH - 3;
        if (!add(fast->matches, at, part, distance)) {
            return false;
        }
        at += part;
        left -= part;
    }
    return true;
}

// The last place of the hash of s, if four bytes there are those at s; else NEVER.
static int64_t klauspost_look(struct fast *fast, int64_t s, uint32_t *hash) {
    *hash = klauspost_hash(load64(fast->plain + s));
    int64_t last = fast->last[*hash];
    fast->last[*hash] = (int32_t)s;
    return s - last < MAX_DISTANCE && load32(fast->plain + s) == load32(fast->plain + last) ? last : NEVER;
}

// Looks for the next place from *at on where four bytes match; *next is where it would have looked then. False: there is none.
static bool klauspost_search(struct fast *fast, int64_t emitted, int64_t limit, int64_t *at, int64_t *next, int64_t *from) {
    for (uint32_t hash;; *at = *next) {
        *next = *at + 2 + ((*at - emitted) >> 5);
        if (*next > limit) {
            return false;
        }
        *from = klauspost_look(fast, *at, &hash);
        if (*from != NEVER) {
            fast->last[klauspost_hash(load64(fast->plain + *next))] = (int32_t)*next;
            return true;
        }
        *at = (*next)++;
        *from = klauspost_look(fast, *at, &hash);
        if (*from != NEVER) {
            fast->last[hash] = (int32_t)*next; // not the hash of that place: so it is there
            return true;
        }
    }
}

static bool klauspost_step(struct fast *fast, int64_t begin, int64_t end) {
    const uint8_t *plain = fast->plain;
    int64_t limit = end - 11, s = begin, emitted = begin, next, from;
    while (klauspost_search(fast, emitted, limit, &s, &next, &from)) {
        for (;;) {
            int64_t length = common(plain, from + 4, s + 4, end) + 4;
            for (; from > 0 && s > emitted && plain[from - 1] == plain[s - 1]; length++) {
                s--;
                from--;
            }
            fast->literals += s - emitted;
            if (!add_long(fast, s, length, s - from)) {
                return false;
            }
            s += length;
            emitted = s;
            s = next >= s ? next + 1 : s;
            if (s >= limit) {
                if (s + length + 8 < end) {
                    fast->last[klauspost_hash(load64(plain + s))] = (int32_t)s;
                }
                fast->literals += end - emitted;
                return true;
            }
            fast->last[klauspost_hash(load64(plain + s - 2))] = (int32_t)(s - 2);
            uint32_t hash = klauspost_hash(load64(plain + s));
            from = fast->last[hash];
            fast->last[hash] = (int32_t)s;
            if (s - from > MAX_DISTANCE || load32(plain + s) != load32(plain + from)) {
                s++;
                break;
            }
        }
    }
    fast->literals += end - emitted;
    return true;
}

static uint32_t go_hash(uint32_t value) {
    return (value * UINT32_C(0x1e35a7bd)) >> (32 - (FAST_BITS - 1));
}

static bool go_step(struct fast *fast, int64_t begin, int64_t end) {
    const uint8_t *plain = fast->plain;
    int64_t limit = end - 15, s = begin, emitted = begin;
    for (;;) {
        int64_t next = s, skip = 32, from;
        do {
            s = next;
            next = s + (skip >> 5);
            skip += skip >> 5;
            if (next > limit) {
                fast->literals += end - emitted;
                return true;
            }
            uint32_t hash = go_hash(load32(plain + s));
            from = fast->last[hash];
            fast->last[hash] = (int32_t)s;
        } while (s - from > MAX_DISTANCE || load32(plain + s) != load32(plain + from));
        fast->literals += s - emitted;
        for (;;) {
            int64_t end_of_match = s + MAX_LENGTH < end ? s + MAX_LENGTH : end;
            int64_t length = common(plain, from, s, end_of_match);
            if (!add(fast->matches, s, length, s - from)) {
                return false;
            }
            s += length;
            emitted = s;
            if (s >= limit) {
                fast->literals += end - emitted;
                return true;
            }
            fast->last[go_hash(load32(plain + s - 1))] = (int32_t)(s - 1);
            uint32_t hash = go_hash(load32(plain + s));
            from = fast->last[hash];
            fast->last[hash] = (int32_t)s;
            if (s - from > MAX_DISTANCE || load32(plain + s) != load32(plain + from)) {
                s++;
                break;
            }
        }
    }
}

static bool guess_fast(const uint8_t *plain, size_t size, bool (*step)(struct fast *fast, int64_t begin, int64_t end),
                       struct deflate_matches *matches) {
    struct fast *fast = malloc(sizeof *fast);
    bool ok = fast;
    if (fast) {
        fast->plain = plain;
        fast->matches = matches;
        for (size_t i = 0; i < 1 << FAST_BITS; i++) {
            fast->last[i] = NEVER;
        }
    }
    for (size_t at = 0; ok && at < size; at += STEP_BYTES) {
        size_t bytes = size - at < STEP_BYTES ? size - at : STEP_BYTES, before = matches->count;
        if (bytes == STEP_BYTES || bytes >= ALONE_BYTES) {
            fast->literals = 0;
            ok = step(fast, (int64_t)at, (int64_t)(at + bytes));
            end_step(fast, before, (int64_t)bytes);
        }
    }
    free(fast);
    return ok;
}

// ---- Chains ----

struct chain_rules {
    int64_t least, max_distance, first; // first: the first place that can be matched
    int64_t good, lazy, nice, tries;
    bool is_zlib;
};

struct chains {
    const struct chain_rules *rules;
    const uint8_t *plain;
    int64_t size;
    uint64_t steps;
    int32_t heads[1 << CHAIN_BITS], before[MAX_DISTANCE]; // by hash; by place, modulo its size
};

static uint32_t chain_hash(const struct chains *chains, int64_t at) {
    const uint8_t *b = chains->plain + at;
    if (chains->rules->is_zlib) {
        return ((uint32_t)b[0] << 10 ^ (uint32_t)b[1] << 5 ^ b[2]) & 0x7fff;
    }
    return ((uint32_t)b[3] | (uint32_t)b[2] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[0] << 24) * UINT32_C(0x1e35a7bd) >> (32 - CHAIN_BITS);
}

// Returns the place before that had the same hash.
static int64_t insert(struct chains *chains, int64_t at) {
    if (at + chains->rules->least > chains->size) {
        return NEVER;
    }
    int32_t *head = &chains->heads[chain_hash(chains, at)], previous = *head;
    chains->before[at % MAX_DISTANCE] = previous;
    *head = (int32_t)at;
    return previous;
}

// The longest of those that are longer than `length`; *from is changed if there is one.
static int64_t longest(struct chains *chains, int64_t at, int64_t candidate, int64_t length, int64_t *from) {
    const struct chain_rules *rules = chains->rules;
    int64_t left = chains->size - at, most = left < MAX_LENGTH ? left : MAX_LENGTH, nice = left < rules->nice ? left : rules->nice;
    int64_t tries = length >= rules->good ? rules->tries / 4 : rules->tries, oldest = at - rules->max_distance + rules->is_zlib;
    oldest = oldest < rules->first ? rules->first : oldest;
    do {
        chains->steps++;
        if (length < most && chains->plain[candidate + length] == chains->plain[at + length]) {
            int64_t found = common(chains->plain, candidate, at, at + most);
            chains->steps += (uint64_t)found / STEP_OF_BYTES;
            bool is_far = !rules->is_zlib && found == rules->least && at - candidate > FAR;
            if (found > length && !is_far) {
                length = found;
                *from = candidate;
                if (found >= nice) {
                    break;
                }
            }
        }
        if (at - candidate == MAX_DISTANCE) {
            break; // what was before is overwritten
        }
        candidate = chains->before[candidate % MAX_DISTANCE];
    } while (candidate >= oldest && --tries > 0);
    return length;
}

static enum receiver_error chains_run(struct chains *chains, const struct deflate_effort *effort, struct deflate_matches *matches) {
    const struct chain_rules *rules = chains->rules;
    const int64_t none = rules->least - 1;
    int64_t length = none, from = 0;
    for (int64_t at = 0; at < chains->size;) {
        if (effort && (chains->steps > effort->steps || (effort->stop && atomic_load_explicit(effort->stop, memory_order_relaxed)))) {
            return chains->steps > effort->steps ? RECEIVER_TOO_LARGE : RECEIVER_BUSY;
        }
        int64_t candidate = insert(chains, at), previous = length, previous_from = from;
        length = none;
        if (candidate >= rules->first && at - candidate <= rules->max_distance && previous < rules->lazy &&
            chains->size - at > (rules->is_zlib ? 0 : previous)) {
            length = longest(chains, at, candidate, rules->is_zlib ? previous : none, &from);
            if (rules->is_zlib && length == rules->least && at - from > FAR) {
                length = none;
            }
        }
        if (previous >= rules->least && length <= previous) { // the match at the place before is taken
            if (!add(matches, at - 1, previous, at - 1 - previous_from)) {
                return RECEIVER_NO_MEMORY;
            }
            for (int64_t i = at + 1; i < at + previous - 1; i++) {
                insert(chains, i);
            }
            at += previous - 1;
            length = none;
        } else {
            at++;
        }
    }
    return RECEIVER_OK;
}

static enum receiver_error guess_chains(const uint8_t *plain, size_t size, const struct chain_rules *rules, struct deflate_effort *effort,
                                        struct deflate_matches *matches) {
    struct chains *chains = malloc(sizeof *chains);
    if (!chains) {
        return RECEIVER_NO_MEMORY;
    }
    chains->rules = rules;
    chains->plain = plain;
    chains->size = (int64_t)size;
    chains->steps = 0;
    for (size_t i = 0; i < 1 << CHAIN_BITS; i++) {
        chains->heads[i] = NEVER;
    }
    enum receiver_error error = chains_run(chains, effort, matches);
    if (effort) {
        effort->steps -= chains->steps < effort->steps ? chains->steps : effort->steps;
    }
    free(chains);
    return error;
}

enum receiver_error deflate_guess(enum deflate_writer writer, const uint8_t *plain, size_t size, struct deflate_effort *effort,
                                  struct deflate_matches *matches) {
    static const struct chain_rules go_6 = {4, MAX_DISTANCE, 0, 8, 16, 128, 128, false};
    static const struct chain_rules zlib_6 = {3, MAX_DISTANCE - MAX_LENGTH - 4, 1, 8, 16, 128, 128, true};
    static const struct chain_rules zlib_9 = {3, MAX_DISTANCE - MAX_LENGTH - 4, 1, 32, 258, 258, 4096, true};
    switch (writer) {
    case DEFLATE_KLAUSPOST_1:
        return guess_fast(plain, size, klauspost_step, matches) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    case DEFLATE_GO_1:
        return guess_fast(plain, size, go_step, matches) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    case DEFLATE_GO_6:
        return guess_chains(plain, size, &go_6, effort, matches);
    case DEFLATE_ZLIB_6:
        return guess_chains(plain, size, &zlib_6, effort, matches);
    case DEFLATE_ZLIB_9:
        return guess_chains(plain, size, &zlib_9, effort, matches);
    case DEFLATE_WRITERS:
        break;
    }
    return RECEIVER_DAMAGED;
}
