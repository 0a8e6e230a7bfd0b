// elf_section.c (naming): see elf_section.h.

#include "elf_section.h"

#include <string.h>

#include "../merge/memory.h"
#include "inflate.h"

enum {
    POINTS = 16,
    BYTES_BETWEEN_POINTS = 512 << 10,
    ZLIB_HEAD_BYTES = 2,
    ZLIB_SUM_BYTES = 4,
    MAX_RATIO = 1032,
    OLD_HEAD_BYTES = 12,
    LENGTH_BYTES = 12
};
enum { BUFFER_BYTES = 3 * INFLATE_WINDOW_BYTES, INPUT_BYTES = 64 << 10 };

// A resume point: a position between two blocks, and the inflated window before it.
struct elf_section_points {
    uint64_t stored_at, stored_bytes, size; // of the section
    uint64_t sum_at;                        // in the file: its checksum, which was right
    uint8_t sum[ZLIB_SUM_BYTES];
    size_t count;
    struct point {
        uint64_t offset, stored_at; // in the inflated section, in the file
        struct inflate_position position;
        uint8_t *window; // INFLATE_WINDOW_BYTES
    } points[POINTS];
};

// Not NULL, since readers do pointer arithmetic on it.
static const uint8_t no_bytes[1];
static const struct dwarf_bytes nothing = {no_bytes, no_bytes, false};

// ---- Opening ----

static bool is_zlib(const uint8_t *head) {
    return (head[0] & 15) == 8 && (head[0] * 256 + head[1]) % 31 == 0 && (head[1] & 0x20) == 0;
}

// size: inflated.
static void use_compressed(struct elf_section *section, uint64_t at, uint64_t bytes, uint64_t size) {
    uint8_t head[ZLIB_HEAD_BYTES];
    if (bytes <= ZLIB_HEAD_BYTES + ZLIB_SUM_BYTES || !elf_file_read(section->file, at, head, sizeof head)) {
        return;
    }
    bytes -= ZLIB_HEAD_BYTES;
    // A size that no stream this short can expand to is damage, or an attempt to exhaust memory.
    if (is_zlib(head) && size / MAX_RATIO <= bytes) {
        section->stored_at = at + ZLIB_HEAD_BYTES;
        section->stored_bytes = bytes;
        section->size = size;
        section->is_compressed = true;
    }
}

static void use_old_style(struct elf_section *section, const Elf64_Shdr *header) {
    uint8_t head[OLD_HEAD_BYTES];
    uint64_t size;
    if (header->sh_size >= sizeof head && elf_file_read(section->file, header->sh_offset, head, sizeof head) &&
        memcmp(head, "ZLIB", 4) == 0) {
        memcpy(&size, head + 4, sizeof size);
        use_compressed(section, header->sh_offset + sizeof head, header->sh_size - sizeof head, __builtin_bswap64(size));
    }
}

static void use_as_it_is(struct elf_section *section, const Elf64_Shdr *header) {
    const struct elf_file *file = section->file;
    if (header->sh_offset <= file->size && header->sh_size <= file->size - header->sh_offset) {
        section->stored_at = header->sh_offset;
        section->stored_bytes = section->size = header->sh_size;
    }
}

struct elf_section elf_section_open(const struct elf_file *file, const char *name) {
    struct elf_section section = {.memory = file->memory, .file = file};
    Elf64_Shdr header;
    if (elf_file_section(file, name, &header)) {
        Elf64_Chdr compression;
        if ((header.sh_flags & SHF_COMPRESSED) == 0) {
            use_as_it_is(&section, &header);
        } else if (header.sh_size >= sizeof compression && elf_file_read(file, header.sh_offset, &compression, sizeof compression) &&
                   compression.ch_type == ELFCOMPRESS_ZLIB) {
            use_compressed(&section, header.sh_offset + sizeof compression, header.sh_size - sizeof compression, compression.ch_size);
        }
        return section;
    }
    char old_name[32] = ".z";
    if (strlen(name) < sizeof old_name - 1) {
        strcpy(old_name + 2, name + 1);
        if (elf_file_section(file, old_name, &header)) {
            use_old_style(&section, &header);
        }
    }
    return section;
}

// ---- Inflating ----

