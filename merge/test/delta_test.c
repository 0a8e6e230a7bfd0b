// Tests of delta.c: growth, resets, vanished stacks, gauges, duration, errors.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../delta.h"

struct row {
    const char *function; // NULL ends the rows
    int64_t alloc, inuse;
};

static struct blob cumulative(int64_t time_ns, bool turned, const struct row *rows) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, turned ? "inuse" : "alloc", "bytes");
    profile_add_sample_type(profile, turned ? "alloc" : "inuse", "bytes");
    for (; rows->function; rows++) {
        uint32_t location = add_frame(profile, 0, 0, rows->function);
        int64_t values[] = {turned ? rows->inuse : rows->alloc, turned ? rows->alloc : rows->inuse};
        profile_add_sample(profile, &location, 1, values, NULL, 0);
    }
    profile_set_time(profile, time_ns, 3);
    profile_add_comment(profile, time_ns == 100 ? "the first" : "later");
    return encode_and_free(profile, MERGE_RAW);
}
#define ROWS(...) ((const struct row[]){__VA_ARGS__, {NULL, 0, 0}})

static struct profile *next(struct delta *delta, struct blob blob) {
    struct blob out;
    struct merge_fault fault;
    if (delta_next(delta, blob.bytes, blob.size, MERGE_GZIP, &out.bytes, &out.size, &fault) != MERGE_OK) {
        fail_msg("%s", fault.text);
    }
    free(blob.bytes);
    struct profile *profile = decode_or_fail(out);
    free(out.bytes);
    return profile;
}

static void expect(struct profile *profile, const struct row *rows) {
    size_t count = 0;
    for (; rows->function; rows++, count++) {
        const int64_t *values = values_of(profile, rows->function);
        assert_non_null(values);
        assert_true(values[profile_sample_type_index(profile, "alloc")] == rows->alloc);
        assert_true(values[profile_sample_type_index(profile, "inuse")] == rows->inuse);
    }
    assert_int_equal(profile_sample_count(profile), count);
    profile_free(profile);
}

static struct delta *new_delta(void) {
    struct delta *delta = delta_new((const char *const[]){"alloc"}, 1);
    assert_non_null(delta);
    return delta;
}

TEST(growth_gauges_and_zeros) {
    struct delta *delta = new_delta();
    expect(next(delta, cumulative(100, false, ROWS({"a", 10, 5}, {"b", 7, 0}))), ROWS({"a", 10, 5}, {"b", 7, 0}));
    // a grew; b did not change and has nothing in use, so it is omitted; c is new.
    expect(next(delta, cumulative(200, false, ROWS({"a", 15, 2}, {"b", 7, 0}, {"c", 1, 1}))), ROWS({"a", 5, 2}, {"c", 1, 1}));
    expect(next(delta, cumulative(300, false, ROWS({"a", 15, 2}, {"b", 8, 0}, {"c", 1, 0}))), ROWS({"a", 0, 2}, {"b", 1, 0}));
    delta_free(delta);
}

TEST(reset_counter_is_its_own_delta) {
    struct delta *delta = new_delta();
    expect(next(delta, cumulative(100, false, ROWS({"a", 10, -5}))), ROWS({"a", 10, -5}));
    expect(next(delta, cumulative(200, false, ROWS({"a", 4, -6}))), ROWS({"a", 4, -6})); // a gauge may be negative, a delta never
    expect(next(delta, cumulative(300, false, ROWS({"a", -1, 1}))), ROWS({"a", 0, 1}));
    expect(next(delta, cumulative(400, false, ROWS({"a", INT64_MAX, 0}))), ROWS({"a", INT64_MAX, 0}));
    delta_free(delta);
}

TEST(vanished_stack_is_forgotten) {
    struct delta *delta = new_delta();
    expect(next(delta, cumulative(100, false, ROWS({"a", 10, 5}, {"gone", 9, 9}))), ROWS({"a", 10, 5}, {"gone", 9, 9}));
    expect(next(delta, cumulative(200, false, ROWS({"a", 11, 5}))), ROWS({"a", 1, 5}));
    expect(next(delta, cumulative(300, false, ROWS({"a", 11, 5}, {"gone", 3, 0}))), ROWS({"a", 0, 5}, {"gone", 3, 0}));
    delta_free(delta);
}

