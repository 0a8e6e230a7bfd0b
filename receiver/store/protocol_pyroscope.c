// protocol_pyroscope.c: uploads in Grafana Pyroscope's protocols (protocol_upload.h).
#include "../../foreign/foreign.h"
#include "../../otlp/otlp.h"
#include "../../pyroscope/pyroscope.h"
#include "protocol_upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FORMAT_BYTES = 16,
    PART_KINDS = 3,
    INFLATED_MOST = 512 << 20, // all profiles of a request together
};
static const char *const part_names[PART_KINDS] = {"profile", "jfr", "sample_type_config"};
enum { PART_PROFILE, PART_RECORDING, PART_CONFIG };

struct part {
    char *bytes;
    size_t size, capacity;
    bool seen;
};

// What head and address say; and the parts of a multipart body.
struct request {
    struct pyroscope_labels labels;
    char tenant[128], units[32], spy[32], format[FORMAT_BYTES];
    uint32_t sample_rate;
    int64_t start_ns, end_ns; // 0: unknown
    struct MHD_PostProcessor *parser;
    struct part parts[PART_KINDS];
    bool out_of_memory;
    size_t inflated, held; // bytes of profiles so far, of parts
};

static void forget(void *own) {
    struct request *request = own;
    if (request->parser) {
        MHD_destroy_post_processor(request->parser);
    }
    for (int i = 0; i < PART_KINDS; i++) {
        merge_budget_give(request->parts[i].capacity);
        free(request->parts[i].bytes);
    }
    pyroscope_labels_free(&request->labels);
    free(request);
}

// ---- Tags ----

struct tags {
    struct made_tag list[PYROSCOPE_MAX_LABELS + 4];
    size_t count;
};

static void add_tag(struct tags *tags, const char *key, const char *value) {
    if (value && *value) {
        tags->list[tags->count++] = (struct made_tag){key, value};
    }
}

static const char *tag_of(const char *label) {
    const char *tag = pyroscope_tag_of_label(label);
    return tag != label ? tag : otlp_tag_of_attribute(label);
}

// "gospy", "cpython": what clients call a language.
static const char *language_of(const char *spy) {
    static const char *const languages[][2] = {{"gospy", "go"},       {"go", "go"},          {"pyspy", "python"},
                                               {"cpython", "python"}, {"nodespy", "nodejs"}, {"nodejs", "nodejs"},
                                               {"javaspy", "java"},   {"rbspy", "ruby"},     {"dotnetspy", ".net"},
                                               {"phpspy", "php"},     {"ebpfspy", "native"}, {"pyroscope-rs", "rust"}};
    for (size_t i = 0; spy && i < sizeof languages / sizeof *languages; i++) {
        if (strcmp(languages[i][0], spy) == 0) {
            return languages[i][1];
        }
    }
    return spy;
}

static void tags_of(const struct request *request, const struct pyroscope_labels *labels, const char *application, struct tags *tags) {
    tags->count = 0;
    const char *spy = pyroscope_label(labels, "pyroscope_spy"), *runtime = pyroscope_label(labels, "process.runtime.name");
    const char *language = language_of(spy ? spy : *request->spy ? request->spy : runtime);
    const char *service = pyroscope_label(labels, "service_name");
    // First, since of tags with one key the first counts, and labels may have these names, too.
    add_tag(tags, "service", service && *service ? service : application);
    add_tag(tags, "tenant", request->tenant);
    add_tag(tags, "language", language ? language : pyroscope_label(labels, "language"));
    for (size_t i = 0; i < labels->count; i++) {
        const char *name = labels->list[i].name, *tag = tag_of(name);
        if (*name && (strncmp(name, "__", 2) != 0 || tag != name) && strcmp(tag, "language") != 0) {
            add_tag(tags, tag, labels->list[i].value);
        }
    }
}

// ---- What becomes an upload ----

