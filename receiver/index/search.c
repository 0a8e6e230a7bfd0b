// search.c: uploads in memory: adds, removes, selects (search.h). Facets and histograms are in search_facets.c.
#include "search.h"
#include "../../base/fnv.h"
#include "search_order.h"
#include "search_query.h"
#include "search_rest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release_strings(struct search *search, const struct tag_set *set, const uint32_t *tags) {
    for (int i = 0; i < FACET_COUNT; i++) {
        string_pool_release(&search->strings, set->facets[i]);
    }
    for (uint32_t i = 0; i < set->tag_count; i++) {
        string_pool_release(&search->strings, tags[i]);
    }
    string_pool_release(&search->strings, set->files);
}

void search_free(struct search *search) {
    for (int i = 0; i < SEARCH_COLUMNS; i++) {
        column_free(&search->columns[i]);
    }
    for (int i = 0; i < MEASURE_COUNT; i++) {
        column_free(&search->measures[i]);
    }
    tag_sets_free(&search->sets);
    string_pool_free(&search->strings);
    *search = (struct search){.limit_bytes = search->limit_bytes, .keeps_rest = search->keeps_rest, .marks = search->marks};
}

size_t search_bytes(const struct search *search) {
    size_t bytes = search->strings.bytes + search->sets.bytes;
    for (int i = 0; i < SEARCH_COLUMNS; i++) {
        bytes += search->columns[i].bytes;
    }
    for (int i = 0; i < MEASURE_COUNT; i++) {
        bytes += search->measures[i].bytes;
    }
    return bytes;
}

// ---- Adding ----

// An upload on its way into memory: its set, whose tags grow here.
struct adding {
    struct search *search;
    uint32_t *tags;
    uint32_t own_tag;
    struct tag_set set; // tags: apart
};

