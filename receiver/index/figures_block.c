// figures_block.c: figures in columns (figures_block.h).
#include "figures_block.h"
#include "../../base/fnv.h"
#include "../../base/vector.h"
#include "../../merge/wire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column_kind { COLUMN_EQUAL, COLUMN_WHOLE, COLUMN_REAL, COLUMN_SPARSE };

uint32_t figures_fingerprint(uint64_t process, int64_t start_ms, int64_t end_ms) {
    uint64_t hash = fnv64(FNV64_START, &process, sizeof process);
    hash = fnv64(hash, &start_ms, sizeof start_ms);
    hash = fnv64(hash, &end_ms, sizeof end_ms);
    return (uint32_t)(hash ^ hash >> 32);
}

void figures_block_free(struct figures_block *block) {
    for (size_t i = 0; i < block->count; i++) {
        for (int source = 0; source < FIGURES_SOURCES; source++) {
            free(block->uploads[i].texts[source]);
        }
    }
    for (size_t i = 0; i < block->name_count; i++) {
        free(block->names[i].values);
    }
    free(block->uploads);
    free(block->names);
    *block = (struct figures_block){0};
}

// ---- Adding ----

static size_t room_of(const struct figures_block *block) {
    return block->room ? block->room : FIGURES_BLOCK_UPLOADS;
}

// NULL: there are too many, or no memory, which *no_memory tells.
static struct figures_block_name *add_name(struct figures_block *block, const char *name, size_t length, bool *no_memory) {
    if (block->name_count == FIGURES_BLOCK_NAMES) {
        return NULL;
    }
    double *values = malloc(room_of(block) * sizeof *values);
    if (!values || !VECTOR_RESERVE(block->names, block->name_capacity, block->name_count + 1)) {
        free(values);
        *no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < room_of(block); i++) {
        values[i] = NAN;
    }
    struct figures_block_name *fresh = &block->names[block->name_count++];
    *fresh = (struct figures_block_name){.values = values};
    memcpy(fresh->name, name, length);
    return fresh;
}

// The same of one that may be there. hint: where it probably is.
static struct figures_block_name *name_of(struct figures_block *block, const char *name, size_t length, size_t hint, bool *no_memory) {
    for (size_t i = 0; i < block->name_count; i++) {
        struct figures_block_name *one = &block->names[(hint + i) % block->name_count];
        if (strncmp(one->name, name, length) == 0 && one->name[length] == '\0') {
            return one;
        }
    }
    return add_name(block, name, length, no_memory);
}

static struct figures_block_upload *add_upload(struct figures_block *block, int64_t id, uint32_t fingerprint) {
    if (block->count == room_of(block) || !VECTOR_RESERVE(block->uploads, block->upload_capacity, block->count + 1)) {
        return NULL;
    }
    struct figures_block_upload *upload = &block->uploads[block->count++];
    *upload = (struct figures_block_upload){.id = id, .fingerprint = fingerprint};
    return upload;
}

static bool set_text(struct figures_block_upload *upload, int source, const char *text, size_t length) {
    free(upload->texts[source]);
    upload->texts[source] = strndup(text, length);
    return upload->texts[source];
}

enum receiver_error figures_block_add(struct figures_block *block, int64_t id, uint32_t fingerprint, const struct figures *figures) {
    if (block->count == room_of(block)) {
        return RECEIVER_TOO_LARGE;
    }
    size_t at = block->count;
    struct figures_block_upload *upload = add_upload(block, id, fingerprint);
    bool no_memory = !upload;
    for (int source = 0; upload && source < FIGURES_SOURCES; source++) {
        const char *text = figures->texts[source];
        upload->states[source] = figures->states[source];
        no_memory |= figures->states[source] == FIGURES_FAILED && !set_text(upload, source, text, strlen(text));
    }
    for (size_t i = 0; !no_memory && i < figures->count; i++) {
        const char *name = figures->figures[i].name;
        struct figures_block_name *column = name_of(block, name, strlen(name), i, &no_memory);
        if (column) {
            column->values[at] = figures->figures[i].value;
        }
    }
    return no_memory ? RECEIVER_NO_MEMORY : RECEIVER_OK;
}

enum receiver_error figures_block_append(struct figures_block *block, const struct figures_block *other) {
    size_t first = block->count;
    bool no_memory = false;
    if (first + other->count > room_of(block)) {
        return RECEIVER_TOO_LARGE;
    }
    for (size_t i = 0; !no_memory && i < other->count; i++) {
        const struct figures_block_upload *from = &other->uploads[i];
        struct figures_block_upload *upload = add_upload(block, from->id, from->fingerprint);
        no_memory = !upload;
        for (int source = 0; upload && source < FIGURES_SOURCES; source++) {
            upload->states[source] = from->states[source];
            no_memory |= from->texts[source] && !set_text(upload, source, from->texts[source], strlen(from->texts[source]));
        }
    }
    for (size_t i = 0; !no_memory && i < other->name_count; i++) {
        struct figures_block_name *column = name_of(block, other->names[i].name, strlen(other->names[i].name), i, &no_memory);
        if (column) {
            memcpy(column->values + first, other->names[i].values, other->count * sizeof *column->values);
        }
    }
    return no_memory ? RECEIVER_NO_MEMORY : RECEIVER_OK;
}

