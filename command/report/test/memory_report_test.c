// memory_report_test.c: the table's order, sums and notes, and JSON that says the same.

#include "../../../base/test/test.h"

#include "../memory_report.h"

#include <unistd.h>

enum { MB = 1000 * 1000 };

static char *text; // of the last report
static size_t text_size;

static int report_setup(void **state) {
    (void)state;
    text = NULL;
    return 0;
}

static int report_teardown(void **state) {
    (void)state;
    free(text);
    return 0;
}

static void table(const struct memory_report *report) {
    free(text);
    FILE *out = open_memstream(&text, &text_size);
    memory_report_table(report, out);
    fclose(out);
}

static void json(const struct memory_report *report) {
    free(text);
    FILE *out = open_memstream(&text, &text_size);
    assert_true(memory_report_json(report, out));
    fclose(out);
}

static void expect(const char *piece) {
    if (!strstr(text, piece)) {
        fail_msg("no %s in:\n%s", piece, text);
    }
}

static void expect_none(const char *piece) {
    if (strstr(text, piece)) {
        fail_msg("%s in:\n%s", piece, text);
    }
}

static struct resident_entry entries[] = {
    {.part = RESIDENT_MALLOC, .name = "arena", .rss = 40 * MB, .mapped = 64 * MB, .pieces = 2, .lazy_free = MB, .huge = 2 * MB},
    {.part = RESIDENT_MALLOC, .name = "large blocks", .rss = 10 * MB, .mapped = 10 * MB, .pieces = 1},
    {.part = RESIDENT_MALLOC, .name = "break", .rss = 5 * MB, .mapped = 6 * MB, .pieces = 1},
    {.part = RESIDENT_LIBRARIES, .name = "/lib/a\033[2J.so", .rss = 3 * MB, .mapped = 4 * MB, .pieces = 5},
    {.part = RESIDENT_UNEXPLAINED, .name = "", .rss = 2 * MB, .mapped = 9 * MB, .pieces = 3, .swap = 7 * MB},
    {.part = RESIDENT_FILES, .name = "/never/touched", .mapped = MB, .pieces = 1},
};

static struct resident example(void) {
    struct resident resident = {.pid = 42,
                                .entries = entries,
                                .entry_count = sizeof entries / sizeof *entries,
                                .rss = 60 * MB,
                                .area_count = 13,
                                .reads_bytes = true,
                                .reads_pages = true,
                                .threads = 2,
                                .looked_everywhere = true};
    resident.parts[RESIDENT_MALLOC] = 55 * MB;
    resident.parts[RESIDENT_LIBRARIES] = 3 * MB;
    resident.parts[RESIDENT_UNEXPLAINED] = 2 * MB;
    return resident;
}

TEST_IN(report, parts_stand_by_size_with_their_largest_entries) {
    const struct resident resident = example();
    table(&(struct memory_report){.resident = &resident, .program = "shop", .names = 2, .peak = 90 * MB});
    assert_string_equal(text, "shop (PID 42): 60.0 MB resident, at most 90.0 MB so far; 13 areas, 2 threads\n"
                              "\n"
                              "       55.0 MB   91.7 %  C heap (glibc's malloc)\n"
                              "       40.0 MB          arena (2 areas, 64.0 MB mapped, 1.00 MB of it free for the kernel to take, "
                              "2.00 MB of it in huge pages)\n"
                              "       10.0 MB          large blocks (1 area, 10.0 MB mapped)\n"
                              "       5.00 MB          1 more\n"
                              "       3.00 MB    5.0 %  libraries\n"
                              "       3.00 MB          /lib/a?[2J.so (5 areas, 4.00 MB mapped)\n"
                              "       2.00 MB    3.3 %  unexplained: anonymous memory of an unknown owner\n"
                              "       2.00 MB          anonymous (3 areas, 9.00 MB mapped, 7.00 MB swapped out)\n");
}

TEST_IN(report, unexplained_is_shown_also_if_it_is_nothing) {
    const struct resident empty = {.pid = 1, .threads = 1, .reads_bytes = true, .reads_pages = true, .looked_everywhere = true};
    table(&(struct memory_report){.resident = &empty, .program = "init", .names = 5});
    assert_string_equal(text, "init (PID 1): 0 B resident; 0 areas, 1 thread\n"
                              "\n"
                              "           0 B    0.0 %  unexplained: anonymous memory of an unknown owner\n");
}

