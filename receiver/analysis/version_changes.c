// version_changes.c: where versions begin (version_changes.h).
#include "version_changes.h"
#include "../../base/vector.h"

#include <stdlib.h>
#include <string.h>

enum { GONE_MS = 10 * 60000, LOOK_BACK = 1000 }; // LOOK_BACK: uploads before a change that are looked at

struct sent {
    const struct overview_upload *upload;
    bool is_first; // of its process
};

struct change {
    uint32_t service, env, before, version;
    int64_t at_ms, before_ms, last_before_ms, end_ms; // before_ms, end_ms: where the one before began, and the other ended
};

// A version of the service at hand, in one environment.
struct known {
    size_t deployment; // 0: of none yet
    int64_t begin_ms, last_ms;
    size_t change;   // that began it, and 1; 0: none
    size_t returned; // the upload that it may be back with, after it was gone; 0: none
    size_t recent;   // its uploads of the last ten minutes
    uint32_t count;
};

struct finding_changes {
    const struct overview *overview;
    struct sent *sent; // by service, environment and start
    size_t count, deployments;
    size_t recent;           // the first upload of the last ten minutes
    size_t chosen, services; // uploads of the selection itself, and their services
    struct known *known;     // by version
    struct change *changes;
    size_t change_count, capacity;
};

static int by_process(const void *left, const void *right) {
    const struct overview_upload *a = ((const struct sent *)left)->upload, *b = ((const struct sent *)right)->upload;
    if (a->process != b->process) {
        return a->process < b->process ? -1 : 1;
    }
    return a->start_ms != b->start_ms ? (a->start_ms < b->start_ms ? -1 : 1) : a->id < b->id ? -1 : a->id > b->id;
}

static int by_deployment(const void *left, const void *right) {
    const struct overview_upload *a = ((const struct sent *)left)->upload, *b = ((const struct sent *)right)->upload;
    if (a->service != b->service) {
        return a->service < b->service ? -1 : 1;
    }
    if (a->env != b->env) {
        return a->env < b->env ? -1 : 1;
    }
    return a->start_ms != b->start_ms ? (a->start_ms < b->start_ms ? -1 : 1) : a->id < b->id ? -1 : a->id > b->id;
}

static int by_time(const void *left, const void *right) {
    const struct change *a = left, *b = right;
    if (a->at_ms != b->at_ms) {
        return a->at_ms < b->at_ms ? -1 : 1;
    }
    if (a->service != b->service) {
        return a->service < b->service ? -1 : 1;
    }
    if (a->env != b->env) {
        return a->env < b->env ? -1 : 1;
    }
    return a->version < b->version ? -1 : a->version > b->version;
}

// ---- One deployment: a service in one environment ----

// The other version with most uploads before sent[at], the later one of equals, and its last one; 0: there is none.
static uint32_t version_before(struct finding_changes *finding, size_t first, size_t at, int64_t *last_ms) {
    const struct overview_upload *now = finding->sent[at].upload;
    uint32_t most = 0;
    size_t low = at;
    while (low > first && at - low < LOOK_BACK && (low == at || finding->sent[low - 1].upload->start_ms >= now->start_ms - GONE_MS)) {
        low--;
    }
    for (size_t i = low; i < at; i++) {
        finding->known[finding->sent[i].upload->version].count = 0;
    }
    for (size_t i = low; i < at; i++) {
        uint32_t version = finding->sent[i].upload->version;
        struct known *known = &finding->known[version];
        known->count += version != now->version;
        most = known->count > 0 && (most == 0 || known->count >= finding->known[most].count) ? version : most;
    }
    for (size_t i = low; i < at; i++) {
        *last_ms = finding->sent[i].upload->version == most ? finding->sent[i].upload->start_ms : *last_ms;
    }
    return most;
}

