// saved_views.c: see saved_views.h.
#include "saved_views.h"
#include "notebook.h"
#include "store_directory.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A database in memory has the functions that read JSON. ?1: the body.
static const char fields_sql[] = "SELECT json_type(?1), json_type(?1, '$.name'), json_extract(?1, '$.name'), json_type(?1, '$.address'),"
                                 " json_extract(?1, '$.address') WHERE json_valid(?1)";
enum { OBJECT, NAME_TYPE, NAME, ADDRESS_TYPE, ADDRESS };

// A text that is not empty. NULL: it is none.
static const char *text_of(sqlite3_stmt *row, int type) {
    const char *is = (const char *)sqlite3_column_text(row, type), *value = (const char *)sqlite3_column_text(row, type + 1);
    size_t size = (size_t)sqlite3_column_bytes(row, type + 1);
    return is && strcmp(is, "text") == 0 && value && size > 0 && strlen(value) == size ? value : NULL;
}

// What a page's links may lead to: one of its paths, and parameters as a browser escapes them.
static bool is_address(const char *address) {
    static const char *const paths[] = {"/", "/profile", "/compare"};
    size_t length = strcspn(address, "?");
    bool is_path = false;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        is_path |= strlen(paths[i]) == length && memcmp(paths[i], address, length) == 0;
    }
    for (const char *c = address; *c; c++) {
        is_path = is_path && *c > ' ' && *c < 0x7F && !strchr("\"'<>`\\#", *c);
    }
    return is_path;
}

// A name is shown in lists: no controls of Unicode, and nothing that turns the direction of what follows (UAX 9).
static bool is_name(const char *name) {
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        bool control = c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;
        bool turns = c[0] == 0xE2 &&
                     ((c[1] == 0x80 && ((c[2] >= 0xA8 && c[2] <= 0xAE) || c[2] == 0x8E || c[2] == 0x8F)) || // U+2028..202E, 200E, 200F
                      (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9));                                      // U+2066..2069
        bool is_arabic_mark = c[0] == 0xD8 && c[1] == 0x9C;                                                 // U+061C
        if (control || turns || is_arabic_mark) {
            return false;
        }
    }
    return notebook_is_note(name, strlen(name)) && !strpbrk(name, "\n\t");
}

static int hex_of(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

// Whether the address has a parameter of that name, however it is escaped.
static bool has_parameter(const char *address, const char *wanted) {
    for (const char *at = strchr(address, '?'); at; at = strchr(at, '&')) {
        size_t matched = 0;
        for (at++; *at && *at != '=' && *at != '&'; at++) {
            bool escaped = *at == '%' && hex_of(at[1]) >= 0 && hex_of(at[2]) >= 0;
            char c = escaped ? (char)(hex_of(at[1]) * 16 + hex_of(at[2])) : *at;
            at += escaped ? 2 : 0;
            matched = matched <= strlen(wanted) && c == wanted[matched] && c ? matched + 1 : strlen(wanted) + 1;
        }
        if (matched == strlen(wanted)) {
            return true;
        }
    }
    return false;
}

static const char *check(const char *name, const char *address, bool *too_large) {
    *too_large = false;
    if (!name || !is_name(name)) {
        return "name is missing, or not text without control characters";
    }
    if (!address || !is_address(address)) {
        return "address is none of the page: / or /profile or /compare, with parameters";
    }
    if (has_parameter(address, "token")) {
        return "address has a token, which all who see the page would get";
    }
    *too_large = strlen(name) > SAVED_VIEW_NAME_BYTES || strlen(address) > SAVED_VIEW_ADDRESS_BYTES;
    return *too_large ? "name has at most 100 bytes, address 4000" : NULL;
}

static void look(void *context, int64_t id, const char *name, const char *address) {
    const char **wanted = context;
    (void)id, (void)address;
    *wanted = *wanted && strcmp(*wanted, name) == 0 ? NULL : *wanted;
}

// fresh: one of that name stays as it is.
static enum receiver_error add(struct notebook *notebook, sqlite3 *database, bool fresh, const char *body, size_t size, int64_t *id,
                               char *text, size_t text_size) {
    sqlite3_stmt *row = NULL;
    bool too_large = false;
    bool ok = sqlite3_prepare_v2(database, fields_sql, -1, &row, NULL) == SQLITE_OK &&
              sqlite3_bind_text64(row, 1, body, size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW &&
              sqlite3_column_text(row, OBJECT) && strcmp((const char *)sqlite3_column_text(row, OBJECT), "object") == 0;
    const char *name = ok ? text_of(row, NAME_TYPE) : NULL, *address = ok ? text_of(row, ADDRESS_TYPE) : NULL, *free_name = name;
    const char *why = ok ? check(name, address, &too_large) : "the body is no JSON object";
    enum receiver_error error = !why ? RECEIVER_OK : too_large ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD;
    snprintf(text, text_size, "%s", why ? why : "");
    if (error == RECEIVER_OK && fresh) {
        error = notebook_each_view(notebook, look, &free_name);
    }
    if (error == RECEIVER_OK && free_name) {
        error = notebook_save_view(notebook, name, address, id);
    }
    if (error == RECEIVER_CONFLICT) {
        snprintf(text, text_size, "%d views are saved, and more cannot", NOTEBOOK_VIEWS_MAX);
    }
    sqlite3_finalize(row);
    return error;
}

enum receiver_error saved_view_add(struct store *store, const char *body, size_t size, int64_t *id, char *text, size_t text_size) {
    sqlite3 *database = NULL;
    enum receiver_error error = RECEIVER_NO_MEMORY;
    if (sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
        error = add(store->notebook, database, false, body, size, id, text, text_size);
    }
    sqlite3_close(database);
    return error;
}

enum receiver_error saved_view_remove(struct store *store, int64_t id) {
    return notebook_remove_view(store->notebook, id);
}

size_t saved_views_import(struct notebook *notebook, const char *json, size_t size, uint64_t *taken) {
    sqlite3 *database = NULL;
    sqlite3_stmt *rows = NULL;
    size_t refused = 0;
    bool ok = sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(database, "SELECT value FROM json_each(?1, '$.views')", -1, &rows, NULL) == SQLITE_OK &&
              sqlite3_bind_text64(rows, 1, json, size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
    while (ok && sqlite3_step(rows) == SQLITE_ROW) {
        const char *body = (const char *)sqlite3_column_text(rows, 0);
        size_t length = (size_t)sqlite3_column_bytes(rows, 0);
        int64_t id = 0; // it stays 0 where the name is taken
        char text[200];
        refused += !body || add(notebook, database, true, body, length, &id, text, sizeof text) != RECEIVER_OK;
        *taken += id > 0;
    }
    sqlite3_finalize(rows);
    sqlite3_close(database);
    return refused;
}

static void write_one(void *context, int64_t id, const char *name, const char *address) {
    struct json *json = context;
    json_object_begin(json);
    json_member_number(json, "id", id);
    json_member_text(json, "name", name);
    json_member_text(json, "address", address);
    json_object_end(json);
}

enum receiver_error saved_views_write(struct store *store, struct json *json) {
    json_object_begin(json);
    json_key(json, "views");
    json_array_begin(json);
    enum receiver_error error = notebook_each_view(store->notebook, write_one, json);
    json_array_end(json);
    json_object_end(json);
    return error;
}
