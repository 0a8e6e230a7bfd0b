// query_fuzz.c: fuzz target of what a request's address can select: parameters, times, and the text of a search, for libFuzzer. Built by
// `make fuzz-query`.
//
// The input is the query of an address as a whole, and has a parameter a line, "key=value". A search text is applied to each value as a
// tag, also to those that it was made of.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/parameters.h"
#include "../index/query_text.h"
#include "../index/selection.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

static void check_selection(const struct selection *selection) {
    must(selection->value_count <= SELECTION_MAX_VALUES && selection->id_count <= SELECTION_MAX_IDS, "more than the limits");
    for (size_t i = 0; i < selection->value_count; i++) {
        const struct selection_value *value = &selection->values[i];
        must(value->facet >= -1 && value->facet < FACET_COUNT && value->text, "a value without a facet or text");
    }
}

// "-x" excludes what "x" matches: the term itself says of the same tag the same.
static void check_terms(const char *text, const char *tag) {
    struct query_text query, excluding;
    enum query_text_error error = query_text_parse(text, &query);
    if (error != QUERY_TEXT_OK) {
        must(error == QUERY_TEXT_TOO_MANY, "no memory");
        return;
    }
    must(query.count <= QUERY_TEXT_MAX_TERMS, "more terms than the limit");
    for (size_t i = 0; i < query.count; i++) {
        bool first = query_term_is_tag(&query.terms[i], tag);
        must(first == query_term_is_tag(&query.terms[i], tag), "not the same answer again");
        query_term_is_value(&query.terms[i], "service", tag);
    }
    if (query.count == 1 && *text != '-' && strcspn(text, " \t\n\v\f\r\"") == strlen(text)) {
        char *with = malloc(strlen(text) + 2);
        must(with, "no memory");
        sprintf(with, "-%s", text);
        must(query_text_parse(with, &excluding) == QUERY_TEXT_OK && excluding.count == 1 && excluding.terms[0].excludes,
             "- does not exclude");
        must(query_term_is_tag(&excluding.terms[0], tag) == query_term_is_tag(&query.terms[0], tag), "- matches something else");
        query_text_free(&excluding);
        free(with);
    }
    query_text_free(&query);
}

static void check_parameters(const char *query) {
    struct parameters parameters;
    must(parameters_read(&parameters, query), "no memory");
    size_t length = 0;
    for (size_t i = 0; i < parameters.count; i++) {
        const struct parameter *one = &parameters.list[i];
        must(*one->key, "a parameter without a key");
        length += strlen(one->key) + (one->value ? strlen(one->value) : 0);
        parameters_get(&parameters, one->key);
    }
    must(length <= strlen(query), "more text than there was");
    parameters_free(&parameters);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *all = strndup((const char *)data, size), text[256];
    struct selection selection;
    int64_t ms;
    selection_init(&selection);
    if (all) {
        check_parameters(all);
    }
    for (char *line = all, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) {
            *next++ = '\0';
        }
        char *value = strchr(line, '=');
        if (!value) {
            continue;
        }
        *value++ = '\0';
        *text = '\0';
        if (!selection_add(&selection, line, value, text, sizeof text)) {
            must(*text != '\0', "refused without a word");
        }
        check_selection(&selection);
        selection_time(value, &ms);
        check_terms(value, line);
        check_terms(value, value);
    }
    selection_free(&selection);
    free(all);
    return 0;
}
