// live_table.c: see live_table.h.
#include "live_table.h"
#include "../../base/saturated.h"
#include "../../base/vector.h"
#include "../../receiver/index/measures.h"
#include "../base/diagnostic.h"
#include "../base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 32, KEY_BYTES = 200 };

static struct profile *decode(const struct options *options, const struct live_sample *sample, char *text, size_t size) {
    struct profile *profile = profile_new();
    struct merge_fault fault = {.error = MERGE_NO_MEMORY};
    if (!profile || profile_decode(profile, sample->input.bytes, sample->input.size, &options->limits, NULL, &fault) != MERGE_OK ||
        profile_sample_type_count(profile) == 0) {
        snprintf(text, size, "not a profile: %s", *fault.text ? fault.text : merge_error_text(fault.error));
        profile_free(profile);
        return NULL;
    }
    return profile;
}

bool live_sample_check(const struct options *options, struct live_sample *sample, int64_t read_ns, char *text, size_t size) {
    struct profile *profile = decode(options, sample, text, size);
    if (profile) {
        sample->at_ns = profile_time_ns(profile) > 0 ? profile_time_ns(profile) : read_ns;
        sample->duration_ns = profile_duration_ns(profile) > 0 ? profile_duration_ns(profile) : 0;
    }
    bool ok = profile;
    profile_free(profile);
    return ok;
}

// ---- Rows of one profile ----

// inuse_space -> alloc_space. A type that is no gauge is its own. Returns -1 if there is none.
static int rate_type_of(const struct profile *profile, int type) {
    const char *name = profile_sample_type_name(profile, (size_t)type);
    if (!measure_is_gauge(name)) {
        return type;
    }
    return profile_sample_type_index(profile, strstr(name, "objects") ? "alloc_objects" : "alloc_space");
}

