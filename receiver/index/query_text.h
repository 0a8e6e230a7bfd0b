// query_text.h: the text of a search: words, all of which must match (docs/receiver.md, "Selection").
//
//   shop            a tag or a facet's value that contains it      "a b"             with blanks, and with colons
//   service:shop    that tag, the whole value                      service:sh*op     * matches any characters, also in words
//   -host:db*       not that                                       service:          any value
//
// Ignores the case of ASCII. Threads: any. Memory: malloc, by query_text_parse.
#ifndef CMEMPROF_RECEIVER_QUERY_TEXT_H
#define CMEMPROF_RECEIVER_QUERY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { QUERY_TEXT_MAX_TERMS = 16 };

struct query_term {
    char *pattern;     // in lower case, for a whole tag; '\1' matches any characters, so that a quoted * is itself
    size_t key_length; // of "key:value"; 0: any key
    bool excludes;
};

struct query_text {
    struct query_term terms[QUERY_TEXT_MAX_TERMS];
    size_t count;
};

enum query_text_error { QUERY_TEXT_OK, QUERY_TEXT_NO_MEMORY, QUERY_TEXT_TOO_MANY };
// After an error nothing is to be freed.
enum query_text_error query_text_parse(const char *text, struct query_text *query);
void query_text_free(struct query_text *query);

// Whether the term matches a tag, "key:value" (excluding or not).
bool query_term_is_tag(const struct query_term *term, const char *tag);
// The same for the value of a facet; false if the term has the key of another one.
bool query_term_is_value(const struct query_term *term, const char *facet, const char *value);

#endif
