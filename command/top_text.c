// top_text.c: prints the table of top.h.
//
// A stack reads from the allocation outwards: "sqlite3Malloc <- sqlite3Prepare <- ... <- main.leak". What the Go runtime puts between C and
// Go is left out, and a long stack keeps its ends, the place where Go calls C and the nearest Go code that is not of the standard library,
// because that is what is looked for.
#include "top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHOWN_FRAMES = 14, LEAF_FRAMES = 5, BEFORE_GO_FRAMES = 2, GO_FRAMES = 5, OWN_GO_FRAMES = 9, ROOT_FRAMES = 1, NAME_BYTES = 256 };

// ---- Values ----

static const char *format_scaled(double value, const char *const *units, const double *sizes, size_t count, char *text, size_t size) {
    size_t unit = 0;
    double magnitude = value < 0 ? -value : value;
    while (unit + 1 < count && magnitude >= sizes[unit + 1]) {
        unit++;
    }
    value /= sizes[unit];
    magnitude /= sizes[unit];
    snprintf(text, size, "%.*f %s", unit == 0 || magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2, value, units[unit]);
    return text;
}

static const char *format_count(int64_t value, char *text, size_t size) {
    char digits[32];
    size_t used = 0, length = (size_t)snprintf(digits, sizeof digits, "%" PRId64, value);
    for (size_t i = 0; i < length && used + 2 < size; i++) {
        if (i > (value < 0) && (length - i) % 3 == 0) {
            text[used++] = ',';
        }
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

static const char *format_value(int64_t value, const char *unit, char *text, size_t size) {
    static const char *const byte_units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    static const double byte_sizes[] = {1, 1e3, 1e6, 1e9, 1e12, 1e15};
    static const char *const time_units[] = {"ns", "us", "ms", "s", "min", "h"};
    static const double time_sizes[] = {1, 1e3, 1e6, 1e9, 6e10, 3.6e12};
    if (strcmp(unit, "bytes") == 0) {
        return format_scaled((double)value, byte_units, byte_sizes, 6, text, size);
    }
    if (strcmp(unit, "nanoseconds") == 0) {
        return format_scaled((double)value, time_units, time_sizes, 6, text, size);
    }
    return format_count(value, text, size);
}

// ---- Names ----

void top_put_text(const char *text, FILE *out) {
    size_t due = 0; // bytes that the character goes on for
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool goes_on = (*c & 0xC0) == 0x80;
        bool control = *c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] < 0xA0) || (goes_on && due == 0);
        due = goes_on && due > 0 ? due - 1 : control || goes_on || *c < 0xC0 ? 0 : *c < 0xE0 ? 1 : *c < 0xF0 ? 2 : 3;
        fputc(control ? '?' : *c, out);
    }
}

// "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec" -> "go-sqlite3.(*SQLiteStmt).exec".
static void short_name(const struct profile_frame *frame, char name[NAME_BYTES]) {
    const char *start = frame->function;
    if (!*start) {
        const char *slash = strrchr(frame->mapping_file, '/');
        const char *file = slash ? slash + 1 : frame->mapping_file;
        snprintf(name, NAME_BYTES, "%.200s+0x%" PRIx64, *file ? file : "unknown", frame->address);
    } else {
        // The import path ends at the last slash before the receiver or the type arguments; C++ and Rust names have none.
        size_t head = strcspn(start, "([<");
        for (size_t i = head; i > 0; i--) {
            if (start[i - 1] == '/') {
                start += i;
                break;
            }
        }
        snprintf(name, NAME_BYTES, "%s", start);
    }
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

// The bridge between C and Go, and what every goroutine starts with.
static bool is_plumbing(const struct profile_frame *frame) {
    static const char *const names[] = {"runtime.cgocall", "runtime.asmcgocall", "runtime.goexit", "runtime.systemstack"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (starts_with(frame->function, names[i])) {
            return true;
        }
    }
    // "_cgo_0f3b_Cfunc_open": the C function that cgo writes around each call.
    return starts_with(frame->function, "_cgo_") && strstr(frame->function, "_Cfunc_");
}

// The frames worth reading, leaf first: pointers into row->frames. Returns their number.
static size_t pick_frames(const struct top_row *row, const struct profile_frame **picked) {
    size_t count = 0;
    for (size_t i = 0; i < row->frame_count; i++) {
        if (i == 0 || !is_plumbing(&row->frames[i])) {
            picked[count++] = &row->frames[i];
        }
    }
    return count;
}

// Go code that is not of the standard library: package main, or an import path that begins with a host name. It is what the reader wrote.
static bool is_own_go(const struct profile_frame *frame) {
    size_t host = strcspn(frame->function, "/(");
    return profile_frame_is_go(frame) &&
           (starts_with(frame->function, "main.") || (frame->function[host] == '/' && memchr(frame->function, '.', host) != NULL));
}

// Where a long stack may be cut: frame i is far from the leaf, from the root and from the first Go frame, and none of the first own ones.
static bool is_middle(const struct profile_frame *const *frames, size_t i, size_t count, size_t first_go) {
    bool near_go = first_go < count && i + BEFORE_GO_FRAMES >= first_go && i < first_go + GO_FRAMES;
    if (i < LEAF_FRAMES || i + ROOT_FRAMES >= count || near_go) {
        return false;
    }
    size_t own = 0;
    for (size_t k = first_go; k < i && is_own_go(frames[i]); k++) {
        own += is_own_go(frames[k]);
    }
    return !is_own_go(frames[i]) || own >= OWN_GO_FRAMES;
}

// ---- Lines ----

struct line {
    FILE *out;
    size_t indent, width, column;
};

// A word goes on the line if it fits, else on a new one below the first.
static void put_word(struct line *line, const char *word) {
    size_t length = strlen(word);
    if (line->column > line->indent && line->column + 1 + length > line->width) {
        fprintf(line->out, "\n%*s", (int)line->indent, "");
        line->column = line->indent;
    } else if (line->column > line->indent) {
        fputc(' ', line->out);
        line->column++;
    }
    top_put_text(word, line->out);
    line->column += length;
}

static void put_frame(struct line *line, const struct profile_frame *frame, bool first) {
    char name[NAME_BYTES], word[NAME_BYTES + 4];
    short_name(frame, name);
    snprintf(word, sizeof word, "%s%s", first ? "" : "<- ", name);
    put_word(line, word);
}

static void put_stack(struct line *line, const struct top_row *row) {
    const struct profile_frame **picked = malloc((row->frame_count + 1) * sizeof *picked);
    if (!picked || row->frame_count == 0) {
        put_word(line, picked ? "(no stack)" : "(out of memory)");
        free(picked);
        return;
    }
    size_t count = pick_frames(row, picked), first_go = 0;
    while (first_go < count && !profile_frame_is_go(picked[first_go])) {
        first_go++;
    }
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (count > MAX_SHOWN_FRAMES && end < count && is_middle(picked, end, count, first_go)) {
            end++;
        }
        // Cutting out one frame would save nothing.
        if (end > i + 1) {
            char word[48];
            snprintf(word, sizeof word, "<- (%zu more)", end - i);
            put_word(line, word);
            i = end;
        } else {
            put_frame(line, picked[i], i == 0);
            i++;
        }
    }
    free(picked);
}