// Returns NULL if the request is refused.
static struct made_upload *begin_upload(struct protocol_upload *upload, const struct pyroscope_labels *labels, const char *application,
                                        const char *file) {
    struct tags tags;
    tags_of(upload->own, labels, application, &tags);
    struct made_upload *made = made_uploads_begin(&upload->made, tags.list, tags.count, labels->left_out, "pyroscope");
    if (made) {
        made_upload_attachment(made, file);
    }
    return upload->made.error == RECEIVER_OK ? made : NULL;
}

static void set_window(const struct request *request, struct made_upload *made, int64_t time_ns, int64_t duration_ns) {
    if (request->start_ns > 0) {
        made_upload_window(made, request->start_ns, request->end_ns > request->start_ns ? request->end_ns : request->start_ns);
    } else if (time_ns > 0 && duration_ns >= 0 && time_ns < INT64_MAX - duration_ns) {
        made_upload_window(made, time_ns, time_ns + duration_ns);
    }
}

// A profile in pprof's format, which is kept as it came. metric NULL: after its types.
static enum merge_error add_pprof(struct protocol_upload *upload, const struct pyroscope_labels *labels, const char *application,
                                  const char *metric, bool delta, const void *bytes, size_t size, struct merge_fault *fault) {
    struct request *request = upload->own;
    struct profile *profile = profile_new();
    uint8_t *raw = NULL;
    size_t raw_size = 0;
    size_t most = INFLATED_MOST - request->inflated;
    most = most < merge_default_limits.input_bytes ? most : merge_default_limits.input_bytes;
    enum merge_error error = profile ? merge_inflate(bytes, size, most, &raw, &raw_size, fault) : MERGE_NO_MEMORY;
    bool fits = merge_budget_take(raw_size);
    request->inflated += raw_size;
    if (error == MERGE_OK) {
        error = fits ? profile_decode(profile, raw, raw_size, NULL, NULL, fault) : MERGE_NO_MEMORY;
    }
    free(raw);
    merge_budget_give(fits ? raw_size : 0);
    char name[CATALOG_NAME_MAX_BYTES + 1];
    if (error == MERGE_OK) {
        const char *known = metric ? pyroscope_file_of_metric(metric, delta) : NULL;
        if (known) {
            snprintf(name, sizeof name, "%s", known);
        } else {
            made_upload_name(profile, name);
        }
        if (!known && delta && strcmp(name, "heap.pprof") == 0) {
            snprintf(name, sizeof name, "delta-heap.pprof");
        }
        struct made_upload *made = begin_upload(upload, labels, application, name);
        if (made) {
            made_upload_write(made, bytes, size);
            set_window(upload->own, made, profile_time_ns(profile), profile_duration_ns(profile));
        }
        error = upload->made.error == RECEIVER_OK ? MERGE_OK : MERGE_NOT_FOUND; // the reason is known
    }
    profile_free(profile);
    return error;
}

// ---- Push ----

static struct request *new_request(struct protocol_upload *upload, struct MHD_Connection *connection) {
    struct request *request = upload->own = calloc(1, sizeof *request);
    const char *tenant = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Scope-OrgID");
    if (!request) {
        made_uploads_fail(&upload->made, RECEIVER_NO_MEMORY);
        return NULL;
    }
    snprintf(request->tenant, sizeof request->tenant, "%s", tenant ? tenant : "");
    return request;
}

static void begin_push(struct protocol_upload *upload, struct MHD_Connection *connection) {
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (new_request(upload, connection) && (!type || strncasecmp(type, "application/proto", 17) != 0 || (type[17] && type[17] != ';'))) {
        made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD,
                            "the Content-Type is not application/proto: pushes are taken as protobuf over HTTP/1.1, not as JSON or gRPC");
    }
}

struct push {
    struct protocol_upload *upload;
    struct merge_fault *fault;
};

