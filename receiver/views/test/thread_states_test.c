// thread_states_test.c: what threads did, by the types and the words of each client.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../thread_states.h"

// A profile of so many types in nanoseconds, with one sample.
static struct profile *new_profile(const char *const *types, size_t count, const int64_t *values, const char *state) {
    struct profile *profile = profile_new();
    const struct profile_label label = {"thread state", state, 0, ""};
    for (size_t i = 0; i < count; i++) {
        profile_add_sample_type(profile, types[i], "nanoseconds");
    }
    profile_add_sample(profile, NULL, 0, values, &label, state ? 1 : 0);
    return profile;
}

static void expect(const char *const *types, size_t count, const int64_t *values, const char *word, const char *expected) {
    struct profile *profile = new_profile(types, count, values, word);
    struct thread_states states;
    struct profile_sample_view sample;
    int64_t ns[THREAD_SUMS];
    char text[300] = "";
    thread_states_start(&states, profile);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    bool is_known = thread_states_of(&states, &sample, ns);
    static const char *const beside[] = {"blocked wall", "runnable wall"};
    for (enum thread_state state = 0; state < THREAD_SUMS; state++) {
        size_t size = strlen(text);
        const char *name = state < THREAD_STATES ? thread_state_name(state) : beside[state - THREAD_STATES];
        if (ns[state] != 0) {
            snprintf(text + size, sizeof text - size, "%s%s %lld", size > 0 ? ", " : "", name, (long long)ns[state]);
        }
    }
    assert_string_equal(text, expected);
    assert_int_equal(is_known, *expected != '\0');
    profile_free(profile);
}
#define EXPECT(types, values, word, expected) expect(types, sizeof(types) / sizeof *(types), (const int64_t[]){values}, word, expected)
#define LIST(...) __VA_ARGS__

TEST(java) {
    static const char *const all[] = {"cpu", "wall", "lock_time", "file_time", "socket_time"};
    EXPECT(all, LIST(10, 0, 0, 0, 0), "RUNNABLE", "running 10");
    EXPECT(all, LIST(0, 50, 0, 0, 0), "RUNNABLE", "runnable wall 50"); // the CPU samples tell what ran
    EXPECT(all, LIST(0, 50, 0, 0, 0), "SLEEPING", "sleeping 50");
    EXPECT(all, LIST(0, 50, 0, 0, 0), "IN_OBJECT_WAIT_TIMED", "waiting 50");
    EXPECT(all, LIST(0, 50, 0, 0, 0), "PARKED", "waiting 50");
    EXPECT(all, LIST(0, 50, 0, 0, 0), "BLOCKED_ON_MONITOR_ENTER", "blocked wall 50");
    EXPECT(all, LIST(0, 50, 0, 0, 0), "SYSCALL", "off CPU 50");
    EXPECT(all, LIST(0, 0, 70, 0, 0), NULL, "lock 70");
    EXPECT(all, LIST(0, 0, 0, 30, 0), NULL, "I/O 30");
    EXPECT(all, LIST(0, 0, 0, 0, 40), NULL, "I/O 40");
    static const char *const wall[] = {"wall"};
    EXPECT(wall, LIST(50), "RUNNABLE", "running 50, runnable wall 50");
    EXPECT(wall, LIST(50), "CONTENDED", "blocked wall 50");
}

TEST(python) {
    static const char *const types[] = {"cpu-time", "wall-time", "lock-acquire-wait"};
    EXPECT(types, LIST(30, 100, 0), NULL, "running 30, off CPU 100");
    EXPECT(types, LIST(120, 100, 0), NULL, "running 120, off CPU 100"); // two clocks
    EXPECT(types, LIST(0, 0, 20), NULL, "lock 20");
    EXPECT(types, LIST(-5, -1, -20), NULL, "");
}

TEST(other_types_tell_nothing) {
    static const char *const types[] = {"alloc_space", "delay"};
    EXPECT(types, LIST(30, 100), NULL, "");
    struct profile *profile = profile_new();
    struct thread_states states;
    profile_add_sample_type(profile, "cpu", "count"); // no time
    thread_states_start(&states, profile);
    assert_int_equal(states.cpu, -1);
    profile_free(profile);
}

// running, lock, I/O, waiting, sleeping, off CPU; blocked and runnable wall time.
static void expect_settled(const double sums[THREAD_SUMS], const double states[THREAD_STATES]) {
    double ns[THREAD_SUMS];
    memcpy(ns, sums, sizeof ns);
    thread_states_settle(ns);
    for (enum thread_state state = 0; state < THREAD_STATES; state++) {
        if (ns[state] != states[state]) {
            fail_msg("%s: %g, expected %g", thread_state_name(state), ns[state], states[state]);
        }
    }
}
#define SETTLED(sums, states) expect_settled((const double[THREAD_SUMS]){sums}, (const double[THREAD_STATES]){states})

TEST(one_moment_is_of_one_state) {
    // Locks: events with a threshold, all events, and of a lock that parks.
    SETTLED(LIST(0, 20, 0, 50, 0, 0, 50, 0), LIST(0, 50, 0, 50, 0, 0));
    SETTLED(LIST(0, 50, 0, 50, 0, 0, 50, 0), LIST(0, 50, 0, 50, 0, 0));
    SETTLED(LIST(0, 60, 0, 70, 0, 0, 30, 0), LIST(0, 60, 0, 40, 0, 0));
    // Locks and I/O are taken from waiting, sleeping and off CPU, in this order, and no more than there is.
    SETTLED(LIST(0, 20, 20, 15, 15, 70, 0, 0), LIST(0, 20, 20, 0, 0, 60));
    SETTLED(LIST(0, 90, 90, 15, 15, 70, 0, 0), LIST(0, 90, 90, 0, 0, 0));
    // CPU time and I/O were in wall time that runs, if there is any.
    SETTLED(LIST(30, 0, 20, 40, 0, 10, 0, 50), LIST(30, 0, 20, 40, 0, 10));
    SETTLED(LIST(30, 0, 0, 0, 0, 100, 0, 0), LIST(30, 0, 0, 0, 0, 70));
    SETTLED(LIST(120, 0, 0, 40, 0, 100, 0, 0), LIST(120, 0, 0, 40, 0, 0)); // two clocks
}

int main(void) {
    return tests_run();
}
