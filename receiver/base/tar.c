// tar.c: see tar.h.
#include "tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Fields of ustar, by offset. Numbers are octal.
enum { NAME = 0, MODE = 100, UID = 108, GID = 116, SIZE = 124, TIME = 136, SUM = 148, TYPE = 156, MAGIC = 257, PREFIX = 345 };

// As if the sum's own field were blanks.
static unsigned sum_of(const char block[TAR_BLOCK]) {
    unsigned sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        sum += i >= SUM && i < SUM + 8 ? ' ' : (unsigned char)block[i];
    }
    return sum;
}

void tar_header(char block[TAR_BLOCK], char type, const char *prefix, const char *name, uint64_t size, time_t time) {
    memset(block, 0, TAR_BLOCK);
    memcpy(block + NAME, name, strnlen(name, TAR_NAME_MAX));
    memcpy(block + PREFIX, prefix, strnlen(prefix, TAR_PREFIX_MAX));
    memcpy(block + MODE, "0000644", 8);
    memcpy(block + UID, "0000000", 8);
    memcpy(block + GID, "0000000", 8);
    snprintf(block + SIZE, 12, "%011" PRIo64, size);
    snprintf(block + TIME, 12, "%011" PRIo64, (uint64_t)time);
    block[TYPE] = type;
    memcpy(block + MAGIC, "ustar\00000", 8); // NOLINT(bugprone-not-null-terminated-result)
    snprintf(block + SUM, 7, "%06o", sum_of(block));
    block[SUM + 7] = ' ';
}

void tar_time(char blocks[2 * TAR_BLOCK], const struct timespec *time) {
    char text[80];
    int length = snprintf(text, sizeof text, "%2d mtime=%lld.%09ld\n", 10, (long long)time->tv_sec, time->tv_nsec);
    snprintf(text, sizeof text, "%d mtime=%lld.%09ld\n", length, (long long)time->tv_sec, time->tv_nsec); // of two digits
    memset(blocks, 0, (size_t)2 * TAR_BLOCK);
    tar_header(blocks, TAR_PAX, "", "pax", (uint64_t)length, time->tv_sec);
    memcpy(blocks + TAR_BLOCK, text, (size_t)length);
}

bool tar_is_end(const char block[TAR_BLOCK]) {
    static const char zeros[TAR_BLOCK];
    return memcmp(block, zeros, TAR_BLOCK) == 0;
}

// An octal number that ends in a blank, a zero or the field's end.
static bool read_number(const char *field, size_t size, uint64_t *number) {
    size_t at = 0;
    *number = 0;
    while (at < size && field[at] == ' ') {
        at++;
    }
    for (; at < size && field[at] >= '0' && field[at] <= '7'; at++) {
        *number = *number << 3 | (uint64_t)(field[at] - '0');
    }
    return at > 0 && (at == size || field[at] == ' ' || field[at] == '\0');
}

bool tar_read(const char block[TAR_BLOCK], struct tar_entry *entry) {
    uint64_t sum, time;
    bool ok = memcmp(block + MAGIC, "ustar", 5) == 0 && read_number(block + SUM, 8, &sum) && sum == sum_of(block) &&
              read_number(block + SIZE, 12, &entry->size) && read_number(block + TIME, 12, &time);
    if (!ok) {
        return false;
    }
    int prefix = (int)strnlen(block + PREFIX, TAR_PREFIX_MAX), name = (int)strnlen(block + NAME, TAR_NAME_MAX);
    snprintf(entry->path, sizeof entry->path, "%.*s%s%.*s", prefix, block + PREFIX, prefix > 0 ? "/" : "", name, block + NAME);
    entry->type = block[TYPE] == '\0' ? TAR_FILE : block[TYPE];
    entry->time = (time_t)time;
    return true;
}

// Records "LENGTH KEY=VALUE\n", whose length is of all of it.
bool tar_read_time(const char *text, uint64_t size, struct timespec *time) {
    static const char key[] = "mtime=";
    for (uint64_t at = 0; at < size;) {
        uint64_t length = 0, digits = at;
        for (; digits < size && digits - at < 6 && text[digits] >= '0' && text[digits] <= '9'; digits++) {
            length = length * 10 + (uint64_t)(text[digits] - '0');
        }
        if (digits == size || text[digits] != ' ' || length <= digits - at + 1 || length > size - at) {
            return false;
        }
        const char *record = text + digits + 1;
        uint64_t rest = length - (digits - at + 1);
        if (rest > sizeof key - 1 && rest < 60 && memcmp(record, key, sizeof key - 1) == 0) {
            char value[60], *end;
            memcpy(value, record + sizeof key - 1, (size_t)rest - (sizeof key - 1));
            value[rest - (sizeof key - 1)] = '\0';
            *time = (struct timespec){.tv_sec = (time_t)strtoll(value, &end, 10)};
            long unit = 100000000;
            for (const char *digit = *end == '.' ? end + 1 : ""; *digit >= '0' && *digit <= '9'; digit++, unit /= 10) {
                time->tv_nsec += (*digit - '0') * unit;
            }
            return end > value;
        }
        at += length;
    }
    return false;
}
