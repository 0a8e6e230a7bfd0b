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

static enum merge_error add_row(struct reading *reading, struct group *group, uint32_t column, int64_t value, uint32_t label_count,
                                uint32_t *row) {
    struct profile *profile = group->profile;
    struct sample_key key = {reading->refs.items, reading->labels.items, reading->refs.count, label_count, 0};
    profile_intern_samples(profile, &key, 1, row);
    profile_fit_rows(profile);
    if (profile->status == MERGE_OK) {
        profile_add_row(profile, *row, &value, 1, NULL, &column);
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
        uint32_t row;
        error = add_row(reading, group, column, values ? values[i] : 1, label_count + 1, &row);
    }
    array_free(&own);
    return error;
}

// ---- Samples that another type has ----

// A stack, attributes and one value, each once and as they are mostly sent: packed. Anything else is read in full.
static bool is_plain(const struct reading *reading, struct wire message, struct known_sample *plain, int64_t *value) {
    const uint32_t attributes = reading->layout == LAYOUT_1_8 ? 3 : 2, values = reading->layout == LAYOUT_1_8 ? 2 : 4;
    unsigned seen = 0;
    struct wire_field field = {0};
    *plain = (struct known_sample){0};
    while (message.at < message.end && wire_next(&message, &field) == WIRE_OK) {
        if (field.number > 4 || seen >> field.number & 1) {
            return false;
        }
        seen |= 1u << field.number;
        if (field.number == 1 && field.type == WIRE_VARINT && field.value <= UINT32_MAX) {
            plain->stack = (uint32_t)field.value;
        } else if (field.number == attributes && field.type == WIRE_BYTES) {
            plain->attributes = field.bytes.at;
            plain->attributes_size = (size_t)(field.bytes.end - field.bytes.at);
        } else if (field.number == values && field.type == WIRE_BYTES && wire_varint(&field.bytes, (uint64_t *)value) == WIRE_OK &&
                   field.bytes.at == field.bytes.end) {
            continue;
        } else {
            return false;
        }
    }
    return message.at == message.end && seen >> values & 1;
}

static bool same_known(const void *context, uint32_t id, const void *key) {
    const struct known_sample *have = (const struct known_sample *)((const struct group *)context)->known.items + id, *want = key;
    return have->stack == want->stack && have->attributes_size == want->attributes_size &&
           (want->attributes_size == 0 || memcmp(have->attributes, want->attributes, want->attributes_size) == 0);
}

static uint32_t hash_known(const struct group *group, const struct known_sample *sample) {
    return intern_hash_end(
        intern_hash_bytes(group->profile->seed ^ sample->stack, (const char *)sample->attributes, sample->attributes_size));
}

// 0: it is new, with its hash.
static uint32_t find_known(struct group *group, const struct known_sample *sample, uint32_t *hash) {
    uint32_t id = intern_guess(&group->known_ids, same_known, group, sample);
    if (id != 0) {
        return id;
    }
    *hash = hash_known(group, sample);
    return intern_find_next(&group->known_ids, *hash, same_known, group, sample);
}

static enum merge_error add_known(struct group *group, const struct known_sample *sample, uint32_t hash) {
    struct known_sample *entry = array_push(&group->known, 1, sizeof *entry);
    if (!entry || !intern_add(&group->known_ids, hash, group->known.count - 1)) {
        group->known.count -= !!entry; // the next one gets this id, as the table expects
        return MERGE_NO_MEMORY;
    }
    *entry = *sample;
    return MERGE_OK;
}

// ---- Any sample ----

static enum merge_error read_sample(struct reading *reading, struct group *group, uint32_t column, struct wire message, uint32_t number,
                                    uint32_t *row) {
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
    return values == 0 ? MERGE_OK
                       : add_row(reading, group, column, ((const int64_t *)reading->values.items)[0], reading->labels.count, row);
}

enum merge_error reading_sample(struct reading *reading, struct group *group, uint32_t column, struct wire message) {
    uint32_t number = reading->samples++, hash = 0, id = 0;
    struct known_sample plain;
    int64_t value;
    bool is = is_plain(reading, message, &plain, &value);
    if (is && (id = find_known(group, &plain, &hash)) != 0) {
        const struct known_sample *known = (const struct known_sample *)group->known.items + id;
        profile_add_row(group->profile, known->row, &value, 1, NULL, &column);
        return MERGE_OK;
    }
    enum merge_error error = read_sample(reading, group, column, message, number, &plain.row);
    return error == MERGE_OK && is ? add_known(group, &plain, hash) : error;
}
