// search_rest.c: reads and splits the tags of one upload (search_rest.h).
#include "search_rest.h"

#include <stdlib.h>
#include <string.h>

void search_rest_free(struct search_rest *rest) {
    free(rest->tags);
    *rest = (struct search_rest){0};
}

static void read_tags(const struct search *search, const struct search_row *row, struct search_rest *rest) {
    rest->is_read = true;
    rest->tags = row->has_rest && search->tags_of ? search->tags_of(search->tags_context, row->id) : NULL;
    rest->size = rest->tags ? strlen(rest->tags) : 0;
    for (size_t i = 0; i < rest->size; i++) {
        rest->tags[i] = rest->tags[i] == ',' ? '\0' : rest->tags[i];
    }
}

const char *search_rest_next(const struct search *search, const struct search_row *row, struct search_rest *rest, const char *after) {
    if (!rest->is_read) {
        read_tags(search, row, rest);
    }
    if (!rest->tags) {
        return NULL;
    }
    const char *end = rest->tags + rest->size, *tag = after ? after + strlen(after) + 1 : rest->tags;
    while (tag < end && !*tag) {
        tag++;
    }
    return tag < end ? tag : NULL;
}
