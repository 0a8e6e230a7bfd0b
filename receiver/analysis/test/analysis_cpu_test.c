// analysis_cpu_test.c: CPU time in C by library, and short calls into C, with shares as calls of known length have them (docs/cpu.md).

#include "../../../base/test/test.h"

#include "analysis_series.h"

enum { MS = 1000000, PERIOD_MS = 10 };
#define SECOND_NS INT64_C(1000000000)

// frames: "function file mapping", leaf first.
static void add_cpu(struct profile *profile, const char *const *frames, int64_t ms) {
    uint32_t locations[64];
    size_t count = 0;
    for (; frames[count]; count++) {
        char name[100], file[100], mapping[100];
        assert_int_equal(sscanf(frames[count], "%99s %99s %99s", name, file, mapping), 3);
        uint32_t in = profile_add_mapping(profile, &(struct profile_mapping){.memory_start = 4096, .memory_limit = 8192, .file = mapping});
        uint32_t function =
            profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = *file == '-' ? "" : file});
        locations[count] = profile_add_location(profile, in, 0, &(struct profile_line){function, 7, 0}, 1);
    }
    profile_add_sample(profile, locations, count, VALUES(ms / PERIOD_MS, ms * MS), NULL, 0);
}

#define GO(name) name " /src/shop/shop.go /srv/shop"
#define RUNTIME(name) name " /usr/local/go/src/runtime/proc.go /srv/shop"
#define CALL(name) RUNTIME("runtime.cgocall"), name " _cgo_gotypes.go /srv/shop", GO("main.serve")
#define SQLITE "sqlite3_step - /usr/lib/x86_64-linux-gnu/libsqlite3.so.0.8.6"
#define LIBC "memcpy - /usr/lib/x86_64-linux-gnu/libc.so.6"

static void find(struct findings *findings, void (*fill)(struct profile *profile), int64_t seconds) {
    struct stacks stacks;
    char text[160] = "";
    *findings = (struct findings){0};
    assert_true(stacks_init(&stacks, "cpu", NULL));
    for (int i = 0; i < 2; i++) { // two halves
        struct profile *profile = profile_new();
        profile_add_sample_type(profile, "samples", "count");
        profile_add_sample_type(profile, "cpu", "nanoseconds");
        profile_set_period(profile, "cpu", "nanoseconds", PERIOD_MS * MS);
        profile_set_time(profile, 1, seconds * SECOND_NS / 2);
        fill(profile);
        struct blob blob = finish(profile);
        struct listed_upload upload = {.id = i + 1, .end_ms = i * MINUTE_MS};
        assert_int_equal(stacks_add(&stacks, &upload, blob.bytes, blob.size, text), RECEIVER_OK);
        free(blob.bytes);
    }
    assert_true(analysis_cpu(findings, &stacks, "cpu.pprof"));
    stacks_free(&stacks);
}

// ---- By library ----

static void half_in_sqlite(struct profile *profile) {
    add_cpu(profile, FRAMES(SQLITE, CALL("main._Cfunc_step")), 4000);
    add_cpu(profile, FRAMES(LIBC, SQLITE, CALL("main._Cfunc_step")), 1000);
    add_cpu(profile, FRAMES("flush /build/zstd.c /srv/shop", CALL("github.com/DataDog/zstd._Cfunc_compress")), 1000);
    add_cpu(profile, FRAMES("poll_all /build/poll.c /srv/shop", LIBC), 200);
    add_cpu(profile, FRAMES(GO("main.serve")), 3800);
}

TEST(c_is_told_by_library) {
    struct findings findings;
    find(&findings, half_in_sqlite, 20);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.items[0]->title,
                        "62 % of the CPU time is in C: libsqlite3 40 %, libc 10 %, C of github.com/DataDog/zstd 10 %");
    assert_true(findings.items[0]->severity == SEVERITY_LOW && findings.items[0]->measure == MEASURE_CPU_CORES);
    assert_string_equal(findings.items[0]->attachment, "cpu.pprof");
    assert_string_equal(findings.items[0]->stack[0].name, "sqlite3_step");
    assert_non_null(strstr(findings.items[0]->evidence, "CPU profiles (2) by the code that was running; 4 libraries of C code were seen"));
    findings_free(&findings);
    find(&findings, half_in_sqlite, 400); // 0.05 cores
    assert_int_equal(findings.count, 0);
}