static char *name_of(const struct top *top, const struct flat_cum_row *row) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < row->count; i++) {
        const struct profile_frame *frame = flat_cum_frame(&top->sums, row, i);
        char name[TEXT_NAME_BYTES];
        fputs(i > 0 ? " <- " : "", out);
        text_put(text_frame(frame, name), out);
        if (!top->sums.by_stack && !frame->label && *frame->file) {
            fputs("  ", out);
            text_put(text_base_name(frame->file), out);
            if (top->sums.frames.by == FRAME_BY_LINE && frame->line != 0) {
                fprintf(out, ":%lld", (long long)frame->line);
            }
        }
    }
    if (out && row->count == 0) {
        fputs("(no stack)", out);
    }
    if (!out || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int by_name(const void *left, const void *right) {
    return strcmp(((const struct live_row *)left)->name, ((const struct live_row *)right)->name);
}

static int64_t *figure_of(struct live_row *row, bool is_amount) {
    return is_amount ? &row->amount : &row->value;
}

// Adds up rows of the same name, which are then sorted by it.
static void unite(struct live_table *table) {
    size_t kept = 0;
    if (table->count > 0) {
        qsort(table->rows, table->count, sizeof *table->rows, by_name);
    }
    for (size_t i = 0; i < table->count; i++) {
        if (kept > 0 && strcmp(table->rows[kept - 1].name, table->rows[i].name) == 0) {
            table->rows[kept - 1].value = saturated_sum(table->rows[kept - 1].value, table->rows[i].value);
            table->rows[kept - 1].amount = saturated_sum(table->rows[kept - 1].amount, table->rows[i].amount);
            free(table->rows[i].name);
        } else {
            table->rows[kept++] = table->rows[i];
        }
    }
    table->count = kept;
}

// One sample type of the profile: its rows, and the total of the selected samples.
static enum merge_error add_type(struct live_table *table, struct profile *profile, const struct top_options *options, int type,
                                 bool is_amount) {
    struct top_options own = *options;
    char index[16];
    struct top top;
    snprintf(index, sizeof index, "%d", type);
    own.type = index;
    own.lines = SIZE_MAX;
    enum merge_error error = top_build(profile, NULL, &own, &top);
    if (error != MERGE_OK) {
        return error;
    }
    error = VECTOR_RESERVE(table->rows, table->capacity, table->count + top.count + 1) ? MERGE_OK : MERGE_NO_MEMORY;
    int64_t all = 0;
    for (size_t i = 0; error == MERGE_OK && i < top.count; i++) {
        struct live_row row = {.name = name_of(&top, top.rows[i])};
        if (!row.name) {
            error = MERGE_NO_MEMORY;
            break;
        }
        *figure_of(&row, is_amount) = own.by_cum ? top_cum(&top, top.rows[i]) : top_flat(&top, top.rows[i]);
        all = saturated_sum(all, top_flat(&top, top.rows[i]));
        table->rows[table->count++] = row;
    }
    if (is_amount) {
        table->amount = all;
    } else {
        table->value = all;
        table->c_value = top.sums.c_total[FLAT_CUM_NEW];
    }
    top_free(&top);
    return error;
}

static int make_one(const struct options *options, const struct top_options *top, const struct live_sample *sample,
                    struct live_table *table, char *text, size_t size) {
    *table = (struct live_table){0};
    struct profile *profile = decode(options, sample, text, size);
    if (!profile) {
        return STATUS_FAILED;
    }
    int type = profile_sample_type_chosen(profile, top->type), rate = type >= 0 ? rate_type_of(profile, type) : -1;
    enum merge_error error = type < 0 ? MERGE_NOT_FOUND : MERGE_OK;
    if (error == MERGE_OK && top->group_by) {
        error = profile_group_by(profile, top->group_by);
    }
    if (error == MERGE_OK) {
        snprintf(table->type, sizeof table->type, "%s", profile_sample_type_name(profile, (size_t)type));
        snprintf(table->unit, sizeof table->unit, "%s", profile_sample_type_unit(profile, (size_t)type));
        error = add_type(table, profile, top, type, false);
    }
    if (error == MERGE_OK && rate >= 0) {
        snprintf(table->rate_type, sizeof table->rate_type, "%s", profile_sample_type_name(profile, (size_t)rate));
        snprintf(table->rate_unit, sizeof table->rate_unit, "%s", profile_sample_type_unit(profile, (size_t)rate));
        error = add_type(table, profile, top, rate, true);
    }
    profile_free(profile);
    if (error != MERGE_OK) {
        snprintf(text, size, "%s", error == MERGE_NOT_FOUND ? "the profile has no such sample type" : merge_error_text(error));
        live_table_free(table);
        return STATUS_FAILED;
    }
    unite(table);
    return STATUS_DONE;
}

void live_table_free(struct live_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        free(table->rows[i].name);
    }
    free(table->rows);
    *table = (struct live_table){0};
}

// ---- Rates ----

static const struct live_row none = {0};

static const struct live_row *find(const struct live_table *table, const char *name) {
    struct live_row like = {.name = (char *)name};
    const struct live_row *found = table->count > 0 ? bsearch(&like, table->rows, table->count, sizeof like, by_name) : NULL;
    return found ? found : &none;
}

static double per(int64_t now, int64_t then, double seconds) {
    return seconds > 0 ? ((double)now - (double)then) / seconds : NAN;
}

// A row that only the earlier table has is gone: it shrinks, if what is shown is a gauge.
static bool add_gone(struct live_table *now, const struct live_table *first) {
    size_t count = now->count;
    for (size_t i = 0; i < first->count; i++) {
        struct live_row like = {.name = first->rows[i].name};
        if (count > 0 && bsearch(&like, now->rows, count, sizeof like, by_name)) {
            continue;
        }
        char *name = strdup(first->rows[i].name);
        if (!name || !VECTOR_RESERVE(now->rows, now->capacity, now->count + 1)) {
            free(name);
            return false;
        }
        now->rows[now->count++] = (struct live_row){.name = name};
    }
    return true;
}

