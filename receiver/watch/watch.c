// watch.c: looks at the services in the background (watch.h).
#include "watch.h"
#include "../../base/clock.h"
#include "../../merge/merge.h"
#include "../analysis/analysis.h"
#include "../analysis/analysis_gaps.h"
#include "../analysis/suspects.h"
#include "../index/catalog_recent.h"
#include "fleet.h"
#include "found.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NICENESS = 10, SHARE = 50 };

struct watch {
    struct store *store;
    struct watch_options options;
    struct single_flight flights; // stops an analysis; makes suspects by measures once for all who ask
    pthread_t thread;
    bool has_thread;
    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int64_t asked_ms; // guarded by lock, as the rest; of the monotonic clock; 0: never
    struct fleet fleet;
    struct found found;
    struct suspects suspects, screened;    // of the last analysis; of measures alone
    int64_t screened_at_ms;                // monotonic; 0: never
    int64_t analysed_ms;                   // unix; 0: never
    int64_t figured_at_ms, analysed_at_ms; // monotonic; 0: never
    int64_t analysis_round_ms;             // from one analysis to the next
    double analysis_seconds;
    bool has_failed; // the last analysis, or there was no memory for its suspects
    uint64_t analyses, failures;
};

static int64_t clock_ms(void) {
    return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000);
}

static int64_t monotonic_ms(const struct watch *watch) {
    return watch->options.monotonic_ms();
}

static int64_t unix_ms(void) {
    return (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000);
}

// ---- Looking ----

// Only this thread changes it, so that it may read it without the lock. Without memory the figures stay, and with them their time.
void watch_update_figures(struct watch *watch, int64_t now_ms) {
    struct fleet made, before = watch->fleet;
    if (fleet_make(&before, watch->store, now_ms, watch->options.max_uploads, &made) == RECEIVER_OK) {
        pthread_mutex_lock(&watch->lock);
        watch->fleet = made;
        watch->figured_at_ms = monotonic_ms(watch);
        pthread_mutex_unlock(&watch->lock);
        fleet_free(&before);
    }
}

struct analysing {
    struct watch *watch;
    int64_t now_ms;
    struct found *found;
    struct suspects suspects;
    bool has_suspects;
};

static void take(void *context, const struct findings *findings, const struct gaps *gaps) {
    struct analysing *analysing = context;
    const struct watch_options *options = &analysing->watch->options;
    const struct suspects_base base = {gaps->overview, gaps->processes, gaps->count, gaps->looked_count};
    found_take(analysing->found, findings);
    analysing->has_suspects = suspects_take(&analysing->suspects, findings, &base);
    analysing->suspects.has_stacks = true;
    analysing->suspects.made_ms = analysing->now_ms;
    if (options->on_findings) {
        options->on_findings(options->context, findings, analysing->now_ms);
    }
}

static enum receiver_error analyse(void *context, struct flight *flight, struct flight_result *answer) {
    (void)answer;
    struct analysing *analysing = context;
    struct store *store = analysing->watch->store;
    struct selection selection;
    struct overview overview;
    selection_init(&selection);
    selection.from_ms = analysing->now_ms - (int64_t)WATCH_HOURS * HOUR_MS;
    enum receiver_error error = overview_read(store_catalog(store), &selection, &overview);
    if (error == RECEIVER_OK) {
        struct merge_budget budget = {.limit_bytes = analysing->watch->options.max_bytes}, *before = merge_use_budget(&budget);
        overview.flight = flight;
        error = analysis_run(store, &overview, false, take, analysing);
        merge_use_budget(before);
        overview_free(&overview);
    }
    selection_free(&selection);
    return error;
}

static bool never_leaves(const void *who) {
    (void)who;
    return false;
}

