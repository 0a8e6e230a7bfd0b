// analysis_finding.c: findings (analysis_finding.h).
#include "analysis_finding.h"
#include "view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_finding(struct finding *finding) {
    for (size_t i = 0; i < finding->frame_count; i++) {
        free(finding->stack[i]);
    }
    free(finding);
}

void findings_free(struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        free_finding(findings->items[i]);
    }
    findings->count = 0;
}

struct finding *findings_add(struct findings *findings, const char *kind, enum severity severity, double weight) {
    struct finding *finding = findings->count < FINDINGS_MAX ? calloc(1, sizeof *finding) : NULL;
    if (finding) {
        *finding = (struct finding){.kind = kind, .severity = severity, .weight = weight, .slope_bytes_per_s = NAN, .processes = 1};
        findings->items[findings->count++] = finding;
    }
    return finding;
}

// The site is kept behind the stack's frames: it is not shown.
static bool is_same(const struct finding *a, const struct finding *b) {
    const char *one = a->frame_count > 0 ? a->stack[0] : "", *other = b->frame_count > 0 ? b->stack[0] : "";
    return strcmp(a->kind, b->kind) == 0 && strcmp(one, other) == 0;
}

void findings_settle(struct findings *findings, const char *site) {
    struct finding *last = findings->items[findings->count - 1];
    for (size_t i = 0; i + 1 < findings->count; i++) {
        struct finding *before = findings->items[i];
        if (!is_same(before, last) || (site && !strstr(before->title, site))) {
            continue;
        }
        size_t processes = before->processes + last->processes;
        bool heavier = last->weight > before->weight;
        findings->items[i] = heavier ? last : before;
        findings->items[i]->processes = processes;
        free_finding(heavier ? before : last);
        findings->count--;
        return;
    }
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

void finding_set_stack(struct finding *finding, const struct profile_sample_view *sample) {
    char room[VIEW_NAME_BYTES];
    for (size_t i = 0; i < sample->frame_count && finding->frame_count < FINDING_MAX_FRAMES; i++) {
        char *copy = strdup(view_frame_name(&sample->frames[i], room));
        if (!copy) {
            return;
        }
        finding->stack[finding->frame_count++] = copy;
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

// In the shortest time in which it is a megabyte.
const char *finding_rate(double bytes_per_s, char text[FINDING_AMOUNT_BYTES]) {
    static const struct {
        double seconds;
        const char *name;
    } times[] = {{1, "a second"}, {60, "a minute"}, {3600, "an hour"}, {86400, "a day"}};
    size_t at = 0;
    char amount[FINDING_AMOUNT_BYTES];
    while (at + 1 < sizeof times / sizeof *times && bytes_per_s * times[at].seconds < 1e6) {
        at++;
    }
    snprintf(text, FINDING_AMOUNT_BYTES, "%.16s %s", finding_bytes(bytes_per_s * times[at].seconds, amount), times[at].name);
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
    json_key(json, "slope_bytes_per_s");
    json_real(json, finding->slope_bytes_per_s);
    json_key(json, "processes");
    json_number(json, (int64_t)finding->processes);
    json_key(json, "stack");
    json_array_begin(json);
    for (size_t i = 0; i < finding->frame_count; i++) {
        json_text(json, finding->stack[i]);
    }
    json_array_end(json);
    json_key(json, "attachment");
    json_text(json, finding->attachment);
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
    json_key(json, "findings");
    json_array_begin(json);
    for (size_t i = 0; i < findings->count; i++) {
        write_finding(findings->items[i], json);
    }
    json_array_end(json);
}
