// api.c: the JSON interface (api.h). Views of profiles are in view_api.c.
#include "api.h"
#include "../../base/clock.h"
#include "../base/failure.h"
#include "../base/read_exact.h"
#include "../index/catalog_pick.h"
#include "../index/search_lines.h"
#include "../store/annotations.h"
#include "../store/archive.h"
#include "../store/saved_views.h"
#include "../store/storage.h"
#include "../store/stored_upload.h"
#include "../views/download.h"
#include "../views/source_file.h"
#include "connections.h"
#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 1000, BUCKETS_DEFAULT = 60, BUCKETS_MAX = 1000 };

void api_init(struct api *api, struct store *store, size_t view_bytes) {
    api->store = store;
    event_stream_init(&api->event_stream, store_catalog(store));
    view_api_init(&api->views, store, view_bytes);
    store_on_new(store, event_stream_new, &api->event_stream);
}

void api_stop(struct api *api) {
    view_api_stop(&api->views);
}

void api_destroy(struct api *api) {
    view_api_destroy(&api->views);
    event_stream_destroy(&api->event_stream);
}

bool api_has(const char *path) {
    return strncmp(path, "/api/", 5) == 0;
}

static const char uploads[] = "/api/uploads/";

// The number behind /api/uploads/, and what follows it. 0: there is none.
static int64_t id_of(const char *path, const char **rest) {
    char *end = (char *)path;
    errno = 0;
    int64_t id = *path >= '0' && *path <= '9' ? strtoll(path, &end, 10) : 0;
    *rest = end;
    return errno == 0 ? id : 0;
}

enum api_cost api_cost(const struct api *api, const char *path) {
    const char *slash = strrchr(path, '/'), *rest;
    // A download may have to be decompressed.
    if (view_api_has(path) || (strstr(path, "/attachments/") && strcmp(slash, "/raw") != 0)) {
        return API_HEAVY;
    }
    int64_t id = strncmp(path, uploads, sizeof uploads - 1) == 0 ? id_of(path + sizeof uploads - 1, &rest) : 0;
    return id > 0 && *rest == '/' && store_reads_slowly(api->store, id) ? API_HEAVY : API_LIGHT;
}

// ---- Parameters and errors ----

static const char *argument(struct MHD_Connection *connection, const char *key) {
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, key);
}

static enum MHD_Result reply_error(struct MHD_Connection *connection, enum receiver_error error, const char *text) {
    return reply_text(connection, reply_status(error), text && *text ? text : receiver_error_text(error), NULL);
}

static enum MHD_Result reply(struct MHD_Connection *connection, enum receiver_error error, const char *text, struct json *json) {
    if (error == RECEIVER_OK) {
        return reply_json(connection, json);
    }
    json_free(json);
    return reply_error(connection, error, text);
}

// A number from min on, or otherwise if the parameter is missing. Returns false for anything else.
static bool read_number(const struct parameters *parameters, const char *key, int64_t min, int64_t otherwise, int64_t *number) {
    const char *text = parameters_get(parameters, key);
    char *end = NULL;
    errno = 0;
    *number = text ? strtoll(text, &end, 10) : otherwise;
    return errno == 0 && (!text || (end > text && !*end && *number >= min));
}

static bool number_argument(struct MHD_Connection *connection, const char *key, int64_t min, int64_t otherwise, int64_t *number) {
    const struct parameters parameters = parameters_of(connection);
    return read_number(&parameters, key, min, otherwise, number);
}

// ---- Lists ----

static enum MHD_Result answer_list(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    int64_t limit;
    struct search_order order;
    struct search_cursor cursor;
    const char *after = argument(connection, "after");
    struct json json = {0};
    if (!number_argument(connection, "limit", 1, LIST_DEFAULT, &limit)) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "limit is not a number from 1 to 1000", NULL);
    }
    if (!search_order_read(argument(connection, "sort"), argument(connection, "order"), &order)) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "sort is start, received, a facet or a measure, order is asc or desc", NULL);
    }
    if (after && !search_cursor_read(after, &order, &cursor)) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "after is not a cursor of this order", NULL);
    }
    size_t count = limit < LIST_MAX ? (size_t)limit : LIST_MAX;
    enum receiver_error error = catalog_list(store_catalog(api->store), selection, &order, after ? &cursor : NULL, count, &json);
    return reply(connection, error, NULL, &json);
}

static enum receiver_error make_facets(struct api *api, const struct parameters *parameters, const struct selection *selection,
                                       struct json *json, const char **why) {
    int64_t values;
    const char *find = parameters_get(parameters, "find");
    *why = NULL;
    if (!read_number(parameters, "values", 1, SEARCH_VALUES_DEFAULT, &values) || values > SEARCH_VALUES_MAX) {
        *why = "values is not a number from 1 to 1000";
        return RECEIVER_BAD_UPLOAD;
    }
    struct search_values wanted = {.find = find && *find ? find : NULL, .max = (size_t)values};
    return catalog_facets(store_catalog(api->store), selection, &wanted, json);
}

