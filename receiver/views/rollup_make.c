// rollup_make.c: makes roll-ups (rollup_make.h).
#include "rollup_make.h"
#include "merge_uploads.h"
#include "rollup_sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_SAMPLES = 250000, // more are no smaller together than apart, and views take a million
    FIRST_LOOK = 4096,    // samples at which labels are first looked at
    MAX_DROPPED = 64,
    LEVEL = 6,             // of zstd
    SHARE_OF_AN_HOUR = 10, // of the files: at most one tenth
    SHARE_OF_A_DAY = 20,
};

// Keys of labels, in the order in which they were met.
struct keys {
    char *texts[MAX_DROPPED];
    size_t count;
    bool are_too_many;
};

struct making {
    struct profile *profile;
    struct keys dropped;
    size_t applied; // of these, how many the profile is without
    size_t look_at; // so many samples: labels are looked at again
    struct sweep_type_counts counts;
    struct type_sums sums;
    struct totals one;
    uint64_t file_bytes;
    bool is_spoiled; // these are better read one by one
};

// ---- Labels ----

// Returns false without memory.
static bool add_key(struct keys *keys, const char *text, size_t length) {
    for (size_t i = 0; i < keys->count; i++) {
        if (strncmp(keys->texts[i], text, length) == 0 && !keys->texts[i][length]) {
            return true;
        }
    }
    if (keys->count == MAX_DROPPED) {
        keys->are_too_many = true;
        return true;
    }
    char *copy = strndup(text, length);
    if (copy) {
        keys->texts[keys->count++] = copy;
    }
    return copy;
}

static void free_keys(struct keys *keys) {
    for (size_t i = 0; i < keys->count; i++) {
        free(keys->texts[i]);
    }
    keys->count = 0;
}

// Those are always kept: views without filters of their own have them (merge_uploads.c).
static bool is_kept(const char *key) {
    return strcmp(key, "memory") == 0 || strcmp(key, "owner") == 0;
}

// The values of one key so far: pointers into the profile's strings, and numbers.
struct values {
    const char *key;
    struct profile_label labels[ROLLUP_MAX_VALUES + 1];
    size_t count;
};

static bool same_value(const struct profile_label *a, const struct profile_label *b) {
    return a->text && b->text ? strcmp(a->text, b->text) == 0
                              : !a->text && !b->text && a->number == b->number && strcmp(a->unit, b->unit) == 0;
}

static void add_value(struct values *values, const struct profile_label *label) {
    for (size_t i = values->count; i-- > 0;) {
        if (same_value(&values->labels[i], label)) {
            return;
        }
    }
    values->labels[values->count] = *label;
    values->count += values->count < ROLLUP_MAX_VALUES;
    values->key = label->key;
}

// Adds the keys of the profile that have too many values, or with `all` all of them but the kept ones. Returns false without memory.
static bool find_keys(struct profile *profile, bool all, struct keys *dropped) {
    struct values *table = calloc(MAX_DROPPED, sizeof *table);
    size_t count = 0;
    bool ok = table;
    for (size_t i = 0; ok && i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        ok = profile_sample_without_frames(profile, i, &sample) == MERGE_OK;
        for (size_t l = 0; ok && l < sample.label_count; l++) {
            const struct profile_label *label = &sample.labels[l];
            size_t at = 0;
            while (at < count && strcmp(table[at].key, label->key) != 0) {
                at++;
            }
            if (is_kept(label->key) || (at == count && count == MAX_DROPPED)) {
                continue;
            }
            count += at == count;
            add_value(&table[at], label);
        }
    }
    for (size_t i = 0; ok && i < count; i++) {
        if (all || table[i].count >= ROLLUP_MAX_VALUES) {
            ok = add_key(dropped, table[i].key, strlen(table[i].key));
        }
    }
    free(table);
    return ok;
}

static struct profile *new_profile(const struct keys *dropped) {
    struct profile *profile = profile_new();
    if (profile) {
        profile_allow_union(profile);
        profile_drop_labels(profile, (const char *const *)dropped->texts, dropped->count);
    }
    return profile;
}

