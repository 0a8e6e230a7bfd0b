// json_query.h: reads JSON with SQLite's functions: one value by its path ("$.params.name"), or a new document that a statement makes.
//
// Threads: one. Memory: SQLite's, a database without tables; results are malloc'ed.
#ifndef CMEMPROF_COMMAND_JSON_QUERY_H
#define CMEMPROF_COMMAND_JSON_QUERY_H

#include <stdbool.h>
#include <stdint.h>

struct json_query;

struct json_query *json_query_open(void); // NULL: no memory
void json_query_close(struct json_query *query);

bool json_query_is_valid(struct json_query *query, const char *document);
// "text", "integer", "real", "true", "false", "null", "array", "object"; "" if there is nothing at the path. Valid until the next call.
const char *json_query_type(struct json_query *query, const char *document, const char *path);
// A text; NULL if there is none, or something else. The caller frees it.
char *json_query_text(struct json_query *query, const char *document, const char *path);
// A text or number as JSON, as it came but for blanks; NULL: there is none. The caller frees it.
char *json_query_quoted(struct json_query *query, const char *document, const char *path);
// An integer; otherwise if there is none, or something else.
int64_t json_query_integer(struct json_query *query, const char *document, const char *path, int64_t otherwise);
// Runs a statement with the document as ?1 and a number as ?2. Returns the text of its first column; NULL: it fails. The caller frees it.
char *json_query_make(struct json_query *query, const char *statement, const char *document, int64_t number);
// Runs a statement with the document as ?1, and calls take with the text of each row's first column, which may use the query.
void json_query_each(struct json_query *query, const char *statement, const char *document, void (*take)(void *context, const char *text),
                     void *context);

#endif
