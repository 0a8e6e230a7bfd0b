// foreign_test.c: formats have names and hints; limits hold.

#include "../../base/test/test.h"

#include "../foreign.h"

TEST(each_format_has_a_name_and_those_not_read_a_hint) {
    for (enum foreign_format format = FOREIGN_NONE; format < FOREIGN_FORMATS; format++) {
        assert_true(*foreign_name(format));
        assert_int_equal(!!foreign_hint(format), format >= FOREIGN_READABLE);
    }
}

TEST(what_cannot_be_read_is_refused) {
    struct merge_fault fault = {0};
    assert_null(foreign_read(FOREIGN_MEMRAY, "memray", 6, NULL, &fault));
    assert_int_equal(fault.error, MERGE_MALFORMED);
    assert_null(foreign_read(FOREIGN_NONE, "", 0, NULL, NULL));
    assert_null(foreign_read(FOREIGN_FOLDED, "", 0, NULL, &fault));
    assert_string_equal(fault.text, "it has no samples");
}

TEST(limits_hold) {
    struct merge_limits limits = merge_default_limits;
    struct merge_fault fault = {0};
    limits.input_bytes = 5;
    assert_null(foreign_read(FOREIGN_FOLDED, "a;b 1\n", 6, &limits, &fault));
    assert_int_equal(fault.error, MERGE_TOO_LARGE);
    limits.input_bytes = 100;
    limits.total_frames = 3;
    assert_null(foreign_read(FOREIGN_FOLDED, "a;b 1\nc;d 1\n", 12, &limits, &fault));
    assert_string_equal(fault.text, "its stacks have more than 3 frames together");
}

// What was read until then is not given as the whole.
TEST(stopped) {
    static const char *const files[] = {
        "a;b 1\nc;d 1\n",
        "{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"f\",\"url\":\"\",\"lineNumber\":0,\"columnNumber\":0}}],\"startTime\":0,"
        "\"endTime\":9,"
        "\"samples\":[1],\"timeDeltas\":[1]}",
    };
    static const enum foreign_format formats[] = {FOREIGN_FOLDED, FOREIGN_V8_CPU};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct merge_fault fault = {0};
        struct merge_budget budget = {.limit_bytes = SIZE_MAX};
        merge_use_budget(&budget);
        struct profile *profile = foreign_read(formats[i], files[i], strlen(files[i]), NULL, &fault);
        assert_non_null(profile);
        profile_free(profile);
        merge_budget_stop(&budget);
        assert_null(foreign_read(formats[i], files[i], strlen(files[i]), NULL, &fault));
        merge_use_budget(NULL);
        assert_null(strstr(fault.text, "samples")); // not that it has none
    }
}

int main(void) {
    return tests_run();
}