// By function there is room for the source file.
static void put_source(const struct top *top, const struct top_row *row, FILE *out) {
    if (!top->by_function || row->frame_count == 0 || !*row->frames[0].file) {
        return;
    }
    const char *slash = strrchr(row->frames[0].file, '/');
    fputs("  ", out);
    top_put_text(slash ? slash + 1 : row->frames[0].file, out);
}

static void print_row(const struct top *top, const struct top_row *row, int64_t all, size_t width, FILE *out) {
    char value[40], objects[40] = "", total[40] = "";
    format_value(row->value, top->unit, value, sizeof value);
    int column = fprintf(out, "%10s %6.1f%%", value, all ? 100.0 * (double)row->value / (double)all : 0.0);
    if (top->has_objects) {
        column += fprintf(out, " %10s", format_count(row->objects, objects, sizeof objects));
    }
    if (top->by_function) {
        column += fprintf(out, " %10s", format_value(row->total, top->unit, total, sizeof total));
    }
    column += fprintf(out, "  ");
    struct line line = {.out = out, .indent = (size_t)column, .width = width, .column = (size_t)column};
    put_stack(&line, row);
    put_source(top, row, out);
    fputc('\n', out);
}

static int64_t sum(int64_t a, int64_t b) {
    int64_t result;
    return __builtin_add_overflow(a, b, &result) ? (b > 0 ? INT64_MAX : INT64_MIN) : result;
}

void top_print(const struct top *top, size_t width, FILE *out) {
    char go[40], c[40], objects[40];
    int64_t all = top->memory == TOP_C ? top->c_total : top->memory == TOP_GO ? top->go_total : sum(top->c_total, top->go_total);
    bool memory = strcmp(top->unit, "bytes") == 0 || top->c_total != 0; // a CPU profile has neither Go nor C memory
    format_value(top->go_total, top->unit, go, sizeof go);
    format_value(top->c_total, top->unit, c, sizeof c);
    top_put_text(top->type, out);
    if (memory) {
        fprintf(out, ": Go memory %s, C memory %s\n", go, c);
    } else {
        fprintf(out, ": %s\n", go);
    }
    const char *what = top->memory == TOP_C ? "C memory" : top->memory == TOP_GO ? "Go memory" : memory ? "all memory" : "all";
    fprintf(out, "%s by %s", what, top->by_function ? "function" : "stack");
    if (top->has_objects) {
        fprintf(out, ", %s objects", format_count(top->objects, objects, sizeof objects));
    }
    fprintf(out, "\n\n%10s %7s", "value", "share");
    fprintf(out, top->has_objects ? " %10s" : "%s", top->has_objects ? "objects" : "");
    fprintf(out, top->by_function ? " %10s" : "%s", top->by_function ? "total" : "");
    fprintf(out, "  %s\n", top->by_function ? "function" : "stack, the allocation first");
    for (size_t i = 0; i < top->count; i++) {
        print_row(top, &top->rows[i], all, width, out);
    }
    if (top->count < top->count_all) {
        fprintf(out, "%10s  and %zu more\n", "", top->count_all - top->count);
    } else if (top->count == 0) {
        fprintf(out, "%10s none\n", "");
    }
}
