// analysis.c: what stands out in a selection (analysis.h).
#include "analysis.h"
#include "analysis_rules.h"

#include <stdlib.h>
#include <string.h>

// Those with the most uploads. 8 with 60 profiles of three kinds each are read in some 3 s.
enum { MOST_PROCESSES = 8 };

struct process {
    struct merged_list list; // a stretch of the sorted copy, by time
};

static int compare_uploads(const void *left, const void *right) {
    const struct merged_upload *a = left, *b = right;
    if (a->process != b->process) {
        return a->process < b->process ? -1 : 1;
    }
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_processes(const void *left, const void *right) {
    size_t a = ((const struct process *)left)->list.count, b = ((const struct process *)right)->list.count;
    return a > b ? -1 : a < b;
}

// Splits the sorted uploads; *processes has room for all.
static size_t split(struct merged_upload *uploads, size_t count, struct process *processes) {
    size_t used = 0;
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && uploads[to].process == uploads[from].process; to++) {
        }
        processes[used++].list = (struct merged_list){uploads + from, to - from, 0};
    }
    if (used > 1) {
        qsort(processes, used, sizeof *processes, compare_processes);
    }
    return used;
}

// At most TREND_MAX_POINTS of them, evenly, the first and the last included; in place.
static void thin(struct merged_list *list) {
    if (list->count <= TREND_MAX_POINTS) {
        return;
    }
    for (size_t i = 0; i < TREND_MAX_POINTS; i++) {
        list->uploads[i] = list->uploads[i * (list->count - 1) / (TREND_MAX_POINTS - 1)];
    }
    list->count = TREND_MAX_POINTS;
}

// The first kind of heap profile that the process has.
static enum receiver_error read_heap(struct store *store, const struct merged_list *list, const struct heap **heap, struct stacks *stacks) {
    static const struct heap heaps[] = {{"delta-heap.pprof", "inuse_space", "Go "},
                                        {"heap.pprof", "inuse_space", "Go "},
                                        {"profile.pprof", "heap-space", "Python "},
                                        {"space.pprof", "inuse_space", "JavaScript "},
                                        {"space.pprof", "space", "JavaScript "}}; // up to dd-trace-js 5.40
    for (size_t i = 0; i < sizeof heaps / sizeof *heaps; i++) {
        enum receiver_error error = stacks_read(store, list, heaps[i].attachment, heaps[i].type, stacks);
        if (error != RECEIVER_OK || stacks->profile_count > 0) {
            *heap = &heaps[i];
            return error;
        }
        stacks_free(stacks);
    }
    *heap = NULL;
    return RECEIVER_OK;
}

static bool look_at_goroutines(struct findings *findings, struct store *store, const struct merged_list *list) {
    struct stacks stacks;
    if (stacks_read(store, list, "goroutines.pprof", "goroutine", &stacks) != RECEIVER_OK) {
        return false;
    }
    bool ok = analysis_goroutines(findings, &stacks);
    stacks_free(&stacks);
    return ok;
}

static bool look_at_memory(struct findings *findings, struct store *store, const struct merged_list *list, const struct metrics *metrics,
                           bool own_memory) {
    const struct heap *heap;
    struct stacks stacks = {0};
    if (read_heap(store, list, &heap, &stacks) != RECEIVER_OK) {
        return false;
    }
    stacks.own_memory = own_memory;
    bool ok = (!heap || analysis_live_memory(findings, &stacks, heap)) && analysis_churn(findings, metrics, heap ? &stacks : NULL, heap);
    stacks_free(&stacks);
    return ok;
}

static enum receiver_error look_at(struct findings *findings, struct store *store, struct merged_list *list, bool own_memory) {
    struct metrics *metrics;
    enum receiver_error error = metrics_read(store, list, &metrics);
    if (error != RECEIVER_OK) {
        return error;
    }
    thin(list);
    bool ok = look_at_memory(findings, store, list, metrics, own_memory) && look_at_goroutines(findings, store, list) &&
              analysis_locks(findings, metrics, store, list) && analysis_fragmentation(findings, metrics, list) &&
              analysis_lost_samples(findings, metrics, list);
    metrics_free(metrics);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static void write_answer(const struct findings *findings, const struct merged_list *list, size_t processes, size_t profiles,
                         struct json *json) {
    struct merged_report report = {.uploads = list->count, .processes = processes, .left_out = list->left_out};
    json_object_begin(json);
    merged_report_write(&report, json);
    json_key(json, "profiles");
    json_number(json, (int64_t)profiles);
    findings_write(findings, json);
    json_object_end(json);
}

enum receiver_error analysis_write(struct store *store, const struct merged_list *list, bool own_memory, struct json *json) {
    struct merged_upload *uploads = malloc((list->count + 1) * sizeof *uploads);
    struct process *processes = calloc(list->count + 1, sizeof *processes);
    struct findings findings = {0};
    enum receiver_error error = uploads && processes ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    size_t count = 0, profiles = 0;
    if (error == RECEIVER_OK && list->count > 0) {
        memcpy(uploads, list->uploads, list->count * sizeof *uploads);
        qsort(uploads, list->count, sizeof *uploads, compare_uploads);
        count = split(uploads, list->count, processes);
        count = count < MOST_PROCESSES ? count : MOST_PROCESSES;
    }
    for (size_t i = 0; i < count && error == RECEIVER_OK; i++) {
        error = look_at(&findings, store, &processes[i].list, own_memory);
        profiles += processes[i].list.count;
    }
    if (error == RECEIVER_OK) {
        findings_sort(&findings);
        write_answer(&findings, list, count, profiles, json);
    }
    findings_free(&findings);
    free(uploads);
    free(processes);
    return error;
}
