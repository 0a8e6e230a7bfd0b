// selection.c: reads a selection from the parameters of a request (selection.h).
#include "selection.h"
#include "../../base/vector.h"
#include "query_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VALUE_MAX_BYTES = 1024 };

static const char *const facet_names[FACET_COUNT] = {
    [FACET_SERVICE] = "service", [FACET_ENV] = "env",         [FACET_VERSION] = "version",
    [FACET_HOST] = "host",       [FACET_RUNTIME] = "runtime", [FACET_LANGUAGE] = "language",
};

const char *facet_name(enum facet facet) {
    return (unsigned)facet < FACET_COUNT ? facet_names[facet] : "";
}

void selection_init(struct selection *selection) {
    *selection = (struct selection){.from_ms = INT64_MIN, .to_ms = INT64_MAX};
}

void selection_free(struct selection *selection) {
    for (size_t i = 0; i < selection->value_count; i++) {
        free(selection->values[i].text);
    }
    free(selection->values);
    free(selection->text);
    free(selection->ids);
    selection_init(selection);
}

// ---- Times ----

// The digits after the point, as milliseconds; sets *end after them.
static int fraction_ms(const char *text, const char **end) {
    int ms = 0, digits = 0;
    for (; *text >= '0' && *text <= '9'; text++, digits++) {
        ms = digits < 3 ? ms * 10 + (*text - '0') : ms;
    }
    for (; digits < 3; digits++) {
        ms *= 10;
    }
    *end = text;
    return ms;
}

// Years 0 to 9999, in which no sum or difference of two times overflows.
static bool is_in_range(int64_t unix_ms) {
    return unix_ms >= -62167219200000 && unix_ms <= 253402300799999;
}

bool selection_time(const char *text, int64_t *unix_ms) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*text && !*end && (*text == '-' || (*text >= '0' && *text <= '9'))) {
        *unix_ms = number;
        return errno == 0 && is_in_range(number);
    }
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!rest) {
        return false;
    }
    int ms = *rest == '.' ? fraction_ms(rest + 1, &rest) : 0, hours = 0, minutes = 0, length = 0;
    // An unescaped plus in a URL arrives as a blank.
    bool ahead = *rest == '+' || *rest == ' ';
    if (ahead || *rest == '-') {
        if (sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 || hours < 0 || minutes < 0 || rest[1 + length]) {
            return false;
        }
    } else if (strcmp(rest, "Z") != 0 && *rest) {
        return false;
    }
    int64_t offset_s = (hours * 3600 + minutes * 60) * (ahead ? 1 : -1);
    *unix_ms = ((int64_t)timegm(&parts) - offset_s) * 1000 + ms;
    return is_in_range(*unix_ms);
}

// ---- One parameter ----

static bool add_value(struct selection *selection, int facet, const char *value, char *text, size_t text_size) {
    if (selection->value_count == SELECTION_MAX_VALUES) {
        snprintf(text, text_size, "more than %d values in a selection", SELECTION_MAX_VALUES);
        return false;
    }
    char *copy = VECTOR_RESERVE(selection->values, selection->value_capacity, selection->value_count + 1) ? strdup(value) : NULL;
    if (!copy) {
        snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
        return false;
    }
    selection->values[selection->value_count++] = (struct selection_value){facet, copy};
    return true;
}

static bool add_ids(struct selection *selection, const char *value, char *text, size_t text_size) {
    for (const char *at = value;;) {
        char *end;
        errno = 0;
        long long id = *at >= '0' && *at <= '9' ? strtoll(at, &end, 10) : 0;
        if (id <= 0 || errno != 0 || (*end && *end != ',')) {
            snprintf(text, text_size, "ids is not a list of numbers with commas between them");
            return false;
        }
        if (selection->id_count == SELECTION_MAX_IDS) {
            snprintf(text, text_size, "more than %d ids", SELECTION_MAX_IDS);
            return false;
        }
        if (!VECTOR_RESERVE(selection->ids, selection->id_capacity, selection->id_count + 1)) {
            snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
            return false;
        }
        selection->ids[selection->id_count++] = id;
        if (!*end) {
            return true;
        }
        at = end + 1;
    }
}

static bool add_text(struct selection *selection, const char *value, char *text, size_t text_size) {
    if (!*value) {
        return true;
    }
    struct query_text query;
    enum query_text_error error = query_text_parse(value, &query);
    char *copy = error == QUERY_TEXT_OK ? strdup(value) : NULL;
    query_text_free(&query);
    if (error == QUERY_TEXT_TOO_MANY) {
        snprintf(text, text_size, "q has more than %d words", QUERY_TEXT_MAX_TERMS);
    } else if (!copy) {
        snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
    }
    if (!copy) {
        return false;
    }
    free(selection->text);
    selection->text = copy;
    return true;
}

bool selection_add(struct selection *selection, const char *key, const char *value, char *text, size_t text_size) {
    bool from = strcmp(key, "from") == 0, to = strcmp(key, "to") == 0;
    if (strcmp(key, "ids") == 0) {
        return add_ids(selection, value, text, text_size);
    }
    if (strlen(value) > VALUE_MAX_BYTES) {
        snprintf(text, text_size, "%.40s is longer than %d bytes", key, VALUE_MAX_BYTES);
        return false;
    }
    if (from || to) {
        if (*value && !selection_time(value, from ? &selection->from_ms : &selection->to_ms)) {
            snprintf(text, text_size, "%s is neither a time like 2026-01-02T03:04:05Z nor unix milliseconds", key);
            return false;
        }
        return true;
    }
    if (strcmp(key, "pinned") == 0) {
        if (*value && strcmp(value, "1") != 0) {
            snprintf(text, text_size, "pinned is 1, or missing");
            return false;
        }
        selection->pinned = *value;
        return true;
    }
    if (strcmp(key, "q") == 0) {
        return add_text(selection, value, text, text_size);
    }
    if (strcmp(key, "tag") == 0) {
        if (!strchr(value, ':')) {
            snprintf(text, text_size, "tag is not of the form KEY:VALUE");
            return false;
        }
        return add_value(selection, -1, value, text, text_size);
    }
    for (int facet = 0; facet < FACET_COUNT; facet++) {
        if (strcmp(key, facet_names[facet]) == 0) {
            return add_value(selection, facet, value, text, text_size);
        }
    }
    return true;
}

// ---- All parameters of a request ----

struct reading {
    struct selection *selection;
    const char *prefix;
    char *text;
    size_t text_size;
    bool failed;
};

static enum MHD_Result on_argument(void *state, enum MHD_ValueKind kind, const char *key, const char *value) {
    (void)kind;
    struct reading *reading = state;
    size_t length = strlen(reading->prefix);
    if (strncmp(key, reading->prefix, length) != 0) {
        return MHD_YES;
    }
    reading->failed = !selection_add(reading->selection, key + length, value ? value : "", reading->text, reading->text_size);
    return reading->failed ? MHD_NO : MHD_YES;
}

enum receiver_error selection_parse(const struct parameters *parameters, const char *prefix, struct selection *selection, char *text,
                                    size_t text_size) {
    struct reading reading = {.selection = selection, .prefix = prefix, .text = text, .text_size = text_size};
    selection_init(selection);
    parameters_each(parameters, on_argument, &reading);
    if (reading.failed) {
        selection_free(selection);
        return RECEIVER_BAD_UPLOAD;
    }
    return RECEIVER_OK;
}
