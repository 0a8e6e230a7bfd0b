// merge_uploads.c: many attachments as one profile (merge_uploads.h).
#include "merge_uploads.h"
#include "label_frames.h"
#include "rollup_sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// More stacks than this take 150 MB and draw no useful graph: the rest is left out and counted.
enum { MAX_SAMPLES = 1000000 };

// A merged profile may be larger than any input.
static const struct merge_limits own_limits = {.input_bytes = (size_t)1 << 30,
                                               .string_bytes = 16 << 20,
                                               .depth_frames = 1 << 20,
                                               .total_frames = (size_t)1 << 32,
                                               .sample_types = 1024,
                                               .inflate_ratio = 0};

struct part {
    struct profile *profile;
    struct sweep_type_counts counts;
    const struct upload_label *given; // NULL: none
    bool events;                      // dd-trace's, which may have labels instead of frames
    bool has_rollups;
    bool differs; // some could not be merged with what was before it
};

static size_t *count_of(struct sweep_type_counts *counts, const char *name) {
    char cut[TOTALS_MAX_NAME];
    size_t at = 0;
    snprintf(cut, sizeof cut, "%s", name);
    while (at < counts->count && strcmp(counts->types[at].name, cut) != 0) {
        at++;
    }
    if (at == SWEEP_MAX_TYPES) {
        return NULL;
    }
    if (at == counts->count) {
        memcpy(counts->types[counts->count++].name, cut, sizeof cut);
    }
    return &counts->types[at].profiles;
}

static void add_count(struct sweep_type_counts *counts, const char *name, size_t profiles) {
    size_t *count = count_of(counts, name);
    if (count) {
        *count += profiles;
    }
}

void merge_uploads_count(const struct profile *profile, struct sweep_type_counts *counts) {
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        if (profile_last_had_type(profile, i)) {
            add_count(counts, profile_sample_type_name(profile, i), 1);
        }
    }
}

void merge_uploads_add_counts(struct sweep_type_counts *counts, const struct sweep_type_counts *more) {
    for (size_t i = 0; i < more->count; i++) {
        add_count(counts, more->types[i].name, more->types[i].profiles);
    }
}

// Of this program's own. Takes the bytes.
static enum merge_error decode_encoded(struct profile *profile, uint8_t *bytes, size_t size, struct merge_fault *fault) {
    bool fits = merge_budget_take(size);
    enum merge_error error = fits ? profile_decode(profile, bytes, size, &own_limits, NULL, fault) : MERGE_NO_MEMORY;
    if (fits) {
        merge_budget_give(size);
    }
    free(bytes);
    return error;
}

// Makes frames of its labels before labels nobody asks for are dropped.
static enum merge_error add_events(struct profile *profile, const struct sweep_file *file, struct merge_fault *fault) {
    struct profile *one = profile_new();
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum merge_error error = one ? profile_decode(one, file->bytes, file->size, NULL, NULL, fault) : MERGE_NO_MEMORY;
    error = error == MERGE_OK ? label_frames_give(&one) : error;
    error = error == MERGE_OK ? profile_encode(one, MERGE_RAW, &bytes, &size) : error;
    error = error == MERGE_OK ? decode_encoded(profile, bytes, size, fault) : error;
    profile_free(one);
    return error;
}

void merge_uploads_fault(struct sweep_file *file, enum merge_error error, const struct merge_fault *fault) {
    snprintf(file->text, sizeof file->text, "%s: %.120s",
             error == MERGE_TYPES_DIFFER ? "cannot be merged with those before it" : "not a readable profile",
             *fault->text ? fault->text : merge_error_text(error));
}

void merge_uploads_give(struct profile *profile, const struct upload_label *given, const struct listed_upload *upload) {
    profile_give_label(profile, given ? given->key : NULL, given ? upload_label_text(given, upload) : NULL);
}

static enum receiver_error leave_out(char *text, size_t size) {
    snprintf(text, size, "left out: the profiles before it have more than %d stacks already", MAX_SAMPLES);
    return RECEIVER_TOO_LARGE;
}