TEST(types_in_another_order) {
    struct delta *delta = new_delta();
    expect(next(delta, cumulative(100, false, ROWS({"a", 10, 5}))), ROWS({"a", 10, 5}));
    expect(next(delta, cumulative(200, true, ROWS({"a", 12, 9}))), ROWS({"a", 2, 9}));
    expect(next(delta, cumulative(300, false, ROWS({"a", 15, 1}))), ROWS({"a", 3, 1}));
    delta_free(delta);
}

TEST(header_is_that_of_the_new_profile) {
    struct delta *delta = new_delta();
    const int64_t times[] = {100, 250, 0, 400, 300}, durations[] = {3, 150, 3, 3, 3};
    for (int i = 0; i < 5; i++) {
        struct profile *profile = next(delta, cumulative(times[i], false, ROWS({"a", 10 + i, 5})));
        assert_int_equal(profile_time_ns(profile), times[i]);
        // If a time is missing, or the clock was set back, it is the profile's own.
        assert_int_equal(profile_duration_ns(profile), durations[i]);
        struct blob raw = encode_and_free(profile, MERGE_RAW);
        assert_true(!!memmem(raw.bytes, raw.size, "the first", 9) == (i == 0));
        free(raw.bytes);
    }
    delta_free(delta);
}

TEST(error_starts_anew) {
    struct delta *delta = new_delta();
    struct blob out, bad = cumulative(150, false, ROWS({"a", 11, 5})), other = sample_bytes(MERGE_RAW);
    struct merge_fault fault;
    for (int kind = 0; kind < 2; kind++) {
        expect(next(delta, cumulative(100, false, ROWS({"a", 10, 5}))), ROWS({"a", 10, 5}));
        enum merge_error error = kind == 0 ? delta_next(delta, bad.bytes, bad.size - 1, MERGE_GZIP, &out.bytes, &out.size, &fault)
                                           : delta_next(delta, other.bytes, other.size, MERGE_GZIP, &out.bytes, &out.size, &fault);
        assert_int_equal(error, kind == 0 ? MERGE_TRUNCATED : MERGE_TYPES_DIFFER);
        assert_null(out.bytes);
        expect(next(delta, cumulative(200, false, ROWS({"a", 12, 5}))), ROWS({"a", 12, 5}));
        expect(next(delta, cumulative(300, false, ROWS({"a", 13, 5}))), ROWS({"a", 1, 5}));
        delta_free(delta);
        delta = new_delta();
    }
    delta_free(delta);
    delta_free(NULL);
    free(bad.bytes);
    free(other.bytes);
}

static void fails(struct delta *delta, struct blob bad, size_t size, enum merge_error expected) {
    struct blob out;
    assert_int_equal(delta_next(delta, bad.bytes, size, MERGE_GZIP, &out.bytes, &out.size, NULL), expected);
    assert_null(out.bytes);
}

// Values reported before an error are not reported again, nor are those of the failed profile.
TEST(nothing_is_reported_twice) {
    struct delta *delta =
        delta_new_with(&(struct delta_options){.types = (const char *const[]){"alloc"}, .type_count = 1, .level = 1, .tells_once = true});
    struct blob bad = cumulative(150, false, ROWS({"a", 11, 5})), other = sample_bytes(MERGE_RAW);
    struct blob whole = cumulative(200, false, ROWS({"a", 14, 5}));
    fails(delta, bad, bad.size - 1, MERGE_TRUNCATED); // nothing is reported yet
    expect(next(delta, cumulative(100, false, ROWS({"a", 10, 5}))), ROWS({"a", 10, 5}));
    for (int kind = 0; kind < 2; kind++) {
        kind == 0 ? fails(delta, bad, bad.size - 1, MERGE_TRUNCATED) : fails(delta, other, other.size, MERGE_TYPES_DIFFER);
        fails(delta, bad, bad.size - 1, MERGE_TRUNCATED); // nor this one
        fails(delta, whole, whole.size, MERGE_NOT_FOUND); // it is stored
        expect(next(delta, cumulative(300, false, ROWS({"a", 16, 5}, {"b", 1, 1}))), ROWS({"a", 2, 5}, {"b", 1, 1}));
        expect(next(delta, cumulative(400, false, ROWS({"a", 19, 5}, {"b", 1, 1}))), ROWS({"a", 3, 5}, {"b", 0, 1}));
    }
    delta_free(delta);
    free(whole.bytes);
    free(bad.bytes);
    free(other.bytes);
}

// ---- Rules ----

