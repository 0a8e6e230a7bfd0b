// analysis_verdict_test.c: findings of memory by cause: their words, stacks, severities, and what is left to other rules.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include <math.h>

#define MIB 1048576.0

typedef double course_of(int i); // bytes at the i-th of 30 minutes

static struct metrics *with(const char *name, course_of *course, struct metrics *metrics) {
    metrics = metrics ? metrics : calloc(1, sizeof *metrics);
    struct metrics_series *series = &metrics->series[metrics->count++];
    snprintf(series->name, sizeof series->name, "%s", name);
    series->points = calloc(30, sizeof *series->points);
    for (series->count = 0; series->count < 30; series->count++) {
        series->points[series->count] = (struct series_point){MINUTE_MS * (int64_t)series->count, course((int)series->count)};
    }
    return metrics;
}

static double grows(int i) {
    return (20.0 + 10 * i) * MIB;
}
static double shrinks(int i) {
    return (1004.0 - 10 * i) * MIB;
}
static double gigabyte(int i) {
    return 1024 * MIB + 0 * i;
}
static double two_gigabytes(int i) {
    return 2048 * MIB + 0 * i;
}
static double three_gigabytes(int i) {
    return 3072 * MIB + 0 * i;
}
static double sixty(int i) {
    (void)i;
    return 60 << 20;
}
static double three_hundred(int i) {
    return 300 * MIB + 0 * i;
}
static double million(int i) {
    return 1e6 + 0 * i;
}
static double none(int i) {
    return 0.0 * i;
}
static double ten(int i) {
    return 10 * MIB + 0 * i;
}
static double stopped(int i) {
    return (i < 8 ? 20.0 : i < 16 ? 20.0 + 20 * (i - 8) : 180.0) * MIB;
}
static double threads(int i) {
    return 40 + 20 * i;
}

static const struct finding *only(const struct findings *findings, const char *kind) {
    if (findings->count != 1 || strcmp(findings->items[0]->kind, kind) != 0) {
        fail_msg("%zu findings, the first %s", findings->count, findings->count > 0 ? findings->items[0]->kind : "-");
    }
    return findings->items[0];
}

static struct judged_memory judge(const struct metrics *metrics) {
    struct judged_memory judged;
    verdict_judge(metrics, &judged);
    return judged;
}

// Returns whether the process reports its memory by cause.
static bool find(struct findings *findings, const struct metrics *metrics, const struct stacks *parts, const char *attachment) {
    struct upload_list none = {0};
    struct judged_memory judged = judge(metrics);
    verdict_add(findings, &judged, &none, parts, attachment);
    return judged.by_cause;
}

static void expect_finding(struct metrics *metrics, const char *kind, const char *title, const char *advice, enum severity severity) {
    struct findings findings = {0};
    assert_true(find(&findings, metrics, NULL, ""));
    const struct finding *finding = only(&findings, kind);
    if (!strstr(finding->title, title) || !strstr(finding->advice, advice)) {
        fail_msg("%s / %s", finding->title, finding->advice);
    }
    assert_int_equal(finding->severity, severity);
    assert_int_equal(finding->point_count, 30);
    findings_free(&findings);
    metrics_free(metrics);
}

static struct metrics *beside_rss(const char *name, course_of *course) {
    return with(name, course, with("memory_rss_bytes", gigabyte, NULL));
}

TEST(growth) {
    // 10 MiB a minute are 15 GB a day.
    expect_finding(beside_rss("memory_mapped_bytes", grows), "mapping_growth", "Memory that C maps by itself grows by 10.5 MB a minute",
                   "does not unmap it", SEVERITY_HIGH);
    expect_finding(beside_rss("memory_shared_memory_bytes", grows), "shared_memory_growth", "grows by 10.5 MB a minute",
                   "outlives the process", SEVERITY_HIGH);
    expect_finding(beside_rss("memory_files_bytes", grows), "mapped_file_growth", "grows by", "takes pages of files back", SEVERITY_HIGH);
    expect_finding(with("memory_threads", threads, beside_rss("memory_thread_stacks_bytes", grows)), "thread_stack_growth",
                   "The memory of thread stacks grows by", "do not end", SEVERITY_HIGH);
    expect_finding(beside_rss("memory_mapped_bytes", stopped), "plateau", "rose from 21 MB to 189 MB within", "", SEVERITY_LOW);
}