static bool has_tag(const struct adding *adding, uint32_t string) {
    for (uint32_t i = 0; i < adding->set.tag_count; i++) {
        if (adding->tags[i] == string) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct search *search, size_t length) {
    size_t uploads = search->end - search->begin + 1;
    return !search->keeps_rest || search->strings.bytes + string_pool_cost(length) <= SEARCH_FREE_BYTES + uploads * SEARCH_TEXT_BYTES;
}

// Of the tags that clients send (docs/compatibility.md) the only one that is another in each upload.
static bool is_own(const char *tag, size_t length) {
    static const char key[] = "profile_seq:";
    return length >= sizeof key && memcmp(tag, key, sizeof key - 1) == 0;
}

// Returns false without memory. A tag that is in memory already costs nothing but its number.
static bool add_tag(struct adding *adding, const char *tag, size_t length) {
    struct search *search = adding->search;
    bool full = adding->set.tag_count == SEARCH_ROW_TAGS && search->keeps_rest;
    if (full || (!string_pool_find(&search->strings, tag, length) && !fits(search, length))) {
        adding->set.has_rest = true;
        return true;
    }
    uint32_t string = string_pool_intern(&search->strings, tag, length);
    if (!string) {
        return false;
    }
    if (adding->own_tag == string || has_tag(adding, string)) {
        string_pool_release(&search->strings, string);
    } else if (!adding->own_tag && is_own(tag, length)) {
        adding->own_tag = string;
    } else {
        adding->tags[adding->set.tag_count++] = string;
    }
    return true;
}

// Each tag once, in the order of the event.
static bool add_tags(struct adding *adding, const char *tags) {
    size_t count = *tags != '\0';
    for (const char *c = tags; *c; c++) {
        count += *c == ',';
    }
    adding->tags = malloc((count + 1) * sizeof *adding->tags);
    if (!adding->tags) {
        return false;
    }
    for (const char *tag = tags; *tag;) {
        size_t length = strcspn(tag, ",");
        if (length > 0 && !add_tag(adding, tag, length)) {
            return false;
        }
        tag += length + (tag[length] == ',');
    }
    return true;
}

// Returns false without memory. Names that are new beyond the limits are not kept.
static bool add_files(struct adding *adding, const char *files) {
    struct search *search = adding->search;
    size_t length = files ? strlen(files) : 0;
    if (!files || (!string_pool_find(&search->strings, files, length) && !fits(search, length))) {
        return true;
    }
    adding->set.files = string_pool_intern(&search->strings, files, length);
    return adding->set.files;
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

static bool add_facets(struct adding *adding, const struct search_new *upload) {
    for (int i = 0; i < FACET_COUNT; i++) {
        const char *value = upload->facets[i];
        uint32_t string = value && *value ? string_pool_intern(&adding->search->strings, value, strlen(value)) : 0;
        adding->set.facets[i] = string;
        if (!string && value && *value) {
            return false;
        }
    }
    return true;
}

// A row is there with all its numbers or not at all.
static bool put_row(struct search *search, const struct search_new *upload, uint32_t set, uint32_t own_tag) {
    const int64_t numbers[SEARCH_COLUMNS] = {[SEARCH_ID] = upload->id,
                                             [SEARCH_RECEIVED] = upload->received_ms,
                                             [SEARCH_START] = upload->start_ms,
                                             [SEARCH_LENGTH] = upload->end_ms - upload->start_ms,
                                             [SEARCH_SIZE] = (int64_t)upload->size_bytes,
                                             [SEARCH_SET] = set,
                                             [SEARCH_OWN_TAG] = own_tag,
                                             [SEARCH_MEASURED] = !!upload->measures,
                                             [SEARCH_FIGURED] = 0};
    bool ok = true;
    for (int i = 0; ok && i < SEARCH_COLUMNS; i++) {
        ok = column_put(&search->columns[i], search->end, numbers[i]);
    }
    for (int i = 0; ok && i < MEASURE_COUNT; i++) {
        ok = column_put_real(&search->measures[i], search->end, upload->measures ? upload->measures->values[i] : NAN);
    }
    for (int i = 0; !ok && i < SEARCH_COLUMNS; i++) {
        column_drop_last(&search->columns[i], search->end);
    }
    for (int i = 0; !ok && i < MEASURE_COUNT; i++) {
        column_drop_last(&search->measures[i], search->end);
    }
    return ok;
}

static void release_set(struct search *search, uint32_t number) {
    struct tag_set *last = tag_sets_release(&search->sets, number);
    if (last) {
        release_strings(search, last, last->tags);
    }
    free(last);
}

bool search_add(struct search *search, const struct search_new *upload) {
    struct adding adding = {.search = search, .set.process = process_of(upload->facets[FACET_HOST], upload->tags)};
    uint32_t set = TAG_SETS_FAILED;
    bool fresh = false;
    if (search->end - search->begin < UINT32_MAX && add_tags(&adding, upload->tags) && add_facets(&adding, upload) &&
        add_files(&adding, upload->files)) {
        set = tag_sets_intern(&search->sets, &adding.set, adding.tags, &fresh);
    }
    if (!fresh) { // a set that was there has its strings, and one that failed needs none
        release_strings(search, &adding.set, adding.tags);
    }
    free(adding.tags);
    bool ok = set != TAG_SETS_FAILED && put_row(search, upload, set, adding.own_tag);
    if (!ok) {
        string_pool_release(&search->strings, adding.own_tag);
        if (set != TAG_SETS_FAILED) {
            release_set(search, set);
        }
        return false;
    }
    search->rest_count += adding.set.has_rest;
    search->size_bytes += upload->size_bytes;
    search->end++;
    return true;
}

// ---- Removing ----

static void release_row(struct search *search, size_t row) {
    search->size_bytes -= (uint64_t)search_at(search, SEARCH_SIZE, row);
    search->rest_count -= search_set_at(search, row)->has_rest;
    string_pool_release(&search->strings, (uint32_t)search_at(search, SEARCH_OWN_TAG, row));
    release_set(search, (uint32_t)search_at(search, SEARCH_SET, row));
}

// Returns false without memory: the row is a mixture of both then.
static bool copy_row(struct search *search, size_t from, size_t to) {
    bool ok = true;
    for (int i = 0; i < SEARCH_COLUMNS; i++) {
        ok &= column_put(&search->columns[i], to, search_at(search, (enum search_column)i, from));
    }
    for (int i = 0; i < MEASURE_COUNT; i++) {
        ok &= column_put_real(&search->measures[i], to, column_get_real(&search->measures[i], from));
    }
    return ok;
}

static void drop_first_chunks(struct search *search) {
    for (; search->begin >= COLUMN_ROWS; search->begin -= COLUMN_ROWS, search->end -= COLUMN_ROWS) {
        for (int i = 0; i < SEARCH_COLUMNS; i++) {
            column_drop_chunks(&search->columns[i], 1);
        }
        for (int i = 0; i < MEASURE_COUNT; i++) {
            column_drop_chunks(&search->measures[i], 1);
        }
    }
}

static void drop_last_row(struct search *search) {
    search->end--;
    for (int i = 0; i < SEARCH_COLUMNS; i++) {
        column_drop_last(&search->columns[i], search->end);
    }
    for (int i = 0; i < MEASURE_COUNT; i++) {
        column_drop_last(&search->measures[i], search->end);
    }
}

static bool is_one_of(const int64_t *ids, size_t count, int64_t id) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        low = ids[middle] < id ? middle + 1 : low;
        high = ids[middle] < id ? high : middle;
    }
    return low < count && ids[low] == id;
}

