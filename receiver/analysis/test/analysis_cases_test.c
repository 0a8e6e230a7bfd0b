// analysis_cases_test.c: services with a planted fault, and without: the expected findings of each, and no others.

#include "../../../base/test/test.h"

#include "analysis_scene.h"

// ---- Building blocks ----

// What any service does: steady memory, CPU time, goroutines.
static void ordinary(struct moment *moment) {
    say_go(moment, "main.cache", sampled(moment, 60 * MB), 4e6 * (1 + 0.05 * normal(moment->scene)));
    say_c(moment, "main.pool", sampled(moment, 20 * MB));
    say_cpu(moment, "main.serve", 0.5 * (1 + 0.05 * normal(moment->scene)));
    say_goroutines(moment, "main.accept", 40 + 5 * normal(moment->scene));
    say_lock(moment, "main.lock", 0.01);
}

// ---- Faults ----

static void leak(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.report", sampled(moment, 5 * MB + 3 * MB * moment->minute));
}
static void fast_leak(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.report", 5 * MB + 20 * MB * moment->minute); // blocks of megabytes: every one is sampled
}
static void slow_leak(struct moment *moment) { // 200 kB per minute
    ordinary(moment);
    say_c(moment, "main.report", sampled(moment, 0.2 * MB * moment->minute));
}
static void leak_below_a_sawtooth(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.report", sampled(moment, 2 * MB * moment->minute + 4 * MB * fmod(moment->minute, 10)));
}
static void go_leak(struct moment *moment) {
    ordinary(moment);
    say_go(moment, "main.sessions", 10 * MB + 4 * MB * moment->minute, 1e5);
}
static void small_go_leak(struct moment *moment) { // in a heap that varies by more
    ordinary(moment);
    say_go(moment, "main.buffers", 500 * MB + 150 * MB * uniform(moment->scene), 1e5);
    say_go(moment, "main.sessions", 1.5 * MB * moment->minute, 1e5);
}
static void stopped_leak(struct moment *moment) { // 75 MB to 1.79 GB within five minutes, as in a load test
    ordinary(moment);
    say_c(moment, "main.report", 75 * MB + 1715 * MB * between((moment->minute - 0.5) / 5, 0, 1));
}
// From the first upload on, and less than a service may keep: 10 to 190 MB in an hour, then level.
static void leak_before_the_first_upload(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.report", sampled(moment, 10 * MB + 180 * MB * between(moment->minute / 60, 0, 1)));
}
static void plateau(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.report", sampled(moment, 10 * MB + 300 * MB * between((moment->minute - 20) / 10, 0, 1)));
}
static void go_plateau(struct moment *moment) {
    ordinary(moment);
    say_go(moment, "main.sessions", 10 * MB + 400 * MB * between((moment->minute - 20) / 10, 0, 1), 1e5);
}
static void step(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.report", moment->minute < 30 ? 2 * MB : 66 * MB);
}
static void vector_once(struct moment *moment) { // 128 MB at one site
    ordinary(moment);
    say_c(moment, "main.index", moment->minute < 41 ? 0 : 128 * MB);
}
static void stairs(struct moment *moment) { // 40 MB every 12 minutes
    ordinary(moment);
    say_c(moment, "main.import", 40 * MB * floor(moment->minute / 12));
}
static void doubling(struct moment *moment) {
    ordinary(moment);
    double elements = MB * (moment->minute + 1) * 2, size = 1 << 20;
    while (size < elements) {
        size *= 2;
    }
    say_c(moment, "main.index", size);
}
static void churn(struct moment *moment) {
    ordinary(moment);
    say_go(moment, "main.encode", 2 * MB, 400e6);
}
static void late_churn(struct moment *moment) { // in the last third only
    ordinary(moment);
    say_go(moment, "main.encode", 2 * MB, moment->minute < 38 ? 1e6 : 400e6);
}
static void contention(struct moment *moment) {
    ordinary(moment);
    say_lock(moment, "main.update", 3);
}
static void pile_up(struct moment *moment) {
    ordinary(moment);
    say_goroutines(moment, "main.enqueue", 4000);
}
static void goroutine_leak(struct moment *moment) {
    ordinary(moment);
    say_goroutines(moment, "main.wait", 10 + 5 * moment->minute);
}
static void goroutine_plateau(struct moment *moment) {
    ordinary(moment);
    say_goroutines(moment, "main.wait", 10 + 400 * between((moment->minute - 25) / 5, 0, 1));
}
static void fragmented(struct moment *moment) {
    ordinary(moment);
    moment->other = "metrics.json";
    moment->bytes = "[[\"c_allocator_fragmentation_bytes\",900000000],[\"c_allocator_resident_bytes\",1000000000]]";
}
static void lossy(struct moment *moment) {
    ordinary(moment);
    moment->other = "metrics.json";
    moment->bytes = "[[\"c_samples\",1000],[\"c_samples_lost_live\",300]]";
}

