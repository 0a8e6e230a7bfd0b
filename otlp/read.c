// read.c: reads requests (otlp.h): resources, scopes, and the headers of profiles.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../merge/compress.h"
#include "otlp.h"
#include "reading.h"

// ---- Attributes of resources and scopes ----

static void forget_texts(struct reading *reading) {
    for (uint32_t i = 0; i < reading->texts.count; i++) {
        free(((char **)reading->texts.items)[i]);
    }
    reading->texts.count = 0;
}

// A copy with an end. NULL: no memory.
static const char *copy_text(struct reading *reading, const struct read_value *value) {
    char text[OTLP_MAX_TEXT + 1];
    dictionary_text(value, text, sizeof text);
    char **entry = array_push(&reading->texts, 1, sizeof *entry);
    return entry ? *entry = strdup(text) : NULL;
}

static enum merge_error add_attribute(struct reading *reading, struct wire message) {
    struct otlp_resource *resource = reading->resource;
    struct read_attribute attribute;
    enum merge_error error = dictionary_key_value(&reading->dictionary, message, &attribute);
    if (error != MERGE_OK || resource->count == OTLP_MAX_ATTRIBUTES) {
        resource->left_out += error == MERGE_OK;
        return error;
    }
    struct otlp_attribute *entry = &resource->attributes[resource->count];
    bool number = attribute.value.kind == READ_INT;
    *entry = (struct otlp_attribute){.key = copy_text(reading, &(struct read_value){.kind = READ_TEXT, .text = attribute.key}),
                                     .text = number ? NULL : copy_text(reading, &attribute.value),
                                     .number = number ? attribute.value.number : 0};
    if (!entry->key || (!number && !entry->text)) {
        return MERGE_NO_MEMORY;
    }
    resource->count++;
    return MERGE_OK;
}

static enum merge_error read_resource(struct reading *reading, struct wire message) {
    struct wire_field field;
    enum merge_error error = MERGE_OK;
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        if (field.number == 1 && field.type == WIRE_BYTES) {
            error = add_attribute(reading, field.bytes);
        }
    }
    return error;
}

struct scope {
    char name[OTLP_MAX_TEXT + 1], file[OTLP_MAX_TEXT + 1];
    struct wire default_type;
};

static enum merge_error read_scope(struct reading *reading, struct wire message, struct scope *scope) {
    struct wire_field field;
    struct read_attribute attribute;
    enum merge_error error = MERGE_OK;
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        if (field.number == 1 && field.type == WIRE_BYTES) {
            dictionary_text(&(struct read_value){.kind = READ_TEXT, .text = field.bytes}, scope->name, sizeof scope->name);
        } else if (field.number == 3 && field.type == WIRE_BYTES) {
            error = dictionary_key_value(&reading->dictionary, field.bytes, &attribute);
            if (error == MERGE_OK && wire_is(attribute.key, "cmemprof.file")) {
                dictionary_text(&attribute.value, scope->file, sizeof scope->file);
            } else if (error == MERGE_OK && wire_is(attribute.key, "pprof.scope.default_sample_type") &&
                       attribute.value.kind == READ_TEXT) {
                scope->default_type = attribute.value.text;
            }
        }
    }
    return error;
}

// ---- Headers of profiles ----

static enum merge_error read_type(struct reading *reading, struct wire message, struct text_pair *type) {
    struct wire_field field;
    struct wire text;
    enum merge_error error = MERGE_OK;
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        if (field.number == 1 || field.number == 2) {
            error = dictionary_entry(&reading->dictionary, TABLE_STRINGS, field.value, &text) ? MERGE_OK : MERGE_MALFORMED;
            *(field.number == 1 ? &type->type : &type->unit) = field.value;
        }
    }
    return error;
}

static enum merge_error read_header(struct reading *reading, struct wire message, struct profile_header *header) {
    struct wire_field field;
    enum merge_error error = MERGE_OK;
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        switch (field.number) {
        case 1:
            error = field.type == WIRE_BYTES ? read_type(reading, field.bytes, &header->type) : MERGE_OK;
            break;
        case 3: // what no int64 can hold is none
            header->time_ns = field.value <= INT64_MAX ? field.value : 0;
            break;
        case 4:
            header->duration_ns = field.value <= INT64_MAX - header->time_ns ? field.value : 0;
            break;
        case 5:
            error = field.type == WIRE_BYTES ? read_type(reading, field.bytes, &header->period_type) : MERGE_OK;
            break;
        case 6:
            header->period = (int64_t)field.value;
            break;
        }
    }
    return error;
}