static enum MHD_Result answer_facets(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    struct json json = {0};
    const char *why;
    const struct parameters parameters = parameters_of(connection);
    enum receiver_error error = make_facets(api, &parameters, selection, &json, &why);
    return reply(connection, error, why, &json);
}

// Returns false if there is no measure of that name. -1: none is requested.
static bool read_measure(struct MHD_Connection *connection, const char *key, int *measure) {
    const char *name = argument(connection, key);
    *measure = -1;
    for (int i = 0; name && *name && i < MEASURE_COUNT && *measure < 0; i++) {
        *measure = strcmp(measure_names[i], name) == 0 ? i : -1;
    }
    return !name || !*name || *measure >= 0;
}

static enum MHD_Result answer_histogram(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    int64_t buckets, shift_ms;
    struct json json = {0};
    struct search_buckets wanted;
    if (!number_argument(connection, "buckets", 1, BUCKETS_DEFAULT, &buckets) || buckets > BUCKETS_MAX) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "buckets is not a number from 1 to 1000", NULL);
    }
    if (!number_argument(connection, "shift_ms", -DAY_MS, 0, &shift_ms) || shift_ms > DAY_MS) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "shift_ms is not a number of milliseconds, a day at most", NULL);
    }
    if (!read_measure(connection, "measure", &wanted.measure) || !read_measure(connection, "otherwise", &wanted.otherwise)) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "there is no measure of that name", NULL);
    }
    const char *by = argument(connection, "group_by");
    wanted.key = by && strncmp(by, "tag:", 4) == 0 && by[4] ? by + 4 : NULL;
    if (by && *by && !wanted.key) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "group_by is not tag:KEY", NULL);
    }
    if (wanted.key && buckets > SEARCH_LINES_BUCKETS) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "with group_by, buckets is not a number from 1 to 100", NULL);
    }
    wanted.max = (int)buckets;
    wanted.shift_ms = shift_ms;
    enum receiver_error error = catalog_histogram(store_catalog(api->store), selection, &wanted, &json);
    return reply(connection, error, NULL, &json);
}

static enum MHD_Result answer_events(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    struct selection own = *selection; // keeps_selection: the stream takes it
    return event_stream_answer(&api->event_stream, connection, &own);
}

static enum MHD_Result answer_storage(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    struct json json = {0};
    (void)selection; // of all uploads
    storage_describe(api->store, connections_now_ms(), &json);
    return reply(connection, RECEIVER_OK, NULL, &json);
}

static enum MHD_Result answer_annotations(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    struct json json = {0};
    enum receiver_error error = annotations_write(api->store, selection, &json);
    return reply(connection, error, NULL, &json);
}

static enum MHD_Result answer_views(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    struct json json = {0};
    (void)selection; // all of them
    enum receiver_error error = saved_views_write(api->store, &json);
    return reply(connection, error, NULL, &json);
}

static enum MHD_Result answer_suspects(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    struct json json = {0};
    (void)selection; // of all services
    int64_t now_ms = (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000);
    enum receiver_error error = api->lookout ? lookout_write_suspects(api->lookout, now_ms, &json) : RECEIVER_BUSY;
    return reply(connection, error, NULL, &json);
}

static enum MHD_Result answer_source(struct api *api, struct MHD_Connection *connection, const struct selection *selection) {
    struct json json = {0};
    int64_t line, count;
    const char *file = argument(connection, "file");
    (void)selection;
    if (!file || !*file) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "which file? file=PATH is missing", NULL);
    }
    if (!number_argument(connection, "line", 1, 1, &line) || line > INT32_MAX ||
        !number_argument(connection, "count", 1, SOURCE_FILE_LINES_MAX, &count) || count > SOURCE_FILE_LINES_MAX) {
        return reply_text(connection, MHD_HTTP_BAD_REQUEST, "line is not a number from 1, or count is not one from 1 to 2000", NULL);
    }
    source_file_write(&api->sources, file, line, count, &json);
    return reply(connection, RECEIVER_OK, NULL, &json);
}

static const struct {
    const char *path;
    enum MHD_Result (*answer)(struct api *api, struct MHD_Connection *connection, const struct selection *selection);
    bool keeps_selection;
} lists[] = {
    {"/api/uploads", answer_list, false},    {"/api/facets", answer_facets, false},     {"/api/histogram", answer_histogram, false},
    {"/api/storage", answer_storage, false}, {"/api/suspects", answer_suspects, false}, {"/api/annotations", answer_annotations, false},
    {"/api/views", answer_views, false},     {"/api/events", answer_events, true},      {"/api/source", answer_source, false},
};

