// type_sums.c: the sums of many profiles by sample type (type_sums.h).
#include "type_sums.h"
#include "../../base/saturated.h"

#include <string.h>

// In the smaller of the two units, as in a tree.
static void add_type(struct totals_type *sum, int64_t scale, const struct totals_type *more, int64_t its_scale) {
    if (scale > 1) {
        memcpy(sum->unit, more->unit, sizeof sum->unit);
    }
    sum->total = saturated_product(sum->total, scale);
    sum->c_total = saturated_product(sum->c_total, scale);
    saturated_add(&sum->total, saturated_product(more->total, its_scale));
    saturated_add(&sum->c_total, saturated_product(more->c_total, its_scale));
    sum->mapped_total = saturated_product(sum->mapped_total, scale);
    saturated_add(&sum->mapped_total, saturated_product(more->mapped_total, its_scale));
}

void type_sums_add(struct type_sums *sums, const struct totals *more, const size_t *profiles) {
    struct totals *sum = &sums->totals;
    sum->samples += more->samples;
    sum->c_samples += more->c_samples;
    sum->time_ns = sum->time_ns == 0 || (more->time_ns != 0 && more->time_ns < sum->time_ns) ? more->time_ns : sum->time_ns;
    saturated_add(&sum->duration_ns, more->duration_ns);
    if (!*sum->default_type) {
        memcpy(sum->default_type, more->default_type, sizeof sum->default_type);
    }
    for (size_t i = 0; i < more->type_count; i++) {
        const struct totals_type *type = &more->types[i];
        size_t at = 0;
        int64_t ours = 1, its = 1;
        while (at < sum->type_count && !totals_same_type(&sum->types[at], type, &ours, &its)) {
            at++;
        }
        if (at == TOTALS_MAX_TYPES) {
            continue;
        }
        if (at == sum->type_count) {
            sum->types[sum->type_count++] = *type;
            sums->profiles[at] = 0;
        } else {
            add_type(&sum->types[at], ours, type, its);
        }
        sums->profiles[at] += profiles ? profiles[i] : 1;
    }
}
