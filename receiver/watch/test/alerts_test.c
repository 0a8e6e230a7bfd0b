// alerts_test.c: a finding is told of once, also over restarts; resolved once, when it was missing for long; what waits is bounded.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../alerts.h"

#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>

static void add(struct findings *findings, const char *kind, const char *site, const char *title) {
    findings->service = "sh&op";
    findings->host = "db-1";
    struct finding *finding = findings_add(findings, kind, MEASURE_C_LIVE_BYTES, SEVERITY_HIGH, 1);
    snprintf(finding->site, sizeof finding->site, "%s", site);
    snprintf(finding->title, sizeof finding->title, "%s", title);
    finding->slope_bytes_per_minute = 60;
    finding->type = "inuse_space";
}

static void take(struct alerts *alerts, const char *site, const char *title, int64_t now_ms) {
    struct findings findings = {0};
    if (site) {
        add(&findings, "c_leak", site, title);
    }
    alerts_take(alerts, &findings, now_ms);
    findings_free(&findings);
}

// The only body that waits, which is taken then. NULL: there is none.
static char *next(struct alerts *alerts, int64_t now_ms) {
    struct alerts_body body, another;
    if (!alerts_next(alerts, now_ms, &body)) {
        return NULL;
    }
    alerts_done(alerts, body.id);
    assert_false(alerts_next(alerts, now_ms, &another));
    return body.json;
}

static void expect(struct alerts *alerts, int64_t now_ms, const char *text) {
    char *body = next(alerts, now_ms);
    if (!body || !strstr(body, text)) {
        fail_msg("%s is not in %s", text, body);
    }
    free(body);
}

TEST(once) {
    char directory[FOLDER_BYTES];
    struct alerts_counts counts;
    assert_int_equal(folder_make(directory), 0);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    take(alerts, "main.a", "grows by 1 MB", 1767323700000);
    char *body = next(alerts, 1767323700000);
    static const char *const texts[] = {
        "{\"id\":\"1767323700000-1\",\"event\":\"finding\",\"time\":\"2026-01-02T03:15:00.000Z\",",
        "\"link\":\"http://page/profile?service=sh%26op&from=1767302100000&to=1767323700001&tab=analysis\"",
        "\"finding\":{\"kind\":\"c_leak\",\"severity\":\"high\",\"title\":\"grows by 1 MB\",\"evidence\":null,",
        "\"service\":\"sh&op\",\"host\":\"db-1\",\"site\":\"main.a\",\"slope_bytes_per_minute\":60,\"processes\":1,",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!body || !strstr(body, texts[i])) {
            fail_msg("%s is not in %s", texts[i], body);
        }
    }
    free(body);
    take(alerts, "main.a", "grows by 2 MB", 1767323800000); // the same, with other figures
    assert_null(next(alerts, 1767323800000));
    alerts_close(alerts);
    alerts = alerts_open(directory, "http://page/");
    take(alerts, "main.a", "grows by 3 MB", 1767323900000);
    assert_null(next(alerts, 1767323900000));
    for (int i = 0; i < ALERTS_MISSED - 1; i++) {
        take(alerts, NULL, NULL, 1767324000000);
    }
    take(alerts, "main.a", "grows again", 1767324100000); // it was only missing for a while
    for (int i = 0; i < ALERTS_MISSED; i++) {
        assert_null(next(alerts, 1767324100000));
        take(alerts, NULL, NULL, 1767324200000);
    }
    expect(alerts, 1767324200000,
           "\"event\":\"resolved\",\"time\":\"2026-01-02T03:23:20.000Z\",\"first_seen\":\"2026-01-02T03:15:00.000Z\"");
    take(alerts, NULL, NULL, 1767324200000);
    assert_null(next(alerts, 1767324200000));
    alerts_count(alerts, &counts);
    assert_true(counts.known == 0 && counts.waiting == 0 && counts.dropped == 0);
    take(alerts, "main.a", "grows anew", 1767324300000);
    expect(alerts, 1767324300000, "\"id\":\"1767324300000-3\",\"event\":\"finding\"");
    alerts_close(alerts);
    alerts_close(NULL);
    assert_int_equal(folder_remove(directory), 0);
}

