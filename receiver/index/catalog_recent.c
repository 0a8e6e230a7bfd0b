// catalog_recent.c: the newest of each process (catalog_recent.h).
#include "catalog_recent.h"
#include "../../base/vector.h"
#include "catalog_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void catalog_size(struct catalog *catalog, struct catalog_size *size) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    bool some = search->end > search->begin;
    size_t free = search->begin; // the oldest that is not pinned
    while (free + 1 < search->end && marks_are_pinned(&catalog->marks, search_at(search, SEARCH_ID, free))) {
        free++;
    }
    *size = (struct catalog_size){.uploads = search->end - search->begin,
                                  .memory_bytes = search_bytes(search),
                                  .disk_bytes = search->size_bytes,
                                  .oldest_ms = some ? search_at(search, SEARCH_RECEIVED, search->begin) : 0,
                                  .oldest_free_ms = some ? search_at(search, SEARCH_RECEIVED, free) : 0,
                                  .newest_ms = some ? search_at(search, SEARCH_RECEIVED, search->end - 1) : 0};
    pthread_rwlock_unlock(&catalog->memory_lock);
}

enum { SLOTS = 1 << 15 }; // more than twice RECENT_MAX_PROCESSES

struct reading {
    const struct search *search;
    struct recent *recent;
    uint32_t *slots;      // by process: its index plus 1; 0: free
    uint32_t *by_service; // by string: its service plus 1
};

static uint32_t *slot_of(const struct reading *reading, uint64_t process) {
    uint32_t slot = (uint32_t)(process ^ process >> 32) % SLOTS;
    while (reading->slots[slot] && reading->recent->processes[reading->slots[slot] - 1].process != process) {
        slot = (slot + 1) % SLOTS;
    }
    return &reading->slots[slot];
}

static bool add_service(struct reading *reading, uint32_t string, uint32_t *service) {
    struct recent *recent = reading->recent;
    uint32_t *known = &reading->by_service[string];
    if (*known == 0) {
        const char *text = string_pool_text(&reading->search->strings, string);
        char *copy = strdup(text ? text : "");
        if (!copy || !VECTOR_RESERVE(recent->services, recent->service_capacity, recent->service_count + 1)) {
            free(copy);
            return false;
        }
        recent->services[recent->service_count++] = copy;
        *known = (uint32_t)recent->service_count;
    }
    *service = *known - 1;
    return true;
}

static void add_measures(const struct search *search, size_t row, struct measures *measures) {
    for (int i = 0; i < MEASURE_COUNT; i++) {
        if (!isfinite(measures->values[i])) {
            measures->values[i] = column_get_real(&search->measures[i], row);
        }
    }
}

static bool add_row(struct reading *reading, size_t row) {
    struct recent *recent = reading->recent;
    const struct search *search = reading->search;
    const struct tag_set *set = search_set_at(search, row);
    uint32_t *slot = slot_of(reading, set->process);
    int64_t id = search_at(search, SEARCH_ID, row);
    if (*slot == 0 && recent->count == RECENT_MAX_PROCESSES) {
        recent->processes_left_out++;
        return true;
    }
    if (*slot == 0) {
        struct recent_process added = {.process = set->process, .last_id = id, .received_ms = search_at(search, SEARCH_RECEIVED, row)};
        measures_clear(&added.measures);
        if (!add_service(reading, set->facets[FACET_SERVICE], &added.service) ||
            !VECTOR_RESERVE(recent->processes, recent->capacity, recent->count + 1)) {
            return false;
        }
        recent->processes[recent->count++] = added;
        *slot = (uint32_t)recent->count;
    }
    struct recent_process *process = &recent->processes[*slot - 1];
    process->first_id = id;
    if (search_at(search, SEARCH_MEASURED, row) == 1) {
        add_measures(search, row, &process->measures);
    }
    return true;
}

static bool read_rows(struct reading *reading, int64_t since_ms, size_t max_rows) {
    const struct search *search = reading->search;
    size_t looked_at = 0;
    for (size_t row = search->end; row > search->begin && search_at(search, SEARCH_RECEIVED, row - 1) >= since_ms; row--) {
        if (looked_at++ == max_rows) {
            reading->recent->rows_left_out = true;
            break;
        }
        if (!add_row(reading, row - 1)) {
            return false;
        }
    }
    return true;
}

enum receiver_error catalog_recent(struct catalog *catalog, int64_t since_ms, size_t max_rows, struct recent *recent) {
    *recent = (struct recent){0};
    pthread_rwlock_rdlock(&catalog->memory_lock);
    struct reading reading = {.search = &catalog->search,
                              .recent = recent,
                              .slots = calloc(SLOTS, sizeof *reading.slots),
                              .by_service = calloc((size_t)catalog->search.strings.end + 1, sizeof *reading.by_service)};
    bool ok = reading.slots && reading.by_service && read_rows(&reading, since_ms, max_rows);
    pthread_rwlock_unlock(&catalog->memory_lock);
    free(reading.slots);
    free(reading.by_service);
    if (!ok) {
        recent_free(recent);
    }
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

void recent_free(struct recent *recent) {
    for (size_t i = 0; i < recent->service_count; i++) {
        free(recent->services[i]);
    }
    free(recent->services);
    free(recent->processes);
    *recent = (struct recent){0};
}
