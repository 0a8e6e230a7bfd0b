// input_merge.c: merges several profile files into one (input.h).
//
// Amounts are summed. Gauges are the mean (their sum divided by the number of files that have the type), or those of one file (last, max),
// which are added after all files were read.
#include "../../receiver/index/measures.h"
#include "input.h"
#include "diagnostic.h"
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct merging {
    const struct options *options;
    struct profile *profile;
    struct totals totals; // of the current file
    size_t with_type[TOTALS_MAX_TYPES];
    // For last and max: the best file so far.
    struct input best;
    const char *best_path;
    int64_t best_value;
    enum merge_error error; // of the file that could not be added
};

static bool of_one_file(const struct options *options) {
    return options->file_count > 1 && (options->gauges == GAUGES_OF_LAST || options->gauges == GAUGES_OF_MAX);
}

// Scale 1 for gauges (or, if !gauges, for all other types) and 0 for the rest.
static void make_scale(const struct totals *totals, bool gauges, int64_t scale[TOTALS_MAX_TYPES]) {
    for (size_t i = 0; i < totals->type_count; i++) {
        scale[i] = measure_is_gauge(totals->types[i].name) == gauges;
    }
}

// ---- One file ----

// The sample type to show, by name or number (profile_sample_type_chosen).
static const struct totals_type *asked_type(const struct totals *totals, const char *asked) {
    const struct totals_type *type = asked ? totals_find(totals, asked) : totals_shown_type(totals);
    unsigned long number = asked && *asked >= '0' && *asked <= '9' ? strtoul(asked, NULL, 10) : TOTALS_MAX_TYPES;
    return type || number >= totals->type_count ? type : &totals->types[number];
}

// The value by which last or max chooses a file.
static int64_t value_of(const struct options *options, const struct totals *totals) {
    const struct totals_type *type = asked_type(totals, options->gauge_type);
    for (size_t i = 0; options->gauges == GAUGES_OF_MAX && (!type || !measure_is_gauge(type->name)) && i < totals->type_count; i++) {
        type = &totals->types[i];
    }
    return options->gauges == GAUGES_OF_LAST ? totals->time_ns : type && measure_is_gauge(type->name) ? type->total : INT64_MIN;
}

static bool has_gauge(const struct totals *totals) {
    for (size_t i = 0; i < totals->type_count; i++) {
        if (measure_is_gauge(totals->types[i].name)) {
            return true;
        }
    }
    return false;
}

// Takes the input if it is the best so far. Of equal files the later one wins.
static void keep_best(struct merging *merging, const char *path, struct input *input) {
    int64_t value = value_of(merging->options, &merging->totals);
    if (has_gauge(&merging->totals) && (!merging->best.bytes || value >= merging->best_value)) {
        free(merging->best.bytes);
        merging->best = *input;
        merging->best_path = path;
        merging->best_value = value;
        *input = (struct input){0};
    }
}

static int add_file(struct merging *merging, const char *path) {
    const struct options *options = merging->options;
    struct input input;
    int64_t scale[TOTALS_MAX_TYPES];
    int status = input_read(options, path, &input);
    if (status != STATUS_DONE) {
        return status;
    }
    // An unreadable file is reported by input_add_bytes.
    bool split = of_one_file(options) && totals_read(input.bytes, input.size, &options->limits, &merging->totals, NULL) == MERGE_OK;
    if (split) {
        make_scale(&merging->totals, false, scale);
    }
    status = input_add_bytes(options, path, &input, merging->profile, split ? scale : NULL, &merging->error);
    if (status == STATUS_DONE && split) {
        keep_best(merging, path, &input);
    }
    free(input.bytes);
    for (size_t i = 0; status == STATUS_DONE && i < profile_sample_type_count(merging->profile) && i < TOTALS_MAX_TYPES; i++) {
        merging->with_type[i] += profile_last_had_type(merging->profile, i);
    }
    return status;
}

// ---- Files without a common sample type ----

enum { MAX_GROUPS = 16, NAMED_FILES = 3 };

// Files that share a sample type with the first file of the group.
struct group {
    struct totals totals; // of the first file
    const char *files[NAMED_FILES];
    size_t count;
};

static bool shares_type(const struct totals *a, const struct totals *b) {
    for (size_t i = 0; i < a->type_count; i++) {
        if (totals_find(b, a->types[i].name)) {
            return true;
        }
    }
    return false;
}

static void add_to_group(struct group *groups, size_t *count, const struct totals *totals, const char *path) {
    size_t i = 0;
    while (i < *count && !shares_type(&groups[i].totals, totals)) {
        i++;
    }
    if (i == MAX_GROUPS) {
        return;
    }
    if (i == *count) {
        groups[(*count)++].totals = *totals;
    }
    if (groups[i].count < NAMED_FILES) {
        groups[i].files[groups[i].count] = path;
    }
    groups[i].count++;
}

