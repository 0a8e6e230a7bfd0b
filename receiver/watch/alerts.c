// alerts.c: the database of alerts (alerts.h).
#include "alerts.h"
#include "../../base/utc.h"
#include "../base/sqlite.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VERSION = 1, LOCKED_MS = 1000, SHOWN_MS = 6 * 3600 * 1000 };

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE alert(key TEXT PRIMARY KEY, finding TEXT NOT NULL, link TEXT NOT NULL, first_ms INTEGER NOT NULL,"
    " last_ms INTEGER NOT NULL, missed INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE waiting(id INTEGER PRIMARY KEY AUTOINCREMENT, made_ms INTEGER NOT NULL, body TEXT NOT NULL);"
    "PRAGMA user_version=1;"
    "COMMIT;";

struct alerts {
    pthread_mutex_t lock;
    sqlite3 *database; // guarded by lock, as the rest
    char *page;
    uint64_t dropped, left_out;
    int64_t settled; // the newest that was taken, also if the database cannot be written
};

// ---- SQLite ----

static sqlite3_stmt *prepare(struct alerts *alerts, const char *sql) {
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(alerts->database, sql, -1, &statement, NULL);
    return statement;
}

static bool end(sqlite3_stmt *statement) {
    bool ok = statement && sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_finalize(statement);
    return ok;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text, size_t size) {
    sqlite3_bind_text64(statement, at, text, size, SQLITE_STATIC, SQLITE_UTF8);
}

// FULL: what is remembered as told is on the disk. *damaged: another file is wanted.
static bool open_at(struct alerts *alerts, const char *path, bool *damaged) {
    *damaged = false;
    int file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600); // SQLite's own would be for everybody to read
    if (file < 0) {
        return false;
    }
    close(file);
    bool ok = sqlite3_open_v2(path, &alerts->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
    sqlite3_busy_timeout(alerts->database, LOCKED_MS);
    ok = ok && sqlite_run(alerts->database, "PRAGMA journal_mode=WAL") && sqlite_run(alerts->database, "PRAGMA synchronous=FULL");
    int64_t version = ok ? sqlite_number(alerts->database, "PRAGMA user_version") : -1;
    ok = version == VERSION || (version == 0 && sqlite_run(alerts->database, schema));
    ok = ok && sqlite_number(alerts->database, "SELECT count(*) FROM alert") >= 0 &&
         sqlite_number(alerts->database, "SELECT count(*) FROM waiting") >= 0;
    if (!ok) {
        int error = alerts->database ? sqlite3_errcode(alerts->database) : SQLITE_NOMEM; // SQLITE_ERROR: there is no such table
        bool other = version >= 0 && version != VERSION && version != 0;
        *damaged = other || error == SQLITE_CORRUPT || error == SQLITE_NOTADB || error == SQLITE_ERROR;
        sqlite3_close(alerts->database);
        alerts->database = NULL;
    }
    return ok;
}

static void remove_at(const char *path) {
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *file;
        if (asprintf(&file, "%s%s", path, endings[i]) >= 0) {
            unlink(file);
            free(file);
        }
    }
}

struct alerts *alerts_open(const char *directory, const char *page) {
    struct alerts *alerts = calloc(1, sizeof *alerts);
    char *path = NULL;
    bool ok = alerts && (alerts->page = strdup(page)) && asprintf(&path, "%s/alerts.sqlite", directory) >= 0;
    bool damaged;
    if (ok && !open_at(alerts, path, &damaged)) { // what is locked, or does not fit on the disk, is kept
        ok = damaged;
        if (damaged) {
            remove_at(path);
            ok = open_at(alerts, path, &damaged);
        }
    }
    free(path);
    if (!ok) {
        free(alerts ? alerts->page : NULL);
        free(alerts);
        return NULL;
    }
    pthread_mutex_init(&alerts->lock, NULL);
    return alerts;
}

void alerts_close(struct alerts *alerts) {
    if (alerts) {
        sqlite3_close(alerts->database);
        pthread_mutex_destroy(&alerts->lock);
        free(alerts->page);
        free(alerts);
    }
}

// ---- Bodies ----

static void write_encoded(FILE *out, const char *value) {
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c);
        fprintf(out, plain ? "%c" : "%%%02X", c);
    }
}

// The tab Analysis of what the service sent in these hours. The caller frees it. NULL: no memory.
static char *link_of(const struct alerts *alerts, const struct finding *finding, int64_t now_ms) {
    char *link = NULL;
    size_t size;
    FILE *out = open_memstream(&link, &size);
    if (!out) {
        return NULL;
    }
    fprintf(out, "%sprofile?service=", alerts->page);
    write_encoded(out, finding->service);
    fprintf(out, "&from=%" PRId64 "&to=%" PRId64 "&tab=analysis", now_ms - SHOWN_MS, now_ms + 1);
    if (fclose(out) != 0) {
        free(link);
        return NULL;
    }
    return link;
}

