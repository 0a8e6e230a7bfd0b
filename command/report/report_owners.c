// report_owners.c: C memory by the function that owns it (reports.h).
#include "reports.h"
#include "../../base/saturated.h"
#include "report_json.h"
#include "../../receiver/views/owners.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct adding {
    struct owners owners;
    struct profile_frame *frames; // of the sample, those that are kept
    size_t capacity;
    int64_t all; // bytes of all C memory in use, or allocated, without the filter
};

static bool has_live(const struct owners *owners) {
    return owners->live[1] >= 0;
}

static enum merge_error add_sample(void *context, const struct profile_sample_view *sample, const struct sample_frames *frames) {
    struct adding *adding = context;
    const struct owners *owners = &adding->owners;
    int type = has_live(owners) ? owners->live[1] : owners->allocated[1];
    if (profile_sample_is_c(sample) && type >= 0) {
        adding->all = saturated_sum(adding->all, sample->values[type]);
    }
    if (!frames || !profile_sample_is_c(sample)) {
        return MERGE_OK;
    }
    if (frames->count > adding->capacity) {
        free(adding->frames);
        adding->capacity = 2 * frames->count;
        adding->frames = malloc(adding->capacity * sizeof *adding->frames);
        if (!adding->frames) {
            adding->capacity = 0;
            return MERGE_NO_MEMORY;
        }
    }
    for (size_t i = 0; i < frames->count; i++) {
        adding->frames[i] = sample->frames[frames->indexes[i]];
    }
    struct profile_sample_view kept = *sample;
    kept.frames = adding->frames;
    kept.frame_count = frames->count;
    return owners_add(&adding->owners, &kept);
}

// ---- Printing ----

static const char *count_text(const struct report_options *options, int64_t count, char text[TEXT_VALUE_BYTES]) {
    return text_value(count, options->top->exact ? NULL : "count", text);
}

// "12,000" and "±240", or "0" and "(<24)", in columns of 10 and 8. The sign has two bytes.
static void put_count(const struct report_options *options, const struct owner_sum *sum, bool is_known, FILE *out) {
    char count[TEXT_VALUE_BYTES], error[TEXT_VALUE_BYTES], text[TEXT_VALUE_BYTES + 4] = "";
    double wide = owner_sum_error(sum);
    bool is_unseen = is_known && sum->blocks == 0 && wide >= 1;
    if (is_unseen) {
        snprintf(text, sizeof text, "(<%s)", count_text(options, wide < 1e18 ? (int64_t)ceil(wide) : INT64_MAX, error));
    } else if (is_known) {
        snprintf(text, sizeof text, "±%s", count_text(options, wide < 1e18 ? (int64_t)(wide + 0.5) : INT64_MAX, error));
    }
    fprintf(out, " %10s %*s", is_known ? count_text(options, sum->blocks, count) : "-", 8 + (is_known && !is_unseen ? 1 : 0), text);
}

static void put_owner(const struct report_options *options, const struct owner_row *row, FILE *out) {
    char name[TEXT_NAME_BYTES];
    const struct profile_frame *owner = &row->owner;
    bool is_whole = options->top->exact && *owner->function;
    text_put(!*owner->function && !*owner->mapping_file ? "(no stack)" : is_whole ? owner->function : text_frame(owner, name), out);
    if (*owner->file) {
        fputs("  ", out);
        text_put(options->top->exact ? owner->file : text_base_name(owner->file), out);
    }
    if (*row->library) {
        fputs("  ", out);
        text_put(row->library, out);
    }
    if (*row->pair.opens) {
        fputs("  ", out);
        text_put(row->pair.opens, out);
        fputs(" / ", out);
        text_put(row->pair.closes, out);
    }
    fputc('\n', out);
}

// "86.5 kB in use in 195 blocks".
static void put_total(const struct report_options *options, const struct owner_sum *sum, const int types[2], const char *what, FILE *out) {
    char bytes[TEXT_VALUE_BYTES], blocks[TEXT_VALUE_BYTES];
    fprintf(out, "%s %s", report_value(options, sum->bytes, bytes), what);
    if (types[0] >= 0) {
        fprintf(out, " in %s blocks", count_text(options, sum->blocks, blocks));
    }
}

static void put_head(const struct adding *adding, const struct report_options *options, FILE *out) {
    const struct owners *owners = &adding->owners;
    fputs("C memory by owner", out);
    if (has_live(owners)) {
        fputs(": ", out);
        put_total(options, &owners->total.live, owners->live, "in use", out);
    }
    if (owners->allocated[1] >= 0) {
        fputs(has_live(owners) ? ", " : ": ", out);
        put_total(options, &owners->total.allocated, owners->allocated, "allocated", out);
    }
    fprintf(out, "\n\n%10s %7s %10s %8s %10s %8s %10s %8s  owner, source, library, what opens / closes\n",
            has_live(owners) ? "in use" : "allocated", "share", "blocks", "", "allocated", "", "freed", "");
}

static void put_rows(const struct adding *adding, const struct report_options *options, FILE *out) {
    const struct owners *owners = &adding->owners;
    char value[TEXT_VALUE_BYTES];
    size_t shown = owners->count < options->top->lines ? owners->count : options->top->lines;
    put_head(adding, options, out);
    for (size_t i = 0; i < shown; i++) {
        const struct owner_row *row = &owners->rows[i];
        int64_t bytes = has_live(owners) ? row->live.bytes : row->allocated.bytes;
        fprintf(out, "%10s %6.1f%%", report_value(options, bytes, value), report_share(bytes, adding->all));
        put_count(options, &row->live, owners->live[0] >= 0, out);
        put_count(options, &row->allocated, owners->allocated[0] >= 0, out);
        put_count(options, &row->closed, owners->is_from_start, out);
        fputs("  ", out);
        put_owner(options, row, out);
    }
    if (shown < owners->count) {
        fprintf(out, "%10s  and %zu more\n", "", owners->count - shown);
    } else if (shown == 0) {
        fprintf(out, "%10s none: no selected sample is C memory (label memory=C)\n", "");
    }
    if (!owners->is_from_start && owners->allocated[1] >= 0) {
        fputs("What was freed is not known: the figures of what was allocated do not begin with the program, or are of several profiles.\n",
              out);
    }
}

static enum merge_error put_json(const struct owners *owners, const struct report_options *options, FILE *out) {
    struct json json = {0};
    json_object_begin(&json);
    owners_write(owners, options->top->lines, &json);
    json_object_end(&json);
    return report_json_put(&json, out);
}

enum merge_error report_owners(struct profile *profile, const struct report_options *options, FILE *out) {
    struct frame_table table = {.by = FRAME_BY_LINE, .filter = options->top->filter};
    struct adding *adding = calloc(1, sizeof *adding); // its memos are large
    if (!adding) {
        return MERGE_NO_MEMORY;
    }
    owners_start(&adding->owners, profile, options->pairs, options->is_single);
    enum merge_error error = report_samples(profile, options, true, &table, add_sample, adding);
    if (error == MERGE_OK) {
        owners_sort(&adding->owners);
    }
    if (error == MERGE_OK && options->top->json) {
        error = put_json(&adding->owners, options, out);
    } else if (error == MERGE_OK) {
        put_rows(adding, options, out);
    }
    owners_free(&adding->owners);
    frame_table_free(&table);
    free(adding->frames);
    free(adding);
    return error;
}
