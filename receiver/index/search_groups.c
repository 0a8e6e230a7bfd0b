// search_groups.c: values of a tag (search_groups.h).
#include "search_groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void search_groups_init(struct search_groups *groups, const char *key) {
    *groups = (struct search_groups){.key = key, .facet = -1};
    for (int i = 0; i < FACET_COUNT; i++) {
        groups->facet = strcmp(facet_name((enum facet)i), key) == 0 ? i : groups->facet;
    }
}

void search_groups_free(struct search_groups *groups) {
    string_pool_free(&groups->values);
    free(groups->of_sets);
    *groups = (struct search_groups){0};
}

bool search_groups_begin(struct search_groups *groups, const struct search *search) {
    free(groups->of_sets);
    groups->set_count = (size_t)search->sets.end + 1;
    groups->of_sets = calloc(groups->set_count, sizeof *groups->of_sets);
    return groups->of_sets;
}

// ---- Values ----

static uint32_t number_of(struct search_groups *groups, const char *text) {
    uint32_t number = string_pool_find(&groups->values, text, strlen(text));
    bool fits = number || search_groups_count(groups) < SEARCH_GROUPS_MAX;
    return number ? number
                  : string_pool_intern(&groups->values, fits ? text : SEARCH_GROUP_OTHERS, strlen(fits ? text : SEARCH_GROUP_OTHERS));
}

uint32_t search_groups_none(struct search_groups *groups) {
    return number_of(groups, SEARCH_GROUP_NONE);
}

// Appends the value if the tag has the key.
static void append_tag(const struct search_groups *groups, const struct search *search, uint32_t string, char text[SEARCH_GROUP_BYTES]) {
    const char *tag = string_pool_text(&search->strings, string);
    size_t key_length = strlen(groups->key), length = strlen(text);
    if (tag && strncmp(tag, groups->key, key_length) == 0 && tag[key_length] == ':') {
        snprintf(text + length, SEARCH_GROUP_BYTES - length, "%s%s", length > 0 ? "," : "", tag + key_length + 1);
    }
}

static const char *value_of(const struct search_groups *groups, const struct search *search, const struct tag_set *set, uint32_t own_tag,
                            char text[SEARCH_GROUP_BYTES]) {
    text[0] = '\0';
    if (groups->facet >= 0) {
        const char *facet = string_pool_text(&search->strings, set->facets[groups->facet]);
        snprintf(text, SEARCH_GROUP_BYTES, "%s", facet ? facet : "");
        return *text ? text : SEARCH_GROUP_NONE;
    }
    for (uint32_t i = 0; i < set->tag_count; i++) {
        append_tag(groups, search, set->tags[i], text);
    }
    append_tag(groups, search, own_tag, text);
    return *text ? text : set->has_rest ? SEARCH_GROUP_UNKNOWN : SEARCH_GROUP_NONE;
}

uint32_t search_groups_of(struct search_groups *groups, const struct search *search, size_t row) {
    size_t at = (size_t)search_at(search, SEARCH_SET, row);
    uint32_t own_tag = (uint32_t)search_at(search, SEARCH_OWN_TAG, row);
    bool is_shared = !own_tag || groups->facet >= 0; // by all uploads of the set
    uint32_t number = is_shared ? groups->of_sets[at] : 0;
    if (!number) {
        char text[SEARCH_GROUP_BYTES];
        number = number_of(groups, value_of(groups, search, tag_sets_at(&search->sets, (uint32_t)at), own_tag, text));
        groups->of_sets[at] = is_shared ? number : groups->of_sets[at];
    }
    const char *text = search_groups_text(groups, number);
    groups->unknown += text && strcmp(text, SEARCH_GROUP_UNKNOWN) == 0;
    groups->beyond += text && strcmp(text, SEARCH_GROUP_OTHERS) == 0;
    return number;
}
