// report_list.c: source lines of functions with their values (reports.h).
//
// The text of the lines is read from the path in the profile, or where source_file.h finds it.
#include "reports.h"
#include "../../base/saturated.h"
#include "report_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT_LINES = 2, MAX_LINE_BYTES = 400 };

struct line {
    const struct profile_frame *frame;
    int64_t flat, cum;
};

static int compare_lines(const void *left, const void *right) {
    const struct line *a = left, *b = right;
    int order = strcmp(a->frame->function, b->frame->function);
    order = order ? order : strcmp(a->frame->file, b->frame->file);
    return order ? order : a->frame->line < b->frame->line ? -1 : a->frame->line > b->frame->line;
}

static bool same_function(const struct line *a, const struct line *b) {
    return strcmp(a->frame->function, b->frame->function) == 0 && strcmp(a->frame->file, b->frame->file) == 0;
}

static void print_line(const struct line *line, int64_t number, const char *source, const struct report_options *options, FILE *out) {
    char flat[TEXT_VALUE_BYTES] = ".", total[TEXT_VALUE_BYTES] = ".";
    if (line) {
        report_value(options, line->flat, flat);
        report_value(options, line->cum, total);
    }
    fprintf(out, "%10s %10s  %5" PRId64 "  ", flat, total, number);
    text_put(source, out);
    fputc('\n', out);
}

static void print_bare(const struct line *lines, size_t count, const struct report_options *options, FILE *out) {
    for (size_t i = 0; i < count; i++) {
        print_line(&lines[i], lines[i].frame->line, "", options, out);
    }
}

static void cut_text(char *text) {
    text[strcspn(text, "\r\n")] = '\0';
    if (strlen(text) > MAX_LINE_BYTES) {
        text[MAX_LINE_BYTES] = '\0';
    }
    for (char *tab = text; (tab = strchr(tab, '\t'));) {
        *tab = ' ';
    }
}

// Prints from CONTEXT_LINES before the first line to CONTEXT_LINES after the last. Line numbers must be >= 1. Returns how many of the lines
// the file has.
static size_t print_numbered(FILE *file, const struct line *lines, size_t count, const struct report_options *options, FILE *out) {
    char *text = NULL;
    size_t capacity = 0, at = 0;
    int64_t first = lines[0].frame->line, last = lines[count - 1].frame->line;
    for (int64_t number = 1; (at < count || number - last <= CONTEXT_LINES) && getline(&text, &capacity, file) > 0; number++) {
        size_t before = at;
        cut_text(text);
        for (; at < count && lines[at].frame->line == number; at++) {
            print_line(&lines[at], number, text, options, out);
        }
        if (at == before && number >= first - CONTEXT_LINES) {
            print_line(NULL, number, text, options, out);
        }
    }
    free(text);
    return at;
}

// Lines that the file lacks (line 0, another version of the file) are printed without text. Returns false if the file cannot be read.
static bool print_source(const struct line *lines, size_t count, const struct report_options *options, FILE *out) {
    FILE *file = source_file_open(&options->sources, lines[0].frame->file);
    size_t from = 0;
    if (!file) {
        return false;
    }
    while (from < count && lines[from].frame->line < 1) {
        from++;
    }
    print_bare(lines, from, options, out);
    size_t to = from < count ? from + print_numbered(file, lines + from, count - from, options, out) : count;
    print_bare(lines + to, count - to, options, out);
    fclose(file);
    return true;
}

static void print_function(const struct line *lines, size_t count, const struct report_options *options, FILE *out) {
    const struct profile_frame *frame = lines[0].frame;
    int64_t flat = 0;
    char value[TEXT_VALUE_BYTES];
    for (size_t i = 0; i < count; i++) {
        flat = saturated_sum(flat, lines[i].flat);
    }
    text_put(frame->function, out);
    fputs(" in ", out);
    text_put(*frame->file ? frame->file : "an unknown file", out);
    fprintf(out, ", %s on its own\n%10s %10s  %5s\n", report_value(options, flat, value), "value", "total", "line");
    if (!print_source(lines, count, options, out)) {
        print_bare(lines, count, options, out);
        fprintf(out, "%10s %10s         (the source is not here)\n", "", "");
    }
    fputc('\n', out);
}

