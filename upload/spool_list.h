// spool_list.h: the files of a spool. They are named NUMBER-RANDOM.batch, both of 16 hexadecimal digits, with .half until written, and
// .room if they only hold space for a batch.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_UPLOAD_SPOOL_LIST_H
#define CMEMPROF_UPLOAD_SPOOL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "namespace.h"

enum spool_kind { SPOOL_WHOLE, SPOOL_HALF, SPOOL_ROOM };

struct spool_file {
    char name[UPLOAD_SPOOL_NAME_BYTES];
    uint64_t disk_bytes;
};

// A list is a bounded window on the directory.
enum { SPOOL_LIST_FILES = 1024 };

struct spool_list {
    struct spool_file *files; // sorted by number, then random part; at most SPOOL_LIST_FILES
    size_t count, capacity;
    bool more;                        // the directory has files after the last listed one
    uint64_t disk_bytes, last_number; // of all files of the directory
};

// Lists the first files of a kind whose names sort after `after` ("": all). false: errno is set, and there is nothing to free.
bool spool_list_read(struct spool_list *list, int directory, enum spool_kind kind, const char *after);
void spool_list_free(struct spool_list *list);
void spool_list_name(char name[UPLOAD_SPOOL_NAME_BYTES], uint64_t number, uint64_t random, enum spool_kind kind);
// Disk usage of a file, at least one block, so that the number of small files is bounded too.
uint64_t spool_list_disk_bytes(uint64_t size_bytes);

#endif
