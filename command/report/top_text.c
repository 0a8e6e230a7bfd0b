// top_text.c: prints the table of top.h.
//
// A stack reads from the allocation outwards: "sqlite3Malloc <- sqlite3Prepare <- ... <- main.leak". Frames of the Go runtime between C and
// Go are left out. A long stack keeps its ends, the frames around the call from Go to C, and every frame of the program
// (profile_frame_role); only --depth cuts these.
#include "top.h"
#include "../../base/saturated.h"
#include "../base/colours.h"
#include "../base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHOWN_FRAMES = 14, LEAF_FRAMES = 5, BEFORE_GO_FRAMES = 2, GO_FRAMES = 5, ROOT_FRAMES = 1 };

// ---- Stacks ----

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

// The bridge between C and Go, and the root of every goroutine.
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

// A frame of a stack to print.
struct shown {
    const struct profile_frame *frame;
    enum frame_role role;
    bool cut;
};

// Picks the frames to print, leaf first. Returns their number.
static size_t pick_frames(const struct top *top, const struct flat_cum_row *row, struct shown *picked) {
    size_t count = 0;
    for (size_t i = 0; i < row->count; i++) {
        const struct profile_frame *frame = flat_cum_frame(&top->sums, row, i);
        if (i == 0 || !is_plumbing(frame)) {
            picked[count++] = (struct shown){frame, profile_frame_role(frame), false};
        }
    }
    return count;
}

// Cuts library code far from the leaf, the root and the first Go frame. Never cuts a single frame: its note would be as long.
static void cut_libraries(struct shown *picked, size_t count) {
    size_t first_go = 0;
    while (first_go < count && !profile_frame_is_go(picked[first_go].frame)) {
        first_go++;
    }
    for (size_t i = LEAF_FRAMES; i + ROOT_FRAMES < count; i++) {
        bool near_go = first_go < count && i + BEFORE_GO_FRAMES >= first_go && i < first_go + GO_FRAMES;
        picked[i].cut = !near_go && picked[i].role < FRAME_PROGRAM;
    }
    for (size_t i = LEAF_FRAMES; i + ROOT_FRAMES < count; i++) {
        picked[i].cut = picked[i].cut && (picked[i - 1].cut || picked[i + 1].cut);
    }
}

// Cuts to depth frames: library code before the program's, the outermost first. The leaf and the root stay.
static void cut_to_depth(struct shown *picked, size_t count, size_t depth) {
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        left += !picked[i].cut;
    }
    for (int role = FRAME_PLUMBING; role <= FRAME_PROGRAM; role++) {
        for (size_t i = count; i-- > 1 && left > depth;) {
            if (!picked[i].cut && (int)picked[i].role == role && i + 1 < count) {
                picked[i].cut = true;
                left--;
            }
        }
    }
}

// ---- Lines ----

struct line {
    FILE *out;
    size_t indent, width, column;
    bool colours;
};

// Appends a word to the line, or to a new indented line if it does not fit. colour: of the word; NULL: none.
static void put_word_in(struct line *line, const char *word, const char *colour) {
    size_t length = strlen(word);
    if (line->column > line->indent && line->column + 1 + length > line->width) {
        fprintf(line->out, "\n%*s", (int)line->indent, "");
        line->column = line->indent;
    } else if (line->column > line->indent) {
        fputc(' ', line->out);
        line->column++;
    }
    bool coloured = colour && line->colours;
    fputs(coloured ? colour : "", line->out);
    text_put(word, line->out);
    fputs(coloured ? COLOUR_END : "", line->out);
    line->column += length;
}

static void put_word(struct line *line, const char *word) {
    put_word_in(line, word, NULL);
}

// The program's own frames are bold.
static void put_frame(struct line *line, const struct profile_frame *frame, bool first) {
    char name[TEXT_NAME_BYTES], word[TEXT_NAME_BYTES + 4];
    snprintf(word, sizeof word, "%s%s", first ? "" : "<- ", text_frame(frame, name));
    put_word_in(line, word, profile_frame_role(frame) == FRAME_PROGRAM ? COLOUR_BOLD : NULL);
}

static void put_stack(struct line *line, const struct top *top, const struct flat_cum_row *row) {
    struct shown *picked = malloc((row->count + 1) * sizeof *picked);
    if (!picked || row->count == 0) {
        put_word(line, picked ? "(no stack)" : "(out of memory)");
        free(picked);
        return;
    }
    size_t count = pick_frames(top, row, picked);
    if (count > MAX_SHOWN_FRAMES) {
        cut_libraries(picked, count);
    }
    if (top->depth > 0) {
        cut_to_depth(picked, count, top->depth);
    }
    for (size_t i = 0; i < count; i++) {
        size_t end = i;
        while (end < count && picked[end].cut) {
            end++;
        }
        if (end > i) {
            char word[48];
            snprintf(word, sizeof word, "<- (%zu more)", end - i);
            put_word(line, word);
            i = end - 1;
        } else {
            put_frame(line, picked[i].frame, i == 0);
        }
    }
    free(picked);
}

