// lines.h: text in lines and words, without copies.
//
// Lines end early if the thread's budget is stopped (merge.h).
//
// Threads: as their owner. Memory: none; spans point into the text.
#ifndef CMEMPROF_FOREIGN_LINES_H
#define CMEMPROF_FOREIGN_LINES_H

#include "../merge/merge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *at;
    size_t size;
};

struct lines {
    const char *start, *at, *end;
    uint64_t number; // of the last line, from 1
    struct span line;
};

static inline struct lines lines_of(const void *bytes, size_t size) {
    return (struct lines){.start = bytes, .at = bytes, .end = (const char *)bytes + size};
}

// The next line, without its end (\n or \r\n). False: there is none.
static inline bool lines_next(struct lines *lines) {
    if (lines->at == lines->end || merge_budget_stopped()) {
        return false;
    }
    const char *end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at)), *stop = end ? end : lines->end;
    lines->line = (struct span){lines->at, (size_t)(stop - lines->at)};
    if (lines->line.size > 0 && stop[-1] == '\r') {
        lines->line.size--;
    }
    lines->at = end ? end + 1 : lines->end;
    lines->number++;
    return true;
}

static inline bool span_is(struct span span, const char *text) {
    return span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}
static inline bool span_begins(struct span span, const char *text) {
    size_t size = strlen(text);
    return span.size >= size && memcmp(span.at, text, size) == 0;
}
static inline bool span_has(struct span span, const char *text) {
    return memmem(span.at, span.size, text, strlen(text));
}
static inline bool span_is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}
static inline struct span span_skip(struct span span, size_t size) {
    size = size < span.size ? size : span.size;
    return (struct span){span.at + size, span.size - size};
}
static inline struct span span_trim_start(struct span span) {
    while (span.size > 0 && span_is_blank(*span.at)) {
        span = span_skip(span, 1);
    }
    return span;
}
static inline struct span span_trim(struct span span) {
    span = span_trim_start(span);
    while (span.size > 0 && span_is_blank(span.at[span.size - 1])) {
        span.size--;
    }
    return span;
}
// Takes the first word off the front, with the blanks before it. An empty one: there is none.
static inline struct span span_word(struct span *rest) {
    *rest = span_trim_start(*rest);
    struct span word = {rest->at, 0};
    while (word.size < rest->size && !span_is_blank(word.at[word.size])) {
        word.size++;
    }
    *rest = span_skip(*rest, word.size);
    return word;
}

// Takes a number off the front, without a sign; hex: without "0x". False: there is none, or it exceeds 64 bits.
static inline bool span_take_number(struct span *span, unsigned base, uint64_t *number) {
    size_t digits = 0;
    uint64_t value = 0;
    for (; digits < span->size; digits++) {
        char c = span->at[digits];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 99;
        if (digit >= base) {
            break;
        }
        if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *number = value;
    *span = span_skip(*span, digits);
    return digits > 0;
}
static inline bool span_take_signed(struct span *span, int64_t *number) {
    bool minus = span->size > 0 && *span->at == '-';
    struct span digits = span_skip(*span, minus);
    uint64_t value;
    if (!span_take_number(&digits, 10, &value) || value > INT64_MAX) {
        return false;
    }
    *number = minus ? -(int64_t)value : (int64_t)value;
    *span = digits;
    return true;
}
// Takes a text off the front.
static inline bool span_take(struct span *span, const char *text) {
    if (!span_begins(*span, text)) {
        return false;
    }
    *span = span_skip(*span, strlen(text));
    return true;
}

#endif
