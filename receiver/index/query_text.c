// query_text.c: parses and matches the text of a search (query_text.h).
#include "query_text.h"

#include <stdlib.h>
#include <string.h>

#define ANY '\1'

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

// Reads one word from *at into out, which must have three bytes more than the rest of the text.
static void read_term(const char **at, char *out, struct query_term *term) {
    const char *c = *at;
    char *to = out + 1; // an ANY may be inserted before it
    bool quoted = false, begins_quoted;
    term->excludes = c[0] == '-' && c[1] && !is_blank(c[1]);
    c += term->excludes;
    begins_quoted = *c == '"';
    term->key_length = 0;
    for (; *c && (quoted || !is_blank(*c)); c++) {
        if (*c == '"') {
            quoted = !quoted;
        } else if (*c == '*' && !quoted) {
            *to++ = ANY;
        } else {
            if (*c == ':' && !begins_quoted && term->key_length == 0) {
                term->key_length = (size_t)(to - out - 1);
            }
            *to++ = lower(*c);
        }
    }
    *at = c;
    bool bare_key = term->key_length != 0 && (size_t)(to - out - 1) == term->key_length + 1;
    if (term->key_length == 0) {
        *out = ANY;
    }
    if (term->key_length == 0 || bare_key) {
        *to++ = ANY;
    }
    *to = '\0';
    if (term->key_length != 0) {
        memmove(out, out + 1, (size_t)(to - out));
    }
}

enum query_text_error query_text_parse(const char *text, struct query_text *query) {
    *query = (struct query_text){0};
    for (const char *at = text;;) {
        while (is_blank(*at)) {
            at++;
        }
        if (!*at) {
            return QUERY_TEXT_OK;
        }
        char *pattern = query->count < QUERY_TEXT_MAX_TERMS ? malloc(strlen(at) + 4) : NULL;
        if (!pattern) {
            enum query_text_error error = query->count < QUERY_TEXT_MAX_TERMS ? QUERY_TEXT_NO_MEMORY : QUERY_TEXT_TOO_MANY;
            query_text_free(query);
            return error;
        }
        struct query_term *term = &query->terms[query->count++];
        term->pattern = pattern;
        read_term(&at, pattern, term);
    }
}

void query_text_free(struct query_text *query) {
    for (size_t i = 0; i < query->count; i++) {
        free(query->terms[i].pattern);
    }
    *query = (struct query_text){0};
}

// Only the last ANY needs backtracking: what precedes it already matches at the earliest position.
static bool is_like(const char *pattern, const char *text) {
    const char *any = NULL, *from = NULL;
    while (*text) {
        if (*pattern == ANY) {
            any = ++pattern;
            from = text;
        } else if (*pattern == lower(*text)) {
            pattern++;
            text++;
        } else if (any) {
            pattern = any;
            text = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == ANY) {
        pattern++;
    }
    return !*pattern;
}

bool query_term_is_tag(const struct query_term *term, const char *tag) {
    return is_like(term->pattern, tag);
}

bool query_term_is_value(const struct query_term *term, const char *facet, const char *value) {
    if (term->key_length == 0) {
        return is_like(term->pattern, value);
    }
    return strlen(facet) == term->key_length && memcmp(facet, term->pattern, term->key_length) == 0 &&
           is_like(term->pattern + term->key_length + 1, value);
}
