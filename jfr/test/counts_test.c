// counts_test.c: the types of events in real recordings (testdata/jfr), and how many there are of each, are those of the JDK's tool; when
// idle ticks were.

#include "../../base/test/test.h"

#include "../../merge/merge.h"
#include "../jfr.h"

#include <inttypes.h>

struct expected {
    char name[128];
    uint64_t count;
};

// The lines of a recording in events.tsv, which follow "# NAME".
static size_t read_expected(const char *recording, struct expected *expected, size_t most) {
    FILE *file = fopen("testdata/jfr/events.tsv", "r");
    char line[256], of[128] = "";
    size_t count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "# %127s", of) != 1 && strcmp(of, recording) == 0) {
            assert_true(count < most);
            assert_int_equal(sscanf(line, "%127s %" SCNu64, expected[count].name, &expected[count].count), 2);
            count++;
        }
    }
    fclose(file);
    return count;
}

static void compare(const char *recording) {
    struct expected expected[200];
    size_t count = read_expected(recording, expected, 200);
    char path[128];
    struct jfr_fault fault = {0};
    snprintf(path, sizeof path, "testdata/jfr/%s.jfr.gz", recording);
    struct jfr *jfr = jfr_open_file(path, 0, &fault);
    if (!jfr) {
        fail_msg("%s: %s", path, fault.text);
    }
    assert_true(count > 10);
    assert_int_equal(jfr_type_count(jfr), count);
    for (size_t i = 0; i < count; i++) {
        const struct jfr_type *type = jfr_type_named(jfr, expected[i].name);
        if (!type || type->count != expected[i].count) {
            fail_msg("%s: %" PRIu64 " events %s, the JDK counts %" PRIu64, path, type ? type->count : 0, expected[i].name,
                     expected[i].count);
        }
    }
    assert_true(jfr_about(jfr)->damages == 0 && !jfr_about(jfr)->truncated);
    jfr_close(jfr);
}

TEST(jdk_11) {
    compare("jdk-11");
}

TEST(jdk_17) {
    compare("jdk-17");
}

TEST(jdk_25) {
    compare("jdk-25");
}

TEST(async_profiler) {
    compare("async-profiler-4.6");
}

// One event is of a thread that was idle at 13 ticks: it starts at the first one, 52,709,847 ns into the chunk, and its timeSpan is from
// there to the last one, 604,504,530 ns.
TEST(idle_ticks_end_at_the_last) {
    static const int64_t chunk_ns = 1795902486446270000, last_ns = chunk_ns + 52709847 + 604504530;
    struct profile *profiles[JFR_KINDS];
    struct jfr *jfr = jfr_open_file("testdata/jfr/async-profiler-4.6.jfr.gz", 0, NULL);
    bool found = false;
    assert_non_null(jfr);
    assert_int_equal(jfr_profiles(jfr, 1u << JFR_WALL, 1, profiles), JFR_OK);
    for (size_t i = 0; i < profile_sample_count(profiles[JFR_WALL]); i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_without_frames(profiles[JFR_WALL], i, &sample), MERGE_OK);
        for (size_t k = 0; k < sample.label_count; k++) {
            bool is_last = strcmp(sample.labels[k].key, "end_timestamp_ns") == 0 && sample.labels[k].number == last_ns;
            found |= is_last && sample.values[0] == 13;
        }
    }
    assert_true(found);
    profile_free(profiles[JFR_WALL]);
    jfr_close(jfr);
}

int main(void) {
    return tests_run();
}
