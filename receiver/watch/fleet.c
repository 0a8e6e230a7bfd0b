// fleet.c: sums over the processes of each service (fleet.h).
#include "fleet.h"
#include "../base/exposition.h"
#include "../index/catalog_recent.h"
#include "../index/figures_store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fleet_resident {
    uint64_t process;
    int64_t looked_id; // figures up to this upload are known
    double bytes;      // NAN: none of them has any
};

static void free_services(struct fleet_service *services, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(services[i].name);
    }
    free(services);
}

void fleet_free(struct fleet *fleet) {
    free_services(fleet->services, fleet->count);
    free(fleet->resident);
    *fleet = (struct fleet){0};
}

// ---- Resident memory ----

static int compare_resident(const void *left, const void *right) {
    const struct fleet_resident *a = left, *b = right;
    return a->process < b->process ? -1 : a->process > b->process;
}

struct looking {
    int64_t first, last, found; // ids; found: of bytes
    double bytes;
};

static bool look_into(void *context, const struct figures_block *block) {
    struct looking *looking = context;
    for (size_t name = 0; name < block->name_count; name++) {
        if (strcmp(block->names[name].name, "memory_rss_bytes") != 0) {
            continue;
        }
        for (size_t i = 0; i < block->count; i++) {
            int64_t id = block->uploads[i].id;
            double bytes = block->names[name].values[i];
            if (id >= looking->first && id <= looking->last && id > looking->found && isfinite(bytes)) {
                looking->found = id;
                looking->bytes = bytes;
            }
        }
    }
    return true;
}

// Figures are kept shortly after the upload: until then it is looked at again.
static struct fleet_resident look_at(const struct fleet *fleet, struct store *store, const struct recent_process *process) {
    const struct fleet_resident key = {.process = process->process};
    const struct fleet_resident *known =
        fleet->resident_count > 0 ? bsearch(&key, fleet->resident, fleet->resident_count, sizeof *fleet->resident, compare_resident) : NULL;
    bool is_known = known && known->looked_id <= process->last_id; // else the last one was removed, and with it what is known
    struct fleet_resident resident = is_known ? *known : (struct fleet_resident){process->process, process->first_id - 1, NAN};
    if (resident.looked_id >= process->last_id) {
        return resident;
    }
    bool is_figured = catalog_is_figured(store_catalog(store), process->last_id);
    struct looking looking = {.first = resident.looked_id + 1, .last = process->last_id, .bytes = resident.bytes};
    figures_store_read(store_figures(store), process->process, looking.first, looking.last, look_into, &looking);
    resident.bytes = looking.bytes;
    resident.looked_id = is_figured ? process->last_id : looking.found ? looking.found : resident.looked_id;
    return resident;
}

// ---- Services ----

static void add(struct fleet_service *service, enum fleet_figure figure, double value) {
    if (isfinite(value)) {
        service->sums[figure] += value;
        service->counts[figure]++;
    }
}

static void add_process(struct fleet_service *service, const struct recent_process *process, double resident_bytes) {
    service->processes++;
    service->newest_ms = service->newest_ms > process->received_ms ? service->newest_ms : process->received_ms;
    add(service, FLEET_C_LIVE, process->measures.values[MEASURE_C_LIVE_BYTES]);
    add(service, FLEET_HEAP_LIVE, process->measures.values[MEASURE_HEAP_LIVE_BYTES]);
    add(service, FLEET_RESIDENT, resident_bytes);
}

static int compare_names(const void *left, const void *right) {
    return strcmp(((const struct fleet_service *)left)->name, ((const struct fleet_service *)right)->name);
}

// Names that differ in what a label cannot have are one.
static void join_names(struct fleet *made) {
    size_t kept = 0;
    qsort(made->services, made->count, sizeof *made->services, compare_names);
    for (size_t i = 0; i < made->count; i++) {
        struct fleet_service *one = &made->services[i], *last = kept > 0 ? &made->services[kept - 1] : NULL;
        if (!last || strcmp(last->name, one->name) != 0) {
            made->services[kept++] = *one;
            continue;
        }
        last->processes += one->processes;
        last->newest_ms = last->newest_ms > one->newest_ms ? last->newest_ms : one->newest_ms;
        for (int figure = 0; figure < FLEET_FIGURES; figure++) {
            last->sums[figure] += one->sums[figure];
            last->counts[figure] += one->counts[figure];
        }
        free(one->name);
    }
    made->count = kept;
}

static int compare_services(const void *left, const void *right) {
    const struct fleet_service *a = left, *b = right;
    return a->processes != b->processes ? (a->processes > b->processes ? -1 : 1) : strcmp(a->name, b->name);
}

static bool make(struct fleet *made, const struct fleet *before, struct store *store, const struct recent *recent) {
    made->services = calloc(recent->service_count + 1, sizeof *made->services);
    made->resident = calloc(recent->count + 1, sizeof *made->resident);
    if (!made->services || !made->resident) {
        return false;
    }
    for (; made->count < recent->service_count; made->count++) {
        char name[FLEET_NAME_BYTES];
        exposition_text(recent->services[made->count], name, sizeof name);
        if (!(made->services[made->count].name = strdup(name))) {
            return false;
        }
    }
    for (size_t i = 0; i < recent->count; i++) {
        const struct recent_process *process = &recent->processes[i];
        made->resident[i] = look_at(before, store, process);
        add_process(&made->services[process->service], process, made->resident[i].bytes);
    }
    made->resident_count = recent->count;
    qsort(made->resident, made->resident_count, sizeof *made->resident, compare_resident);
    join_names(made);
    qsort(made->services, made->count, sizeof *made->services, compare_services);
    for (; made->count > FLEET_MAX_SERVICES; made->left_out++) {
        free(made->services[--made->count].name);
    }
    made->processes = recent->count;
    made->processes_left_out = recent->processes_left_out;
    made->rows_left_out = recent->rows_left_out;
    return true;
}

enum receiver_error fleet_make(const struct fleet *before, struct store *store, int64_t now_ms, size_t max_uploads, struct fleet *made) {
    struct recent recent;
    *made = (struct fleet){.made_ms = now_ms};
    enum receiver_error error = catalog_recent(store_catalog(store), now_ms - FLEET_RECENT_MS, max_uploads, &recent);
    if (error != RECEIVER_OK) {
        return error;
    }
    bool ok = make(made, before, store, &recent);
    recent_free(&recent);
    if (!ok) {
        fleet_free(made);
    }
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}
