// samples.c: samples of a request, with their labels, in a profile (reading.h).
#include "reading.h"

#include <inttypes.h>
#include <stdio.h>

// ---- Labels ----

static enum merge_error push_label(struct reading *reading, const struct label *label) {
    enum merge_error error = reading_count(reading, 1);
    if (error != MERGE_OK || reading->labels.count >= reading->dictionary.limits->depth_frames) {
        return error != MERGE_OK ? error
                                 : fault_set(reading->dictionary.fault, MERGE_TOO_LARGE, 0, "a sample of more than %zu labels",
                                             reading->dictionary.limits->depth_frames);
    }
    struct label *entry = array_push(&reading->labels, 1, sizeof *entry);
    if (!entry) {
        return MERGE_NO_MEMORY;
    }
    *entry = *label;
    return MERGE_OK;
}

static enum merge_error add_label(struct reading *reading, struct group *group, uint32_t key, uint32_t unit,
                                  const struct read_value *value) {
    char text[512];
    struct label label = {.key = key, .unit = unit};
    if (value->kind == READ_INT) {
        label.number = value->number;
    } else if (value->kind == READ_TEXT) {
        label.text = reading_text(group->profile, value->text);
    } else {
        dictionary_text(value, text, sizeof text);
        label.text = profile_intern_string(group->profile, text, strlen(text));
        group->cut += value->kind == READ_MAP || value->kind == READ_LIST;
    }
    return push_label(reading, &label);
}

static enum merge_error add_attribute(struct reading *reading, struct group *group, uint64_t index) {
    struct read_attribute attribute;
    struct read_value item;
    bool known = index < dictionary_size(&reading->dictionary, TABLE_ATTRIBUTES);
    if (known && reading->labels_given[index].group == group->number) {
        return push_label(reading, &reading->labels_given[index].label);
    }
    enum merge_error error = dictionary_attribute(&reading->dictionary, index, &attribute);
    if (error != MERGE_OK || index == 0) {
        return error;
    }
    uint32_t key = reading_text(group->profile, attribute.key), unit = reading_text(group->profile, attribute.unit);
    if (attribute.value.kind != READ_LIST) {
        error = add_label(reading, group, key, unit, &attribute.value);
        if (error == MERGE_OK && known) {
            const struct label *labels = reading->labels.items;
            reading->labels_given[index] = (struct given_label){group->number, labels[reading->labels.count - 1]};
        }
        return error;
    }
    while (error == MERGE_OK && dictionary_item(&reading->dictionary, &attribute.value.text, &item, &error)) {
        error = add_label(reading, group, key, unit, &item);
    }
    return error;
}

static enum merge_error add_hex(struct reading *reading, struct group *group, const char *key, struct wire bytes) {
    char text[64];
    const struct read_value value = {.kind = READ_BYTES, .text = bytes};
    dictionary_text(&value, text, sizeof text);
    const struct label label = {.key = profile_intern_string(group->profile, key, strlen(key)),
                                .text = profile_intern_string(group->profile, text, strlen(text))};
    return bytes.at == bytes.end ? MERGE_OK : push_label(reading, &label);
}

// The span that a sample was in.
static enum merge_error add_link(struct reading *reading, struct group *group, uint64_t index) {
    struct wire message;
    struct wire_field field;
    enum merge_error error = MERGE_OK;
    if (!dictionary_entry(&reading->dictionary, TABLE_LINKS, index, &message)) {
        return MERGE_MALFORMED;
    }
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        if (field.type == WIRE_BYTES && (field.number == 1 || field.number == 2)) {
            error = add_hex(reading, group, field.number == 1 ? "trace_id" : "span_id", field.bytes);
        }
    }
    return error;
}

// ---- Samples ----

static enum merge_error push_number(struct array *array, uint64_t number) {
    uint64_t *entry = array_push(array, 1, sizeof *entry);
    if (!entry) {
        return MERGE_NO_MEMORY;
    }
    *entry = number;
    return MERGE_OK;
}

static enum merge_error read_times(struct reading *reading, const struct wire_field *field) {
    struct wire packed = field->bytes;
    uint64_t time;
    if (field->type == WIRE_FIXED64) {
        return push_number(&reading->times, field->value);
    }
    while (field->type == WIRE_BYTES && packed.at < packed.end) {
        if (wire_fixed(&packed, 8, &time) != WIRE_OK) {
            return dictionary_fail(&reading->dictionary, &packed, "a list of timestamps ends inside one");
        }
        if (push_number(&reading->times, time) != MERGE_OK) {
            return MERGE_NO_MEMORY;
        }
    }
    return MERGE_OK;
}

