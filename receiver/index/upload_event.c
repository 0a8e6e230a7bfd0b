// upload_event.c: reads the event part of an upload (upload_event.h).
#include "upload_event.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct upload_event_reader {
    sqlite3 *database; // in memory, empty: only its functions are used
    sqlite3_stmt *fields;
};

// Tags from the event and from outside, as one string "k:v,k:v". The event's are a string or, from older clients, an array of strings. ?3:
// more of these than that are not read, since each takes time.
static const char fields_sql[] =
    "SELECT json_valid(?1) AND json_type(?1) = 'object', json_extract(?1, '$.start'), json_extract(?1, '$.end'),"
    " json_extract(?1, '$.family'),"
    " coalesce((SELECT group_concat(value, ',') FROM (SELECT value FROM json_each(?1, '$.tags_profiler') WHERE type = 'text' LIMIT ?3)),"
    " '') || ',' ||"
    " coalesce((SELECT group_concat(value, ',') FROM (SELECT value FROM json_each(?1, '$.\"tags[]\"') WHERE type = 'text' LIMIT ?3)), '')"
    " || ',' ||"
    " coalesce(?2, '')";

enum { COLUMN_TAGS = 4 };

struct upload_event_reader *upload_event_reader_new(void) {
    struct upload_event_reader *reader = calloc(1, sizeof *reader);
    if (reader && (sqlite3_open_v2(":memory:", &reader->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
                   sqlite3_prepare_v2(reader->database, fields_sql, -1, &reader->fields, NULL) != SQLITE_OK)) {
        upload_event_reader_free(reader);
        return NULL;
    }
    return reader;
}

void upload_event_reader_free(struct upload_event_reader *reader) {
    if (reader) {
        sqlite3_finalize(reader->fields);
        sqlite3_close(reader->database);
        free(reader);
    }
}

void upload_event_free(struct upload_event *event) {
    for (int i = 0; i < FACET_COUNT; i++) {
        free(event->facets[i]);
    }
    free(event->tags);
    free(event->start);
    free(event->end);
    free(event->family);
    *event = (struct upload_event){0};
}

_Static_assert((int)UPLOAD_EVENT_FIELD_MAX_BYTES == (int)UPLOAD_EVENT_FACET_MAX_BYTES, "whole_characters cuts both");

// As many of the bytes as a facet's value or a field may have, without a part of a character.
static size_t whole_characters(const char *text, size_t size) {
    size_t cut = size < UPLOAD_EVENT_FACET_MAX_BYTES ? size : UPLOAD_EVENT_FACET_MAX_BYTES;
    while (cut < size && cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) {
        cut--;
    }
    return cut;
}

// A copy of the value of the first tag of that key; NULL: none, or no memory, which *ok tells.
static char *copy_tag(const char *tags, const char *key, bool *ok) {
    size_t key_length = strlen(key);
    for (const char *tag = tags; *tag;) {
        size_t length = strcspn(tag, ",");
        if (length > key_length + 1 && tag[key_length] == ':' && strncmp(tag, key, key_length) == 0) {
            char *copy = strndup(tag + key_length + 1, whole_characters(tag + key_length + 1, length - key_length - 1));
            *ok = *ok && copy;
            return copy;
        }
        tag += length + (tag[length] == ',');
    }
    return NULL;
}

struct tags {
    const char *text;
    size_t size;
};

// Without commas around them.
static struct tags tags_of(sqlite3_stmt *row) {
    const char *text = (const char *)sqlite3_column_text(row, COLUMN_TAGS);
    text = text ? text + strspn(text, ",") : "";
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == ',') {
        size--;
    }
    return (struct tags){text, size};
}

// As many as check_tags lets pass, and whole ones.
static struct tags within_limits(struct tags tags) {
    size_t size = 0, count = 0;
    for (size_t end; size < tags.size && count < UPLOAD_EVENT_MAX_TAGS + 2; count++, size = end) {
        end = size + (count > 0); // behind the comma
        end += strcspn(tags.text + end, ",");
        if (end > UPLOAD_EVENT_TAGS_MAX_BYTES || end > tags.size) {
            break;
        }
    }
    return (struct tags){tags.text, size};
}

// Numbers are short; objects come as text.
static enum receiver_error check_sizes(sqlite3_stmt *row, char *text, size_t text_size) {
    static const char *const names[] = {NULL, "start", "end", "family", "tags"};
    for (int column = 1; column < 5; column++) {
        int limit = column == COLUMN_TAGS ? UPLOAD_EVENT_TAGS_MAX_BYTES : UPLOAD_EVENT_FIELD_MAX_BYTES;
        int size = column == COLUMN_TAGS ? (int)tags_of(row).size : sqlite3_column_bytes(row, column);
        if (sqlite3_column_type(row, column) == SQLITE_TEXT && size > limit) {
            snprintf(text, text_size, "the event's %s: more than %d bytes", names[column], limit);
            return RECEIVER_TOO_LARGE;
        }
    }
    return RECEIVER_OK;
}

static enum receiver_error check_tags(sqlite3_stmt *row, char *text, size_t text_size) {
    const char *all = (const char *)sqlite3_column_text(row, COLUMN_TAGS);
    size_t separators = 0;
    for (const char *at = all; at && *at; at++) {
        separators += *at == ',';
    }
    if (separators <= UPLOAD_EVENT_MAX_TAGS + 1) { // one less than tags, and one more for each place without any
        return RECEIVER_OK;
    }
    snprintf(text, text_size, "the event's tags: more than %d", UPLOAD_EVENT_MAX_TAGS);
    return RECEIVER_TOO_LARGE;
}

