// column.c: packed numbers (column.h).
#include "column.h"
#include "../../base/vector.h"

#include <stdlib.h>

void column_free(struct column *column) {
    for (size_t i = 0; i < column->count; i++) {
        free(column->chunks[i].words);
    }
    free(column->chunks);
    *column = (struct column){0};
}

// The largest distance from the base; the distance 0 stands for no number.
static uint64_t max_distance(uint8_t width) {
    return width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 2;
}

static bool fits(const struct column_chunk *chunk, int64_t number) {
    if (chunk->width == 0) {
        return chunk->used == 0 || number == chunk->base;
    }
    return chunk->width == 8 || number == COLUMN_NONE ||
           (number >= chunk->base && (uint64_t)number - (uint64_t)chunk->base <= max_distance(chunk->width));
}

static void store(struct column_chunk *chunk, size_t at, int64_t number) {
    uint64_t distance = number == COLUMN_NONE ? 0 : (uint64_t)number - (uint64_t)chunk->base + 1;
    switch (chunk->width) {
    case 0:
        chunk->base = number;
        break;
    case 1:
        ((uint8_t *)chunk->words)[at] = (uint8_t)distance;
        break;
    case 2:
        ((uint16_t *)chunk->words)[at] = (uint16_t)distance;
        break;
    case 4:
        ((uint32_t *)chunk->words)[at] = (uint32_t)distance;
        break;
    default:
        ((int64_t *)chunk->words)[at] = number;
    }
}

// Replaces the words by others.
static bool renew(struct column *column, struct column_chunk *chunk, const struct column_chunk *other) {
    column->bytes += (size_t)COLUMN_ROWS * other->width - (size_t)COLUMN_ROWS * chunk->width;
    free(chunk->words);
    *chunk = *other;
    return true;
}

// Makes room for a number that does not fit, with as much room on either side as the width has.
static bool widen(struct column *column, struct column_chunk *chunk, size_t first_row, int64_t number) {
    int64_t least = number, most = number;
    for (size_t i = 0; i < chunk->used; i++) {
        int64_t one = column_get(column, first_row + i);
        least = one != COLUMN_NONE && (one < least || least == COLUMN_NONE) ? one : least;
        most = one > most ? one : most; // none is the least of all
    }
    uint64_t span = (uint64_t)most - (uint64_t)least;
    uint8_t width = 1;
    while (width < 8 && span > max_distance(width)) {
        width *= 2;
    }
    uint64_t slack = width == 8 ? 0 : (max_distance(width) - span) / 2;
    struct column_chunk other = {.base = (uint64_t)least - (uint64_t)INT64_MIN > slack ? (int64_t)((uint64_t)least - slack) : least,
                                 .used = chunk->used,
                                 .width = width,
                                 .words = malloc((size_t)COLUMN_ROWS * width)};
    for (size_t i = 0; other.words && i < chunk->used; i++) {
        store(&other, i, column_get(column, first_row + i));
    }
    return other.words && renew(column, chunk, &other);
}

static bool make_real(struct column *column, struct column_chunk *chunk, size_t first_row) {
    struct column_chunk other = {.used = chunk->used, .width = 8, .real = true, .words = malloc(COLUMN_ROWS * sizeof(double))};
    for (size_t i = 0; other.words && i < chunk->used; i++) {
        ((double *)other.words)[i] = column_get_real(column, first_row + i);
    }
    return other.words && renew(column, chunk, &other);
}

// NULL: no memory.
static struct column_chunk *chunk_of(struct column *column, size_t row) {
    size_t chunk = row / COLUMN_ROWS;
    if (chunk == column->count) {
        if (!VECTOR_RESERVE(column->chunks, column->capacity, column->count + 1)) {
            return NULL;
        }
        column->chunks[column->count++] = (struct column_chunk){0};
        column->bytes += sizeof *column->chunks;
    }
    return &column->chunks[chunk];
}

static void note_used(struct column_chunk *chunk, size_t at) {
    chunk->used = at >= chunk->used ? (uint16_t)(at + 1) : chunk->used;
}

bool column_put(struct column *column, size_t row, int64_t number) {
    struct column_chunk *chunk = chunk_of(column, row);
    size_t at = row % COLUMN_ROWS;
    if (!chunk || (!fits(chunk, number) && !widen(column, chunk, row - at, number))) {
        return false;
    }
    store(chunk, at, number);
    note_used(chunk, at);
    return true;
}

// A whole number that int64_t and double have alike. -0.0 is none.
static bool is_whole(double number) {
    return number > -0x1p53 && number < 0x1p53 && number == (double)(int64_t)number && !(number == 0 && signbit(number));
}

bool column_put_real(struct column *column, size_t row, double number) {
    struct column_chunk *chunk = chunk_of(column, row);
    size_t at = row % COLUMN_ROWS;
    if (!chunk) {
        return false;
    }
    if (!chunk->real && (isnan(number) || is_whole(number))) {
        return column_put(column, row, isnan(number) ? COLUMN_NONE : (int64_t)number);
    }
    if (!chunk->real && !make_real(column, chunk, row - at)) {
        return false;
    }
    ((double *)chunk->words)[at] = number;
    note_used(chunk, at);
    return true;
}

void column_settle(struct column *column, size_t row) {
    struct column_chunk *chunk = &column->chunks[row / COLUMN_ROWS];
    size_t first_row = row - row % COLUMN_ROWS;
    int64_t number = column_get(column, first_row);
    bool equal = chunk->width > 0 && !chunk->real;
    for (size_t i = 1; equal && i < chunk->used; i++) {
        equal = column_get(column, first_row + i) == number;
    }
    if (equal) {
        renew(column, chunk, &(struct column_chunk){.base = number, .used = chunk->used});
    }
}

void column_drop_last(struct column *column, size_t row) {
    size_t chunk = row / COLUMN_ROWS;
    if (chunk < column->count && column->chunks[chunk].used == row % COLUMN_ROWS + 1) {
        column->chunks[chunk].used--;
    }
}

void column_drop_chunks(struct column *column, size_t count) {
    for (size_t i = 0; i < count; i++) {
        column->bytes -= sizeof *column->chunks + (size_t)COLUMN_ROWS * column->chunks[i].width;
        free(column->chunks[i].words);
    }
    column->count -= count;
    memmove(column->chunks, column->chunks + count, column->count * sizeof *column->chunks);
}

bool column_restore(struct column *column, const struct column_chunk *chunk, const void *words) {
    size_t bytes = (size_t)COLUMN_ROWS * chunk->width;
    void *copy = bytes > 0 ? malloc(bytes) : NULL;
    if ((bytes > 0 && !copy) || !VECTOR_RESERVE(column->chunks, column->capacity, column->count + 1)) {
        free(copy);
        return false;
    }
    if (copy) {
        memcpy(copy, words, bytes);
    }
    column->chunks[column->count] = *chunk;
    column->chunks[column->count++].words = copy;
    column->bytes += sizeof *column->chunks + bytes;
    return true;
}