void watch_analyse(struct watch *watch, int64_t now_ms) {
    struct analysing analysing = {.watch = watch, .now_ms = now_ms, .found = malloc(sizeof *analysing.found)};
    struct flight_result nothing = {0};
    int64_t begun_ms = monotonic_ms(watch);
    enum receiver_error error = analysing.found ? single_flight_do(&watch->flights, NULL, 0, (struct flight_caller){watch, never_leaves},
                                                                   analyse, &analysing, &nothing)
                                                : RECEIVER_NO_MEMORY;
    pthread_mutex_lock(&watch->lock);
    watch->analyses++;
    watch->failures += error != RECEIVER_OK;
    int64_t took_ms = monotonic_ms(watch) - begun_ms, rest_ms = SHARE * took_ms;
    watch->analysis_seconds = (double)took_ms / 1000;
    watch->analysis_round_ms = took_ms + (rest_ms > watch->options.analysis_ms ? rest_ms : watch->options.analysis_ms);
    if (error == RECEIVER_OK) {
        watch->found = *analysing.found;
        watch->analysed_ms = now_ms;
        watch->analysed_at_ms = begun_ms + took_ms;
    }
    watch->has_failed = error != RECEIVER_OK || !analysing.has_suspects;
    if (error == RECEIVER_OK) { // without memory for the new ones the old ones are not those of this analysis
        suspects_free(&watch->suspects);
        watch->suspects = analysing.has_suspects ? analysing.suspects : (struct suspects){0};
    }
    pthread_mutex_unlock(&watch->lock);
    free(analysing.found);
}

// ---- Thread ----

static bool is_wanted(const struct watch *watch, int64_t now_ms) {
    return watch->options.always || (watch->asked_ms && now_ms - watch->asked_ms < WATCH_IDLE_MS);
}

// Until then, or until somebody asks; returns whether anybody wants to know.
static bool wait_until(struct watch *watch, int64_t until_ms) {
    pthread_mutex_lock(&watch->lock);
    for (int64_t now_ms; !atomic_load(&watch->stopping);) {
        now_ms = monotonic_ms(watch);
        bool wanted = is_wanted(watch, now_ms);
        if (wanted && now_ms >= until_ms) {
            break;
        }
        uint64_t at_ns = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(wanted ? until_ms - now_ms : WATCH_IDLE_MS) * 1000000;
        struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000), .tv_nsec = (long)(at_ns % 1000000000)};
        pthread_cond_timedwait(&watch->wake, &watch->lock, &at);
    }
    pthread_mutex_unlock(&watch->lock);
    return !atomic_load(&watch->stopping);
}

static void *run(void *state) {
    struct watch *watch = state;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS); // on Linux each thread has its own
    int64_t analysis_ms = watch->options.analysis_ms, figures_ms = analysis_ms < WATCH_FIGURES_MS ? analysis_ms : WATCH_FIGURES_MS;
    int64_t next_figures_ms = 0, next_analysis_ms = 0;
    while (wait_until(watch, next_figures_ms < next_analysis_ms ? next_figures_ms : next_analysis_ms)) {
        int64_t now_ms = monotonic_ms(watch);
        if (now_ms >= next_figures_ms) {
            watch_update_figures(watch, unix_ms());
            next_figures_ms = now_ms + figures_ms;
        }
        if (now_ms >= next_analysis_ms) {
            watch_analyse(watch, unix_ms());
            next_analysis_ms = now_ms + watch->analysis_round_ms;
        }
    }
    return NULL;
}

struct watch *watch_new(struct store *store, const struct watch_options *options) {
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch) {
        watch->store = store;
        watch->options = *options;
        watch->options.analysis_ms = options->analysis_ms ? options->analysis_ms : WATCH_ANALYSIS_MS;
        watch->options.max_uploads = options->max_uploads ? options->max_uploads : RECENT_MAX_ROWS;
        watch->options.max_bytes = options->max_bytes ? options->max_bytes : WATCH_BYTES;
        watch->options.monotonic_ms = options->monotonic_ms ? options->monotonic_ms : clock_ms;
        single_flight_init(&watch->flights);
        pthread_mutex_init(&watch->lock, NULL);
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); // the wall clock may be set
        pthread_cond_init(&watch->wake, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    return watch;
}

static void watch_free(struct watch *watch) {
    single_flight_destroy(&watch->flights);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    fleet_free(&watch->fleet);
    suspects_free(&watch->suspects);
    suspects_free(&watch->screened);
    free(watch);
}

struct watch *watch_start(struct store *store, const struct watch_options *options) {
    struct watch *watch = watch_new(store, options);
    if (watch && pthread_create(&watch->thread, NULL, run, watch) != 0) {
        watch_free(watch);
        return NULL;
    }
    if (watch) {
        watch->has_thread = true;
    }
    return watch;
}