// ---- No fault ----

static void quiet(struct moment *moment) {
    ordinary(moment);
}
static void sawtooth(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.batch", sampled(moment, 12 * MB * fmod(moment->minute, 15)));
}
static void warm_up(struct moment *moment) {
    ordinary(moment);
    say_c(moment, "main.blocks", sampled(moment, 200 * MB * (1 - exp(-moment->minute / 6))));
    say_go(moment, "main.lookup", 150 * MB * between(moment->minute / 10, 0, 1), 1e5);
}
static void morning(struct moment *moment) { // three times the load, with proportional memory in use
    double load = 1 + 2 * between((moment->minute - 15) / 25, 0, 1);
    say_go(moment, "main.sessions", 100 * MB * load, 8e6 * load);
    say_c(moment, "main.query", sampled(moment, 40 * MB * load));
    say_cpu(moment, "main.serve", 0.5 * load);
    say_goroutines(moment, "main.accept", 100 * load);
}
static void batch(struct moment *moment) { // 300 MB for four minutes, three times an hour
    ordinary(moment);
    bool runs = fmod(moment->minute + 6, 20) < 4;
    say_c(moment, "main.batch", runs ? 300 * MB : 0);
    say_go(moment, "main.rows", runs ? 200 * MB : MB, runs ? 5e7 : 0);
}

// ---- Version changes ----

static bool is_new(const struct moment *moment) {
    return strcmp(moment->version, "2.3.0") != 0;
}
static void allocates_more(struct moment *moment) {
    say_go(moment, "main.serve", sampled(moment, 60 * MB), 8e6 * (1 + 0.05 * normal(moment->scene)));
    say_go(moment, "main.render", MB, is_new(moment) ? 5e6 : 0.2e6);
    say_cpu(moment, "main.serve", 0.5);
}
static void more_cpu(struct moment *moment) {
    ordinary(moment);
    say_cpu(moment, "main.render", is_new(moment) ? 0.5 : 0.1);
}
static void cpu_moved(struct moment *moment) { // the sum is unchanged
    say_go(moment, "main.cache", sampled(moment, 60 * MB), 4e6);
    say_cpu(moment, "main.serve", is_new(moment) ? 0.9 : 1.1);
    say_cpu(moment, "main.render", is_new(moment) ? 0.3 : 0.1);
}
static void holds_more_c(struct moment *moment) {
    say_go(moment, "main.cache", sampled(moment, 60 * MB), 4e6);
    say_cpu(moment, "main.serve", 0.5);
    say_c(moment, "main.pool", sampled(moment, is_new(moment) ? 160 * MB : 80 * MB));
}
static void renamed(struct moment *moment) { // and nothing else
    ordinary(moment);
    say_cpu(moment, is_new(moment) ? "main.bar" : "main.foo", 0.3);
}
static void new_site(struct moment *moment) { // too small a part to show in the total
    say_go(moment, "main.cache", sampled(moment, 60 * MB), 4e6);
    say_cpu(moment, "main.serve", 2);
    say_cpu(moment, "main.tick", is_new(moment) ? 0 : 0.05);
    say_cpu(moment, "main.audit", is_new(moment) ? 0.3 : 0);
}
static void since_the_start(struct moment *moment) { // imports: allocations are cumulative since the start of the program
    moment->heap_name = "mem.pprof";
    say_go(moment, "main.cache", sampled(moment, 60 * MB), is_new(moment) ? 90e6 : 4e6);
    say_cpu(moment, "main.serve", 0.5);
}
static void leak_in_files(struct moment *moment) { // each imported under its own name; the sum goes up and down
    static char name[40];
    snprintf(name, sizeof name, "mem-%d.pprof", moment->i);
    moment->heap_name = name;
    say_c(moment, "main.report", MB * moment->minute);
    say_c(moment, "main.cache", moment->i % 2 ? 400 * MB : 100 * MB);
}
static void leak_renamed(struct moment *moment) { // the same, with other file names from then on
    moment->heap_name = moment->i < 20 ? "delta-heap.pprof" : "memory.pprof";
    say_c(moment, "main.report", MB * moment->minute);
    say_c(moment, "main.cache", moment->i % 2 ? 400 * MB : 100 * MB);
}
static void same(struct moment *moment) {
    ordinary(moment);
}

