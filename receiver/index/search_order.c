// search_order.c: orders of uploads and cursors into them (search_order.h).
#include "search_order.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_sort(const char *sort, struct search_order *out) {
    if (!sort || !*sort || strcmp(sort, "start") == 0) {
        out->by = SEARCH_BY_START;
        return true;
    }
    if (strcmp(sort, "received") == 0) {
        out->by = SEARCH_BY_RECEIVED;
        return true;
    }
    for (int i = 0; i < FACET_COUNT; i++) {
        if (strcmp(sort, facet_name((enum facet)i)) == 0) {
            out->by = SEARCH_BY_FACET;
            out->which = i;
            return true;
        }
    }
    for (int i = 0; i < MEASURE_COUNT; i++) {
        if (strcmp(sort, measure_names[i]) == 0) {
            out->by = SEARCH_BY_MEASURE;
            out->which = i;
            return true;
        }
    }
    return false;
}

bool search_order_read(const char *sort, const char *order, struct search_order *out) {
    *out = (struct search_order){.ascending = order && strcmp(order, "asc") == 0};
    bool known = !order || !*order || out->ascending || strcmp(order, "desc") == 0;
    return known && read_sort(sort, out);
}

struct search_cursor search_cursor_of(const struct search *search, const struct search_order *order, size_t row) {
    struct search_cursor cursor = {.number = NAN, .id = search_at(search, SEARCH_ID, row)};
    switch (order->by) {
    case SEARCH_BY_START:
        cursor.number = (double)search_at(search, SEARCH_START, row); // of the years 0 to 9999: exact in a double
        break;
    case SEARCH_BY_RECEIVED:
        cursor.number = (double)search_at(search, SEARCH_RECEIVED, row);
        break;
    case SEARCH_BY_FACET:
        cursor.text = string_pool_text(&search->strings, search_set_at(search, row)->facets[order->which]);
        break;
    case SEARCH_BY_MEASURE:
        cursor.number = column_get_real(&search->measures[order->which], row);
        break;
    }
    return cursor;
}

// ---- Comparing ----

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Natural order: ignores case, and compares numbers by value, so that 1.9 comes before 1.10 and host-2 before host-10.
static int compare_texts(const char *left, const char *right) {
    const char *a = left, *b = right;
    if (a == b) { // the same string of the pool: most often, of 100,000 uploads of 40 services
        return 0;
    }
    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            a += strspn(a, "0");
            b += strspn(b, "0");
            size_t a_length = strspn(a, "0123456789"), b_length = strspn(b, "0123456789");
            int order = a_length != b_length ? (a_length < b_length ? -1 : 1) : memcmp(a, b, a_length);
            if (order) {
                return order;
            }
            a += a_length;
            b += b_length;
        } else {
            int order = tolower((unsigned char)*a) - tolower((unsigned char)*b);
            if (order) {
                return order;
            }
            a++, b++;
        }
    }
    return *a ? 1 : *b ? -1 : strcmp(left, right);
}

static bool has_value(const struct search_order *order, const struct search_cursor *cursor) {
    return order->by == SEARCH_BY_FACET ? !!cursor->text : !isnan(cursor->number);
}

int search_cursor_compare(const struct search_order *order, const struct search_cursor *a, const struct search_cursor *b) {
    bool has_a = has_value(order, a), has_b = has_value(order, b);
    int by_value = 0;
    if (!has_a || !has_b) {
        by_value = has_b - has_a;
    } else {
        by_value = order->by == SEARCH_BY_FACET ? compare_texts(a->text, b->text) : (a->number > b->number) - (a->number < b->number);
        by_value = order->ascending ? by_value : -by_value;
    }
    return by_value ? by_value : (a->id < b->id) - (a->id > b->id);
}

// ---- As text ----

char *search_cursor_text(const struct search_order *order, const struct search_cursor *cursor) {
    char number[40] = "", *text = NULL;
    if (order->by != SEARCH_BY_FACET && !isnan(cursor->number)) {
        snprintf(number, sizeof number, "%.17g", cursor->number); // 17 digits give the same number back
    }
    const char *value = order->by != SEARCH_BY_FACET ? number : cursor->text ? cursor->text : "";
    return asprintf(&text, "%" PRId64 ":%s", cursor->id, value) < 0 ? NULL : text;
}

bool search_cursor_read(const char *text, const struct search_order *order, struct search_cursor *cursor) {
    char *end;
    errno = 0;
    *cursor = (struct search_cursor){.number = NAN, .id = strtoll(text, &end, 10)};
    if (errno || end == text || *end != ':' || cursor->id < 1) {
        return false;
    }
    const char *value = end + 1;
    if (*value && order->by == SEARCH_BY_FACET) {
        cursor->text = value;
    } else if (*value) {
        cursor->number = strtod(value, &end);
        return *end == '\0' && !isnan(cursor->number);
    }
    return true;
}