// ---- One upload ----

static enum MHD_Result answer_upload(struct api *api, struct MHD_Connection *connection, int64_t id) {
    struct json json = {0};
    enum receiver_error error = catalog_describe(store_catalog(api->store), id, &json);
    return reply(connection, error, error == RECEIVER_NOT_FOUND ? "no such upload" : NULL, &json);
}

static enum MHD_Result answer_event(struct api *api, struct MHD_Connection *connection, int64_t id) {
    int file;
    struct stat about;
    enum receiver_error error = store_read_event(api->store, id, &file);
    if (error != RECEIVER_OK) {
        return reply_error(connection, error, error == RECEIVER_NOT_FOUND ? "no such upload" : NULL);
    }
    if (fstat(file, &about) != 0) {
        close(file);
        return reply_error(connection, RECEIVER_DAMAGED, NULL);
    }
    if (stored_is_in_memory(file)) { // until it is sent
        size_t size = (size_t)about.st_size;
        struct json json = {.bytes = malloc(size + 1), .size = size, .capacity = size + 1};
        error = json.bytes ? read_exact(file, json.bytes, size) : RECEIVER_NO_MEMORY;
        close(file);
        return reply(connection, error, NULL, &json);
    }
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)about.st_size, file);
    if (!response) {
        close(file);
    }
    return reply_stream(connection, response, "application/json");
}

// ---- Archives and files ----

