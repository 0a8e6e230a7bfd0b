// found.c: findings as time series (found.h).
#include "found.h"

#include <math.h>
#include <string.h>

// NULL: there is no room for another.
static struct found_series *series_of(struct found_series *list, size_t *count, const struct found_series *wanted) {
    for (size_t i = 0; i < *count; i++) {
        struct found_series *one = &list[i];
        if (one->kind == wanted->kind && one->severity == wanted->severity && strcmp(one->service, wanted->service) == 0 &&
            strcmp(one->site, wanted->site) == 0) {
            return one;
        }
    }
    if (*count == FOUND_MAX_SERIES) {
        return NULL;
    }
    list[*count] = *wanted;
    return &list[(*count)++];
}

void found_take(struct found *found, const struct findings *findings) {
    *found = (struct found){.findings = findings->count + findings->left_out, .left_out = findings->left_out};
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = findings->items[i];
        struct found_series counted = {.kind = finding->kind, .severity = finding->severity}, grows = {.kind = finding->kind};
        exposition_text(finding->service, counted.service, sizeof counted.service);
        exposition_text(finding->service, grows.service, sizeof grows.service);
        exposition_text(finding->site, grows.site, sizeof grows.site);
        bool has_rate = isfinite(finding->slope_bytes_per_minute);
        struct found_series *count = series_of(found->counts, &found->count, &counted);
        struct found_series *rate = has_rate ? series_of(found->rates, &found->rate_count, &grows) : NULL;
        found->left_out += !count || (has_rate && !rate);
        if (count) {
            count->value++;
        }
        if (rate) {
            rate->value += finding->slope_bytes_per_minute / 60;
        }
    }
}

static const char *const severities[] = {"low", "medium", "high"};

static bool is_leak(const struct found_series *series) {
    return strcmp(series->kind, "c_leak") == 0;
}

static void write_rates(const struct found *found, bool leaks, const char *name, struct exposition *exposition) {
    for (size_t i = 0; i < found->rate_count; i++) {
        const struct found_series *one = &found->rates[i];
        if (is_leak(one) == leaks) {
            const struct exposition_label labels[] = {{"service", one->service}, {"site", one->site}, {"kind", one->kind}};
            exposition_sample(exposition, name, labels, leaks ? 2 : 3, one->value);
        }
    }
}

void found_write(const struct found *found, struct exposition *exposition) {
    exposition_family(exposition, "cmemprof_findings", EXPOSITION_GAUGE, "Findings of the last analysis.");
    for (size_t i = 0; i < found->count; i++) {
        const struct found_series *one = &found->counts[i];
        const struct exposition_label labels[] = {{"service", one->service}, {"kind", one->kind}, {"severity", severities[one->severity]}};
        exposition_sample(exposition, "cmemprof_findings", labels, 3, one->value);
    }
    const char *leak = "cmemprof_leak_bytes_per_second", *growth = "cmemprof_growth_bytes_per_second";
    exposition_family(exposition, leak, EXPOSITION_GAUGE,
                      "Growth of C memory that is not freed, by the site that allocates it; empty: the whole process.");
    write_rates(found, true, leak, exposition);
    exposition_family(exposition, growth, EXPOSITION_GAUGE, "Growth in all other findings that have one.");
    write_rates(found, false, growth, exposition);
    exposition_one(exposition, "cmemprof_findings_left_out", EXPOSITION_GAUGE,
                   "Findings of the last analysis that are in no series, or missing in one, since there are too many services or sites.",
                   (double)found->left_out);
}
