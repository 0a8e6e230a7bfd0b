// search_rest.c: a sorted list of uploads and of what their tags meet (search_rest.h).
#include "search_rest.h"

#include <stdlib.h>

void search_rest_free(struct search_rest *rest) {
    free(rest->ids);
    free(rest->holds);
    *rest = (struct search_rest){0};
}

static int by_number(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

unsigned char *search_rest_find(const struct search_rest *rest, int64_t id) {
    const int64_t *found = rest->count ? bsearch(&id, rest->ids, rest->count, sizeof id, by_number) : NULL;
    return found ? rest->holds + (size_t)(found - rest->ids) * rest->width : NULL;
}

void search_rest_write(const struct search_rest *rest, struct json *json) {
    if (rest->not_looked_at > 0) {
        json_key(json, "uploads_not_looked_at");
        json_number(json, (int64_t)rest->not_looked_at);
    }
}
