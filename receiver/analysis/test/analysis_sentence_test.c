// analysis_sentence_test.c: each shape in words.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include "../analysis_sentence.h"

TEST(sentences) {
    struct series_point points[10];
    for (int i = 0; i < 10; i++) {
        points[i] = (struct series_point){1767323040000 + (int64_t)MINUTE_MS * i, i};
    }
    const struct {
        struct shape shape;
        const char *unit, *sentence;
    } wanted[] = {
        {{.kind = SHAPE_GROWS, .trend.slope_per_s = 50000}, "bytes", "grows by 3 MB a minute"},
        {{.kind = SHAPE_GROWS, .trend.slope_per_s = 0.1}, "count", "grows by 6 a minute"},
        {{.kind = SHAPE_DOUBLES, .from = 1e6, .to = 8e6, .steps = 3, .last_step = 4e6},
         "bytes",
         "doubles each time that it is full, 3 times so far: 8 MB now, from 1 MB, the last 4 MB at once"},
        {{.kind = SHAPE_STEPS, .from = 0, .to = 9e6, .steps = 3}, "bytes", "has risen in 3 steps, from 0 B to 9 MB"},
        {{.kind = SHAPE_STEP, .from = 5, .to = 500, .before = 4, .after = 4},
         "count",
         "rose from 5 to 500 at once and has stayed since 2026-01-02 03:08 UTC"},
        {{.kind = SHAPE_PLATEAU, .from = 1e6, .to = 9e6, .before = 3, .after = 6},
         "bytes",
         "rose from 1 MB to 9 MB within 4 minutes and has stayed since 2026-01-02 03:10 UTC"},
        {{.kind = SHAPE_PLATEAU, .from = 4e6, .below = 3e6, .to = 9e6, .before = 3, .after = 6},
         "bytes",
         "rose from 1 MB to 9 MB within 6 minutes and has stayed since 2026-01-02 03:10 UTC"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char text[300];
        shape_sentence(&wanted[i].shape, points, wanted[i].unit, text, sizeof text);
        assert_string_equal(text, wanted[i].sentence);
    }
}

TEST(evidence) {
    struct series_point points[10];
    char text[600];
    for (int i = 0; i < 10; i++) {
        points[i] = (struct series_point){1767323040000 + (int64_t)MINUTE_MS * i, i};
    }
    struct shape shape = {.kind = SHAPE_STEP, .from = 1e6, .to = 9e6, .before = 4, .after = 4, .from_start = true};
    shape_evidence(&shape, points, 10, "bytes", "It", text, sizeof text);
    assert_string_equal(text,
                        "It was 1 MB, and is 9 MB since 2026-01-02 03:08 UTC: nothing of it was given back in the last 6 of 10 profiles "
                        "(9 minutes in all). It rose from the first profile on: a cache that has filled looks the same.");
    assert_string_equal(shape_name(SHAPE_DOUBLES), "doubling");
}

int main(void) {
    return tests_run();
}
