// pack_file.c: see pack_file.h.
#include "pack_file.h"
#include "../base/failure.h"
#include "numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

const char pack_magic[16] = "cmemprof pack 1";
_Static_assert(sizeof(struct pack_header) == PACK_HEADER_BYTES, "as in the file");
_Static_assert(sizeof(struct pack_slot) == PACK_SLOT_BYTES, "as in the file");

struct pack {
    int file;
    uint64_t size;
    struct pack_header header;
    ZSTD_DCtx *context; // NULL: not needed yet
};

static enum receiver_error read_at(const struct pack *pack, void *bytes, size_t size, uint64_t at) {
    for (char *to = bytes; size > 0;) {
        ssize_t count = pread(pack->file, to, size, (off_t)at);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? receiver_error_from_errno(errno) : RECEIVER_DAMAGED;
        }
        to += count;
        at += (uint64_t)count;
        size -= (size_t)count;
    }
    return RECEIVER_OK;
}

static enum receiver_error read_header(struct pack *pack) {
    struct stat about;
    struct pack_header *header = &pack->header;
    if (fstat(pack->file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size < PACK_HEADER_BYTES) {
        return RECEIVER_DAMAGED;
    }
    pack->size = (uint64_t)about.st_size;
    enum receiver_error error = read_at(pack, header, sizeof *header, 0);
    if (error != RECEIVER_OK) {
        return error;
    }
    bool good = memcmp(header->magic, pack_magic, sizeof pack_magic) == 0 &&
                header->crc == libdeflate_crc32(0, header, offsetof(struct pack_header, crc)) && header->first > 0 &&
                header->first < INT64_MAX - PACK_MAX_SLOTS && header->slots > 0 && header->slots <= PACK_MAX_SLOTS &&
                header->slots_at <= pack->size && header->slots * (uint64_t)PACK_SLOT_BYTES == pack->size - header->slots_at;
    return good ? RECEIVER_OK : RECEIVER_DAMAGED;
}

enum receiver_error pack_open(int directory, const char *name, bool to_remove, struct pack **out) {
    struct pack *pack = calloc(1, sizeof *pack);
    if (!pack) {
        return RECEIVER_NO_MEMORY;
    }
    pack->file = openat(directory, name, (to_remove ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    enum receiver_error error = pack->file >= 0   ? read_header(pack)
                                : errno == ENOENT ? RECEIVER_NOT_FOUND
                                : errno == ELOOP  ? RECEIVER_DAMAGED
                                                  : receiver_error_from_errno(errno);
    if (error != RECEIVER_OK) {
        pack_close(pack);
        return error;
    }
    *out = pack;
    return RECEIVER_OK;
}

void pack_close(struct pack *pack) {
    if (pack) {
        if (pack->file >= 0) {
            close(pack->file);
        }
        ZSTD_freeDCtx(pack->context);
        free(pack);
    }
}

int64_t pack_first(const struct pack *pack) {
    return (int64_t)pack->header.first;
}

size_t pack_slots(const struct pack *pack) {
    return pack->header.slots;
}

struct pack_sums pack_sums_of(const struct pack *pack) {
    const struct pack_header *header = &pack->header;
    return (struct pack_sums){header->uploads, header->came_bytes, header->parts, header->kept_as_came};
}

static const uint64_t REMOVED = UINT64_MAX; // in place of a record's place: what is lost is mostly zeros

static bool is_used(const struct pack_slot *slot) {
    return slot->at != 0 && slot->at != REMOVED;
}

enum receiver_error pack_sizes(const struct pack *pack, uint32_t *sizes) {
    struct pack_slot *slots = malloc(pack->header.slots * sizeof *slots);
    enum receiver_error error =
        slots ? read_at(pack, slots, pack->header.slots * sizeof *slots, pack->header.slots_at) : RECEIVER_NO_MEMORY;
    size_t known = 0;
    for (size_t i = 0; error == RECEIVER_OK && i < pack->header.slots; i++) {
        sizes[i] = is_used(&slots[i]) ? slots[i].bytes : 0;
        known += sizes[i] > 0 || slots[i].at == REMOVED;
    }
    free(slots);
    return error == RECEIVER_OK && known != pack->header.uploads ? RECEIVER_DAMAGED : error;
}

// ---- Records ----

static bool get_part(struct numbers *in, struct pack_part *part) {
    size_t length;
    const uint8_t *file = numbers_get_text(in, &length);
    if (!file || length == 0 || length > PACK_FILE_MAX_BYTES || memchr(file, '\0', length) || memchr(file, '/', length)) {
        return false;
    }
    memcpy(part->file, file, length);
    part->file[length] = '\0';
    part->kind = (enum content_kind)numbers_get(in);
    part->crc = (uint32_t)numbers_get(in);
    part->came_size = numbers_get(in);
    part->plain_size = numbers_get(in);
    part->size = numbers_get(in);
    part->packed_size = numbers_get(in);
    part->from_record = numbers_get(in);
    part->from_part = (uint32_t)numbers_get(in);
    bool fits =
        part->kind == CONTENT_AS_CAME ? part->packed_size == part->came_size : part->packed_size < part->came_size + PACK_WORTH_BYTES;
    return !in->failed && (unsigned)part->kind < CONTENT_KINDS && part->came_size <= PACK_CAME_MAX_BYTES &&
           part->size <= 2 * CONTENT_MAX_BYTES && part->plain_size <= part->size && fits;
}

// The record at a place, whose head has that check sum if `sum` is given.
static enum receiver_error read_record(const struct pack *pack, uint64_t at, const uint32_t *sum, struct pack_record *record) {
    uint32_t start[2]; // the size of the head, its check sum
    uint64_t end = pack->header.slots_at;
    if (at < PACK_HEADER_BYTES || at > end || end - at < sizeof start) {
        return RECEIVER_DAMAGED;
    }
    enum receiver_error error = read_at(pack, start, sizeof start, at);
    if (error != RECEIVER_OK || start[0] > PACK_HEAD_MAX_BYTES || start[0] > end - at - sizeof start || (sum && *sum != start[1])) {
        return error != RECEIVER_OK ? error : RECEIVER_DAMAGED;
    }
    uint8_t *head = malloc(start[0] + 1);
    error = head ? read_at(pack, head, start[0], at + sizeof start) : RECEIVER_NO_MEMORY;
    struct numbers in = {.bytes = head, .size = start[0]};
    bool good = error == RECEIVER_OK && libdeflate_crc32(0, head, start[0]) == start[1];
    if (good) {
        record->id = (int64_t)numbers_get(&in);
        record->received_ms = (int64_t)numbers_get(&in);
        uint64_t count = numbers_get(&in), offset = at + sizeof start + start[0];
        good = !in.failed && count <= PACK_MAX_PARTS;
        for (record->count = 0; good && record->count < count; record->count++) {
            struct pack_part *part = &record->parts[record->count];
            good = get_part(&in, part) && part->packed_size <= end - offset && (part->from_record == 0 || part->from_record < at);
            part->offset = offset;
            offset += good ? part->packed_size : 0;
        }
        record->bytes = offset - at;
    }
    free(head);
    return error != RECEIVER_OK ? error : good ? RECEIVER_OK : RECEIVER_DAMAGED;
}

static enum receiver_error read_slot(const struct pack *pack, int64_t id, struct pack_slot *slot) {
    uint64_t place = (uint64_t)id - pack->header.first;
    if (id <= 0 || (uint64_t)id < pack->header.first || place >= pack->header.slots) {
        return RECEIVER_NOT_FOUND;
    }
    enum receiver_error error = read_at(pack, slot, sizeof *slot, pack->header.slots_at + place * PACK_SLOT_BYTES);
    return error == RECEIVER_OK && !is_used(slot) ? RECEIVER_NOT_FOUND : error;
}

enum receiver_error pack_find(const struct pack *pack, int64_t id, struct pack_record *record) {
    struct pack_slot slot;
    enum receiver_error error = read_slot(pack, id, &slot);
    if (error == RECEIVER_OK) {
        error = read_record(pack, slot.at, &slot.crc, record);
    }
    return error == RECEIVER_OK && record->id != id ? RECEIVER_DAMAGED : error;
}

const struct pack_part *pack_part_of(const struct pack_record *record, const char *file) {
    for (size_t i = 0; i < record->count; i++) {
        if (strcmp(record->parts[i].file, file) == 0) {
            return &record->parts[i];
        }
    }
    return NULL;
}

enum receiver_error pack_remove(struct pack *pack, int64_t id) {
    const struct pack_slot removed = {.at = REMOVED};
    struct pack_slot slot;
    enum receiver_error error = read_slot(pack, id, &slot);
    if (error != RECEIVER_OK) {
        return error;
    }
    uint64_t at = pack->header.slots_at + ((uint64_t)id - pack->header.first) * PACK_SLOT_BYTES;
    return pwrite(pack->file, &removed, sizeof removed, (off_t)at) == (ssize_t)sizeof removed ? RECEIVER_OK
                                                                                              : receiver_error_from_errno(errno);
}

enum receiver_error pack_sync(const struct pack *pack) {
    return fdatasync(pack->file) == 0 ? RECEIVER_OK : receiver_error_from_errno(errno);
}

// ---- Parts ----

struct cache_key {
    int64_t first; // of the pack: no other one of the store has it
    uint64_t offset;
};

static enum receiver_error read_packed(const struct pack *pack, const struct pack_part *part, uint8_t **bytes) {
    *bytes = malloc((size_t)part->packed_size + 1);
    enum receiver_error error = *bytes ? read_at(pack, *bytes, (size_t)part->packed_size, part->offset) : RECEIVER_NO_MEMORY;
    if (error != RECEIVER_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return error;
}

static enum receiver_error unpack(struct pack *pack, const struct pack_part *part, const struct content *prefix, struct content *content) {
    uint8_t *packed;
    enum receiver_error error = read_packed(pack, part, &packed);
    if (error != RECEIVER_OK) {
        return error;
    }
    pack->context = pack->context ? pack->context : ZSTD_createDCtx();
    *content = (struct content){part->kind, malloc((size_t)part->size + 1), (size_t)part->size, (size_t)part->plain_size};
    error = pack->context && content->bytes ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        ZSTD_DCtx_reset(pack->context, ZSTD_reset_session_and_parameters);
        ZSTD_DCtx_refPrefix(pack->context, prefix->bytes, prefix->size);
        size_t size = ZSTD_decompressDCtx(pack->context, content->bytes, content->size, packed, (size_t)part->packed_size);
        error = ZSTD_isError(size) || size != content->size ? RECEIVER_DAMAGED : RECEIVER_OK;
    }
    free(packed);
    return error;
}

// depth: how many may be before it.
static enum receiver_error read_content(struct pack *pack, const struct pack_part *part, int depth, struct cache *cache,
                                        struct content *content) { // NOLINT(misc-no-recursion): depth
    struct cache_key key;
    memset(&key, 0, sizeof key);
    key = (struct cache_key){pack_first(pack), part->offset};
    void *cached;
    size_t size;
    if (cache && cache_get(cache, &key, sizeof key, &cached, &size)) {
        *content = (struct content){part->kind, cached, size, (size_t)part->plain_size};
        return size == part->size ? RECEIVER_OK : RECEIVER_DAMAGED;
    }
    struct content prefix = {.kind = CONTENT_AS_CAME};
    enum receiver_error error = part->kind == CONTENT_AS_CAME ? RECEIVER_DAMAGED : RECEIVER_OK;
    if (error == RECEIVER_OK && part->from_record) {
        struct pack_record *from = malloc(sizeof *from);
        error = !from ? RECEIVER_NO_MEMORY : depth == 0 ? RECEIVER_DAMAGED : read_record(pack, part->from_record, NULL, from);
        if (error == RECEIVER_OK) {
            error = part->from_part < from->count ? read_content(pack, &from->parts[part->from_part], depth - 1, cache, &prefix)
                                                  : RECEIVER_DAMAGED;
        }
        free(from);
    }
    if (error == RECEIVER_OK) {
        error = unpack(pack, part, &prefix, content);
    }
    free(prefix.bytes);
    if (error == RECEIVER_OK && cache) {
        cache_put(cache, &key, sizeof key, content->bytes, content->size);
    }
    return error;
}

enum receiver_error pack_read(struct pack *pack, const struct pack_part *part, bool as_came, struct cache *cache, uint8_t **bytes,
                              size_t *size) {
    struct content content = {.kind = CONTENT_AS_CAME};
    *bytes = NULL;
    *size = (size_t)part->came_size;
    if (part->kind == CONTENT_AS_CAME) {
        enum receiver_error error = read_packed(pack, part, bytes);
        as_came = true; // for the check sum
        if (error != RECEIVER_OK) {
            return error;
        }
    } else {
        enum receiver_error error = read_content(pack, part, PACK_MAX_DEPTH, cache, &content);
        if (error == RECEIVER_OK && as_came) {
            error = content_give(&content, bytes, size);
        } else if (error == RECEIVER_OK) {
            *bytes = content.bytes;
            *size = content.plain_size;
            content.bytes = NULL;
        }
        free(content.bytes);
        if (error != RECEIVER_OK) {
            return error;
        }
    }
    if (as_came && (*size != part->came_size || libdeflate_crc32(0, *bytes, *size) != part->crc)) {
        free(*bytes);
        *bytes = NULL;
        return RECEIVER_DAMAGED;
    }
    return RECEIVER_OK;
}
