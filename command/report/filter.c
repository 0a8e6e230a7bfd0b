// filter.c: compiles and matches expressions (filter.h).
#include "filter.h"
#include "../base/diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[FILTER_FRAME_KINDS] = {"focus", "ignore", "hide", "show", "show_from"};

static unsigned bit(enum filter_kind kind) {
    return 1U << kind;
}

// ---- Expressions ----

static int compile(const char *command, regex_t *compiled, const char *name, const char *expression) {
    int error = regcomp(compiled, expression, REG_EXTENDED | REG_NOSUB);
    if (error == 0) {
        return STATUS_DONE;
    }
    char text[200];
    regerror(error, compiled, text, sizeof text);
    return diagnostic_usage(command, "--%s %s: %s", name, expression, text);
}

int filter_compile(const char *command, struct filter *filter, enum filter_kind kind, const char *expression) {
    if (filter->has & bit(kind)) {
        return diagnostic_usage(command, "--%s can be given only once; a|b matches both", names[kind]);
    }
    int status = compile(command, &filter->frames[kind], names[kind], expression);
    filter->has |= status == STATUS_DONE ? bit(kind) : 0;
    return status;
}

// "128kb:", ":1mb", "1:10": google/pprof treats these as numeric ranges.
static bool is_range(const char *value) {
    static const char letters[] = "0123456789.:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return strchr(value, ':') && strspn(value, "0123456789:") > 0 && strpbrk(value, "0123456789") && value[strspn(value, letters)] == '\0';
}

int filter_compile_tags(const char *command, struct filter_tags *tags, const char *name, const char *expression) {
    const char *equals = strchr(expression, '=');
    if (tags->count > 0) {
        return diagnostic_usage(command, "--%s can be given only once; a|b matches both", name);
    }
    if (is_range(equals ? equals + 1 : expression)) {
        return diagnostic_usage(command, "--%s %s: numeric ranges are not supported; use a regular expression on the digits", name,
                                expression);
    }
    tags->key = equals ? strndup(expression, (size_t)(equals - expression)) : NULL;
    char *values = strdup(equals ? equals + 1 : expression), *rest = values;
    int status = values && (tags->key || !equals) ? STATUS_DONE : diagnostic_error(command, NULL, "out of memory");
    for (char *value; status == STATUS_DONE && (value = strsep(&rest, ","));) {
        status = tags->count < FILTER_MAX_TAGS ? compile(command, &tags->values[tags->count], name, value)
                                               : diagnostic_usage(command, "--%s takes up to %d expressions", name, FILTER_MAX_TAGS);
        tags->count += status == STATUS_DONE;
    }
    free(values);
    return status;
}

static void free_tags(struct filter_tags *tags) {
    for (size_t i = 0; i < tags->count; i++) {
        regfree(&tags->values[i]);
    }
    free(tags->key);
}

void filter_free(struct filter *filter) {
    for (enum filter_kind kind = 0; kind < FILTER_FRAME_KINDS; kind++) {
        if (filter->has & bit(kind)) {
            regfree(&filter->frames[kind]);
        }
    }
    free_tags(&filter->tag_focus);
    free_tags(&filter->tag_ignore);
    *filter = (struct filter){0};
}

bool filter_is_empty(const struct filter *filter) {
    return filter->has == 0 && filter->tag_focus.count == 0 && filter->tag_ignore.count == 0;
}

// ---- Frames ----

static bool found(const regex_t *expression, const struct profile_frame *frame) {
    return regexec(expression, frame->function, 0, NULL, 0) == 0 || regexec(expression, frame->file, 0, NULL, 0) == 0 ||
           regexec(expression, frame->mapping_file, 0, NULL, 0) == 0;
}

unsigned filter_frame(const struct filter *filter, const struct profile_frame *frame) {
    unsigned bits = 0;
    for (enum filter_kind kind = 0; kind < FILTER_FRAME_KINDS; kind++) {
        bits |= filter->has & bit(kind) && found(&filter->frames[kind], frame) ? bit(kind) : 0;
    }
    return bits;
}

// ---- Labels ----

static bool value_matches(const struct filter_tags *tags, size_t expression, const struct profile_label *label) {
    char number[24], text[500];
    const char *value = label->text;
    if (!value) {
        snprintf(number, sizeof number, "%lld", (long long)label->number);
        value = number;
    }
    if (!tags->key) {
        snprintf(text, sizeof text, "%s:%s", label->key, value);
        value = text;
    }
    return (!tags->key || strcmp(tags->key, label->key) == 0) && regexec(&tags->values[expression], value, 0, NULL, 0) == 0;
}

static bool tags_match(const struct filter_tags *tags, const struct profile_sample_view *sample) {
    size_t matched = 0;
    for (size_t i = 0; i < tags->count; i++) {
        bool any = false;
        for (size_t l = 0; l < sample->label_count && !any; l++) {
            any = value_matches(tags, i, &sample->labels[l]);
        }
        matched += any;
    }
    return tags->key ? matched > 0 : matched == tags->count;
}

// ---- Samples ----

static bool keeps(const struct filter *filter, unsigned bits) {
    return (!(filter->has & bit(FILTER_SHOW)) || bits & bit(FILTER_SHOW)) && !(bits & bit(FILTER_HIDE));
}

// Returns the number of frames up to the outermost kept match of show_from; 0: no match.
static size_t shown_from(const unsigned *bits, const uint32_t *kept, size_t count) {
    while (count > 0 && !(bits[kept[count - 1]] & bit(FILTER_SHOW_FROM))) {
        count--;
    }
    return count;
}

// Labels are the outermost frames.
static size_t code_frames(const struct profile_sample_view *sample) {
    size_t count = sample->frame_count;
    while (count > 0 && sample->frames[count - 1].label) {
        count--;
    }
    return count;
}

bool filter_choose(const struct filter *filter, const struct profile_sample_view *sample, const unsigned *bits, uint32_t *kept,
                   size_t *count) {
    unsigned all = 0;
    size_t code = code_frames(sample), remaining;
    *count = 0;
    for (size_t i = 0; i < code; i++) {
        all |= bits[i];
        if (!filter || keeps(filter, bits[i])) {
            kept[(*count)++] = (uint32_t)i;
        }
    }
    if (filter && filter->has & bit(FILTER_SHOW_FROM)) {
        *count = shown_from(bits, kept, *count);
    }
    remaining = *count;
    for (size_t i = code; i < sample->frame_count; i++) {
        all |= bits[i];
        kept[(*count)++] = (uint32_t)i;
    }
    if (!filter) {
        return true;
    }
    bool needs_frames = filter->has & (bit(FILTER_FOCUS) | bit(FILTER_SHOW) | bit(FILTER_SHOW_FROM));
    return (!(filter->has & bit(FILTER_FOCUS)) || all & bit(FILTER_FOCUS)) && !(all & bit(FILTER_IGNORE)) &&
           (remaining > 0 || (code == 0 && !needs_frames)) && (filter->tag_focus.count == 0 || tags_match(&filter->tag_focus, sample)) &&
           (filter->tag_ignore.count == 0 || !tags_match(&filter->tag_ignore, sample));
}
