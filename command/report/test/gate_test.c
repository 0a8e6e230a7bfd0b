// gate_test.c: verdicts, errors of sampling, sites, and what is not known.

#include "../../../base/test/test.h"

#include <math.h>

#include "../../base/diagnostic.h"
#include "../gate.h"
#include "../../test/fixture.h"

static struct gate gate;

static struct profile *make(int64_t objects, int64_t bytes) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "malloc<store<main.x", objects, bytes, bytes, true);
    fixture_add_sample(profile, "main.y", 1, 10, 10, false);
    return profile;
}

static enum gate_verdict judge(const char *rule, struct profile *profile, struct profile *base) {
    memset(&gate, 0, sizeof gate);
    assert_int_equal(gate_take_rule("diff", &gate, rule), 0);
    assert_int_equal(gate.results[0].verdict, GATE_UNKNOWN);
    gate_measure(&gate, 0, gate.rules[0].name, profile, base, &(struct top_options){.lines = 1});
    return gate.results[0].verdict;
}

TEST(limits) {
    struct profile *profile = make(2, 1990), *base = make(2, 990), *empty = fixture_profile();
    assert_int_equal(judge("inuse_space>2kB", profile, NULL), GATE_PASSED); // 2,000 bytes are not above
    assert_int_equal(judge("inuse_space>1999", profile, NULL), GATE_FAILED);
    assert_int_equal(judge("inuse_space>1.9KiB", profile, NULL), GATE_FAILED);
    assert_int_equal(judge("inuse_objects>3", profile, NULL), GATE_PASSED);
    assert_int_equal(judge("inuse_space:+1kB", profile, base), GATE_PASSED);
    assert_int_equal(judge("inuse_space:+999", profile, base), GATE_FAILED);
    assert_int_equal(judge("inuse_space:+100%", profile, base), GATE_PASSED);
    assert_int_equal(judge("inuse_space:+99.9%", profile, base), GATE_FAILED);
    assert_int_equal(judge("inuse_space:+0", base, profile), GATE_PASSED); // it shrinks
    assert_int_equal(judge("inuse_space:+1000%", profile, empty), GATE_FAILED);
    assert_int_equal(judge("inuse_space:+0%", empty, empty), GATE_PASSED);
    profile_free(profile);
    profile_free(base);
    profile_free(empty);
}

TEST(options_choose_the_samples) {
    struct profile *profile = make(2, 1990);
    struct filter filter = {0};
    assert_int_equal(filter_compile("top", &filter, FILTER_FOCUS, "main.y"), 0);
    judge("inuse_space>5", profile, NULL);
    gate_measure(&gate, 0, "inuse_space", profile, NULL, &(struct top_options){.filter = &filter, .lines = 1});
    assert_int_equal(gate.results[0].value, 10);
    gate_measure(&gate, 0, "inuse_space", profile, NULL, &(struct top_options){.memory = FLAT_CUM_C, .lines = 1});
    assert_int_equal(gate.results[0].value, 1990);
    filter_free(&filter);
    profile_free(profile);
}

TEST(site_is_of_the_program) {
    struct profile *profile = make(2, 1990);
    char text[1024];
    judge("inuse_space>1kB", profile, NULL);
    assert_string_equal(gate.results[0].site, "main.x"); // which called C
    assert_string_equal(gate.results[0].file, "/src/x.go");
    assert_int_equal(gate.results[0].line, 7);
    gate_sentence(&gate.rules[0], &gate.results[0], text, sizeof text);
    assert_string_equal(text, "2.00 kB, limit 1.00 kB; most at main.x (x.go:7): 1.99 kB");
    for (size_t size = 1; size < sizeof "2.00 kB, limit"; size++) { // cut, never over its end
        char cut[16] = "";
        memset(cut, '~', sizeof cut);
        gate_sentence(&gate.rules[0], &gate.results[0], cut, size);
        assert_int_equal(strlen(cut), size - 1);
        assert_int_equal(cut[size], '~');
    }
    profile_free(profile);
}

// n objects of s bytes, each sampled with p = 1 - exp(-s / period), have the standard deviation s * sqrt(n * (1 - p) / p).
TEST(error_of_sampling) {
    struct profile *profile = fixture_profile(), *base = fixture_profile();
    fixture_add_sample(profile, "store<main.x", 100, 100 * 65536, 0, true);
    fixture_add_sample(base, "store<main.x", 100, 100 * 65536, 0, true);
    profile_set_period(profile, "space", "bytes", 524288);
    profile_set_period(base, "space", "bytes", 524288);
    double p = 1 - exp(-65536. / 524288), deviation = 65536 * sqrt(100 * (1 - p) / p);
    judge("inuse_space>1MB", profile, NULL);
    assert_true(fabs(gate.results[0].error - 2 * deviation) < 1);
    judge("inuse_space:+0", profile, base);
    assert_true(fabs(gate.results[0].error - 2 * deviation * sqrt(2)) < 2);
    judge("inuse_objects>1", profile, NULL);
    assert_true(gate.results[0].error == 0);
    char text[1024];
    judge("inuse_space>6MB", profile, NULL);
    gate_sentence(&gate.rules[0], &gate.results[0], text, sizeof text);
    assert_non_null(strstr(text, "6.55 MB ± 3.59 MB, limit 6.00 MB, which is within the error of sampling"));
    profile_free(profile);
    profile_free(base);
    // Each byte is sampled: no error.
    profile = make(2, 1990);
    profile_set_period(profile, "space", "bytes", 1);
    judge("inuse_space>1kB", profile, NULL);
    assert_true(gate.results[0].error == 0);
    profile_free(profile);
}