static void write_finding(const struct finding *finding, struct json *json) {
    static const char *const severities[] = {"low", "medium", "high"};
    const char *const texts[][2] = {{"kind", finding->kind},     {"severity", severities[finding->severity]},
                                    {"title", finding->title},   {"evidence", finding->evidence},
                                    {"advice", finding->advice}, {"service", finding->service},
                                    {"host", finding->host},     {"site", finding->site}};
    json_object_begin(json);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_key(json, texts[i][0]);
        json_text(json, *texts[i][1] ? texts[i][1] : NULL);
    }
    json_key(json, "slope_bytes_per_minute");
    json_real(json, finding->slope_bytes_per_minute);
    json_key(json, "processes");
    json_number(json, (int64_t)finding->processes);
    json_key(json, "uploads");
    json_array_begin(json);
    json_number(json, finding->first_upload);
    json_number(json, finding->last_upload);
    json_array_end(json);
    json_object_end(json);
}

static void write_key(const struct finding *finding, struct json *json) {
    json_array_begin(json);
    json_text(json, finding->kind);
    json_text(json, finding->service);
    json_text(json, finding->site);
    json_number(json, finding->measure);
    json_text(json, finding->type);
    json_array_end(json);
}

// number: of the row in waiting, which with its time makes the id.
static void write_body(const char *event, const char *finding, const char *link, int64_t first_ms, int64_t now_ms, int64_t number,
                       struct json *json) {
    char id[60], time[UTC_TEXT_BYTES], first[UTC_TEXT_BYTES];
    snprintf(id, sizeof id, "%" PRId64 "-%" PRId64, now_ms, number);
    utc_text(now_ms, time);
    utc_text(first_ms, first);
    json_object_begin(json);
    const char *const texts[][2] = {{"id", id}, {"event", event}, {"time", time}, {"first_seen", first}, {"link", link}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_key(json, texts[i][0]);
        json_text(json, texts[i][1]);
    }
    json_key(json, "finding");
    json_raw(json, finding, strlen(finding));
    json_object_end(json);
}

static bool add_waiting(struct alerts *alerts, const char *event, const char *finding, const char *link, int64_t first_ms, int64_t now_ms) {
    int64_t number = sqlite_number(alerts->database, "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence");
    struct json body = {0};
    write_body(event, finding, link, first_ms, now_ms, number, &body);
    sqlite3_stmt *insert = prepare(alerts, "INSERT INTO waiting(made_ms, body) VALUES(?1, ?2)");
    sqlite3_bind_int64(insert, 1, now_ms);
    bind_text(insert, 2, body.bytes, body.size);
    bool ok = !json_failed(&body) && end(insert);
    json_free(&body);
    return ok;
}

// ---- Taking findings ----

static bool update(struct alerts *alerts, const struct json *key, int64_t now_ms) {
    sqlite3_stmt *seen = prepare(alerts, "UPDATE alert SET last_ms = ?2, missed = 0 WHERE key = ?1");
    bind_text(seen, 1, key->bytes, key->size);
    sqlite3_bind_int64(seen, 2, now_ms);
    return end(seen) && sqlite3_changes(alerts->database) > 0;
}

static bool insert(struct alerts *alerts, const struct json *key, const struct finding *finding, int64_t now_ms) {
    struct json text = {0};
    char *link = link_of(alerts, finding, now_ms);
    write_finding(finding, &text);
    text.comma = false;
    json_raw(&text, "", 1);
    bool ok = link && !json_failed(&text);
    if (ok) {
        sqlite3_stmt *alert = prepare(alerts, "INSERT INTO alert VALUES(?1, ?2, ?3, ?4, ?4, 0)");
        bind_text(alert, 1, key->bytes, key->size);
        bind_text(alert, 2, text.bytes, strlen(text.bytes));
        bind_text(alert, 3, link, strlen(link));
        sqlite3_bind_int64(alert, 4, now_ms);
        ok = end(alert) && add_waiting(alerts, "finding", text.bytes, link, now_ms, now_ms);
    }
    json_free(&text);
    free(link);
    return ok;
}

static bool take_one(struct alerts *alerts, const struct finding *finding, int64_t now_ms, int64_t *known) {
    struct json key = {0};
    write_key(finding, &key);
    bool ok = !json_failed(&key);
    if (ok && !update(alerts, &key, now_ms)) {
        bool fits = *known < ALERTS_MAX;
        alerts->left_out += !fits;
        *known += fits;
        ok = !fits || insert(alerts, &key, finding, now_ms);
    }
    json_free(&key);
    return ok;
}

