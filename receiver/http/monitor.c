// monitor.c: /metrics, /healthz, /readyz (monitor.h).
#include "monitor.h"
#include "../../merge/version.h"
#include "../base/counters.h"
#include "../base/process_figures.h"
#include "../index/catalog_recent.h"
#include "../store/health.h"
#include "reply.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_MS = 1000, HUNG_MS = 5000 };

static bool is(const char *path, const char *wanted) {
    return strcmp(path, wanted) == 0;
}

bool monitor_is_probe(const char *path) {
    return is(path, "/healthz") || is(path, "/readyz");
}

bool monitor_has(const char *path) {
    return monitor_is_probe(path) || is(path, "/metrics");
}

static enum monitor_phase phase_of(const struct monitor *monitor) {
    return (enum monitor_phase)atomic_load(&monitor->phase);
}

static bool is_due(const struct monitor *monitor, int64_t now_ms) {
    int64_t probed_ms = atomic_load(&monitor->probed_ms);
    return atomic_load(&monitor->probing_ms) == 0 && (probed_ms == 0 || now_ms - probed_ms >= PROBE_MS);
}

bool monitor_takes_time(const struct monitor *monitor, const char *path) {
    return !is(path, "/healthz") && phase_of(monitor) == MONITOR_RUNS && (is(path, "/metrics") || is_due(monitor, connections_now_ms()));
}

// ---- Metrics ----

static void write_uploads(struct counters *counters, struct exposition *out) {
    const char *requests = "cmemprof_receiver_upload_requests_total";
    exposition_one(out, "cmemprof_receiver_uploads_total", EXPOSITION_COUNTER, "Uploads that were stored.",
                   (double)counters_get(&counters->stored));
    exposition_family(out, requests, EXPOSITION_COUNTER, "Requests with uploads, by what became of them.");
    double other = 0;
    for (size_t i = 0; i < COUNTERS_OUTCOMES; i++) {
        const char *name = counters_outcome_name(i);
        double count = (double)counters_get(&counters->outcomes[i]);
        if (is(name, "other")) {
            other += count;
        } else {
            exposition_sample(out, requests, &(struct exposition_label){"outcome", name}, 1, count);
        }
    }
    exposition_sample(out, requests, &(struct exposition_label){"outcome", "other"}, 1, other);
    exposition_one(out, "cmemprof_receiver_body_bytes_total", EXPOSITION_COUNTER, "Bytes of all requests' bodies.",
                   (double)counters_get(&counters->body_bytes));
}

static void write_commits(struct counters *counters, struct exposition *out) {
    const char *name = "cmemprof_receiver_commit_seconds";
    uint64_t count = 0;
    exposition_family(out, name, EXPOSITION_HISTOGRAM, "Time from the end of an upload until it is on the disk and indexed.");
    for (size_t i = 0; i <= COUNTERS_BUCKETS; i++) {
        char bound[32] = "+Inf";
        if (i < COUNTERS_BUCKETS) {
            snprintf(bound, sizeof bound, "%g", counters_bucket_seconds[i]);
        }
        count += counters_get(&counters->commits[i]);
        exposition_sample(out, "cmemprof_receiver_commit_seconds_bucket", &(struct exposition_label){"le", bound}, 1, (double)count);
    }
    exposition_sample(out, "cmemprof_receiver_commit_seconds_sum", NULL, 0, (double)counters_get(&counters->commit_ns) / 1e9);
    exposition_sample(out, "cmemprof_receiver_commit_seconds_count", NULL, 0, (double)count);
}