// What stays on the shorter side moves up to the others. Rows first to last hold all that go.
bool search_remove(struct search *search, const int64_t *ids, size_t count) {
    size_t first = SEARCH_NOWHERE, last = 0, gone = 0;
    for (size_t i = 0; i < count; i++) {
        size_t row = search_find(search, ids[i]);
        if (row != SEARCH_NOWHERE) {
            first = first == SEARCH_NOWHERE ? row : first;
            last = row;
            gone++;
            release_row(search, row);
        }
    }
    if (gone == 0) {
        return true;
    }
    bool ok = true;
    if (last - search->begin <= search->end - 1 - first) {
        size_t to = last;
        for (size_t row = last + 1; row-- > search->begin;) {
            if (!is_one_of(ids, count, search_at(search, SEARCH_ID, row))) {
                ok &= row == to || copy_row(search, row, to);
                to--;
            }
        }
        search->begin += gone;
        drop_first_chunks(search);
    } else {
        size_t to = first;
        for (size_t row = first; row < search->end; row++) {
            if (!is_one_of(ids, count, search_at(search, SEARCH_ID, row))) {
                ok &= row == to || copy_row(search, row, to);
                to++;
            }
        }
        for (; gone > 0; gone--) {
            drop_last_row(search);
        }
    }
    return ok;
}

// ---- Reading ----

struct search_row search_row_at(const struct search *search, size_t row) {
    struct search_row all = {.id = search_at(search, SEARCH_ID, row),
                             .received_ms = search_at(search, SEARCH_RECEIVED, row),
                             .start_ms = search_at(search, SEARCH_START, row),
                             .end_ms = search_at(search, SEARCH_START, row) + search_at(search, SEARCH_LENGTH, row),
                             .size_bytes = (uint64_t)search_at(search, SEARCH_SIZE, row),
                             .measured = search_at(search, SEARCH_MEASURED, row) == 1,
                             .set = search_set_at(search, row),
                             .own_tag = (uint32_t)search_at(search, SEARCH_OWN_TAG, row)};
    for (int i = 0; i < MEASURE_COUNT; i++) {
        all.measures.values[i] = column_get_real(&search->measures[i], row);
    }
    return all;
}

