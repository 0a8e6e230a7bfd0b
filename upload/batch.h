// batch.h: a batch as one block of bytes, in memory as in a file of the spool.
//
//     magic "cmemprof", version u32, part count u32, size of all u64, checksum u64 (FNV-1a of all but itself)
//     each part: kind u32, name's size u32, content's size u64, name, NUL, content
//
// Numbers are little-endian. A part is an attachment, a header ("Name: value" as its name) or the event, of which there is one. A file that
// was cut, or in which a byte changed, is told by its size and checksum; what was made to fit them is still checked for every length.
//
// Threads: one at a time for each batch. Memory: malloc, for the bytes batch_memory.h.
#ifndef CMEMPROF_UPLOAD_BATCH_H
#define CMEMPROF_UPLOAD_BATCH_H

#include "namespace.h"
#include "upload.h"

enum { UPLOAD_BATCH_HEADER_BYTES = 32, UPLOAD_BATCH_MAX_PARTS = 256, UPLOAD_SPOOL_NAME_BYTES = 48 };

struct upload_batch {
    uint8_t *bytes; // all of it
    size_t size;
    struct upload_attachment *attachments; // the views point into bytes
    size_t attachment_count;
    const char **headers;
    size_t header_count;
    const void *event;
    size_t event_size;

    // The queue's and the spool's notes.
    uint64_t first_try_ns;
    unsigned tries;
    int spool_fd; // of its file, locked; -1: it has none
    bool spooled; // it was left to the spool, or came from there
    char spool_name[UPLOAD_SPOOL_NAME_BYTES];
};

enum upload_batch_fault { UPLOAD_BATCH_FINE, UPLOAD_BATCH_DAMAGED, UPLOAD_BATCH_NO_MEMORY };
// Takes over bytes, which batch_memory_take gave for that size, also with a fault.
enum upload_batch_fault upload_batch_parse(uint8_t *bytes, size_t size, struct upload_batch **batch);
uint64_t upload_batch_checksum(const uint8_t *bytes, size_t size); // at least the header

#endif