// What cannot be read is left out and said; the others are kept, as the server does: clients do not send a push again that is answered so.
static enum merge_error take(void *context, size_t series, const struct pyroscope_labels *labels, const uint8_t *profile, size_t size) {
    (void)series;
    struct push *push = context;
    struct merge_fault fault = {0};
    if (size == 0) {
        return MERGE_OK;
    }
    const char *delta = pyroscope_label(labels, "__delta__"), *metric = pyroscope_label(labels, "__name__");
    const char *application = pyroscope_label(labels, "app_name");
    enum merge_error error =
        add_pprof(push->upload, labels, application, metric, delta && strcmp(delta, "false") == 0, profile, size, &fault);
    if (error == MERGE_OK || error == MERGE_NO_MEMORY || error == MERGE_TOO_LARGE || push->upload->made.error != RECEIVER_OK) {
        *push->fault = fault;
        return error;
    }
    char text[200];
    snprintf(text, sizeof text, "a profile cannot be read and is left out: %.140s", *fault.text ? fault.text : merge_error_text(error));
    made_uploads_leave_out(&push->upload->made, text);
    return MERGE_OK;
}

static void read_push(struct protocol_upload *upload) {
    struct merge_fault fault = {0};
    struct push push = {upload, &fault};
    enum merge_error error =
        pyroscope_read_push(upload->body.bytes ? upload->body.bytes : "", upload->body.size, NULL, take, &push, &fault);
    protocol_upload_fault(upload, error, &fault, "a push of profiles");
}

// ---- Ingest ----

// Seconds, milliseconds, microseconds or nanoseconds since 1970, told by their size, as Pyroscope takes them. 0: none.
static int64_t time_of(const char *text) {
    char *end = NULL;
    long long number = text ? strtoll(text, &end, 10) : 0;
    if (number <= 0 || *end) {
        return 0;
    }
    int64_t unit = number < INT64_C(100000000000)         ? 1000000000
                   : number < INT64_C(100000000000000)    ? 1000000
                   : number < INT64_C(100000000000000000) ? 1000
                                                          : 1;
    int64_t ns;
    return __builtin_mul_overflow((int64_t)number, unit, &ns) ? 0 : ns;
}

static void argument(struct MHD_Connection *connection, const char *name, char *text, size_t size) {
    const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
    snprintf(text, size, "%s", value ? value : "");
}

static enum MHD_Result on_part(void *state, enum MHD_ValueKind kind, const char *key, const char *filename, const char *content_type,
                               const char *transfer_encoding, const char *bytes, uint64_t offset, size_t size) {
    (void)kind, (void)filename, (void)content_type, (void)transfer_encoding, (void)offset;
    struct request *request = state;
    for (int i = 0; i < PART_KINDS; i++) {
        struct part *part = &request->parts[i];
        if (!key || strcmp(key, part_names[i]) != 0) {
            continue;
        }
        part->seen = true;
        if (part->size + size > part->capacity) {
            size_t capacity = part->capacity * 2 > part->size + size ? part->capacity * 2 : part->size + size + 256;
            bool fits = merge_budget_take(capacity - part->capacity);
            char *grown = fits ? realloc(part->bytes, capacity) : NULL;
            if (!grown) {
                merge_budget_give(fits ? capacity - part->capacity : 0);
                request->out_of_memory = true;
                return MHD_NO;
            }
            part->bytes = grown;
            request->held += capacity - part->capacity;
            part->capacity = capacity;
        }
        if (size > 0) {
            memcpy(part->bytes + part->size, bytes, size);
            part->size += size;
        }
    }
    return MHD_YES;
}

