// search_query.c: matches uploads with a selection (search_query.h).
#include "search_query.h"
#include "search_rest.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int by_number(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

// The group of the value; a new one for the first of its facet or key. There is capacity for as many groups as values.
static struct search_group *group_of(struct search_query *query, const struct selection_value *value) {
    size_t key_length = value->facet < 0 ? strcspn(value->text, ":") : 0;
    for (size_t i = 0; i < query->group_count; i++) {
        struct search_group *group = &query->groups[i];
        if (group->facet == value->facet &&
            (value->facet >= 0 || (group->key_length == key_length && memcmp(group->key, value->text, key_length) == 0))) {
            return group;
        }
    }
    struct search_group *group = &query->groups[query->group_count];
    *group = (struct search_group){.facet = value->facet, .key = value->text, .key_length = key_length};
    group->strings = calloc(query->selection->value_count, sizeof *group->strings);
    query->group_count += !!group->strings;
    return group->strings ? group : NULL;
}

static unsigned char marks_of(const struct query_term *term, const char *text) {
    unsigned char marks = query_term_is_tag(term, text) ? SEARCH_IS_TAG : 0;
    for (int i = 0; i < FACET_COUNT; i++) {
        if (query_term_is_value(term, facet_name((enum facet)i), text)) {
            marks |= (unsigned char)(SEARCH_IS_VALUE << i);
        }
    }
    return marks;
}
_Static_assert(SEARCH_IS_VALUE << (FACET_COUNT - 1) <= UCHAR_MAX, "a bit for each facet");

static bool mark_words(struct search_query *query, const struct search *search) {
    if (query_text_parse(query->selection->text, &query->text) != QUERY_TEXT_OK) { // too many words were refused before
        return false;
    }
    size_t terms = query->text.count;
    query->marks = calloc((search->strings.end + 1) * terms + 1, 1);
    if (!query->marks) {
        return false;
    }
    for (uint32_t string = 1; string < search->strings.end; string++) {
        const char *text = string_pool_text(&search->strings, string);
        for (size_t i = 0; text && i < terms; i++) {
            query->marks[string * terms + i] = marks_of(&query->text.terms[i], text);
        }
    }
    return true;
}

bool search_query_init(struct search_query *query, const struct search *search, const struct selection *selection) {
    *query = (struct search_query){.search = search, .selection = selection, .nowhere = UINT32_MAX};
    query->groups = calloc(selection->value_count + 1, sizeof *query->groups);
    query->ids = selection->id_count ? malloc(selection->id_count * sizeof *query->ids) : NULL;
    bool ok = query->groups && (query->ids || !selection->id_count) && (!selection->text || mark_words(query, search));
    for (size_t i = 0; ok && i < selection->value_count; i++) {
        const struct selection_value *value = &selection->values[i];
        struct search_group *group = group_of(query, value);
        ok = group;
        if (ok) {
            uint32_t string = string_pool_find(&search->strings, value->text, strlen(value->text));
            bool without = value->facet >= 0 && !*value->text;
            group->strings[group->count++] = string || without ? string : query->nowhere;
        }
    }
    if (!ok) {
        search_query_free(query);
        return false;
    }
    if (query->ids) {
        memcpy(query->ids, selection->ids, selection->id_count * sizeof *query->ids);
        qsort(query->ids, selection->id_count, sizeof *query->ids, by_number);
    }
    return true;
}

void search_query_free(struct search_query *query) {
    for (size_t i = 0; query->groups && i < query->group_count; i++) {
        free(query->groups[i].strings);
    }
    free(query->groups);
    query_text_free(&query->text);
    free(query->marks);
    free(query->ids);
    *query = (struct search_query){0};
}

static bool has_any(const uint32_t *strings, size_t count, uint32_t string) {
    for (size_t i = 0; i < count; i++) {
        if (strings[i] == string) {
            return true;
        }
    }
    return false;
}

static bool rest_has(const struct search_query *query, const struct search_group *group, const struct search_row *row,
                     struct search_rest *rest) {
    for (const char *tag = NULL; (tag = search_rest_next(query->search, row, rest, tag));) {
        if (strncmp(tag, group->key, group->key_length) != 0 || tag[group->key_length] != ':') {
            continue;
        }
        for (size_t i = 0; i < query->selection->value_count; i++) {
            const struct selection_value *value = &query->selection->values[i];
            if (value->facet < 0 && strcmp(value->text, tag) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool group_holds(const struct search_query *query, const struct search_group *group, const struct search_row *row,
                        struct search_rest *rest) {
    if (group->facet >= 0) {
        return has_any(group->strings, group->count, row->facets[group->facet]);
    }
    for (uint32_t i = 0; i < row->tag_count; i++) {
        if (has_any(group->strings, group->count, row->tags[i])) {
            return true;
        }
    }
    return row->has_rest && rest_has(query, group, row, rest);
}

static bool has_term(const struct search_query *query, const struct search_row *row, size_t term, struct search_rest *rest) {
    size_t terms = query->text.count;
    for (uint32_t i = 0; i < row->tag_count; i++) {
        if (query->marks[row->tags[i] * terms + term] & SEARCH_IS_TAG) {
            return true;
        }
    }
    for (int i = 0; i < FACET_COUNT; i++) {
        if (query->marks[row->facets[i] * terms + term] & SEARCH_IS_VALUE << i) {
            return true;
        }
    }
    for (const char *tag = NULL; row->has_rest && (tag = search_rest_next(query->search, row, rest, tag));) {
        if (query_term_is_tag(&query->text.terms[term], tag)) {
            return true;
        }
    }
    return false;
}

static bool text_holds(const struct search_query *query, const struct search_row *row, struct search_rest *rest) {
    for (size_t i = 0; i < query->text.count; i++) {
        if (has_term(query, row, i, rest) == query->text.terms[i].excludes) {
            return false;
        }
    }
    return true;
}

static int match(const struct search_query *query, const struct search_row *row, struct search_rest *rest) {
    const struct selection *selection = query->selection;
    if (row->start_ms < selection->from_ms || row->start_ms >= selection->to_ms) {
        return SEARCH_NO_MATCH;
    }
    if (query->ids && !bsearch(&row->id, query->ids, selection->id_count, sizeof row->id, by_number)) {
        return SEARCH_NO_MATCH;
    }
    int missed = SEARCH_ALL_HOLD;
    for (size_t i = 0; i < query->group_count; i++) {
        if (!group_holds(query, &query->groups[i], row, rest)) {
            if (missed != SEARCH_ALL_HOLD) {
                return SEARCH_NO_MATCH;
            }
            missed = (int)i;
        }
    }
    return query->marks && !text_holds(query, row, rest) ? SEARCH_NO_MATCH : missed;
}

int search_query_match(const struct search_query *query, const struct search_row *row) {
    struct search_rest rest = {0};
    int missed = match(query, row, &rest);
    search_rest_free(&rest);
    return missed;
}
