// named_sums.c: see named_sums.h.
#include "named_sums.h"
#include "../../base/saturated.h"

#include <stdlib.h>
#include <string.h>

void named_sums_add(struct named_sums *sums, const char *name, int64_t value) {
    size_t i = 0;
    while (i < sums->count && strcmp(sums->items[i].name, name) != 0) {
        i++;
    }
    if (i == NAMED_SUMS) {
        return;
    }
    if (i == sums->count) {
        snprintf(sums->items[sums->count++].name, NAMED_SUMS_NAME_BYTES, "%s", name);
    }
    sums->items[i].value = saturated_sum(sums->items[i].value, value);
}

static int by_value(const void *left, const void *right) {
    const struct named_sum *a = left, *b = right;
    return (a->value < b->value) - (a->value > b->value);
}

void named_sums_print(struct named_sums *sums, size_t shown, const char *unit, FILE *file) {
    qsort(sums->items, sums->count, sizeof *sums->items, by_value);
    for (size_t i = 0; i < sums->count && i < shown; i++) {
        char text[TEXT_VALUE_BYTES];
        fprintf(file, "%s%s ", i == 0 ? ": " : ", ", text_value(sums->items[i].value, unit, text));
        text_put(sums->items[i].name, file);
    }
}

void named_sums_print_leaves(struct profile *profile, int type, size_t shown, const char *unit, FILE *file) {
    struct named_sums *sums = calloc(1, sizeof *sums);
    struct profile_sample_view view;
    for (size_t i = 0; sums && type >= 0 && i < profile_sample_count(profile); i++) {
        char name[TEXT_NAME_BYTES];
        if (profile_sample_at(profile, i, &view) == MERGE_OK && view.frame_count > 0 && view.values[type] > 0) {
            text_frame(&view.frames[0], name);
            named_sums_add(sums, name, view.values[type]);
        }
    }
    if (sums) {
        named_sums_print(sums, shown, unit, file);
    }
    free(sums);
}
