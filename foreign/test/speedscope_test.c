// speedscope_test.c: files of speedscope: samples, events, units and faults.

#include "../../base/test/test.h"

#include "expect.h"

#define SHARED                                                                                                                             \
    "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":[{\"name\":\"main\"},"                     \
    "{\"name\":\"f\",\"file\":\"f.c\",\"line\":3,\"col\":1},{\"name\":\"g\"}]},"
#define SAMPLED "\"type\":\"sampled\",\"startValue\":0,\"endValue\":10"

TEST(samples_have_weights) {
    expect_read(FOREIGN_SPEEDSCOPE,
                SHARED "\"profiles\":[{" SAMPLED ",\"name\":\"p\",\"unit\":\"milliseconds\",\"samples\":[[0,1],[0],[0,1]],"
                       "\"weights\":[1,2.5,3]}]}",
                "time/nanoseconds\nf@f.c:3<main 4000000\nmain 2500000\n");
}

TEST(frames_may_come_last) {
    expect_read(FOREIGN_SPEEDSCOPE,
                "{\"profiles\":[{\"weights\":[5],\"samples\":[[0]],\"unit\":\"bytes\",\"type\":\"sampled\"}],\"shared\":{\"frames\":[{"
                "\"name\":\"\"}]}}",
                "space/bytes\n(anonymous) 5\n");
}

TEST(events_have_times_between_them) {
    expect_read(FOREIGN_SPEEDSCOPE,
                SHARED
                "\"profiles\":[{\"type\":\"evented\",\"name\":\"p\",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":9,\"events\":["
                "{\"type\":\"O\",\"frame\":0,\"at\":1},{\"type\":\"O\",\"frame\":1,\"at\":3},{\"type\":\"C\",\"frame\":1,\"at\":7},"
                "{\"type\":\"O\",\"frame\":1,\"at\":7},{\"type\":\"C\",\"frame\":1,\"at\":8},{\"type\":\"C\",\"frame\":0,\"at\":9}]}]}",
                "time/nanoseconds\nmain 3\nf@f.c:3<main 5\n");
}

TEST(profiles_of_several_units_have_several_types) {
    expect_read(FOREIGN_SPEEDSCOPE,
                SHARED "\"profiles\":[{" SAMPLED ",\"name\":\"a\",\"unit\":\"none\",\"samples\":[[2]],\"weights\":[1]},{" SAMPLED
                       ",\"name\":\"b\",\"unit\":\"seconds\",\"samples\":[[2]],\"weights\":[2]}]}",
                "samples/count time/nanoseconds\ng 1 0 profile=a\ng 0 2000000000 profile=b\n");
}

#define EVENTED "\"profiles\":[{\"type\":\"evented\",\"unit\":\"nanoseconds\",\"events\":["

TEST(what_does_not_fit_is_said) {
    expect_read(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[{" SAMPLED ",\"unit\":\"none\",\"samples\":[[2]],\"weights\":[1,2,3]}]}",
                "samples/count\ng 1\n[left out: 2 weights without a sample]\n");
    expect_read(FOREIGN_SPEEDSCOPE,
                SHARED EVENTED "{\"type\":\"O\",\"frame\":0,\"at\":5},{\"type\":\"O\",\"frame\":2,\"at\":3},"
                               "{\"type\":\"C\",\"frame\":2,\"at\":9},{\"type\":\"C\",\"frame\":0,\"at\":9}]}]}",
                "time/nanoseconds\ng<main 4\n[1 events are earlier than one before them; the time between counts as 0]\n");
    expect_read(FOREIGN_SPEEDSCOPE, SHARED EVENTED "{\"type\":\"O\",\"frame\":0,\"at\":5},{\"type\":\"O\",\"frame\":2,\"at\":7}]}]}",
                "time/nanoseconds\nmain 2\n[2 frames are not closed; what they took after the last event is unknown]\n");
}

// A profile of 400,000 nodes and a million without any: walking all nodes for each would take minutes.
TEST(a_profile_costs_its_own_nodes) {
    enum { NODES = EXPECT_MANY(400000), PROFILES = EXPECT_MANY(1000000) };
    struct merge_fault fault = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("{\"shared\":{\"frames\":[{\"name\":\"f\"}]},\"profiles\":[{\"events\":[", out);
    for (int i = 0; i < NODES; i++) {
        fprintf(out, "{\"type\":\"O\",\"frame\":0,\"at\":%d},", i < NODES - 1 ? 0 : 1);
    }
    fputs("{\"type\":\"C\",\"frame\":0,\"at\":1}]}", out);
    for (int i = 0; i < PROFILES; i++) {
        fputs(",{\"events\":[]}", out);
    }
    fputs("]}", out);
    fclose(out);
    struct profile *profile = foreign_read(FOREIGN_SPEEDSCOPE, text, size, NULL, &fault);
    assert_non_null(profile);
    assert_int_equal(profile_sample_count(profile), 1);
    profile_free(profile);
    free(text);
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[{" SAMPLED ",\"unit\":\"none\",\"samples\":[[3]],\"weights\":[1]}]}", 244,
                 "frame 3 does not exist; there are 3");
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[{" SAMPLED ",\"unit\":\"none\",\"samples\":[[1],[1]],\"weights\":[1]}]}", 246,
                 "a profile has more samples than weights");
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[{" SAMPLED ",\"unit\":\"miles\",\"samples\":[],\"weights\":[]}]}", 170,
                 "profile 0 has an unknown unit");
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[{" SAMPLED ",\"unit\":\"none\"}]}", 170,
                 "profile 0 has neither events nor samples with weights");
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[{\"type\":\"evented\",\"events\":[{\"type\":\"C\",\"frame\":1,\"at\":1}]}]}",
                 227, "frame 1 is closed, and is not the one that was opened last");
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[{\"events\":[{\"type\":\"X\",\"frame\":1,\"at\":1}]}]}", 210,
                 "an event is neither O nor C");
    expect_fault(FOREIGN_SPEEDSCOPE, "{\"shared\":{}}", 0, "it has no \"profiles\"");
    expect_fault(FOREIGN_SPEEDSCOPE, "{\"profiles\":[]}", 0, "it has no \"shared\"");
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[]}", 0, "it has no samples");
    expect_fault(FOREIGN_SPEEDSCOPE, SHARED "\"profiles\":[", 170, "damaged JSON: it ends within a value");
}

int main(void) {
    return tests_run();
}
