// column.h: one number of every upload in memory, packed: an index of a million uploads has a dozen numbers of each.
//
// A column is cut into chunks of COLUMN_ROWS numbers. A chunk stores the distances from a base in as few bytes as the largest one needs: 0
// (all are equal), 1, 2, 4 or 8. Times that rise take 4 bytes, what seldom changes takes none. Real numbers are stored as whole ones while
// all of a chunk are whole, else as they are: what is read is always exactly what was put. A number may be missing.
//
// Threads: guarded by the owner. Memory: malloc, one block a chunk.
#ifndef CMEMPROF_RECEIVER_COLUMN_H
#define CMEMPROF_RECEIVER_COLUMN_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { COLUMN_ROWS = 1024 };
#define COLUMN_NONE INT64_MIN // no number; put and get

struct column_chunk {
    void *words; // NULL if width is 0
    int64_t base;
    uint16_t used;
    uint8_t width; // bytes of a number
    bool real;     // words are doubles; width is 8
};
struct column { // zero-initialised: empty
    struct column_chunk *chunks;
    size_t count, capacity;
    size_t bytes; // that its chunks take
};

void column_free(struct column *column);
// At the end, where row is the count of all rows so far, or in the place of an earlier one. false: no memory; nothing has changed then.
bool column_put(struct column *column, size_t row, int64_t number);
bool column_put_real(struct column *column, size_t row, double number); // NAN: none
void column_settle(struct column *column, size_t row);                  // packs the chunk of that row again if all of it is equal
void column_drop_last(struct column *column, size_t row);               // removes the number of the last row, if there is one
void column_drop_chunks(struct column *column, size_t count);           // the first ones; rows behind move down by COLUMN_ROWS each

// A chunk as it is, to be put back at the end of another column. Returns false without memory. words: COLUMN_ROWS * width bytes.
bool column_restore(struct column *column, const struct column_chunk *chunk, const void *words);

static inline int64_t column_get(const struct column *column, size_t row) {
    const struct column_chunk *chunk = &column->chunks[row / COLUMN_ROWS];
    size_t at = row % COLUMN_ROWS;
    uint32_t distance;
    switch (chunk->width) {
    case 0:
        return chunk->base;
    case 1:
        distance = ((const uint8_t *)chunk->words)[at];
        break;
    case 2:
        distance = ((const uint16_t *)chunk->words)[at];
        break;
    case 4:
        distance = ((const uint32_t *)chunk->words)[at];
        break;
    default:
        return ((const int64_t *)chunk->words)[at];
    }
    return distance ? chunk->base + (int64_t)(distance - 1) : COLUMN_NONE;
}

// Of a column of real numbers.
static inline double column_get_real(const struct column *column, size_t row) {
    const struct column_chunk *chunk = &column->chunks[row / COLUMN_ROWS];
    if (chunk->real) {
        return ((const double *)chunk->words)[row % COLUMN_ROWS];
    }
    int64_t number = column_get(column, row);
    return number == COLUMN_NONE ? NAN : (double)number;
}

#endif
