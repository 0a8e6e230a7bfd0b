// report_traces.c: every sample with its stack, and the profile's header; helpers of all reports (reports.h).
#include "reports.h"
#include "report_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void report_json_begin(const struct report_options *options, int64_t total, struct json *json) {
    json_object_begin(json);
    json_member_text(json, "type", options->type_name);
    json_member_text(json, "unit", options->unit);
    json_member_number(json, "total", total);
    if (options->functions) {
        json_member_text(json, "regex", options->expression);
    }
}

const char *report_value(const struct report_options *options, int64_t value, char text[TEXT_VALUE_BYTES]) {
    return text_value_in(value, options->top->exact ? NULL : options->unit, options->top->shown_in, text);
}

double report_share(int64_t value, int64_t all) {
    return all ? 100.0 * (double)value / (double)all : 0.0;
}

static const char *name_of(const struct profile_frame *frame, enum frame_by by, char name[TEXT_NAME_BYTES]) {
    size_t length;
    switch (frame->label ? FRAME_BY_LABEL : by) {
    case FRAME_BY_FILE:
        return *frame->file ? frame->file : *frame->mapping_file ? frame->mapping_file : "unknown";
    case FRAME_BY_PACKAGE: {
        const char *package = frame_package(frame, &length);
        snprintf(name, TEXT_NAME_BYTES, "%.*s", (int)(length < TEXT_NAME_BYTES ? length : TEXT_NAME_BYTES), package);
        return *name ? name : "unknown";
    }
    default:
        return *frame->function ? frame->function : text_frame(frame, name);
    }
}

void report_put_frame(const struct profile_frame *frame, enum frame_by by, FILE *out) {
    char name[TEXT_NAME_BYTES];
    text_put(name_of(frame, by, name), out);
    if (by == FRAME_BY_LINE && *frame->file) {
        fputc(' ', out);
        text_put(frame->file, out);
        if (frame->line) {
            fprintf(out, ":%" PRId64, frame->line);
        }
    }
}

bool report_names(const struct report_options *options, const struct profile_frame *frame) {
    char name[TEXT_NAME_BYTES];
    return !options->functions || regexec(options->functions, name_of(frame, options->top->by, name), 0, NULL, 0) == 0;
}

enum merge_error report_samples(struct profile *profile, const struct report_options *options, bool all, struct frame_table *table,
                                report_visit *visit, void *context) {
    struct sample_frames frames = {0};
    enum merge_error error = MERGE_OK;
    for (size_t i = 0; i < profile_sample_count(profile) && error == MERGE_OK; i++) {
        struct profile_sample_view sample;
        error = profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK || (!all && sample.values[options->type] == 0) ||
            !flat_cum_matches(options->top->memory, options->top->owner, &sample)) {
            continue;
        }
        bool counts = sample_frames_read(&frames, table, &sample);
        error = table->error != MERGE_OK ? table->error : visit(context, &sample, counts ? &frames : NULL);
    }
    sample_frames_free(&frames);
    return error;
}

static void put_labels(const struct profile_sample_view *sample, FILE *out) {
    for (size_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &sample->labels[i];
        fprintf(out, "%10s  ", "");
        text_put(label->key, out);
        fputs(": ", out);
        if (label->text) {
            text_put(label->text, out);
        } else {
            fprintf(out, "%" PRId64 "%s", label->number, *label->unit ? " " : "");
            text_put(label->unit, out);
        }
        fputc('\n', out);
    }
}

static void put_values(const struct profile *profile, const struct profile_sample_view *sample, FILE *out) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        fprintf(out, "%s%" PRId64, i ? " " : "", sample->values[i]);
    }
    fputc('\n', out);
}

struct printing {
    const struct profile *profile;
    const struct report_options *options;
    bool all_types;
    FILE *out;
};

static enum merge_error put_sample(void *context, const struct profile_sample_view *sample, const struct sample_frames *frames) {
    const struct printing *printing = context;
    FILE *out = printing->out;
    char value[TEXT_VALUE_BYTES];
    if (!frames) {
        return MERGE_OK;
    }
    fputs("----------\n", out);
    put_labels(sample, out);
    if (printing->all_types) {
        put_values(printing->profile, sample, out);
    }
    const char *weight = printing->all_types ? "" : report_value(printing->options, sample->values[printing->options->type], value);
    for (size_t i = 0; i < frames->count; i++) {
        fprintf(out, "%10s  ", i == 0 ? weight : "");
        const struct profile_frame *frame = &sample->frames[frames->indexes[i]];
        report_put_frame(frame, printing->all_types ? FRAME_BY_LINE : printing->options->top->by, out);
        fputs(frame->inlined ? " (inline)\n" : "\n", out);
    }
    if (frames->count == 0) {
        fprintf(out, "%10s  (no stack)\n", weight);
    }
    return MERGE_OK;
}

static enum merge_error put_samples(struct profile *profile, const struct report_options *options, bool all_types, FILE *out) {
    struct frame_table table = {.by = FRAME_BY_LINE, .filter = options->top->filter};
    struct printing printing = {profile, options, all_types, out};
    enum merge_error error = report_samples(profile, options, all_types, &table, put_sample, &printing);
    frame_table_free(&table);
    return error;
}

enum merge_error report_traces(struct profile *profile, const struct report_options *options, FILE *out) {
    fputs("type: ", out);
    text_put(profile_sample_type_name(profile, (size_t)options->type), out);
    fputc('\n', out);
    return put_samples(profile, options, false, out);
}

enum merge_error report_raw(struct profile *profile, const struct report_options *options, FILE *out) {
    char when[64] = "unknown";
    time_t seconds = (time_t)(profile_time_ns(profile) / 1000000000);
    struct tm parts;
    if (profile_time_ns(profile) != 0 && gmtime_r(&seconds, &parts)) {
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &parts);
    }
    fprintf(out, "period: %" PRId64 "\ntime: %s\nduration: %" PRId64 " ns\nsamples: %zu\ntypes:", profile_period(profile), when,
            profile_duration_ns(profile), profile_sample_count(profile));
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        fputc(' ', out);
        text_put(profile_sample_type_name(profile, i), out);
        fputc('/', out);
        text_put(profile_sample_type_unit(profile, i), out);
    }
    fputc('\n', out);
    return put_samples(profile, options, true, out);
}
