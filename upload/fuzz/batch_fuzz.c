// batch_fuzz.c: fuzz target of the reader of spool files, for libFuzzer. Built by `make fuzz-upload`.
//
// Half of the inputs get a valid size and checksum, or nothing would pass these checks. Accepted batches must point
// within the bytes, and survive a round trip.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../batch.h"
#include "../batch_memory.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

static void check_within(const struct upload_batch *batch, const void *at, size_t size) {
    const uint8_t *begin = at;
    must(begin >= batch->bytes && begin <= batch->bytes + batch->size && size <= (size_t)(batch->bytes + batch->size - begin),
         "a part outside of the bytes");
}

static void check(const struct upload_batch *batch) {
    check_within(batch, batch->event, batch->event_size);
    for (size_t i = 0; i < batch->attachment_count; i++) {
        const struct upload_attachment *attachment = &batch->attachments[i];
        check_within(batch, attachment->bytes, attachment->size);
        check_within(batch, attachment->name, strlen(attachment->name) + 1);
    }
    for (size_t i = 0; i < batch->header_count; i++) {
        check_within(batch, batch->headers[i], strlen(batch->headers[i]) + 1);
    }
}

static void check_again(const struct upload_batch *batch) {
    struct upload_request request = {0};
    upload_batch_fill(batch, &request);
    struct upload_batch *again = upload_batch_new(&request);
    must(again, "what was read cannot be written");
    must(again->attachment_count == batch->attachment_count && again->header_count == batch->header_count, "another number of parts");
    must(again->event_size == batch->event_size && memcmp(again->event, batch->event, batch->event_size) == 0, "another event");
    for (size_t i = 0; i < batch->attachment_count; i++) {
        const struct upload_attachment *a = &batch->attachments[i], *b = &again->attachments[i];
        must(strcmp(a->name, b->name) == 0 && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0, "another attachment");
    }
    upload_batch_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct upload_batch *batch;
    if (size == 0) {
        return 0;
    }
    bool repaired = data[0] & 1 && size > UPLOAD_BATCH_HEADER_BYTES;
    data++;
    size--;
    uint8_t *bytes = batch_memory_take(size);
    memcpy(bytes, data, size);
    if (repaired && size >= UPLOAD_BATCH_HEADER_BYTES) {
        uint64_t total = size, checksum;
        memcpy(bytes, "cmemprof\1\0\0\0", 12);
        memcpy(bytes + 16, &total, sizeof total);
        checksum = upload_batch_checksum(bytes, size);
        memcpy(bytes + 24, &checksum, sizeof checksum);
    }
    enum upload_batch_fault fault = upload_batch_parse(bytes, size, &batch);
    must((fault == UPLOAD_BATCH_FINE) == !!batch, "a batch with a fault, or none without");
    if (batch) {
        check(batch);
        check_again(batch);
        upload_batch_free(batch);
    }
    return 0;
}