static enum merge_error read_fields(struct reading *reading, struct group *group, struct wire message) {
    const struct dictionary *dictionary = &reading->dictionary;
    bool old = reading->layout == LAYOUT_1_8;
    const uint32_t attributes = old ? 3 : 2, link = old ? 4 : 3, values = old ? 2 : 4;
    enum merge_error error = MERGE_OK;
    struct wire_field field;
    uint64_t stack = 0;
    reading->labels.count = reading->values.count = reading->times.count = 0;
    while (dictionary_next(dictionary, &message, &field, &error)) {
        struct numbers numbers = {0};
        uint64_t number;
        if (field.number == 1) {
            stack = field.value;
        } else if (field.number == link) {
            error = add_link(reading, group, field.value);
        } else if (field.number == 5) {
            error = read_times(reading, &field);
        } else if (field.number == attributes || field.number == values) {
            while (error == MERGE_OK && dictionary_number(dictionary, &field, &numbers, &number, &error)) {
                error = field.number == values ? push_number(&reading->values, number) : add_attribute(reading, group, number);
            }
        }
    }
    return error == MERGE_OK ? reading_stack(reading, group, stack) : error;
}

static enum merge_error add_row(struct reading *reading, struct group *group, uint32_t column, int64_t value, uint32_t label_count) {
    struct profile *profile = group->profile;
    struct sample_key key = {reading->refs.items, reading->labels.items, reading->refs.count, label_count, 0};
    uint32_t index;
    profile_intern_samples(profile, &key, 1, &index);
    profile_fit_rows(profile);
    if (profile->status == MERGE_OK) {
        profile_add_row(profile, index, &value, 1, NULL, &column);
    }
    return profile->status;
}

// Each timestamp is an observation, of 1 if there are no values.
static enum merge_error add_timed(struct reading *reading, struct group *group, uint32_t column) {
    const int64_t *values = reading->values.count > 0 ? reading->values.items : NULL;
    const uint64_t *times = reading->times.items;
    static const char name[] = "end_timestamp_ns";
    const struct label label = {.key = profile_intern_string(group->profile, name, sizeof name - 1)};
    uint32_t label_count = reading->labels.count;
    enum merge_error error = push_label(reading, &label); // room for it, before the sample's labels are sorted
    error = error == MERGE_OK ? reading_count(reading, (uint64_t)reading->times.count * (label_count + 1)) : error;
    struct array own = {0};
    struct label *labels = error == MERGE_OK ? array_push(&own, label_count + 1, sizeof *labels) : NULL;
    if (!labels) {
        return error != MERGE_OK ? error : MERGE_NO_MEMORY;
    }
    memcpy(labels, reading->labels.items, label_count * sizeof *labels);
    for (uint32_t i = 0; error == MERGE_OK && i < reading->times.count; i++) {
        memcpy(reading->labels.items, labels, label_count * sizeof *labels);
        ((struct label *)reading->labels.items)[label_count] = label;
        ((struct label *)reading->labels.items)[label_count].number = (int64_t)times[i];
        error = add_row(reading, group, column, values ? values[i] : 1, label_count + 1);
    }
    array_free(&own);
    return error;
}

enum merge_error reading_sample(struct reading *reading, struct group *group, uint32_t column, struct wire message) {
    uint32_t number = reading->samples++;
    enum merge_error error = read_fields(reading, group, message);
    uint32_t values = reading->values.count, times = reading->times.count;
    if (error == MERGE_MALFORMED && reading->dictionary.fault) { // says which sample
        char text[sizeof reading->dictionary.fault->text];
        snprintf(text, sizeof text, "sample %" PRIu32 ": %.120s", number, reading->dictionary.fault->text);
        return dictionary_fail(&reading->dictionary, &message, "%s", text);
    }
    if (error != MERGE_OK) {
        return error;
    }
    if (times > 0 && values > 0 && values != times) {
        return dictionary_fail(&reading->dictionary, &message, "sample %" PRIu32 ": %" PRIu32 " values and %" PRIu32 " timestamps", number,
                               values, times);
    }
    if (times == 0 && values > 1) {
        return dictionary_fail(&reading->dictionary, &message, "sample %" PRIu32 ": %" PRIu32 " values of one type", number, values);
    }
    if (times > 0) {
        return add_timed(reading, group, column);
    }
    return values == 0 ? MERGE_OK : add_row(reading, group, column, ((const int64_t *)reading->values.items)[0], reading->labels.count);
}
