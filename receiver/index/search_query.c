// search_query.c: matches uploads with a selection (search_query.h).
#include "search_query.h"

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

static bool init(struct search_query *query, const struct search *search, const struct selection *selection, struct search_rest *rest,
                 bool mark) {
    *query = (struct search_query){.search = search, .selection = selection, .nowhere = UINT32_MAX, .rest = rest};
    query->groups = calloc(selection->value_count + 1, sizeof *query->groups);
    query->ids = selection->id_count ? malloc(selection->id_count * sizeof *query->ids) : NULL;
    bool ok = query->groups && (query->ids || !selection->id_count);
    // Too many words were refused before.
    ok = ok && (!selection->text || query_text_parse(selection->text, &query->text) == QUERY_TEXT_OK);
    ok = ok && (!mark || query->text.count == 0 || mark_words(query, search));
    size_t conditions = selection->value_count + query->text.count; // groups are not more than values
    if (ok && mark && conditions > 0) {
        query->of_sets = calloc((size_t)search->sets.end + 1, conditions);
        ok = query->of_sets;
    }
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

bool search_query_init(struct search_query *query, const struct search *search, const struct selection *selection,
                       struct search_rest *rest) {
    return init(query, search, selection, rest, true);
}

bool search_query_init_one(struct search_query *query, const struct search *search, const struct selection *selection,
                           struct search_rest *rest) {
    return init(query, search, selection, rest, false);
}

void search_query_free(struct search_query *query) {
    for (size_t i = 0; query->groups && i < query->group_count; i++) {
        free(query->groups[i].strings);
    }
    free(query->groups);
    query_text_free(&query->text);
    free(query->marks);
    free(query->of_sets);
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

// ---- Matching ----

// Of a condition, if only tags in memory are known that do not meet it.
enum answer { NO, YES, OPEN };

static bool group_has(const struct search_query *query, size_t index, const struct tag_set *set) {
    const struct search_group *group = &query->groups[index];
    if (group->facet >= 0) {
        return has_any(group->strings, group->count, set->facets[group->facet]);
    }
    for (uint32_t i = 0; i < set->tag_count; i++) {
        if (has_any(group->strings, group->count, set->tags[i])) {
            return true;
        }
    }
    return false;
}

static unsigned char marks_at(const struct search_query *query, uint32_t string, size_t term) {
    if (query->marks) {
        return query->marks[string * query->text.count + term];
    }
    const char *text = string_pool_text(&query->search->strings, string);
    return text ? marks_of(&query->text.terms[term], text) : 0;
}

static bool has_term(const struct search_query *query, size_t term, const struct tag_set *set) {
    for (uint32_t i = 0; i < set->tag_count; i++) {
        if (marks_at(query, set->tags[i], term) & SEARCH_IS_TAG) {
            return true;
        }
    }
    for (int i = 0; i < FACET_COUNT; i++) {
        if (marks_at(query, set->facets[i], term) & SEARCH_IS_VALUE << i) {
            return true;
        }
    }
    return false;
}

// A condition is a group or, behind all groups, a term of the text. What the facets and tags of a set meet, all its uploads meet.
static bool set_holds(const struct search_query *query, size_t condition, uint32_t number) {
    const struct tag_set *set = tag_sets_at(&query->search->sets, number);
    size_t groups = query->group_count, conditions = query->selection->value_count + query->text.count;
    unsigned char *known = query->of_sets ? &query->of_sets[number * conditions + condition] : NULL;
    if (known && *known) {
        return *known == 2;
    }
    bool holds = condition < groups ? group_has(query, condition, set) : has_term(query, condition - groups, set);
    if (known) {
        *known = holds ? 2 : 1;
    }
    return holds;
}

static bool own_tag_holds(const struct search_query *query, size_t condition, uint32_t tag) {
    if (condition >= query->group_count) {
        return marks_at(query, tag, condition - query->group_count) & SEARCH_IS_TAG;
    }
    const struct search_group *group = &query->groups[condition];
    return group->facet < 0 && has_any(group->strings, group->count, tag);
}

// The tags of one upload.
struct tags {
    uint32_t set, own_tag;
    bool has_rest;
    const unsigned char *holds; // of the rest
};

static enum answer condition_holds(const struct search_query *query, size_t condition, const struct tags *tags) {
    bool of_facet = condition < query->group_count && query->groups[condition].facet >= 0;
    if (set_holds(query, condition, tags->set) || (tags->own_tag && own_tag_holds(query, condition, tags->own_tag))) {
        return YES;
    }
    return of_facet || !tags->has_rest ? NO : !tags->holds ? OPEN : tags->holds[condition] ? YES : NO;
}

static struct tags tags_of(const struct search_query *query, size_t row) {
    const struct search *search = query->search;
    struct tags tags = {.set = (uint32_t)search_at(search, SEARCH_SET, row), .own_tag = (uint32_t)search_at(search, SEARCH_OWN_TAG, row)};
    tags.has_rest = search->rest_count > 0 && tag_sets_at(&search->sets, tags.set)->has_rest;
    tags.holds = tags.has_rest ? search_rest_find(query->rest, search_at(search, SEARCH_ID, row)) : NULL;
    return tags;
}

static bool is_asked_for(const struct search_query *query, size_t row) {
    const struct selection *selection = query->selection;
    bool any_time = selection->from_ms == INT64_MIN && selection->to_ms == INT64_MAX;
    int64_t start_ms = any_time ? 0 : search_at(query->search, SEARCH_START, row);
    if (!any_time && (start_ms < selection->from_ms || start_ms >= selection->to_ms)) {
        return false;
    }
    if (selection->pinned && !marks_are_pinned(query->search->marks, search_at(query->search, SEARCH_ID, row))) {
        return false;
    }
    int64_t id = query->ids ? search_at(query->search, SEARCH_ID, row) : 0;
    return !query->ids || bsearch(&id, query->ids, selection->id_count, sizeof id, by_number);
}

int search_query_match(const struct search_query *query, size_t row) {
    size_t conditions = query->group_count + query->text.count;
    if (!is_asked_for(query, row)) {
        return SEARCH_NO_MATCH;
    }
    if (conditions == 0) {
        return SEARCH_ALL_HOLD;
    }
    struct tags tags = tags_of(query, row);
    int missed = SEARCH_ALL_HOLD;
    bool is_open = false;
    for (size_t i = 0; i < query->group_count; i++) {
        enum answer answer = condition_holds(query, i, &tags);
        is_open = is_open || answer == OPEN;
        if (answer == NO && (missed != SEARCH_ALL_HOLD || !query->one_may_fail)) {
            return SEARCH_NO_MATCH;
        }
        missed = answer == NO ? (int)i : missed;
    }
    for (size_t i = 0; i < query->text.count; i++) {
        enum answer answer = condition_holds(query, query->group_count + i, &tags);
        is_open = is_open || answer == OPEN;
        if (answer == (query->text.terms[i].excludes ? YES : NO)) {
            return SEARCH_NO_MATCH;
        }
    }
    query->rest->not_looked_at += is_open;
    return is_open ? SEARCH_NO_MATCH : missed;
}

// ---- Tags that are not in memory ----

bool search_query_ask(struct search_query *query) {
    const struct search *search = query->search;
    struct search_rest *rest = query->rest;
    size_t first = SEARCH_REST_MAX, width = query->group_count + query->text.count;
    if (width == 0) {
        return true;
    }
    int64_t *ids = malloc(SEARCH_REST_MAX * sizeof *ids);
    if (!ids) {
        return false;
    }
    for (size_t i = search->end; i > search->begin && first > 0; i--) { // the newest is last
        size_t before = rest->not_looked_at;
        if (search_set_at(search, i - 1)->has_rest && search_query_match(query, i - 1) == SEARCH_NO_MATCH && rest->not_looked_at > before) {
            ids[--first] = search_at(search, SEARCH_ID, i - 1);
        }
    }
    size_t count = SEARCH_REST_MAX - first;
    memmove(ids, ids + first, count * sizeof *ids);
    *rest = (struct search_rest){.ids = ids, .count = count, .width = width};
    rest->holds = calloc(count + 1, width);
    return rest->holds;
}

void search_query_judge(const struct search_query *query, char *tags, unsigned char *holds) {
    const struct selection *selection = query->selection;
    for (char *tag; (tag = strsep(&tags, ","));) {
        for (size_t i = 0; i < query->group_count; i++) {
            const struct search_group *group = &query->groups[i];
            bool same_key = group->facet < 0 && strncmp(tag, group->key, group->key_length) == 0 && tag[group->key_length] == ':';
            for (size_t j = 0; same_key && !holds[i] && j < selection->value_count; j++) {
                holds[i] = selection->values[j].facet < 0 && strcmp(selection->values[j].text, tag) == 0;
            }
        }
        for (size_t i = 0; *tag && i < query->text.count; i++) {
            holds[query->group_count + i] |= query_term_is_tag(&query->text.terms[i], tag);
        }
    }
}
