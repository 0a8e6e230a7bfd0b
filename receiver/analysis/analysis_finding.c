// analysis_finding.c: findings (analysis_finding.h).
#include "analysis_finding.h"
#include "../../base/fnv.h"
#include "../../base/vector.h"
#include "../views/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void free_finding(struct finding *finding) {
    for (size_t i = 0; i < finding->frame_count; i++) {
        free(finding->stack[i].name);
    }
    free(finding);
}

void findings_free(struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        free_finding(findings->items[i]);
    }
    free(findings->items);
    findings->items = NULL;
    findings->count = findings->capacity = 0;
}

static bool append(struct findings *findings, struct finding *finding) {
    if (!VECTOR_RESERVE(findings->items, findings->capacity, findings->count + 1)) {
        findings->no_memory = true;
        return false;
    }
    findings->items[findings->count++] = finding;
    return true;
}

struct finding *findings_add(struct findings *findings, const char *kind, enum measure measure, enum severity severity, double weight) {
    struct finding *finding = calloc(1, sizeof *finding);
    findings->no_memory |= !finding;
    if (!finding) {
        return NULL;
    }
    finding->kind = kind;
    finding->measure = measure;
    finding->severity = severity;
    finding->weight = weight;
    finding->slope_bytes_per_minute = NAN;
    finding->limit_seconds = NAN;
    finding->processes = 1;
    finding->service = findings->service ? findings->service : "";
    finding->host = findings->host ? findings->host : "";
    if (append(findings, finding)) {
        return finding;
    }
    free(finding);
    return NULL;
}

bool findings_have(const struct findings *findings, enum measure measure) {
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i]->measure == measure) {
            return true;
        }
    }
    return false;
}

static int compare(const void *left, const void *right) {
    const struct finding *a = *(struct finding *const *)left, *b = *(struct finding *const *)right;
    if (a->severity != b->severity) {
        return a->severity > b->severity ? -1 : 1;
    }
    if (a->weight != b->weight) {
        return a->weight > b->weight ? -1 : 1;
    }
    return strcmp(a->title, b->title);
}

void findings_sort(struct findings *findings) {
    if (findings->count > 1) {
        qsort(findings->items, findings->count, sizeof *findings->items, compare);
    }
}

static const char *leaf_of(const struct finding *finding) {
    return finding->frame_count > 0 ? finding->stack[0].name : "";
}

static uint64_t hash(uint64_t hash, const char *text) {
    return fnv64(hash, text, strlen(text) + 1);
}

static uint64_t key_of(struct finding *finding) {
    if (finding->key == 0) {
        uint64_t key = hash(FNV64_START + finding->measure, finding->kind);
        finding->key = hash(hash(hash(key, finding->site), leaf_of(finding)), finding->service) | 1;
    }
    return finding->key;
}

static bool is_same(const struct finding *a, const struct finding *b) {
    return a->measure == b->measure && strcmp(a->kind, b->kind) == 0 && strcmp(a->site, b->site) == 0 &&
           strcmp(leaf_of(a), leaf_of(b)) == 0 && strcmp(a->service, b->service) == 0;
}

static bool is_worse(const struct finding *a, const struct finding *b) {
    return a->severity != b->severity ? a->severity > b->severity : a->weight > b->weight;
}

static void join(struct findings *findings, struct finding *finding) {
    uint64_t key = key_of(finding);
    finding->joined = findings->joins;
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *before = findings->items[i];
        if (key_of(before) == key && before->joined != findings->joins && is_same(before, finding)) {
            size_t processes = before->processes + finding->processes;
            bool worse = is_worse(finding, before);
            const struct finding *nearer =
                !(before->limit_seconds <= finding->limit_seconds) && isfinite(finding->limit_seconds) ? finding : before;
            double limit_seconds = nearer->limit_seconds;
            int64_t limit_from_ms = nearer->limit_from_ms;
            findings->items[i] = worse ? finding : before;
            findings->items[i]->limit_seconds = limit_seconds;
            findings->items[i]->limit_from_ms = limit_from_ms;
            findings->items[i]->processes = processes;
            findings->items[i]->joined = findings->joins;
            free_finding(worse ? before : finding);
            return;
        }
    }
    if (!append(findings, finding)) {
        free_finding(finding);
    }
}

static void leave_out_last(struct findings *findings) {
    findings_sort(findings);
    for (; findings->count > FINDINGS_KEPT; findings->left_out++) {
        free_finding(findings->items[--findings->count]);
    }
}

void findings_join(struct findings *findings, struct findings *more) {
    findings->joins++;
    for (size_t i = 0; i < more->count; i++) {
        join(findings, more->items[i]);
    }
    findings->no_memory |= more->no_memory;
    findings->left_out += more->left_out;
    more->count = 0;
    findings_free(more);
    if (findings->count >= 2 * FINDINGS_KEPT) {
        leave_out_last(findings);
    }
}

