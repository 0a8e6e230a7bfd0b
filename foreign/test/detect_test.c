// detect_test.c: formats are told apart by content.

#include "../../base/test/test.h"

#include "../foreign.h"

static void expect(const char *content, enum foreign_format format) {
    enum foreign_format found = foreign_detect(content, strlen(content));
    if (found != format) {
        fail_msg("%.40s is %s, expected %s", content, foreign_name(found), foreign_name(format));
    }
}

TEST(formats_have_their_marks) {
    expect("main;f 1\n", FOREIGN_FOLDED);
    expect("{\"profiles\":[], \"shared\":{\"frames\":[]}}", FOREIGN_SPEEDSCOPE);
    expect("\n {\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":[", FOREIGN_SPEEDSCOPE);
    expect("{\"nodes\":[{\"callFrame\":{}}]}", FOREIGN_V8_CPU);
    expect("{\"head\":{\"callFrame\":{}}}", FOREIGN_V8_HEAP);
    expect("heap profile: 1: 2 [3: 4] @ heap/1048576\n", FOREIGN_PPROF_HEAP);
    expect("heap_v2/524288\n  t*: 1: 2 [0: 0]\n", FOREIGN_JEMALLOC);
    expect("--- contentionz 1 ---\n", FOREIGN_PPROF_CONTENTION);
    expect("--- mutex:\n", FOREIGN_PPROF_CONTENTION);
    expect("\n# comment\n--- threadz 1 ---\n", FOREIGN_PPROF_THREADS);
    expect("goroutine profile: total 4\n", FOREIGN_PPROF_COUNT);
    expect("ls 1 2.5: 250000 cpu-clock:ppp: \n\t156bd f+0x2d (/usr/bin/ls)\n", FOREIGN_PERF_SCRIPT);
    expect("v 10400 3\nX ls\ns 1 a\n", FOREIGN_HEAPTRACK);
    expect("v 10400 3\nx ls\nm 1 a\n+ 1 2 3\n", FOREIGN_HEAPTRACK_RAW);
    expect("memray\n\b", FOREIGN_MEMRAY);
    expect("go 1.26 trace", FOREIGN_GO_TRACE);
}

TEST(others_are_unknown) {
    expect("", FOREIGN_NONE);
    expect("{\"a\":1}", FOREIGN_NONE);
    expect("{\"nodes\":[]}", FOREIGN_NONE);
    expect("[1]", FOREIGN_NONE);
    expect("\x0a\x04\x08\x01\x10\x02", FOREIGN_NONE);
    expect("goroutine 1 [running]:\n", FOREIGN_NONE);
    expect("vague\n", FOREIGN_NONE);
}

// What clients and people send beside profiles.
TEST(texts_are_no_profiles) {
    static const char *const texts[] = {
        "Cookie: a=1; max-age 3600\n",
        "Set-Cookie: id=7; Path=/; Max-Age 3600\nSet-Cookie: b=2; Max-Age 60\n",
        "v 1.2.3 released\nv 1.2.2 2026\n",
        "v 1 2\nand so on\n",
        "v 10400 3\n",
        "{\"profiles\":{\"default\":{}},\"shared\":true,\"theme\":\"speedscope.app/file-format-schema\"}",
        "{\"profiles\":[],\"shared\":{\"window.zoomLevel\":1}}",
        "{\"$schema\":\"https://json.schemastore.org/settings.json\",\"profiles\":[],\"shared\":[]}",
        "name;city;zip\nAda;London;12345\nBob;Paris;75001\n",
        "date,bytes\n2026-01-02,12\n2026-01-03,13\n",
        "2026-01-02 03:15:00 INFO started in 12\n2026-01-02 03:15:01 INFO a; took 13\n",
        "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\nhttp_requests_total{method=\"post\"} 1027\nup 1\n",
        "body { color: red; margin: 0 }\np { margin: 0; padding: 12 }\n",
        "int main(void) {\n    return 0;\n}\n",
        "a,b (c) 12\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        expect(texts[i], FOREIGN_NONE);
    }
}

TEST(one_stack_needs_a_name) {
    static const char one[] = "main;f 1\n", two[] = "main;f 1\nmain;g 2\n";
    assert_int_equal(foreign_detect_named(NULL, one, sizeof one - 1), FOREIGN_NONE);
    assert_int_equal(foreign_detect_named("notes.txt", one, sizeof one - 1), FOREIGN_NONE);
    assert_int_equal(foreign_detect_named("app.folded", one, sizeof one - 1), FOREIGN_FOLDED);
    assert_int_equal(foreign_detect_named("app.collapsed.gz", one, sizeof one - 1), FOREIGN_FOLDED);
    assert_int_equal(foreign_detect_named("notes.txt", two, sizeof two - 1), FOREIGN_FOLDED);
}

// As the beginning of a file too large to be read here.
TEST(a_prefix_is_enough) {
    char *json = malloc(100000);
    memset(json, ' ', 100000);
    memcpy(json, "{\"nodes\":[{\"callFrame\":{}},", 27);
    assert_int_equal(foreign_detect(json, 100000), FOREIGN_V8_CPU);
    free(json);
}

int main(void) {
    return tests_run();
}