// The stored bytes are read a piece at a time, so that memory holds one piece of them.
struct stream {
    const struct elf_section *section;
    struct inflate inflate;
    uint64_t read_to; // in the file
    uint8_t input[INPUT_BYTES];
};

static uint64_t stored_end(const struct elf_section *section) {
    return section->stored_at + section->stored_bytes;
}

static void read_on(struct stream *stream) {
    struct inflate *inflate = &stream->inflate;
    size_t rest = (size_t)(inflate->in_end - inflate->in.at);
    uint64_t left = stored_end(stream->section) - stream->read_to;
    size_t part = left < INPUT_BYTES - rest ? (size_t)left : INPUT_BYTES - rest;
    memmove(stream->input, inflate->in.at, rest);
    if (!elf_file_read(stream->section->file, stream->read_to, stream->input + rest, part)) {
        inflate->state = INFLATE_BAD;
        return;
    }
    stream->read_to += part;
    inflate_feed(inflate, stream->input, rest + part, part < left);
}

static void stream_begin(struct stream *stream, const struct elf_section *section) {
    stream->section = section;
    stream->read_to = section->stored_at;
    inflate_begin(&stream->inflate, stream->input, 0);
    read_on(stream);
}

static void stream_resume(struct stream *stream, const struct elf_section *section, const struct point *from) {
    struct inflate_position position = from->position;
    position.at = stream->input;
    stream->section = section;
    stream->read_to = from->stored_at;
    inflate_resume(&stream->inflate, position, stream->input);
    read_on(stream);
}

static enum inflate_state stream_run(struct stream *stream, uint8_t *out, size_t *at, size_t capacity) {
    if (inflate_is_hungry(&stream->inflate)) {
        read_on(stream);
    }
    return stream->inflate.state == INFLATE_BAD ? INFLATE_BAD : inflate_run(&stream->inflate, out, at, capacity);
}

// Of the byte that is read next, with bits that were read ahead counted as read.
static uint64_t stored_at(const struct stream *stream) {
    return stream->read_to - (uint64_t)(stream->inflate.in_end - stream->inflate.in.at);
}

static uint64_t sum_at(const struct stream *stream) {
    return stored_at(stream) - stream->inflate.in.bit_count / 8; // puts back whole bytes that were read ahead
}

static bool sum_is_right(const struct stream *stream, uint32_t sum) {
    uint8_t stored[ZLIB_SUM_BYTES];
    uint64_t at = sum_at(stream);
    return stored_end(stream->section) - at >= sizeof stored && elf_file_read(stream->section->file, at, stored, sizeof stored) &&
           sum == ((uint32_t)stored[0] << 24 | (uint32_t)stored[1] << 16 | (uint32_t)stored[2] << 8 | stored[3]);
}

// ---- The whole section ----

static void forget(struct elf_section *section) {
    section->size = 0;
    section->points = NULL;
}

// Returns false on damaged data.
static bool inflate_into(struct elf_section *section, struct stream *stream, uint8_t *bytes) {
    size_t at = 0;
    stream_begin(stream, section);
    // One byte of extra capacity: without it the end of the last block would not be read.
    while (at <= section->size && stream->inflate.state != INFLATE_BAD && stream->inflate.state != INFLATE_ENDED) {
        stream_run(stream, bytes, &at, section->size + 1);
    }
    section->inflated_bytes += at;
    return stream->inflate.state == INFLATE_ENDED && at == section->size && sum_is_right(stream, inflate_adler(1, bytes, at));
}

static const uint8_t *inflate_all(struct elf_section *section) {
    struct stream *stream = symbolizer_arena_alloc(section->memory, sizeof *stream);
    uint8_t *bytes = stream ? symbolizer_arena_alloc(section->memory, section->size + 1) : NULL;
    bool whole = bytes && inflate_into(section, stream, bytes);
    if (stream) {
        symbolizer_arena_drop(section->memory, stream, sizeof *stream);
    }
    return whole ? bytes : NULL;
}

static const uint8_t *read_all(struct elf_section *section) {
    struct dwarf_bytes bytes = elf_file_bytes(section->file, section->stored_at, section->stored_bytes);
    return bytes.at < bytes.end ? bytes.at : NULL;
}

