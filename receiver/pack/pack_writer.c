// pack_writer.c: see pack_writer.h.
//
// A prefix is the last content of the same name and process, else the last of the name. A row of PACK_MAX_DEPTH that each have the one
// before as prefix ends with one that has the first of the process.
#include "pack_writer.h"
#include "../../base/file.h"
#include "../base/failure.h"
#include "numbers.h"

#include <errno.h>
#include <libdeflate.h>
#include <zstd.h>

enum { PIECE_BYTES = 256 << 10 }; // compressed without a look whether to stop: 0.1 s

struct earlier {
    uint8_t *bytes; // NULL: none
    size_t size;
    uint64_t record;
    uint32_t part;
    int depth; // how many must be read before it
};

// Of one name of one process: the last one, and the first one unless that is the last.
struct line {
    char file[PACK_FILE_MAX_BYTES + 1];
    uint64_t process, used; // used: by the writer's count
    struct content_hint hint;
    struct earlier first, last;
};

struct pack_writer {
    int file;
    const atomic_bool *stop;
    uint64_t at, uses;
    struct pack_header header;
    struct pack_slot *slots;
    size_t slot_capacity;
    struct line *lines;
    size_t line_count, line_capacity;
    size_t held_bytes; // of contents in lines
    ZSTD_CCtx *context;
};

struct pack_writer *pack_writer_new(int file, const atomic_bool *stop) {
    struct pack_writer *writer = calloc(1, sizeof *writer);
    if (writer && !(writer->context = ZSTD_createCCtx())) {
        free(writer);
        return NULL;
    }
    if (writer) {
        writer->file = file;
        writer->stop = stop;
        memcpy(writer->header.magic, pack_magic, sizeof pack_magic);
    }
    return writer;
}

static void drop(struct pack_writer *writer, struct earlier *earlier) {
    writer->held_bytes -= earlier->bytes ? earlier->size : 0;
    free(earlier->bytes);
    *earlier = (struct earlier){0};
}

void pack_writer_free(struct pack_writer *writer) {
    if (writer) {
        for (size_t i = 0; i < writer->line_count; i++) {
            drop(writer, &writer->lines[i].first);
            drop(writer, &writer->lines[i].last);
        }
        free(writer->lines);
        free(writer->slots);
        ZSTD_freeCCtx(writer->context);
        free(writer);
    }
}

uint64_t pack_writer_size(const struct pack_writer *writer) {
    return writer->at + (uint64_t)writer->header.slots * PACK_SLOT_BYTES;
}

// ---- Lines ----

// The line of a name and process. NULL: no memory.
static struct line *line_of(struct pack_writer *writer, const char *file, uint64_t process) {
    const struct line *other = NULL;
    for (size_t i = 0; i < writer->line_count; i++) {
        struct line *line = &writer->lines[i];
        if (strcmp(line->file, file) == 0) {
            if (line->process == process) {
                return line;
            }
            other = !other || line->used > other->used ? line : other;
        }
    }
    struct content_hint hint = other ? other->hint : (struct content_hint){0};
    if (!VECTOR_RESERVE(writer->lines, writer->line_capacity, writer->line_count + 1)) {
        return NULL;
    }
    struct line *line = &writer->lines[writer->line_count++];
    *line = (struct line){.process = process, .hint = hint};
    memcpy(line->file, file, strlen(file) + 1);
    return line;
}

static const struct earlier *prefix_of(const struct pack_writer *writer, const struct line *wanted) {
    const struct line *best = NULL;
    if (wanted->last.bytes && wanted->last.depth < PACK_MAX_DEPTH) {
        return &wanted->last;
    }
    if (wanted->first.bytes && wanted->first.depth < PACK_MAX_DEPTH) {
        return &wanted->first;
    }
    for (size_t i = 0; i < writer->line_count; i++) {
        const struct line *line = &writer->lines[i];
        if (line->last.bytes && line->last.depth < PACK_MAX_DEPTH && (!best || line->used > best->used) &&
            strcmp(line->file, wanted->file) == 0) {
            best = line;
        }
    }
    return best ? &best->last : NULL;
}