// ---- To bytes ----

struct out {
    uint8_t *bytes;
    size_t size, capacity;
    bool failed;
};

static void put_bytes(struct out *out, const void *bytes, size_t size) {
    out->failed = out->failed || !VECTOR_RESERVE(out->bytes, out->capacity, out->size + size);
    if (!out->failed && size > 0) {
        memcpy(out->bytes + out->size, bytes, size);
        out->size += size;
    }
}

static void put_fixed(struct out *out, uint64_t number, size_t size) {
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
    put_bytes(out, bytes, size);
}

static void put_number(struct out *out, uint64_t number) {
    uint8_t bytes[10]; // the longest number
    put_bytes(out, bytes, (size_t)(wire_put_varint(bytes, number) - bytes));
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static bool is_whole(double value) {
    return value > -0x1p53 && value < 0x1p53 && value == (double)(int64_t)value && !(value == 0 && signbit(value));
}

// Of numbers that are there.
static void put_column(struct out *out, const double *values, size_t count) {
    bool equal = true, whole = true;
    for (size_t i = 0; i < count; i++) {
        equal = equal && bits_of(values[i]) == bits_of(values[0]);
        whole = whole && is_whole(values[i]);
    }
    put_number(out, equal ? COLUMN_EQUAL : whole ? COLUMN_WHOLE : COLUMN_REAL);
    int64_t before = 0;
    for (size_t i = 0; i < (equal ? 1 : count); i++) {
        if (equal || !whole) {
            put_fixed(out, bits_of(values[i]), sizeof(double));
        } else {
            int64_t distance = (int64_t)values[i] - before;
            before = (int64_t)values[i];
            put_number(out, (uint64_t)distance << 1 ^ (uint64_t)(distance >> 63));
        }
    }
}

static void put_name(struct out *out, const struct figures_block_name *name, size_t count) {
    double there[FIGURES_BLOCK_UPLOADS];
    uint8_t bits[FIGURES_BLOCK_UPLOADS / 8] = {0};
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(name->values[i])) {
            there[used++] = name->values[i];
            bits[i / 8] |= (uint8_t)(1 << i % 8);
        }
    }
    put_number(out, strlen(name->name));
    put_bytes(out, name->name, strlen(name->name));
    if (used < count) {
        put_number(out, COLUMN_SPARSE);
        put_bytes(out, bits, (count + 7) / 8);
    }
    if (used > 0) {
        put_column(out, there, used);
    }
}

static void put_texts(struct out *out, const struct figures_block *block) {
    for (size_t i = 0; i < block->count; i++) {
        for (int source = 0; source < FIGURES_SOURCES; source++) {
            const char *text = block->uploads[i].texts[source];
            if (text) {
                put_number(out, i);
                put_number(out, (uint64_t)source);
                put_number(out, strlen(text));
                put_bytes(out, text, strlen(text));
            }
        }
    }
    put_number(out, block->count);
}

enum receiver_error figures_block_encode(const struct figures_block *block, uint8_t **bytes, size_t *size) {
    struct out out = {0};
    int64_t before = 0;
    put_fixed(&out, 0, 8);
    put_number(&out, block->count);
    for (size_t i = 0; i < block->count; i++) {
        const struct figures_block_upload *upload = &block->uploads[i];
        put_number(&out, (uint64_t)(upload->id - before));
        put_fixed(&out, upload->fingerprint, 4);
        put_fixed(&out, (uint64_t)upload->states[0] | (uint64_t)upload->states[1] << 2, 1);
        before = upload->id;
    }
    put_texts(&out, block);
    put_number(&out, block->name_count);
    for (size_t i = 0; i < block->name_count; i++) {
        put_name(&out, &block->names[i], block->count);
    }
    if (out.failed) {
        free(out.bytes);
        return RECEIVER_NO_MEMORY;
    }
    uint64_t hash = fnv64(FNV64_START, out.bytes + 8, out.size - 8);
    for (size_t i = 0; i < 8; i++) {
        out.bytes[i] = (uint8_t)(hash >> 8 * i);
    }
    *bytes = out.bytes;
    *size = out.size;
    return RECEIVER_OK;
}

// ---- From bytes ----

struct in {
    const uint8_t *at, *end;
    bool bad, no_memory;
};

static const uint8_t *get_bytes(struct in *in, uint64_t size) {
    const uint8_t *bytes = in->at;
    if (in->bad || size > (uint64_t)(in->end - in->at)) {
        in->bad = true;
        return NULL;
    }
    in->at += size;
    return bytes;
}

