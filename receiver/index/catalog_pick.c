// catalog_pick.c: the uploads of a selection from memory (catalog_pick.h).
#include "catalog_pick.h"
#include "../../base/fnv.h"
#include "../../base/vector.h"
#include "catalog_row.h"
#include "search_groups.h"
#include "search_query.h"

#include <stdlib.h>
#include <string.h>

enum { ASK_MAX = 5000 }; // uploads whose names are read from the database: 25 ms

// A row of the search while its lock is held.
struct found {
    int64_t start_ms, id;
    size_t row;
};

struct picking {
    struct catalog *catalog;
    const struct search *search;
    const char *attachment;
    struct found *found;
    size_t count, capacity;
    int64_t *unknown; // whose names of attachments are in the database alone
    size_t unknown_count, unknown_capacity;
};

// ---- Sets ----

uint64_t upload_mix(uint64_t word) {
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

static void add_mark(struct upload_set *set, int64_t id, uint64_t mark) {
    set->count++;
    set->sums[0] += mark;
    set->sums[1] += upload_mix(mark + (uint64_t)id);
}

void upload_set_add(struct upload_set *set, const struct listed_upload *upload) {
    add_mark(set, upload->id, upload->mark);
}

bool upload_set_equal(const struct upload_set *a, const struct upload_set *b) {
    return a->count == b->count && a->sums[0] == b->sums[0] && a->sums[1] == b->sums[1];
}

// ---- Attachments ----

static bool has_line(const char *lines, const char *line) {
    size_t length = strlen(line);
    for (const char *at = strchr(line, '\n') ? NULL : lines; at; at = strchr(at, '\n')) {
        at += at > lines;
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || !at[length])) {
            return true;
        }
    }
    return false;
}

// What was found of the last lists of names: most uploads of a service have the same.
enum { MEMO = 256 };
struct memo {
    uint32_t files[MEMO];
    bool has[MEMO];
};

static bool has_attachment(struct picking *picking, struct memo *memo, uint32_t files) {
    size_t at = files % MEMO;
    if (memo->files[at] != files) {
        memo->files[at] = files;
        memo->has[at] = has_line(string_pool_text(&picking->search->strings, files), picking->attachment);
    }
    return memo->has[at];
}

// ---- Rows ----

static int by_start(const void *left, const void *right) {
    const struct found *a = left, *b = right;
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

// Most are in order already, as they came.
static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    const char *at = items;
    size_t i = 1;
    while (i < count && compare(at + (i - 1) * size, at + i * size) <= 0) {
        i++;
    }
    if (i < count) {
        qsort(items, count, size, compare);
    }
}