static void make_room(struct pack_writer *writer, const struct line *kept) {
    while (writer->held_bytes > PACK_WRITER_BYTES) {
        struct line *oldest = NULL;
        for (size_t i = 0; i < writer->line_count; i++) {
            struct line *line = &writer->lines[i];
            if (line != kept && (line->first.bytes || line->last.bytes) && (!oldest || line->used < oldest->used)) {
                oldest = line;
            }
        }
        if (!oldest) {
            break;
        }
        drop(writer, &oldest->first);
        drop(writer, &oldest->last);
    }
}

// Takes the content's bytes.
static void remember(struct pack_writer *writer, struct line *line, struct content *content, uint64_t record, uint32_t part, int depth) {
    if (line->last.bytes && !line->first.bytes) {
        line->first = line->last;
    } else {
        drop(writer, &line->last);
    }
    line->last = (struct earlier){content->bytes, content->size, record, part, depth};
    line->used = ++writer->uses;
    writer->held_bytes += content->size;
    content->bytes = NULL;
    make_room(writer, line);
}

// ---- Parts ----

struct packed {
    uint8_t *bytes; // NULL: those that came
    size_t size;
};

static bool is_stopped(const struct pack_writer *writer) {
    return writer->stop && atomic_load(writer->stop);
}

static enum receiver_error compress(struct pack_writer *writer, const struct content *content, const struct earlier *prefix,
                                    struct packed *packed) {
    size_t room = ZSTD_compressBound(content->size), window = content->size + (prefix ? prefix->size : 0);
    int window_log = ZSTD_isError(room) ? 0 : 10;
    while (window_log < 27 && window >> window_log) {
        window_log++;
    }
    packed->bytes = malloc(room + 1);
    if (!packed->bytes) {
        return RECEIVER_NO_MEMORY;
    }
    ZSTD_CCtx_reset(writer->context, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(writer->context, ZSTD_c_compressionLevel, PACK_WRITER_LEVEL);
    ZSTD_CCtx_setParameter(writer->context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(writer->context, ZSTD_c_checksumFlag, 1);
    if (prefix) {
        ZSTD_CCtx_refPrefix(writer->context, prefix->bytes, prefix->size);
    }
    ZSTD_CCtx_setPledgedSrcSize(writer->context, content->size);
    ZSTD_inBuffer in = {content->bytes, 0, 0};
    ZSTD_outBuffer out = {packed->bytes, room, 0};
    for (size_t left = 1; left > 0 || in.size < content->size;) {
        in.size = content->size - in.pos > PIECE_BYTES ? in.pos + PIECE_BYTES : content->size;
        if (is_stopped(writer)) {
            return RECEIVER_BUSY;
        }
        left = ZSTD_compressStream2(writer->context, &out, &in, in.size < content->size ? ZSTD_e_continue : ZSTD_e_end);
        if (ZSTD_isError(left)) {
            return RECEIVER_NO_MEMORY;
        }
    }
    packed->size = out.pos;
    return RECEIVER_OK;
}

static void put_part(struct bit_writer *head, const struct pack_part *part) {
    numbers_put_text(head, part->file, strlen(part->file));
    const uint64_t numbers[] = {part->kind, part->crc,         part->came_size,   part->plain_size,
                                part->size, part->packed_size, part->from_record, part->from_part};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        numbers_put(head, numbers[i]);
    }
}

static enum receiver_error pack_one(struct pack_writer *writer, const struct pack_input *input, uint64_t process, uint32_t place,
                                    struct bit_writer *head, struct packed *packed) {
    struct pack_part part = {.kind = CONTENT_AS_CAME, .came_size = input->size, .packed_size = input->size};
    struct content content;
    struct line *line = line_of(writer, input->file, process);
    enum receiver_error error = line ? content_take(input->bytes, input->size, &line->hint, writer->stop, &content) : RECEIVER_NO_MEMORY;
    if (error != RECEIVER_OK) {
        return error;
    }
    snprintf(part.file, sizeof part.file, "%s", input->file);
    part.crc = libdeflate_crc32(0, input->bytes, input->size);
    const struct earlier *prefix = prefix_of(writer, line);
    if (content.bytes) {
        error = compress(writer, &content, prefix, packed);
    }
    if (error == RECEIVER_OK && content.bytes && packed->size < input->size + PACK_WORTH_BYTES) {
        part.kind = content.kind;
        part.plain_size = content.plain_size;
        part.size = content.size;
        part.packed_size = packed->size;
        part.from_record = prefix ? prefix->record : 0;
        part.from_part = prefix ? prefix->part : 0;
        remember(writer, line, &content, writer->at, place, prefix ? prefix->depth + 1 : 0);
    } else {
        free(packed->bytes);
        *packed = (struct packed){NULL, input->size};
        writer->header.kept_as_came++;
    }
    free(content.bytes);
    writer->header.parts++;
    put_part(head, &part);
    return error;
}

static enum receiver_error write_record(struct pack_writer *writer, const struct bit_writer *head, const struct pack_input *parts,
                                        const struct packed *packed, size_t count, struct pack_slot *slot) {
    uint32_t start[2] = {(uint32_t)head->size, libdeflate_crc32(0, head->bytes, head->size)};
    uint64_t bytes = sizeof start + head->size;
    bool ok = file_write(writer->file, start, sizeof start) && file_write(writer->file, head->bytes, head->size);
    for (size_t i = 0; ok && i < count; i++) {
        ok = file_write(writer->file, packed[i].bytes ? packed[i].bytes : parts[i].bytes, packed[i].size);
        bytes += packed[i].size;
    }
    if (!ok) {
        return receiver_error_from_errno(errno);
    }
    if (bytes > UINT32_MAX) {
        return RECEIVER_TOO_LARGE;
    }
    *slot = (struct pack_slot){writer->at, (uint32_t)bytes, start[1]};
    writer->at += bytes;
    return RECEIVER_OK;
}

enum receiver_error pack_writer_add(struct pack_writer *writer, int64_t id, int64_t received_ms, uint64_t process,
                                    const struct pack_input *parts, size_t count, uint64_t came_bytes) {
    writer->header.first = writer->header.slots ? writer->header.first : (uint64_t)id;
    uint64_t place = (uint64_t)id - writer->header.first;
    if (place >= PACK_MAX_SLOTS || place < writer->header.slots || count > PACK_MAX_PARTS) {
        return RECEIVER_TOO_LARGE;
    }
    if (!VECTOR_RESERVE(writer->slots, writer->slot_capacity, place + 1)) {
        return RECEIVER_NO_MEMORY;
    }
    if (writer->at == 0) {
        if (!file_write(writer->file, &writer->header, sizeof writer->header)) { // room for it
            return receiver_error_from_errno(errno);
        }
        writer->at = sizeof writer->header;
    }
    struct packed packed[PACK_MAX_PARTS] = {{NULL, 0}};
    struct bit_writer head = {0};
    numbers_put(&head, (uint64_t)id);
    numbers_put(&head, (uint64_t)received_ms);
    numbers_put(&head, count);
    enum receiver_error error = RECEIVER_OK;
    for (size_t i = 0; error == RECEIVER_OK && i < count; i++) {
        error = pack_one(writer, &parts[i], process, (uint32_t)i, &head, &packed[i]);
    }
    struct pack_slot slot = {0};
    if (error == RECEIVER_OK) {
        error = head.failed ? RECEIVER_NO_MEMORY : write_record(writer, &head, parts, packed, count, &slot);
    }
    if (error == RECEIVER_OK) {
        memset(writer->slots + writer->header.slots, 0, (place - writer->header.slots) * sizeof *writer->slots);
        writer->slots[place] = slot;
        writer->header.slots = (uint32_t)place + 1;
        writer->header.uploads++;
        writer->header.came_bytes += came_bytes;
    }
    for (size_t i = 0; i < count; i++) {
        free(packed[i].bytes);
    }
    free(head.bytes);
    return error;
}

enum receiver_error pack_writer_end(struct pack_writer *writer) {
    struct pack_header *header = &writer->header;
    static const char zeros[PACK_SLOT_BYTES];
    size_t padding = (PACK_SLOT_BYTES - writer->at % PACK_SLOT_BYTES) % PACK_SLOT_BYTES; // a slot is within one sector of the disk
    header->slots_at = writer->at + padding;
    header->crc = libdeflate_crc32(0, header, offsetof(struct pack_header, crc));
    bool ok = file_write(writer->file, zeros, padding) && file_write(writer->file, writer->slots, header->slots * sizeof *writer->slots);
    ok = ok && lseek(writer->file, 0, SEEK_SET) == 0 && file_write(writer->file, header, sizeof *header);
    return ok ? RECEIVER_OK : receiver_error_from_errno(errno);
}
