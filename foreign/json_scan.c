// json_scan.c: reads JSON value by value (json_scan.h).
#include "json_scan.h"
#include "../base/vector.h"

#include <stdlib.h>

void json_scan_free(struct json_scan *scan) {
    free(scan->text);
    scan->text = NULL;
}

static bool fail(struct json_scan *scan, const char *fault) {
    if (!scan->fault) {
        scan->fault = fault;
        scan->fault_offset = (size_t)(scan->at - scan->start);
    }
    return false;
}

static void skip_space(struct json_scan *scan) {
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r')) {
        scan->at++;
    }
}

char json_scan_peek(struct json_scan *scan) {
    skip_space(scan);
    return scan->fault || scan->at == scan->end ? '\0' : *scan->at;
}

static bool expect(struct json_scan *scan, char c, const char *fault) {
    if (json_scan_peek(scan) != c) {
        return fail(scan, scan->at == scan->end ? "it ends within a value" : fault);
    }
    scan->at++;
    return true;
}

static bool enter(struct json_scan *scan, char c, const char *fault) {
    if (!expect(scan, c, fault)) {
        return false;
    }
    scan->first = true;
    return ++scan->depth <= JSON_SCAN_MAX_DEPTH || fail(scan, "values are nested too deep");
}

// Before a value of an object or array. False: it has ended, by `close`.
static bool more(struct json_scan *scan, char close) {
    char c = json_scan_peek(scan);
    if (scan->fault || merge_budget_stopped()) {
        return fail(scan, "it was given up");
    }
    if (c == close) {
        scan->at++;
        scan->depth--;
        scan->first = false; // the value that ended was one of the outer object's or array's
        return false;
    }
    if (!scan->first && !expect(scan, ',', "a comma is missing")) {
        return false;
    }
    scan->first = false;
    return true;
}

bool json_scan_object(struct json_scan *scan) {
    return enter(scan, '{', "an object is expected");
}

bool json_scan_array(struct json_scan *scan) {
    return enter(scan, '[', "an array is expected");
}

bool json_scan_item(struct json_scan *scan) {
    return more(scan, ']');
}

// ---- Text ----

static bool hex4(struct json_scan *scan, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++) {
        struct span digit = {scan->at, scan->at < scan->end};
        uint64_t value;
        if (!span_take_number(&digit, 16, &value)) {
            return fail(scan, "a text has a wrong \\u");
        }
        *code = *code << 4 | (uint32_t)value;
        scan->at++;
    }
    return true;
}

static size_t utf8(uint32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)((0xF00 >> size & 0xF0) | code);
    return size;
}

// After the backslash. Returns the bytes written, 0 after a fault.
static size_t escape(struct json_scan *scan, char *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = scan->at < scan->end ? *scan->at++ : '\0';
    const char *known = c ? strchr(from, c) : NULL;
    uint32_t code, low;
    if (known) {
        *out = to[known - from];
        return 1;
    }
    if (c != 'u') {
        fail(scan, "a text has an unknown escape");
        return 0;
    }
    if (!hex4(scan, &code)) {
        return 0;
    }
    bool high = code >= 0xD800 && code < 0xDC00;
    if (high && scan->end - scan->at >= 6 && scan->at[0] == '\\' && scan->at[1] == 'u') {
        scan->at += 2;
        if (!hex4(scan, &low)) {
            return 0;
        }
        code = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
    }
    return utf8(code >= 0xD800 && code < 0xE000 ? 0xFFFD : code, out);
}

bool json_scan_text(struct json_scan *scan, struct span *text) {
    if (!expect(scan, '"', "a text is expected")) {
        return false;
    }
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at != '"' && *scan->at != '\\') {
        scan->at++;
    }
    if (scan->at < scan->end && *scan->at == '"') { // most have no escape
        *text = (struct span){start, (size_t)(scan->at++ - start)};
        return true;
    }
    size_t size = 0;
    scan->at = start;
    while (scan->at < scan->end && *scan->at != '"') {
        if (!VECTOR_RESERVE(scan->text, scan->text_capacity, size + 4)) {
            scan->no_memory = true;
            return fail(scan, "out of memory");
        }
        if (*scan->at != '\\') {
            scan->text[size++] = *scan->at++;
            continue;
        }
        scan->at++;
        size_t more_bytes = escape(scan, scan->text + size);
        if (more_bytes == 0) {
            return false;
        }
        size += more_bytes;
    }
    *text = (struct span){scan->text ? scan->text : start, size};
    return expect(scan, '"', "it ends within a text");
}

