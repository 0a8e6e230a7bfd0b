// report_list.c: source lines of functions, with what is allocated or spent on each (reports.h).
//
// Values are by line of the profile; the text of the lines is there when the source file is where the profile says.
#include "reports.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND_LINES = 2, LONGEST_LINE = 400 };

struct line {
    const struct profile_frame *frame;
    int64_t flat, total;
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
        report_value(options, line->total, total);
    }
    fprintf(out, "%10s %10s  %5" PRId64 "  ", flat, total, number);
    text_put(source, out);
    fputc('\n', out);
}

// From a little before the first line to a little behind the last. False: the file cannot be read.
static bool print_source(const struct line *lines, size_t count, const struct report_options *options, FILE *out) {
    FILE *file = fopen(lines[0].frame->file, "re");
    char *text = NULL;
    size_t room = 0, at = 0;
    for (int64_t number = 1; file && number <= lines[count - 1].frame->line + AROUND_LINES && getline(&text, &room, file) > 0; number++) {
        while (at + 1 < count && lines[at].frame->line < number) {
            at++;
        }
        text[strcspn(text, "\r\n")] = '\0';
        if (strlen(text) > LONGEST_LINE) {
            text[LONGEST_LINE] = '\0';
        }
        for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;) {
            *tab = ' ';
        }
        if (number + AROUND_LINES >= lines[0].frame->line) {
            print_line(lines[at].frame->line == number ? &lines[at] : NULL, number, text, options, out);
        }
    }
    free(text);
    if (file) {
        fclose(file);
    }
    return file != NULL;
}

static void print_function(const struct line *lines, size_t count, const struct report_options *options, FILE *out) {
    const struct profile_frame *frame = lines[0].frame;
    int64_t flat = 0;
    char value[TEXT_VALUE_BYTES];
    for (size_t i = 0; i < count; i++) {
        flat = text_sum(flat, lines[i].flat);
    }
    text_put(frame->function, out);
    fputs(" in ", out);
    text_put(*frame->file ? frame->file : "an unknown file", out);
    fprintf(out, ", %s on its own\n%10s %10s  %5s\n", report_value(options, flat, value), "value", "total", "line");
    if (!print_source(lines, count, options, out)) {
        for (size_t i = 0; i < count; i++) {
            print_line(&lines[i], lines[i].frame->line, "", options, out);
        }
        fprintf(out, "%10s %10s         (the source is not here)\n", "", "");
    }
    fputc('\n', out);
}

enum merge_error report_list(struct profile *profile, const struct report_options *options, FILE *out) {
    struct tally tally;
    tally_start(&tally, false, FRAME_BY_LINE, options->top->filter);
    tally.memory = options->top->memory;
    tally.owner = options->top->owner;
    enum merge_error error = tally_add(&tally, TALLY_NEW, profile, options->type, -1);
    struct line *lines = error == MERGE_OK ? malloc((tally.row_count + 1) * sizeof *lines) : NULL;
    size_t count = 0;
    error = error == MERGE_OK && !lines ? MERGE_NO_MEMORY : error;
    for (size_t i = 0; error == MERGE_OK && i < tally.row_count; i++) {
        const struct profile_frame *frame = tally.rows[i].count ? tally_frame(&tally, &tally.rows[i], 0) : NULL;
        if (frame && *frame->function && report_names(options, frame)) {
            lines[count++] = (struct line){frame, tally.rows[i].flat[TALLY_NEW], tally.rows[i].total[TALLY_NEW]};
        }
    }
    if (error == MERGE_OK && count > 0) {
        qsort(lines, count, sizeof *lines, compare_lines);
    }
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_function(&lines[from], &lines[to]); to++) {
        }
        print_function(&lines[from], to - from, options, out);
    }
    free(lines);
    tally_free(&tally);
    return error == MERGE_OK && count == 0 ? MERGE_NOT_FOUND : error;
}
