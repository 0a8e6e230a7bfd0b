// pack_writer.h: writes a pack (pack_file.h): uploads one after the other, then the slots and the header.
//
// Until pack_writer_end has returned and the file is synced, it is no pack. Threads: one. Memory: malloc; contents of earlier uploads as
// prefixes, PACK_WRITER_BYTES, and libzstd's for compressing, 49 MiB at most.
#ifndef CMEMPROF_RECEIVER_PACK_WRITER_H
#define CMEMPROF_RECEIVER_PACK_WRITER_H

#include "pack_file.h"

enum { PACK_WRITER_BYTES = 32 << 20, PACK_WRITER_LEVEL = 16 };

struct pack_writer;
// file: empty, to read and write; the caller's. stop: NULL, or adding is given up when that is set. NULL: no memory.
struct pack_writer *pack_writer_new(int file, const atomic_bool *stop);
void pack_writer_free(struct pack_writer *writer); // NULL is allowed

struct pack_input {
    const char *file;
    const uint8_t *bytes;
    size_t size;
};
// An upload of a higher id than those before. process: equal for those that are much the same. came_bytes: what it took on the disk. After
// an error the pack is to be given up. RECEIVER_BUSY: it was stopped.
enum receiver_error pack_writer_add(struct pack_writer *writer, int64_t id, int64_t received_ms, uint64_t process,
                                    const struct pack_input *parts, size_t count, uint64_t came_bytes);
// Writes the rest. Syncs nothing.
enum receiver_error pack_writer_end(struct pack_writer *writer);
uint64_t pack_writer_size(const struct pack_writer *writer); // so far, with its slots, without padding

#endif