static char *copy_column(sqlite3_stmt *row, int column, bool *ok) {
    const char *value = (const char *)sqlite3_column_text(row, column);
    char *copy = value ? strndup(value, whole_characters(value, strlen(value))) : NULL;
    *ok = *ok && (copy || sqlite3_column_type(row, column) == SQLITE_NULL);
    return copy;
}

static bool copy_fields(sqlite3_stmt *row, struct upload_event *event) {
    bool ok = true;
    *event = (struct upload_event){0};
    event->start = copy_column(row, 1, &ok);
    event->end = copy_column(row, 2, &ok);
    event->family = copy_column(row, 3, &ok);
    struct tags tags = within_limits(tags_of(row));
    event->tags = strndup(tags.text, tags.size);
    ok = ok && sqlite3_column_text(row, COLUMN_TAGS) && event->tags;
    for (int i = 0; ok && i < FACET_COUNT; i++) {
        event->facets[i] = copy_tag(event->tags, facet_name((enum facet)i), &ok);
    }
    // The Agent's own environment, for uploads without one. Unconfigured, it is "none".
    if (ok && !event->facets[FACET_ENV]) {
        event->facets[FACET_ENV] = copy_tag(event->tags, "default_env", &ok);
        if (event->facets[FACET_ENV] && strcmp(event->facets[FACET_ENV], "none") == 0) {
            free(event->facets[FACET_ENV]);
            event->facets[FACET_ENV] = NULL;
        }
    }
    // Go's clients send no language tag.
    if (ok && !event->facets[FACET_LANGUAGE] && event->family && *event->family) {
        event->facets[FACET_LANGUAGE] = strdup(event->family);
        ok = event->facets[FACET_LANGUAGE];
    }
    // Nor does dd-java-agent one of the runtime.
    const char *language = event->facets[FACET_LANGUAGE];
    if (ok && !event->facets[FACET_RUNTIME] && language && (strcmp(language, "jvm") == 0 || strcmp(language, "java") == 0)) {
        event->facets[FACET_RUNTIME] = strdup("JVM");
        ok = event->facets[FACET_RUNTIME];
    }
    if (!event->start || !selection_time(event->start, &event->start_ms)) {
        event->start_ms = 0;
    }
    if (!event->end || !selection_time(event->end, &event->end_ms)) {
        event->end_ms = 0;
    }
    if (!ok) {
        upload_event_free(event);
    }
    return ok;
}

static enum receiver_error check_limits(sqlite3_stmt *row, char *text, size_t text_size) {
    enum receiver_error error = check_tags(row, text, text_size);
    return error == RECEIVER_OK ? check_sizes(row, text, text_size) : error;
}

static enum receiver_error read_event(struct upload_event_reader *reader, const char *bytes, size_t size, const char *more_tags,
                                      bool is_stored, struct upload_event *event, char *text, size_t text_size) {
    // SQLite's JSON functions stop at the first NUL byte, so what follows one would go unseen.
    enum receiver_error error = memchr(bytes, 0, size) ? RECEIVER_BAD_UPLOAD : RECEIVER_OK;
    if (error == RECEIVER_OK) {
        sqlite3_bind_text(reader->fields, 1, bytes, (int)size, SQLITE_STATIC);
        sqlite3_bind_text(reader->fields, 2, more_tags, -1, SQLITE_STATIC);
        sqlite3_bind_int(reader->fields, 3, UPLOAD_EVENT_MAX_TAGS + 1);
        // json_extract fails on text that is not JSON, so SQLITE_ERROR means the same as a 0 in the first column.
        int step = sqlite3_step(reader->fields);
        error = step == SQLITE_NOMEM                                          ? RECEIVER_NO_MEMORY
                : step == SQLITE_ROW && sqlite3_column_int(reader->fields, 0) ? RECEIVER_OK
                                                                              : RECEIVER_BAD_UPLOAD;
    }
    if (error != RECEIVER_OK) {
        snprintf(text, text_size, "%s", error == RECEIVER_BAD_UPLOAD ? "the event part is not a JSON object" : receiver_error_text(error));
    } else if ((is_stored || (error = check_limits(reader->fields, text, text_size)) == RECEIVER_OK) &&
               !copy_fields(reader->fields, event)) {
        error = RECEIVER_NO_MEMORY;
        snprintf(text, text_size, "%s", receiver_error_text(error));
    }
    sqlite3_reset(reader->fields);
    sqlite3_clear_bindings(reader->fields);
    return error;
}

enum receiver_error upload_event_read(struct upload_event_reader *reader, const char *bytes, size_t size, const char *more_tags,
                                      struct upload_event *event, char *text, size_t text_size) {
    return read_event(reader, bytes, size, more_tags, false, event, text, text_size);
}

enum receiver_error upload_event_read_stored(struct upload_event_reader *reader, const char *bytes, size_t size, const char *more_tags,
                                             struct upload_event *event, char *text, size_t text_size) {
    return read_event(reader, bytes, size, more_tags, true, event, text, text_size);
}
