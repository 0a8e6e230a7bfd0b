// analysis_gaps_test.c: the headline claims nothing of what was not examined, and names it.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include "../analysis_gaps.h"

static const struct overview_upload upload; // without a language

#define WHOLE                                                                                                                              \
    { .uploads = &upload, .count = 10, .told = 10, .memory = 10, .c_memory = 10, .goroutines = 10, .locks = 10 }

static struct json answer(const struct process *processes, size_t count, const struct looked *looked, size_t looked_count, size_t left_out,
                          size_t findings) {
    struct json json = {0};
    struct overview overview = {.left_out = left_out};
    struct gaps gaps = {.overview = &overview, .processes = processes, .count = count, .looked = looked, .looked_count = looked_count};
    json_object_begin(&json);
    gaps_write(&gaps, findings, &json);
    json_object_end(&json);
    return json;
}

static void expect_headline(struct json json, const char *headline, const char *complete, const char *gap) {
    expect_at(&json, "$.headline", headline);
    expect_at(&json, "$.complete", complete);
    expect_at(&json, "$.not_looked_at[0]", gap);
    json_free(&json);
}

TEST(headlines) {
    static struct looked looked[3];
    struct process whole = WHOLE, silent = {.count = 4}, young = {.count = 2, .told = 2, .memory = 2, .goroutines = 2, .locks = 2},
                   pending = {.count = 6, .told = 5, .memory = 5, .goroutines = 5, .locks = 5, .pending = 1};
    expect_headline(answer(NULL, 0, NULL, 0, 0, 0), "No uploads", "1", "(none)");
    expect_headline(answer(&whole, 1, looked, 1, 0, 0), "Nothing found in 1 process", "1", "(none)");
    expect_headline(answer(&whole, 1, looked, 1, 0, 2), "2 findings", "1", "(none)");
    struct process some[] = {whole, silent, whole};
    expect_headline(answer(some, 3, looked, 3, 0, 0), "Nothing found in 2 processes; 4 of 24 uploads could not be looked at", "0",
                    "4 of 24 uploads, of 1 process: no profile in them has memory, CPU time or goroutines");
    expect_headline(answer(&silent, 1, looked, 1, 0, 0), "Nothing could be looked at; 4 of 4 uploads could not be looked at", "0",
                    "4 of 4 uploads, of 1 process: no profile in them has memory, CPU time or goroutines");
    some[1] = whole;
    expect_headline(answer(some, 3, looked, 1, 0, 0), "Nothing found in 3 processes; the stacks of 2 of 3 processes were not looked at",
                    "0", "the stacks of 2 of 3 processes: these were looked at by their totals");
    expect_headline(answer(&young, 1, looked, 1, 0, 0), "Nothing found in 1 process; growth of 1 process cannot be judged yet", "0",
                    "growth of 1 process with fewer than 5 uploads");
    expect_headline(answer(&pending, 1, looked, 1, 0, 1), "1 finding; 1 of 6 uploads could not be looked at", "0",
                    "1 upload that has just arrived and is still being read");
    expect_headline(answer(&whole, 1, looked, 1, 7, 0), "Nothing found in 1 process; 7 older uploads were not looked at", "0",
                    "7 older uploads: there are more than 500000");
}

// CPU time alone tells nothing of memory. Missing locks or goroutines are reported, and are common.
TEST(never_profiled) {
    static struct looked looked[3];
    struct process only_cpu = WHOLE, no_locks = WHOLE, few_of_memory = WHOLE, no_c = WHOLE, seldom[] = {WHOLE, WHOLE};
    no_c.c_memory = 0;
    seldom[1].count = seldom[1].told = 30;
    expect_headline(answer(&no_c, 1, looked, 1, 0, 0), "Nothing found in 1 process", "1",
                    "C memory of 1 process: none in the profiles, as in all of a profiler that does not see it");
    expect_headline(answer(seldom, 2, looked, 2, 0, 0), "Nothing found in 2 processes", "1", "(none)"); // its files tell
    struct json by_totals = answer(seldom, 2, looked, 1, 0, 0);
    expect_at(&by_totals, "$.not_looked_at[1]", "memory of 1 process in most uploads: less than half of them have it");
    expect_headline(by_totals, "Nothing found in 2 processes; the memory of 1 process was seldom profiled", "0",
                    "the stacks of 1 of 2 processes: these were looked at by their totals");
    only_cpu.memory = no_locks.locks = no_locks.goroutines = 0;
    few_of_memory.memory = 3;
    expect_headline(answer(&only_cpu, 1, looked, 1, 0, 0), "Nothing found in 1 process; the memory of 1 process was not profiled", "0",
                    "memory of 1 process: not profiled");
    struct json json = answer(&no_locks, 1, looked, 1, 0, 0);
    expect_at(&json, "$.not_looked_at[1]", "locks of 1 process: not profiled");
    expect_headline(json, "Nothing found in 1 process", "1", "goroutines of 1 process: not profiled");
    expect_headline(answer(&few_of_memory, 1, looked, 1, 0, 0), "Nothing found in 1 process; growth of 1 process cannot be judged yet", "0",
                    "growth of 1 process with fewer than 5 uploads");
}

TEST(not_compared) {
    struct json json = {0};
    struct looked looked = {0};
    struct process whole = WHOLE;
    struct overview overview = {0};
    struct gaps gaps = {.overview = &overview,
                        .processes = &whole,
                        .count = 1,
                        .looked = &looked,
                        .looked_count = 1,
                        .compared = {.short_sides = 1, .older = 2}};
    const struct sweep_report report = {.failed_count = 1, .reasons = 1, .failed = {{.id = 7, .uploads = 1, .reason = "cut off"}}};
    json_object_begin(&json);
    gaps_write(&gaps, 0, &json);
    json_object_end(&json);
    expect_at(&json, "$.not_looked_at[1]", "2 older version changes: of each service the newest 8 versions are compared");
    expect_headline(json, "Nothing found in 1 process; 3 version changes could not be compared", "0",
                    "1 version change with fewer than 5 uploads before or after");
    gaps.compared = (struct compared_gaps){0};
    compared_count(&gaps.compared, &report);
    json = (struct json){0};
    json_object_begin(&json);
    gaps_write(&gaps, 0, &json);
    json_object_end(&json);
    expect_headline(json, "Nothing found in 1 process; some stacks were not looked at", "0",
                    "1 profile of versions or restarts that were compared: cut off");
}

TEST(unread_files) {
    static struct looked looked[2];
    struct process whole[] = {WHOLE, WHOLE};
    struct sweep_report report = {.uploads = 7, .failed_count = 3, .reasons = 1, .failed = {{.id = 42, .uploads = 3, .reason = "cut off"}}};
    for (size_t i = 0; i < 2; i++) {
        files_count(&looked[i].files.all, &(const char *){"delta-heap.pprof"}, &report);
        files_count(&looked[i].files.all, &(const char *){"delta-heap.pprof"}, &report); // read twice, counted once
    }
    struct json json = answer(whole, 2, looked, 2, 0, 0);
    expect_at(&json, "$.headline", "Nothing found in 2 processes; 6 files could not be read");
    expect_at(&json, "$.profiles", "14");
    expect_at(&json, "$.not_looked_at[0]", "6 files delta-heap.pprof: cut off");
    expect_at(&json, "$.unread[0].files", "6");
    expect_at(&json, "$.unread[0].upload", "42");
    json_free(&json);
}

int main(void) {
    return tests_run();
}
