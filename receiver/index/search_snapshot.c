// search_snapshot.c: the search as a file (search_snapshot.h):
//
//     header   with the stamp
//     strings  of each number from 1 on: references, length, text
//     sets     of each number from 0 on: struct tag_set, its tags
//     columns  of each: the count of its chunks; of each chunk: base, used, width, real, words
//     hash     of all before
#include "search_snapshot.h"
#include "../../base/fnv.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 2, TEXT_MAX_BYTES = 1 << 20, TAGS_MAX = 1 << 20, CHUNKS_MAX = 1 << 22 };
static const char magic[8] = "cmprofix";

struct header {
    char magic[8];
    uint32_t version, columns, measures, set_bytes;
    struct search_stamp stamp;
    uint64_t begin, end, size_bytes, rest_count;
    uint32_t strings, sets;
};
struct chunk_header {
    int64_t base;
    uint16_t used;
    uint8_t width, real;
    uint32_t unused;
};

// A file on its way out or in, and the hash of what has passed.
struct stream {
    FILE *file;
    uint64_t hash;
    bool failed;
};

static void pass(struct stream *stream, const void *bytes, size_t size) {
    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), bytes = (const char *)bytes + sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        stream->hash = (stream->hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        stream->hash ^= stream->hash >> 29;
    }
    stream->hash = fnv64(stream->hash, bytes, size);
}

static void put(struct stream *stream, const void *bytes, size_t size) {
    stream->failed = stream->failed || (size > 0 && fwrite(bytes, size, 1, stream->file) != 1);
    pass(stream, bytes, size);
}

static void get(struct stream *stream, void *bytes, size_t size) {
    stream->failed = stream->failed || (size > 0 && fread(bytes, size, 1, stream->file) != 1);
    if (!stream->failed) {
        pass(stream, bytes, size);
    }
}

static void fill_header(struct header *header, const struct search *search, const struct search_stamp *stamp) {
    memset(header, 0, sizeof *header);
    memcpy(header->magic, magic, sizeof magic);
    header->version = VERSION;
    header->columns = SEARCH_COLUMNS;
    header->measures = MEASURE_COUNT;
    header->set_bytes = sizeof(struct tag_set);
    header->stamp = *stamp;
    header->begin = search->begin;
    header->end = search->end;
    header->size_bytes = search->size_bytes;
    header->rest_count = search->rest_count;
    header->strings = search->strings.end;
    header->sets = search->sets.end;
}

static struct column *column_at(struct search *search, size_t i) {
    return i < SEARCH_COLUMNS ? &search->columns[i] : &search->measures[i - SEARCH_COLUMNS];
}

// ---- Out ----

static void put_column(struct stream *out, const struct column *column) {
    uint64_t count = column->count;
    put(out, &count, sizeof count);
    for (size_t i = 0; i < count; i++) {
        const struct column_chunk *chunk = &column->chunks[i];
        struct chunk_header header = {.base = chunk->base, .used = chunk->used, .width = chunk->width, .real = chunk->real};
        size_t used = (size_t)chunk->used * chunk->width;
        put(out, &header, sizeof header);
        put(out, chunk->words, used);
    }
}

static void put_set(struct stream *out, const struct tag_set *set) {
    static const struct tag_set none;
    put(out, set ? set : &none, sizeof none);
    put(out, set ? set->tags : NULL, set ? set->tag_count * sizeof *set->tags : 0);
}

bool search_snapshot_write(const struct search *search, const struct search_stamp *stamp, FILE *file) {
    struct stream out = {.file = file};
    struct header header;
    fill_header(&header, search, stamp);
    put(&out, &header, sizeof header);
    for (uint32_t i = 1; i < search->strings.end; i++) {
        size_t length;
        uint32_t numbers[2] = {string_pool_uses(&search->strings, i, &length), 0};
        numbers[1] = numbers[0] > 0 ? (uint32_t)length : 0;
        put(&out, numbers, sizeof numbers);
        put(&out, string_pool_text(&search->strings, i), numbers[1]);
    }
    for (uint32_t i = 0; i < search->sets.end; i++) {
        put_set(&out, tag_sets_at(&search->sets, i));
    }
    for (size_t i = 0; i < SEARCH_COLUMNS + MEASURE_COUNT; i++) {
        put_column(&out, column_at((struct search *)search, i));
    }
    uint64_t hash = out.hash;
    put(&out, &hash, sizeof hash);
    return !out.failed && fflush(file) == 0;
}