static bool add_change(struct finding_changes *finding, size_t first, size_t at) {
    const struct overview_upload *upload = finding->sent[at].upload;
    struct known *known = &finding->known[upload->version];
    int64_t last_before_ms = 0;
    uint32_t before = version_before(finding, first, at, &last_before_ms);
    // Only itself just before, or nothing; or the other began at the same moment, so that nothing was before. Or it is before the
    // selection.
    if (before == 0 || finding->known[before].begin_ms == upload->start_ms || upload->start_ms < finding->overview->from_ms) {
        return true;
    }
    if (!VECTOR_RESERVE(finding->changes, finding->capacity, finding->change_count + 1)) {
        return false;
    }
    finding->changes[finding->change_count++] = (struct change){.service = upload->service,
                                                                .env = upload->env,
                                                                .before = before,
                                                                .version = upload->version,
                                                                .at_ms = upload->start_ms,
                                                                .before_ms = finding->known[before].begin_ms,
                                                                .last_before_ms = last_before_ms};
    known->change = finding->change_count;
    return true;
}

// The version has begun, or begun again, with sent[at].
static bool begin(struct finding_changes *finding, struct known *known, size_t first, size_t at) {
    known->begin_ms = finding->sent[at].upload->start_ms;
    known->returned = known->change = 0;
    return at == first || add_change(finding, first, at);
}

// Later uploads than the one that a version has returned with decide whether it is back: one upload of a job that still has it is not.
static bool walk_upload(struct finding_changes *finding, size_t first, size_t at) {
    const struct overview_upload *upload = finding->sent[at].upload;
    struct known *known = &finding->known[upload->version];
    bool ok = true;
    if (known->deployment != finding->deployments) {
        *known = (struct known){.deployment = finding->deployments};
        ok = begin(finding, known, first, at);
    } else if (finding->sent[at].is_first && upload->start_ms - known->last_ms >= GONE_MS &&
               finding->sent[at - 1].upload->version != upload->version) {
        known->returned = at;
        known->change = 0;
    }
    known->recent++;
    while (finding->sent[finding->recent].upload->start_ms < upload->start_ms - GONE_MS) {
        finding->known[finding->sent[finding->recent++].upload->version].recent--;
    }
    if (known->returned > 0 && upload->start_ms - finding->sent[known->returned].upload->start_ms >= GONE_MS &&
        2 * known->recent > at + 1 - finding->recent) {
        ok = begin(finding, known, first, known->returned);
    }
    known->last_ms = upload->start_ms;
    if (known->change > 0) {
        struct change *change = &finding->changes[known->change - 1];
        change->end_ms = upload->end_ms > change->end_ms ? upload->end_ms : change->end_ms;
    }
    return ok;
}

// What has returned in the last minutes is back if it has most uploads since then, and more than one.
static bool end_walk(struct finding_changes *finding, size_t first, size_t end) {
    bool ok = true;
    for (size_t at = finding->recent; ok && at < end; at++) {
        struct known *known = &finding->known[finding->sent[at].upload->version];
        size_t own = 0;
        int64_t end_ms = 0;
        if (known->returned != at || at == 0) {
            continue;
        }
        for (size_t i = at; i < end; i++) {
            const struct overview_upload *upload = finding->sent[i].upload;
            if (upload->version == finding->sent[at].upload->version) {
                own++;
                end_ms = upload->end_ms > end_ms ? upload->end_ms : end_ms;
            }
        }
        if (own > 1 && 2 * own > end - at) {
            ok = begin(finding, known, first, at);
            if (known->change > 0) {
                finding->changes[known->change - 1].end_ms = end_ms;
            }
        }
    }
    return ok;
}

// The uploads [first, end) of one service in one environment.
static bool walk_deployment(struct finding_changes *finding, size_t first, size_t end) {
    bool ok = true;
    finding->recent = first;
    for (size_t i = first; ok && i < end; i++) {
        ok = walk_upload(finding, first, i);
    }
    return ok && end_walk(finding, first, end);
}

static bool is_of(const struct overview_upload *upload, const struct overview_upload *other) {
    return upload->service == other->service && upload->env == other->env;
}

