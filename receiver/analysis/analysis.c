// analysis.c: what stands out in a selection (analysis.h).
#include "analysis.h"
#include "analysis_gaps.h"
#include "analysis_rules.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// A profile of 1,000 stacks takes 0.4 ms of CPU time on average (make bench-receiver). Two threads read, and two or three profiles are read
// per upload: under a second. 24 points tell growth from noise: Kendall's tau of noise has a standard deviation of 0.14 there.
enum { MAX_UPLOADS = 720, MIN_POINTS = 24 };

// ---- One process ----

struct looking {
    struct store *store;
    const struct overview *overview;
    const struct process *processes;
    size_t count, points; // processes to examine; max uploads of each
    bool own_memory;
    struct looked *looked; // one per process
    atomic_size_t next;
    struct merge_budget *budget; // of the thread that asks
};

static const char *language_of(const char *tag) {
    static const char *const names[][2] = {{"go", "Go "},           {"python", "Python "},     {"javascript", "JavaScript "},
                                           {"node", "JavaScript "}, {"nodejs", "JavaScript "}, {"jvm", "Java "}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(tag, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return "";
}

struct one {
    struct store *store;
    const struct upload_list *list;
    struct looked *looked;
    struct metrics *metrics;
    struct heap heap;
    bool own_memory;
    bool settled[MEASURE_COUNT]; // as in analysis_measures
};

// The stacks of a use in these uploads; label: as in stacks_read. No files for it means no stacks and is no error. Of each name the first
// reading counts, so what is read of all uploads comes before what is read of some.
static enum receiver_error read_some(struct one *one, const struct upload_list *list, enum file_use use, const char *type,
                                     const char *label, struct stacks *stacks) {
    struct sweep_report report;
    struct looked *looked = one->looked;
    const struct used_files *used = &looked->files.uses[use];
    *stacks = (struct stacks){0};
    if (used->count == 0) {
        return RECEIVER_OK;
    }
    enum receiver_error error = stacks_read(one->store, list, used->names, used->count, type, label, stacks, &report);
    if (error == RECEIVER_OK) {
        files_count(&looked->files.all, used->names, &report);
        looked->stacks_left_out = looked->stacks_left_out || stacks->left_out > 0;
    }
    return error;
}

static enum receiver_error read_stacks(struct one *one, enum file_use use, struct stacks *stacks) {
    return read_some(one, one->list, use, one->looked->files.uses[use].type, NULL, stacks);
}

// Whether the stacks cover everything that the measure counts.
static void settle(struct one *one, enum measure measure, enum file_use use, const struct stacks *stacks) {
    size_t with = 0;
    for (size_t i = 0; i < one->list->count; i++) {
        with += isfinite(one->list->uploads[i].measures.values[measure]);
    }
    one->settled[measure] =
        with > 0 && stacks->profile_count >= with && stacks->left_out == 0 && one->looked->files.uses[use].passed_over == 0;
}

// Without memory.pprof, or without C memory, there is nothing to read.
static bool read_ages(struct one *one, struct ages *ages) {
    *ages = (struct ages){0};
    const struct upload_list *list = one->list;
    bool has = one->looked->files.uses[FILES_OF_PARTS].count > 0 && strcmp(one->heap.type, "inuse_space") == 0;
    if (!has || list->count < 3 || !metrics_find(one->metrics, "c_live_bytes")) {
        return true;
    }
    struct listed_upload compared[] = {list->uploads[list->count / 3], list->uploads[list->count - 1]};
    const struct upload_list newest = {.uploads = compared + 1, .count = 1, .flight = list->flight},
                             two = {.uploads = compared, .count = 2, .flight = list->flight};
    if (read_some(one, &newest, FILES_OF_PARTS, "resident_space", AGE_LABEL, &ages->parts) != RECEIVER_OK ||
        read_some(one, &two, FILES_OF_MEMORY, "inuse_objects", NULL, &ages->objects) != RECEIVER_OK) {
        return false;
    }
    ages->parts.own_memory = ages->objects.own_memory = one->own_memory;
    ages->parts.without_mapped = ages->objects.without_mapped = true;
    return true;
}

// Profiles of live memory have allocations, too. Without one (Java's recordings), what is allocated is read for itself.
static bool look_at_churn(struct one *one, const struct stacks *live) {
    struct stacks stacks = {0};
    struct findings *findings = &one->looked->findings;
    const struct used_files *used = &one->looked->files.uses[FILES_OF_ALLOCATION];
    const struct heap allocation = {used->attachment, used->type, one->heap.language};
    const struct metrics_series *series = metrics_find(one->metrics, "alloc_bytes_per_s");
    if (live->profile_count > 0) {
        return analysis_churn(findings, one->metrics, live, &one->heap);
    }
    bool worth = series && load_now(series->points, series->count) >= CHURN_BYTES_PER_S;
    if (worth && read_stacks(one, FILES_OF_ALLOCATION, &stacks) != RECEIVER_OK) {
        return false;
    }
    bool has = stacks.profile_count > 0;
    bool ok = analysis_churn(findings, one->metrics, has ? &stacks : NULL, has ? &allocation : NULL);
    stacks_free(&stacks);
    return ok;
}

static bool look_at_memory(struct one *one) {
    struct stacks stacks;
    struct ages ages = {0};
    if (read_stacks(one, FILES_OF_MEMORY, &stacks) != RECEIVER_OK) {
        return false;
    }
    stacks.own_memory = one->own_memory;
    stacks.without_mapped = metrics_find(one->metrics, "memory_mapped_bytes"); // judged by what is resident of them
    settle(one, MEASURE_C_LIVE_BYTES, FILES_OF_MEMORY, &stacks);
    settle(one, MEASURE_HEAP_LIVE_BYTES, FILES_OF_MEMORY, &stacks);
    bool has = stacks.profile_count > 0;
    bool ok = (!has || (read_ages(one, &ages) && analysis_live_memory(&one->looked->findings, &stacks, &ages, &one->heap))) &&
              look_at_churn(one, &stacks);
    stacks_free(&ages.parts);
    stacks_free(&ages.objects);
    stacks_free(&stacks);
    return ok;
}

static bool look_at_goroutines(struct one *one) {
    struct stacks stacks;
    if (read_stacks(one, FILES_OF_GOROUTINES, &stacks) != RECEIVER_OK) {
        return false;
    }
    settle(one, MEASURE_GOROUTINES, FILES_OF_GOROUTINES, &stacks);
    bool ok = analysis_goroutines(&one->looked->findings, &stacks, one->looked->files.uses[FILES_OF_GOROUTINES].attachment);
    stacks_free(&stacks);
    return ok;
}

static bool look_at_leaked_goroutines(struct one *one) {
    struct stacks stacks;
    if (read_stacks(one, FILES_OF_LEAKED_GOROUTINES, &stacks) != RECEIVER_OK) {
        return false;
    }
    bool ok = analysis_leaked_goroutines(&one->looked->findings, &stacks, one->looked->files.uses[FILES_OF_LEAKED_GOROUTINES].attachment);
    stacks_free(&stacks);
    return ok;
}

static bool look_at_locks(struct one *one) {
    struct stacks stacks = {0};
    const struct metrics_series *series = metrics_find(one->metrics, "lock_seconds_per_s");
    bool worth = series && load_now(series->points, series->count) >= CONTENTION_SECONDS_PER_S;
    if (worth && read_stacks(one, FILES_OF_LOCKS, &stacks) != RECEIVER_OK) {
        return false;
    }
    bool ok = analysis_locks(&one->looked->findings, one->metrics, &stacks, one->looked->files.uses[FILES_OF_LOCKS].attachment);
    stacks_free(&stacks);
    return ok;
}

static struct upload_list newest_of(const struct upload_list *list, size_t most) {
    size_t count = list->count < most ? list->count : most;
    return (struct upload_list){.uploads = list->uploads + list->count - count, .count = count, .flight = list->flight};
}

// What a program does is in its newest profiles. Only Go calls C through cgo.
static bool look_at_cpu(struct one *one) {
    struct stacks stacks = {0};
    const struct used_files *used = &one->looked->files.uses[FILES_OF_CPU];
    const struct upload_list newest = newest_of(one->list, CPU_PROFILES);
    if (strcmp(one->heap.language, "Go ") != 0) {
        return true;
    }
    bool ok = read_some(one, &newest, FILES_OF_CPU, used->type, NULL, &stacks) == RECEIVER_OK &&
              analysis_cpu(&one->looked->findings, &stacks, used->attachment);
    stacks_free(&stacks);
    return ok;
}

// After analysis_measures, which tells of a heap that grows.
static bool look_at_old_objects(struct one *one) {
    struct stacks stacks = {0};
    const struct used_files *used = &one->looked->files.uses[FILES_OF_OLD_OBJECTS];
    const struct upload_list newest = newest_of(one->list, OLD_OBJECT_PROFILES);
    if (used->count == 0 || !findings_have(&one->looked->findings, MEASURE_HEAP_LIVE_BYTES)) {
        return true;
    }
    bool ok = read_some(one, &newest, FILES_OF_OLD_OBJECTS, used->type, NULL, &stacks) == RECEIVER_OK &&
              analysis_old_objects(&one->looked->findings, &stacks, used->attachment);
    stacks_free(&stacks);
    return ok;
}

static bool look_at_parts(struct one *one) {
    struct stacks stacks = {0};
    struct judged_memory judged;
    const char *attachment = one->looked->files.uses[FILES_OF_PARTS].attachment;
    verdict_judge(one->metrics, &judged);
    if (judged.needs_stacks && read_stacks(one, FILES_OF_PARTS, &stacks) != RECEIVER_OK) {
        return false;
    }
    verdict_add(&one->looked->findings, &judged, one->list, &stacks, attachment ? attachment : "");
    stacks_free(&stacks);
    // Clients that do not report memory by cause report what the allocator holds.
    return judged.by_cause || analysis_fragmentation(&one->looked->findings, one->metrics, one->list);
}

static enum receiver_error look_at(struct one *one) {
    struct looked *looked = one->looked;
    enum receiver_error error = metrics_read(one->store, one->list, &one->metrics);
    if (error != RECEIVER_OK) {
        return error;
    }
    if (one->metrics->json_report.failed_count > 0) {
        files_count(&looked->files.all, &(const char *){"metrics.json"}, &one->metrics->json_report);
    }
    error = metrics_make_points(one->metrics, one->list) ? files_find(one->store, one->list, &looked->files) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        one->heap.attachment = looked->files.uses[FILES_OF_MEMORY].attachment;
        one->heap.type = looked->files.uses[FILES_OF_MEMORY].type;
        bool ok = look_at_parts(one) && look_at_memory(one) && look_at_goroutines(one) && look_at_leaked_goroutines(one) &&
                  look_at_locks(one) && look_at_cpu(one) && analysis_lost_samples(&looked->findings, one->metrics, one->list) &&
                  !looked->findings.no_memory;
        error = ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    metrics_free(one->metrics);
    return error;
}

static enum receiver_error look_into(const struct looking *looking, size_t i) {
    struct listed_upload uploads[TREND_MAX_POINTS];
    const struct process *process = &looking->processes[i];
    struct upload_list list = {
        .uploads = uploads, .count = choice_thin(process, looking->points, uploads), .flight = looking->overview->flight};
    struct looked *looked = &looking->looked[i];
    looked->findings.service = overview_text(looking->overview, process->uploads->service);
    looked->findings.host = overview_text(looking->overview, process->uploads->host);
    struct one one = {.store = looking->store,
                      .list = &list,
                      .looked = looked,
                      .heap.language = language_of(overview_text(looking->overview, process->uploads->language)),
                      .own_memory = looking->own_memory,
                      // Measures alone prove it; stacks only say where.
                      .settled = {[MEASURE_ALLOC_BYTES_PER_S] = true, [MEASURE_LOCK_SECONDS_PER_S] = true}};
    enum receiver_error error = look_at(&one);
    if (error == RECEIVER_OK) {
        analysis_measures(&looked->findings, process, one.settled);
        error = look_at_old_objects(&one) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    return error;
}

static void *look_into_some(void *state) {
    struct looking *looking = state;
    struct merge_budget *before = merge_use_budget(looking->budget);
    for (size_t i; (i = atomic_fetch_add(&looking->next, 1)) < looking->count;) {
        looking->looked[i].error = look_into(looking, i);
    }
    merge_use_budget(before);
    return NULL;
}

// Chooses the number of processes and of uploads per process: as many points as fit, and fewer points rather than one process less.
static void set_bounds(struct looking *looking, size_t processes) {
    size_t points = processes > 0 ? MAX_UPLOADS / processes : TREND_MAX_POINTS, uploads = 0;
    looking->points = points > TREND_MAX_POINTS ? TREND_MAX_POINTS : points < MIN_POINTS ? MIN_POINTS : points;
    for (looking->count = 0; looking->count < processes && uploads < MAX_UPLOADS; looking->count++) {
        size_t count = looking->processes[looking->count].count;
        uploads += count < looking->points ? count : looking->points;
    }
}

static enum receiver_error look_into_all(struct looking *looking) {
    pthread_t thread;
    bool started = looking->count > 1 && pthread_create(&thread, NULL, look_into_some, looking) == 0;
    look_into_some(looking);
    if (started) {
        pthread_join(thread, NULL);
    }
    for (size_t i = 0; i < looking->count; i++) {
        if (looking->looked[i].error != RECEIVER_OK) {
            return looking->looked[i].error;
        }
    }
    return RECEIVER_OK;
}

// ---- The answer ----

static enum receiver_error find_all(struct looking *looking, size_t processes, struct findings *findings, struct compared_gaps *compared) {
    enum receiver_error error = look_into_all(looking);
    for (size_t i = 0; i < looking->count; i++) {
        findings_join(findings, &looking->looked[i].findings);
    }
    for (size_t i = looking->count; i < processes && error == RECEIVER_OK; i++) {
        struct findings by_measures = {.service = overview_text(looking->overview, looking->processes[i].uploads->service),
                                       .host = overview_text(looking->overview, looking->processes[i].uploads->host)};
        analysis_measures(&by_measures, &looking->processes[i], NULL);
        findings_join(findings, &by_measures);
    }
    if (error == RECEIVER_OK) {
        error = analysis_versions(findings, looking->store, looking->overview, compared);
    }
    if (error == RECEIVER_OK) {
        error = analysis_restarts(findings, looking->store, looking->overview, compared);
    }
    findings_sort(findings);
    return error == RECEIVER_OK && findings->no_memory ? RECEIVER_NO_MEMORY : error;
}

enum receiver_error analysis_run(struct store *store, struct overview *overview, bool own_memory, analysis_take take, void *context) {
    struct process *processes;
    size_t count;
    struct compared_gaps compared = {0};
    struct findings findings = {0};
    enum receiver_error error = choice_make(overview, &processes, &count);
    if (error != RECEIVER_OK) {
        return error;
    }
    struct looking looking = {
        .store = store, .overview = overview, .processes = processes, .own_memory = own_memory, .budget = merge_budget_in_use()};
    set_bounds(&looking, count);
    looking.looked = calloc(looking.count + 1, sizeof *looking.looked);
    error = looking.looked ? find_all(&looking, count, &findings, &compared) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        struct gaps gaps = {.overview = overview,
                            .processes = processes,
                            .count = count,
                            .looked = looking.looked,
                            .looked_count = looking.count,
                            .compared = compared};
        take(context, &findings, &gaps);
    }
    for (size_t i = 0; looking.looked && i < looking.count; i++) {
        findings_free(&looking.looked[i].findings);
    }
    findings_free(&findings);
    free(looking.looked);
    choice_free(processes, count);
    return error;
}

static void write_all(void *json, const struct findings *findings, const struct gaps *gaps) {
    json_object_begin(json);
    gaps_write(gaps, findings->count + findings->left_out, json);
    findings_write(findings, json);
    json_object_end(json);
}

enum receiver_error analysis_write(struct store *store, struct overview *overview, bool own_memory, struct json *json) {
    return analysis_run(store, overview, own_memory, write_all, json);
}
