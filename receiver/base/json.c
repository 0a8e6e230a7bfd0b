// json.c: the JSON writer (json.h).
#include "json.h"
#include "../../base/utf8.h"
#include "../../base/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_free(struct json *json) {
    free(json->bytes);
    *json = (struct json){0};
}

bool json_failed(const struct json *json) {
    return json->failed;
}

static void append(struct json *json, const char *bytes, size_t size) {
    if (json->failed) {
        return;
    }
    if (size > JSON_MAX_BYTES - json->size) {
        json->failed = true;
        return;
    }
    if (!VECTOR_RESERVE(json->bytes, json->capacity, json->size + size)) {
        json->failed = true;
        return;
    }
    memcpy(json->bytes + json->size, bytes, size);
    json->size += size;
}

// Writes the comma before a value if one is due.
static void separate(struct json *json) {
    if (json->comma) {
        append(json, ",", 1);
    }
    json->comma = true;
}

static void begin(struct json *json, const char *bracket) {
    separate(json);
    append(json, bracket, 1);
    json->comma = false;
}

static void end(struct json *json, const char *bracket) {
    append(json, bracket, 1);
    json->comma = true;
}

void json_object_begin(struct json *json) {
    begin(json, "{");
}
void json_object_end(struct json *json) {
    end(json, "}");
}
void json_array_begin(struct json *json) {
    begin(json, "[");
}
void json_array_end(struct json *json) {
    end(json, "]");
}

static void append_escaped(struct json *json, unsigned char c) {
    char text[8];
    switch (c) {
    case '"':
        append(json, "\\\"", 2);
        return;
    case '\\':
        append(json, "\\\\", 2);
        return;
    case '\n':
        append(json, "\\n", 2);
        return;
    default:
        append(json, text, (size_t)snprintf(text, sizeof text, "\\u%04x", c));
    }
}

void json_text_n(struct json *json, const char *text, size_t size) {
    separate(json);
    append(json, "\"", 1);
    size_t start = 0, i = 0; // text[start..i) needs no escape
    while (i < size) {
        unsigned char c = (unsigned char)text[i];
        size_t length = utf8_length(text + i, size - i);
        if (length > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
            i += length;
            continue;
        }
        append(json, text + start, i - start);
        if (length == 0) {
            append(json, "\xEF\xBF\xBD", 3);
        } else {
            append_escaped(json, c);
        }
        start = ++i;
    }
    append(json, text + start, i - start);
    append(json, "\"", 1);
}

void json_text(struct json *json, const char *text) {
    if (text) {
        json_text_n(json, text, strlen(text));
        return;
    }
    separate(json);
    append(json, "null", 4);
}

void json_key(struct json *json, const char *key) {
    json_text(json, key);
    append(json, ":", 1);
    json->comma = false;
}

void json_raw(struct json *json, const char *value, size_t size) {
    separate(json);
    append(json, value, size);
}

// Digit by digit: a call tree is a million numbers, and printf takes five times as long for one.
void json_number(struct json *json, int64_t number) {
    char text[24], *at = text + sizeof text;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--at = '-';
    }
    separate(json);
    append(json, at, (size_t)(text + sizeof text - at));
}

void json_real(struct json *json, double number) {
    char text[32];
    separate(json);
    bool finite = number - number == 0;
    append(json, text, (size_t)(finite ? snprintf(text, sizeof text, "%.12g", number) : snprintf(text, sizeof text, "null")));
}

void json_bool(struct json *json, bool value) {
    separate(json);
    append(json, value ? "true" : "false", value ? 4 : 5);
}

void json_member_text(struct json *json, const char *key, const char *text) {
    json_key(json, key);
    json_text(json, text);
}

void json_member_number(struct json *json, const char *key, int64_t number) {
    json_key(json, key);
    json_number(json, number);
}

void json_member_raw(struct json *json, const char *key, const char *value, size_t size) {
    json_key(json, key);
    json_raw(json, value, size);
}
