// run_agent.c: makes batches of profile files (run_agent.h). run_sender.c sends them.
#include "run_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../base/instance_id.h"
#include "../../merge/merge.h"
#include "../../merge/version.h"
#include "../base/text.h"
#include "run_body.h"
#include "run_options.h"
#include "run_sender.h"

// State of one profiled process.
struct process {
    struct process *next;
    long pid;
    int64_t start_ns, last_ns; // last: start of the next batch
    bool told;                 // a profile was made; later losses are not made up for (delta_options.tells_once)
    uint64_t batches;
    struct delta *delta;
    char runtime_id[INSTANCE_ID_BYTES];
    bool is_python;
    char python[16]; // its version; "": not known
};

static const char *const beside_names[RUN_BESIDES] = {"peak.pprof", "memory.pprof", "cpu.pprof"};

struct batch {
    const char *name; // of the attachment
    uint8_t *bytes;   // malloc'ed, like the event
    size_t size;
    uint8_t *besides[RUN_BESIDES]; // NULL: none
    size_t beside_sizes[RUN_BESIDES];
    char *event;
    size_t event_size;
};

struct run_agent {
    struct run_sender *sender;
    struct process *processes;
    const struct run_otlp *otlp; // NULL: none
    const char *service, *seed;
    bool is_delta, reports_pid, reports_paths;
    char host[256]; // "": not sent
    uint64_t failed;
    char text[300];
};

// ---- Processes ----

static struct process *process_of(struct run_agent *agent, const struct run_file *file) {
    static const char *const types[] = {"alloc_objects", "alloc_space"};
    for (struct process *process = agent->processes; process; process = process->next) {
        if (process->pid == file->pid && process->start_ns == file->start_ns) {
            return process;
        }
    }
    struct process *process = calloc(1, sizeof *process);
    if (process) {
        *process = (struct process){.next = agent->processes, .pid = file->pid, .start_ns = file->start_ns, .last_ns = file->start_ns};
        process->delta =
            agent->is_delta ? delta_new_with(&(struct delta_options){.types = types, .type_count = 2, .tells_once = true}) : NULL;
        char name[64];
        snprintf(name, sizeof name, "%ld-%lld", file->pid, (long long)file->start_ns); // as its files are named
        instance_id(agent->seed, name, process->runtime_id);
        agent->processes = process;
    }
    return process;
}

static void forget(struct run_agent *agent, struct process *gone) {
    for (struct process **at = &agent->processes; *at; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            delta_free(gone->delta);
            free(gone);
            return;
        }
    }
}

// ---- A batch ----

static void put_json(const char *text, FILE *out) {
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < ' ') {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
}

// Readers split tags at commas, and a key from its value at a colon, and neither can be escaped.
static void put_part(const struct run_agent *agent, const char *part, bool is_key, FILE *out) {
    char *text = strdup(part);
    if (text) {
        text_replace(text, RUN_BODY_COMMA, '_');
        text_replace(text, RUN_BODY_COLON, '_');
        text_replace(text, ',', agent->otlp ? RUN_BODY_COMMA : '_');
        if (is_key) {
            text_replace(text, ':', agent->otlp ? RUN_BODY_COLON : '_');
        }
        put_json(text, out);
        free(text);
    }
}

static void put_tag(const struct run_agent *agent, const char *key, const char *value, FILE *out) {
    if (value && value[0] != '\0') {
        fputc(',', out);
        put_part(agent, key, true, out);
        fputc(':', out);
        put_part(agent, value, false, out);
    }
}

// Unless OTEL_RESOURCE_ATTRIBUTES has it.
static void put_own(const struct run_agent *agent, const char *key, const char *value, FILE *out) {
    if (!agent->otlp || !run_otlp_value(agent->otlp, key)) {
        put_tag(agent, key, value, out);
    }
}

static void put_time(int64_t time_ns, FILE *out) {
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm utc;
    char text[32];
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    fprintf(out, "%s.%09dZ", text, (int)(time_ns % 1000000000));
}