// ---- Functions, files, packages ----

// Prints the package; the source file; or the function with its file and line.
static void put_group(struct line *line, const struct top *top, const struct flat_cum_row *row) {
    const struct profile_frame *frame = row->count ? flat_cum_frame(&top->sums, row, 0) : NULL;
    char text[TEXT_NAME_BYTES];
    size_t length;
    if (!frame) {
        put_word(line, "(no stack)");
        return;
    }
    if (frame->label) {
        put_frame(line, frame, true);
        if (top->sums.frames.by != FRAME_BY_LABEL) { // beside functions: what it is
            snprintf(text, sizeof text, "  %.200s", frame->file);
            text_put(text, line->out);
        }
        return;
    }
    switch (top->sums.frames.by) {
    case FRAME_BY_PACKAGE: {
        const char *package = frame_package(frame, &length);
        snprintf(text, sizeof text, "%.*s", (int)(length < 255 ? length : 255), length ? package : "unknown");
        put_word(line, length ? text : "unknown");
        return;
    }
    case FRAME_BY_FILE:
        put_word(line, *frame->file ? frame->file : *frame->mapping_file ? frame->mapping_file : "unknown");
        return;
    default:
        put_frame(line, frame, true);
    }
    if (*frame->file) {
        const char *format = top->sums.frames.by == FRAME_BY_LINE && frame->line != 0 ? "  %.200s:%" PRId64 : "  %.200s";
        snprintf(text, sizeof text, format, text_base_name(frame->file), frame->line);
        text_put(text, line->out);
    }
}

// Prints full names, like google/pprof: "main.leak /src/main.go:12".
static void put_whole(const struct top *top, const struct flat_cum_row *row, FILE *out) {
    enum frame_by by = top->sums.frames.by;
    for (size_t i = 0; i < row->count; i++) {
        const struct profile_frame *frame = flat_cum_frame(&top->sums, row, i);
        char name[TEXT_NAME_BYTES];
        fputs(i ? " <- " : "", out);
        text_put(*frame->function ? frame->function : text_frame(frame, name), out);
        if (*frame->file) {
            fputc(' ', out);
            text_put(frame->file, out);
            if (by == FRAME_BY_LINE && frame->line != 0) {
                fprintf(out, ":%" PRId64, frame->line);
            }
        }
    }
}

// ---- Table ----

static const char *put_value(const struct top *top, int64_t value, char text[TEXT_VALUE_BYTES]) {
    return text_value_in(value, top->exact ? NULL : top->unit, top->shown_in, text);
}

static const char *put_change(const struct top *top, int64_t value, char text[TEXT_VALUE_BYTES]) {
    return text_change(value, top->exact ? NULL : top->unit, top->shown_in, text);
}

// A row's value, or its change.
static const char *put_side(const struct top *top, int64_t value, char text[TEXT_VALUE_BYTES]) {
    return top->difference ? put_change(top, value, text) : put_value(top, value, text);
}

static const char *put_objects(const struct top *top, int64_t value, char text[TEXT_VALUE_BYTES]) {
    const char *unit = top->exact ? NULL : "count";
    return top->difference ? text_change(value, unit, NULL, text) : text_value(value, unit, text);
}

static double share(int64_t value, int64_t all) {
    return all ? 100.0 * (double)value / (double)all : 0.0;
}

static int64_t all_of(const struct flat_cum *sums, enum flat_cum_side side) {
    return sums->memory == FLAT_CUM_C    ? sums->c_total[side]
           : sums->memory == FLAT_CUM_GO ? sums->go_total[side]
                                         : saturated_sum(sums->c_total[side], sums->go_total[side]);
}

// By stack, and by value of a label, a sample is in one row.
static bool has_totals(const struct top *top) {
    return !top->sums.by_stack && top->sums.frames.by != FRAME_BY_LABEL;
}

