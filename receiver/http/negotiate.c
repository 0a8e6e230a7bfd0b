// negotiate.c: Accept-Encoding and If-None-Match (negotiate.h).
#include "negotiate.h"
#include "../../codecs/codecs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

// "a;q=0.5, b": the next element of a list; false at its end. *length excludes blanks.
static bool next_element(const char **at, const char **element, size_t *length) {
    *at += strspn(*at, ", \t");
    *element = *at;
    *length = strcspn(*at, ",");
    *at += *length;
    while (*length > 0 && strchr(" \t", (*element)[*length - 1])) {
        (*length)--;
    }
    return *length > 0;
}

static bool is_named(const char *element, size_t length, const char *name) {
    size_t named = strcspn(element, "; \t,");
    return named <= length && named == strlen(name) && strncasecmp(element, name, named) == 0;
}

// "gzip;q=0" forbids it.
static bool is_refused(const char *element, size_t length) {
    const char *end = element + length, *q = memchr(element, ';', length);
    for (; q && q < end && strchr("; \t", *q); q++) {
    }
    if (!q || end - q < 3 || strncasecmp(q, "q=", 2) != 0) {
        return false;
    }
    return (size_t)(end - q) == 2 + strspn(q + 2, "0.");
}

bool negotiate_takes_gzip(const char *header) {
    const char *at = header ? header : "", *element;
    size_t length;
    bool any = false;
    while (next_element(&at, &element, &length)) {
        if (is_named(element, length, "gzip") || is_named(element, length, "x-gzip")) {
            return !is_refused(element, length);
        }
        any |= is_named(element, length, "*") && !is_refused(element, length);
    }
    return any;
}

bool negotiate_takes_brotli(const char *header) {
    const char *at = header ? header : "", *element;
    size_t length;
    while (next_element(&at, &element, &length)) {
        if (is_named(element, length, "br")) {
            return !is_refused(element, length);
        }
    }
    return false;
}

static const char *without_weakness(const char *tag) {
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

bool negotiate_has(const char *header, const char *tag) {
    const char *at = header ? header : "", *element;
    size_t length;
    tag = without_weakness(tag);
    while (next_element(&at, &element, &length)) {
        const char *its = without_weakness(element);
        length -= (size_t)(its - element);
        if ((length == 1 && *its == '*') || (length == strlen(tag) && memcmp(its, tag, length) == 0)) {
            return true;
        }
    }
    return false;
}

bool negotiate_compress(struct json *json) {
    if (json->size < NEGOTIATE_GZIP_MIN_BYTES) {
        return false;
    }
    // The fastest level: an answer has one reader, mostly on the same machine.
    uint8_t *bytes = malloc(json->size);
    size_t size = bytes ? codecs_gzip(json->bytes, json->size, bytes, json->size) : 0;
    if (size == 0) {
        free(bytes);
        return false;
    }
    free(json->bytes);
    *json = (struct json){.bytes = (char *)bytes, .size = size, .capacity = json->size};
    return true;
}
