// figures.c: figures of one upload (figures.h). SQLite parses the JSON, in an empty in-memory database.
#include "figures.h"
#include "../../merge/merge.h"
#include "../base/failure.h"
#include "../base/read_exact.h"
#include "catalog.h"
#include "recording_conversion.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_JSON_BYTES = 1 << 20, // real ones have 300 to 3,000
    MAX_PAIRS = 1024,         // real ones have 10 to 60
};

struct figures_reader {
    sqlite3 *database;
    sqlite3_stmt *pairs;
};

struct figures_reader *figures_reader_new(void) {
    static const char sql[] = "SELECT json_extract(pair, '$[0]'), json_extract(pair, '$[1]') FROM"
                              " (SELECT CASE WHEN type = 'array' THEN value ELSE '[]' END AS pair FROM json_each(?1))"
                              " WHERE json_type(pair, '$[0]') = 'text' AND json_type(pair, '$[1]') IN ('integer', 'real')";
    struct figures_reader *reader = calloc(1, sizeof *reader);
    if (reader && (sqlite3_open_v2(":memory:", &reader->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
                   sqlite3_prepare_v2(reader->database, sql, -1, &reader->pairs, NULL) != SQLITE_OK)) {
        figures_reader_free(reader);
        return NULL;
    }
    return reader;
}

void figures_reader_free(struct figures_reader *reader) {
    if (reader) {
        sqlite3_finalize(reader->pairs);
        sqlite3_close(reader->database);
        free(reader);
    }
}

static bool is_measure(const char *name) {
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        if (strcmp(name, measure_names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct figures *figures, const char *name, double value) {
    size_t at = 0;
    if (!isfinite(value) || strlen(name) >= FIGURES_NAME_BYTES) {
        return;
    }
    while (at < figures->count && strcmp(figures->figures[at].name, name) != 0) {
        at++;
    }
    if (at == FIGURES_MAX) {
        return;
    }
    if (at == figures->count) {
        snprintf(figures->figures[figures->count++].name, FIGURES_NAME_BYTES, "%s", name);
    }
    figures->figures[at].value = value;
}

// ---- metrics.json ----

static enum receiver_error read_pairs(struct figures_reader *reader, const void *json, size_t size, struct figures *figures, char *text) {
    sqlite3_stmt *pairs = reader->pairs;
    int step = SQLITE_DONE, count = 0;
    sqlite3_bind_text(pairs, 1, json, (int)size, SQLITE_STATIC);
    while ((step = sqlite3_step(pairs)) == SQLITE_ROW && count++ < MAX_PAIRS) {
        const char *name = (const char *)sqlite3_column_text(pairs, 0);
        if (name && !is_measure(name)) {
            add(figures, name, sqlite3_column_double(pairs, 1));
        }
    }
    sqlite3_reset(pairs);
    sqlite3_clear_bindings(pairs);
    if (step == SQLITE_NOMEM) {
        return RECEIVER_NO_MEMORY;
    }
    if (step != SQLITE_DONE) {
        snprintf(text, FIGURES_TEXT_BYTES, step == SQLITE_ROW ? "more than %d values" : "not an array of names and numbers", MAX_PAIRS);
        return RECEIVER_BAD_UPLOAD;
    }
    return RECEIVER_OK;
}

static enum receiver_error take_json(struct figures_reader *reader, const void *bytes, size_t size, struct figures *figures, char *text) {
    uint8_t *json;
    size_t json_size;
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = MAX_JSON_BYTES;
    enum merge_error error = merge_inflate_limited(bytes, size, &limits, &json, &json_size, NULL);
    if (error != MERGE_OK) {
        snprintf(text, FIGURES_TEXT_BYTES, "metrics.json: %s", merge_error_text(error));
        return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_BAD_UPLOAD;
    }
    enum receiver_error result = read_pairs(reader, json, json_size, figures, text);
    free(json);
    return result;
}

// ---- A recording of Java ----

static enum receiver_error take_recording(const struct measured_upload *upload, const char *name, const void *bytes, size_t size,
                                          struct figures *figures, char *text) {
    struct conversion recording;
    enum receiver_error error = conversion_of(upload->conversions, &(struct conversion_key){upload->id, name, 0}, bytes, size, &recording,
                                              text, FIGURES_TEXT_BYTES);
    if (error != RECEIVER_OK) {
        return error;
    }
    for (size_t i = 0; i < recording.figures.count; i++) {
        add(figures, recording.figures.figures[i].name, recording_figure_at(&recording.figures, i, upload->seconds));
    }
    conversion_free(&recording);
    return RECEIVER_OK;
}

// ---- Files ----

static enum receiver_error read_file(const struct measured_upload *upload, const struct catalog_attachment *attachment, char **bytes) {
    size_t size = (size_t)attachment->size_bytes;
    struct stat about;
    int file;
    *bytes = NULL;
    enum receiver_error error = upload->open(upload->files, attachment->file, &file);
    if (error != RECEIVER_OK) {
        return error == RECEIVER_NOT_FOUND ? RECEIVER_DAMAGED : error;
    }
    bool whole = fstat(file, &about) == 0 && S_ISREG(about.st_mode) && (uint64_t)about.st_size == attachment->size_bytes;
    error = !whole ? RECEIVER_DAMAGED : merge_budget_take(size + 1) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        *bytes = malloc(size + 1);
        error = *bytes ? read_exact(file, *bytes, size) : RECEIVER_NO_MEMORY;
        if (error != RECEIVER_OK) {
            free(*bytes);
            *bytes = NULL;
            merge_budget_give(size + 1);
        }
    }
    close(file);
    return error;
}

static bool is_the_files(enum receiver_error error) {
    return error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE;
}

static enum receiver_error take_file(struct figures_reader *reader, const struct measured_upload *upload,
                                     const struct catalog_attachment *attachment, enum figures_source source, struct figures *figures) {
    char *bytes, *text = figures->texts[source];
    enum receiver_error error = read_file(upload, attachment, &bytes);
    if (error == RECEIVER_OK) {
        size_t size = (size_t)attachment->size_bytes;
        error = source == FIGURES_METRICS ? take_json(reader, bytes, size, figures, text)
                                          : take_recording(upload, attachment->name, bytes, size, figures, text);
        free(bytes);
        merge_budget_give(size + 1);
    }
    figures->states[source] = error == RECEIVER_OK ? FIGURES_READ : FIGURES_FAILED;
    if (error != RECEIVER_OK && !*text) {
        snprintf(text, FIGURES_TEXT_BYTES, "%s", receiver_error_text(error));
    }
    return is_the_files(error) ? RECEIVER_OK : error;
}

// The first one of a source.
static const struct catalog_attachment *find(const struct catalog_attachment *attachments, size_t count, enum figures_source source) {
    for (size_t i = 0; i < count; i++) {
        const char *name = attachments[i].name;
        if (source == FIGURES_METRICS ? strcmp(name, "metrics.json") == 0 : catalog_is_recording(name)) {
            return &attachments[i];
        }
    }
    return NULL;
}

bool figures_has_recording(const struct catalog_attachment *attachments, size_t count) {
    return find(attachments, count, FIGURES_RECORDING);
}

enum receiver_error figures_of_upload(struct figures_reader *reader, const struct measured_upload *upload,
                                      const struct catalog_attachment *attachments, size_t count, struct figures *figures) {
    enum receiver_error error = RECEIVER_OK;
    figures->count = 0;
    for (int source = 0; source < FIGURES_SOURCES; source++) {
        figures->states[source] = FIGURES_NONE;
        *figures->texts[source] = '\0';
        const struct catalog_attachment *attachment = find(attachments, count, (enum figures_source)source);
        if (attachment && error != RECEIVER_NO_MEMORY) {
            enum receiver_error of_file = take_file(reader, upload, attachment, (enum figures_source)source, figures);
            error = of_file == RECEIVER_OK ? error : of_file;
        }
    }
    return error;
}
