// rollup.c: roll-ups as bytes (rollup.h): numbers of eight bytes, lowest first, and texts that end with a zero; the profile is the rest.
#include "rollup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Writing ----

static void put(FILE *out, uint64_t number) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
    fwrite(bytes, sizeof bytes, 1, out);
}

static void put_text(FILE *out, const char *text) {
    fwrite(text, strlen(text) + 1, 1, out);
}

static void put_report(FILE *out, const struct sweep_report *report) {
    put(out, report->uploads);
    put(out, (uint64_t)report->covered_ns);
    put(out, report->failed_count);
    put(out, report->reasons);
    for (size_t i = 0; i < report->reasons; i++) {
        put(out, (uint64_t)report->failed[i].id);
        put(out, report->failed[i].uploads);
        put_text(out, report->failed[i].reason);
    }
    put(out, report->counts.count);
    for (size_t i = 0; i < report->counts.count; i++) {
        put(out, report->counts.types[i].profiles);
        put_text(out, report->counts.types[i].name);
    }
}

static void put_sums(FILE *out, const struct type_sums *sums) {
    const struct totals *totals = &sums->totals;
    put(out, (uint64_t)totals->time_ns);
    put(out, (uint64_t)totals->duration_ns);
    put(out, totals->samples);
    put(out, totals->c_samples);
    put_text(out, totals->default_type);
    put(out, totals->type_count);
    for (size_t i = 0; i < totals->type_count; i++) {
        const struct totals_type *type = &totals->types[i];
        put_text(out, type->name);
        put_text(out, type->unit);
        put(out, (uint64_t)type->total);
        put(out, (uint64_t)type->c_total);
        put(out, (uint64_t)type->mapped_total);
        put(out, sums->profiles[i]);
    }
}

bool rollup_encode(const struct rollup *rollup, uint8_t **bytes, size_t *size) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out) {
        return false;
    }
    put_report(out, &rollup->report);
    put_sums(out, &rollup->sums);
    put(out, rollup->file_bytes);
    fwrite(rollup->profile, rollup->profile_size, 1, out);
    if (fclose(out) != 0) {
        free(text);
        return false;
    }
    *bytes = (uint8_t *)text;
    return true;
}

// ---- Reading ----

struct input {
    const uint8_t *at, *end;
    bool ok;
};

static uint64_t get(struct input *in) {
    uint64_t number = 0;
    if (!in->ok || in->end - in->at < 8) {
        in->ok = false;
        return 0;
    }
    for (int i = 0; i < 8; i++) {
        number |= (uint64_t)in->at[i] << 8 * i;
    }
    in->at += 8;
    return number;
}

static size_t get_count(struct input *in, size_t most) {
    uint64_t count = get(in);
    in->ok &= count <= most;
    return in->ok ? (size_t)count : 0;
}

static void get_text(struct input *in, char *text, size_t size) {
    const uint8_t *end = in->ok ? memchr(in->at, 0, (size_t)(in->end - in->at)) : NULL;
    if (!end || (size_t)(end - in->at) >= size) {
        in->ok = false;
        *text = '\0';
        return;
    }
    memcpy(text, in->at, (size_t)(end - in->at) + 1);
    in->at = end + 1;
}

static void get_report(struct input *in, struct sweep_report *report) {
    report->uploads = (size_t)get(in);
    sweep_report_cover(report, (int64_t)get(in));
    report->failed_count = (size_t)get(in);
    report->reasons = get_count(in, SWEEP_MAX_FAILED);
    for (size_t i = 0; i < report->reasons; i++) {
        report->failed[i].id = (int64_t)get(in);
        report->failed[i].uploads = (size_t)get(in);
        get_text(in, report->failed[i].reason, sizeof report->failed[i].reason);
    }
    report->counts.count = get_count(in, SWEEP_MAX_TYPES);
    for (size_t i = 0; i < report->counts.count; i++) {
        report->counts.types[i].profiles = (size_t)get(in);
        get_text(in, report->counts.types[i].name, sizeof report->counts.types[i].name);
    }
}

static void get_sums(struct input *in, struct type_sums *sums) {
    struct totals *totals = &sums->totals;
    totals->time_ns = (int64_t)get(in);
    totals->duration_ns = (int64_t)get(in);
    totals->samples = (size_t)get(in);
    totals->c_samples = (size_t)get(in);
    get_text(in, totals->default_type, sizeof totals->default_type);
    totals->type_count = get_count(in, TOTALS_MAX_TYPES);
    for (size_t i = 0; i < totals->type_count; i++) {
        struct totals_type *type = &totals->types[i];
        get_text(in, type->name, sizeof type->name);
        get_text(in, type->unit, sizeof type->unit);
        type->total = (int64_t)get(in);
        type->c_total = (int64_t)get(in);
        type->mapped_total = (int64_t)get(in);
        sums->profiles[i] = (size_t)get(in);
    }
}

bool rollup_decode(const uint8_t *bytes, size_t size, struct rollup *rollup) {
    struct input in = {bytes, bytes + size, true};
    *rollup = (struct rollup){0};
    get_report(&in, &rollup->report);
    get_sums(&in, &rollup->sums);
    rollup->file_bytes = get(&in);
    rollup->profile = in.at;
    rollup->profile_size = (size_t)(in.end - in.at);
    return in.ok;
}