void watch_stop(struct watch *watch) {
    if (!watch) {
        return;
    }
    pthread_mutex_lock(&watch->lock);
    atomic_store(&watch->stopping, true);
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    single_flight_stop(&watch->flights);
    if (watch->has_thread) {
        pthread_join(watch->thread, NULL);
    }
    watch_free(watch);
}

// ---- Metrics ----

static void write_figure(const struct fleet *fleet, enum fleet_figure figure, const char *name, const char *help,
                         struct exposition *exposition) {
    exposition_family(exposition, name, EXPOSITION_GAUGE, help);
    for (size_t i = 0; i < fleet->count; i++) {
        const struct fleet_service *service = &fleet->services[i];
        if (service->counts[figure] > 0) {
            exposition_sample(exposition, name, &(struct exposition_label){"service", service->name}, 1, service->sums[figure]);
        }
    }
}

static void write_processes(const struct fleet *fleet, struct exposition *exposition) {
    const char *name = "cmemprof_service_processes";
    exposition_family(exposition, name, EXPOSITION_GAUGE,
                      "Processes of a service with an upload in the last 5 minutes, by the figure that they report.");
    static const char *const figures[] = {"c_live", "heap_live", "resident"};
    for (size_t i = 0; i < fleet->count; i++) {
        const struct fleet_service *service = &fleet->services[i];
        exposition_sample(exposition, name, (struct exposition_label[]){{"service", service->name}, {"figure", "any"}}, 2,
                          (double)service->processes);
        for (int figure = 0; figure < FLEET_FIGURES; figure++) {
            exposition_sample(exposition, name, (struct exposition_label[]){{"service", service->name}, {"figure", figures[figure]}}, 2,
                              (double)service->counts[figure]);
        }
    }
    exposition_family(exposition, "cmemprof_service_newest_upload_timestamp_seconds", EXPOSITION_GAUGE,
                      "When the newest upload of a service arrived.");
    for (size_t i = 0; i < fleet->count; i++) {
        exposition_sample(exposition, "cmemprof_service_newest_upload_timestamp_seconds",
                          &(struct exposition_label){"service", fleet->services[i].name}, 1, (double)fleet->services[i].newest_ms / 1000);
    }
}

static void write_fleet(const struct fleet *fleet, struct exposition *exposition) {
    write_figure(fleet, FLEET_C_LIVE, "cmemprof_service_c_live_bytes",
                 "C memory in use: the newest of each process with an upload in the last 5 minutes, summed.", exposition);
    write_figure(fleet, FLEET_HEAP_LIVE, "cmemprof_service_heap_live_bytes",
                 "Memory in use on the heap of Go, or of the service's other language; summed likewise.", exposition);
    write_figure(fleet, FLEET_RESIDENT, "cmemprof_service_resident_memory_bytes",
                 "Resident memory of the processes that report it; summed likewise.", exposition);
    write_processes(fleet, exposition);
    exposition_one(exposition, "cmemprof_services_left_out", EXPOSITION_GAUGE,
                   "Services beyond the 500 with most processes, without series.", (double)fleet->left_out);
    exposition_one(exposition, "cmemprof_service_uploads_left_out", EXPOSITION_GAUGE,
                   "Uploads in the last 5 minutes of processes beyond the 10000 that are looked at.", (double)fleet->processes_left_out);
    exposition_one(exposition, "cmemprof_service_figures_incomplete", EXPOSITION_GAUGE,
                   "1: there were more than 100000 uploads in 5 minutes, so that processes may be missing in the figures of services.",
                   fleet->rows_left_out);
    exposition_one(exposition, "cmemprof_service_figures_timestamp_seconds", EXPOSITION_GAUGE,
                   "When the figures of services were gathered; 0: not yet.", (double)fleet->made_ms / 1000);
}

// Rounds that are shorter than the usual ones are taken for these: a thread is late now and then.
static bool is_old(int64_t age_ms, int64_t round_ms, int64_t usual_ms) {
    return age_ms > WATCH_ROUNDS * (round_ms > usual_ms ? round_ms : usual_ms);
}

