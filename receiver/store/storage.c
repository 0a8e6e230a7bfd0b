// storage.c: what uploads take, and which limit is near (storage.h).
#include "storage.h"
#include "../index/catalog_recent.h"
#include "health.h"
#include "marked_uploads.h"
#include "store_directory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_UPLOADS = 20, SETTLED_MS = 10 * 1000 };
static const double near_share = 0.8;

// ---- How many come ----

void storage_load_init(struct storage_load *load) {
    *load = (struct storage_load){0};
    pthread_mutex_init(&load->lock, NULL);
}

void storage_load_destroy(struct storage_load *load) {
    pthread_mutex_destroy(&load->lock);
}

void storage_load_note(struct storage_load *load, struct storage_note note) {
    pthread_mutex_lock(&load->lock);
    if (load->count == 0 || note.now_ms - load->notes[(load->count - 1) % STORAGE_NOTES].now_ms >= STORAGE_NOTE_MS) {
        load->notes[load->count++ % STORAGE_NOTES] = note;
    }
    pthread_mutex_unlock(&load->lock);
}

struct storage_rate storage_load_rate(struct storage_load *load, struct storage_note now) {
    struct storage_rate rate = {NAN, NAN, now.stored >= FEW_UPLOADS ? (double)now.stored / ((double)now.busy_ns / 1e9) : NAN};
    pthread_mutex_lock(&load->lock);
    size_t kept = load->count < STORAGE_NOTES ? load->count : STORAGE_NOTES;
    struct storage_note oldest = kept ? load->notes[(load->count - kept) % STORAGE_NOTES] : now;
    pthread_mutex_unlock(&load->lock);
    double seconds = (double)(now.now_ms - oldest.now_ms) / 1000;
    if (seconds * 1000 >= SETTLED_MS) {
        rate.per_second = (double)(now.stored - oldest.stored) / seconds;
        rate.busy = (double)(now.busy_ns - oldest.busy_ns) / 1e9 / seconds;
    }
    return rate;
}

// ---- What is near ----

static bool is_near(double part, double whole) {
    return whole > 0 && part >= near_share * whole;
}

unsigned storage_near(const struct storage_state *state) {
    double bytes = (double)state->bytes, limit = state->limit_bytes ? (double)state->limit_bytes : INFINITY,
           disk = bytes + (double)state->free_bytes;
    bool has_age = state->oldest_ms && state->now_ms - state->oldest_ms >= (double)state->retention_ms * 0.95;
    unsigned near = 0;
    near |= state->retention_ms && !has_age && limit <= disk && is_near(bytes, limit) ? STORAGE_NEAR_RETENTION : 0;
    near |= disk < limit && is_near(bytes, disk) ? STORAGE_NEAR_DISK : 0;
    near |= is_near((double)state->index_bytes, (double)state->index_limit_bytes) ? STORAGE_NEAR_INDEX : 0;
    near |= state->rate.busy >= near_share ? STORAGE_NEAR_UPLOADS : 0;
    near |= state->limit_bytes && is_near((double)state->pinned_bytes, limit / MARKED_PINS_SHARE) ? STORAGE_NEAR_PINS : 0;
    return near;
}

// ---- All ----

static struct storage_note note_of(struct store *store, int64_t now_ms) {
    return (struct storage_note){now_ms, counters_get(&store->counters.stored), counters_get(&store->counters.storing_ns)};
}

void storage_tick(struct store *store, int64_t now_ms) {
    storage_load_note(&store->load, note_of(store, now_ms));
}

static void put(struct json *json, const char *key, double value) {
    json_key(json, key);
    json_real(json, value);
}

// 0: null.
static void put_whole(struct json *json, const char *key, uint64_t value) {
    json_key(json, key);
    if (value > 0) {
        json_number(json, (int64_t)value);
    } else {
        json_real(json, NAN);
    }
}

static void put_near(struct json *json, unsigned near) {
    static const char *const names[] = {"retention", "disk", "index_memory", "uploads_per_second", "pins"};
    json_key(json, "near");
    json_array_begin(json);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (near & 1u << i) {
            json_text(json, names[i]);
        }
    }
    json_array_end(json);
}

void storage_describe(struct store *store, int64_t now_ms, struct json *json) {
    struct catalog_size size;
    struct health_disk disk;
    const struct store_options *options = &store->options;
    struct catalog_pins pins;
    catalog_size(store->catalog, &size);
    catalog_pinned(store->catalog, &pins);
    free(pins.ids);
    health_disk(store, &disk);
    struct storage_state state = {.bytes = size.disk_bytes,
                                  .limit_bytes = options->retention_bytes,
                                  .free_bytes = disk.free_bytes,
                                  .pinned_bytes = pins.bytes,
                                  .oldest_ms = size.oldest_free_ms,
                                  .now_ms = store_now_ms(),
                                  .retention_ms = options->retention_ms,
                                  .index_bytes = size.memory_bytes,
                                  .index_limit_bytes = options->index_bytes,
                                  .rate = storage_load_rate(&store->load, note_of(store, now_ms))};
    json_object_begin(json);
    catalog_describe_all(store->catalog, json);
    put_whole(json, "limit_bytes", state.limit_bytes);
    put_whole(json, "retention_ms", (uint64_t)state.retention_ms);
    put_whole(json, "oldest_ms", (uint64_t)size.oldest_ms);
    put_whole(json, "newest_ms", (uint64_t)size.newest_ms);
    json_member_number(json, "pinned", (int64_t)pins.count);
    json_member_number(json, "pinned_bytes", (int64_t)pins.bytes);
    json_key(json, "disk_free_bytes");
    json_number(json, (int64_t)disk.free_bytes);
    put_whole(json, "databases_bytes", disk.index_bytes + disk.figures_bytes + disk.rollups_bytes);
    put_whole(json, "index_memory_bytes", state.index_bytes);
    put_whole(json, "index_memory_limit_bytes", state.index_limit_bytes);
    put(json, "uploads_per_second", state.rate.per_second);
    put(json, "uploads_per_second_possible", state.rate.possible);
    put(json, "storing_share", state.rate.busy);
    put_near(json, storage_near(&state));
    json_key(json, "notebook_was_damaged");
    json_bool(json, *store->lost);
    packs_describe(&store->packs, json);
    json_object_end(json);
}
