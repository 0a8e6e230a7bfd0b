// report.h: output of the programs of this folder: the profile in the file given as first argument, and a line of the allocator's figures.
#ifndef REPORT_H
#define REPORT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmemprof.h"

#define CHECK(condition)                                                                                                                   \
    do {                                                                                                                                   \
        if (!(condition)) {                                                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                                \
            exit(1);                                                                                                                       \
        }                                                                                                                                  \
    } while (0)

static void report_allocator(const char *when) {
    struct cmemprof_allocator_stats stats;
    cmemprof_get_allocator_stats(&stats);
    printf("%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", when, stats.name, stats.in_use_bytes, stats.mapped_bytes,
           stats.fragmentation_bytes);
}

static void report_profile(const char *file_name) {
    cmemprof_stop();
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    uint8_t *bytes;
    size_t size;
    CHECK(snapshot && cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size) == CMEMPROF_OK);
    cmemprof_snapshot_free(snapshot);
    FILE *file = fopen(file_name, "w");
    CHECK(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    free(bytes);
}

#endif