// Types are compared by their indices: a dictionary has each text once, and a text may be long.
static bool same_group(const struct profile_header *a, const struct profile_header *b) {
    return a->time_ns == b->time_ns && a->duration_ns == b->duration_ns && a->period == b->period &&
           a->period_type.type == b->period_type.type && a->period_type.unit == b->period_type.unit;
}

static struct value_type type_in(const struct reading *reading, struct profile *profile, struct text_pair pair) {
    struct wire type = {NULL, NULL}, unit = {NULL, NULL};
    dictionary_entry(&reading->dictionary, TABLE_STRINGS, pair.type, &type); // read_type has seen them
    dictionary_entry(&reading->dictionary, TABLE_STRINGS, pair.unit, &unit);
    return (struct value_type){reading_text(profile, type), reading_text(profile, unit)};
}

static struct group *group_of(struct reading *reading, const struct profile_header *header, enum merge_error *error) {
    struct group *groups = reading->groups.items;
    for (uint32_t i = reading->groups.count; i-- > 0;) { // mostly the last one
        if (same_group(&groups[i].header, header)) {
            return &groups[i];
        }
    }
    if (reading->group_count >= OTLP_MAX_PROFILES) { // each is searched for among those before it
        *error = fault_set(reading->dictionary.fault, MERGE_TOO_LARGE, 0, "more than %d profiles", OTLP_MAX_PROFILES);
        return NULL;
    }
    struct group *group = array_push(&reading->groups, 1, sizeof *group);
    *error = MERGE_NO_MEMORY;
    if (!group || !(group->profile = profile_new())) {
        reading->groups.count -= !!group;
        return NULL;
    }
    if (!array_push(&group->known, 1, sizeof(struct known_sample)) || !intern_order(&group->known_ids)) {
        return NULL;
    }
    group->header = *header;
    *error = MERGE_OK;
    group->number = ++reading->group_count;
    struct profile *profile = group->profile;
    profile->period_known = true;
    profile->period_type = type_in(reading, profile, header->period_type);
    profile->period = header->period;
    profile_set_time(profile, (int64_t)header->time_ns, (int64_t)header->duration_ns);
    return group;
}

// Of the profile's type and unit; the column of an equal one, if there is one.
static uint32_t column_of(const struct reading *reading, const struct group *group) {
    struct profile *profile = group->profile;
    struct value_type type = type_in(reading, profile, group->header.type);
    for (uint32_t i = 0; i < profile->type_count; i++) {
        if (profile_type(profile, i)->type == type.type && profile_type(profile, i)->unit == type.unit) {
            return i;
        }
    }
    profile_append_type(profile, type);
    return profile->type_count - 1;
}

static enum merge_error header_attribute(struct reading *reading, struct group *group, uint64_t index) {
    struct profile *profile = group->profile;
    struct read_attribute attribute;
    struct read_value item;
    enum merge_error error = dictionary_attribute(&reading->dictionary, index, &attribute);
    if (error != MERGE_OK) {
        return error;
    }
    const struct {
        const char *key;
        uint32_t *text;
    } texts[] = {{"pprof.profile.drop_frames", &profile->drop_frames},
                 {"pprof.profile.keep_frames", &profile->keep_frames},
                 {"pprof.profile.doc_url", &profile->doc_url}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (wire_is(attribute.key, texts[i].key) && attribute.value.kind == READ_TEXT) {
            *texts[i].text = reading_text(profile, attribute.value.text);
        }
    }
    while (wire_is(attribute.key, "pprof.profile.comment") && attribute.value.kind == READ_LIST &&
           dictionary_item(&reading->dictionary, &attribute.value.text, &item, &error)) {
        if (item.kind == READ_TEXT) {
            profile_intern_comment(profile, reading_text(profile, item.text));
        }
    }
    return error;
}