static void begin_ingest(struct protocol_upload *upload, struct MHD_Connection *connection) {
    struct request *request = new_request(upload, connection);
    const char *name = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "name");
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    struct merge_fault fault = {0};
    char rate[16];
    if (!request) {
        return;
    }
    argument(connection, "units", request->units, sizeof request->units);
    argument(connection, "spyName", request->spy, sizeof request->spy);
    argument(connection, "format", request->format, sizeof request->format);
    argument(connection, "sampleRate", rate, sizeof rate);
    request->sample_rate = (uint32_t)strtoul(rate, NULL, 10);
    request->start_ns = time_of(MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "from"));
    request->end_ns = time_of(MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "until"));
    static const char octets[] = "binary/octet-stream+"; // and the format
    if (type && !*request->format && strncasecmp(type, octets, sizeof octets - 1) == 0) {
        snprintf(request->format, sizeof request->format, "%s", type + sizeof octets - 1);
    }
    if (!name) {
        made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, "the address has no parameter name, the application's");
    } else if (pyroscope_read_name(name, &request->labels, &fault) == MERGE_NO_MEMORY) {
        made_uploads_fail(&upload->made, RECEIVER_NO_MEMORY);
    } else if (fault.error != MERGE_OK) {
        made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, fault.text);
    } else if (type && strncasecmp(type, "multipart/form-data", strlen("multipart/form-data")) == 0 &&
               !(request->parser = MHD_create_post_processor(connection, 32 << 10, on_part, request))) {
        made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, "the Content-Type has no usable boundary");
    }
}

static bool is_cumulative(const struct part *config) {
    static const char word[] = "\"cumulative\"";
    const char *at = config->size > 0 ? memmem(config->bytes, config->size, word, sizeof word - 1) : NULL;
    const char *end = config->bytes + config->size;
    for (; at; at = memmem(at, (size_t)(end - at), word, sizeof word - 1)) {
        at += sizeof word - 1;
        const char *value = at;
        while (value < end && (*value == ' ' || *value == ':')) {
            value++;
        }
        if (end - value >= 4 && memcmp(value, "true", 4) == 0) {
            return true;
        }
    }
    return false;
}

// Go's mutex and block profiles have the same types; the configuration beside has their names.
static const char *metric_of_config(const struct part *config) {
    if (config->size > 0 && memmem(config->bytes, config->size, "\"mutex_", 7)) {
        return "mutex";
    }
    return config->size > 0 && memmem(config->bytes, config->size, "\"block_", 7) ? "block" : NULL;
}

static void add_recording(struct protocol_upload *upload, const char *application, const char *bytes, size_t size) {
    struct request *request = upload->own;
    struct made_upload *made = begin_upload(upload, &request->labels, application, "main.jfr");
    if (made) {
        made_upload_write(made, bytes, size);
        set_window(request, made, 0, 0);
    }
}

// The body as stacks that count what the name and the parameters say, or with the types of its own. NULL: fault has the reason.
static struct profile *read_text(const struct protocol_upload *upload, const struct pyroscope_kind *kind, bool folded,
                                 struct merge_fault *fault) {
    const char *bytes = upload->body.bytes ? upload->body.bytes : "";
    struct profile *profile = folded ? foreign_read_folded(bytes, upload->body.size, kind->type, kind->unit, NULL, fault)
                                     : foreign_read(FOREIGN_SPEEDSCOPE, bytes, upload->body.size, NULL, fault);
    if (profile && folded && kind->period_ns > 0) {
        profile_set_period(profile, kind->type, kind->unit, kind->period_ns);
        profile_scale_sample_type(profile, kind->type, (double)kind->period_ns);
    }
    return profile;
}

static enum merge_error add_text(struct protocol_upload *upload, const char *application, bool folded, struct merge_fault *fault) {
    struct request *request = upload->own;
    struct pyroscope_kind kind;
    char service[PYROSCOPE_MAX_TEXT + 1];
    pyroscope_kind_of(application, request->units, request->sample_rate, &kind);
    snprintf(service, sizeof service, "%.*s", (int)kind.name_bytes, application);
    struct profile *profile = read_text(upload, &kind, folded, fault);
    if (!profile) {
        return fault->error;
    }
    profile_set_time(profile, request->start_ns, request->end_ns > request->start_ns ? request->end_ns - request->start_ns : 0);
    char name[CATALOG_NAME_MAX_BYTES + 1];
    if (folded) {
        snprintf(name, sizeof name, "%s", pyroscope_file_of_metric(kind.metric, true));
    } else {
        made_upload_name(profile, name);
    }
    struct made_upload *made = begin_upload(upload, &request->labels, service, name);
    if (made) {
        made_upload_write_profile(made, profile);
        set_window(request, made, 0, 0);
    }
    profile_free(profile);
    return upload->made.error == RECEIVER_OK ? MERGE_OK : MERGE_NOT_FOUND; // the reason is known
}