TEST_IN(report, what_was_not_looked_at_is_said) {
    struct resident resident = example();
    const struct memory_report report = {.resident = &resident, .program = "shop", .names = 5};
    table(&report);
    expect_none("note:");
    resident.go.is_go = true;
    resident.lost_threads = 1;
    resident.ran_short = true;
    resident.reads_pages = resident.looked_everywhere = false;
    resident.swap = 7 * MB;
    resident.hugetlb = 4 * MB;
    table(&report);
    expect(", 7.00 MB swapped out, and 4.00 MB in hugetlb pages, which are not counted as resident; 13 areas");
    expect("note: pages cannot be counted");
    expect("note: the program has no symbol runtime.mheap_");
    expect("note: what Go's runtime keeps beside its heap is part of unexplained");
    expect("note: there is so much memory of an unknown owner");
    expect("note: the stacks of 1 of 2 threads were not found");
    expect("note: there was not enough memory to look at all areas");
    expect_none("cannot be read (ptrace");
    resident.reads_bytes = false;
    resident.knows_go_heap = true;
    table(&report);
    expect("note: the process's memory cannot be read (ptrace access is needed)");
    expect_none("mheap_");
    expect_none("so much memory of an unknown owner");
}

TEST_IN(report, limit_of_the_cgroup) {
    const struct resident resident = example();
    struct cgroup_memory cgroup = {.version = 2,
                                   .used = 50 * MB,
                                   .limit = 200 * MB,
                                   .anonymous = 30 * MB,
                                   .file = 20 * MB,
                                   .shared = MB,
                                   .kernel = 3 * MB,
                                   .inactive_file = 8 * MB,
                                   .oom_kills = 4};
    const struct memory_report report = {.resident = &resident, .program = "shop", .names = 5, .cgroup = &cgroup};
    table(&report);
    expect("\ncgroup (version 2): 50.0 MB used of 200 MB (25.0 %); anonymous 30.0 MB, files 20.0 MB (of it shared memory 1.00 MB, not used "
           "lately 8.00 MB)"
           ", kernel 3.00 MB; killed by the limit: 4\n");
    json(&report);
    expect("\"cgroup\":{\"version\":2,\"used_bytes\":50000000,\"limit_bytes\":200000000,\"anonymous_bytes\":30000000");
    cgroup.limit = UINT64_MAX;
    table(&report);
    expect("50.0 MB used of no limit;");
    json(&report);
    expect("\"limit_bytes\":null,");
    expect("\"inactive_file_bytes\":8000000,\"high_events\":0,\"max_events\":0,\"oom_kills\":4}");
}

TEST_IN(report, json_has_all_parts_and_entries) {
    struct resident resident = example();
    resident.lost_threads = 1;
    json(&(struct memory_report){.resident = &resident, .program = "a \"shop\"", .names = 1, .peak = 90 * MB});
    expect("{\"pid\":42,\"program\":\"a \\\"shop\\\"\",\"rss_bytes\":60000000,\"peak_rss_bytes\":90000000,\"swap_bytes\":0,"
           "\"hugetlb_bytes\":0,\"unexplained_bytes\":2000000,\"areas\":13,\"threads\":2,\"parts\":[{\"part\":\"malloc\","
           "\"rss_bytes\":55000000,\"entries\":[{\"name\":\"arena\",\"areas\":2,\"rss_bytes\":40000000,\"mapped_bytes\":64000000,"
           "\"swap_bytes\":0,\"lazy_free_bytes\":1000000,\"huge_bytes\":2000000},{\"name\":\"large blocks\"");
    expect("{\"part\":\"thread_stacks\",\"rss_bytes\":0,\"entries\":[]}");
    expect("\"name\":\"/never/touched\"");
    expect_none("cgroup");
    expect("\"reads_memory\":true,\"reads_pages\":true,\"go\":false,\"go_heap_by_list\":false,\"lost_threads\":1,\"complete\":true}\n");
    resident.ran_short = true;
    json(&(struct memory_report){.resident = &resident, .program = "shop"});
    expect("\"complete\":false}\n");
}

int main(void) {
    return tests_run();
}
