// catalog_recent.h: of the index in memory: how large it is, and what each process that reports now has said last.
//
// Threads: any. Memory: malloc, 100 bytes for each process; RECENT_MAX_PROCESSES at most.
#ifndef CMEMPROF_RECEIVER_CATALOG_RECENT_H
#define CMEMPROF_RECEIVER_CATALOG_RECENT_H

#include "catalog.h"

struct catalog_size {
    size_t uploads, memory_bytes;
    uint64_t disk_bytes;
    int64_t oldest_ms, newest_ms; // by their arrival; 0: there is none
    int64_t oldest_free_ms;       // of those that are not pinned, or the newest
};
void catalog_size(struct catalog *catalog, struct catalog_size *size);

enum { RECENT_MAX_ROWS = 100000, RECENT_MAX_PROCESSES = 10000 };

struct recent_process {
    uint64_t process;          // search_process
    int64_t first_id, last_id; // of its uploads that were looked at
    int64_t received_ms;       // of the last one
    uint32_t service;          // an index into services
    struct measures measures;  // of each the newest value; NAN: none
};
struct recent {
    struct recent_process *processes; // the one that reported last comes first
    size_t count, capacity;
    char **services; // names, each once; "" if unknown
    size_t service_count, service_capacity;
    size_t processes_left_out; // uploads of processes beyond RECENT_MAX_PROCESSES
    bool rows_left_out;        // there are uploads since then beyond max_rows: processes may be missing
};
// Processes with uploads that arrived since then, of the newest max_rows uploads. RECEIVER_NO_MEMORY.
enum receiver_error catalog_recent(struct catalog *catalog, int64_t since_ms, size_t max_rows, struct recent *recent);
void recent_free(struct recent *recent); // zero-initialised is empty

#endif