static void print_group(const struct options *options, const struct group *group) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; out && i < group->totals.type_count; i++) {
        fprintf(out, "%s%s", i ? ", " : "", group->totals.types[i].name);
    }
    for (size_t i = 0; out && i < group->count && i < NAMED_FILES; i++) {
        fprintf(out, "%s%s", i ? ", " : ": ", group->files[i]);
    }
    if (out && group->count > NAMED_FILES) {
        fprintf(out, " and %zu more", group->count - NAMED_FILES);
    }
    if (out && fclose(out) == 0) {
        diagnostic_note(options->command, "  %s", text);
    }
    free(text);
}

// Groups that can each be merged. A file that cannot be read, or not a second time, is in none.
static void print_groups(const struct options *options) {
    struct group *groups = calloc(MAX_GROUPS, sizeof *groups);
    struct totals *totals = malloc(sizeof *totals);
    size_t count = 0;
    for (size_t i = 0; groups && totals && i < options->file_count; i++) {
        struct input input = {0};
        bool again = strcmp(options->files[i], "-") != 0 && input_read(options, options->files[i], &input) == STATUS_DONE;
        if (again && totals_read(input.bytes, input.size, &options->limits, totals, NULL) == MERGE_OK) {
            add_to_group(groups, &count, totals, options->files[i]);
        }
        free(input.bytes);
    }
    if (count > 1) {
        diagnostic_note(options->command,
                        "the files have no sample type in common%s:", options->allow_union ? "" : "; each of these groups can be merged");
    }
    for (size_t i = 0; count > 1 && i < count; i++) {
        print_group(options, &groups[i]);
    }
    free(groups);
    free(totals);
}

// ---- Merge ----

static int add_best(struct merging *merging) {
    int64_t scale[TOTALS_MAX_TYPES], time_ns = profile_time_ns(merging->profile), duration_ns = profile_duration_ns(merging->profile);
    if (!merging->best.bytes ||
        totals_read(merging->best.bytes, merging->best.size, &merging->options->limits, &merging->totals, NULL) != MERGE_OK) {
        return STATUS_DONE;
    }
    make_scale(&merging->totals, true, scale);
    int status = input_add_bytes(merging->options, merging->best_path, &merging->best, merging->profile, scale, NULL);
    profile_set_time(merging->profile, time_ns, duration_ns); // the file's time was already added
    return status;
}

static int make_means(struct merging *merging) {
    for (size_t i = 0; i < profile_sample_type_count(merging->profile) && i < TOTALS_MAX_TYPES; i++) {
        const char *type = profile_sample_type_name(merging->profile, i);
        size_t files =
            merging->options->allow_union ? merging->with_type[i] : merging->options->file_count; // without union, all files have it
        if (measure_is_gauge(type) && files > 1 &&
            profile_scale_sample_type(merging->profile, type, 1.0 / (double)files) == MERGE_NO_MEMORY) {
            return diagnostic_error(merging->options->command, NULL, "out of memory");
        }
    }
    return STATUS_DONE;
}

const char *input_gauges_text(const struct options *options, char text[INPUT_GAUGES_BYTES]) {
    static const char *const formats[] = {"mean of %zu files", "the last of %zu files", "the largest of %zu files"};
    text[0] = '\0';
    if (options->file_count > 1 && options->gauges != GAUGES_OF_SUM) {
        snprintf(text, INPUT_GAUGES_BYTES, formats[options->gauges], options->file_count);
    }
    return text;
}

static int merge_all(struct merging *merging) {
    const struct options *options = merging->options;
    int status = STATUS_DONE;
    progress_begin(options->command, STDERR_FILENO, 1000);
    for (size_t i = 0; i < options->file_count && status == STATUS_DONE; i++) {
        progress_file(input_name(options->files[i]), i, options->file_count);
        status = add_file(merging, options->files[i]);
    }
    if (status == STATUS_DONE && of_one_file(options)) {
        status = add_best(merging);
    } else if (status == STATUS_DONE && options->gauges == GAUGES_OF_MEAN) {
        status = make_means(merging);
    }
    progress_end();
    if (status != STATUS_DONE && merging->error == MERGE_TYPES_DIFFER) {
        print_groups(options);
    }
    free(merging->best.bytes);
    return status;
}

struct profile *input_merge(const struct options *options) {
    struct merging *merging = calloc(1, sizeof *merging);
    struct profile *profile = profile_new();
    if (!merging || !profile) {
        free(merging);
        profile_free(profile);
        diagnostic_error(options->command, NULL, "out of memory");
        return NULL;
    }
    *merging = (struct merging){.options = options, .profile = profile};
    if (options->allow_union) {
        profile_allow_union(profile);
    } else {
        profile_allow_common(profile);
    }
    int status = merge_all(merging);
    free(merging);
    if (status != STATUS_DONE) {
        profile_free(profile);
        return NULL;
    }
    input_note_left_out(options, profile);
    profile_trim(profile);
    return profile;
}
