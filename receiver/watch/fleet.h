// fleet.h: what the services that report now need, each a sum over its processes of the newest figure of each: for /metrics.
//
// Measures are in the index's memory; resident memory (memory_rss_bytes of metrics.json) is read from the database of figures once for each
// upload, and kept for the next call.
//
// Threads: a struct belongs to one. Memory: malloc; 24 bytes a process, 100 and its name a service, and what catalog_recent.h takes
// meanwhile.
#ifndef CMEMPROF_RECEIVER_FLEET_H
#define CMEMPROF_RECEIVER_FLEET_H

#include "../store/store.h"

enum { FLEET_MAX_SERVICES = 500, FLEET_NAME_BYTES = 201, FLEET_RECENT_MS = 5 * 60 * 1000 };
enum fleet_figure { FLEET_C_LIVE, FLEET_HEAP_LIVE, FLEET_RESIDENT, FLEET_FIGURES };

struct fleet_service {
    char *name; // "" if its uploads have none
    size_t processes;
    int64_t newest_ms; // when its last upload arrived
    double sums[FLEET_FIGURES];
    size_t counts[FLEET_FIGURES]; // processes that said it
};
struct fleet {
    struct fleet_service *services; // those with most processes first
    size_t count, left_out;         // left_out: services beyond FLEET_MAX_SERVICES
    size_t processes, processes_left_out;
    bool rows_left_out;              // of catalog_recent.h
    int64_t made_ms;                 // 0: never
    struct fleet_resident *resident; // by process
    size_t resident_count;
};
void fleet_free(struct fleet *fleet); // zero-initialised is empty
// Of processes whose uploads arrived within FLEET_RECENT_MS, of the newest max_uploads. before: what was made last, or a zeroed one; it is
// only read. RECEIVER_NO_MEMORY: *made is empty.
enum receiver_error fleet_make(const struct fleet *before, struct store *store, int64_t now_ms, size_t max_uploads, struct fleet *made);

#endif
