// disk_reserve.h: room in the data directory for what a full disk must not stop: a start, for which SQLite needs some to open the index,
// and removing an upload by hand, which writes to the databases. A file of 1 MiB that is given back then. Threads: one at a time keeps it,
// any use it. Memory: none.
#ifndef CMEMPROF_RECEIVER_DISK_RESERVE_H
#define CMEMPROF_RECEIVER_DISK_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

enum { DISK_RESERVE_BYTES = 1 << 20 };
#define DISK_RESERVE_NAME "reserve"

// Makes it if there is none, and if 16 times as much is free. A failure is none: the disk may be full, or know no such files.
void disk_reserve_keep(int directory);
// Gives it back. Returns false if there was none.
bool disk_reserve_use(int directory);
bool disk_has_room(int directory, uint64_t bytes); // whether so many are free on its disk

#endif