// What /debug/pprof/heap?seconds=N has in use is what came and went in the time.
static bool has_negative(const struct live_table *table) {
    bool found = false;
    for (size_t i = 0; i < table->count; i++) {
        found |= table->rows[i].value < 0;
    }
    return found;
}

// Callers without a value of their own, which had none before.
static void drop_nothing(struct live_table *table) {
    size_t kept = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct live_row *row = &table->rows[i];
        if (row->value == 0 && row->amount == 0 && !(row->growth_per_minute < 0) && !(row->growth_per_minute > 0)) {
            free(row->name);
        } else {
            table->rows[kept++] = *row;
        }
    }
    table->count = kept;
}

static double sort_key(const struct live_row *row, enum live_order order) {
    double key = order == LIVE_BY_VALUE    ? fabs((double)row->value)
                 : order == LIVE_BY_GROWTH ? fabs(row->growth_per_minute)
                                           : row->rate_per_second;
    return isnan(key) ? -1 : key;
}

static int compare(const void *left, const void *right, void *context) {
    const struct live_row *a = left, *b = right;
    enum live_order order = *(enum live_order *)context;
    double x = sort_key(a, order), y = sort_key(b, order);
    if (x != y) {
        return x > y ? -1 : 1;
    }
    x = sort_key(a, LIVE_BY_VALUE);
    y = sort_key(b, LIVE_BY_VALUE);
    return x != y ? (x > y ? -1 : 1) : strcmp(a->name, b->name);
}

int live_table_make(const struct options *options, const struct top_options *top, const struct live_sample *first,
                    const struct live_sample *before, const struct live_sample *now, enum live_order order, struct live_table *table,
                    char *text, size_t size) {
    struct live_table oldest = {0}, last = {0};
    int status = make_one(options, top, now, table, text, size);
    status = status == STATUS_DONE ? make_one(options, top, first, &oldest, text, size) : status;
    status = status == STATUS_DONE ? make_one(options, top, before, &last, text, size) : status;
    bool is_gauge = status == STATUS_DONE && measure_is_gauge(table->type);
    if (status == STATUS_DONE && is_gauge && !add_gone(table, &oldest)) {
        snprintf(text, size, "no memory");
        status = STATUS_FAILED;
    }
    if (status == STATUS_DONE) {
        bool counts_anew = now->duration_ns > 0, is_difference = counts_anew && (has_negative(table) || has_negative(&oldest));
        double minutes = is_difference ? 0 : (double)(now->at_ns - first->at_ns) / 60e9;
        double seconds = (double)(counts_anew ? now->duration_ns : now->at_ns - before->at_ns) / 1e9;
        if (counts_anew) {
            live_table_free(&last);
        }
        for (size_t i = 0; i < table->count; i++) {
            struct live_row *row = &table->rows[i];
            row->growth_per_minute = is_gauge ? per(row->value, find(&oldest, row->name)->value, minutes) : NAN;
            row->rate_per_second = *table->rate_type ? per(row->amount, find(&last, row->name)->amount, seconds) : NAN;
        }
        table->growth_per_minute = is_gauge ? per(table->value, oldest.value, minutes) : NAN;
        table->rate_per_second = *table->rate_type ? per(table->amount, last.amount, seconds) : NAN;
        drop_nothing(table);
        qsort_r(table->rows, table->count, sizeof *table->rows, compare, &order);
    } else {
        live_table_free(table);
    }
    live_table_free(&oldest);
    live_table_free(&last);
    return status;
}

// ---- Printing ----

static const char *rate_text(double rate, const char *unit, const char *end, bool has_sign, char text[TEXT_VALUE_BYTES + 8]) {
    char value[TEXT_VALUE_BYTES];
    if (isnan(rate)) {
        return "-";
    }
    int64_t whole = fabs(rate) < 9e18 ? (int64_t)llround(rate) : rate > 0 ? INT64_MAX : -INT64_MAX;
    snprintf(text, TEXT_VALUE_BYTES + 8, "%s%s", has_sign ? text_change(whole, unit, NULL, value) : text_value(whole, unit, value), end);
    return text;
}