#ifdef __aarch64__
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE "amd64"
#endif

// Those of a variable: as in dd-trace-go, separated by commas if there are any, else by spaces.
static void put_tags_of(const char *variable, FILE *out) {
    const char *tags = getenv(variable);
    if (!tags || tags[0] == '\0') {
        return;
    }
    bool commas = strchr(tags, ',');
    char *text = strdup(tags), *rest = text;
    for (char *tag; text && (tag = strtok_r(rest, commas ? "," : " ", &rest));) {
        fputc(',', out);
        put_json(tag + strspn(tag, " "), out);
    }
    free(text);
}

static const char native[] = "native";

// As ddtrace names it; anything else is told by its code, not by its interpreter.
static const char *language_of(const struct process *process) {
    return process->is_python ? "python" : native;
}

static void put_tags(const struct run_agent *agent, const struct process *process, FILE *out) {
    const char *env = getenv("DD_ENV");
    char pid[24];
    snprintf(pid, sizeof pid, "%ld", process->pid);
    fputs("profiler_version:" CMEMPROF_VERSION ",runtime_arch:" ARCHITECTURE ",runtime_os:linux", out);
    put_own(agent, "runtime-id", process->runtime_id, out);
    put_own(agent, "process_id", agent->reports_pid ? pid : NULL, out);
    put_own(agent, "version", getenv("DD_VERSION"), out);
    put_tags_of("DD_TAGS", out);
    put_tags_of("DD_PROFILING_TAGS", out);
    put_own(agent, "service", agent->service, out);
    put_own(agent, "env", env && env[0] != '\0' ? env : "none", out);
    fprintf(out, ",profile_seq:%llu", (unsigned long long)process->batches);
    put_own(agent, "host", agent->host, out);
    put_own(agent, "runtime", process->is_python ? "CPython" : native, out);
    put_own(agent, "runtime_version", process->python, out);
    put_own(agent, "language", language_of(process), out);
    for (size_t i = 0; agent->otlp && i < agent->otlp->tag_count; i++) {
        put_tag(agent, agent->otlp->tags[i].tag, agent->otlp->tags[i].value, out);
    }
}

// Returns event.json, which the caller frees, or NULL without memory.
static char *make_event(const struct run_agent *agent, const struct process *process, int64_t end_ns, const struct batch *batch,
                        size_t *size) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out) {
        return NULL;
    }
    fputs("{\"start\":\"", out);
    put_time(process->last_ns, out);
    fputs("\",\"end\":\"", out);
    put_time(end_ns, out);
    fprintf(out, "\",\"attachments\":[\"%s\"", batch->name);
    for (size_t i = 0; i < RUN_BESIDES; i++) {
        if (batch->besides[i]) {
            fprintf(out, ",\"%s\"", beside_names[i]);
        }
    }
    fputs("],\"tags_profiler\":\"", out);
    put_tags(agent, process, out);
    fprintf(out, "\",\"family\":\"%s\",\"version\":\"4\"}", language_of(process));
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static struct profile *new_profile(const struct run_agent *agent) {
    struct profile *profile = profile_new();
    if (profile && !agent->reports_paths) {
        profile_cut_paths(profile, NULL, 0);
    }
    return profile;
}

// bytes: those of the profile, whose paths may be whole.
static enum merge_error next_delta(const struct run_agent *agent, struct delta *delta, struct profile *profile, const void *bytes,
                                   size_t size, struct batch *batch, struct merge_fault *fault) {
    uint8_t *cut = NULL;
    if (!agent->reports_paths) {
        enum merge_error error = profile_encode(profile, MERGE_RAW, &cut, &size);
        if (error != MERGE_OK) {
            return error;
        }
        bytes = cut;
    }
    enum merge_error error = delta_next(delta, bytes, size, MERGE_GZIP, &batch->bytes, &batch->size, fault);
    free(cut);
    return error;
}

