// maintenance.c: the store's background thread: retention, and the measures and figures of new uploads (store_directory.h).
//
// They are read after the reply: their 1 ms is more than the upload itself takes. If uploads come faster, it falls behind and catches up
// later. The index and the database of figures know what is left to do, also after a restart.
#include "../../base/clock.h"
#include "clock_steps.h"
#include "disk_reserve.h"
#include "marked_uploads.h"
#include "notebook.h"
#include "store_directory.h"
#include "stored_upload.h"

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
    struct figures_reader *reader; // NULL: no memory, or not needed yet
    uint64_t generation;           // of the figures that the catalog knows of
    atomic_bool stopping;
};

static int64_t boot_ms(void) {
    return (int64_t)(clock_ns(CLOCK_BOOTTIME) / 1000000);
}

static void remove_figures(struct store *store) {
    struct catalog_pins pins;
    if (catalog_pinned(store->catalog, &pins) == RECEIVER_OK) {
        figures_store_remove_before(store->figures, catalog_oldest(store->catalog), pins.ids, pins.count);
        free(pins.ids);
    }
}

static void retain(struct maintenance *maintenance) {
    struct store *store = maintenance->store;
    const struct store_options *options = &store->options;
    struct retention retention = {.received_before_ms = INT64_MIN,
                                  .now_ms = store_now_ms(),
                                  .size_bytes = options->retention_bytes ? options->retention_bytes : UINT64_MAX};
    int64_t ids[REMOVE_AT_ONCE];
    bool is_settled = clock_steps_settled(&maintenance->clock_steps, retention.now_ms, boot_ms(), catalog_newest_ms(store->catalog));
    if (options->retention_ms && is_settled && !*store->lost) {
        retention.received_before_ms = retention.now_ms - options->retention_ms;
        notebook_forget_annotations(store->notebook, retention.received_before_ms);
    }
    size_t count = REMOVE_AT_ONCE;
    while (count == REMOVE_AT_ONCE && !atomic_load(&maintenance->stopping)) {
        pthread_mutex_lock(&store->uploads_lock);
        count = catalog_remove_oldest(store->catalog, &retention, ids, REMOVE_AT_ONCE);
        for (size_t i = 0; i < count; i++) {
            store_remove_upload_directory(store, ids[i]);
            packs_remove(&store->packs, ids[i], false);
        }
        marked_uploads_forget(store, ids, count);
        pthread_mutex_unlock(&store->uploads_lock);
        if (count > 0) {
            remove_figures(store);
        }
    }
}

// ---- Figures ----

static void know(void *store, const int64_t *ids, size_t count) {
    catalog_set_figured(((struct store *)store)->catalog, ids, count);
}

// At the start, behind a repair of the index, and when the database of figures has lost them.
static void know_figures(struct maintenance *maintenance) {
    struct store *store = maintenance->store;
    uint64_t generation = figures_store_generation(store->figures);
    if (!atomic_exchange(&store->figures_known, true) || generation != maintenance->generation) {
        maintenance->generation = generation;
        catalog_forget_figures(store->catalog);
        figures_store_ids(store->figures, know, store);
        catalog_settle_figures(store->catalog);
    }
}

// Figures that cannot be read now are left to those who ask for them. Returns false if they cannot be kept.
static bool keep_figures(struct maintenance *maintenance, const struct measured_upload *measured, const struct catalog_upload *upload) {
    struct store *store = maintenance->store;
    struct figures *figures = malloc(sizeof *figures);
    maintenance->reader = maintenance->reader ? maintenance->reader : figures_reader_new();
    enum receiver_error error = figures && maintenance->reader ? RECEIVER_OK : RECEIVER_NO_MEMORY, kept = RECEIVER_OK;
    if (error == RECEIVER_OK) {
        error = figures_of_upload(maintenance->reader, measured, upload->attachments, upload->attachment_count, figures);
    }
    if (error == RECEIVER_OK) {
        uint32_t fingerprint = figures_fingerprint(upload->process, upload->start_ms, upload->end_ms);
        kept = figures_store_put(store->figures, upload->process, upload->id, fingerprint, figures);
        if (!catalog_has(store->catalog, upload->id)) { // removed meanwhile, by whom its figures were to go too
            figures_store_remove(store->figures, upload->process, upload->id);
        }
    }
    free(figures);
    if (kept == RECEIVER_OK) {
        catalog_set_figured(store->catalog, &upload->id, 1);
    }
    return kept == RECEIVER_OK;
}

// ---- Uploads ----

struct reading {
    struct maintenance *maintenance;
    struct measures measures;
    bool measured, figured; // in: what is known of the upload
    bool failed;
};

static bool read_upload(void *context, const struct catalog_upload *upload) {
    struct reading *reading = context;
    struct stored_upload files;
    measures_clear(&reading->measures);
    if (stored_open(reading->maintenance->store, upload->id, &files) != RECEIVER_OK) {
        catalog_set_figured(reading->maintenance->store->catalog, &upload->id, 1); // there is nothing to keep
        return false;
    }
    const struct measured_upload measured = {.id = upload->id,
                                             .open = stored_measured,
                                             .files = &files,
                                             .seconds = (double)(upload->end_ms - upload->start_ms) / 1000,
                                             .conversions = store_conversions(reading->maintenance->store)};
    if (!reading->measured) {
        measures_of_upload(&measured, upload->attachments, upload->attachment_count, &reading->measures);
    }
    reading->failed = !reading->figured && !keep_figures(reading->maintenance, &measured, upload);
    stored_close(&files);
    return false;
}

// Measures first, then figures. Returns false if nothing is left to read, or a result cannot be stored.
static bool read_one(struct maintenance *maintenance) {
    struct catalog *catalog = maintenance->store->catalog;
    know_figures(maintenance);
    int64_t unmeasured = catalog_unmeasured(catalog), id = unmeasured ? unmeasured : catalog_unfigured(catalog);
    if (id == 0) {
        return false;
    }
    struct reading reading = {.maintenance = maintenance, .measured = !unmeasured, .figured = catalog_is_figured(catalog, id)};
    measures_clear(&reading.measures);
    enum receiver_error error = catalog_visit(catalog, id, read_upload, &reading);
    error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error; // retention has just removed it
    if (error == RECEIVER_OK && unmeasured) {
        error = catalog_set_measures(catalog, id, &reading.measures);
    }
    return error == RECEIVER_OK && (unmeasured || !reading.failed);
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
            if (!read_one(maintenance)) {
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
        figures_reader_free(maintenance->reader);
        free(maintenance);
    }
}
