// report_disasm.c: instructions of functions with their values (reports.h).
//
// Of each file (receiver/views/disassembly.h) all functions of the linker that have some of what was asked for, those with most first. As
// text only what stands around instructions with values.
#include "../../receiver/views/disassembly.h"
#include "../../base/saturated.h"
#include "../symbols/machine_code_files.h"
#include "report_json.h"
#include "reports.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT_ROWS = 8 };

struct adding {
    const struct report_options *options;
    struct code_weights weights;
    int64_t total; // of all samples that were looked at
    size_t files_left_out;
};

static bool is_asked_for(const void *context, const struct profile_frame *frame) {
    return *frame->function && report_names(context, frame);
}

static enum merge_error add_sample(void *context, const struct profile_sample_view *sample, const struct sample_frames *frames) {
    struct adding *adding = context;
    int64_t value = sample->values[adding->options->type];
    adding->total = frames ? saturated_sum(adding->total, value) : adding->total;
    bool ok = !frames || code_weights_add(&adding->weights, sample, value, is_asked_for, adding->options);
    return ok ? MERGE_OK : MERGE_NO_MEMORY;
}

// ---- Text ----

static void put_row(const struct disassembly_row *row, const struct report_options *options, FILE *out) {
    char value[TEXT_VALUE_BYTES] = ".", total[TEXT_VALUE_BYTES] = ".", line[24] = "";
    if (row->total) {
        report_value(options, row->self, value);
        report_value(options, row->total, total);
    }
    if (row->line > 0) {
        snprintf(line, sizeof line, "%" PRId64, row->line);
    }
    fprintf(out, "%10s %10s  %8" PRIx64 "  %5s  ", value, total, row->address, line);
    text_put(row->text ? row->text : "", out);
    fputc('\n', out);
}

// Whether an instruction with a value is near.
static bool is_near(const struct disassembly *made, size_t at) {
    size_t from = at > CONTEXT_ROWS ? at - CONTEXT_ROWS : 0;
    for (size_t i = from; i < made->row_count && i <= at + CONTEXT_ROWS; i++) {
        if (made->rows[i].total) {
            return true;
        }
    }
    return false;
}

static void put_rows(const struct disassembly *made, const struct report_options *options, FILE *out) {
    bool left_out = false;
    fprintf(out, "%10s %10s  %8s  %5s\n", "value", "total", "address", "line");
    for (size_t i = 0; i < made->row_count; i++) {
        bool shown = is_near(made, i);
        if (shown && left_out) {
            fprintf(out, "%10s\n", "...");
        }
        left_out = !shown;
        if (shown) {
            put_row(&made->rows[i], options, out);
        }
    }
    if (left_out) {
        fprintf(out, "%10s\n", "...");
    }
    if (made->rows_left_out > 0) {
        fprintf(out, "%10s %zu instructions beyond are left out\n", "", made->rows_left_out);
    }
}

static void put_heading(const struct disassembly *made, const struct report_options *options, FILE *out) {
    char value[TEXT_VALUE_BYTES];
    if (made->place_count > 0) {
        text_put(made->places[made->place].name, out);
        fputs(" in ", out);
    }
    text_put(*made->file->file ? made->file->file : "an unknown file", out);
    fputs(*made->file->build_id ? ", build " : "", out);
    text_put(made->file->build_id, out);
    if (*made->machine) {
        fprintf(out, ", %s", made->machine);
    }
    if (made->place_count > 0) {
        fprintf(out, ", %s on its own", report_value(options, made->places[made->place].self, value));
    }
    fputc('\n', out);
}

// What no place of the file has: not known, or more than are shown.
static void put_elsewhere(const struct disassembly *made, const struct report_options *options, FILE *out) {
    char value[TEXT_VALUE_BYTES], total[TEXT_VALUE_BYTES];
    if (made->elsewhere_count > 0 && !*made->reason) {
        fprintf(out, "%10s %10s  at %zu %s of no known function, or of more than are shown, in ",
                report_value(options, made->elsewhere_self, value), report_value(options, made->elsewhere_total, total),
                made->elsewhere_count, made->elsewhere_count == 1 ? "address" : "addresses");
        text_put(*made->file->file ? made->file->file : "an unknown file", out);
        fputs("\n\n", out);
    }
}

static void put_place(const struct disassembly *made, const struct report_options *options, FILE *out) {
    put_heading(made, options, out);
    put_rows(made, options, out);
    if (*made->reason) {
        fprintf(out, "%10s (", "");
        text_put(made->reason, out);
        fputs(")\n", out);
    }
    fputc('\n', out);
}