static void note_interpreter(struct process *process, const struct profile *profile) {
    const char *version = profile_comment_after(profile, "cmemprof: python=");
    if (version) {
        process->is_python = true;
        snprintf(process->python, sizeof process->python, "%s", version);
    }
}

// Compresses the profile; with is_delta, alloc_* become differences to the previous batch.
static enum merge_error make_attachment(struct run_agent *agent, struct process *process, const void *bytes, size_t size,
                                        struct batch *batch, int64_t *time_ns) {
    struct merge_fault fault = {0};
    struct profile *profile = new_profile(agent);
    enum merge_error error = profile ? profile_decode(profile, bytes, size, NULL, NULL, &fault) : MERGE_NO_MEMORY;
    *time_ns = error == MERGE_OK ? profile_time_ns(profile) : 0;
    if (error == MERGE_OK) {
        note_interpreter(process, profile);
        error = !process->delta ? profile_encode(profile, MERGE_GZIP, &batch->bytes, &batch->size)
                                : next_delta(agent, process->delta, profile, bytes, size, batch, &fault);
    }
    profile_free(profile);
    if (error != MERGE_OK) {
        snprintf(agent->text, sizeof agent->text, "a profile of process %ld: %s %s", process->pid, merge_error_text(error), fault.text);
    }
    return error;
}

// Compressed. A batch goes without it if it cannot be read: the process was replacing it.
static void add_beside(const struct run_agent *agent, struct batch *batch, enum run_beside what, const void *bytes, size_t size) {
    struct merge_fault fault;
    struct profile *profile = bytes ? new_profile(agent) : NULL;
    if (profile && profile_decode(profile, bytes, size, NULL, NULL, &fault) == MERGE_OK && profile_sample_count(profile) > 0 &&
        profile_encode(profile, MERGE_GZIP, &batch->besides[what], &batch->beside_sizes[what]) != MERGE_OK) {
        batch->besides[what] = NULL;
    }
    profile_free(profile);
}

static bool add(struct run_agent *agent, const struct batch *batch) {
    struct upload_attachment attachments[1 + RUN_BESIDES] = {{batch->name, batch->bytes, batch->size}};
    size_t count = 1;
    for (size_t i = 0; i < RUN_BESIDES; i++) {
        if (batch->besides[i]) {
            attachments[count++] = (struct upload_attachment){beside_names[i], batch->besides[i], batch->beside_sizes[i]};
        }
    }
    const struct upload_request request = {
        .attachments = attachments, .attachment_count = count, .event = batch->event, .event_size = batch->event_size};
    return run_sender_add(agent->sender, &request);
}

static void add_profile(struct run_agent *agent, struct process *process, struct batch batch, const void *bytes, size_t size) {
    int64_t time_ns;
    bool made = make_attachment(agent, process, bytes, size, &batch, &time_ns) == MERGE_OK;
    process->told |= made;
    batch.event = made ? make_event(agent, process, time_ns, &batch, &batch.event_size) : NULL;
    if (batch.event && add(agent, &batch)) {
        process->batches++;
    } else {
        agent->failed++;
    }
    if (process->told && time_ns != 0) { // otherwise the next batch covers this period as well
        process->last_ns = time_ns;
    }
    free(batch.event);
    free(batch.bytes);
    for (size_t i = 0; i < RUN_BESIDES; i++) {
        free(batch.besides[i]);
    }
}

void run_agent_add(struct run_agent *agent, const struct run_file *file, const void *bytes, size_t size,
                   const struct run_beside_bytes besides[RUN_BESIDES]) {
    struct process *process = process_of(agent, file);
    if (!process || (agent->is_delta && !process->delta)) {
        agent->failed++;
        return;
    }
    struct batch batch = {.name = agent->is_delta ? "delta-heap.pprof" : "heap.pprof"};
    for (size_t i = 0; i < RUN_BESIDES; i++) {
        add_beside(agent, &batch, (enum run_beside)i, besides[i].bytes, besides[i].size);
    }
    add_profile(agent, process, batch, bytes, size);
    if (strcmp(file->reason, "exit") == 0 || strcmp(file->reason, "termination") == 0) {
        forget(agent, process);
    }
}

