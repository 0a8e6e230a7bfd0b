// durability.h: how the files of many uploads are made lasting at once; that depends on the file system. Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_DURABILITY_H
#define CMEMPROF_RECEIVER_DURABILITY_H

#include <sys/types.h>

enum durability {
    DURABILITY_EACH_FILE, // every file and directory by itself
    // Bytes are written out first, then one call for all names, sizes and places:
    DURABILITY_JOURNAL, // an fsync of one directory commits all that was changed before it
    DURABILITY_SYNCFS,  // syncfs, then an fsync so that the disk empties its cache
};
enum durability durability_of(int directory);
// The same for a file system of that type (statfs's f_type) on that device; sys is where sysfs is mounted.
enum durability durability_of_device(long type, dev_t device, const char *sys);

#endif
