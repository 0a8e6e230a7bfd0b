// maintenance.c: the store's background thread: retention, and the measures of new uploads (store_directory.h).
//
// Measures are computed after the reply: their 1 ms is more than the upload itself takes. If uploads come faster, it falls behind and
// catches up later. The index knows what is left to do, also after a restart.
#include "../../base/clock.h"
#include "clock_steps.h"
#include "disk_reserve.h"
#include "store_directory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_SECONDS = 20,   // max delay of the removal by age
    REMOVE_AT_ONCE = 64, // uploads per transaction
    NICENESS = 10,       // below uploads and views
};

struct maintenance {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken; // guarded by lock
    struct clock_steps clock_steps;
    atomic_bool stopping;
};

// First out of uploads/, as a whole: after a crash, the next start removes the rest, and no upload lacks files.
static void remove_upload(struct store *store, int64_t id) {
    char name[24], below_incoming[24];
    snprintf(name, sizeof name, "%" PRId64, id);
    snprintf(below_incoming, sizeof below_incoming, "%016" PRIx64, (uint64_t)id);
    bool moved = renameat(store->uploads, name, store->incoming, below_incoming) == 0;
    store_remove_directory(moved ? store->incoming : store->uploads, moved ? below_incoming : name);
}

static int64_t boot_ms(void) {
    return (int64_t)(clock_ns(CLOCK_BOOTTIME) / 1000000);
}

static void retain(struct maintenance *maintenance) {
    struct store *store = maintenance->store;
    const struct store_options *options = &store->options;
    struct retention retention = {.received_before_ms = INT64_MIN,
                                  .now_ms = store_now_ms(),
                                  .size_bytes = options->retention_bytes ? options->retention_bytes : UINT64_MAX};
    int64_t ids[REMOVE_AT_ONCE];
    bool is_settled = clock_steps_settled(&maintenance->clock_steps, retention.now_ms, boot_ms(), catalog_newest_ms(store->catalog));
    if (options->retention_ms && is_settled) {
        retention.received_before_ms = retention.now_ms - options->retention_ms;
    }
    size_t count = REMOVE_AT_ONCE;
    while (count == REMOVE_AT_ONCE && !atomic_load(&maintenance->stopping)) {
        pthread_mutex_lock(&store->uploads_lock);
        count = catalog_remove_oldest(store->catalog, &retention, ids, REMOVE_AT_ONCE);
        for (size_t i = 0; i < count; i++) {
            remove_upload(store, ids[i]);
        }
        pthread_mutex_unlock(&store->uploads_lock);
    }
}

// ---- Measures ----

struct measuring {
    struct store *store;
    struct measures measures;
};

static bool measure(void *context, const struct catalog_upload *upload) {
    struct measuring *measuring = context;
    int directory;
    measures_clear(&measuring->measures);
    if (store_open_upload(measuring->store, upload->id, &directory) == RECEIVER_OK) {
        const struct measured_upload measured = {.id = upload->id,
                                                 .directory = directory,
                                                 .seconds = (double)(upload->end_ms - upload->start_ms) / 1000,
                                                 .conversions = store_conversions(measuring->store)};
        measures_of_upload(&measured, upload->attachments, upload->attachment_count, &measuring->measures);
        close(directory);
    }
    return false;
}

// Returns false if nothing is left to measure, or the result cannot be stored.
static bool measure_one(struct store *store) {
    int64_t id = catalog_unmeasured(store->catalog);
    if (id == 0) {
        return false;
    }
    struct measuring measuring = {.store = store};
    struct selection selection;
    selection_init(&selection);
    selection.ids = &id;
    selection.id_count = 1;
    measures_clear(&measuring.measures);
    return catalog_select(store->catalog, &selection, 1, measure, &measuring, NULL) == RECEIVER_OK &&
           catalog_set_measures(store->catalog, id, &measuring.measures) == RECEIVER_OK;
}

// ---- Thread ----

// Until there is work, or a tick has passed.
static void wait_for_work(struct maintenance *maintenance) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TICK_SECONDS;
    pthread_mutex_lock(&maintenance->lock);
    while (!maintenance->woken && !atomic_load(&maintenance->stopping)) {
        if (pthread_cond_timedwait(&maintenance->wake, &maintenance->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
    maintenance->woken = false;
    pthread_mutex_unlock(&maintenance->lock);
}

static void *run(void *state) {
    struct maintenance *maintenance = state;
    // On Linux each thread has its own niceness. A failure only makes it less polite.
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
    while (!atomic_load(&maintenance->stopping)) {
        retain(maintenance);
        disk_reserve_keep(maintenance->store->directory);
        for (int i = 0; i < REMOVE_AT_ONCE && !atomic_load(&maintenance->stopping); i++) {
            if (!measure_one(maintenance->store)) {
                wait_for_work(maintenance);
                break;
            }
        }
    }
    return NULL;
}

struct maintenance *maintenance_start(struct store *store) {
    struct maintenance *maintenance = calloc(1, sizeof *maintenance);
    if (!maintenance) {
        return NULL;
    }
    maintenance->store = store;
    store->maintenance = maintenance; // for those that its thread wakes
    pthread_mutex_init(&maintenance->lock, NULL);
    pthread_cond_init(&maintenance->wake, NULL);
    if (pthread_create(&maintenance->thread, NULL, run, maintenance) != 0) {
        free(maintenance);
        return store->maintenance = NULL;
    }
    return maintenance;
}

void maintenance_wake(struct maintenance *maintenance) {
    pthread_mutex_lock(&maintenance->lock);
    maintenance->woken = true;
    pthread_cond_signal(&maintenance->wake);
    pthread_mutex_unlock(&maintenance->lock);
}

void maintenance_stop(struct maintenance *maintenance) {
    if (maintenance && !atomic_exchange(&maintenance->stopping, true)) {
        maintenance_wake(maintenance);
        pthread_join(maintenance->thread, NULL);
    }
}

void maintenance_free(struct maintenance *maintenance) {
    if (maintenance) {
        maintenance_stop(maintenance);
        pthread_cond_destroy(&maintenance->wake);
        pthread_mutex_destroy(&maintenance->lock);
        free(maintenance);
    }
}