static enum merge_error read_profile(struct reading *reading, struct wire message) {
    const struct dictionary *dictionary = &reading->dictionary;
    struct profile_header header = {0};
    struct wire_field field;
    enum merge_error error = ++reading->message_count <= OTLP_MAX_PROFILES * 64
                                 ? read_header(reading, message, &header)
                                 : fault_set(dictionary->fault, MERGE_TOO_LARGE, 0, "more than %d profiles", OTLP_MAX_PROFILES);
    struct group *group = error == MERGE_OK ? group_of(reading, &header, &error) : NULL;
    if (!group) {
        return error;
    }
    group->header = header;
    if (group->profile->type_count >= dictionary->limits->sample_types) {
        return fault_set(dictionary->fault, MERGE_TOO_LARGE, 0, "more than %zu sample types", dictionary->limits->sample_types);
    }
    uint32_t column = column_of(reading, group);
    error = group->profile->status;
    while (dictionary_next(dictionary, &message, &field, &error)) {
        struct numbers numbers = {0};
        uint64_t index;
        if (field.number == 2 && field.type == WIRE_BYTES) {
            error = reading_sample(reading, group, column, field.bytes);
        } else if (field.number == 10) {
            group->payload = true;
        }
        while (error == MERGE_OK && field.number == 11 && dictionary_number(dictionary, &field, &numbers, &index, &error)) {
            error = reading_count(reading, 1);
            error = error == MERGE_OK ? header_attribute(reading, group, index) : error;
        }
    }
    return error;
}

// ---- Scopes, the request ----

static void warn(struct group *group) {
    char text[160];
    if (group->cut > 0) {
        snprintf(text, sizeof text, "cmemprof: warning: %" PRIu64 " values of attributes have parts, which are not kept", group->cut);
        profile_add_comment(group->profile, text);
    }
    if (group->payload) {
        profile_add_comment(group->profile, "cmemprof: warning: the original payload that came with it is not kept");
    }
}

static enum merge_error hand_over(struct reading *reading, const struct scope *scope) {
    enum merge_error error = MERGE_OK;
    struct group *groups = reading->groups.items;
    for (uint32_t i = 0; error == MERGE_OK && i < reading->groups.count; i++) {
        struct profile *profile = groups[i].profile;
        const struct otlp_profile taken = {reading->resource, scope->name, scope->file, profile};
        profile->default_type = reading_text(profile, scope->default_type);
        profile->types_fixed = true;
        warn(&groups[i]);
        error = profile->status != MERGE_OK ? profile->status : reading->take(reading->context, &taken);
        reading->taken += error == MERGE_OK;
    }
    return error;
}

static void drop_groups(struct reading *reading) {
    for (uint32_t i = 0; i < reading->groups.count; i++) {
        struct group *group = (struct group *)reading->groups.items + i;
        profile_free(group->profile);
        array_free(&group->known);
        intern_free(&group->known_ids);
    }
    reading->groups.count = 0;
}

// Its fields may come in any order, so the scope is read before the profiles.
static enum merge_error read_scope_profiles(struct reading *reading, struct wire message) {
    struct scope scope = {.name = "", .file = ""};
    struct wire_field field;
    struct wire rest = message;
    enum merge_error error = MERGE_OK;
    while (dictionary_next(&reading->dictionary, &rest, &field, &error)) {
        if (field.number == 1 && field.type == WIRE_BYTES) {
            error = read_scope(reading, field.bytes, &scope);
        }
    }
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        if (field.number == 2 && field.type == WIRE_BYTES) {
            error = read_profile(reading, field.bytes);
        }
    }
    if (error == MERGE_OK) {
        error = hand_over(reading, &scope);
    }
    drop_groups(reading);
    return error;
}

static enum merge_error read_resource_profiles(struct reading *reading, struct wire message) {
    struct wire_field field;
    struct wire rest = message;
    enum merge_error error = MERGE_OK;
    reading->resource->count = reading->resource->left_out = 0;
    while (dictionary_next(&reading->dictionary, &rest, &field, &error)) {
        if (field.number == 1 && field.type == WIRE_BYTES) {
            error = read_resource(reading, field.bytes);
        }
    }
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        if (field.number == 2 && field.type == WIRE_BYTES) {
            error = read_scope_profiles(reading, field.bytes);
        }
    }
    forget_texts(reading);
    reading->resource->number++;
    return error;
}

static struct given *none_given(const struct reading *reading, enum dictionary_table table) {
    return memory_take_zeroed((size_t)dictionary_size(&reading->dictionary, table) + 1, sizeof(struct given));
}

