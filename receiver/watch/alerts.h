// alerts.h: which findings were told of, and what is yet to be told: the database DIR/alerts.sqlite.
//
// A finding is the same as long as its kind, service, site, measure and sample type are: it is told of once, whatever its figures become.
// When it is missing in ALERTS_MISSED analyses in a row it is resolved, which is told once, and new if it comes back.
//
// What is to be told is written in the transaction that remembers the finding, and removed when it was taken: it survives the end of the
// program, and is told at least once. A database that is damaged or of another version is begun anew: what is found then is told again.
// One that cannot be opened for another reason is left as it is.
//
// Threads: any; one handle with a mutex. Memory: SQLite's own; a body.
#ifndef CMEMPROF_RECEIVER_ALERTS_H
#define CMEMPROF_RECEIVER_ALERTS_H

#include "../analysis/analysis_finding.h"

enum {
    ALERTS_MISSED = 3,
    ALERTS_MAX = 1000,         // findings that are remembered; further ones are told of when others are resolved
    ALERTS_WAITING_MAX = 1000, // bodies; the oldest are dropped beyond it
    ALERTS_WAITING_MS = 24 * 3600 * 1000
};

struct alerts;
// page: the address of the page for links, "http://127.0.0.1:8126/". NULL: the database cannot be opened or made, or no memory.
struct alerts *alerts_open(const char *directory, const char *page);
void alerts_close(struct alerts *alerts); // NULL is allowed
// The findings of an analysis.
void alerts_take(struct alerts *alerts, const struct findings *findings, int64_t now_ms);

struct alerts_body {
    int64_t id;
    char *json; // the caller frees it
    size_t size;
};
// The oldest body that waits, after dropping those older than ALERTS_WAITING_MS. false: none.
bool alerts_next(struct alerts *alerts, int64_t now_ms, struct alerts_body *body);
// It was taken, or is given up: alerts_next gives later ones only. false: that is not written, so after a restart it is told again.
bool alerts_done(struct alerts *alerts, int64_t id);

struct alerts_counts {
    uint64_t known, waiting; // now
    uint64_t dropped;        // bodies that were too many or too old, since the start
    uint64_t left_out;       // findings of the last analysis beyond ALERTS_MAX
};
void alerts_count(struct alerts *alerts, struct alerts_counts *counts);

#endif