static bool find_changes(struct finding_changes *finding) {
    const struct overview *overview = finding->overview;
    for (size_t i = 0; i < overview->count; i++) {
        const struct overview_upload *upload = &overview->uploads[i];
        if (upload->service > 0 && upload->version > 0) {
            finding->sent[finding->count++] = (struct sent){.upload = upload};
        }
    }
    qsort(finding->sent, finding->count, sizeof *finding->sent, by_process);
    for (size_t i = 0; i < finding->count; i++) {
        finding->sent[i].is_first = i == 0 || finding->sent[i].upload->process != finding->sent[i - 1].upload->process;
    }
    qsort(finding->sent, finding->count, sizeof *finding->sent, by_deployment);
    bool ok = true;
    uint32_t service = 0;
    for (size_t first = 0, end; ok && first < finding->count; first = end) {
        const struct overview_upload *one = finding->sent[first].upload;
        for (end = first; end < finding->count && is_of(finding->sent[end].upload, one); end++) {
            finding->chosen += finding->sent[end].upload->start_ms >= overview->from_ms;
        }
        finding->services += one->service != service && finding->sent[end - 1].upload->start_ms >= overview->from_ms;
        service = one->service;
        finding->deployments++;
        ok = walk_deployment(finding, first, end);
    }
    if (finding->change_count > 1) {
        qsort(finding->changes, finding->change_count, sizeof *finding->changes, by_time);
    }
    return ok;
}

// ---- Writing ----

static void write_change(const struct overview *overview, const struct change *change, struct json *json) {
    int64_t before_ms = change->at_ms - change->before_ms, after_ms = change->end_ms - change->at_ms;
    int64_t least_ms = change->at_ms - change->last_before_ms; // so that each side has an upload
    int64_t length_ms = before_ms < after_ms ? before_ms : after_ms;
    length_ms = length_ms > least_ms ? length_ms : least_ms;
    length_ms = length_ms > 0 ? length_ms : 1;
    json_object_begin(json);
    json_key(json, "service");
    json_text(json, overview_text(overview, change->service));
    json_key(json, "env");
    json_text(json, overview_text(overview, change->env));
    json_key(json, "version");
    json_text(json, overview_text(overview, change->version));
    json_key(json, "before");
    json_text(json, overview_text(overview, change->before));
    json_key(json, "from_ms");
    json_number(json, change->at_ms - length_ms);
    json_key(json, "at_ms");
    json_number(json, change->at_ms);
    json_key(json, "to_ms");
    json_number(json, change->at_ms + length_ms);
    json_object_end(json);
}

static void write_all(const struct finding_changes *finding, struct json *json) {
    size_t beyond = finding->change_count > VERSION_CHANGES_MAX ? finding->change_count - VERSION_CHANGES_MAX : 0;
    json_object_begin(json);
    json_key(json, "uploads");
    json_number(json, (int64_t)finding->chosen);
    json_key(json, "uploads_left_out");
    json_number(json, (int64_t)finding->overview->left_out);
    json_key(json, "services");
    json_number(json, (int64_t)finding->services);
    json_key(json, "changes");
    json_array_begin(json);
    for (size_t i = beyond; i < finding->change_count; i++) {
        write_change(finding->overview, &finding->changes[i], json);
    }
    json_array_end(json);
    json_key(json, "changes_left_out");
    json_number(json, (int64_t)beyond);
    json_object_end(json);
}

enum receiver_error version_changes_read(struct catalog *catalog, const struct selection *selection, struct overview *overview) {
    struct selection with_before = *selection; // its values are selection's
    if (selection->from_ms > GONE_MS) {
        with_before.from_ms -= GONE_MS;
    }
    enum receiver_error error = overview_read(catalog, &with_before, overview);
    overview->from_ms = selection->from_ms > GONE_MS ? selection->from_ms : 0;
    return error;
}

enum receiver_error version_changes_write(const struct overview *overview, struct json *json) {
    struct finding_changes finding = {.overview = overview,
                                      .sent = malloc((overview->count + 1) * sizeof *finding.sent),
                                      .known = calloc(overview->text_count + 1, sizeof *finding.known)};
    bool ok = finding.sent && finding.known && find_changes(&finding);
    if (ok) {
        write_all(&finding, json);
    }
    free(finding.sent);
    free(finding.known);
    free(finding.changes);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}