static enum receiver_error take_profile(void *state, struct sweep_file *file) {
    struct part *part = state;
    struct profile *profile = part->profile;
    struct merge_fault fault = {0};
    int64_t before_ns = profile_duration_ns(profile);
    if (profile_sample_count(profile) > MAX_SAMPLES) {
        return leave_out(file->text, sizeof file->text);
    }
    merge_uploads_give(profile, part->given, file->upload);
    enum merge_error error =
        part->events ? add_events(profile, file, &fault) : profile_decode(profile, file->bytes, file->size, NULL, NULL, &fault);
    file->duration_ns = profile_duration_ns(profile) - before_ns;
    if (error == MERGE_OK) {
        merge_uploads_count(profile, &part->counts);
    }
    if (error == MERGE_OK || error == MERGE_NO_MEMORY) {
        return error == MERGE_OK ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    part->differs |= error == MERGE_TYPES_DIFFER || error == MERGE_TOO_LARGE;
    merge_uploads_fault(file, error, &fault);
    return RECEIVER_BAD_UPLOAD;
}

enum receiver_error merge_uploads_decode(struct profile *profile, const uint8_t *bytes, size_t size) {
    enum merge_error error = profile_decode(profile, bytes, size, &own_limits, NULL, NULL);
    return error == MERGE_OK ? RECEIVER_OK : error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
}

static enum receiver_error take_rollup(void *state, struct rollup_taken *taken) {
    struct part *part = state;
    const struct rollup *rollup = taken->rollup;
    if (profile_sample_count(part->profile) > MAX_SAMPLES) {
        return leave_out(taken->text, sizeof taken->text);
    }
    merge_uploads_give(part->profile, part->given, taken->upload);
    enum receiver_error error = merge_uploads_decode(part->profile, rollup->profile, rollup->profile_size);
    part->has_rollups = true;
    if (error == RECEIVER_OK) {
        merge_uploads_add_counts(&part->counts, &rollup->report.counts);
    } else {
        part->differs = true;
    }
    return error;
}

// ---- Cache ----

struct key {
    char *bytes;
    size_t size;
};

// 'M', whether uploads give a label, attachment, label keys, uploads. NULL bytes: no memory; nothing is cached then.
static struct key make_key(const struct upload_list *list, const char *attachment, const char *const *keys, size_t key_count,
                           const struct upload_label *given) {
    struct key key = {0};
    FILE *out = open_memstream(&key.bytes, &key.size);
    if (!out) {
        return key;
    }
    fprintf(out, "M%c%s", given ? 'g' : '-', attachment);
    for (size_t i = 0; i < key_count; i++) {
        fputc(0, out);
        fputs(keys[i], out);
    }
    fputc(1, out);
    upload_list_put_key(list, false, out);
    if (fclose(out) != 0) {
        free(key.bytes);
        key.bytes = NULL;
    }
    return key;
}

// The report, then the profile.
static bool find_kept(struct cache *cache, const struct key *key, struct profile **out, struct sweep_report *report) {
    void *bytes;
    size_t size;
    if (!cache || !key->bytes || !cache_get(cache, key->bytes, key->size, &bytes, &size)) {
        return false;
    }
    struct profile *profile = profile_new();
    memcpy(report, bytes, sizeof *report);
    bool ok =
        profile && profile_decode(profile, (char *)bytes + sizeof *report, size - sizeof *report, &own_limits, NULL, NULL) == MERGE_OK;
    free(bytes);
    if (ok) {
        *out = profile;
    } else {
        profile_free(profile);
    }
    return ok;
}

static void keep(struct cache *cache, const struct key *key, struct profile *profile, const struct sweep_report *report) {
    uint8_t *bytes = NULL;
    size_t size;
    if (!cache || !key->bytes || profile_encode(profile, MERGE_ZSTD, &bytes, &size) != MERGE_OK) {
        return;
    }
    char *both = malloc(sizeof *report + size);
    if (both) {
        memcpy(both, report, sizeof *report);
        memcpy(both + sizeof *report, bytes, size);
        cache_put(cache, key->bytes, key->size, both, sizeof *report + size);
    }
    free(both);
    free(bytes);
}

// ---- Merging ----

enum receiver_error merge_uploads_add(struct profile *profile, struct profile *other) {
    uint8_t *bytes;
    size_t size;
    profile_trim(other);
    profile_give_label(profile, NULL, NULL);     // the other's samples have theirs
    if (profile_sample_type_count(other) == 0) { // nothing was read
        return RECEIVER_OK;
    }
    enum merge_error error = profile_encode(other, MERGE_RAW, &bytes, &size);
    if (error == MERGE_OK) {
        error = decode_encoded(profile, bytes, size, NULL);
    }
    return error == MERGE_OK ? RECEIVER_OK : error == MERGE_TYPES_DIFFER ? RECEIVER_BAD_UPLOAD : RECEIVER_NO_MEMORY;
}

static struct profile *new_profile(const char *const *keys, size_t key_count) {
    const char *kept[MERGE_UPLOADS_MAX_LABELS + 2] = {"memory", "owner"};
    struct profile *profile = profile_new();
    key_count = key_count < MERGE_UPLOADS_MAX_LABELS ? key_count : MERGE_UPLOADS_MAX_LABELS;
    for (size_t i = 0; i < key_count; i++) {
        kept[i + 2] = keys[i];
    }
    if (profile) {
        profile_keep_labels(profile, kept, key_count + 2);
        profile_allow_union(profile);
    }
    return profile;
}

struct merging {
    struct store *store;
    const struct upload_list *list;
    const char *attachment, *const *keys;
    size_t key_count;
    const struct upload_label *given;
};

bool merge_uploads_only_files(const struct upload_label *given) {
    return given && given->groups->facet < 0;
}

static enum receiver_error sweep_all(const struct merging *merging, bool only_files, void *const parts[2], struct sweep_report *report) {
    const struct rollup_sweep sweep = {.store = merging->store,
                                       .list = merging->list,
                                       .attachment = merging->attachment,
                                       .labels = merging->keys,
                                       .label_count = merging->key_count,
                                       .most = ROLLUP_DAY,
                                       .only_files = only_files || merge_uploads_only_files(merging->given),
                                       .most_files = UPLOAD_LIST_FILES};
    return rollup_sweep(&sweep, take_rollup, take_profile, parts, report);
}

// Whether what was left out depends on the order in which roll-ups and files were taken.
static bool depends_on_order(const struct part *one, const struct part *two) {
    bool is_wide = profile_sample_type_count(one->profile) > merge_default_limits.sample_types;
    return (one->has_rollups || two->has_rollups) && (one->differs || two->differs || is_wide);
}

// Two halves with different period types cannot be merged: then all files go into one profile, which reports each that does not match the
// first. So they do where roll-ups were taken, which come before files, and something did not match or there are too many types: which
// ones are left out is then as without roll-ups.
static enum receiver_error merge_files(const struct merging *merging, struct profile **out, struct sweep_report *report) {
    bool events = strcmp(merging->attachment, "events.pprof") == 0;
    struct part one = {.profile = new_profile(merging->keys, merging->key_count), .given = merging->given, .events = events};
    struct part two = {.profile = new_profile(merging->keys, merging->key_count), .given = merging->given, .events = events};
    void *parts[2] = {&one, &two};
    enum receiver_error error = one.profile && two.profile ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        error = sweep_all(merging, false, parts, report);
    }
    if (error == RECEIVER_OK) {
        error = merge_uploads_add(one.profile, two.profile);
    }
    if (error == RECEIVER_OK && depends_on_order(&one, &two)) {
        error = RECEIVER_BAD_UPLOAD;
    }
    profile_free(two.profile);
    if (error == RECEIVER_BAD_UPLOAD) {
        profile_free(one.profile);
        one = (struct part){.profile = new_profile(merging->keys, merging->key_count), .given = merging->given, .events = events};
        two.counts.count = 0;
        parts[1] = NULL;
        error = !one.profile ? RECEIVER_NO_MEMORY : sweep_all(merging, true, parts, report);
    }
    merge_uploads_add_counts(&one.counts, &two.counts);
    report->counts = one.counts;
    *out = one.profile;
    return error;
}

enum receiver_error merge_uploads(struct store *store, struct cache *cache, const struct upload_list *list, const char *attachment,
                                  const char *const *keys, size_t key_count, const struct upload_label *given, struct profile **out,
                                  struct sweep_report *report) {
    struct key key = make_key(list, attachment, keys, key_count, given);
    enum receiver_error error = RECEIVER_OK;
    *report = (struct sweep_report){0};
    if (!find_kept(cache, &key, out, report)) {
        struct merging merging = {store, list, attachment, keys, key_count, given};
        error = merge_files(&merging, out, report);
        if (error == RECEIVER_OK && list->count > 1 && !report->is_passing) {
            profile_trim(*out);
            keep(cache, &key, *out, report);
        }
    }
    free(key.bytes);
    if (error == RECEIVER_OK) {
        profile_trim(*out);
        return RECEIVER_OK;
    }
    profile_free(*out);
    *out = NULL;
    return error;
}
