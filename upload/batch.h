// batch.h: a batch as one block of bytes, the same in memory and in a spool file.
//
//     magic "cmemprof", version u32, part count u32, size of all u64, checksum u64 (FNV-1a of all but itself)
//     each part: kind u32, name's size u32, content's size u64, name, NUL, content
//
// Numbers are little-endian. A part is an attachment, a header ("Name: value" as its name) or the event, of which there is exactly one.
// Size and checksum detect truncated and damaged files. Every length is checked too, against forged ones.
//
// Threads: one at a time per batch. Memory: malloc; batch_memory.h for the bytes.
#ifndef CMEMPROF_UPLOAD_BATCH_H
#define CMEMPROF_UPLOAD_BATCH_H

#include "namespace.h"
#include "upload.h"

enum { UPLOAD_BATCH_HEADER_BYTES = 32, UPLOAD_BATCH_MAX_PARTS = 256, UPLOAD_SPOOL_NAME_BYTES = 48 };

struct upload_batch {
    uint8_t *bytes; // the whole block
    size_t size;
    struct upload_attachment *attachments; // these and the following point into bytes
    size_t attachment_count;
    const char **headers;
    size_t header_count;
    const void *event;
    size_t event_size;

    // State of the queue and the spool.
    uint64_t first_try_ns;
    unsigned tries;
    int spool_fd; // of its file, locked; -1: none
    bool spooled; // it was left in the spool, or came from it
    char spool_name[UPLOAD_SPOOL_NAME_BYTES];
};

enum upload_batch_fault { UPLOAD_BATCH_FINE, UPLOAD_BATCH_DAMAGED, UPLOAD_BATCH_NO_MEMORY };
// Takes ownership of bytes, which must come from batch_memory_take(size), even if it fails.
enum upload_batch_fault upload_batch_parse(uint8_t *bytes, size_t size, struct upload_batch **batch);
uint64_t upload_batch_checksum(const uint8_t *bytes, size_t size); // size >= UPLOAD_BATCH_HEADER_BYTES

#endif