// The post processor takes a body that is cut, and none that goes on behind its closing boundary.
static bool read_parts(struct protocol_upload *upload) {
    struct request *request = upload->own;
    const char *bytes = upload->body.bytes ? upload->body.bytes : "";
    size_t size = upload->body.size;
    while (size > 0 && (bytes[size - 1] == '\r' || bytes[size - 1] == '\n')) {
        size--;
    }
    bool read = size > 2 && memcmp(bytes + size - 2, "--", 2) == 0 && MHD_post_process(request->parser, bytes, size) == MHD_YES;
    bool ended = MHD_destroy_post_processor(request->parser) == MHD_YES;
    request->parser = NULL;
    upload->own_bytes = request->held;
    if (request->out_of_memory) {
        protocol_upload_fault(upload, MERGE_NO_MEMORY, &(struct merge_fault){0}, "a profile");
    } else if (!read || !ended) {
        made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, "the body is not well-formed multipart, or cut");
    }
    if (upload->made.error == RECEIVER_OK) {
        request_body_drop(&upload->body); // the parts have it
    }
    return upload->made.error == RECEIVER_OK;
}

static bool is_recording(const struct part *part) {
    static const char *const starts[] = {"FLR\0", "\x1f\x8b", "\x28\xb5\x2f\xfd", "\x04\x22\x4d\x18"}; // plain, gzip, zstd, LZ4
    bool is = false;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t size = i == 1 ? 2 : 4;
        is = is || (part->size > size && memcmp(part->bytes, starts[i], size) == 0);
    }
    return is;
}

static bool is_format(const struct request *request, const char *format) {
    return strcmp(request->format, format) == 0;
}

static void read_ingest(struct protocol_upload *upload) {
    struct request *request = upload->own;
    const char *application = pyroscope_label(&request->labels, "__name__");
    struct part body = {.bytes = upload->body.bytes, .size = upload->body.size, .seen = true};
    bool parts = request->parser;
    if (parts && !read_parts(upload)) {
        return;
    }
    const struct part *config = &request->parts[PART_CONFIG];
    struct merge_fault fault = {0};
    enum merge_error error = MERGE_OK;
    if (is_format(request, "jfr") || request->parts[PART_RECORDING].seen) {
        const struct part *recording = parts ? &request->parts[PART_RECORDING] : &body;
        if (recording->size == 0) {
            made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, "there is no recording: a part jfr, or the body");
        } else if (!is_recording(recording)) {
            made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, "not a recording of Java Flight Recorder");
        } else {
            add_recording(upload, application, recording->bytes, recording->size);
        }
    } else if (is_format(request, "pprof") || parts) {
        const struct part *profile = parts ? &request->parts[PART_PROFILE] : &body;
        if (profile->size == 0) {
            made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, "there is no profile: a part profile, or the body");
        } else {
            error = add_pprof(upload, &request->labels, application, metric_of_config(config), !is_cumulative(config), profile->bytes,
                              profile->size, &fault);
        }
    } else if (is_format(request, "trie") || is_format(request, "tree") || is_format(request, "lines")) {
        char text[120];
        snprintf(text, sizeof text, "the format %s is not read; pprof, jfr, folded, groups and speedscope are", request->format);
        made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, text);
    } else {
        error = add_text(upload, application, !is_format(request, "speedscope"), &fault);
    }
    protocol_upload_fault(upload, error, &fault, "a profile");
}

const struct protocol protocol_pyroscope_push = {
    .path = "/push.v1.PusherService/Push", .answer = PROTOCOL_ANSWER_CONNECT, .begin = begin_push, .read = read_push, .forget = forget};
const struct protocol protocol_pyroscope_ingest = {
    .path = "/ingest", .answer = PROTOCOL_ANSWER_TEXT, .begin = begin_ingest, .read = read_ingest, .forget = forget};