void watch_write(struct watch *watch, struct exposition *exposition) {
    static const struct found nothing;
    pthread_mutex_lock(&watch->lock);
    int64_t now_ms = monotonic_ms(watch);
    watch->asked_ms = now_ms;
    pthread_cond_signal(&watch->wake);
    const struct fleet old_fleet = {.made_ms = watch->fleet.made_ms};
    write_fleet(is_old(now_ms - watch->figured_at_ms, 0, WATCH_FIGURES_MS) ? &old_fleet : &watch->fleet, exposition);
    found_write(is_old(now_ms - watch->analysed_at_ms, watch->analysis_round_ms, WATCH_ANALYSIS_MS) ? &nothing : &watch->found, exposition);
    exposition_one(exposition, "cmemprof_analysis_timestamp_seconds", EXPOSITION_GAUGE,
                   "When the findings were made, of the uploads of 6 hours; 0: not yet.", (double)watch->analysed_ms / 1000);
    exposition_one(exposition, "cmemprof_analysis_duration_seconds", EXPOSITION_GAUGE, "What the last analysis took.",
                   watch->analysis_seconds);
    exposition_one(exposition, "cmemprof_analyses_total", EXPOSITION_COUNTER, "Analyses made for these metrics and for alerts.",
                   (double)watch->analyses);
    exposition_one(exposition, "cmemprof_analysis_failures_total", EXPOSITION_COUNTER, "Of these, those that ended without findings.",
                   (double)watch->failures);
    pthread_mutex_unlock(&watch->lock);
}

// ---- Suspects ----

static enum receiver_error screen(struct watch *watch, int64_t now_ms, struct suspects *suspects) {
    struct selection selection;
    struct overview overview;
    selection_init(&selection);
    selection.from_ms = now_ms - (int64_t)WATCH_HOURS * HOUR_MS;
    enum receiver_error error = overview_read(store_catalog(watch->store), &selection, &overview);
    if (error == RECEIVER_OK) {
        error = suspects_screen(&overview, suspects);
        suspects->made_ms = now_ms;
        overview_free(&overview);
    }
    selection_free(&selection);
    return error;
}

// Returns whether what is there is new enough.
static bool write_known(struct watch *watch, struct json *json) {
    int64_t now_ms = monotonic_ms(watch);
    bool analysed = watch->suspects.list && !is_old(now_ms - watch->analysed_at_ms, watch->analysis_round_ms, WATCH_ANALYSIS_MS);
    bool screened = watch->screened.list && now_ms - watch->screened_at_ms < WATCH_FIGURES_MS;
    struct suspects *known = analysed ? &watch->suspects : screened ? &watch->screened : NULL;
    if (known) {
        known->analysis_failed = watch->has_failed;
        suspects_write(known, json);
    }
    return known;
}

struct screening {
    struct watch *watch;
    int64_t now_ms;
};

// One at a time: who comes after another has made them finds them.
static enum receiver_error screen_once(void *context, struct flight *flight, struct flight_result *answer) {
    (void)flight;
    const struct screening *screening = context;
    struct watch *watch = screening->watch;
    struct suspects made;
    pthread_mutex_lock(&watch->lock);
    bool known = write_known(watch, &answer->json);
    pthread_mutex_unlock(&watch->lock);
    enum receiver_error error = known ? RECEIVER_OK : screen(watch, screening->now_ms, &made);
    if (known || error != RECEIVER_OK) {
        return error;
    }
    pthread_mutex_lock(&watch->lock);
    suspects_free(&watch->screened);
    watch->screened = made;
    watch->screened_at_ms = monotonic_ms(watch);
    watch->screened.analysis_failed = watch->has_failed;
    suspects_write(&watch->screened, &answer->json);
    pthread_mutex_unlock(&watch->lock);
    return RECEIVER_OK;
}

enum receiver_error watch_write_suspects(struct watch *watch, int64_t now_ms, struct json *json) {
    pthread_mutex_lock(&watch->lock);
    watch->asked_ms = monotonic_ms(watch);
    pthread_cond_signal(&watch->wake);
    bool known = write_known(watch, json);
    pthread_mutex_unlock(&watch->lock);
    if (known) {
        return RECEIVER_OK;
    }
    static const char key[] = "screen";
    struct screening screening = {watch, now_ms};
    struct flight_result answer = {0};
    enum receiver_error error =
        single_flight_do(&watch->flights, key, sizeof key, (struct flight_caller){watch, never_leaves}, screen_once, &screening, &answer);
    *json = answer.json;
    return error;
}