TEST(kept) {
    expect_finding(with("memory_malloc_trim_bytes", three_hundred, beside_rss("memory_malloc_free_bytes", three_hundred)), "retention",
                   "The C allocator keeps 315 MB that are free (29 % of the resident memory)",
                   "malloc_trim(0) gives back about 315 MB at once", SEVERITY_MEDIUM);
    expect_finding(with("memory_malloc_trim_bytes", ten, beside_rss("memory_malloc_free_bytes", three_hundred)), "fragmentation",
                   "315 MB of the C heap (29 % of the resident memory) are free in small pieces", "at least 10.5 MB, and not much more",
                   SEVERITY_MEDIUM);
    expect_finding(with("memory_malloc_free_blocks", million,
                        with("memory_malloc_trim_bytes", none, beside_rss("memory_malloc_free_bytes", three_hundred))),
                   "fragmentation", "are free in small pieces", "call it once and look at RSS", SEVERITY_MEDIUM);
    expect_finding(beside_rss("memory_malloc_free_bytes", three_hundred), "retention", "keeps 315 MB", "is not known", SEVERITY_MEDIUM);
    expect_finding(with("memory_go_free_bytes", gigabyte, with("memory_rss_bytes", two_gigabytes, NULL)), "go_not_returned",
                   "Go keeps 1.07 GB that are free (50 % of the resident memory)", "debug.FreeOSMemory() gives back about 1.07 GB",
                   SEVERITY_HIGH);
    expect_finding(with("memory_cgroup_limit_bytes", three_gigabytes,
                        with("memory_cgroup_bytes", two_gigabytes, beside_rss("memory_cgroup_file_bytes", gigabyte))),
                   "page_cache", "1.07 GB of what the container is charged for are pages of files (50 % of the usage)", "working set",
                   SEVERITY_LOW);
}

TEST(limit) {
    // 310 MiB at last, 10 more each minute, 1,024 are allowed: 71 minutes.
    expect_finding(with("memory_cgroup_limit_bytes", gigabyte, beside_rss("memory_cgroup_bytes", grows)), "memory_limit",
                   "The memory limit of 1.07 GB is reached in 71 minutes if usage goes on as now", "SIGKILL", SEVERITY_MEDIUM);
    // Usage is at the limit all the time, by pages of files that go first; what is left grows into it.
    expect_finding(with("memory_cgroup_inactive_file_bytes", shrinks,
                        with("memory_cgroup_limit_bytes", gigabyte, beside_rss("memory_cgroup_bytes", gigabyte))),
                   "memory_limit", "is reached in 71 minutes", "SIGKILL", SEVERITY_MEDIUM);
    expect_finding(with("memory_cgroup_limit_bytes", three_hundred, beside_rss("memory_cgroup_bytes", three_hundred)), "memory_limit",
                   "The memory limit of 315 MB is reached", "SIGKILL", SEVERITY_HIGH);
    struct findings findings = {0};
    struct metrics *metrics = with("memory_cgroup_limit_bytes", gigabyte, beside_rss("memory_cgroup_bytes", three_hundred));
    assert_true(find(&findings, metrics, NULL, ""));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
}