struct dwarf_bytes elf_section_all(struct elf_section *section) {
    if (!section->bytes && section->size > 0) {
        section->bytes = section->is_compressed ? inflate_all(section) : read_all(section);
        if (!section->bytes) {
            forget(section);
        }
    }
    return section->bytes ? (struct dwarf_bytes){section->bytes, section->bytes + section->size, false} : nothing;
}

// ---- A part ----

// Copies the wanted range out of the bytes that pass by.
struct taker {
    struct symbolizer_arena *memory;
    uint64_t offset, size; // wanted; the size is known once the first bytes are
    uint64_t section_size, got;
    uint8_t head[LENGTH_BYTES];
    uint8_t *bytes;
    bool failed; // damaged, or memory ran out
};

// By the initial length; 0: it does not fit what is left of the section.
static uint64_t size_of_unit(struct dwarf_bytes head, uint64_t left) {
    uint64_t length = dwarf_fixed(&head, 4), head_bytes = 4;
    if (length == 0xffffffff) {
        length = dwarf_fixed(&head, 8);
        head_bytes = 12;
    }
    return !head.bad && head_bytes <= left && length <= left - head_bytes ? head_bytes + length : 0;
}

static void learn_size(struct taker *taker) {
    const struct dwarf_bytes head = {taker->head, taker->head + LENGTH_BYTES, false};
    taker->size = size_of_unit(head, taker->section_size - taker->offset);
    if (taker->size < LENGTH_BYTES) {
        taker->failed = true;
        return;
    }
    taker->bytes = symbolizer_arena_alloc(taker->memory, taker->size);
    taker->failed = !taker->bytes;
}

static void take_some(struct taker *taker, uint8_t *to, uint64_t end, const uint8_t **bytes, size_t *size) {
    size_t part = end - taker->got < *size ? (size_t)(end - taker->got) : *size;
    memcpy(to + taker->got, *bytes, part);
    taker->got += part;
    *bytes += part;
    *size -= part;
}

// at is the section offset of bytes.
static void offer(struct taker *taker, uint64_t at, const uint8_t *bytes, size_t size) {
    uint64_t next = taker->offset + taker->got;
    if (taker->failed || next < at || next - at >= size) {
        return;
    }
    bytes += next - at;
    size -= next - at;
    if (!taker->bytes) {
        take_some(taker, taker->head, LENGTH_BYTES, &bytes, &size);
        if (taker->got < LENGTH_BYTES) {
            return;
        }
        learn_size(taker);
        if (taker->failed) {
            return;
        }
        memcpy(taker->bytes, taker->head, LENGTH_BYTES);
    }
    take_some(taker, taker->bytes, taker->size, &bytes, &size);
}

static bool is_served(const struct taker *taker) {
    return taker->failed || (taker->bytes && taker->got == taker->size);
}

struct pass {
    struct stream stream;
    uint64_t offset; // section offset of the buffer's first byte
    size_t at;       // write position in the buffer
    uint32_t sum;
    uint8_t buffer[BUFFER_BYTES];
};

static void note_point(struct elf_section *section, const struct pass *pass) {
    struct elf_section_points *points = section->points;
    uint64_t last = points->count > 0 ? points->points[points->count - 1].offset : 0, offset = pass->offset + pass->at;
    uint64_t distance = section->size / POINTS > BYTES_BETWEEN_POINTS ? section->size / POINTS : BYTES_BETWEEN_POINTS;
    if (points->count == POINTS || offset - last < distance || pass->stream.inflate.is_last) {
        return;
    }
    uint8_t *copy = symbolizer_arena_alloc(section->memory, INFLATE_WINDOW_BYTES);
    if (copy) { // without it later lookups start further back
        memcpy(copy, pass->buffer + pass->at - INFLATE_WINDOW_BYTES, INFLATE_WINDOW_BYTES);
        points->points[points->count++] = (struct point){offset, stored_at(&pass->stream), pass->stream.inflate.in, copy};
    }
}

// Keeps the window, since matches refer to it.
static void slide(struct pass *pass) {
    size_t gone = pass->at - INFLATE_WINDOW_BYTES;
    memmove(pass->buffer, pass->buffer + gone, INFLATE_WINDOW_BYTES);
    pass->offset += gone;
    pass->at = INFLATE_WINDOW_BYTES;
}