static ssize_t read_archive(void *archive, uint64_t position, char *bytes, size_t size) {
    (void)position;
    ssize_t count = archive_read(archive, bytes, size);
    return count > 0 ? count : count == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_archive(void *archive) {
    archive_free(archive);
}

static enum MHD_Result answer_archive(struct api *api, struct MHD_Connection *connection, int64_t id) {
    struct archive *archive;
    char name[40];
    enum receiver_error error = archive_open(api->store, id, &archive);
    if (error != RECEIVER_OK) {
        return reply_error(connection, error, error == RECEIVER_NOT_FOUND ? "no such upload" : NULL);
    }
    snprintf(name, sizeof name, "upload-%lld.tar", (long long)id);
    struct reply_source source = {archive, read_archive, free_archive, archive_size(archive), archive_memory(archive)};
    return reply_source(connection, &source, "application/x-tar", name, NULL);
}

static ssize_t read_file(void *file, uint64_t position, char *bytes, size_t size) {
    ssize_t count;
    do {
        count = pread(*(int *)file, bytes, size, (off_t)position);
    } while (count < 0 && errno == EINTR);
    return count > 0 ? count : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_file(void *file) {
    close(*(int *)file);
    free(file);
}

// Of a packed upload: it is in memory until it is sent. Takes the descriptor.
static enum MHD_Result reply_unpacked(struct MHD_Connection *connection, int file, uint64_t size, const char *name, const char *tag) {
    int *context = malloc(sizeof *context);
    if (!context) {
        close(file);
        return reply_error(connection, RECEIVER_NO_MEMORY, NULL);
    }
    *context = file;
    struct reply_source source = {context, read_file, free_file, size, (size_t)size};
    return reply_source(connection, &source, "application/octet-stream", name, tag);
}

// A stored file never changes. But another store may have the same id, and two uploads may have files of the same size and time.
static bool has_it(struct MHD_Connection *connection, int64_t id, int file, bool raw, char *tag, size_t size, enum MHD_Result *result) {
    struct stat about;
    if (fstat(file, &about) != 0) {
        about = (struct stat){0};
    }
    snprintf(tag, size, "W/\"%s%llx-%llx-%llx.%lx\"", raw ? "r" : "i", (unsigned long long)id, (unsigned long long)about.st_size,
             (unsigned long long)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    return reply_has_it(connection, tag, result);
}

struct inflating {
    const struct catalog_attachment *attachment;
    int file;
    struct json bytes;
    bool is_inflated;
};

static enum receiver_error inflate(void *context) {
    struct inflating *inflating = context;
    json_free(&inflating->bytes);
    inflating->is_inflated =
        download_inflate(inflating->file, inflating->attachment->size_bytes, inflating->attachment->pprof, &inflating->bytes);
    return RECEIVER_OK;
}

static enum MHD_Result answer_bytes(struct api *api, struct MHD_Connection *connection, int64_t id,
                                    const struct catalog_attachment *attachment, int file, bool raw) {
    struct inflating inflating = {.attachment = attachment, .file = file};
    enum MHD_Result result;
    char tag[80];
    if (has_it(connection, id, file, raw, tag, sizeof tag, &result)) {
        close(file);
        return result;
    }
    char text[160];
    if (!raw) { // without the memory it is sent as it came
        view_slots_run(&api->views.slots, inflate, &inflating, text, sizeof text);
    }
    if (inflating.is_inflated) {
        close(file);
        return reply_bytes(connection, &inflating.bytes, attachment->name, tag);
    }
    return stored_is_in_memory(file) ? reply_unpacked(connection, file, attachment->size_bytes, attachment->name, tag)
                                     : reply_file(connection, file, attachment->size_bytes, attachment->name, tag);
}

// name is "NAME" or "NAME/VIEW"; a stored name has no slash.
static enum MHD_Result answer_attachment(struct api *api, struct MHD_Connection *connection, int64_t id, const char *name) {
    struct catalog_attachment attachment;
    char bare[CATALOG_NAME_MAX_BYTES + 1];
    size_t length = strcspn(name, "/");
    bool raw = strcmp(name + length, "/raw") == 0; // as received
    if (length > CATALOG_NAME_MAX_BYTES || (name[length] && !raw && !view_api_has_view(name + length + 1))) {
        return reply_text(connection, MHD_HTTP_NOT_FOUND, "no such path", NULL);
    }
    memcpy(bare, name, length);
    bare[length] = '\0';
    int file = -1;
    enum receiver_error error = store_read(api->store, id, bare, !name[length] || raw, &attachment, &file);
    if (error != RECEIVER_OK) {
        return reply_error(connection, error, error == RECEIVER_NOT_FOUND ? "no such attachment" : NULL);
    }
    if (!name[length] || raw) {
        return answer_bytes(api, connection, id, &attachment, file, raw);
    }
    return view_api_attachment(&api->views, connection, name + length + 1,
                               &(struct view_attachment){id, bare, file, (size_t)attachment.size_bytes});
}

// rest: what follows "/api/uploads/".
static enum MHD_Result answer_one(struct api *api, struct MHD_Connection *connection, const char *rest) {
    static const char attachments[] = "/attachments/";
    const char *end;
    int64_t id = id_of(rest, &end);
    if (id > 0) {
        if (*end == '\0') {
            return answer_upload(api, connection, id);
        }
        if (strcmp(end, "/event") == 0) {
            return answer_event(api, connection, id);
        }
        if (strcmp(end, "/archive") == 0) {
            return answer_archive(api, connection, id);
        }
        if (strncmp(end, attachments, sizeof attachments - 1) == 0) {
            return answer_attachment(api, connection, id, end + sizeof attachments - 1);
        }
    }
    return reply_text(connection, MHD_HTTP_NOT_FOUND, "no such path", NULL);
}

enum MHD_Result api_answer(struct api *api, struct MHD_Connection *connection, const char *path) {
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(path, lists[i].path) == 0) {
            struct selection selection;
            char text[200];
            const struct parameters parameters = parameters_of(connection);
            enum receiver_error error = selection_parse(&parameters, "", &selection, text, sizeof text);
            if (error != RECEIVER_OK) {
                return reply_error(connection, error, text);
            }
            enum MHD_Result result = lists[i].answer(api, connection, &selection);
            if (!lists[i].keeps_selection) {
                selection_free(&selection);
            }
            return result;
        }
    }
    if (strncmp(path, uploads, sizeof uploads - 1) == 0) {
        return answer_one(api, connection, path + sizeof uploads - 1);
    }
    if (view_api_has(path)) {
        return view_api_answer(&api->views, connection, path);
    }
    return reply_text(connection, MHD_HTTP_NOT_FOUND, "no such path", NULL);
}

// ---- Questions from inside ----

static enum receiver_error get_facets(struct api *api, const struct parameters *parameters, struct json *json, char *text,
                                      size_t text_size) {
    struct selection selection;
    enum receiver_error error = selection_parse(parameters, "", &selection, text, text_size);
    if (error == RECEIVER_OK) {
        const char *why;
        error = make_facets(api, parameters, &selection, json, &why);
        snprintf(text, text_size, "%s", why ? why : receiver_error_text(error));
        selection_free(&selection);
    }
    return error;
}

enum receiver_error api_get(struct api *api, struct MHD_Connection *connection, const char *path, const char *query, struct json *json,
                            char *text, size_t text_size) {
    struct parameters parameters;
    bool of_facets = strcmp(path, "/api/facets") == 0;
    if (!of_facets && !view_api_has(path)) {
        snprintf(text, text_size, "no such path");
        return RECEIVER_NOT_FOUND;
    }
    if (!parameters_read(&parameters, query)) {
        snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = of_facets ? get_facets(api, &parameters, json, text, text_size)
                                          : view_api_get(&api->views, connection, path, &parameters, json, text, text_size);
    if (error != RECEIVER_OK) {
        json_free(json);
    }
    parameters_free(&parameters);
    return error;
}
