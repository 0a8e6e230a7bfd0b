// analysis_age_test.c: what stays old is called a leak, what is freed and allocated anew is not; what cannot be told is not said.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include <math.h>

static const struct heap go_heap = {"delta-heap.pprof", "inuse_space", "Go "};

// 91 MB at the end, 76 MB five minutes before. The rest does not change.
static const char *const leaky[] = {"malloc /m.c", "sqlite3MemMalloc /s.c", "main.report /r.go", "main.main /m.go", NULL};
static const char *const pool[] = {"malloc /m.c", "pool /p.c", "main.pool /p.go", NULL};
static double scale;
static void growing(struct profile *profile, int i) {
    add_live(profile, leaky, scale * (4e6 + 3e6 * i), true);
    add_live(profile, pool, 50e6, true);
}
// Half of it is resident.
static void kept_ages(struct profile *profile) {
    add_aged(profile, leaky, "<1m", scale * 1.5e6);
    add_aged(profile, leaky, "1-5m", scale * 6e6);
    add_aged(profile, leaky, "5-30m", scale * 38e6);
    add_aged(profile, pool, "<1m", 50e6);
}
static void young_ages(struct profile *profile) {
    add_aged(profile, leaky, "<1m", scale * 44e6);
    add_aged(profile, leaky, "5-30m", scale * 1.5e6);
    add_aged(profile, pool, "5-30m", 50e6);
}
static void no_ages(struct profile *profile) {
    add_stack(profile, leaky, VALUES(45500000), true);
}

// Objects in use in the profiles of two minutes.
static void count_objects(struct stacks *objects, const int64_t counts[2]) {
    static const int minutes[2] = {10, 29};
    assert_true(stacks_init(objects, "inuse_objects", NULL));
    for (int i = 0; i < 2; i++) {
        struct profile *profile = new_heap_profile();
        char text[160] = "";
        add_stack(profile, leaky, VALUES(0, 0, counts[i], 1), true);
        struct blob blob = finish(profile);
        struct listed_upload upload = {.id = minutes[i] + 1};
        assert_int_equal(stacks_add(objects, &upload, blob.bytes, blob.size, text), RECEIVER_OK);
        free(blob.bytes);
    }
}

static void free_ages(struct ages *ages) {
    stacks_free(&ages->parts);
    stacks_free(&ages->objects);
}

// counts NULL: objects are not known.
static const struct finding *find(struct findings *findings, void (*fill)(struct profile *profile), const int64_t *counts) {
    struct stacks stacks;
    struct ages ages = {0};
    *findings = (struct findings){0};
    scale = 1;
    fill_stacks(&stacks, "inuse_space", growing, 30);
    fill_ages(&ages.parts, fill);
    if (counts) {
        count_objects(&ages.objects, counts);
    }
    assert_true(analysis_live_memory(findings, &stacks, &ages, &go_heap));
    free_ages(&ages);
    stacks_free(&stacks);
    assert_int_equal(findings->count, 1);
    return findings->items[0];
}

TEST(what_is_kept_is_a_leak) {
    struct findings findings;
    const struct finding *finding = find(&findings, kept_ages, (const int64_t[]){340, 910});
    assert_string_equal(finding->kind, "c_leak");
    assert_int_equal(finding->severity, SEVERITY_HIGH);
    assert_non_null(strstr(finding->title, "and is not freed"));
    assert_non_null(strstr(finding->evidence, " Of the 76 MB in use 5 minutes before the last profile, 76 MB (100 %) still are."));
    findings_free(&findings);
}

TEST(what_is_freed_and_allocated_anew_is_none) {
    struct findings findings;
    const struct finding *finding = find(&findings, young_ages, (const int64_t[]){340, 910});
    assert_string_equal(finding->kind, "c_growth");
    assert_int_equal(finding->severity, SEVERITY_MEDIUM);
    assert_null(strstr(finding->title, "freed"));
    assert_non_null(strstr(finding->evidence, " 3 MB (4 %) still are: this memory is freed, and more of it is in use at a time."));
    assert_non_null(strstr(finding->advice, "Look for load"));
    findings_free(&findings);
}

// A block that grows is as young as its last step. Without counts nobody knows.
TEST(blocks_that_grow_prove_nothing) {
    const struct {
        const int64_t *counts;
        const char *words;
    } cases[] = {{(const int64_t[]){1, 1}, "(4 %) still are; its blocks grow in size, and one that realloc has resized counts as new."},
                 {(const int64_t[]){340, 400}, "its blocks grow in size"},
                 {NULL, "(4 %) still are."}};
    for (size_t i = 0; i < 3; i++) {
        struct findings findings;
        const struct finding *finding = find(&findings, young_ages, cases[i].counts);
        assert_string_equal(finding->kind, "c_leak");
        assert_non_null(strstr(finding->title, "and is not freed"));
        assert_non_null(strstr(finding->evidence, cases[i].words));
        assert_string_equal(finding->advice, "");
        findings_free(&findings);
    }
}

TEST(what_cannot_be_told_is_not_said) {
    static const struct {
        void (*ages)(struct profile *profile);
        double scale;
        int minutes;
    } cases[] = {{no_ages, 1, 30}, {young_ages, 1, 2}, {young_ages, 0.05, 30}}; // too short; too few samples
    for (size_t i = 0; i < 3; i++) {
        struct stacks stacks;
        struct ages ages = {0};
        struct stack_site site = {.c = true, .function = "main.report"};
        const struct stack_site *const sites[] = {&site};
        struct kept kept, all;
        char text[100] = "Before.";
        scale = cases[i].scale;
        fill_stacks(&stacks, "inuse_space", growing, cases[i].minutes);
        fill_ages(&ages.parts, cases[i].ages);
        count_objects(&ages.objects, (const int64_t[]){340, 910});
        for (int p = 0; p < cases[i].minutes; p++) {
            site.points[p] = (struct series_point){stacks.ms[p], scale * (4e6 + 3e6 * p)};
        }
        assert_true(age_kept(&ages, &stacks, sites, 1, &kept, &all));
        assert_false(age_turns_over(&kept));
        age_evidence(&kept, text, sizeof text);
        assert_string_equal(text, "Before.");
        free_ages(&ages);
        stacks_free(&stacks);
    }
}

// All of C's memory, where no site grows by itself: the ages of all stacks together.
TEST(all_memory) {
    struct stacks stacks;
    struct ages ages = {0};
    struct kept all;
    scale = 1;
    fill_stacks(&stacks, "inuse_space", growing, 30);
    fill_ages(&ages.parts, kept_ages);
    assert_true(age_kept(&ages, &stacks, NULL, 0, NULL, &all));
    assert_true(all.ago_s == 300 && all.then_bytes == 126e6);
    assert_true(fabs(all.still_bytes - 141e6 * 38 / 95.5) < 1e5);
    free_ages(&ages);
    assert_true(age_kept(&ages, &stacks, NULL, 0, NULL, &all));
    assert_true(all.ago_s == 0);
    stacks_free(&stacks);
}

int main(void) {
    return tests_run();
}