size_t search_find(const struct search *search, int64_t id) {
    size_t low = search->begin, high = search->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (search_at(search, SEARCH_ID, middle) < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < search->end && search_at(search, SEARCH_ID, low) == id ? low : SEARCH_NOWHERE;
}

void search_set_size(struct search *search, int64_t id, uint64_t size_bytes) {
    size_t row = search_find(search, id);
    int64_t before = row != SEARCH_NOWHERE ? search_at(search, SEARCH_SIZE, row) : 0;
    if (row != SEARCH_NOWHERE && column_put(&search->columns[SEARCH_SIZE], row, (int64_t)size_bytes)) {
        search->size_bytes += size_bytes - (uint64_t)before;
    }
}

void search_measured(struct search *search, int64_t id, const struct measures *measures) {
    size_t row = search_find(search, id);
    bool ok = row != SEARCH_NOWHERE;
    for (int i = 0; ok && i < MEASURE_COUNT; i++) {
        ok = column_put_real(&search->measures[i], row, measures->values[i]);
    }
    if (ok) { // without memory it stays unmeasured, and is measured again
        column_put(&search->columns[SEARCH_MEASURED], row, 1);
        column_settle(&search->columns[SEARCH_MEASURED], row);
    }
}

void search_set_figured(struct search *search, int64_t id) {
    size_t row = search_find(search, id);
    if (row != SEARCH_NOWHERE && column_put(&search->columns[SEARCH_FIGURED], row, 1) && row % COLUMN_ROWS % 32 == 0) {
        column_settle(&search->columns[SEARCH_FIGURED], row);
    }
}

void search_forget_figures(struct search *search) {
    for (size_t i = search->begin; i < search->end; i++) {
        column_put(&search->columns[SEARCH_FIGURED], i, 0);
    }
}

int64_t search_newest_without(const struct search *search, enum search_column which) {
    const struct column *column = &search->columns[which];
    for (size_t i = search->end; i > search->begin; i--) {
        const struct column_chunk *chunk = &column->chunks[(i - 1) / COLUMN_ROWS];
        if (chunk->width == 0 && chunk->base == 1) { // all of them have it
            i = (i - 1) / COLUMN_ROWS * COLUMN_ROWS + 1;
        } else if (column_get(column, i - 1) == 0) {
            return search_at(search, SEARCH_ID, i - 1);
        }
    }
    return 0;
}

uint64_t search_host(const struct search *search, size_t row) {
    const char *host = string_pool_text(&search->strings, search_set_at(search, row)->facets[FACET_HOST]);
    return hash_text(FNV64_START, host ? host : "");
}

bool search_matches(const struct search *search, size_t row, const struct selection *selection, char *tags) {
    struct search_query query;
    struct search_rest rest = {0};
    if (row == SEARCH_NOWHERE || !search_query_init_one(&query, search, selection, &rest)) {
        return false;
    }
    int64_t id = search_at(search, SEARCH_ID, row);
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

bool search_rows(const struct search *search, const struct selection *selection, struct search_rest *rest, size_t limit, uint32_t **rows,
                 size_t *count, size_t *left_out) {
    struct search_query query;
    size_t stored = search->end - search->begin, most = limit < stored ? limit : stored, total = 0;
    *count = *left_out = 0;
    *rows = malloc((most + 1) * sizeof **rows);
    if (!*rows || !search_query_init(&query, search, selection, rest)) {
        free(*rows);
        *rows = NULL;
        return false;
    }
    for (size_t i = search->end; i > search->begin; i--) {
        if (search_query_match(&query, i - 1) == SEARCH_ALL_HOLD && ++total <= most) {
            (*rows)[most - total] = (uint32_t)(i - 1);
        }
    }
    search_query_free(&query);
    *count = total < most ? total : most;
    *left_out = total - *count;
    memmove(*rows, *rows + most - *count, *count * sizeof **rows);
    return true;
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
        if (search_query_match(&query, i - 1) == SEARCH_ALL_HOLD) {
            ++*total;
            struct search_cursor cursor = search_cursor_of(search, order, i - 1);
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
