// file_kind.c: magic bytes of formats that users confuse with profiles (file_kind.h).
#include "file_kind.h"
#include "../../foreign/foreign.h"
#include "../../merge/merge.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PREFIX_BYTES = 64 << 10 };

struct bytes {
    const char *at;
    size_t size;
};

static bool begins(struct bytes bytes, const char *start) {
    size_t length = strlen(start);
    return bytes.size >= length && memcmp(bytes.at, start, length) == 0;
}

// Ignores case and leading blanks.
static bool begins_markup(struct bytes bytes, const char *start) {
    while (bytes.size > 0 && isspace((unsigned char)*bytes.at)) {
        bytes = (struct bytes){bytes.at + 1, bytes.size - 1};
    }
    size_t length = strlen(start);
    return bytes.size >= length && strncasecmp(bytes.at, start, length) == 0;
}

static bool is_text(struct bytes bytes) {
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        if (c == 0x7F || (c < 0x20 && !isspace(c))) {
            return false;
        }
    }
    return bytes.size > 0;
}

static const char *kind_of(struct bytes bytes) {
    static const struct {
        const char *start, *kind;
    } starts[] = {
        {"FLR\0", "a JFR recording, of which cmemprof convert makes profiles"},
        {"\x7f"
         "ELF",
         "a program or library (ELF)"},
        {"PERFILE2", "a perf.data file: cmemprof convert makes a profile of what perf script prints of it"},
        {"goroutine ", "a dump of goroutines as text (debug=2); without debug=2 the server sends pprof"},
        {"PK\x03\x04", "a zip archive"},
    };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (begins(bytes, starts[i].start)) {
            return starts[i].kind;
        }
    }
    if (bytes.size > 262 && memcmp(bytes.at + 257, "ustar", 5) == 0) {
        return "a tar archive; unpack it first";
    }
    if (begins_markup(bytes, "<!doctype html") || begins_markup(bytes, "<html")) {
        return "an HTML page, perhaps an error or login page of the server";
    }
    if (begins_markup(bytes, "<?xml") || begins_markup(bytes, "<svg")) {
        return "an XML or SVG file";
    }
    enum foreign_format format = foreign_detect(bytes.at, bytes.size);
    if (format != FOREIGN_NONE) {
        return foreign_name(format);
    }
    if (!is_text(bytes)) {
        return NULL;
    }
    if (begins_markup(bytes, "{") || begins_markup(bytes, "[")) {
        return "JSON";
    }
    return "text";
}

const char *file_kind(const void *bytes, size_t size) {
    struct merge_limits limits = merge_default_limits;
    uint8_t *inflated = NULL;
    size_t inflated_size = 0;
    limits.input_bytes = (size_t)64 << 20;
    bool ok = merge_inflate_limited(bytes, size, &limits, &inflated, &inflated_size, NULL) == MERGE_OK;
    struct bytes prefix = ok ? (struct bytes){(const char *)inflated, inflated_size} : (struct bytes){bytes, size};
    prefix.size = prefix.size < PREFIX_BYTES ? prefix.size : PREFIX_BYTES;
    const char *kind = kind_of(prefix);
    free(inflated);
    return kind;
}