void finding_set_stack(struct finding *finding, const struct profile_sample_view *sample, const char *site) {
    char buffer[VIEW_NAME_BYTES];
    snprintf(finding->site, sizeof finding->site, "%s", site ? site : "");
    for (size_t i = 0; i < sample->frame_count && finding->frame_count < FINDING_MAX_FRAMES; i++) {
        const struct profile_frame *frame = &sample->frames[i];
        char *copy = strdup(view_frame_name(frame, buffer));
        if (!copy) {
            return;
        }
        bool own = *frame->function && profile_frame_role(frame) == FRAME_PROGRAM;
        finding->stack[finding->frame_count++] = (struct finding_frame){copy, own};
    }
}

// ---- Amounts ----

const char *finding_bytes(double bytes, char text[FINDING_AMOUNT_BYTES]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    for (; (bytes >= 1000 || bytes <= -1000) && unit + 1 < sizeof units / sizeof *units; unit++) {
        bytes /= 1000;
    }
    snprintf(text, FINDING_AMOUNT_BYTES, "%.3g %s", bytes, units[unit]);
    return text;
}

const char *finding_rate(double bytes_per_s, char text[FINDING_AMOUNT_BYTES]) {
    char amount[FINDING_AMOUNT_BYTES];
    snprintf(text, FINDING_AMOUNT_BYTES, "%.20s a minute", finding_bytes(60 * bytes_per_s, amount));
    return text;
}

const char *finding_duration(double seconds, char text[FINDING_AMOUNT_BYTES]) {
    if (seconds < 120) {
        snprintf(text, FINDING_AMOUNT_BYTES, "%.0f seconds", seconds);
    } else if (seconds < 7200) {
        snprintf(text, FINDING_AMOUNT_BYTES, "%.0f minutes", seconds / 60);
    } else {
        snprintf(text, FINDING_AMOUNT_BYTES, "%.3g hours", seconds / 3600);
    }
    return text;
}

const char *finding_time(int64_t unix_ms, char text[FINDING_AMOUNT_BYTES]) {
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    strftime(text, FINDING_AMOUNT_BYTES, "%Y-%m-%d %H:%M UTC", &parts);
    return text;
}

// ---- JSON ----

static void write_points(const struct finding *finding, struct json *json) {
    json_array_begin(json);
    for (size_t i = 0; i < finding->point_count; i++) {
        json_array_begin(json);
        json_number(json, finding->points[i].ms);
        json_real(json, finding->points[i].value);
        json_array_end(json);
    }
    json_array_end(json);
}

static void write_stack(const struct finding *finding, struct json *json) {
    json_key(json, "site");
    json_text(json, finding->site);
    json_key(json, "stack");
    json_array_begin(json);
    for (size_t i = 0; i < finding->frame_count; i++) {
        json_text(json, finding->stack[i].name);
    }
    json_array_end(json);
    json_key(json, "own_frames");
    json_array_begin(json);
    for (size_t i = 0; i < finding->frame_count; i++) {
        if (finding->stack[i].own) {
            json_number(json, (int64_t)i);
        }
    }
    json_array_end(json);
}

static void write_finding(const struct finding *finding, struct json *json) {
    static const char *const severities[] = {"low", "medium", "high"};
    json_object_begin(json);
    json_key(json, "kind");
    json_text(json, finding->kind);
    json_key(json, "severity");
    json_text(json, severities[finding->severity]);
    json_key(json, "title");
    json_text(json, finding->title);
    json_key(json, "evidence");
    json_text(json, finding->evidence);
    json_key(json, "advice");
    json_text(json, *finding->advice ? finding->advice : NULL);
    json_key(json, "slope_bytes_per_minute");
    json_real(json, finding->slope_bytes_per_minute);
    json_key(json, "unit");
    json_text(json, finding->unit);
    json_key(json, "service");
    json_text(json, finding->service);
    json_key(json, "host");
    json_text(json, finding->host);
    json_key(json, "processes");
    json_number(json, (int64_t)finding->processes);
    write_stack(finding, json);
    json_key(json, "attachment");
    json_text(json, *finding->attachment ? finding->attachment : NULL);
    json_key(json, "type");
    json_text(json, finding->type);
    json_key(json, "uploads");
    json_array_begin(json);
    json_number(json, finding->first_upload);
    json_number(json, finding->last_upload);
    json_array_end(json);
    json_key(json, "series");
    write_points(finding, json);
    json_object_end(json);
}

void findings_write(const struct findings *findings, struct json *json) {
    size_t shown = findings->count < FINDINGS_SHOWN ? findings->count : FINDINGS_SHOWN;
    json_key(json, "findings_left_out");
    json_number(json, (int64_t)(findings->count - shown + findings->left_out));
    json_key(json, "findings");
    json_array_begin(json);
    for (size_t i = 0; i < shown; i++) {
        write_finding(findings->items[i], json);
    }
    json_array_end(json);
}
