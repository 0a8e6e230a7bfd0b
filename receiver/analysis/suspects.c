// suspects.c: the worst finding of each service (suspects.h).
#include "suspects.h"
#include "../../base/vector.h"
#include "analysis_rules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_MS (INT64_C(3600) * 1000) // of a version's first upload
#define EARLY_MS (INT64_C(600) * 1000) // a shape may begin some points before the rise

void suspects_free(struct suspects *suspects) {
    free(suspects->list);
    *suspects = (struct suspects){0};
}

// ---- Versions ----

// A version of a service, by its first upload.
struct seen {
    uint32_t service, version;
    int64_t first_ms;
};
struct history {
    struct seen *list;
    size_t count, capacity;
};

static bool see(struct history *history, size_t *last, const struct overview_upload *upload) {
    struct seen *at = history->count > 0 ? &history->list[*last] : NULL;
    if (!at || at->service != upload->service || at->version != upload->version) {
        size_t i = 0;
        while (i < history->count && (history->list[i].service != upload->service || history->list[i].version != upload->version)) {
            i++;
        }
        if (i == history->count) {
            if (!VECTOR_RESERVE(history->list, history->capacity, history->count + 1)) {
                return false;
            }
            history->list[history->count++] = (struct seen){upload->service, upload->version, upload->start_ms};
        }
        *last = i;
        at = &history->list[i];
    }
    at->first_ms = upload->start_ms < at->first_ms ? upload->start_ms : at->first_ms;
    return true;
}

static int by_service(const void *left, const void *right) {
    const struct seen *a = left, *b = right;
    if (a->service != b->service) {
        return a->service < b->service ? -1 : 1;
    }
    return a->first_ms < b->first_ms ? -1 : a->first_ms > b->first_ms;
}

// Sorted by service and time. The count of services is *services.
static bool read_history(const struct overview *overview, struct history *history, size_t *services) {
    size_t last = 0;
    *history = (struct history){0};
    for (size_t i = 0; i < overview->count; i++) { // uploads of one process follow each other
        if (!see(history, &last, &overview->uploads[i])) {
            return false;
        }
    }
    if (history->count > 0) {
        qsort(history->list, history->count, sizeof *history->list, by_service);
    }
    *services = 0;
    for (size_t i = 0; i < history->count; i++) {
        *services += i == 0 || history->list[i].service != history->list[i - 1].service;
    }
    return true;
}

// The version of the process that the finding is of, by the finding's last upload. Only of a version that was not there in the window's
// first hour is it known that it began later than those beside it.
static void find_version(const struct overview *overview, const struct history *history, const struct overview_upload *upload,
                         int64_t from_ms, struct suspect *suspect) {
    const struct seen *found = NULL, *before = NULL;
    for (size_t i = 0; i < history->count && !found; i++) {
        const struct seen *one = &history->list[i];
        found = one->service == upload->service && one->version == upload->version ? one : NULL;
    }
    for (size_t i = 0; found && history->list + i < found; i++) {
        const struct seen *one = &history->list[i];
        before = one->service == found->service && one->first_ms < found->first_ms ? one : before;
    }
    if (!found || found->version == 0) {
        return;
    }
    snprintf(suspect->version, sizeof suspect->version, "%s", overview_text(overview, found->version));
    suspect->is_of_version = before && before->version != 0 && found->first_ms - from_ms > NEAR_MS &&
                             suspect->since_ms - found->first_ms < NEAR_MS && found->first_ms <= suspect->since_ms + EARLY_MS;
    if (suspect->is_of_version) {
        snprintf(suspect->version_before, sizeof suspect->version_before, "%s", overview_text(overview, before->version));
    }
}

struct last {
    int64_t id;
    size_t suspect;
};

