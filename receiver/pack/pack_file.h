// pack_file.h: many uploads in one file, each attachment written as what is new in it.
//
//     header      64 bytes: what it is, the first id, how many ids, where the slots are, sums for people
//     records     one an upload, ascending: its head, then its parts (attachments, event.json, meta.json), each a zstd frame or as it came
//     slots       one an id from the first to the last: where its record is and how many bytes it has; zeros: there was none
//
// A part's frame holds its content (content.h). Its prefix is the content of an earlier part of the same file, mostly the one of the same
// name of the upload before of the same process; at most PACK_MAX_DEPTH must be read to read one. A pack is written once (pack_writer.h).
// Afterwards only slots are marked, when uploads are removed; their records stay until the file goes.
//
// Threads: one at a time for a struct pack; any for several of the same file. Memory: malloc; a content and those it needs, at most
// CONTENT_MAX_BYTES and a recipe each.
#ifndef CMEMPROF_RECEIVER_PACK_FILE_H
#define CMEMPROF_RECEIVER_PACK_FILE_H

#include "content.h"

#include "../base/cache.h"

enum {
    PACK_HEADER_BYTES = 64,
    PACK_SLOT_BYTES = 16,
    PACK_MAX_SLOTS = 1 << 16,
    PACK_MAX_PARTS = 34, // 32 attachments, event.json, meta.json
    PACK_MAX_DEPTH = 8,
    PACK_FILE_MAX_BYTES = 80, // of a part's name
    PACK_HEAD_MAX_BYTES = 1 << 14,
    PACK_CAME_MAX_BYTES = 1 << 28, // of a part
    PACK_WORTH_BYTES = 64,         // more than as it came, for what may be the prefix of others
};

struct pack_part {
    char file[PACK_FILE_MAX_BYTES + 1]; // as in the upload's directory
    enum content_kind kind;
    uint32_t crc;                         // of the bytes as they came
    uint64_t came_size, plain_size, size; // as it came; of its content without and with the recipe
    uint64_t offset, packed_size;         // in the pack
    uint64_t from_record;                 // where the record of its prefix is; 0: it has none
    uint32_t from_part;                   // the part of that record
};

struct pack_record {
    int64_t id, received_ms;
    uint64_t bytes; // in the pack, all together
    size_t count;
    struct pack_part parts[PACK_MAX_PARTS];
};

struct pack_sums {
    uint64_t uploads, came_bytes, parts, kept_as_came; // when it was written: came_bytes are what files and directories took on the disk
};

struct pack;
// RECEIVER_DAMAGED: it is none, or cut off. RECEIVER_NOT_FOUND. to_remove: pack_remove is to be called.
enum receiver_error pack_open(int directory, const char *name, bool to_remove, struct pack **pack);
void pack_close(struct pack *pack); // NULL is allowed
int64_t pack_first(const struct pack *pack);
size_t pack_slots(const struct pack *pack); // ids from the first on that it may have
struct pack_sums pack_sums_of(const struct pack *pack);

// The bytes of each slot's record, 0 for none. sizes has room for pack_slots. RECEIVER_DAMAGED: slots are lost; as many as the header says
// are in use or removed.
enum receiver_error pack_sizes(const struct pack *pack, uint32_t *sizes);
// RECEIVER_NOT_FOUND: it has no such upload, or not any more.
enum receiver_error pack_find(const struct pack *pack, int64_t id, struct pack_record *record);
// NULL: there is no such part.
const struct pack_part *pack_part_of(const struct pack_record *record, const char *file);
// A part as it came or, if as_came is false, inflated where it was packed so. The caller frees *bytes. cache holds contents of any packs of
// one store, NULL: none.
enum receiver_error pack_read(struct pack *pack, const struct pack_part *part, bool as_came, struct cache *cache, uint8_t **bytes,
                              size_t *size);
// Marks the slot. Nothing is synced.
enum receiver_error pack_remove(struct pack *pack, int64_t id);
enum receiver_error pack_sync(const struct pack *pack); // what pack_remove has marked

// ---- For pack_writer.c ----

extern const char pack_magic[16];
struct pack_header { // as in the file, little-endian
    char magic[16];
    uint64_t first, slots_at;
    uint32_t slots, uploads;
    uint64_t came_bytes;
    uint32_t parts, kept_as_came;
    uint32_t zero, crc; // of all before it
};
struct pack_slot {
    uint64_t at;
    uint32_t bytes, crc; // of the record; of its head
};

#endif
