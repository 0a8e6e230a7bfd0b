// run_gate_test.c: which profile each name of a rule looks at.

#include "../../../base/test/test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "../../test/fixture.h"
#include "../run_gate.h"

static struct gate gate;

static int take(int argc, char **argv) {
    memset(&gate, 0, sizeof gate);
    int status = 0;
    for (int i = 1; i < argc && status == 0; i++) {
        status = run_gate_take_rule(&gate, argv[i]);
    }
    return status;
}

static struct profile *make(const char *prefix, int64_t value) {
    static const char *const ends[] = {"objects", "space"};
    struct profile *profile = profile_new();
    char name[32];
    for (int of = 0; of < 2; of++) {
        for (int i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "%s_%s", of == 0 ? prefix : "alloc", ends[i]);
            profile_add_sample_type(profile, name, i ? "bytes" : "count");
        }
    }
    profile_add_sample(profile, NULL, 0, (int64_t[]){value, 100 * value, 2 * value, 200 * value}, NULL, 0);
    return profile;
}

TEST_IN(directory, names) {
    assert_int_equal(
        FIXTURE_RUN(take, "run", "leaked>0", "leaked_objects>0", "peak>0", "peak_objects>0", "allocated>0", "allocated_objects>0"), 0);
    struct profile *end = make("inuse", 1), *peak = make("peak", 3);
    run_gate_measure(&gate, end, peak);
    static const int64_t expected[] = {100, 1, 300, 3, 200, 2};
    for (size_t i = 0; i < gate.count; i++) {
        assert_int_equal(gate.results[i].verdict, GATE_FAILED);
        assert_int_equal(gate.results[i].value, expected[i]);
    }
    profile_free(end);
    profile_free(peak);
    assert_int_equal(FIXTURE_RUN(take, "run", "inuse_space>0"), 2);
    assert_non_null(strstr(fixture_error, "--fail-if takes leaked, peak, allocated"));
    assert_int_equal(FIXTURE_RUN(take, "run", "leaked"), 2);
}

// A program that allocated nothing keeps every limit, one without a profile none.
TEST_IN(directory, nothing_and_not_known) {
    assert_int_equal(FIXTURE_RUN(take, "run", "leaked>0", "peak_objects>0"), 0);
    struct profile *empty = profile_new();
    run_gate_measure(&gate, empty, NULL);
    assert_int_equal(gate.results[0].verdict, GATE_PASSED);
    assert_int_equal(gate.results[1].verdict, GATE_UNKNOWN);
    run_gate_measure(&gate, NULL, empty);
    assert_int_equal(gate.results[1].verdict, GATE_PASSED);
    profile_free(empty);
}

TEST_IN(directory, doubts) {
    assert_int_equal(FIXTURE_RUN(take, "run", "leaked>1GB", "peak>1GB", "allocated_objects>1000000", "peak_rss>1000GB", "leaked>0"), 0);
    struct profile *end = make("inuse", 1), *peak = make("peak", 3);
    run_gate_measure(&gate, end, peak);
    gate_set(&gate, 3, 1, "bytes");
    run_gate_doubt(&gate, "of before", true);
    static const enum gate_verdict before[] = {GATE_PASSED, GATE_UNKNOWN, GATE_UNKNOWN, GATE_PASSED, GATE_FAILED},
                                   all[] = {GATE_UNKNOWN, GATE_UNKNOWN, GATE_UNKNOWN, GATE_PASSED, GATE_FAILED};
    for (size_t i = 0; i < gate.count; i++) {
        assert_int_equal(gate.results[i].verdict, before[i]);
    }
    run_gate_doubt(&gate, "of all", false);
    for (size_t i = 0; i < gate.count; i++) {
        assert_int_equal(gate.results[i].verdict, all[i]);
    }
    // Without a sample, and yet not nothing.
    struct profile *none = profile_new();
    profile_add_comment(none, "cmemprof: warning: all figures are too low: 100 % of the samples were dropped; raise the memory limit");
    run_gate_measure(&gate, none, peak);
    assert_int_equal(gate.results[0].verdict, GATE_UNKNOWN);
    profile_free(none);
    profile_free(end);
    profile_free(peak);
}

TEST_IN(directory, resident_memory) {
    assert_int_equal(FIXTURE_RUN(take, "run", "peak_rss>1MB", "peak_rss>1000GB"), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    run_gate_measure(&gate, NULL, NULL);
    assert_int_equal(gate.results[0].verdict, GATE_FAILED);
    assert_int_equal(gate.results[1].verdict, GATE_PASSED);
}

int main(void) {
    return tests_run();
}
