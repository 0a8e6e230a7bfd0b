// view.c: a profile and its sample types as JSON (view.h).
#include "view.h"
#include "../index/measures.h"
#include "label_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum receiver_error view_open(const void *bytes, size_t size, struct profile **out, char *text, size_t text_size) {
    struct merge_fault fault = {0};
    struct profile *profile = profile_new();
    if (!profile) {
        return RECEIVER_NO_MEMORY;
    }
    enum merge_error error = profile_decode(profile, bytes, size, NULL, NULL, &fault);
    if (error == MERGE_OK) {
        profile_trim(profile);
        error = label_frames_give(&profile);
    }
    if (error == MERGE_OK) {
        *out = profile;
        return RECEIVER_OK;
    }
    snprintf(text, text_size, "not a readable profile: %s", *fault.text ? fault.text : merge_error_text(error));
    profile_free(profile);
    return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD;
}

// Names are set on decoding, so the profile is encoded and decoded once more.
enum receiver_error view_name(struct profile **profile, const struct receiver_symbols *symbols) {
    uint8_t *bytes = NULL;
    size_t size;
    if (!symbols) {
        return RECEIVER_OK;
    }
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = SIZE_MAX; // it was within the limits
    limits.total_frames = SIZE_MAX;
    struct profile *named = profile_new();
    enum merge_error error = named ? profile_encode(*profile, MERGE_RAW, &bytes, &size) : MERGE_NO_MEMORY;
    profile_free(*profile);
    *profile = named;
    if (error == MERGE_OK) {
        profile_set_namer(named, &symbols->namer);
        bool fits = merge_budget_take(size);
        error = fits ? profile_decode(named, bytes, size, &limits, NULL, NULL) : MERGE_NO_MEMORY;
        if (fits) {
            merge_budget_give(size);
        }
        profile_trim(named);
    }
    free(bytes);
    if (error != MERGE_OK) {
        profile_free(named);
        *profile = NULL;
    }
    return error == MERGE_OK ? RECEIVER_OK : error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_TOO_LARGE;
}

static const char *default_type(const struct totals *totals) {
    const struct totals_type *type = totals_shown_type(totals);
    return type ? type->name : NULL;
}

void view_write_mean(int64_t sum, double divisor, struct json *json) {
    int64_t whole = divisor < 0x1p62 ? (int64_t)divisor : 1;
    if ((double)whole == divisor && sum % whole == 0) {
        json_number(json, sum / whole);
    } else {
        json_real(json, (double)sum / divisor);
    }
}

void view_write_totals(const struct totals *totals, const double *divisors, const size_t *uploads, struct json *json) {
    json_key(json, "samples");
    json_number(json, (int64_t)totals->samples);
    json_key(json, "c_samples");
    json_number(json, (int64_t)totals->c_samples);
    json_key(json, "time_ns");
    json_number(json, totals->time_ns);
    json_key(json, "duration_ns");
    json_number(json, totals->duration_ns);
    json_key(json, "default_type");
    json_text(json, default_type(totals));
    json_key(json, "types");
    json_array_begin(json);
    for (size_t i = 0; i < totals->type_count; i++) {
        const struct totals_type *type = &totals->types[i];
        bool gauge = measure_is_gauge(type->name);
        double divisor = gauge && divisors ? divisors[i] : 1;
        json_object_begin(json);
        json_key(json, "type");
        json_text(json, type->name);
        json_key(json, "unit");
        json_text(json, type->unit);
        json_key(json, "total");
        view_write_mean(type->total, divisor, json);
        json_key(json, "c_total");
        view_write_mean(type->c_total, divisor, json);
        json_key(json, "gauge");
        json_bool(json, gauge);
        if (uploads) {
            json_key(json, "uploads");
            json_number(json, (int64_t)uploads[i]);
        }
        json_object_end(json);
    }
    json_array_end(json);
}

enum { MAX_TEXTS = 64 }; // a recording has some for each of its kinds

void view_copy_warnings(const struct profile *from, struct profile *to) {
    const char *texts[MAX_TEXTS];
    size_t count = profile_warnings(from, texts, MAX_TEXTS);
    for (size_t i = 0; i < count; i++) {
        char comment[512];
        snprintf(comment, sizeof comment, "cmemprof: warning: %s", texts[i]);
        profile_add_comment(to, comment);
    }
}

void view_write_warnings(const struct profile *profile, struct json *json) {
    const char *texts[MAX_TEXTS];
    size_t count = profile_warnings(profile, texts, MAX_TEXTS);
    json_key(json, "warnings");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        json_text(json, texts[i]);
    }
    json_array_end(json);
}

// Decodes the whole profile first: what a tree would refuse is refused here too.
enum receiver_error view_types(const void *bytes, size_t size, struct json *json, char *text, size_t text_size) {
    struct profile *profile;
    enum receiver_error error = view_open(bytes, size, &profile, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    struct totals *totals = malloc(sizeof *totals);
    enum merge_error read = totals ? totals_read(bytes, size, NULL, totals, NULL) : MERGE_NO_MEMORY;
    if (read == MERGE_OK) {
        json_object_begin(json);
        view_write_totals(totals, NULL, NULL, json);
        view_write_warnings(profile, json);
        json_object_end(json);
    } else {
        snprintf(text, text_size, "not a readable profile: %s", merge_error_text(read));
        error = read == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
    }
    free(totals);
    profile_free(profile);
    return error;
}