TEST(unexplained) {
    expect_finding(beside_rss("memory_unexplained_bytes", three_hundred), "memory_unexplained",
                   "315 MB (29 % of the resident memory) belong to nobody that is known", "", SEVERITY_LOW);
    expect_finding(beside_rss("memory_mapped_not_seen_bytes", three_hundred), "memory_unexplained",
                   "315 MB (29 % of the resident memory) were mapped without the profiler's seeing it", "", SEVERITY_LOW);
    // Each alone would be little.
    expect_finding(with("memory_unexplained_bytes", sixty, beside_rss("memory_mapped_not_seen_bytes", sixty)), "memory_unexplained",
                   "126 MB (12 % of the resident memory) belong to nobody that is known, or were mapped without the profiler's seeing it",
                   "", SEVERITY_LOW);
    struct findings both = {0};
    struct metrics *metrics = with("memory_unexplained_bytes", three_hundred, beside_rss("memory_mapped_not_seen_bytes", three_hundred));
    assert_true(find(&both, metrics, NULL, ""));
    assert_int_equal(both.count, 2);
    findings_free(&both);
    metrics_free(metrics);
    // By the process's own word, and of older clients by the cgroup's.
    expect_finding(with("memory_limit_bytes", three_hundred, beside_rss("memory_limit_used_bytes", three_hundred)), "memory_limit",
                   "The memory limit of 315 MB is reached", "SIGKILL", SEVERITY_HIGH);
}

// Live memory is judged by its stacks (analysis_memory.c); clients without these figures by what the allocator says.
TEST(left_to_others) {
    struct findings findings = {0};
    struct metrics *metrics = beside_rss("memory_malloc_live_bytes", grows);
    assert_false(judge(metrics).needs_stacks);
    assert_true(find(&findings, metrics, NULL, ""));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
    metrics = with("c_live_bytes", grows, NULL);
    assert_false(find(&findings, metrics, NULL, ""));
    assert_int_equal(findings.count, 0);
    metrics_free(metrics);
}

static void add_part(struct profile *profile, const char *const *frames, const char *part, double bytes) {
    uint32_t locations[8];
    size_t count = 0;
    for (; frames[count]; count++) {
        char name[100];
        const char *space = strrchr(frames[count], ' ');
        snprintf(name, sizeof name, "%.*s", (int)(space - frames[count]), frames[count]);
        locations[count] = add_frame(profile, name, space + 1);
    }
    struct profile_label label = {"part", part, 0, ""};
    profile_add_sample(profile, locations, count, VALUES((int64_t)bytes), &label, 1);
}

TEST(names_the_stack) {
    struct findings findings = {0};
    struct stacks stacks;
    assert_true(stacks_init(&stacks, "resident_space", NULL));
    for (int i = 0; i < 30; i++) {
        struct profile *profile = profile_new();
        char text[160] = "";
        profile_add_sample_type(profile, "resident_space", "bytes");
        add_part(profile, FRAMES("mmap /m.c", "grow_pool /pool.c", "main.load /l.go", "memory mapped by C "), "mapped", 0.9 * grows(i));
        add_part(profile, FRAMES("mmap /m.c", "other_pool /pool.c", "main.other /l.go", "memory mapped by C "), "mapped", 0.1 * grows(i));
        add_part(profile, FRAMES("malloc /m.c", "main.steeper /l.go", "live ", "C heap "), "malloc_live", 5 * grows(i));
        struct blob blob = finish(profile);
        struct listed_upload upload = {.id = i + 1, .end_ms = (int64_t)MINUTE_MS * i};
        assert_int_equal(stacks_add(&stacks, &upload, blob.bytes, blob.size, text), RECEIVER_OK);
        free(blob.bytes);
    }
    struct metrics *metrics = beside_rss("memory_mapped_bytes", grows);
    assert_true(judge(metrics).needs_stacks);
    assert_true(find(&findings, metrics, &stacks, "memory.pprof"));
    const struct finding *finding = only(&findings, "mapping_growth");
    assert_non_null(strstr(finding->title, ", 90 % of it at main.load"));
    assert_string_equal(finding->site, "main.load");
    assert_string_equal(finding->attachment, "memory.pprof");
    assert_int_equal(finding->frame_count, 4);
    findings_free(&findings);
    metrics_free(metrics);
    stacks_free(&stacks);
}

int main(void) {
    return tests_run();
}