TEST(unknown_is_no_pass) {
    struct profile *profile = make(1, 5), *base = profile_new();
    profile_add_sample_type(base, "cpu", "nanoseconds");
    assert_int_equal(judge("cpu>3s", profile, NULL), GATE_UNKNOWN);
    assert_string_equal(gate.results[0].why, "no sample type cpu in the profile");
    assert_int_equal(judge("inuse_space:+1", profile, base), GATE_UNKNOWN);
    assert_string_equal(gate.results[0].why, "no sample type inuse_space in both profiles");
    assert_int_equal(judge("inuse_space>3s", profile, NULL), GATE_UNKNOWN);
    assert_string_equal(gate.results[0].why, "inuse_space is in bytes, not in s");
    profile_add_comment(profile, "cmemprof: warning: all figures are too low: 5 % of the samples were dropped; raise the memory limit");
    assert_int_equal(judge("inuse_space>1GB", profile, NULL), GATE_UNKNOWN);
    assert_non_null(strstr(gate.results[0].why, "too low"));
    assert_int_equal(judge("inuse_space>1", profile, NULL), GATE_FAILED);
    profile_free(profile);
    profile_free(base);
    // Not every warning is about how much: names are no matter.
    profile = make(1, 5);
    profile_add_comment(profile, "cmemprof: warning: names or lines of C functions are missing: too little memory to read debug data");
    assert_int_equal(judge("inuse_space>1GB", profile, NULL), GATE_PASSED);
    profile_add_comment(profile, "cmemprof: warning: the recording ends within a chunk: 12 bytes could not be read");
    assert_int_equal(judge("inuse_space>1GB", profile, NULL), GATE_UNKNOWN);
    profile_free(profile);
}

// A function that has another name now must not switch the gate off.
TEST(filters_that_select_nothing) {
    struct profile *profile = make(2, 1990), *empty = fixture_profile();
    struct filter filter = {0};
    assert_int_equal(filter_compile("top", &filter, FILTER_FOCUS, "no_such_function"), 0);
    judge("inuse_space>1GB", profile, NULL);
    gate_measure(&gate, 0, "inuse_space", profile, NULL, &(struct top_options){.filter = &filter, .lines = 1});
    assert_int_equal(gate.results[0].verdict, GATE_UNKNOWN);
    assert_string_equal(gate.results[0].why, "the filters select no sample");
    gate_measure(&gate, 0, "inuse_space", empty, NULL, &(struct top_options){.filter = &filter, .lines = 1});
    assert_int_equal(gate.results[0].verdict, GATE_PASSED); // nothing was allocated at all
    filter_free(&filter);
    profile_free(profile);
    profile_free(empty);
}

static int take_and_report(int argc, char **argv) {
    memset(&gate, 0, sizeof gate);
    for (int i = 1; i < argc; i++) {
        int status = argv[i][0] == '=' ? gate_take_summary("top", &gate, argv[i] + 1) : gate_take_rule("top", &gate, argv[i]);
        if (status != 0) {
            return status;
        }
    }
    int status = gate_settle("top", &gate, false);
    for (size_t i = 0; i < gate.count && status == 0; i++) {
        gate_set(&gate, i, 100, "bytes");
    }
    return status != 0 ? status : gate_report("top", "file", &gate);
}

TEST_IN(directory, statuses) {
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>100"), 0);
    assert_string_equal(fixture_error, "cmemprof top: passed a>100: 100 B, limit 100 B\n");
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>100", "b>99"), STATUS_GATE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>1s"), STATUS_GATE);
    assert_string_equal(fixture_error, "cmemprof top: FAILED a>1s: not known: a is in bytes, not in s\n");
    assert_int_equal(FIXTURE_RUN(take_and_report, "top"), 0);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a:+5%"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "=junit:x"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>1", "=junit"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>1", "=:x"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>1", "=junit:"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>1", "=yaml:x"), STATUS_USAGE);
    assert_int_equal(FIXTURE_RUN(take_and_report, "top", "a>100", "=junit:none/x"), STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "none/x: No such file or directory"));
    static char text[GATE_MAX_RULES + 1][8];
    const char *many[GATE_MAX_RULES + 3] = {"top"};
    for (int i = 0; i <= GATE_MAX_RULES; i++) {
        snprintf(text[i], sizeof text[i], "a>%d", i);
        many[i + 1] = text[i];
    }
    assert_int_equal(fixture_run(take_and_report, many), STATUS_USAGE);
    assert_non_null(strstr(fixture_error, "at most 32"));
}

int main(void) {
    return tests_run();
}
