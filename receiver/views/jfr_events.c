// jfr_events.c: single events of a recording (jfr_events.h).
#include "jfr_events.h"
#include "../../merge/merge.h"
#include "../index/recording_profile.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct writing {
    const struct jfr_events_query *query;
    struct json *json, one; // one: the event being written, which may turn out to be damaged
    uint64_t written, last;
    bool several; // types are asked for
    bool more, gone, too_large;
    size_t charged; // of the texts, against the view's budget
    // Of a struct that is written as its name: how deep the visitor is in it (0: in none), and the name.
    int depth;
    struct json name;
};

// What an event refers to only to say which one it was: its name says that.
static bool is_named(const char *type) {
    static const char *const named[] = {"java.lang.Class",
                                        "java.lang.ThreadGroup",
                                        "jdk.types.ClassLoader",
                                        "jdk.types.Module",
                                        "jdk.types.ThreadGroup",
                                        "jdk.types.Package",
                                        NULL};
    for (size_t i = 0; type && named[i]; i++) {
        if (strcmp(type, named[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_listed(const char *types, const char *type) {
    size_t length = strlen(type);
    for (const char *at = types; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, type, length) == 0 && (at[length] == ',' || !at[length])) {
            return true;
        }
    }
    return false;
}

static bool begin(void *context, const struct jfr_event *event) {
    struct writing *writing = context;
    if (writing->several && !is_listed(writing->query->type, event->type->name)) {
        return false;
    }
    if (writing->written == writing->query->limit) {
        writing->more = true;
        return true; // end stops the visit
    }
    writing->one.size = 0;
    writing->one.comma = false;
    writing->depth = 0;
    struct json *json = &writing->one;
    json_object_begin(json);
    json_key(json, "type");
    json_text(json, event->type->name);
    json_key(json, "chunk");
    json_number(json, (int64_t)event->chunk);
    json_key(json, "offset");
    json_number(json, (int64_t)event->offset);
    json_key(json, "start_ns");
    json_number(json, event->start_ns);
    json_key(json, "fields");
    json_object_begin(json);
    writing->last = event->offset;
    return true;
}

static void put(struct json *json, const struct jfr_value *value) {
    char number[32];
    switch (value->kind) {
    case JFR_NULL:
        json_text(json, NULL);
        break;
    case JFR_INTEGER:
        json_number(json, value->integer);
        break;
    case JFR_UNSIGNED:
        json_raw(json, number, (size_t)snprintf(number, sizeof number, "%" PRIu64, (uint64_t)value->integer));
        break;
    case JFR_REAL: // all digits, unlike json_real
        if (isfinite(value->real)) {
            json_raw(json, number, (size_t)snprintf(number, sizeof number, "%.17g", value->real));
        } else {
            json_text(json, NULL);
        }
        break;
    case JFR_BOOL:
        json_bool(json, value->integer != 0);
        break;
    case JFR_TEXT:
        json_text_n(json, value->text, value->text_size);
        break;
    }
}

static void take_value(void *context, const char *name, const struct jfr_value *value) {
    struct writing *writing = context;
    if (writing->depth > 0) {
        if (writing->depth == 1 && name && strcmp(name, "name") == 0) {
            writing->name.size = 0;
            writing->name.comma = false;
            put(&writing->name, value);
        }
        return;
    }
    if (name) {
        json_key(&writing->one, name);
    }
    put(&writing->one, value);
}

static void open_nested(void *context, const char *name, const char *type, bool array) {
    struct writing *writing = context;
    if (writing->depth > 0 || (!array && is_named(type))) {
        if (writing->depth++ == 0) {
            writing->name.size = 0;
            if (name) {
                json_key(&writing->one, name);
            }
        }
        return;
    }
    if (name) {
        json_key(&writing->one, name);
    }
    if (array) {
        json_array_begin(&writing->one);
    } else {
        json_object_begin(&writing->one);
    }
}

static void close_nested(void *context, bool array) {
    struct writing *writing = context;
    if (writing->depth > 0) {
        if (--writing->depth == 0 && writing->name.size > 0) {
            json_raw(&writing->one, writing->name.bytes, writing->name.size);
        } else if (writing->depth == 0) {
            json_text(&writing->one, NULL);
        }
        return;
    }
    if (array) {
        json_array_end(&writing->one);
    } else {
        json_object_end(&writing->one);
    }
}

static void charge(struct writing *writing) {
    size_t held = writing->json->capacity + writing->one.capacity + writing->name.capacity;
    if (held > writing->charged && merge_budget_take(held - writing->charged)) {
        writing->charged = held;
    } else if (held > writing->charged) {
        writing->too_large = true;
    }
}

static bool end(void *context) {
    struct writing *writing = context;
    if (writing->more) {
        return false;
    }
    json_object_end(&writing->one);
    json_object_end(&writing->one);
    json_raw(writing->json, writing->one.bytes, writing->one.size);
    writing->written++;
    charge(writing);
    return !writing->too_large && !json_failed(writing->json) && !json_failed(&writing->one);
}

// An answer that is too large already, or that nobody waits for, is not read on for.
static bool stop(void *context) {
    struct writing *writing = context;
    writing->gone = writing->gone || !flight_is_wanted(writing->query->flight);
    charge(writing);
    return writing->gone || writing->too_large || json_failed(writing->json) || json_failed(&writing->one) || json_failed(&writing->name);
}

enum receiver_error jfr_events_write(const void *bytes, size_t size, const struct jfr_events_query *query, struct json *json, char *text,
                                     size_t text_size) {
    struct jfr *jfr;
    enum receiver_error opened = recording_open(bytes, size, &jfr, text, text_size);
    if (opened != RECEIVER_OK) {
        return opened;
    }
    const char *type = query->type && *query->type ? query->type : NULL;
    struct writing writing = {.query = query, .json = json, .several = type && strchr(type, ',')};
    const struct jfr_visitor visitor = {.context = &writing,
                                        .after = query->after,
                                        .begin = begin,
                                        .value = take_value,
                                        .open = open_nested,
                                        .close = close_nested,
                                        .end = end,
                                        .stop = stop};
    uint64_t damaged = 0;
    json_object_begin(json);
    json_key(json, "events");
    json_array_begin(json);
    enum jfr_error error = jfr_visit(jfr, writing.several ? NULL : type, &visitor, &damaged);
    json_array_end(json);
    json_key(json, "more");
    json_bool(json, writing.more);
    json_key(json, "damaged");
    json_number(json, (int64_t)damaged);
    json_object_end(json);
    json->failed = json->failed || json_failed(&writing.one) || json_failed(&writing.name);
    json_free(&writing.one);
    json_free(&writing.name);
    merge_budget_give(writing.charged);
    jfr_close(jfr);
    return writing.gone ? RECEIVER_CLIENT_GONE : writing.too_large ? RECEIVER_NO_MEMORY : recording_error(error);
}
