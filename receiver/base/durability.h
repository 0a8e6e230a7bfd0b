// durability.h: how to make the files of many uploads durable at once, by file system. Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_DURABILITY_H
#define CMEMPROF_RECEIVER_DURABILITY_H

#include <sys/types.h>

enum durability {
    DURABILITY_EACH_FILE, // fsync every file and directory
    // Write out the data first, then one call for all metadata:
    DURABILITY_JOURNAL, // an fsync of one directory commits all earlier changes
    DURABILITY_SYNCFS,  // syncfs, then an fsync so that the disk flushes its cache
};
enum durability durability_of(int directory);
// The same by file system type (statfs's f_type) and device; sys: where sysfs is mounted.
enum durability durability_of_device(long type, dev_t device, const char *sys);

#endif