static void write_queues(struct monitor *monitor, struct counters *counters, struct exposition *out) {
    const char *queue = "cmemprof_receiver_queue_length";
    exposition_family(
        out, queue, EXPOSITION_GAUGE,
        "What waits: uploads for their commit, requests for a thread that reads the index, one that reads profiles or one that answers "
        "/mcp.");
    const struct exposition_label commit = {"queue", "commit"}, index = {"queue", "index"}, views = {"queue", "views"},
                                  mcp = {"queue", "mcp"};
    exposition_sample(out, queue, &commit, 1, atomic_load(&counters->committing));
    exposition_sample(out, queue, &index, 1, (double)thread_pool_waiting(monitor->light));
    exposition_sample(out, queue, &views, 1, (double)thread_pool_waiting(monitor->heavy));
    if (monitor->answering) {
        exposition_sample(out, queue, &mcp, 1, (double)thread_pool_waiting(monitor->answering));
    }
    pthread_mutex_lock(&monitor->connections->lock);
    double count = (double)monitor->connections->count, max = (double)monitor->connections->max;
    pthread_mutex_unlock(&monitor->connections->lock);
    exposition_one(out, "cmemprof_receiver_connections", EXPOSITION_GAUGE, "Open connections.", count);
    exposition_one(out, "cmemprof_receiver_connections_limit", EXPOSITION_GAUGE, "Connections that there may be.", max);
}

static void write_memory(struct monitor *monitor, const struct catalog_size *size, struct exposition *out) {
    const struct merge_budget *views = &monitor->views->budget;
    exposition_one(out, "cmemprof_receiver_index_memory_bytes", EXPOSITION_GAUGE, "Memory of the index of uploads.",
                   (double)size->memory_bytes);
    exposition_one(out, "cmemprof_receiver_index_memory_limit_bytes", EXPOSITION_GAUGE, "What --index-memory allows.",
                   (double)monitor->limits.index_bytes);
    exposition_one(out, "cmemprof_receiver_view_memory_bytes", EXPOSITION_GAUGE, "Memory of the views that are being made.",
                   (double)__atomic_load_n(&views->used_bytes, __ATOMIC_RELAXED));
    exposition_one(out, "cmemprof_receiver_view_memory_limit_bytes", EXPOSITION_GAUGE, "What --view-memory allows.",
                   (double)views->limit_bytes);
    exposition_one(out, "cmemprof_receiver_mcp_memory_bytes", EXPOSITION_GAUGE, "Memory of the profiles that answers of /mcp are made of.",
                   (double)__atomic_load_n(&monitor->answers->used_bytes, __ATOMIC_RELAXED));
    exposition_one(out, "cmemprof_receiver_mcp_memory_limit_bytes", EXPOSITION_GAUGE, "As much as --view-memory allows, beside it.",
                   (double)monitor->answers->limit_bytes);
}

static void write_storage(struct monitor *monitor, const struct catalog_size *size, struct exposition *out) {
    struct health_disk disk;
    health_disk(monitor->store, &disk);
    exposition_one(out, "cmemprof_receiver_stored_uploads", EXPOSITION_GAUGE, "Uploads in the data directory.", (double)size->uploads);
    exposition_one(out, "cmemprof_receiver_storage_bytes", EXPOSITION_GAUGE, "What they take on the disk.", (double)size->disk_bytes);
    exposition_one(out, "cmemprof_receiver_storage_limit_bytes", EXPOSITION_GAUGE, "What --retention allows; +Inf: any size.",
                   monitor->limits.retention_bytes ? (double)monitor->limits.retention_bytes : HUGE_VAL);
    exposition_one(out, "cmemprof_receiver_retention_seconds", EXPOSITION_GAUGE, "The age to which uploads are kept; +Inf: any.",
                   monitor->limits.retention_ms ? (double)monitor->limits.retention_ms / 1000 : HUGE_VAL);
    exposition_one(out, "cmemprof_receiver_disk_free_bytes", EXPOSITION_GAUGE, "Free on the disk of the data directory.",
                   (double)disk.free_bytes);
    const char *database = "cmemprof_receiver_database_bytes";
    exposition_family(out, database, EXPOSITION_GAUGE, "What the databases beside the uploads take on the disk.");
    const struct exposition_label index = {"database", "index"}, figures = {"database", "figures"}, rollups = {"database", "rollups"};
    exposition_sample(out, database, &index, 1, (double)disk.index_bytes);
    exposition_sample(out, database, &figures, 1, (double)disk.figures_bytes);
    exposition_sample(out, database, &rollups, 1, (double)disk.rollups_bytes);
    const char *arrived = "cmemprof_receiver_upload_timestamp_seconds";
    exposition_family(out, arrived, EXPOSITION_GAUGE, "When the oldest and the newest stored upload arrived.");
    if (size->uploads > 0) {
        exposition_sample(out, arrived, &(struct exposition_label){"upload", "oldest"}, 1, (double)size->oldest_ms / 1000);
        exposition_sample(out, arrived, &(struct exposition_label){"upload", "newest"}, 1, (double)size->newest_ms / 1000);
    }
}