static enum merge_error check_layout(struct reading *reading, struct wire request) {
    const struct dictionary *dictionary = &reading->dictionary;
    const struct layout_tables tables = {.attributes = dictionary_size(dictionary, TABLE_ATTRIBUTES),
                                         .stacks = dictionary_size(dictionary, TABLE_STACKS),
                                         .links = dictionary_size(dictionary, TABLE_LINKS)};
    reading->layout = layout_of(request, tables);
    if (reading->layout == LAYOUT_TOO_OLD) {
        return fault_set(dictionary->fault, MERGE_MALFORMED, 0,
                         "profiles in the layout before opentelemetry-proto v1.8, which is not read: the sender is too old");
    }
    if (reading->layout == LAYOUT_UNKNOWN) {
        return fault_set(dictionary->fault, MERGE_MALFORMED, 0,
                         "samples that are of the layout before or since opentelemetry-proto v1.10: lists in them must be packed");
    }
    if (reading->layout == LAYOUT_MIXED) {
        return fault_set(dictionary->fault, MERGE_MALFORMED, 0,
                         "samples in the layouts before and since opentelemetry-proto v1.10 are mixed");
    }
    return MERGE_OK;
}

static enum merge_error read_request(struct reading *reading, struct wire request) {
    struct wire_field field;
    struct wire rest = request;
    enum merge_error error = MERGE_OK;
    while (dictionary_next(&reading->dictionary, &rest, &field, &error)) {
        if (field.number == 2 && field.type == WIRE_BYTES) {
            error = dictionary_read(&reading->dictionary, field.bytes);
        }
    }
    if (error == MERGE_OK) {
        error = check_layout(reading, request);
    }
    reading->labels_given =
        memory_take_zeroed((size_t)dictionary_size(&reading->dictionary, TABLE_ATTRIBUTES) + 1, sizeof *reading->labels_given);
    reading->mappings = none_given(reading, TABLE_MAPPINGS);
    reading->functions = none_given(reading, TABLE_FUNCTIONS);
    reading->locations = memory_take_zeroed((size_t)dictionary_size(&reading->dictionary, TABLE_LOCATIONS) + 1, sizeof *reading->locations);
    if (error == MERGE_OK && (!reading->labels_given || !reading->mappings || !reading->functions || !reading->locations)) {
        error = MERGE_NO_MEMORY;
    }
    while (dictionary_next(&reading->dictionary, &request, &field, &error)) {
        if (field.number == 1 && field.type == WIRE_BYTES) {
            error = read_resource_profiles(reading, field.bytes);
        }
    }
    return error;
}

static void end(struct reading *reading) {
    struct array *arrays[] = {&reading->groups, &reading->refs,  &reading->lines, &reading->labels,
                              &reading->values, &reading->times, &reading->texts};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        array_free(arrays[i]);
    }
    memory_free(reading->labels_given);
    memory_free(reading->mappings);
    memory_free(reading->functions);
    memory_free(reading->locations);
    memory_free(reading->resource);
    dictionary_free(&reading->dictionary);
}

enum merge_error otlp_decode(const void *bytes, size_t size, const struct merge_limits *limits, otlp_take *take, void *context,
                             size_t *profiles, struct merge_fault *fault) {
    struct merge_fault none;
    struct compress compress = {0};
    struct wire_writer raw = {0};
    struct reading reading = {.take = take, .context = context};
    reading.dictionary.limits = limits ? limits : &merge_default_limits;
    reading.dictionary.fault = fault ? fault : &none;
    *reading.dictionary.fault = (struct merge_fault){0};
    enum merge_error error = compress_inflate(&compress, bytes, size, reading.dictionary.limits, &raw, reading.dictionary.fault);
    if (error == MERGE_OK && !(reading.resource = memory_take_zeroed(1, sizeof *reading.resource))) {
        error = MERGE_NO_MEMORY;
    }
    if (error == MERGE_OK) {
        reading.dictionary.bytes = raw.bytes;
        error = read_request(&reading, (struct wire){raw.bytes, raw.bytes + raw.size});
    }
    *profiles = reading.taken;
    end(&reading);
    compress_free(&compress);
    wire_free(&raw);
    return error;
}