// One step. Returns false at the end or on damaged data.
static bool run_on(struct elf_section *section, struct pass *pass, struct taker *taker, bool first) {
    if (pass->at == BUFFER_BYTES) {
        slide(pass);
    }
    size_t before = pass->at;
    enum inflate_state state = stream_run(&pass->stream, pass->buffer, &pass->at, BUFFER_BYTES);
    const uint8_t *new = pass->buffer + before;
    uint64_t at = pass->offset + before;
    size_t size = pass->at - before;
    section->inflated_bytes += size;
    if (state == INFLATE_BAD || at + size > section->size) {
        pass->stream.inflate.state = INFLATE_BAD;
        return false;
    }
    offer(taker, at, new, size);
    if (first) {
        pass->sum = inflate_adler(pass->sum, new, size);
        if (state == INFLATE_BETWEEN_BLOCKS && pass->at >= INFLATE_WINDOW_BYTES) {
            note_point(section, pass);
        }
    }
    return state != INFLATE_ENDED;
}

// Once, to the end of the stream.
static bool pass_all(struct elf_section *section, struct pass *pass, struct taker *taker) {
    section->points = symbolizer_arena_alloc(section->memory, sizeof *section->points);
    if (!section->points) {
        return false;
    }
    pass->sum = 1;
    stream_begin(&pass->stream, section);
    while (run_on(section, pass, taker, true)) {
    }
    section->points->sum_at = sum_at(&pass->stream);
    return pass->stream.inflate.state == INFLATE_ENDED && pass->offset + pass->at == section->size &&
           sum_is_right(&pass->stream, pass->sum);
}

static void pass_from_point(struct elf_section *section, struct pass *pass, struct taker *taker) {
    const struct point *from = NULL;
    for (size_t i = 0; i < section->points->count && section->points->points[i].offset <= taker->offset; i++) {
        from = &section->points->points[i];
    }
    if (!from) {
        stream_begin(&pass->stream, section);
    } else {
        stream_resume(&pass->stream, section, from);
        memcpy(pass->buffer, from->window, INFLATE_WINDOW_BYTES);
        pass->at = INFLATE_WINDOW_BYTES;
        pass->offset = from->offset - INFLATE_WINDOW_BYTES;
    }
    while (!is_served(taker) && run_on(section, pass, taker, false)) {
    }
}

static struct dwarf_bytes inflate_unit(struct elf_section *section, uint64_t offset) {
    struct taker taker = {.memory = section->memory, .offset = offset, .section_size = section->size};
    struct pass *pass = symbolizer_arena_alloc(section->memory, sizeof *pass);
    if (!pass) {
        return nothing;
    }
    if (section->points) {
        pass_from_point(section, pass, &taker);
    } else if (!pass_all(section, pass, &taker)) {
        forget(section);
        taker.failed = true;
    }
    symbolizer_arena_drop(section->memory, pass, sizeof *pass);
    bool whole = !taker.failed && is_served(&taker);
    return whole ? (struct dwarf_bytes){taker.bytes, taker.bytes + taker.size, false} : nothing;
}

// ---- Points that outlive the file ----

size_t elf_section_points_bytes(const struct elf_section_points *kept) {
    return kept ? sizeof *kept + kept->count * INFLATE_WINDOW_BYTES : 0;
}

// The windows follow the struct in one block.
static void copy_points(struct elf_section_points *to, const struct elf_section_points *from) {
    uint8_t *window = (uint8_t *)(to + 1);
    *to = *from;
    for (size_t i = 0; i < from->count; i++, window += INFLATE_WINDOW_BYTES) {
        memcpy(window, from->points[i].window, INFLATE_WINDOW_BYTES);
        to->points[i].window = window;
    }
}

struct elf_section_points *elf_section_keep_points(const struct elf_section *section, size_t max_bytes) {
    size_t bytes = elf_section_points_bytes(section->points);
    struct elf_section_points *kept = bytes != 0 && bytes <= max_bytes ? memory_take(bytes) : NULL;
    if (!kept) {
        return NULL;
    }
    copy_points(kept, section->points);
    kept->stored_at = section->stored_at;
    kept->stored_bytes = section->stored_bytes;
    kept->size = section->size;
    if (!elf_file_read(section->file, kept->sum_at, kept->sum, sizeof kept->sum)) {
        memory_free(kept);
        return NULL;
    }
    return kept;
}

void elf_section_free_points(struct elf_section_points *kept) {
    memory_free(kept);
}

