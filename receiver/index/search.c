// search.c: uploads in memory: adds, removes, selects (search.h). Facets and histograms are in search_facets.c.
#include "search.h"
#include "../../base/fnv.h"
#include "search_order.h"
#include "search_query.h"
#include "search_rest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release_row(struct search *search, struct search_row *row) {
    for (int i = 0; i < FACET_COUNT; i++) {
        string_pool_release(&search->strings, row->facets[i]);
    }
    for (uint32_t i = 0; i < row->tag_count; i++) {
        string_pool_release(&search->strings, row->tags[i]);
    }
    string_pool_release(&search->strings, row->files);
    search->tag_count -= row->tag_count;
    search->rest_count -= row->has_rest;
    free(row->tags);
}

void search_free(struct search *search) {
    for (size_t i = search->begin; i < search->end; i++) {
        free(search->rows[i].tags);
    }
    free(search->rows);
    string_pool_free(&search->strings);
    *search = (struct search){.limit_bytes = search->limit_bytes, .keeps_rest = search->keeps_rest};
}

size_t search_bytes(const struct search *search) {
    enum { LIST_BYTES = 16 };                                                                          // of malloc, for each list of tags
    size_t count = search->end - search->begin, row = sizeof *search->rows + sizeof *search->rows / 2; // as rows grow ahead
    return count * (row + LIST_BYTES) + search->strings.bytes + search->tag_count * sizeof(uint32_t);
}

bool search_reserve(struct search *search, size_t more) {
    if (search->end + more <= search->capacity) {
        return true;
    }
    // Reuses what retention freed at the front before growing.
    if (search->begin > 0 && search->begin >= search->end / 8) {
        memmove(search->rows, search->rows + search->begin, (search->end - search->begin) * sizeof *search->rows);
        search->end -= search->begin;
        search->begin = 0;
    }
    size_t capacity = search->capacity ? search->capacity : 1024;
    while (capacity < search->end + more) {
        capacity += capacity / 2;
    }
    struct search_row *rows = capacity > search->capacity ? realloc(search->rows, capacity * sizeof *rows) : search->rows;
    if (!rows) {
        return false;
    }
    search->rows = rows;
    search->capacity = capacity > search->capacity ? capacity : search->capacity;
    return true;
}