// ---- Missing data ----

static void unreadable(struct moment *moment) {
    moment->other = "delta-heap.pprof";
    moment->bytes = "garbage";
}
static void only_cpu(struct moment *moment) {
    say_cpu(moment, "main.serve", 0.5);
}
static void java(struct moment *moment) {
    moment->language = "jvm";
    moment->other = "main.jfr";
    moment->bytes = "FLR";
}
static void half_unreadable(struct moment *moment) {
    if (moment->i % 2) {
        ordinary(moment);
    } else {
        unreadable(moment);
    }
}
// ---- The table ----

struct fault_case {
    const char *name; // of the service
    fill_moment *fill;
    double to, minutes;   // duration, and the interval of uploads
    double change;        // of version 2.3.0 to 2.4.0; 0: none
    const char *kind;     // the expected finding, once; NULL: none
    const char *words[3]; // parts of its title, site or evidence
    const char *gap;      // a part of what was not examined; NULL: all was
};

static const struct fault_case cases[] = {
    {"leak", leak, 60, 2, 0, "c_leak", {"sqlite3MemMalloc for main.report grows by 3.03 MB a minute", "is not freed"}, NULL},
    {"slow-leak", slow_leak, 240, 8, 0, "c_leak", {"main.report", "kB a minute"}, NULL},
    {"leak-below-a-sawtooth", leak_below_a_sawtooth, 60, 2, 0, "c_leak", {"main.report"}, NULL},
    {"leak-in-files", leak_in_files, 60, 2, 0, "c_leak", {"main.report"}, NULL},
    {"leak-renamed", leak_renamed, 60, 2, 0, "c_leak", {"main.report"}, NULL},
    {"few-uploads", fast_leak, 7, 1, 0, "c_leak", {"main.report"}, NULL},
    {"go-leak", go_leak, 60, 2, 0, "go_heap_growth", {"The Go heap grows by 4", "main.sessions"}, NULL},
    {"small-go-leak", small_go_leak, 60, 2, 0, "go_heap_growth", {"main.sessions grows by 1.5 MB a minute"}, NULL},
    {"stopped-leak",
     stopped_leak,
     7.5,
     0.25,
     0,
     "plateau",
     {"main.report rose from", "to 1.79 GB", "has stayed since 2026-01-02 00:0"},
     NULL},
    {"stopped-small-leak",
     leak_before_the_first_upload,
     120,
     2,
     0,
     "plateau",
     {"main.report rose from", "within", "a cache that has filled looks the same"},
     NULL},
    {"plateau", plateau, 60, 2, 0, "plateau", {"main.report rose from", "within 8 minutes", "since 2026-01-02 00:"}, NULL},
    {"go-plateau", go_plateau, 60, 2, 0, "plateau", {"main.sessions rose from 10 MB to 410 MB"}, NULL},
    {"step", step, 60, 2, 0, "step", {"main.report rose from 2 MB to 66 MB at once", "2026-01-02 00:32"}, NULL},
    {"vector-once", vector_once, 60, 2, 0, "step", {"main.index rose from 0 B to 128 MB at once"}, NULL},
    {"stairs", stairs, 60, 2, 0, "steps", {"main.import has risen in 4 steps, from 0 B to 1"}, NULL},
    {"doubling", doubling, 60, 2, 0, "doubling", {"main.index doubles each time", "134 MB now", "the last 67.1 MB at once"}, NULL},
    {"churn", churn, 60, 2, 0, "allocation_churn", {"404 MB are allocated per second", "main.encode"}, NULL},
    {"late-churn", late_churn, 60, 2, 0, "allocation_churn", {"main.encode"}, NULL},
    {"contention", contention, 60, 2, 0, "lock_contention", {"3.01 seconds", "main.update"}, NULL},
    {"pile-up", pile_up, 60, 2, 0, "goroutine_pile_up", {"4000 goroutines", "main.enqueue"}, NULL},
    {"goroutine-leak", goroutine_leak, 60, 2, 0, "goroutine_growth", {"main.wait grows by 5 a minute"}, NULL},
    {"goroutine-plateau", goroutine_plateau, 60, 2, 0, "goroutine_plateau", {"main.wait rose from 10 to 410"}, NULL},
    {"fragmentation", fragmented, 60, 2, 0, "fragmentation", {"900 MB"}, NULL},
    {"lost-samples", lossy, 60, 2, 0, "in_use_incomplete", {"30 %"}, NULL},
    {"allocates-more",
     allocates_more,
     60,
     1,
     30,
     "regression",
     {"Version 2.4.0 of allocates-more allocates 12.9 MB a second, 1.59 times what 2.3.0 did (8.11 MB a second)",
      "main.render, from 200 kB a second to 5 MB"},
     NULL},
    {"more-cpu", more_cpu, 60, 2, 30, "regression", {"uses 0.9", "cores", "main.render, from 0.1 cores to 0.5 cores"}, NULL},
    {"cpu-moved", cpu_moved, 60, 2, 30, "regression", {"uses 0.3 cores in main.render, 3 times what 2.3.0 did (0.1 cores)"}, NULL},
    {"holds-more-c", holds_more_c, 60, 2, 30, "regression", {"holds 158 MB of C memory, 1.94 times", "main.pool"}, NULL},
    {"new-site", new_site, 60, 2, 30, "regression", {"uses 0.3 cores in main.audit, where 2.3.0 had none", "\"severity\":\"low\""}, NULL},
    {"only-cpu",
     only_cpu,
     60,
     2,
     0,
     NULL,
     {"Nothing found in 1 process; the memory of 1 process was not profiled"},
     "memory of 1 process: not profiled"},
    {"unreadable",
     unreadable,
     6,
     1,
     0,
     NULL,
     {"Nothing could be looked at; 6 of 6 uploads could not be looked at"},
     "6 files delta-heap.pprof: not a readable profile"},
    {"java",
     java,
     6,
     1,
     0,
     NULL,
     {"Nothing could be looked at; 6 of 6 uploads could not be looked at"},
     "6 files main.jfr: not a readable recording"},
    {"half-unreadable",
     half_unreadable,
     60,
     1,
     0,
     NULL,
     {"Nothing found in 1 process; 30 of 60 uploads could not be looked at"},
     "30 files delta-heap.pprof"},
    {"new",
     quiet,
     3,
     1,
     0,
     NULL,
     {"Nothing found in 1 process; growth of 1 process cannot be judged yet"},
     "growth of 1 process with fewer than 5 uploads"},
    {"quiet", quiet, 60, 2, 0, NULL, {"Nothing found in 1 process"}, NULL},
    {"sawtooth", sawtooth, 60, 2, 0, NULL, {0}, NULL},
    {"warm-up", warm_up, 60, 2, 0, NULL, {0}, NULL},
    {"morning", morning, 60, 2, 0, NULL, {0}, NULL},
    {"batch", batch, 60, 2, 0, NULL, {0}, NULL},
    {"renamed", renamed, 60, 2, 30, NULL, {0}, NULL},
    {"since-the-start", since_the_start, 60, 2, 30, NULL, {0}, NULL},
    {"same-version", same, 60, 2, 30, NULL, {0}, NULL},
};