static void write_all(struct monitor *monitor, struct exposition *out) {
    struct counters *counters = store_counters(monitor->store);
    struct catalog_size size;
    catalog_size(store_catalog(monitor->store), &size);
    exposition_family(out, "cmemprof_build_info", EXPOSITION_GAUGE, "The version, as a label.");
    exposition_sample(out, "cmemprof_build_info", &(struct exposition_label){"version", CMEMPROF_VERSION}, 1, 1);
    write_uploads(counters, out);
    write_commits(counters, out);
    write_queues(monitor, counters, out);
    write_storage(monitor, &size, out);
    write_memory(monitor, &size, out);
    if (monitor->tls) {
        exposition_one(out, "cmemprof_receiver_certificate_expiry_timestamp_seconds", EXPOSITION_GAUGE, "When the certificate expires.",
                       (double)tls_expires_at(monitor->tls));
    }
    lookout_write(monitor->lookout, out);
    relays_write(monitor->relays, out);
    process_figures_write(out);
    exposition_end(out);
}

static enum MHD_Result answer_metrics(struct monitor *monitor, struct MHD_Connection *connection) {
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    struct exposition out = {.is_open_metrics = exposition_wants_open_metrics(accept)};
    char *bytes = NULL;
    size_t size = 0;
    out.out = open_memstream(&bytes, &size);
    bool ok = out.out;
    if (ok) {
        write_all(monitor, &out);
        ok = !ferror(out.out);
        ok = fclose(out.out) == 0 && ok;
    }
    if (!ok) {
        free(bytes);
        return reply_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
    }
    struct json text = {.bytes = bytes, .size = size, .capacity = size};
    return reply_compressed(connection, &text, exposition_content_type(out.is_open_metrics));
}

// ---- Probes ----

// Anybody may ask, and a disk that hangs keeps who asks it: one thread at most.
enum monitor_disk monitor_probe(struct monitor *monitor, int64_t now_ms, bool may_wait, enum receiver_error *answer) {
    long long begun_ms = 0;
    if (may_wait && is_due(monitor, now_ms) && atomic_compare_exchange_strong(&monitor->probing_ms, &begun_ms, now_ms)) {
        atomic_store(&monitor->probed, health_probe(monitor->store));
        atomic_store(&monitor->probed_ms, connections_now_ms());
        atomic_store(&monitor->probing_ms, 0);
    }
    begun_ms = atomic_load(&monitor->probing_ms);
    *answer = (enum receiver_error)atomic_load(&monitor->probed);
    return begun_ms != 0 && now_ms - begun_ms >= HUNG_MS ? MONITOR_DISK_HANGS : MONITOR_DISK_ANSWERS;
}

static enum MHD_Result answer_ready(struct monitor *monitor, struct MHD_Connection *connection, bool may_wait) {
    enum monitor_phase phase = phase_of(monitor);
    enum receiver_error error = RECEIVER_OK;
    bool hangs = phase == MONITOR_RUNS && monitor_probe(monitor, connections_now_ms(), may_wait, &error) == MONITOR_DISK_HANGS;
    const char *reason = phase == MONITOR_STARTS  ? "the index is being read"
                         : phase == MONITOR_STOPS ? "the receiver stops"
                         : hangs                  ? "the disk does not answer"
                         : error != RECEIVER_OK   ? receiver_error_text(error)
                                                  : NULL;
    return reply_text(connection, reason ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK, reason ? reason : "ready", NULL);
}

enum MHD_Result monitor_answer(struct monitor *monitor, struct MHD_Connection *connection, const char *path, bool may_wait) {
    if (is(path, "/healthz")) {
        return reply_text(connection, MHD_HTTP_OK, "ok", NULL);
    }
    if (is(path, "/readyz")) {
        return answer_ready(monitor, connection, may_wait);
    }
    return phase_of(monitor) == MONITOR_RUNS
               ? answer_metrics(monitor, connection)
               : reply_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, receiver_error_text(RECEIVER_BUSY), NULL);
}