// What was not taken is there after the end of the program, and is dropped after a day.
TEST(waits) {
    char directory[FOLDER_BYTES];
    struct alerts_counts counts;
    assert_int_equal(folder_make(directory), 0);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    take(alerts, "main.a", "x", 1000);
    alerts_close(alerts);
    alerts = alerts_open(directory, "http://page/");
    struct alerts_body body;
    assert_true(alerts_next(alerts, 1000 + ALERTS_WAITING_MS, &body));
    free(body.json);
    assert_false(alerts_next(alerts, 1001 + ALERTS_WAITING_MS, &body));
    alerts_count(alerts, &counts);
    assert_true(counts.known == 1 && counts.waiting == 0 && counts.dropped == 1);
    alerts_close(alerts);
    assert_int_equal(folder_remove(directory), 0);
}

TEST(bounded) {
    char directory[FOLDER_BYTES];
    struct alerts_counts counts;
    struct findings findings = {0};
    assert_int_equal(folder_make(directory), 0);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    for (int i = 0; i < ALERTS_MAX + 20; i++) {
        char site[20];
        snprintf(site, sizeof site, "site%d", i);
        add(&findings, "c_leak", site, "x");
    }
    alerts_take(alerts, &findings, 1000);
    alerts_count(alerts, &counts);
    assert_true(counts.known == ALERTS_MAX && counts.left_out == 20 && counts.waiting == ALERTS_WAITING_MAX && counts.dropped == 0);
    findings_free(&findings);
    for (int i = 0; i < ALERTS_MISSED; i++) {
        take(alerts, NULL, NULL, 2000);
    }
    alerts_count(alerts, &counts);
    assert_true(counts.known == 0 && counts.waiting == ALERTS_WAITING_MAX && counts.dropped == ALERTS_MAX);
    alerts_close(alerts);
    assert_int_equal(folder_remove(directory), 0);
}

static sqlite3 *lock(const char *directory, const char *sql) {
    char path[FOLDER_BYTES + 20];
    sqlite3 *other;
    snprintf(path, sizeof path, "%s/alerts.sqlite", directory);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
    return other;
}

// What cannot be noted as taken is not given again.
TEST(not_noted) {
    char directory[FOLDER_BYTES];
    struct alerts_body body;
    assert_int_equal(folder_make(directory), 0);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    take(alerts, "main.a", "x", 1000);
    assert_true(alerts_next(alerts, 1000, &body));
    free(body.json);
    sqlite3 *other = lock(directory, "BEGIN IMMEDIATE");
    assert_false(alerts_done(alerts, body.id));
    assert_false(alerts_next(alerts, 1000, &body));
    sqlite3_close(other);
    assert_false(alerts_next(alerts, 1000, &body));
    take(alerts, "main.b", "x", 1000);
    assert_true(alerts_next(alerts, 1000, &body));
    assert_non_null(strstr(body.json, "main.b"));
    free(body.json);
    assert_true(alerts_done(alerts, body.id));
    struct alerts_counts counts;
    alerts_count(alerts, &counts);
    assert_int_equal(counts.waiting, 0); // both
    alerts_close(alerts);
    assert_int_equal(folder_remove(directory), 0);
}

TEST(locked) {
    char directory[FOLDER_BYTES];
    assert_int_equal(folder_make(directory), 0);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    take(alerts, "main.a", "x", 1000);
    alerts_close(alerts);
    sqlite3 *other = lock(directory, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    assert_null(alerts_open(directory, "http://page/"));
    sqlite3_close(other);
    alerts = alerts_open(directory, "http://page/");
    expect(alerts, 1000, "main.a"); // it is kept
    alerts_close(alerts);
    assert_int_equal(folder_remove(directory), 0);
}

TEST(damaged) {
    char directory[FOLDER_BYTES], path[FOLDER_BYTES + 20];
    assert_int_equal(folder_make(directory), 0);
    snprintf(path, sizeof path, "%s/alerts.sqlite", directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++) {
        fputs("no database", file);
    }
    fclose(file);
    struct alerts *alerts = alerts_open(directory, "http://page/");
    assert_non_null(alerts);
    take(alerts, "main.a", "x", 1000);
    expect(alerts, 1000, "main.a");
    alerts_close(alerts);
    assert_int_equal(folder_remove(directory), 0);
}

int main(void) {
    return tests_run();
}