static void little_c(struct profile *profile) {
    add_cpu(profile, FRAMES(SQLITE, CALL("main._Cfunc_step")), 240);
    add_cpu(profile, FRAMES(GO("main.serve")), 760);
}
static void c_alone(struct profile *profile) {
    add_cpu(profile, FRAMES(SQLITE, LIBC), 5000);
}

TEST(little_c_is_nothing) {
    struct findings findings;
    find(&findings, little_c, 2);
    assert_int_equal(findings.count, 0);
    find(&findings, c_alone, 2); // no Go in it
    assert_int_equal(findings.count, 0);
    assert_true(analysis_cpu(&findings, &(struct stacks){0}, NULL));
    assert_int_equal(findings.count, 0);
}

// ---- Crossing ----

// A loop of calls as measured: a tenth of crossing is cgocall itself.
static void calls(struct profile *profile, int64_t crossing, int64_t work) {
    add_cpu(profile, FRAMES(CALL("main._Cfunc_f")), crossing / 10);
    add_cpu(profile, FRAMES(RUNTIME("runtime.entersyscall"), CALL("main._Cfunc_f")), crossing * 4 / 10);
    add_cpu(profile, FRAMES("_cgo_12_Cfunc_f main.cgo2.c /srv/shop", CALL("main._Cfunc_f")), crossing / 10);
    add_cpu(profile,
            FRAMES(RUNTIME("internal/runtime/atomic.(*Uint32).CompareAndSwap"), RUNTIME("runtime.exitsyscall"), CALL("main._Cfunc_f")),
            crossing * 4 / 10);
    add_cpu(profile, FRAMES("f /build/f.c /srv/shop", "_cgo_12_Cfunc_f main.cgo2.c /srv/shop", CALL("main._Cfunc_f")), work);
}
static void empty_calls(struct profile *profile) {
    calls(profile, 1900, 100);
}
static void calls_of_100_ns(struct profile *profile) {
    calls(profile, 400, 1600);
    add_cpu(profile, FRAMES(GO("main.serve")), 3000);
}
static void calls_of_500_ns(struct profile *profile) {
    calls(profile, 100, 1900);
}
static void few_samples(struct profile *profile) {
    calls(profile, 90, 10);
    add_cpu(profile, FRAMES(GO("main.serve")), 200);
}

TEST(short_calls) {
    struct findings findings;
    find(&findings, empty_calls, 4);
    assert_true(has_finding(&findings, "short_cgo_calls",
                            "100 % of the CPU time is in cgo calls of less than a microsecond: crossing costs more than the work (95 % "
                            "against 5 %)"));
    assert_int_equal(findings.items[0]->severity, SEVERITY_MEDIUM);
    assert_non_null(strstr(findings.items[0]->evidence, "In main._Cfunc_f crossing between Go and C takes 95 % of a call's time."));
    assert_non_null(strstr(findings.items[0]->evidence, "the work of a call takes some 1 to 2 ns on average"));
    assert_string_equal(findings.items[0]->site, "main.serve");
    findings_free(&findings);
    find(&findings, calls_of_100_ns, 10);
    assert_true(has_finding(&findings, "short_cgo_calls",
                            "40 % of the CPU time is in cgo calls of less than a microsecond: crossing costs 8 %, the work 32 %"));
    findings_free(&findings);
    find(&findings, calls_of_500_ns, 4); // the same as of a microsecond, where crossing is slower
    assert_false(has_finding(&findings, "short_cgo_calls", ""));
    findings_free(&findings);
    find(&findings, few_samples, 1);
    assert_false(has_finding(&findings, "short_cgo_calls", ""));
    findings_free(&findings);
}

// All of the time in C is cgocall's.
static void without_c_functions(struct profile *profile) {
    add_cpu(profile, FRAMES(CALL("main._Cfunc_f")), 3900);
    add_cpu(profile, FRAMES(RUNTIME("runtime.exitsyscall"), CALL("main._Cfunc_f")), 100);
}
// C calls Go, which works.
static void callbacks(struct profile *profile) {
    calls(profile, 50, 50);
    add_cpu(profile, FRAMES(GO("main.compare"), RUNTIME("runtime.cgocallback"), CALL("main._Cfunc_f")), 3900);
}

TEST(what_is_no_crossing) {
    struct findings findings;
    find(&findings, without_c_functions, 8);
    assert_int_equal(findings.count, 0);
    find(&findings, callbacks, 8);
    assert_int_equal(findings.count, 0);
}

int main(void) {
    return tests_run();
}