// ---- JSON ----

static void write_place(const struct disassembly *made, struct json *json) {
    const struct disassembly_place *place = made->place_count > 0 ? &made->places[made->place] : NULL;
    json_object_begin(json);
    json_member_text(json, "name", place ? place->name : NULL);
    json_member_text(json, "object", made->file->file);
    json_member_text(json, "build_id", made->file->build_id);
    json_member_text(json, "machine", *made->machine ? made->machine : NULL);
    json_key(json, "instructions");
    json_array_begin(json);
    for (size_t i = 0; i < made->row_count; i++) {
        const struct disassembly_row *row = &made->rows[i];
        char address[24];
        snprintf(address, sizeof address, "0x%" PRIx64, row->address);
        json_object_begin(json);
        json_member_text(json, "address", address);
        json_member_number(json, "value", row->self);
        json_member_number(json, "total", row->total);
        json_member_number(json, "line", row->line);
        json_member_text(json, "text", row->text);
        json_object_end(json);
    }
    json_array_end(json);
    json_member_number(json, "instructions_left_out", (int64_t)made->rows_left_out);
    json_key(json, "elsewhere"); // of the file
    json_object_begin(json);
    json_member_number(json, "addresses", (int64_t)made->elsewhere_count);
    json_member_number(json, "value", made->elsewhere_self);
    json_member_number(json, "total", made->elsewhere_total);
    json_object_end(json);
    json_member_text(json, "reason", *made->reason ? made->reason : NULL);
    json_object_end(json);
}

// ---- All ----

// json NULL: as text.
static enum merge_error show(struct adding *adding, const struct machine_code *code, struct json *json, FILE *out) {
    struct disassembly first, made;
    bool ok = disassembly_make(&first, &adding->weights, code, &(struct disassembly_choice){0});
    for (size_t file = 0; ok && file < first.file_count; file++) {
        size_t places = 1;
        for (size_t place = 0; ok && place < places; place++) {
            char at[24];
            struct disassembly_choice choice = {.build_id = first.files[file]->build_id, .object = first.files[file]->file};
            ok = disassembly_make(&made, &adding->weights, code, &choice);
            if (ok && place > 0 && place < made.place_count) {
                snprintf(at, sizeof at, "%" PRIx64, made.places[place].start);
                choice.at = at;
                disassembly_free(&made);
                ok = disassembly_make(&made, &adding->weights, code, &choice);
            }
            places = ok && made.place_count > 1 ? made.place_count : 1;
            if (ok && json) {
                write_place(&made, json);
            } else if (ok) {
                put_place(&made, adding->options, out);
            }
            if (ok && !json && place + 1 == places) {
                put_elsewhere(&made, adding->options, out);
            }
            disassembly_free(&made);
        }
    }
    adding->files_left_out = ok ? first.files_left_out : 0;
    if (adding->files_left_out > 0 && !json) {
        fprintf(out, "and %zu more files\n", adding->files_left_out);
    }
    disassembly_free(&first);
    return ok ? MERGE_OK : MERGE_NO_MEMORY;
}

enum merge_error report_disasm(struct profile *profile, const struct report_options *options, FILE *out) {
    struct frame_table table = {.by = FRAME_BY_FUNCTION, .filter = options->top->filter};
    struct adding adding = {.options = options};
    const struct machine_code_files files = {
        .directories = &options->debug_directory, .directory_count = !!options->debug_directory, .own_paths = true};
    const struct machine_code code = machine_code_files_begin(&files);
    struct json json = {0};
    enum merge_error error = report_samples(profile, options, false, &table, add_sample, &adding);
    code_weights_sort(&adding.weights);
    if (error == MERGE_OK && options->top->json) {
        report_json_begin(options, adding.total, &json);
        json_key(&json, "functions");
        json_array_begin(&json);
        error = show(&adding, &code, &json, out);
        json_array_end(&json);
        json_member_number(&json, "objects_left_out", (int64_t)adding.files_left_out);
        json_object_end(&json);
        error = error == MERGE_OK ? report_json_put(&json, out) : error;
    } else if (error == MERGE_OK) {
        error = adding.weights.count > 0 ? show(&adding, &code, NULL, out) : MERGE_NOT_FOUND;
    }
    json_free(&json);
    code_weights_free(&adding.weights);
    frame_table_free(&table);
    return error;
}