// {"line", "value", "total", "text"}, the text null if it is not here. Lines are sorted by number.
static void write_lines(const struct line *lines, size_t count, const struct report_options *options, struct json *json) {
    FILE *file = source_file_open(&options->sources, lines[0].frame->file);
    char *text = NULL;
    size_t capacity = 0;
    int64_t number = 0;
    json_key(json, "lines");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        while (file && number < lines[i].frame->line && getline(&text, &capacity, file) > 0) {
            number++;
        }
        bool is_here = file && number > 0 && number == lines[i].frame->line;
        if (is_here) {
            cut_text(text);
        }
        json_object_begin(json);
        json_member_number(json, "line", lines[i].frame->line);
        json_member_number(json, "value", lines[i].flat);
        json_member_number(json, "total", lines[i].cum);
        json_member_text(json, "text", is_here ? text : NULL);
        json_object_end(json);
    }
    json_array_end(json);
    free(text);
    if (file) {
        fclose(file);
    }
}

static void write_function(const struct line *lines, size_t count, const struct report_options *options, struct json *json) {
    int64_t flat = 0;
    for (size_t i = 0; i < count; i++) {
        flat = saturated_sum(flat, lines[i].flat);
    }
    json_object_begin(json);
    report_json_frame(lines[0].frame, FRAME_BY_FUNCTION, json);
    json_member_number(json, "value", flat);
    write_lines(lines, count, options, json);
    json_object_end(json);
}

enum merge_error report_list(struct profile *profile, const struct report_options *options, FILE *out) {
    struct flat_cum sums;
    flat_cum_start(&sums, false, FRAME_BY_LINE, options->top->filter);
    sums.memory = options->top->memory;
    sums.owner = options->top->owner;
    enum merge_error error = flat_cum_add(&sums, FLAT_CUM_NEW, profile, options->type, -1);
    struct line *lines = error == MERGE_OK ? malloc((sums.row_count + 1) * sizeof *lines) : NULL;
    size_t count = 0;
    error = error == MERGE_OK && !lines ? MERGE_NO_MEMORY : error;
    for (size_t i = 0; error == MERGE_OK && i < sums.row_count; i++) {
        const struct profile_frame *frame = sums.rows[i].count ? flat_cum_frame(&sums, &sums.rows[i], 0) : NULL;
        if (frame && *frame->function && report_names(options, frame)) {
            lines[count++] = (struct line){frame, sums.rows[i].flat[FLAT_CUM_NEW], sums.rows[i].cum[FLAT_CUM_NEW]};
        }
    }
    if (error == MERGE_OK && count > 0) {
        qsort(lines, count, sizeof *lines, compare_lines);
    }
    struct json json = {0};
    bool as_json = options->top->json && error == MERGE_OK;
    if (as_json) {
        report_json_begin(options, saturated_sum(sums.go_total[FLAT_CUM_NEW], sums.c_total[FLAT_CUM_NEW]), &json);
        json_key(&json, "functions");
        json_array_begin(&json);
    }
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_function(&lines[from], &lines[to]); to++) {
        }
        if (as_json) {
            write_function(&lines[from], to - from, options, &json);
        } else {
            print_function(&lines[from], to - from, options, out);
        }
    }
    if (as_json) {
        json_array_end(&json);
        json_object_end(&json);
        error = report_json_put(&json, out);
    }
    free(lines);
    flat_cum_free(&sums);
    return error == MERGE_OK && count == 0 && !as_json ? MERGE_NOT_FOUND : error;
}