static void put_row(const struct live_table *table, const struct top_options *top, const struct live_row *row, FILE *out) {
    char value[TEXT_VALUE_BYTES], growth[TEXT_VALUE_BYTES + 8], rate[TEXT_VALUE_BYTES + 8];
    double share = table->value != 0 ? 100 * (double)row->value / (double)table->value : 0;
    fprintf(out, "%11s %6.1f%% %15s %13s  %s\n", text_value_in(row->value, table->unit, top->shown_in, value), share,
            rate_text(row->growth_per_minute, table->unit, "/min", true, growth),
            rate_text(row->rate_per_second, table->rate_unit, "/s", false, rate), row->name);
}

void live_table_print(const struct live_table *table, const struct top_options *top, enum live_order order, size_t lines, FILE *out) {
    char value[TEXT_VALUE_BYTES], c_value[TEXT_VALUE_BYTES], growth[TEXT_VALUE_BYTES + 8], rate[TEXT_VALUE_BYTES + 8];
    const char *memory = top->memory == FLAT_CUM_C ? "C memory" : top->memory == FLAT_CUM_GO ? "Go memory" : "all";
    const char *thing = top->by_stack ? "stack" : top->by == FRAME_BY_LABEL ? top->group_by : frame_by_name(top->by);
    text_put(table->type, out);
    fprintf(out, ", %s by ", memory);
    text_put(thing, out);
    fprintf(out, "%s: %s", top->by_cum ? " with callees" : "", text_value(table->value, table->unit, value));
    if (top->memory == FLAT_CUM_ALL && table->c_value != 0) {
        fprintf(out, " (C %s)", text_value(table->c_value, table->unit, c_value));
    }
    fprintf(out, ", growth %s", rate_text(table->growth_per_minute, table->unit, "/min", true, growth));
    fprintf(out, ", %s %s\n\n", *table->rate_type ? table->rate_type : "rate",
            rate_text(table->rate_per_second, table->rate_unit, "/s", false, rate));
    fprintf(out, "%11s %7s %15s %13s  ", order == LIVE_BY_VALUE ? "*value" : "value", "share",
            order == LIVE_BY_GROWTH ? "*growth" : "growth", order == LIVE_BY_RATE ? "*rate" : "rate");
    text_put(thing, out);
    fputc('\n', out);
    for (size_t i = 0; i < table->count && i < lines; i++) {
        put_row(table, top, &table->rows[i], out);
    }
    if (table->count == 0) {
        fputs("       none\n", out);
    }
}

// ---- Labels ----

bool live_table_next_key(const struct options *options, const struct live_sample *sample, const char *key, char *next, size_t size) {
    char keys[MAX_KEYS][KEY_BYTES], text[200];
    size_t count = 0, at = 0;
    struct profile *profile = decode(options, sample, text, sizeof text);
    for (size_t i = 0; profile && i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        if (profile_sample_without_frames(profile, i, &view) != MERGE_OK) {
            break;
        }
        for (size_t l = 0; l < view.label_count && count < MAX_KEYS; l++) {
            const char *name = view.labels[l].key;
            bool is_known = strcmp(name, "memory") == 0 || strcmp(name, "owner") == 0 || strlen(name) >= KEY_BYTES;
            for (size_t k = 0; k < count && !is_known; k++) {
                is_known = strcmp(keys[k], name) == 0;
            }
            if (!is_known) {
                snprintf(keys[count++], KEY_BYTES, "%s", name);
            }
        }
    }
    profile_free(profile);
    for (size_t k = 0; key && k < count; k++) {
        at = strcmp(keys[k], key) == 0 ? (k + 1) % count : at;
    }
    if (count > 0) {
        snprintf(next, size, "%s", keys[at]);
    }
    return count > 0;
}