static int by_listed_start(const void *left, const void *right) {
    const struct listed_upload *a = left, *b = right;
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool add_found(struct picking *picking, size_t row) {
    const struct search *search = picking->search;
    if (!VECTOR_RESERVE(picking->found, picking->capacity, picking->count + 1)) {
        return false;
    }
    picking->found[picking->count++] = (struct found){search_at(search, SEARCH_START, row), search_at(search, SEARCH_ID, row), row};
    return true;
}

static bool add_unknown(struct picking *picking, int64_t id) {
    if (!VECTOR_RESERVE(picking->unknown, picking->unknown_capacity, picking->unknown_count + 1)) {
        return false;
    }
    picking->unknown[picking->unknown_count++] = id;
    return true;
}

static bool is_among(const int64_t *having, size_t having_count, int64_t id) {
    size_t low = 0, high = having_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (having[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < having_count && having[low] == id;
}

// Under the lock. having: uploads known to have the attachment though their names are not in memory, by id; NULL: they are listed in
// unknown. Returns false without memory.
static bool find_rows(struct picking *picking, const struct selection *selection, struct search_rest *rest, const int64_t *having,
                      size_t having_count) {
    const struct search *search = picking->search;
    struct search_query query;
    struct memo memo = {0};
    if (!search_query_init(&query, search, selection, rest)) {
        return false;
    }
    bool ok = true;
    for (size_t row = search->begin; ok && row < search->end; row++) {
        if (search_query_match(&query, row) != SEARCH_ALL_HOLD) {
            continue;
        }
        uint32_t files = picking->attachment ? search_set_at(search, row)->files : 0;
        if (picking->attachment && !files) {
            int64_t id = search_at(search, SEARCH_ID, row);
            ok = !having ? add_unknown(picking, id) : !is_among(having, having_count, id) || add_found(picking, row);
        } else if (!picking->attachment || has_attachment(picking, &memo, files)) {
            ok = add_found(picking, row);
        }
    }
    search_query_free(&query);
    return ok;
}

// ---- Copies ----

// The hashes of the last facets.
struct stream_memo {
    struct {
        uint32_t facets[FACET_COUNT];
        bool is_set;
        uint64_t stream, host;
    } entries[MEMO];
};

static void put_stream(struct stream_memo *memo, const struct search *search, size_t row, struct listed_upload *picked) {
    const uint32_t *facets = search_set_at(search, row)->facets;
    size_t bytes = FACET_COUNT * sizeof *facets;
    uint32_t sum = 0;
    for (int i = 0; i < FACET_COUNT; i++) {
        sum = sum * 31 + facets[i];
    }
    size_t at = sum % MEMO;
    if (!memo->entries[at].is_set || memcmp(memo->entries[at].facets, facets, bytes) != 0) {
        uint64_t hash = FNV64_START;
        for (int i = 0; i < FACET_COUNT; i++) {
            const char *text = string_pool_text(&search->strings, facets[i]);
            text = text ? text : "";
            hash = fnv64(hash, text, strlen(text) + 1);
        }
        memcpy(memo->entries[at].facets, facets, bytes);
        memo->entries[at].is_set = true;
        memo->entries[at].stream = hash;
        memo->entries[at].host = search_host(search, row);
    }
    picked->stream = memo->entries[at].stream;
    picked->host = memo->entries[at].host;
}

static uint64_t mark_of(const struct search *search, size_t row) {
    int64_t start_ms = search_at(search, SEARCH_START, row), end_ms = start_ms + search_at(search, SEARCH_LENGTH, row);
    const uint64_t words[] = {(uint64_t)search_at(search, SEARCH_ID, row), (uint64_t)start_ms, (uint64_t)end_ms,
                              search_process(search, row)};
    uint64_t mark = FNV64_START;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        mark = upload_mix(mark ^ words[i]) + words[i];
    }
    return upload_mix(mark);
}

static struct listed_upload *copy_rows(const struct picking *picking, size_t from) {
    struct listed_upload *rows = malloc((picking->count - from + 1) * sizeof *rows);
    struct stream_memo *memo = calloc(1, sizeof *memo);
    for (size_t i = from; rows && memo && i < picking->count; i++) {
        const struct found *found = &picking->found[i];
        const struct search_row row = search_row_at(picking->search, found->row);
        struct listed_upload *picked = &rows[i - from];
        *picked = (struct listed_upload){.id = row.id,
                                         .start_ms = row.start_ms,
                                         .end_ms = row.end_ms,
                                         .process = row.set->process,
                                         .mark = mark_of(picking->search, found->row),
                                         .measures = row.measures};
        put_stream(memo, picking->search, found->row, picked);
    }
    if (!memo) {
        free(rows);
        rows = NULL;
    }
    free(memo);
    return rows;
}

static enum receiver_error find_locked(struct picking *picking, const struct selection *selection, struct search_rest *rest,
                                       const int64_t *having, size_t having_count, size_t most, struct listed_upload **rows, size_t *count,
                                       size_t *left_out) {
    pthread_rwlock_rdlock(&picking->catalog->memory_lock);
    picking->search = &picking->catalog->search;
    picking->count = 0;
    bool ok = find_rows(picking, selection, rest, having, having_count);
    if (ok && picking->unknown_count == 0) {
        size_t from = picking->count > most ? picking->count - most : 0;
        if (from > 0) {
            sort(picking->found, picking->count, sizeof *picking->found, by_start);
        }
        *rows = copy_rows(picking, from);
        *count = picking->count - from;
        *left_out = from + rest->not_looked_at;
        ok = *rows;
    }
    pthread_rwlock_unlock(&picking->catalog->memory_lock);
    if (*rows) {
        sort(*rows, *count, sizeof **rows, by_listed_start); // without the lock, which uploads wait for
    }
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// Keeps of `unknown` those that have the attachment; of too many only the newest are asked.
static enum receiver_error ask_database(struct picking *picking, size_t *not_asked) {
    size_t kept = 0;
    *not_asked = picking->unknown_count > ASK_MAX ? picking->unknown_count - ASK_MAX : 0;
    enum receiver_error error = RECEIVER_OK;
    for (size_t i = *not_asked; error == RECEIVER_OK && i < picking->unknown_count; i++) {
        struct catalog_attachment attachment;
        error = catalog_find(picking->catalog, picking->unknown[i], picking->attachment, &attachment);
        picking->unknown[kept] = picking->unknown[i];
        kept += error == RECEIVER_OK;
        error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error;
    }
    picking->unknown_count = kept;
    return error;
}

enum receiver_error catalog_pick(struct catalog *catalog, const struct selection *selection, const char *attachment, size_t most,
                                 struct listed_upload **rows, size_t *count, size_t *left_out) {
    struct picking picking = {.catalog = catalog, .attachment = attachment};
    struct search_rest rest;
    *rows = NULL;
    *count = *left_out = 0;
    enum receiver_error error = catalog_read_rest(catalog, selection, &rest);
    if (error != RECEIVER_OK) {
        return error;
    }
    error = find_locked(&picking, selection, &rest, NULL, 0, most, rows, count, left_out);
    if (error == RECEIVER_OK && picking.unknown_count > 0) {
        size_t not_asked;
        error = ask_database(&picking, &not_asked);
        int64_t *having = picking.unknown;
        size_t having_count = picking.unknown_count;
        picking.unknown = NULL;
        picking.unknown_count = picking.unknown_capacity = 0;
        rest.not_looked_at = 0;
        error = error == RECEIVER_OK ? find_locked(&picking, selection, &rest, having, having_count, most, rows, count, left_out) : error;
        *left_out += not_asked;
        free(having);
    }
    search_rest_free(&rest);
    free(picking.unknown);
    free(picking.found);
    return error;
}

// ---- Names ----

struct counting {
    uint32_t files;
    size_t uploads;
};

static uint32_t files_at(const struct picking *picking, size_t found) {
    return search_set_at(picking->search, picking->found[found].row)->files;
}

static int by_files(const void *left, const void *right) {
    const struct counting *a = left, *b = right;
    return a->files < b->files ? -1 : a->files > b->files;
}

// Under the lock: each different list of names once, from uploads sorted by them.
static bool tell_names(const struct picking *picking, size_t from, catalog_each_names each, void *context) {
    size_t count = picking->count - from;
    struct counting *all = malloc((count + 1) * sizeof *all);
    for (size_t i = 0; all && i < count; i++) {
        all[i] = (struct counting){files_at(picking, from + i), 1};
    }
    if (all && count > 1) {
        qsort(all, count, sizeof *all, by_files);
    }
    for (size_t i = 0, next; all && i < count; i = next) {
        for (next = i; next < count && all[next].files == all[i].files; next++) {
        }
        if (all[i].files) {
            each(context, string_pool_text(&picking->search->strings, all[i].files), next - i);
        }
    }
    free(all);
    return all;
}

// The names of an upload that are in the database alone.
static enum receiver_error tell_unknown(struct catalog *catalog, int64_t id, catalog_each_names each, void *context) {
    struct catalog_attachment *attachments = malloc(CATALOG_MAX_ATTACHMENTS * sizeof *attachments);
    size_t count = 0;
    enum receiver_error error = attachments ? catalog_attachments(catalog, id, attachments, &count) : RECEIVER_NO_MEMORY;
    for (size_t i = 0; error == RECEIVER_OK && i < count; i++) {
        each(context, attachments[i].name, 1);
    }
    free(attachments);
    return error;
}

enum receiver_error catalog_names(struct catalog *catalog, const struct selection *selection, size_t most, catalog_each_names each,
                                  void *context) {
    struct picking picking = {.catalog = catalog, .search = &catalog->search};
    struct search_rest rest;
    enum receiver_error error = catalog_read_rest(catalog, selection, &rest);
    if (error != RECEIVER_OK) {
        return error;
    }
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool ok = find_rows(&picking, selection, &rest, NULL, 0);
    if (ok) {
        sort(picking.found, picking.count, sizeof *picking.found, by_start);
        size_t from = picking.count > most ? picking.count - most : 0;
        ok = tell_names(&picking, from, each, context);
        for (size_t i = from; ok && i < picking.count; i++) {
            ok = files_at(&picking, i) || add_unknown(&picking, picking.found[i].id);
        }
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
    error = ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    size_t not_asked = picking.unknown_count > ASK_MAX ? picking.unknown_count - ASK_MAX : 0;
    for (size_t i = not_asked; error == RECEIVER_OK && i < picking.unknown_count; i++) {
        error = tell_unknown(catalog, picking.unknown[i], each, context);
    }
    search_rest_free(&rest);
    free(picking.unknown);
    free(picking.found);
    return error;
}

// ---- Days ----

int64_t catalog_day_of(int64_t time_ms, int64_t length_ms) {
    return time_ms / length_ms - (time_ms % length_ms < 0);
}

struct days {
    struct catalog_day *days; // in the order in which they are met
    size_t count, capacity, last;
};

static struct catalog_day *day_of(struct days *days, int64_t day) {
    if (days->last < days->count && days->days[days->last].day == day) {
        return &days->days[days->last];
    }
    for (size_t i = days->count; i-- > 0;) {
        if (days->days[i].day == day) {
            days->last = i;
            return &days->days[i];
        }
    }
    if (!VECTOR_RESERVE(days->days, days->capacity, days->count + 1)) {
        return NULL;
    }
    days->last = days->count;
    days->days[days->count] = (struct catalog_day){.day = day};
    return &days->days[days->count++];
}

static int by_day(const void *left, const void *right) {
    const struct catalog_day *a = left, *b = right;
    return (a->day > b->day) - (a->day < b->day);
}

// The first row with a higher id.
static size_t row_after(const struct search *search, int64_t id) {
    size_t low = search->begin, high = search->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (search_at(search, SEARCH_ID, middle) <= id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum receiver_error catalog_days(struct catalog *catalog, int64_t until_ms, struct catalog_day **out, size_t *count) {
    enum { AT_ONCE = 4096 };
    struct days days = {0};
    const struct search *search = &catalog->search;
    int64_t last_id = 0;
    bool ok = true;
    for (bool more = true; ok && more;) {
        pthread_rwlock_rdlock(&catalog->memory_lock);
        size_t at = row_after(search, last_id);
        for (size_t end = at + AT_ONCE; ok && at < search->end && at < end; at++) {
            int64_t start_ms = search_at(search, SEARCH_START, at);
            struct catalog_day *day = start_ms < until_ms ? day_of(&days, catalog_day_of(start_ms, DAY_MS)) : NULL;
            last_id = search_at(search, SEARCH_ID, at);
            ok = day || start_ms >= until_ms;
            if (day) {
                add_mark(&day->set, last_id, mark_of(search, at));
            }
        }
        more = at < search->end;
        pthread_rwlock_unlock(&catalog->memory_lock);
    }
    if (days.count > 1) {
        qsort(days.days, days.count, sizeof *days.days, by_day);
    }
    if (!ok) {
        free(days.days);
        days = (struct days){0};
    }
    *out = days.days;
    *count = days.count;
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// ---- Groups ----

enum receiver_error catalog_group(struct catalog *catalog, struct listed_upload *rows, size_t count, struct search_groups *groups) {
    const struct search *search = &catalog->search;
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool ok = search_groups_begin(groups, search);
    for (size_t i = 0; ok && i < count; i++) {
        size_t row = search_find(search, rows[i].id);
        rows[i].group = row == SEARCH_NOWHERE ? search_groups_none(groups) : search_groups_of(groups, search, row);
        ok = rows[i].group > 0;
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}
