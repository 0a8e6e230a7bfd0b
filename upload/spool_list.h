// spool_list.h: the files of a spool, and their names: NUMBER-RANDOM.batch, both of 16 hexadecimal digits, and .half until written.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_UPLOAD_SPOOL_LIST_H
#define CMEMPROF_UPLOAD_SPOOL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "namespace.h"

struct spool_file {
    char name[UPLOAD_SPOOL_NAME_BYTES];
    uint64_t disk_bytes;
};

// A window on the directory: however many files it has, a list is bounded.
enum { SPOOL_LIST_FILES = 1024 };

struct spool_list {
    struct spool_file *files; // by number, then random part; at most SPOOL_LIST_FILES
    size_t count, capacity;
    bool more;                        // there are others behind the last of files
    uint64_t disk_bytes, last_number; // of all files of the directory
};

// The first files whose names are behind `after` ("": all). half: those that are being written, else those that are whole. false: errno
// tells, there is nothing to free.
bool spool_list_read(struct spool_list *list, int directory, bool half, const char *after);
void spool_list_free(struct spool_list *list);
void spool_list_name(char name[UPLOAD_SPOOL_NAME_BYTES], uint64_t number, uint64_t random, bool half);
// What a file takes of the disk, and at least a block: many small ones are bounded too.
uint64_t spool_list_disk_bytes(uint64_t size_bytes);

#endif