static bool resolve(struct alerts *alerts, int64_t now_ms) {
    bool ok = true;
    sqlite3_stmt *gone = prepare(alerts, "SELECT finding, link, first_ms FROM alert WHERE missed >= ?1");
    sqlite3_bind_int(gone, 1, ALERTS_MISSED);
    while (ok && gone && sqlite3_step(gone) == SQLITE_ROW) {
        ok = add_waiting(alerts, "resolved", (const char *)sqlite3_column_text(gone, 0), (const char *)sqlite3_column_text(gone, 1),
                         sqlite3_column_int64(gone, 2), now_ms);
    }
    sqlite3_finalize(gone);
    sqlite3_stmt *forget = prepare(alerts, "DELETE FROM alert WHERE missed >= ?1");
    sqlite3_bind_int(forget, 1, ALERTS_MISSED);
    return end(forget) && ok;
}

static bool drop_beyond(struct alerts *alerts) {
    sqlite3_stmt *drop = prepare(alerts, "DELETE FROM waiting WHERE id <= (SELECT id FROM waiting ORDER BY id DESC LIMIT 1 OFFSET ?1)");
    sqlite3_bind_int(drop, 1, ALERTS_WAITING_MAX);
    bool ok = end(drop);
    alerts->dropped += ok ? (uint64_t)sqlite3_changes(alerts->database) : 0;
    return ok;
}

void alerts_take(struct alerts *alerts, const struct findings *findings, int64_t now_ms) {
    pthread_mutex_lock(&alerts->lock);
    alerts->left_out = 0;
    bool begun = sqlite_run(alerts->database, "BEGIN IMMEDIATE"),
         ok = begun && sqlite_run(alerts->database, "UPDATE alert SET missed = missed + 1");
    int64_t known = ok ? sqlite_number(alerts->database, "SELECT count(*) FROM alert") : 0;
    for (size_t i = 0; ok && i < findings->count; i++) {
        ok = take_one(alerts, findings->items[i], now_ms, &known);
    }
    ok = ok && resolve(alerts, now_ms) && drop_beyond(alerts);
    if (begun && (!ok || !sqlite_run(alerts->database, "COMMIT"))) {
        sqlite_run(alerts->database, "ROLLBACK"); // the next analysis finds the same
    }
    pthread_mutex_unlock(&alerts->lock);
}

// ---- Telling ----

bool alerts_next(struct alerts *alerts, int64_t now_ms, struct alerts_body *body) {
    *body = (struct alerts_body){0};
    pthread_mutex_lock(&alerts->lock);
    sqlite3_stmt *old = prepare(alerts, "DELETE FROM waiting WHERE made_ms < ?1");
    sqlite3_bind_int64(old, 1, now_ms - ALERTS_WAITING_MS);
    alerts->dropped += end(old) ? (uint64_t)sqlite3_changes(alerts->database) : 0;
    sqlite3_stmt *first = prepare(alerts, "SELECT id, body FROM waiting WHERE id > ?1 ORDER BY id LIMIT 1");
    sqlite3_bind_int64(first, 1, alerts->settled);
    if (first && sqlite3_step(first) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(first, 1);
        body->id = sqlite3_column_int64(first, 0);
        body->json = text ? strdup(text) : NULL;
        body->size = body->json ? strlen(body->json) : 0;
    }
    sqlite3_finalize(first);
    pthread_mutex_unlock(&alerts->lock);
    return body->json;
}

bool alerts_done(struct alerts *alerts, int64_t id) {
    pthread_mutex_lock(&alerts->lock);
    alerts->settled = id > alerts->settled ? id : alerts->settled;
    sqlite3_stmt *done = prepare(alerts, "DELETE FROM waiting WHERE id <= ?1"); // bodies are taken in order
    sqlite3_bind_int64(done, 1, id);
    bool ok = end(done);
    pthread_mutex_unlock(&alerts->lock);
    return ok;
}

void alerts_count(struct alerts *alerts, struct alerts_counts *counts) {
    pthread_mutex_lock(&alerts->lock);
    int64_t known = sqlite_number(alerts->database, "SELECT count(*) FROM alert"),
            waiting = sqlite_number(alerts->database, "SELECT count(*) FROM waiting");
    *counts = (struct alerts_counts){.known = known > 0 ? (uint64_t)known : 0,
                                     .waiting = waiting > 0 ? (uint64_t)waiting : 0,
                                     .dropped = alerts->dropped,
                                     .left_out = alerts->left_out};
    pthread_mutex_unlock(&alerts->lock);
}