static void look_later(struct making *making) {
    size_t twice = 2 * profile_sample_count(making->profile);
    making->look_at = twice > FIRST_LOOK ? twice : FIRST_LOOK;
}

// Without the labels of keys that have too many values by now: equal samples are added up.
static enum receiver_error drop_keys(struct making *making, bool all) {
    if (!find_keys(making->profile, all, &making->dropped)) {
        return RECEIVER_NO_MEMORY;
    }
    if (making->dropped.count > making->applied) {
        struct profile *without = new_profile(&making->dropped);
        enum receiver_error error = without ? merge_uploads_add(without, making->profile) : RECEIVER_NO_MEMORY;
        if (error != RECEIVER_OK) {
            profile_free(without);
            return error;
        }
        profile_free(making->profile);
        making->profile = without;
        making->applied = making->dropped.count;
    }
    look_later(making);
    return RECEIVER_OK;
}

// ---- Taking ----

// Ends the sweep.
static enum receiver_error spoil(struct making *making) {
    making->is_spoiled = true;
    return RECEIVER_CLIENT_GONE;
}

static enum receiver_error after_one(struct making *making) {
    bool looks = profile_sample_count(making->profile) > making->look_at || making->dropped.count > making->applied;
    enum receiver_error error = looks ? drop_keys(making, false) : RECEIVER_OK;
    bool is_large = error == RECEIVER_OK && profile_sample_count(making->profile) > MAX_SAMPLES;
    return is_large || making->dropped.are_too_many ? spoil(making) : error;
}

static enum receiver_error take_file(void *state, struct sweep_file *file) {
    struct making *making = state;
    struct merge_fault fault = {0};
    making->file_bytes += file->size;
    int64_t before_ns = profile_duration_ns(making->profile);
    enum merge_error error = profile_decode(making->profile, file->bytes, file->size, NULL, NULL, &fault);
    file->duration_ns = profile_duration_ns(making->profile) - before_ns;
    // Those before it decide, also of which types there is no room for another, and of another selection they may be others.
    if (error == MERGE_TYPES_DIFFER || error == MERGE_TOO_LARGE) {
        return spoil(making);
    }
    if (error != MERGE_OK) {
        merge_uploads_fault(file, error, &fault);
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
    }
    merge_uploads_count(making->profile, &making->counts);
    error = totals_read(file->bytes, file->size, NULL, &making->one, NULL);
    if (error != MERGE_OK) {
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : spoil(making);
    }
    type_sums_add(&making->sums, &making->one, NULL);
    return after_one(making);
}

static bool add_dropped(struct keys *keys, const char *lines) {
    bool ok = true;
    for (const char *line = lines; ok && *line;) {
        size_t length = strcspn(line, "\n");
        ok = add_key(keys, line, length);
        line += length + (line[length] == '\n');
    }
    return ok;
}

// An hour of the day that is made.
static enum receiver_error take_hour(void *state, struct rollup_taken *taken) {
    struct making *making = state;
    const struct rollup *rollup = taken->rollup;
    bool ok = add_dropped(&making->dropped, taken->dropped);
    enum receiver_error error = ok ? merge_uploads_decode(making->profile, rollup->profile, rollup->profile_size) : RECEIVER_NO_MEMORY;
    if (error != RECEIVER_OK || profile_sample_type_count(making->profile) > merge_default_limits.sample_types) {
        return error == RECEIVER_NO_MEMORY ? error : spoil(making);
    }
    merge_uploads_add_counts(&making->counts, &rollup->report.counts);
    type_sums_add(&making->sums, &rollup->sums.totals, rollup->sums.profiles);
    making->file_bytes += rollup->file_bytes;
    return after_one(making);
}

// ---- The result ----

// Keys have no line ends here: one that has cannot be named, and spoils the roll-up.
static char *join(const struct keys *keys, bool *is_spoiled) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < keys->count; i++) {
        *is_spoiled |= strchr(keys->texts[i], '\n') || !*keys->texts[i];
        fprintf(out, "%s%s", i > 0 ? "\n" : "", keys->texts[i]);
    }
    if (out && fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return out ? text : NULL;
}