// ---- In ----

// Makes room for a part of the file. NULL: no memory.
static void *room(void **buffer, size_t *capacity, size_t size) {
    if (size + 1 > *capacity) {
        free(*buffer);
        *capacity = size + 1;
        *buffer = malloc(*capacity);
    }
    return *buffer;
}

struct reading {
    struct stream in;
    struct search *search;
    void *buffer;
    size_t capacity;
};

static void get_strings(struct reading *reading, uint32_t count) {
    struct stream *in = &reading->in;
    for (uint32_t i = 1; i < count && !in->failed; i++) {
        uint32_t numbers[2];
        get(in, numbers, sizeof numbers);
        in->failed = in->failed || numbers[1] > TEXT_MAX_BYTES || !room(&reading->buffer, &reading->capacity, numbers[1]);
        if (!in->failed) {
            get(in, reading->buffer, numbers[1]);
            in->failed = in->failed || !string_pool_restore(&reading->search->strings, reading->buffer, numbers[1], numbers[0]);
        }
    }
}

static void get_sets(struct reading *reading, uint32_t count) {
    struct stream *in = &reading->in;
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        struct tag_set set;
        get(in, &set, sizeof set);
        size_t bytes = in->failed ? 0 : set.tag_count * sizeof(uint32_t);
        in->failed = in->failed || set.tag_count > TAGS_MAX || !room(&reading->buffer, &reading->capacity, bytes);
        if (!in->failed) {
            get(in, reading->buffer, bytes);
            in->failed = in->failed || !tag_sets_restore(&reading->search->sets, &set, reading->buffer);
        }
    }
}

static void get_column(struct reading *reading, struct column *column) {
    struct stream *in = &reading->in;
    uint64_t count = 0;
    get(in, &count, sizeof count);
    in->failed = in->failed || count > CHUNKS_MAX || !room(&reading->buffer, &reading->capacity, COLUMN_ROWS * sizeof(int64_t));
    for (uint64_t i = 0; i < count && !in->failed; i++) {
        struct chunk_header header;
        get(in, &header, sizeof header);
        in->failed = in->failed || header.used > COLUMN_ROWS || header.width > sizeof(int64_t);
        if (!in->failed) {
            struct column_chunk chunk = {.base = header.base, .used = header.used, .width = header.width, .real = header.real};
            memset(reading->buffer, 0, COLUMN_ROWS * sizeof(int64_t));
            get(in, reading->buffer, (size_t)header.used * header.width);
            in->failed = in->failed || !column_restore(column, &chunk, reading->buffer);
        }
    }
}

static bool is_ours(const struct header *header, const struct search_stamp *stamp) {
    struct header mine;
    static const struct search none;
    fill_header(&mine, &none, stamp);
    return memcmp(header, &mine, offsetof(struct header, begin)) == 0;
}

bool search_snapshot_read(struct search *search, const struct search_stamp *stamp, FILE *file) {
    struct reading reading = {.in.file = file, .search = search};
    struct stream *in = &reading.in;
    struct header header;
    search_free(search);
    get(in, &header, sizeof header);
    in->failed = in->failed || !is_ours(&header, stamp);
    if (!in->failed) {
        search->begin = header.begin;
        search->end = header.end;
        search->size_bytes = header.size_bytes;
        search->rest_count = header.rest_count;
        get_strings(&reading, header.strings);
        get_sets(&reading, header.sets);
    }
    for (size_t i = 0; i < SEARCH_COLUMNS + MEASURE_COUNT; i++) {
        get_column(&reading, column_at(search, i));
    }
    uint64_t hash = in->hash, written = 0;
    get(in, &written, sizeof written);
    free(reading.buffer);
    if (in->failed || hash != written || (search->limit_bytes && search_bytes(search) > search->limit_bytes)) {
        search_free(search);
        return false;
    }
    return true;
}