static uint64_t get_fixed(struct in *in, size_t size) {
    const uint8_t *bytes = get_bytes(in, size);
    uint64_t number = 0;
    for (size_t i = 0; bytes && i < size; i++) {
        number |= (uint64_t)bytes[i] << 8 * i;
    }
    return number;
}

static uint64_t get_number(struct in *in) {
    struct wire wire = {in->at, in->end};
    uint64_t number = 0;
    in->bad = in->bad || wire_varint(&wire, &number) != WIRE_OK;
    in->at = in->bad ? in->at : wire.at;
    return in->bad ? 0 : number;
}

static double get_real(struct in *in) {
    uint64_t bits = get_fixed(in, sizeof(double));
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// there: of each upload whether it has a number.
static void get_column(struct in *in, uint64_t kind, const uint8_t *there, size_t count, double *values) {
    double equal = kind == COLUMN_EQUAL ? get_real(in) : 0;
    int64_t before = 0;
    in->bad = in->bad || kind > COLUMN_REAL;
    for (size_t i = 0; i < count && !in->bad; i++) {
        if (there && !(there[i / 8] >> i % 8 & 1)) {
            continue;
        }
        if (kind == COLUMN_WHOLE) {
            uint64_t zigzag = get_number(in);
            before = (int64_t)((uint64_t)before + (zigzag >> 1 ^ (0 - (zigzag & 1))));
        }
        values[i] = kind == COLUMN_EQUAL ? equal : kind == COLUMN_WHOLE ? (double)before : get_real(in);
    }
}

static bool any_of(const uint8_t *there, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (there[i / 8] >> i % 8 & 1) {
            return true;
        }
    }
    return false;
}

static void get_name(struct in *in, struct figures_block *block) {
    uint64_t length = get_number(in);
    const uint8_t *name = length < FIGURES_NAME_BYTES ? get_bytes(in, length) : NULL;
    in->bad = in->bad || !name || memchr(name, '\0', length);
    uint64_t kind = get_number(in);
    const uint8_t *there = kind == COLUMN_SPARSE ? get_bytes(in, (block->count + 7) / 8) : NULL;
    struct figures_block_name *column = in->bad ? NULL : add_name(block, (const char *)name, length, &in->no_memory);
    in->bad = in->bad || !column;
    if (!in->bad && (kind != COLUMN_SPARSE || any_of(there, block->count))) {
        get_column(in, kind == COLUMN_SPARSE ? get_number(in) : kind, there, block->count, column->values);
    }
}

static void get_uploads(struct in *in, struct figures_block *block) {
    uint64_t count = get_number(in);
    int64_t id = 0;
    in->bad = in->bad || count > FIGURES_BLOCK_UPLOADS;
    block->room = count + 1; // no other is added
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        id = (int64_t)((uint64_t)id + get_number(in));
        uint32_t fingerprint = (uint32_t)get_fixed(in, 4);
        uint64_t states = get_fixed(in, 1);
        struct figures_block_upload *upload = in->bad ? NULL : add_upload(block, id, fingerprint);
        in->no_memory |= !in->bad && !upload;
        in->bad = in->bad || !upload || (states & 3) > FIGURES_FAILED || states >> 2 > FIGURES_FAILED;
        if (!in->bad) {
            upload->states[0] = (enum figures_state)(states & 3);
            upload->states[1] = (enum figures_state)(states >> 2);
        }
    }
    for (uint64_t at; !in->bad && (at = get_number(in)) != count;) {
        uint64_t source = get_number(in), length = get_number(in);
        const uint8_t *text = length < FIGURES_TEXT_BYTES ? get_bytes(in, length) : NULL;
        in->bad = in->bad || !text || at > count || source >= FIGURES_SOURCES;
        in->no_memory |= !in->bad && !set_text(&block->uploads[at], (int)source, (const char *)text, length);
        in->bad |= in->no_memory;
    }
}

enum receiver_error figures_block_decode(const void *bytes, size_t size, struct figures_block *block) {
    struct in in = {.at = bytes, .end = (const uint8_t *)bytes + size};
    uint64_t hash = get_fixed(&in, 8);
    *block = (struct figures_block){0};
    in.bad = in.bad || hash != fnv64(FNV64_START, in.at, (size_t)(in.end - in.at));
    get_uploads(&in, block);
    uint64_t names = get_number(&in);
    in.bad = in.bad || names > FIGURES_BLOCK_NAMES;
    for (uint64_t i = 0; i < names && !in.bad; i++) {
        get_name(&in, block);
    }
    if (in.bad || in.at != in.end) {
        figures_block_free(block);
        return in.no_memory ? RECEIVER_NO_MEMORY : RECEIVER_DAMAGED;
    }
    return RECEIVER_OK;
}
