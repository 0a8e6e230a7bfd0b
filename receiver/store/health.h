// health.h: whether uploads can be stored now, and what the data directory takes. Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_HEALTH_H
#define CMEMPROF_RECEIVER_HEALTH_H

#include "store.h"

// Writes a file of 4 KiB that has no name, and is gone at once. RECEIVER_DISK_FULL, RECEIVER_READ_ONLY, RECEIVER_DIRECTORY_GONE,
// RECEIVER_IO. Waits for the disk.
enum receiver_error health_probe(struct store *store);

struct health_disk {
    uint64_t free_bytes;
    uint64_t index_bytes, figures_bytes, rollups_bytes; // of the databases with their logs; 0: not there
};
void health_disk(struct store *store, struct health_disk *disk);

#endif