size_t run_agent_take(struct run_agent *agent, struct run_directory *directory) {
    size_t taken = 0;
    run_directory_list(directory);
    for (size_t i = 0; i < directory->count; i++) {
        struct run_file *file = &directory->files[i];
        bool is_asked = run_directory_is_asked(directory, file);
        if (is_asked) {
            run_directory_mark_seen(directory, file);
        }
        if (is_asked || run_directory_is_seen(file)) { // for top, which reads it; the next one has all of it
            if (!is_asked && !run_directory_is_newest(directory, i)) {
                run_directory_remove(directory, file);
            }
            continue;
        }
        size_t size;
        uint8_t *bytes = run_directory_read(directory, file, &size);
        if (bytes) {
            struct run_beside_bytes besides[RUN_BESIDES];
            uint8_t *read[RUN_BESIDES];
            for (size_t k = 0; k < RUN_BESIDES; k++) {
                read[k] = run_directory_read_beside(directory, file, (enum run_beside)k, &besides[k].size);
                besides[k].bytes = read[k];
            }
            run_agent_add(agent, file, bytes, size, besides);
            for (size_t k = 0; k < RUN_BESIDES; k++) {
                free(read[k]);
            }
            taken++;
        }
        free(bytes);
        run_directory_remove(directory, file);
    }
    return taken;
}

void run_agent_forget(struct run_agent *agent, bool (*has_ended)(const void *context, long pid, int64_t start_ns), const void *context) {
    for (struct process *process = agent->processes, *next; process; process = next) {
        next = process->next;
        if (has_ended(context, process->pid, process->start_ns)) {
            forget(agent, process);
        }
    }
}

// ---- Open and close ----

bool run_agent_rests(struct run_agent *agent) {
    return run_sender_rests(agent->sender);
}

void run_agent_count(struct run_agent *agent, struct run_agent_counts *counts) {
    run_sender_counts(agent->sender, counts);
    counts->failed += agent->failed;
    if (counts->text[0] == '\0') {
        snprintf(counts->text, sizeof counts->text, "%s", agent->text);
    }
}

struct run_agent *run_agent_open(enum receiver_target_kind kind, const char *url, const struct run_otlp *otlp, const char *service,
                                 const char *seed, uint64_t period_ms) {
    struct run_agent *agent = calloc(1, sizeof *agent);
    if (!agent) {
        return NULL;
    }
    agent->otlp = otlp;
    agent->service = service;
    agent->seed = seed;
    agent->is_delta = run_options_switch("DD_PROFILING_DELTA", 1) != 0;
    agent->reports_pid = run_options_switch("DD_PROFILING_REPORT_PROCESS_ID", 1) > 0;
    agent->reports_paths = run_options_switch("DD_PROFILING_REPORT_SOURCE_PATHS", 1) > 0;
    if (run_options_switch("DD_PROFILING_REPORT_HOSTNAME", 1) <= 0 || gethostname(agent->host, sizeof agent->host - 1) != 0) {
        agent->host[0] = '\0';
    }
    agent->sender = run_sender_open(kind, url, otlp, period_ms * 1000000);
    if (!agent->sender) {
        free(agent);
        return NULL;
    }
    return agent;
}

void run_agent_close(struct run_agent *agent, struct run_agent_counts *counts) {
    enum { LAST_WAIT_S = 10 };
    while (agent->processes) {
        forget(agent, agent->processes);
    }
    run_sender_close(agent->sender, LAST_WAIT_S, counts);
    counts->failed += agent->failed;
    if (counts->text[0] == '\0') {
        snprintf(counts->text, sizeof counts->text, "%s", agent->text);
    }
    free(agent);
}
