// json_query.c: see json_query.h.
#include "json_query.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_BYTES = 16 };

struct json_query {
    sqlite3 *database;
    char type[TYPE_BYTES];
};

struct json_query *json_query_open(void) {
    struct json_query *query = calloc(1, sizeof *query);
    if (query && sqlite3_open_v2(":memory:", &query->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        json_query_close(query);
        return NULL;
    }
    return query;
}

void json_query_close(struct json_query *query) {
    if (query) {
        sqlite3_close(query->database);
        free(query);
    }
}

// Returns the statement at its first row, or NULL. path NULL: ?2 is the number.
static sqlite3_stmt *run(struct json_query *query, const char *statement, const char *document, const char *path, int64_t number) {
    sqlite3_stmt *row = NULL;
    bool ok = sqlite3_prepare_v2(query->database, statement, -1, &row, NULL) == SQLITE_OK &&
              sqlite3_bind_text(row, 1, document, -1, SQLITE_STATIC) == SQLITE_OK;
    if (ok && sqlite3_bind_parameter_count(row) > 1) {
        ok = (path ? sqlite3_bind_text(row, 2, path, -1, SQLITE_STATIC) : sqlite3_bind_int64(row, 2, number)) == SQLITE_OK;
    }
    if (ok && sqlite3_step(row) == SQLITE_ROW) {
        return row;
    }
    sqlite3_finalize(row);
    return NULL;
}

static char *text_of(sqlite3_stmt *row) {
    const unsigned char *text = row ? sqlite3_column_text(row, 0) : NULL;
    char *copy = text ? strdup((const char *)text) : NULL;
    sqlite3_finalize(row);
    return copy;
}

bool json_query_is_valid(struct json_query *query, const char *document) {
    sqlite3_stmt *row = run(query, "SELECT json_valid(?1)", document, NULL, 0);
    bool valid = row && sqlite3_column_int(row, 0) != 0;
    sqlite3_finalize(row);
    return valid;
}

const char *json_query_type(struct json_query *query, const char *document, const char *path) {
    char *type = text_of(run(query, "SELECT json_type(?1, ?2)", document, path, 0));
    strncpy(query->type, type ? type : "", sizeof query->type - 1);
    free(type);
    return query->type;
}

char *json_query_text(struct json_query *query, const char *document, const char *path) {
    return text_of(run(query, "SELECT json_extract(?1, ?2) WHERE json_type(?1, ?2) = 'text'", document, path, 0));
}

char *json_query_quoted(struct json_query *query, const char *document, const char *path) {
    static const char statement[] = "SELECT json_quote(json_extract(?1, ?2)) WHERE json_type(?1, ?2) IN ('text', 'integer', 'real')";
    return text_of(run(query, statement, document, path, 0));
}

int64_t json_query_integer(struct json_query *query, const char *document, const char *path, int64_t otherwise) {
    sqlite3_stmt *row = run(query, "SELECT json_extract(?1, ?2) WHERE json_type(?1, ?2) = 'integer'", document, path, 0);
    int64_t number = row ? sqlite3_column_int64(row, 0) : otherwise;
    sqlite3_finalize(row);
    return number;
}

void json_query_each(struct json_query *query, const char *statement, const char *document, void (*take)(void *context, const char *text),
                     void *context) {
    sqlite3_stmt *row = run(query, statement, document, NULL, 0);
    for (int step = SQLITE_ROW; row && step == SQLITE_ROW; step = sqlite3_step(row)) {
        const unsigned char *text = sqlite3_column_text(row, 0);
        if (text) {
            take(context, (const char *)text);
        }
    }
    sqlite3_finalize(row);
}

char *json_query_make(struct json_query *query, const char *statement, const char *document, int64_t number) {
    return text_of(run(query, statement, document, NULL, number));
}
