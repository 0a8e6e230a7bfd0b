// search_order_test.c: lists in every order, read in pieces; cursors that outlive their upload; invalid names and cursors.

#include "../../../base/test/test.h"

#include "searching.h"

#include "../search_order.h"

#include <math.h>

// 300 uploads in random order of time, of 7 services and 10 versions; every third without a service, every fourth without measures.
static void fill_many(struct search *search) {
    *search = (struct search){0};
    for (int64_t id = 1; id <= 300; id++) {
        char service[20], version[20];
        struct measures measures = {{(double)(id * 37 % 101), 0, 0, 0, (double)(id % 5), 0}};
        snprintf(service, sizeof service, "%cvc-%d", id % 2 ? 'S' : 's', (int)(id % 7));
        snprintf(version, sizeof version, "1.%d", (int)(id % 13));
        struct search_new upload = {.id = id, .received_ms = 1000 + id, .start_ms = id * 7919 % 1000, .size_bytes = 1, .tags = ""};
        upload.facets[FACET_SERVICE] = id % 3 ? service : NULL;
        upload.facets[FACET_VERSION] = version;
        upload.measures = id % 4 ? &measures : NULL;
        assert_true(search_add(search, &upload));
    }
}

// The whole list, read in pieces of that size, continued by search_cursor_text.
static size_t read_all(struct search *search, const struct search_order *order, size_t piece, int64_t *all) {
    struct selection selection;
    size_t count = 1, total, read = 0;
    char *next = NULL;
    selection_init(&selection);
    while (count > 0) {
        struct search_cursor cursor;
        int64_t *ids;
        assert_true(!next || search_cursor_read(next, order, &cursor));
        assert_true(search_select(search, &selection, &(struct search_rest){0}, order, next ? &cursor : NULL, piece, &ids, &count, &total));
        assert_int_equal(total, 300);
        memcpy(all + read, ids, count * sizeof *ids);
        read += count;
        if (count > 0) {
            struct search_cursor last = search_cursor_of(search, order, search_find(search, ids[count - 1]));
            free(next);
            next = search_cursor_text(order, &last);
        }
        free(ids);
    }
    free(next);
    return read;
}

// A slow and plain comparison: which of two comes first.
static bool in_order(const struct search *search, const struct search_order *order, int64_t first, int64_t second) {
    struct search_row a = row_of(search, first), b = row_of(search, second);
    double sign = order->ascending ? 1 : -1, difference = 0;
    if (order->by == SEARCH_BY_START) {
        difference = (double)(a.start_ms - b.start_ms);
    } else if (order->by == SEARCH_BY_RECEIVED) {
        difference = (double)(a.received_ms - b.received_ms);
    } else if (order->by == SEARCH_BY_MEASURE) {
        double x = a.measures.values[order->which], y = b.measures.values[order->which];
        if (isnan(x) || isnan(y)) {
            return isnan(x) && isnan(y) ? first > second : isnan(y);
        }
        difference = x - y;
    } else if (order->which == FACET_VERSION) {
        difference = (double)(a.id % 13 - b.id % 13);
    } else {
        if (!a.set->facets[FACET_SERVICE] || !b.set->facets[FACET_SERVICE]) {
            return !a.set->facets[FACET_SERVICE] && !b.set->facets[FACET_SERVICE] ? first > second : !b.set->facets[FACET_SERVICE];
        }
        difference = (double)(a.id % 7 - b.id % 7);
        if (difference == 0 && a.id % 2 != b.id % 2) {
            difference = a.id % 2 ? -1 : 1; // "Svc" and "svc" are equal except as a last resort
        }
    }
    return difference == 0 ? first > second : sign * difference < 0;
}

TEST(orders) {
    static const char *const sorts[] = {"", "start", "received", "service", "version", "cpu_cores", "goroutines"};
    struct search search;
    fill_many(&search);
    for (size_t i = 0; i < 2 * sizeof sorts / sizeof *sorts; i++) {
        struct search_order order;
        assert_true(search_order_read(sorts[i / 2], i % 2 ? "asc" : "", &order));
        static const size_t pieces[] = {1, 7, 64, 299, 300, 1000};
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            int64_t all[301];
            assert_int_equal(read_all(&search, &order, pieces[j], all), 300);
            for (size_t k = 1; k < 300; k++) {
                if (!in_order(&search, &order, all[k - 1], all[k])) {
                    fail_msg("%s: %d before %d", sorts[i / 2], (int)all[k - 1], (int)all[k]);
                }
            }
        }
    }
    search_free(&search);
}

// The upload at the cursor is removed, and others arrive: the same ones follow.
TEST(cursor_outlives_its_upload) {
    struct search search;
    struct selection selection;
    struct search_order order;
    struct search_cursor cursor;
    int64_t *ids;
    size_t count, total;
    fill(&search);
    selection_init(&selection);
    assert_true(search_order_read("start", "asc", &order));
    assert_true(search_cursor_read("1:100", &order, &cursor));
    remove_oldest(&search);
    add_upload(&search, 10, 50, "shop", "prod", "");
    assert_true(search_select(&search, &selection, &(struct search_rest){0}, &order, &cursor, 2, &ids, &count, &total));
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 3);
    assert_int_equal(ids[1], 4);
    free(ids);
    search_free(&search);
}

TEST(malformed) {
    struct search_order order;
    struct search_cursor cursor;
    assert_false(search_order_read("Service", NULL, &order));
    assert_false(search_order_read("service", "up", &order));
    assert_true(search_order_read("cpu_cores", "desc", &order));
    static const char *const none[] = {"", ":", "x:1", "0:1", "7", "7:x", "7:1x", "7:nan", "99999999999999999999:1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_false(search_cursor_read(none[i], &order, &cursor));
    }
    assert_true(search_cursor_read("7:", &order, &cursor));
    assert_true(isnan(cursor.number));
    assert_true(search_order_read("host", NULL, &order));
    assert_true(search_cursor_read("7:a:b", &order, &cursor));
    assert_string_equal(cursor.text, "a:b");
}

int main(void) {
    return tests_run();
}