static void print_row(const struct top *top, const struct flat_cum_row *row, int64_t all, size_t width, FILE *out) {
    char value[TEXT_VALUE_BYTES], objects[TEXT_VALUE_BYTES], total[TEXT_VALUE_BYTES];
    const char *percent = top->difference ? "%10s %+6.1f%%" : "%10s %6.1f%%";
    int64_t flat = top_flat(top, row);
    const char *colour = !top->colours || !top->difference || flat == 0 ? "" : flat > 0 ? COLOUR_MORE : COLOUR_LESS;
    fputs(colour, out);
    int column = fprintf(out, percent, put_side(top, flat, value), share(flat, all));
    fputs(*colour ? COLOUR_END : "", out);
    if (top->has_objects) {
        column += fprintf(out, " %10s", put_objects(top, top_objects(top, row), objects));
    }
    if (has_totals(top)) {
        fputc(' ', out);
        column += 1 + fprintf(out, percent, put_side(top, top_cum(top, row), total), share(top_cum(top, row), all));
    }
    column += fprintf(out, "  ");
    struct line line = {.out = out, .indent = (size_t)column, .width = width, .column = (size_t)column, .colours = top->colours};
    if (top->exact && row->count && (top->sums.by_stack || top->sums.frames.by <= FRAME_BY_LINE || top->sums.frames.by == FRAME_BY_LABEL)) {
        put_whole(top, row, out);
    } else if (top->sums.by_stack) {
        put_stack(&line, top, row);
    } else {
        put_group(&line, top, row);
    }
    fputc('\n', out);
}

// "inuse_space: Go memory 2.00 MB, C memory 4.00 MB", or for a difference "inuse_space: 2.00 MB -> 6.00 MB (+4.00 MB, +200.0%)".
static void print_totals(const struct top *top, bool memory, FILE *out) {
    const struct flat_cum *sums = &top->sums;
    char first[TEXT_VALUE_BYTES], second[TEXT_VALUE_BYTES], third[TEXT_VALUE_BYTES];
    text_put(top->type, out);
    if (top->difference) {
        int64_t base = all_of(sums, FLAT_CUM_BASE), new = all_of(sums, FLAT_CUM_NEW);
        fprintf(out, ": %s -> %s (%s", put_value(top, base, first), put_value(top, new, second),
                put_change(top, top_difference(new, base), third));
        fprintf(out, base ? ", %+.1f%%)" : ")", share(top_difference(new, base), base));
    } else if (memory) {
        fprintf(out, ": Go memory %s, C memory %s", put_value(top, sums->go_total[FLAT_CUM_NEW], first),
                put_value(top, sums->c_total[FLAT_CUM_NEW], second));
    } else {
        fprintf(out, ": %s", put_value(top, sums->go_total[FLAT_CUM_NEW], first));
    }
    fprintf(out, *top->note ? ", %s\n" : "%s\n", top->note);
}

static void print_head(const struct top *top, FILE *out) {
    const struct flat_cum *sums = &top->sums;
    const char *thing = sums->by_stack ? "stack" : frame_by_name(sums->frames.by);
    bool memory = !top->not_of_go && (strcmp(top->unit, "bytes") == 0 || sums->c_total[FLAT_CUM_NEW] != 0); // a CPU profile has no memory
    char objects[TEXT_VALUE_BYTES];
    print_totals(top, memory, out);
    const char *what = sums->memory == FLAT_CUM_C ? "C memory" : sums->memory == FLAT_CUM_GO ? "Go memory" : memory ? "all memory" : "all";
    fprintf(out, "%s by %s", what, sums->frames.by == FRAME_BY_LABEL ? top->group_by : thing);
    if (top->has_objects) {
        int64_t count =
            top->difference ? top_difference(sums->objects[FLAT_CUM_NEW], sums->objects[FLAT_CUM_BASE]) : sums->objects[FLAT_CUM_NEW];
        fprintf(out, ", %s objects", put_objects(top, count, objects));
    }
    const char *part = !top->difference ? "share" : top->of_new ? "of new" : "of base";
    fprintf(out, "\n\n%s%10s %7s", top->colours ? COLOUR_BOLD : "", top->difference ? "change" : "value", part);
    fprintf(out, top->has_objects ? " %10s" : "%s", top->has_objects ? "objects" : "");
    if (has_totals(top)) {
        fprintf(out, " %10s %7s", "total", part);
    }
    fprintf(out, "  %s%s\n", sums->by_stack ? "stack, the allocation first" : thing, top->colours ? COLOUR_END : "");
}

void top_print(const struct top *top, size_t width, FILE *out) {
    int64_t all = all_of(&top->sums, top->difference && !top->of_new ? FLAT_CUM_BASE : FLAT_CUM_NEW);
    print_head(top, out);
    for (size_t i = 0; i < top->count; i++) {
        print_row(top, top->rows[i], all, width, out);
    }
    if (top->count < top->count_all) {
        fprintf(out, "%10s  and %zu more\n", "", top->count_all - top->count);
    } else if (top->count == 0) {
        fprintf(out, "%10s none\n", "");
    }
}