static void expect_rule(enum delta_rule rule, const struct row *decreased, const struct row *vanished) {
    struct delta *delta = delta_new_with(&(struct delta_options){.types = (const char *const[]){"alloc"}, .type_count = 1, .rule = rule});
    expect(next(delta, cumulative(100, false, ROWS({"a", 10, 5}, {"b", 7, 1}))), ROWS({"a", 10, 5}, {"b", 7, 1}));
    expect(next(delta, cumulative(200, false, ROWS({"a", 4, 6}, {"b", 7, 1}))), decreased);
    expect(next(delta, cumulative(300, true, ROWS({"a", 5, 7}))), vanished);
    expect(next(delta, cumulative(400, false, ROWS({"a", 5, 7}, {"b", 9, 2}))), ROWS({"a", 0, 7}, {"b", 9, 2})); // b is new again
    delta_free(delta);
}

TEST(rules) {
    expect_rule(DELTA_NEVER_NEGATIVE, ROWS({"a", 4, 6}, {"b", 0, 1}), ROWS({"a", 1, 7}));
    expect_rule(DELTA_LIKE_FASTDELTA, ROWS({"a", -6, 6}, {"b", 0, 1}), ROWS({"a", 1, 7}));
    expect_rule(DELTA_LIKE_PPROF, ROWS({"a", -6, 6}, {"b", 0, 1}), ROWS({"a", 1, 7}, {"b", -7, 0}));
}

TEST(overflow_is_counted) {
    struct delta *delta =
        delta_new_with(&(struct delta_options){.types = (const char *const[]){"alloc"}, .type_count = 1, .rule = DELTA_LIKE_FASTDELTA});
    expect(next(delta, cumulative(100, false, ROWS({"a", INT64_MAX, 0}))), ROWS({"a", INT64_MAX, 0}));
    assert_int_equal(delta_saturated_count(delta), 0);
    expect(next(delta, cumulative(200, false, ROWS({"a", -2, 0}))), ROWS({"a", INT64_MIN, 0}));
    assert_int_equal(delta_saturated_count(delta), 1);
    delta_free(delta);
}

// New stacks each period: the state must stay proportional to one profile.
TEST(state_is_bounded) {
    enum { STACKS = 40 };
    static char names[STACKS][16];
    struct delta *delta = new_delta();
    for (int period = 0; period < 50; period++) {
        struct row rows[STACKS + 1] = {0};
        for (int i = 0; i < STACKS; i++) {
            snprintf(names[i], sizeof names[i], "f%d", period * 20 + i); // half of them are new
            rows[i] = (struct row){names[i], period * 20 + 100 + i, 1};
        }
        struct profile *profile = next(delta, cumulative(100 + period, false, rows));
        assert_int_equal(profile_sample_count(profile), STACKS);
        // Known stacks have the same total and a delta of 0; new ones have their whole value.
        assert_int_equal(values_of(profile, names[0])[0], period == 0 ? 100 : 0);
        assert_int_equal(values_of(profile, names[STACKS - 1])[0], period * 20 + 100 + STACKS - 1);
        profile_free(profile);
        assert_true(delta->known->samples.count <= 2 * STACKS + STACKS / 2);
    }
    delta_free(delta);
}

// ---- Bytes ----

TEST(every_cut_is_an_error_or_a_profile) {
    for (enum merge_compression kind = MERGE_RAW; kind <= MERGE_ZSTD; kind++) {
        struct blob blob = sample_bytes(kind);
        struct delta *delta = delta_new((const char *const[]){"alloc_space"}, 1);
        for (size_t size = 0; size <= blob.size; size++) {
            uint8_t *copy = malloc(size);
            if (size > 0) {
                memcpy(copy, blob.bytes, size);
            }
            struct blob out;
            struct merge_fault fault;
            enum merge_error error = delta_next(delta, copy, size, MERGE_ZSTD, &out.bytes, &out.size, &fault);
            assert_int_equal(fault.error, error);
            assert_true(error == MERGE_OK ? out.size > 0 : !out.bytes && out.size == 0);
            if (error == MERGE_OK) {
                profile_free(decode_or_fail(out));
            }
            free(out.bytes);
            free(copy);
            // Whatever the result was, the whole profile is accepted next.
            assert_int_equal(delta_next(delta, blob.bytes, blob.size, MERGE_RAW, &out.bytes, &out.size, &fault), MERGE_OK);
            free(out.bytes);
        }
        delta_free(delta);
        free(blob.bytes);
    }
}

