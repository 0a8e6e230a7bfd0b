// watch.h: a thread that knows how the services are: their newest figures (fleet.h), and the findings (found.h) of an analysis of the last
// hours. So a scrape of /metrics reads what is there, and computes nothing.
//
// The thread sleeps until somebody asks (watch_write), and again when nobody has for WATCH_IDLE_MS; with always it never does. An analysis
// that takes long is made less often, so that it never takes more than a fiftieth of a core's time. It is niced.
//
// Threads: any; its own. Memory: malloc; that of an analysis (analysis.h), of profiles WATCH_BYTES at most.
#ifndef CMEMPROF_RECEIVER_WATCH_H
#define CMEMPROF_RECEIVER_WATCH_H

#include "../base/exposition.h"
#include "../store/store.h"

enum {
    WATCH_BYTES = 256 << 20,
    WATCH_FIGURES_MS = 15 * 1000,
    WATCH_ANALYSIS_MS = 5 * 60 * 1000,
    WATCH_HOURS = 6, // of uploads, by their start
    WATCH_IDLE_MS = 15 * 60 * 1000,
    WATCH_ROUNDS = 3, // what is older than that many is not told: the thread has slept
};

struct findings;
struct json;
struct watch_options {
    int64_t analysis_ms; // 0: WATCH_ANALYSIS_MS
    bool always;         // also when nobody asks
    // Gets the findings of each analysis, on the watch's thread. NULL: nobody.
    void (*on_findings)(void *context, const struct findings *findings, int64_t now_ms);
    void *context;
    size_t max_uploads;            // that figures are of; 0: RECENT_MAX_ROWS (../index/catalog_recent.h)
    size_t max_bytes;              // of profiles, in an analysis; 0: WATCH_BYTES
    int64_t (*monotonic_ms)(void); // NULL: the clock; a test's own
};

struct watch;
struct watch *watch_start(struct store *store, const struct watch_options *options); // NULL: no memory
void watch_stop(struct watch *watch); // ends the thread and frees; before the store is closed. NULL is allowed
// What is known, as metrics, and when it was made. What was made WATCH_ROUNDS before now or earlier has no series. Wakes the thread.
void watch_write(struct watch *watch, struct exposition *exposition);

// What is suspected, as an answer (analysis/suspects.h): of the last analysis, or, where there is none yet, or one that is too old, of the
// measures of all processes, which takes a second at most, is made once for all who ask meanwhile, and is kept for as long as figures are.
// It says whether the last analysis has failed. json: empty. Wakes the thread.
enum receiver_error watch_write_suspects(struct watch *watch, int64_t now_ms, struct json *json);

// What the thread does at a time, for tests.
struct watch *watch_new(struct store *store, const struct watch_options *options); // without a thread
void watch_update_figures(struct watch *watch, int64_t now_ms);
void watch_analyse(struct watch *watch, int64_t now_ms);

#endif