void elf_section_give_points(struct elf_section *section, const struct elf_section_points *kept) {
    uint8_t sum[ZLIB_SUM_BYTES];
    if (!kept || !section->is_compressed || section->points || section->stored_at != kept->stored_at ||
        section->stored_bytes != kept->stored_bytes || section->size != kept->size ||
        !elf_file_read(section->file, kept->sum_at, sum, sizeof sum) || memcmp(sum, kept->sum, sizeof sum) != 0) {
        return;
    }
    section->points = symbolizer_arena_alloc(section->memory, elf_section_points_bytes(kept));
    if (section->points) {
        copy_points(section->points, kept);
    }
}

// Uncompressed: reads only the unit.
static struct dwarf_bytes read_unit(const struct elf_section *section, uint64_t offset) {
    struct taker taker = {.memory = section->memory, .offset = offset, .section_size = section->size};
    uint64_t at = section->stored_at + offset;
    taker.failed = !elf_file_read(section->file, at, taker.head, LENGTH_BYTES);
    if (!taker.failed) {
        learn_size(&taker);
    }
    if (taker.failed) {
        return nothing;
    }
    memcpy(taker.bytes, taker.head, LENGTH_BYTES);
    if (!elf_file_read(section->file, at + LENGTH_BYTES, taker.bytes + LENGTH_BYTES, taker.size - LENGTH_BYTES)) {
        symbolizer_arena_drop(section->memory, taker.bytes, taker.size);
        return nothing;
    }
    return (struct dwarf_bytes){taker.bytes, taker.bytes + taker.size, false};
}

struct dwarf_bytes elf_section_unit(struct elf_section *section, uint64_t offset) {
    if (section->size < LENGTH_BYTES || offset > section->size - LENGTH_BYTES) {
        return nothing;
    }
    if (!section->bytes) {
        return section->is_compressed ? inflate_unit(section, offset) : read_unit(section, offset);
    }
    const uint8_t *begin = section->bytes + offset;
    struct dwarf_bytes unit = {begin, section->bytes + section->size, false};
    size_t offset_bytes;
    return dwarf_length(&unit, &offset_bytes) ? (struct dwarf_bytes){begin, unit.end, false} : nothing;
}

static struct dwarf_bytes head_at(struct elf_section *section, uint64_t offset, uint8_t *to, size_t size) {
    if (section->bytes || section->is_compressed) {
        struct dwarf_bytes all = elf_section_all(section);
        dwarf_skip(&all, offset);
        return (struct dwarf_bytes){all.at, all.at + (dwarf_bytes_left(&all) < size ? dwarf_bytes_left(&all) : size), false};
    }
    uint64_t left = offset < section->size ? section->size - offset : 0;
    size = left < size ? (size_t)left : size;
    return elf_file_read(section->file, section->stored_at + offset, to, size) ? (struct dwarf_bytes){to, to + size, false} : nothing;
}

uint64_t elf_section_unit_size(struct elf_section *section, uint64_t offset) {
    uint8_t length[LENGTH_BYTES];
    struct dwarf_bytes head = head_at(section, offset, length, sizeof length);
    return head.at < head.end ? size_of_unit(head, section->size - offset) : 0;
}

struct dwarf_bytes elf_section_unit_head(struct elf_section *section, uint64_t offset, uint8_t *to, size_t size) {
    uint64_t whole = elf_section_unit_size(section, offset);
    return head_at(section, offset, to, whole < size ? (size_t)whole : size);
}

void elf_section_drop_unit(struct elf_section *section, struct dwarf_bytes unit) {
    if (!section->bytes && unit.at < unit.end) { // else it is a part of the whole
        symbolizer_arena_drop(section->memory, (void *)unit.at, dwarf_bytes_left(&unit));
    }
}

struct elf_section elf_section_part(struct elf_section *section, uint64_t offset, uint64_t size) {
    struct elf_section part = {.memory = section->memory, .file = section->file};
    if (section->is_compressed) {
        elf_section_all(section);
    }
    if (offset > section->size || size > section->size - offset) {
        return part;
    }
    part.bytes = section->bytes ? section->bytes + offset : NULL;
    part.stored_at = section->stored_at + offset; // meaningful only if not compressed
    part.stored_bytes = part.size = size;
    return part;
}