static bool says(const struct json *json, const char *words) {
    return memmem(json->bytes, json->size, words, strlen(words));
}

static bool is_right(const struct json *json, const char *name, bool right, const char *what) {
    if (!right) {
        print_error("%s: not %s: %.*s\n", name, what, (int)(json->size < 700 ? json->size : 700), json->bytes);
    }
    return right;
}

static bool is_at(const struct json *json, const char *name, const char *path, const char *expected) {
    char *text = json_at(json, path), what[200];
    snprintf(what, sizeof what, "%s at %s but %.60s", expected, path, text);
    bool right = is_right(json, name, strcmp(text, expected) == 0, what);
    free(text);
    return right;
}

static bool case_holds(struct scene *scene, const struct fault_case *wanted) {
    struct json json = analysis_of(scene, wanted->name);
    int wrong = !is_at(&json, wanted->name, "$.findings[0].kind", wanted->kind ? wanted->kind : "(none)");
    wrong += !is_at(&json, wanted->name, "$.findings[1].kind", "(none)");
    wrong += !is_at(&json, wanted->name, "$.complete", wanted->gap ? "0" : "1");
    for (size_t i = 0; i < 3 && wanted->words[i]; i++) {
        wrong += !is_right(&json, wanted->name, says(&json, wanted->words[i]), wanted->words[i]);
    }
    wrong += wanted->gap && !is_right(&json, wanted->name, says(&json, wanted->gap), wanted->gap);
    json_free(&json);
    return wrong == 0;
}

TEST_IN(scene, table) {
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fault_case *one = &cases[i];
        double change = one->change > 0 ? one->change : one->to;
        run(scene, &(struct run){one->name, "h1", one->change > 0 ? "2.3.0" : "1", 1, 0, change, one->minutes}, one->fill);
        run(scene, &(struct run){one->name, "h1", "2.4.0", 2, change, one->to, one->minutes}, one->fill);
    }
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wrong += !case_holds(scene, &cases[i]);
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    return tests_run();
}
