// monitor.h: what other programs ask of the receiver itself: /metrics for Prometheus, /healthz and /readyz for who starts and restarts it.
//
// /healthz is 200 as long as the process answers. /readyz is 503 with the reason while the index is read, the receiver stops, or the disk
// cannot take an upload, or does not answer. Neither needs a token. A scrape reads counters and what the lookout (../watch/lookout.h) has;
// it computes nothing.
//
// Threads: any. Memory: malloc, an answer.
#ifndef CMEMPROF_RECEIVER_MONITOR_H
#define CMEMPROF_RECEIVER_MONITOR_H

#include "../relay/relays.h"
#include "../watch/lookout.h"
#include "connections.h"
#include "thread_pool.h"
#include "tls.h"
#include "view_slots.h"

#include <stdatomic.h>

enum monitor_phase { MONITOR_STARTS, MONITOR_RUNS, MONITOR_STOPS };

struct monitor {
    atomic_int phase; // enum monitor_phase; the rest may be used while it is MONITOR_RUNS
    struct store *store;
    struct lookout *lookout;
    struct relays *relays;
    struct connections *connections;
    struct thread_pool *light, *heavy, *answering; // answering: NULL: there is no /mcp
    struct view_slots *views;
    const struct merge_budget *answers; // of /mcp
    struct tls *tls;                    // NULL: none
    struct store_options limits;
    atomic_llong probed_ms;  // the disk has answered then (monotonic; 0: never)
    atomic_llong probing_ms; // it is being asked since then; 0: it is not
    atomic_int probed;       // enum receiver_error: what it said
};

bool monitor_is_probe(const char *path); // /healthz, /readyz: for everybody, also during the start
bool monitor_has(const char *path);      // these, and /metrics
// /readyz may wait for the disk, and /metrics takes a few milliseconds: whether it is answered on another thread.
bool monitor_takes_time(const struct monitor *monitor, const char *path);
// may_wait: this is such a thread. Without, /readyz says what the disk has said last.
enum MHD_Result monitor_answer(struct monitor *monitor, struct MHD_Connection *connection, const char *path, bool may_wait);

// What the disk says: asked at most once a second, by one thread at a time; meanwhile the last answer counts, or that there is none.
enum monitor_disk { MONITOR_DISK_ANSWERS, MONITOR_DISK_HANGS };
enum monitor_disk monitor_probe(struct monitor *monitor, int64_t now_ms, bool may_wait, enum receiver_error *answer);

#endif
