// analysis_scene.h: services over time, for the tests of the analysis: a function of the minute describes each of their uploads.
#ifndef CMEMPROF_RECEIVER_TEST_ANALYSIS_SCENE_H
#define CMEMPROF_RECEIVER_TEST_ANALYSIS_SCENE_H

#include "../../../base/test/test.h"

#include "../../test/test_store.h"
#include "../../test/profiles.h"

#include "../analysis.h"

#include <fcntl.h>
#include <math.h>
#include <time.h>

#define MB 1e6

// Nothing here must survive a power cut, and a busy disk takes a minute for what takes seconds.
int fsync(int file) {
    (void)file;
    return 0;
}
int syncfs(int file) {
    (void)file;
    return 0;
}
int sync_file_range(int file, off64_t from, off64_t size, unsigned flags) {
    (void)file, (void)from, (void)size, (void)flags;
    return 0;
}

// Uploads not yet stored. One transaction takes many.
struct scene {
    struct test_store *test;
    pthread_mutex_t lock;
    pthread_cond_t stored;
    size_t waiting;
    struct giving *done; // to be freed
    uint64_t random;
};

// One upload, being filled.
struct moment {
    struct scene *scene;
    const char *service, *host, *version, *language;
    int process;                                     // of that host: a new one is a restart
    double minute;                                   // since the scene's start
    double minutes;                                  // covered
    int i;                                           // count of earlier uploads of its process
    double load;                                     // in healthy services
    struct profile *heap, *cpu, *goroutines, *locks; // NULL: nothing was said of it
    const char *heap_name;                           // NULL: delta-heap.pprof
    const char *other, *bytes;                       // an attachment as it is
};
typedef void fill_moment(struct moment *moment);

static inline double uniform(struct scene *scene) { // xorshift64, [0, 1)
    uint64_t *state = &scene->random;
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return (double)(*state >> 11) / 9007199254740992.0;
}
static inline double normal(struct scene *scene) { // roughly normal
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += uniform(scene);
    }
    return sum - 6;
}
static inline double between(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}
// A level as sampled every 512 KiB.
static inline double sampled(struct moment *moment, double bytes) {
    double estimate = bytes + sqrt(bytes * 524288) * normal(moment->scene);
    return estimate > 0 ? estimate : 0;
}

// ---- Contents ----

