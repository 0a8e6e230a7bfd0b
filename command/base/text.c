// text.c: formats values and names (text.h).
#include "text.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

uint64_t text_magnitude(int64_t value) {
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

// ---- Values ----

struct scale {
    const char *unit;
    double size;
};
static const struct scale by_1000[] = {{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"PB", 1e15}};
static const struct scale by_1024[] = {{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
static const struct scale times[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 6e10}, {"h", 3.6e12}};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *format_scaled(double value, const struct scale *scales, size_t count, char text[TEXT_VALUE_BYTES]) {
    size_t unit = 0;
    double magnitude = value < 0 ? -value : value;
    while (unit + 1 < count && magnitude >= scales[unit + 1].size) {
        unit++;
    }
    value /= scales[unit].size;
    magnitude /= scales[unit].size;
    snprintf(text, TEXT_VALUE_BYTES, "%.*f %s", unit == 0 || magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2, value, scales[unit].unit);
    return text;
}

const char *text_count(int64_t value, char text[TEXT_VALUE_BYTES]) {
    char digits[32];
    size_t used = 0, length = (size_t)snprintf(digits, sizeof digits, "%" PRId64, value);
    for (size_t i = 0; i < length; i++) {
        if (i > (value < 0) && (length - i) % 3 == 0) {
            text[used++] = ',';
        }
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

const char *text_value(int64_t value, const char *unit, char text[TEXT_VALUE_BYTES]) {
    if (!unit) {
        snprintf(text, TEXT_VALUE_BYTES, "%" PRId64, value);
        return text;
    }
    if (strcmp(unit, "bytes") == 0) {
        return format_scaled((double)value, by_1000, COUNT(by_1000), text);
    }
    if (strcmp(unit, "nanoseconds") == 0) {
        return format_scaled((double)value, times, COUNT(times), text);
    }
    return text_count(value, text);
}

// ---- In one unit ----

static const struct scale *find_scale(const struct scale *scales, size_t count, const char *unit) {
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(scales[i].unit, unit) == 0) {
            return &scales[i];
        }
    }
    return NULL;
}

static const struct scale *find_bytes(const char *unit) {
    const struct scale *scale = find_scale(by_1000, COUNT(by_1000), unit);
    return scale ? scale : find_scale(by_1024, COUNT(by_1024), unit);
}

bool text_has_unit(const char *in) {
    return find_bytes(in) || find_scale(times, COUNT(times), in);
}

static const struct scale *find_for(const char *unit, const char *in) {
    return strcmp(unit, "bytes") == 0 ? find_bytes(in) : strcmp(unit, "nanoseconds") == 0 ? find_scale(times, COUNT(times), in) : NULL;
}

bool text_can_show(const char *unit, const char *in) {
    return find_for(unit, in);
}

double text_unit_size(const char *unit, const char *in) {
    const struct scale *scale = find_for(unit, in);
    return scale ? scale->size : 0;
}

const char *text_value_in(int64_t value, const char *unit, const char *in, char text[TEXT_VALUE_BYTES]) {
    const struct scale *scale = in && unit ? find_for(unit, in) : NULL;
    if (!scale) {
        return text_value(value, unit, text);
    }
    double shown = (double)value / scale->size;
    snprintf(text, TEXT_VALUE_BYTES, "%.*f %s", scale->size == 1 ? 0 : 2, shown, scale->unit);
    return text;
}

const char *text_change(int64_t value, const char *unit, const char *in, char text[TEXT_VALUE_BYTES]) {
    char plain[TEXT_VALUE_BYTES];
    snprintf(text, TEXT_VALUE_BYTES, "%s%.38s", value > 0 ? "+" : "", text_value_in(value, unit, in, plain));
    return text;
}

// ---- Names ----

void text_put(const char *text, FILE *out) {
    size_t due = 0; // continuation bytes still expected of a UTF-8 character
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool goes_on = (*c & 0xC0) == 0x80;
        bool control = *c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] < 0xA0) || (goes_on && due == 0);
        due = goes_on && due > 0 ? due - 1 : control || goes_on || *c < 0xC0 ? 0 : *c < 0xE0 ? 1 : *c < 0xF0 ? 2 : 3;
        fputc(control ? '?' : *c, out);
    }
}

const char *text_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void text_replace(char *text, char from, char to) {
    for (char *at = text; (at = strchr(at, from)); at++) {
        *at = to;
    }
}

const char *text_frame(const struct profile_frame *frame, char name[TEXT_NAME_BYTES]) {
    const char *start = frame->function;
    if (frame->label) {
        snprintf(name, TEXT_NAME_BYTES, "%s", start); // "GET /cart" has no import path
        return name;
    }
    if (!*start) {
        const char *file = text_base_name(frame->mapping_file);
        snprintf(name, TEXT_NAME_BYTES, "%.200s+0x%" PRIx64, *file ? file : "unknown", frame->file_offset);
        return name;
    }
    // The import path ends at the last slash before the receiver or the type arguments; C++ and Rust names have none.
    size_t head = strcspn(start, "([<");
    for (size_t i = head; i > 0; i--) {
        if (start[i - 1] == '/') {
            start += i;
            break;
        }
    }
    snprintf(name, TEXT_NAME_BYTES, "%s", start);
    return name;
}
