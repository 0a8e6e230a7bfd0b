// suggest.c: optimal string alignment distance, row by row (suggest.h).
#include "suggest.h"

#include <string.h>

enum { MAX_WORD_BYTES = 32 };

static size_t min_of(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b) {
    size_t rows[3][MAX_WORD_BYTES + 1], length = strlen(b);
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t k = 0; k <= length; k++) {
        before[k] = last[k] = k;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        now[0] = i;
        for (size_t k = 1; k <= length; k++) {
            now[k] = min_of(min_of(last[k] + 1, now[k - 1] + 1), last[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
                now[k] = min_of(now[k], before[k - 2] + 1);
            }
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[length];
}

const char *suggest(const char *typed, const char *const *words, size_t count) {
    const char *best = NULL;
    size_t length = strlen(typed), limit = min_of(2, (length + 2) / 3);
    for (size_t i = 0; i < count && length <= MAX_WORD_BYTES; i++) {
        size_t away = strlen(words[i]) <= MAX_WORD_BYTES ? distance(typed, words[i]) : MAX_WORD_BYTES;
        if (away <= limit) {
            limit = away;
            best = best && away == distance(typed, best) ? best : words[i];
        }
    }
    return best;
}