// *fits: it is small enough.
static enum receiver_error encode(struct making *making, struct rollup *rollup, enum rollup_level level, struct rollup_made *made,
                                  bool *fits) {
    uint8_t *bytes = NULL;
    size_t size;
    profile_trim(making->profile);
    enum merge_error error = profile_encode_level(making->profile, MERGE_ZSTD, LEVEL, &bytes, &size);
    if (error != MERGE_OK) {
        return RECEIVER_NO_MEMORY;
    }
    rollup->profile = bytes;
    rollup->profile_size = size;
    bool ok = rollup_encode(rollup, &made->bytes, &made->size);
    *fits = ok && made->size <= making->file_bytes / (level == ROLLUP_DAY ? SHARE_OF_A_DAY : SHARE_OF_AN_HOUR);
    free(bytes);
    if (ok && !*fits) {
        free(made->bytes);
        made->bytes = NULL;
    }
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static enum receiver_error give_up(struct rollup_made *made) {
    made->dropped = strdup("");
    return made->dropped ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static enum receiver_error finish(struct making *making, const struct sweep_report *report, enum rollup_level level,
                                  struct rollup_made *made) {
    struct rollup *rollup = calloc(1, sizeof *rollup);
    enum receiver_error error = rollup ? drop_keys(making, false) : RECEIVER_NO_MEMORY;
    bool fits = false;
    for (int tries = 0; error == RECEIVER_OK && !fits && tries < 2; tries++) {
        rollup->report = *report;
        rollup->report.counts = making->counts;
        rollup->sums = making->sums;
        rollup->file_bytes = making->file_bytes;
        error = encode(making, rollup, level, made, &fits);
        if (error == RECEIVER_OK && !fits && tries == 0) {
            error = drop_keys(making, true);
        }
    }
    made->dropped = error == RECEIVER_OK ? join(&making->dropped, &making->is_spoiled) : NULL;
    error = error == RECEIVER_OK && !made->dropped ? RECEIVER_NO_MEMORY : error;
    if (error == RECEIVER_OK && (making->is_spoiled || profile_saturated_count(making->profile) > 0)) {
        rollup_made_free(made);
        error = give_up(made);
    }
    free(rollup);
    return error;
}

enum receiver_error rollup_make(struct store *store, const struct upload_list *list, const char *attachment, enum rollup_level level,
                                const atomic_bool *stop, struct rollup_made *made) {
    struct making *making = calloc(1, sizeof *making);
    struct sweep_report report = {0};
    *made = (struct rollup_made){0};
    if (!making || !(making->profile = new_profile(&making->dropped))) {
        free(making);
        return RECEIVER_NO_MEMORY;
    }
    making->look_at = FIRST_LOOK;
    struct upload_list stoppable = *list;
    stoppable.stop = stop;
    void *parts[2] = {making, NULL};
    const struct rollup_sweep sweep = {.store = store,
                                       .list = &stoppable,
                                       .attachment = attachment,
                                       .most = ROLLUP_HOUR,
                                       .only_files = level == ROLLUP_HOUR,
                                       .most_files = SIZE_MAX};
    enum receiver_error error = rollup_sweep(&sweep, take_hour, take_file, parts, &report);
    if (error == RECEIVER_OK && report.uploads + report.failed_count != list->count) {
        error = RECEIVER_NOT_FOUND;
    }
    making->is_spoiled |= report.unread == RECEIVER_DAMAGED;
    error = error == RECEIVER_OK && report.unread != RECEIVER_DAMAGED ? report.unread : error;
    if (atomic_load(stop)) {
        error = RECEIVER_CLIENT_GONE;
    } else if (making->is_spoiled) {
        error = give_up(made);
    } else if (error == RECEIVER_OK) {
        error = finish(making, &report, level, made);
    }
    if (error != RECEIVER_OK) {
        rollup_made_free(made);
    }
    profile_free(making->profile);
    free_keys(&making->dropped);
    free(making);
    return error;
}

void rollup_made_free(struct rollup_made *made) {
    free(made->bytes);
    free(made->dropped);
    *made = (struct rollup_made){0};
}