TEST(limits_are_its_own) {
    struct merge_limits tight = merge_default_limits;
    tight.string_bytes = 4;
    struct delta *delta =
        delta_new_with(&(struct delta_options){.types = (const char *const[]){"alloc_space"}, .type_count = 1, .limits = &tight});
    struct blob blob = sample_bytes(MERGE_GZIP), out;
    assert_int_equal(delta_next(delta, blob.bytes, blob.size, MERGE_RAW, &out.bytes, &out.size, NULL), MERGE_TOO_LARGE);
    delta_free(delta);
    free(blob.bytes);
}

// ---- Evicted stacks (MERGE_EVICTED) ----

enum { SIMULATED_STACKS = 12, PERIODS = 400 };

struct simulated {
    int64_t alloc; // since it last appeared
    bool there;
};

static uint32_t next_random(uint32_t *state) {
    return *state = *state * 1664525u + 1013904223u;
}

// The sum of one type over all samples.
static int64_t sum_of_alloc(struct profile *profile) {
    int64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_true(view.values[0] >= 0); // never a negative delta
        sum += view.values[0];
    }
    return sum;
}

static struct blob simulated_profile(const struct simulated *stacks, int64_t evicted, int64_t go, int64_t period) {
    static const struct profile_label c = {"memory", "C", 0, ""};
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "alloc", "bytes");
    for (int i = 0; i < SIMULATED_STACKS; i++) {
        uint32_t location = add_frame(profile, 0, (uint64_t)i + 1, "stack");
        if (stacks[i].there) {
            profile_add_sample(profile, &location, 1, &stacks[i].alloc, &c, 1);
        }
    }
    if (evicted > 0) {
        uint32_t location = add_frame(profile, 0, 0, MERGE_EVICTED);
        profile_add_sample(profile, &location, 1, &evicted, &c, 1);
    }
    if (period % 3 != 0) { // a Go stack that comes and goes must not affect it
        uint32_t location = add_frame(profile, 0, 99, "Go");
        profile_add_sample(profile, &location, 1, &go, NULL, 0);
    }
    profile_set_time(profile, period + 1, 1);
    return encode_and_free(profile, MERGE_RAW);
}

// Stacks grow, are evicted, and reappear at once or later with smaller or larger values: the deltas must add up to what was allocated.
TEST(evicted_values_are_reported_once) {
    struct simulated stacks[SIMULATED_STACKS] = {0};
    struct delta *delta = new_delta();
    int64_t evicted = 0, allocated = 0, reported = 0, go_reported = 0;
    uint32_t random = 1;
    for (int64_t period = 0; period < PERIODS; period++) {
        for (int i = 0; i < SIMULATED_STACKS; i++) {
            struct simulated *stack = &stacks[i];
            for (uint32_t events = next_random(&random) >> 30; events > 0; events--) {
                int64_t bytes = next_random(&random) >> 28 << (next_random(&random) >> 30);
                stack->there |= bytes > 0;
                stack->alloc += bytes;
                allocated += bytes;
                if (next_random(&random) >> 29 == 0) {
                    evicted += stack->alloc;
                    *stack = (struct simulated){0};
                }
            }
        }
        struct profile *profile = next(delta, simulated_profile(stacks, evicted, 1000, period));
        const int64_t *go = values_of(profile, "Go");
        go_reported += go ? go[0] : 0;
        reported += sum_of_alloc(profile);
        assert_true(reported - go_reported == allocated);
        profile_free(profile);
    }
    assert_true(evicted > 0);
    delta_free(delta);
}

// Stacks and the evicted sample restart together: nothing of the present values was reported before.
TEST(a_reset_of_what_was_evicted) {
    struct simulated stacks[SIMULATED_STACKS] = {{100, true}, {30, true}};
    struct delta *delta = new_delta();
    profile_free(next(delta, simulated_profile(stacks, 50, 0, 0)));
    stacks[0].alloc = 40;
    stacks[1].there = false;
    struct profile *profile = next(delta, simulated_profile(stacks, 20, 0, 3));
    assert_int_equal(values_of(profile, "stack")[0], 40);
    assert_int_equal(values_of(profile, MERGE_EVICTED)[0], 20);
    profile_free(profile);
    stacks[0].alloc = 45;
    stacks[2] = (struct simulated){5, true};
    profile_free(next(delta, simulated_profile(stacks, 20, 0, 6)));
    stacks[2].there = false; // from then on evicted stacks are added again, including unreported values
    profile = next(delta, simulated_profile(stacks, 27, 0, 9));
    assert_int_equal(values_of(profile, MERGE_EVICTED)[0], 2);
    profile_free(profile);
    delta_free(delta);
}

int main(void) {
    return tests_run();
}
