// delta_fuzz.c: fuzz target of the delta. The input is a series of up to eight profiles (frames.h), and selects which types are counters.
// Each delta must equal the difference of the contents of consecutive profiles by the rules of merge.h.
#include "target.h"

#include "delta_state.h"
#include "frames.h"

#include <stdlib.h>
#include <string.h>

struct series {
    struct delta *delta;
    enum delta_rule rule;
    char *names[MAX_TYPES]; // the counters
    size_t name_count;
    struct key keys[MAX_TYPES]; // of the names
    struct content last;
    bool has_last;
};

// ---- Expected result ----

static bool is_counter(const struct series *series, struct key name) {
    for (size_t i = 0; i < series->name_count; i++) {
        if (key_same(series->keys[i], name)) {
            return true;
        }
    }
    return false;
}

static bool has_all_counters(const struct series *series, const struct content *content) {
    for (size_t i = 0; i < series->name_count; i++) {
        size_t at = 0;
        while (at < content->type_count && !key_same(content->type_names[at], series->keys[i])) {
            at++;
        }
        if (at == content->type_count) {
            return false;
        }
    }
    return true;
}

static bool fits_last(const struct series *series, const struct content *content) {
    return !series->has_last || (content_same_types(&series->last, content) && content_same_period(&series->last, content));
}

static void subtract(const struct series *series, const struct content *content, struct row *row) {
    const struct row *last = content_find(&series->last, row->key);
    for (size_t t = 0; t < content->type_count; t++) {
        struct cell *cell = &row->cells[t];
        if (!is_counter(series, content->type_names[t])) {
            continue;
        }
        __int128 now = cell->sum, value = last ? now - last->cells[t].sum : now;
        if (value < 0 && series->rule == DELTA_NEVER_NEGATIVE) { // reset
            value = now < 0 ? 0 : now;
        }
        cell->sum = value;
        if (last) {
            cell->size += last->cells[t].size;
        }
    }
}

// The negative of samples that are in the last profile only.
static void add_vanished(const struct series *series, struct content *content) {
    struct content vanished = *content;
    vanished.rows = malloc((series->last.row_count + 1) * content->row_bytes);
    vanished.row_count = 0;
    for (size_t i = 0; i < series->last.row_count; i++) {
        const struct row *last = content_row(&series->last, i);
        if (content_find(content, last->key)) {
            continue;
        }
        struct row *row = content_row(&vanished, vanished.row_count++);
        memcpy(row, last, content->row_bytes);
        for (size_t t = 0; t < content->type_count; t++) {
            row->cells[t].sum = is_counter(series, content->type_names[t]) ? -last->cells[t].sum : 0;
        }
    }
    vanished.header.comment_count = 0;
    vanished.header.duration_ns = (struct cell){0, 0};
    content_add(content, &vanished);
    free(vanished.rows);
}

// Turns the content of a profile into that of its delta.
static void expect(const struct series *series, struct content *content) {
    if (!series->has_last) {
        return;
    }
    int64_t last_time = series->last.header.time_ns, time = content->header.time_ns;
    if (time != 0 && last_time != 0 && time > last_time) {
        content->header.duration_ns = (struct cell){(__int128)time - last_time, (__int128)time - last_time};
    }
    for (size_t i = 0; i < content->row_count; i++) {
        subtract(series, content, content_row(content, i));
    }
    if (series->rule == DELTA_LIKE_PPROF) {
        add_vanished(series, content);
    }
}

// ---- One step ----