static int by_id(const void *left, const void *right) {
    const struct last *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

// Of those whose beginning is known.
static void find_versions(const struct overview *overview, const struct history *history, struct suspects *suspects) {
    struct last lasts[SUSPECTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < suspects->count; i++) {
        if (suspects->list[i].since_ms) {
            lasts[count++] = (struct last){suspects->list[i].last_upload, i};
        }
    }
    qsort(lasts, count, sizeof *lasts, by_id);
    for (size_t i = 0; count > 0 && i < overview->count; i++) {
        const struct overview_upload *upload = &overview->uploads[i];
        const struct last *last = bsearch(&(struct last){.id = upload->id}, lasts, count, sizeof *lasts, by_id);
        while (last && last > lasts && last[-1].id == upload->id) {
            last--;
        }
        for (; last && last < lasts + count && last->id == upload->id; last++) {
            find_version(overview, history, upload, suspects->from_ms, &suspects->list[last->suspect]);
        }
    }
}

// ---- Suspects ----

static bool is_of_bytes(const struct finding *finding) {
    return finding->unit && strcmp(finding->unit, "bytes") == 0;
}

// The median of three points.
static double three_from(const struct finding *finding, size_t from) {
    size_t left = finding->point_count - from;
    return trend_median_of(finding->points + from, left < 3 ? left : 3);
}

// Since when, and what has come since: by the shape of its series.
static void set_rise(const struct finding *finding, struct suspect *suspect) {
    suspect->kept_bytes = NAN;
    if (finding->point_count == 0) {
        return;
    }
    struct shape shape = shape_of(finding->points, finding->point_count, 0);
    size_t from = shape.kind == SHAPE_NONE ? 0 : shape.kind == SHAPE_GROWS ? shape.start : shape.before;
    suspect->since_ms = finding->points[from < finding->point_count ? from : 0].ms;
    if (is_of_bytes(finding)) {
        double now = three_from(finding, finding->point_count > 3 ? finding->point_count - 3 : 0);
        double before = shape.kind == SHAPE_NONE ? 0 : shape.kind == SHAPE_GROWS ? three_from(finding, shape.start) : shape.from;
        suspect->kept_bytes = now - before;
    }
}

static void fill(const struct finding *finding, struct suspect *suspect) {
    *suspect = (struct suspect){.kind = finding->kind,
                                .type = finding->type,
                                .severity = finding->severity,
                                .slope_bytes_per_minute = finding->slope_bytes_per_minute,
                                .limit_seconds = NAN,
                                .processes = finding->processes,
                                .first_upload = finding->first_upload,
                                .last_upload = finding->last_upload};
    snprintf(suspect->service, sizeof suspect->service, "%s", finding->service);
    snprintf(suspect->host, sizeof suspect->host, "%s", finding->host);
    snprintf(suspect->title, sizeof suspect->title, "%s", finding->title);
    snprintf(suspect->evidence, sizeof suspect->evidence, "%s", finding->evidence);
    snprintf(suspect->site, sizeof suspect->site, "%s", finding->site);
    snprintf(suspect->attachment, sizeof suspect->attachment, "%s", finding->attachment);
    set_rise(finding, suspect);
}

static bool is_limit(const struct finding *finding) {
    return strcmp(finding->kind, "memory_limit") == 0;
}

static struct suspect *of_service(struct suspects *suspects, const char *service) {
    for (size_t i = 0; i < suspects->count; i++) {
        if (strncmp(suspects->list[i].service, service, SUSPECT_NAME_BYTES - 1) == 0) {
            return &suspects->list[i];
        }
    }
    return NULL;
}

// That memory reaches its limit says no more than what makes it grow: it is the suspect only where nothing else was found.
static void add(struct suspects *suspects, const struct finding *finding) {
    struct suspect *known = of_service(suspects, finding->service);
    if (!known && suspects->count == SUSPECTS_MAX) {
        suspects->left_out++;
        return;
    }
    double limit_seconds = known ? known->limit_seconds : NAN;
    int64_t limit_from_ms = known ? known->limit_from_ms : 0;
    if (is_limit(finding) && isfinite(finding->limit_seconds) && !(limit_seconds <= finding->limit_seconds)) {
        limit_seconds = finding->limit_seconds;
        limit_from_ms = finding->limit_from_ms;
    }
    bool replaces = known && strcmp(known->kind, "memory_limit") == 0 && !is_limit(finding);
    size_t others = known ? known->others + 1 : 0;
    if (!known || replaces) {
        enum severity severity = known && known->severity > finding->severity ? known->severity : finding->severity;
        known = known ? known : &suspects->list[suspects->count++];
        fill(finding, known);
        known->severity = severity;
    }
    known->others = others;
    known->limit_seconds = limit_seconds;
    known->limit_from_ms = limit_from_ms;
}

// What all was looked at, and what was not.
static void count_looked_at(const struct suspects_base *base, struct suspects *suspects) {
    const struct overview *overview = base->overview;
    for (size_t i = 0; i < overview->count; i++) {
        suspects->processes += i == 0 || overview->uploads[i].process != overview->uploads[i - 1].process;
        bool is_first = i == 0 || overview->uploads[i].start_ms < suspects->from_ms;
        suspects->from_ms = is_first ? overview->uploads[i].start_ms : suspects->from_ms;
    }
    for (size_t i = 0; i < base->count; i++) {
        suspects->not_examined += base->processes[i].told == 0;
        suspects->by_totals += base->processes[i].told > 0 && i >= base->looked_count;
    }
    suspects->uploads = overview->count;
    suspects->uploads_left_out = overview->left_out;
}

bool suspects_take(struct suspects *suspects, const struct findings *findings, const struct suspects_base *base) {
    struct history history;
    const struct overview *overview = base->overview;
    *suspects = (struct suspects){.left_out = findings->left_out};
    count_looked_at(base, suspects);
    suspects->list = malloc(SUSPECTS_MAX * sizeof *suspects->list);
    bool ok = read_history(overview, &history, &suspects->services) && suspects->list;
    for (size_t i = 0; ok && i < findings->count; i++) {
        add(suspects, findings->items[i]);
    }
    if (ok) {
        find_versions(overview, &history, suspects);
    }
    free(history.list);
    if (!ok) {
        suspects_free(suspects);
    }
    return ok;
}

enum receiver_error suspects_screen(struct overview *overview, struct suspects *suspects) {
    struct process *processes;
    struct findings findings = {0};
    size_t count;
    *suspects = (struct suspects){0};
    enum receiver_error error = choice_make(overview, &processes, &count);
    if (error != RECEIVER_OK) {
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        struct findings by_measures = {.service = overview_text(overview, processes[i].uploads->service),
                                       .host = overview_text(overview, processes[i].uploads->host)};
        analysis_measures(&by_measures, &processes[i], NULL);
        findings_join(&findings, &by_measures);
    }
    findings_sort(&findings);
    const struct suspects_base base = {.overview = overview, .processes = processes, .count = count, .looked_count = count};
    bool ok = !findings.no_memory && suspects_take(suspects, &findings, &base);
    findings_free(&findings);
    choice_free(processes, count);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// ---- JSON ----

static void write_text(struct json *json, const char *key, const char *text) {
    json_member_text(json, key, text && *text ? text : NULL);
}

static void write_real(struct json *json, const char *key, double number) {
    json_key(json, key);
    json_real(json, number);
}

// 0: not known.
static void write_time(struct json *json, const char *key, int64_t ms) {
    json_key(json, key);
    if (ms) {
        json_number(json, ms);
    } else {
        json_text(json, NULL);
    }
}

static void write_one(const struct suspect *suspect, struct json *json) {
    static const char *const severities[] = {"low", "medium", "high"};
    json_object_begin(json);
    json_key(json, "service");
    json_text(json, suspect->service);
    write_text(json, "host", suspect->host);
    write_text(json, "kind", suspect->kind);
    write_text(json, "severity", severities[suspect->severity]);
    write_text(json, "title", suspect->title);
    write_text(json, "evidence", suspect->evidence);
    write_text(json, "site", suspect->site);
    write_real(json, "slope_bytes_per_minute", suspect->slope_bytes_per_minute);
    write_real(json, "kept_bytes", suspect->kept_bytes);
    write_real(json, "limit_seconds", suspect->limit_seconds);
    write_time(json, "limit_from_ms", suspect->limit_from_ms);
    write_time(json, "since_ms", suspect->since_ms);
    write_text(json, "version", suspect->version);
    write_text(json, "version_before", suspect->version_before);
    json_key(json, "version_brought_it");
    json_bool(json, suspect->is_of_version);
    json_member_number(json, "processes", (int64_t)suspect->processes);
    json_member_number(json, "others", (int64_t)suspect->others);
    write_text(json, "attachment", suspect->attachment);
    write_text(json, "type", suspect->type);
    json_key(json, "uploads");
    json_array_begin(json);
    json_number(json, suspect->first_upload);
    json_number(json, suspect->last_upload);
    json_array_end(json);
    json_object_end(json);
}

void suspects_write(const struct suspects *suspects, struct json *json) {
    json_object_begin(json);
    json_member_number(json, "from_ms", suspects->from_ms);
    json_member_number(json, "made_ms", suspects->made_ms);
    json_key(json, "by_measures_alone");
    json_bool(json, !suspects->has_stacks);
    json_member_number(json, "services", (int64_t)suspects->services);
    json_member_number(json, "processes", (int64_t)suspects->processes);
    json_member_number(json, "uploads", (int64_t)suspects->uploads);
    json_member_number(json, "uploads_left_out", (int64_t)suspects->uploads_left_out);
    json_member_number(json, "processes_not_examined", (int64_t)suspects->not_examined);
    json_member_number(json, "processes_by_totals", (int64_t)suspects->by_totals);
    json_member_number(json, "findings_left_out", (int64_t)suspects->left_out);
    json_key(json, "analysis_failed");
    json_bool(json, suspects->analysis_failed);
    json_key(json, "suspects");
    json_array_begin(json);
    for (size_t i = 0; i < suspects->count; i++) {
        write_one(&suspects->list[i], json);
    }
    json_array_end(json);
    json_object_end(json);
}