static bool has_tag(const struct search_row *row, uint32_t string) {
    for (uint32_t i = 0; i < row->tag_count; i++) {
        if (row->tags[i] == string) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct search *search, size_t length) {
    size_t uploads = search->end - search->begin + 1;
    return !search->keeps_rest || search->strings.bytes + string_pool_cost(length) <= SEARCH_FREE_BYTES + uploads * SEARCH_TEXT_BYTES;
}

static void note_rest(struct search *search, struct search_row *row) {
    search->rest_count += !row->has_rest;
    row->has_rest = true;
}

// Returns false without memory. A tag that is in memory already costs nothing but its number.
static bool add_tag(struct search *search, struct search_row *row, const char *tag, size_t length) {
    if (row->tag_count == SEARCH_ROW_TAGS && search->keeps_rest) {
        note_rest(search, row);
        return true;
    }
    if (!string_pool_find(&search->strings, tag, length) && !fits(search, length)) {
        note_rest(search, row);
        return true;
    }
    uint32_t string = string_pool_intern(&search->strings, tag, length);
    if (!string) {
        return false;
    }
    if (has_tag(row, string)) {
        string_pool_release(&search->strings, string);
        return true;
    }
    row->tags[row->tag_count++] = string;
    search->tag_count++;
    return true;
}

// Each tag once, in the order of the event.
static bool add_tags(struct search *search, struct search_row *row, const char *tags) {
    size_t count = *tags != '\0';
    for (const char *c = tags; *c; c++) {
        count += *c == ',';
    }
    row->tags = count ? calloc(count, sizeof *row->tags) : NULL;
    if (count && !row->tags) {
        return false;
    }
    for (const char *tag = tags; *tag;) {
        size_t length = strcspn(tag, ",");
        if (length > 0 && !add_tag(search, row, tag, length)) {
            return false;
        }
        tag += length + (tag[length] == ',');
    }
    if (row->tag_count == 0) {
        free(row->tags);
        row->tags = NULL;
        return true;
    }
    uint32_t *exact = realloc(row->tags, row->tag_count * sizeof *exact);
    row->tags = exact ? exact : row->tags;
    return true;
}

// Returns false without memory. Names that are new beyond the limits are not kept.
static bool add_files(struct search *search, struct search_row *row, const char *files) {
    size_t length = files ? strlen(files) : 0;
    if (!files || (!string_pool_find(&search->strings, files, length) && !fits(search, length))) {
        return true;
    }
    row->files = string_pool_intern(&search->strings, files, length);
    return row->files;
}

static uint64_t hash_text(uint64_t hash, const char *text) {
    return fnv64(hash, text, strlen(text));
}

static uint64_t process_of(const char *host, const char *tags) {
    static const char *const keys[] = {"service:", "runtime-id:", "process_id:"};
    enum { KEYS = sizeof keys / sizeof *keys };
    const char *found[KEYS] = {0};
    for (const char *tag = tags; *tag;) {
        size_t length = strcspn(tag, ",");
        for (size_t k = 0; k < KEYS; k++) {
            found[k] = !found[k] && strncmp(tag, keys[k], strlen(keys[k])) == 0 ? tag : found[k];
        }
        tag += length + (tag[length] == ',');
    }
    uint64_t hash = hash_text(FNV64_START, host ? host : "");
    for (size_t k = 0; k < KEYS; k++) {
        hash = found[k] ? fnv64(hash, found[k], strcspn(found[k], ",")) : hash;
    }
    return hash;
}

bool search_add(struct search *search, const struct search_new *upload) {
    if (!search_reserve(search, 1)) {
        return false;
    }
    struct search_row *row = &search->rows[search->end];
    *row = (struct search_row){.id = upload->id,
                               .received_ms = upload->received_ms,
                               .start_ms = upload->start_ms,
                               .end_ms = upload->end_ms,
                               .size_bytes = upload->size_bytes,
                               .process = process_of(upload->facets[FACET_HOST], upload->tags),
                               .measured = upload->measures};
    for (int i = 0; i < MEASURE_COUNT; i++) {
        row->measures.values[i] = upload->measures ? upload->measures->values[i] : NAN;
    }
    bool ok = add_tags(search, row, upload->tags) && add_files(search, row, upload->files);
    for (int i = 0; ok && i < FACET_COUNT; i++) {
        const char *value = upload->facets[i];
        row->facets[i] = value && *value ? string_pool_intern(&search->strings, value, strlen(value)) : 0;
        ok = row->facets[i] || !value || !*value;
    }
    if (!ok) {
        release_row(search, row);
        return false;
    }
    search->size_bytes += row->size_bytes;
    search->end++;
    search->measured_from = row->measured ? search->measured_from : row->id + 1;
    return true;
}

void search_remove_oldest(struct search *search) {
    if (search->begin < search->end) {
        search->size_bytes -= search->rows[search->begin].size_bytes;
        release_row(search, &search->rows[search->begin++]);
    }
}

static int by_id(const void *key, const void *element) {
    int64_t id = *(const int64_t *)key;
    const struct search_row *row = element;
    return (id > row->id) - (id < row->id);
}

static struct search_row *find(const struct search *search, int64_t id) {
    size_t count = search->end - search->begin;
    return count ? bsearch(&id, search->rows + search->begin, count, sizeof *search->rows, by_id) : NULL;
}

const struct search_row *search_find(const struct search *search, int64_t id) {
    return find(search, id);
}

// Where rows that may not be measured end: those after them are not looked at for each of a million.
static size_t end_of_unmeasured(const struct search *search) {
    size_t low = search->begin, high = search->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (search->rows[middle].id < search->measured_from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void search_measured(struct search *search, int64_t id, const struct measures *measures) {
    struct search_row *row = find(search, id);
    if (!row) {
        return;
    }
    row->measures = *measures;
    row->measured = true;
    for (size_t end = end_of_unmeasured(search); end > search->begin && search->rows[end - 1].measured; end--) {
        search->measured_from = search->rows[end - 1].id;
    }
}

int64_t search_unmeasured(const struct search *search) {
    size_t end = end_of_unmeasured(search);
    return end > search->begin ? search->rows[end - 1].id : 0; // the newest of them: else they would end before it
}

uint64_t search_host(const struct search *search, const struct search_row *row) {
    const char *host = string_pool_text(&search->strings, row->facets[FACET_HOST]);
    return hash_text(FNV64_START, host ? host : "");
}

uint64_t search_process(const struct search_row *row) {
    return row->process;
}

bool search_matches(const struct search *search, const struct search_row *row, const struct selection *selection, char *tags) {
    struct search_query query;
    struct search_rest rest = {0};
    if (!search_query_init_one(&query, search, selection, &rest)) {
        return false;
    }
    int64_t id = row->id;
    unsigned char *holds = tags ? calloc(query.group_count + query.text.count + 1, 1) : NULL;
    if (holds) {
        search_query_judge(&query, tags, holds);
        rest = (struct search_rest){.ids = &id, .count = 1, .holds = holds};
    }
    bool matches = search_query_match(&query, row) == SEARCH_ALL_HOLD || rest.not_looked_at > 0;
    search_query_free(&query);
    free(holds);
    return matches;
}

// ---- The first N of an order ----

// A max-heap of the first `capacity` rows: the last of them is on top. One pass over all uploads suffices for any order, and the first 100
// of 100,000 cost little more than the pass.
struct firsts {
    const struct search_order *order;
    struct search_cursor *cursors;
    size_t count, capacity;
};

static void sink(struct firsts *firsts, size_t i) {
    struct search_cursor *cursors = firsts->cursors;
    for (size_t child; (child = 2 * i + 1) < firsts->count; i = child) {
        bool other = child + 1 < firsts->count && search_cursor_compare(firsts->order, &cursors[child], &cursors[child + 1]) < 0;
        child += other;
        if (search_cursor_compare(firsts->order, &cursors[i], &cursors[child]) >= 0) {
            return;
        }
        struct search_cursor cursor = cursors[i];
        cursors[i] = cursors[child];
        cursors[child] = cursor;
    }
}

static void firsts_add(struct firsts *firsts, const struct search_cursor *cursor) {
    if (firsts->count < firsts->capacity) {
        firsts->cursors[firsts->count++] = *cursor;
        for (size_t i = firsts->count == firsts->capacity ? firsts->count / 2 : 0; i > 0; i--) {
            sink(firsts, i - 1);
        }
    } else if (firsts->capacity > 0 && search_cursor_compare(firsts->order, cursor, &firsts->cursors[0]) < 0) {
        firsts->cursors[0] = *cursor;
        sink(firsts, 0);
    }
}

static int by_cursor(const void *left, const void *right, void *order) {
    return search_cursor_compare(order, left, right);
}

static int64_t *ids_of(struct firsts *firsts) {
    int64_t *ids = malloc((firsts->count + 1) * sizeof *ids);
    qsort_r(firsts->cursors, firsts->count, sizeof *firsts->cursors, by_cursor, (void *)firsts->order);
    for (size_t i = 0; ids && i < firsts->count; i++) {
        ids[i] = firsts->cursors[i].id;
    }
    return ids;
}

bool search_select(const struct search *search, const struct selection *selection, struct search_rest *rest,
                   const struct search_order *order, const struct search_cursor *after, size_t limit, int64_t **ids, size_t *count,
                   size_t *total) {
    struct search_query query;
    size_t stored = search->end - search->begin;
    struct firsts firsts = {.order = order, .capacity = limit < stored ? limit : stored};
    *count = *total = 0;
    *ids = NULL;
    firsts.cursors = malloc((firsts.capacity + 1) * sizeof *firsts.cursors);
    if (!firsts.cursors || !search_query_init(&query, search, selection, rest)) {
        free(firsts.cursors);
        return false;
    }
    for (size_t i = search->end; i > search->begin; i--) {
        const struct search_row *row = &search->rows[i - 1];
        if (search_query_match(&query, row) == SEARCH_ALL_HOLD) {
            ++*total;
            struct search_cursor cursor = search_cursor_of(search, order, row);
            if (!after || search_cursor_compare(order, after, &cursor) < 0) {
                firsts_add(&firsts, &cursor);
            }
        }
    }
    search_query_free(&query);
    *count = firsts.count;
    *ids = ids_of(&firsts);
    free(firsts.cursors);
    return *ids;
}
