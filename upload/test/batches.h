// batches.h: for the tests of the queue and the spool: small numbered batches, and a temporary directory.
#ifndef CMEMPROF_UPLOAD_TEST_BATCHES_H
#define CMEMPROF_UPLOAD_TEST_BATCHES_H

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include <dirent.h>

#include <unistd.h>

#include "../batch.h"

// A batch whose event is the number, with one attachment of profile_bytes that depend on the number.
static inline struct upload_batch *batch_of(unsigned number, size_t profile_bytes) {
    char event[16];
    uint8_t *profile = malloc(profile_bytes + 1);
    snprintf(event, sizeof event, "%u", number);
    for (size_t i = 0; i < profile_bytes; i++) {
        profile[i] = (uint8_t)(number * 31 + i * 7);
    }
    const struct upload_attachment attachment = {"delta-heap.pprof", profile, profile_bytes};
    static const char *const headers[] = {"Datadog-Container-ID: abc"};
    struct upload_request request = {.attachments = &attachment,
                                     .attachment_count = 1,
                                     .batch_headers = headers,
                                     .batch_header_count = 1,
                                     .event = event,
                                     .event_size = strlen(event)};
    struct upload_batch *batch = upload_batch_new(&request);
    free(profile);
    return batch;
}

// The number of an intact batch, or -1.
static inline int number_of(const struct upload_batch *batch) {
    char event[16] = "";
    if (!batch || batch->event_size >= sizeof event || batch->attachment_count != 1 || batch->header_count != 1 ||
        strcmp(batch->headers[0], "Datadog-Container-ID: abc") != 0 || strcmp(batch->attachments[0].name, "delta-heap.pprof") != 0) {
        return -1;
    }
    memcpy(event, batch->event, batch->event_size);
    unsigned number = (unsigned)strtoul(event, NULL, 10);
    const uint8_t *bytes = batch->attachments[0].bytes;
    for (size_t i = 0; i < batch->attachments[0].size; i++) {
        if (bytes[i] != (uint8_t)(number * 31 + i * 7)) {
            return -1;
        }
    }
    return (int)number;
}

// Counts files by suffix; sets path to one of them.
static inline size_t count_files(const char *end, char *path) {
    size_t count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name), end_length = strlen(end);
        if (length >= end_length && strcmp(entry->d_name + length - end_length, end) == 0) {
            count++;
            if (path) {
                snprintf(path, 400, "%s/%s", folder, entry->d_name);
            }
        }
    }
    closedir(entries);
    return count;
}

#endif