static void check_step(struct series *series, const struct raw *raw, uint8_t *bytes, size_t size) {
    struct content expected, content;
    must(content_read(&expected, raw->bytes, raw->size), "what is no profile is accepted");
    must(has_all_counters(series, &expected), "a delta without its counters");
    must(fits_last(series, &expected), "a delta of different types");
    // The reset rule is not linear, so samples must be distinguished exactly as in the library.
    bool vague =
        series->has_last && (content_loses_addresses(&series->last, &expected) || series->last.alike_mappings || expected.alike_mappings);
    // At most twice the profile's samples, plus one.
    must(delta_state_samples(series->delta) <= 2 * expected.sample_count + 1, "the delta remembers too much");
    expect(series, &expected);
    content_of_output(&content, bytes, size);
    if (series->rule == DELTA_LIKE_PPROF) { // the first mapping may be the previous profile's, as in google/pprof's merge
        content.header.has_mapping = expected.header.has_mapping;
        content.header.main_mapping = expected.header.main_mapping;
    }
    const char *text = vague ? NULL : content_difference(&expected, &content);
    must(!text, text);
    content_free(&expected);
    content_free(&content);
    must(content_read(&content, raw->bytes, raw->size), "never");
    content_free(&series->last);
    series->last = content;
    series->has_last = true;
}

static void check_refused(struct series *series, struct span frame, const struct raw *raw, enum merge_error error) {
    if (decodes(frame)) {
        struct content content;
        must(content_read(&content, raw->bytes, raw->size), "what is no profile is accepted");
        must(!fits_last(series, &content) || !has_all_counters(series, &content), "a profile that fits gives no delta");
        must(error == MERGE_TYPES_DIFFER || error == MERGE_NOT_FOUND, "another error than expected");
        content_free(&content);
    }
    content_free(&series->last);
    series->has_last = false;
}

static void step(struct series *series, struct span frame, uint64_t choices) {
    uint8_t *bytes;
    size_t size;
    struct merge_fault fault = {0};
    struct raw raw = raw_of(frame, merge_default_limits.input_bytes);
    if (choices % 32 == 0) {
        memory_fail(choices / 32 % 60);
    }
    enum merge_error error = delta_next(series->delta, frame.at, span_size(frame), MERGE_RAW, &bytes, &size, &fault);
    bool failed = memory_relent();
    must(!!bytes == (error == MERGE_OK), "an output after an error, or none without one");
    if (error == MERGE_OK) {
        check_step(series, &raw, bytes, size);
    } else {
        check_fault(error, &fault, SIZE_MAX);
        if (error == MERGE_NO_MEMORY) {
            must(failed, "no memory, but there was");
            content_free(&series->last);
            series->has_last = false;
        } else {
            check_refused(series, frame, &raw, error);
        }
    }
    free(bytes);
    free(raw.bytes);
}

// ---- The series ----

static void add_counter(struct series *series, struct span text) {
    series->keys[series->name_count] = key_of_text(text);
    series->names[series->name_count++] = strndup((const char *)text.at, span_size(text));
}

// Selects some types of the first profile.
static void choose_counters(struct series *series, struct span frame, uint64_t choices) {
    struct raw raw = raw_of(frame, merge_default_limits.input_bytes);
    struct content content;
    if (raw.error == MERGE_OK && decodes(frame) && content_read(&content, raw.bytes, raw.size)) {
        for (size_t t = 0; t < content.type_count; t++) {
            if (choices >> (t % 64) & 1 && span_size(content.type_texts[t]) > 0) {
                add_counter(series, content.type_texts[t]);
            }
        }
        content_free(&content);
    }
    free(raw.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct frames frames = frames_split(data, size);
    if (frames.count == 0) {
        return 0;
    }
    for (size_t i = 0; i < frames.count; i++) {
        if (too_slow(frames.items[i])) {
            return -1;
        }
    }
    uint64_t choices = choices_of(data, size);
    struct series series = {.has_last = false};
    choose_counters(&series, frames.items[0], choices);
    series.rule = choices >> 40 & 1 ? DELTA_NEVER_NEGATIVE : (enum delta_rule)((choices >> 41) % 3);
    struct delta_options options = {.types = (const char *const *)series.names, .type_count = series.name_count, .rule = series.rule};
    series.delta = delta_new_with(&options);
    for (size_t i = 0; i < frames.count; i++) {
        step(&series, frames.items[i], choices >> (7 * i));
    }
    delta_free(series.delta);
    content_free(&series.last);
    for (size_t i = 0; i < series.name_count; i++) {
        free(series.names[i]);
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    struct random random = {seed};
    return frames_mutate(data, size, max_size, &random);
}