bool json_scan_member(struct json_scan *scan, struct span *key) {
    return more(scan, '}') && json_scan_text(scan, key) && expect(scan, ':', "a colon is missing");
}

// ---- Others ----

static size_t digits(struct json_scan *scan) {
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        scan->at++;
    }
    return (size_t)(scan->at - start);
}

bool json_scan_number(struct json_scan *scan, double *number) {
    char text[400]; // longer ones have no more digits that count
    skip_space(scan);
    if (scan->fault) {
        return false;
    }
    const char *start = scan->at;
    scan->at += scan->at < scan->end && *scan->at == '-';
    const char *whole = scan->at;
    size_t count = digits(scan);
    if (count == 0) {
        scan->at = start;
        return fail(scan, start == scan->end ? "it ends within a value" : "a number is expected");
    }
    bool is_whole = count <= 15 && (scan->at == scan->end || (*scan->at != '.' && *scan->at != 'e' && *scan->at != 'E'));
    if (is_whole) {
        int64_t value = 0;
        for (; whole < scan->at; whole++) {
            value = value * 10 + (*whole - '0');
        }
        *number = *start == '-' ? -(double)value : (double)value;
        return true;
    }
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (digits(scan) == 0) {
            return fail(scan, "a number ends in a dot");
        }
    }
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        scan->at += scan->at < scan->end && (*scan->at == '+' || *scan->at == '-');
        if (digits(scan) == 0) {
            return fail(scan, "a number has no exponent");
        }
    }
    size_t size = (size_t)(scan->at - start);
    if (size >= sizeof text) {
        scan->at = start;
        return fail(scan, "a number is too long");
    }
    memcpy(text, start, size);
    text[size] = '\0';
    *number = strtod(text, NULL);
    return true;
}

static bool skip_word(struct json_scan *scan) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (span_begins((struct span){scan->at, (size_t)(scan->end - scan->at)}, words[i])) {
            scan->at += strlen(words[i]);
            return true;
        }
    }
    return fail(scan, scan->at == scan->end ? "it ends within a value" : "no value of JSON");
}

// One value that holds no others, or the beginning of one that does.
static bool skip_one(struct json_scan *scan) {
    struct span text;
    double number;
    char c = json_scan_peek(scan);
    if (scan->fault) {
        return false;
    }
    return c == '"' ? json_scan_text(scan, &text) : c == '-' || (c >= '0' && c <= '9') ? json_scan_number(scan, &number) : skip_word(scan);
}

// Without recursion and without a stack: only brackets and texts matter within, since what is skipped is not used.
static bool skip_nested(struct json_scan *scan) {
    size_t depth = 0;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (c == '"') {
            struct span text;
            if (!json_scan_text(scan, &text)) {
                return false;
            }
            continue;
        }
        scan->at++;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        if (depth == 0) {
            return true;
        }
    }
    return fail(scan, "it ends within a value");
}

bool json_scan_skip(struct json_scan *scan) {
    char c = json_scan_peek(scan);
    return c == '{' || c == '[' ? skip_nested(scan) : skip_one(scan);
}

bool json_scan_number_or_skip(struct json_scan *scan, double *number) {
    char c = json_scan_peek(scan);
    if (c == '-' || (c >= '0' && c <= '9')) {
        return json_scan_number(scan, number);
    }
    json_scan_skip(scan);
    return false;
}

bool json_scan_text_or_skip(struct json_scan *scan, struct span *text) {
    if (json_scan_peek(scan) == '"') {
        return json_scan_text(scan, text);
    }
    json_scan_skip(scan);
    return false;
}