#define TYPES(...) ((const char *const[][2]){__VA_ARGS__, {NULL, NULL}})
static inline struct profile *typed(struct profile **profile, const char *const (*types)[2], int64_t duration_ns) {
    if (!*profile) {
        *profile = profile_new();
        for (; (*types)[0]; types++) {
            profile_add_sample_type(*profile, (*types)[0], (*types)[1]);
        }
        profile_set_time(*profile, 1, duration_ns);
    }
    return *profile;
}
static inline int64_t duration_of(const struct moment *moment) {
    return (int64_t)(moment->minutes * 60e9);
}
static inline void say_memory(struct moment *moment, const char *const *frames, double in_use, double allocated_per_s, bool c) {
    bool first = !moment->heap;
    struct profile *heap = typed(
        &moment->heap, TYPES({"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, {"inuse_space", "bytes"}),
        duration_of(moment));
    if (first) {
        profile_set_period(heap, "space", "bytes", 524288);
    }
    int64_t allocated = (int64_t)(allocated_per_s * moment->minutes * 60);
    add_stack(heap, frames, VALUES(allocated / 1000, allocated, (int64_t)in_use / 1000, (int64_t)in_use), c);
}
// C memory allocated by a SQLite function for one of package main.
static inline void say_c(struct moment *moment, const char *site, double in_use) {
    char frame[80];
    snprintf(frame, sizeof frame, "%s /src/shop/report.go", site);
    say_memory(moment,
               FRAMES("malloc /m.c", "sqlite3MemMalloc /lib/sqlite3.c", "runtime.cgocall /go/src/runtime/cgocall.go",
                      "database/sql.(*DB).Query /go/src/database/sql/sql.go", frame, "main.main /src/shop/main.go"),
               in_use, 1000, true);
}
static inline void say_go(struct moment *moment, const char *site, double in_use, double allocated_per_s) {
    char frame[80];
    snprintf(frame, sizeof frame, "%s /src/shop/cache.go", site);
    say_memory(moment, FRAMES("encoding/json.Unmarshal /go/src/encoding/json/decode.go", frame, "main.main /src/shop/main.go"), in_use,
               allocated_per_s, false);
}
static inline void say_cpu(struct moment *moment, const char *site, double cores) {
    char frame[80];
    snprintf(frame, sizeof frame, "%s /src/shop/work.go", site);
    int64_t ns = (int64_t)(cores * moment->minutes * 60e9);
    add_stack(typed(&moment->cpu, TYPES({"samples", "count"}, {"cpu", "nanoseconds"}), duration_of(moment)),
              FRAMES("encoding/json.(*decodeState).object /go/src/encoding/json/decode.go", frame, "main.main /src/shop/main.go"),
              VALUES(ns / 10000000, ns), false);
}
static inline void say_goroutines(struct moment *moment, const char *site, double count) {
    char frame[80];
    snprintf(frame, sizeof frame, "%s /src/shop/wait.go", site);
    add_stack(typed(&moment->goroutines, TYPES({"goroutine", "count"}), 0), FRAMES("runtime.gopark /go/src/runtime/proc.go", frame),
              VALUES((int64_t)count), false);
}
static inline void say_lock(struct moment *moment, const char *site, double seconds_per_s) {
    char frame[80];
    snprintf(frame, sizeof frame, "%s /src/shop/lock.go", site);
    int64_t ns = (int64_t)(seconds_per_s * moment->minutes * 60e9);
    add_stack(typed(&moment->locks, TYPES({"contentions", "count"}, {"delay", "nanoseconds"}), duration_of(moment)),
              FRAMES("sync.(*Mutex).Unlock /go/src/sync/mutex.go", frame), VALUES(ns / 1000000, ns), false);
}

// ---- Storing it ----

struct giving {
    struct scene *scene;
    struct giving *next;
    struct pending_upload *pending;
    struct measures measures;
    char event[600];
};

static inline void on_stored(void *context, enum receiver_error error, int64_t id, const char *reason) {
    struct giving *giving = context;
    struct scene *scene = giving->scene;
    // Maintenance also computes them, later.
    bool ok = error == RECEIVER_OK && catalog_set_measures(store_catalog(scene->test->store), id, &giving->measures) == RECEIVER_OK;
    if (!ok) {
        fprintf(stderr, "upload: %s\n", reason);
        abort();
    }
    pthread_mutex_lock(&scene->lock);
    giving->next = scene->done;
    scene->done = giving;
    scene->waiting--;
    pthread_cond_signal(&scene->stored);
    pthread_mutex_unlock(&scene->lock);
}

static inline void wait_for(struct scene *scene, size_t max) {
    pthread_mutex_lock(&scene->lock);
    while (scene->waiting > max) {
        pthread_cond_wait(&scene->stored, &scene->lock);
    }
    struct giving *done = scene->done;
    scene->done = NULL;
    pthread_mutex_unlock(&scene->lock);
    while (done) {
        struct giving *next = done->next;
        pending_upload_free(done->pending);
        free(done);
        done = next;
    }
}

static inline void attach(struct giving *giving, const char *name, const void *bytes, size_t size, double seconds) {
    char text[200] = "";
    assert_int_equal(pending_upload_attachment(giving->pending, name, text, sizeof text), RECEIVER_OK);
    assert_int_equal(pending_upload_write(giving->pending, bytes, size), RECEIVER_OK);
    measures_add(&giving->measures, name, bytes, size, seconds);
}
static inline void attach_profile(struct giving *giving, const char *name, struct profile *profile, double seconds) {
    if (profile) {
        struct blob blob = finish(profile);
        attach(giving, name, blob.bytes, blob.size, seconds);
        free(blob.bytes);
    }
}

static inline const char *time_text(double minute, char text[40]) {
    time_t seconds = 1767312000 + (time_t)(minute * 60); // 2026-01-02T00:00:00Z
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(text, 40, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

static inline void give(struct moment *moment) {
    struct giving *giving = calloc(1, sizeof *giving);
    char start[40], end[40];
    giving->scene = moment->scene;
    measures_clear(&giving->measures);
    assert_int_equal(pending_upload_new(moment->scene->test->store, &giving->pending), RECEIVER_OK);
    double seconds = moment->minutes * 60;
    attach_profile(giving, moment->heap_name ? moment->heap_name : "delta-heap.pprof", moment->heap, seconds);
    attach_profile(giving, "cpu.pprof", moment->cpu, seconds);
    attach_profile(giving, "goroutines.pprof", moment->goroutines, seconds);
    attach_profile(giving, "delta-mutex.pprof", moment->locks, seconds);
    if (moment->other) {
        attach(giving, moment->other, moment->bytes, strlen(moment->bytes), seconds);
    }
    snprintf(giving->event, sizeof giving->event,
             "{\"start\":\"%s\",\"end\":\"%s\",\"family\":\"go\",\"version\":\"4\",\"tags_profiler\":\"service:%s,host:%s,version:%s,"
             "language:%s,runtime-id:%s-%s-%d\"}",
             time_text(moment->minute, start), time_text(moment->minute + moment->minutes, end), moment->service, moment->host,
             moment->version, moment->language, moment->service, moment->host, moment->process);
    pthread_mutex_lock(&moment->scene->lock);
    moment->scene->waiting++;
    pthread_mutex_unlock(&moment->scene->lock);
    pending_upload_keep(giving->pending, giving->event, strlen(giving->event), NULL, on_stored, giving);
    wait_for(moment->scene, 100);
}

// A process from one minute to another, with an upload every `minutes`.
struct run {
    const char *service, *host, *version;
    int process;
    double from, to, minutes;
};
static inline void run(struct scene *scene, const struct run *what, fill_moment *fill) {
    int i = 0;
    scene->random = 88172645463325252u; // so that a case does not depend on the cases before it
    for (const char *c = what->service; *c; c++) {
        scene->random = (scene->random ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    for (double minute = what->from; minute < what->to - 1e-9; minute += what->minutes) {
        struct moment moment = {.scene = scene,
                                .service = what->service,
                                .host = what->host,
                                .version = what->version ? what->version : "1",
                                .language = "go",
                                .process = what->process,
                                .minute = minute,
                                .minutes = what->minutes,
                                .i = i++};
        fill(&moment);
        give(&moment);
    }
}

// ---- Answers ----

// service NULL: all. The caller frees the answer.
static inline struct json analysis_of(struct scene *scene, const char *service) {
    struct selection selection;
    struct overview overview;
    struct json json = {0};
    char text[200];
    wait_for(scene, 0);
    selection_init(&selection);
    assert_true(!service || selection_add(&selection, "service", service, text, sizeof text));
    assert_int_equal(overview_read(store_catalog(scene->test->store), &selection, &overview), RECEIVER_OK);
    assert_int_equal(analysis_write(scene->test->store, &overview, false, &json), RECEIVER_OK);
    overview_free(&overview);
    selection_free(&selection);
    return json;
}

static inline int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    void *test;
    store_setup(&test);
    *scene =
        (struct scene){.test = test, .lock = PTHREAD_MUTEX_INITIALIZER, .stored = PTHREAD_COND_INITIALIZER, .random = 88172645463325252u};
    *state = scene;
    return 0;
}
static inline int scene_teardown(void **state) {
    struct scene *scene = *state;
    void *test = scene->test;
    wait_for(scene, 0);
    free(scene);
    return store_teardown(&test);
}

#endif
