// dictionary.c: reads the dictionary of a request and the attributes in it (dictionary.h).
#include "dictionary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const nouns[TABLE_COUNT] = {"", "mapping", "location", "function", "link", "string", "attribute", "stack"};

enum merge_error dictionary_fail(const struct dictionary *dictionary, const struct wire *at, const char *format, ...) {
    char text[sizeof dictionary->fault->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return fault_set(dictionary->fault, MERGE_MALFORMED, (size_t)(at->at - dictionary->bytes), "%s", text);
}

bool dictionary_next(const struct dictionary *dictionary, struct wire *message, struct wire_field *field, enum merge_error *error) {
    if (*error != MERGE_OK || message->at == message->end) {
        return false;
    }
    switch (wire_next(message, field)) {
    case WIRE_OK:
        field->value = field->type == WIRE_BYTES ? 0 : field->value; // a number of the wrong type is none, as for other readers
        return true;
    case WIRE_SHORT:
        *error = fault_set(dictionary->fault, MERGE_TRUNCATED, (size_t)(message->at - dictionary->bytes), "a message ends inside a field");
        return false;
    default:
        *error = dictionary_fail(dictionary, message, "not a message of protobuf: damaged field");
        return false;
    }
}

bool dictionary_number(const struct dictionary *dictionary, const struct wire_field *field, struct numbers *numbers, uint64_t *number,
                       enum merge_error *error) {
    if (!numbers->begun) {
        numbers->begun = true;
        if (field->type != WIRE_BYTES) {
            *number = field->value;
            return true;
        }
        numbers->packed = field->bytes;
    } else if (field->type != WIRE_BYTES) {
        return false;
    }
    if (*error != MERGE_OK || numbers->packed.at == numbers->packed.end) {
        return false;
    }
    if (wire_varint(&numbers->packed, number) != WIRE_OK) {
        *error = dictionary_fail(dictionary, &numbers->packed, "a list of numbers ends inside one");
        return false;
    }
    return true;
}

enum merge_error dictionary_read(struct dictionary *dictionary, struct wire message) {
    enum merge_error error = MERGE_OK;
    struct wire_field field;
    while (dictionary_next(dictionary, &message, &field, &error)) {
        if (field.number == 0 || field.number >= TABLE_COUNT || field.type != WIRE_BYTES) {
            continue; // v1.7's attribute_units, and what later versions add
        }
        struct wire *entry = array_push(&dictionary->tables[field.number], 1, sizeof *entry);
        if (!entry) {
            return MERGE_NO_MEMORY;
        }
        *entry = field.bytes;
        if (field.number == TABLE_STRINGS && (size_t)(entry->end - entry->at) > dictionary->limits->string_bytes) {
            return fault_set(dictionary->fault, MERGE_TOO_LARGE, (size_t)(entry->at - dictionary->bytes), "a string of more than %zu bytes",
                             dictionary->limits->string_bytes);
        }
    }
    const struct wire *first = dictionary->tables[TABLE_STRINGS].items;
    if (error == MERGE_OK && first && first->at != first->end) {
        return dictionary_fail(dictionary, first, "the first entry of the table of strings is not empty");
    }
    return error;
}

void dictionary_free(struct dictionary *dictionary) {
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        array_free(&dictionary->tables[i]);
    }
}

bool dictionary_entry(const struct dictionary *dictionary, enum dictionary_table table, uint64_t index, struct wire *entry) {
    const struct array *entries = &dictionary->tables[table];
    if (index < entries->count) {
        *entry = ((const struct wire *)entries->items)[index];
        return true;
    }
    *entry = (struct wire){NULL, NULL};
    if (index == 0) { // a sender without the zero entry: 0 means none all the same
        return true;
    }
    fault_set(dictionary->fault, MERGE_MALFORMED, 0, "%s index %" PRId64 " of %" PRIu32 " %ss", nouns[table], (int64_t)index,
              entries->count, nouns[table]);
    return false;
}

// ---- Attributes ----

static enum merge_error value_at(const struct dictionary *dictionary, const struct wire_field *field, struct read_value *value) {
    switch (field->number) {
    case 1:
    case 7:
    case 5:
    case 6:
        if (field->type != WIRE_BYTES) {
            return dictionary_fail(dictionary, &field->bytes, "a value of the wrong type");
        }
        value->kind = field->number == 1 ? READ_TEXT : field->number == 7 ? READ_BYTES : field->number == 5 ? READ_LIST : READ_MAP;
        value->text = field->bytes;
        break;
    case 2:
    case 3:
        value->kind = field->number == 2 ? READ_BOOL : READ_INT;
        value->number = (int64_t)field->value;
        break;
    case 4:
        value->kind = READ_DOUBLE;
        memcpy(&value->real, &field->value, sizeof value->real);
        break;
    case 8:
        value->kind = READ_TEXT;
        return dictionary_entry(dictionary, TABLE_STRINGS, field->value, &value->text) ? MERGE_OK : MERGE_MALFORMED;
    default:
        break;
    }
    return MERGE_OK;
}

enum merge_error dictionary_value(const struct dictionary *dictionary, struct wire message, struct read_value *value) {
    enum merge_error error = MERGE_OK;
    struct wire_field field;
    *value = (struct read_value){.kind = READ_NONE};
    while (dictionary_next(dictionary, &message, &field, &error)) {
        error = value_at(dictionary, &field, value);
    }
    return error;
}

static enum merge_error string_at(const struct dictionary *dictionary, const struct wire_field *field, struct wire *text) {
    bool found = field->type == WIRE_VARINT && dictionary_entry(dictionary, TABLE_STRINGS, field->value, text);
    return found || field->type != WIRE_VARINT ? MERGE_OK : MERGE_MALFORMED;
}

enum merge_error dictionary_attribute(const struct dictionary *dictionary, uint64_t index, struct read_attribute *attribute) {
    struct wire message;
    enum merge_error error = MERGE_OK;
    struct wire_field field;
    *attribute = (struct read_attribute){0};
    if (!dictionary_entry(dictionary, TABLE_ATTRIBUTES, index, &message)) {
        return MERGE_MALFORMED;
    }
    while (dictionary_next(dictionary, &message, &field, &error)) {
        if (field.number == 1) {
            error = string_at(dictionary, &field, &attribute->key);
        } else if (field.number == 2 && field.type == WIRE_BYTES) {
            error = dictionary_value(dictionary, field.bytes, &attribute->value);
        } else if (field.number == 3) {
            error = string_at(dictionary, &field, &attribute->unit);
        }
    }
    return error;
}

enum merge_error dictionary_key_value(const struct dictionary *dictionary, struct wire message, struct read_attribute *attribute) {
    enum merge_error error = MERGE_OK;
    struct wire_field field;
    *attribute = (struct read_attribute){0};
    while (dictionary_next(dictionary, &message, &field, &error)) {
        if (field.number == 1 && field.type == WIRE_BYTES && field.bytes.at != field.bytes.end) {
            attribute->key = field.bytes;
        } else if (field.number == 2 && field.type == WIRE_BYTES) {
            error = dictionary_value(dictionary, field.bytes, &attribute->value);
        } else if (field.number == 3 && field.value != 0) {
            error = string_at(dictionary, &field, &attribute->key);
        }
    }
    return error;
}

bool dictionary_item(const struct dictionary *dictionary, struct wire *list, struct read_value *item, enum merge_error *error) {
    struct wire_field field;
    while (dictionary_next(dictionary, list, &field, error)) {
        if (field.number == 1 && field.type == WIRE_BYTES) {
            *error = dictionary_value(dictionary, field.bytes, item);
            return *error == MERGE_OK;
        }
    }
    return false;
}

void dictionary_text(const struct read_value *value, char *text, size_t size) {
    size_t length = (size_t)(value->text.end - value->text.at), at = 0;
    switch (value->kind) {
    case READ_TEXT:
        snprintf(text, size, "%.*s", (int)(length < size ? length : size), value->text.at ? (const char *)value->text.at : "");
        break;
    case READ_BOOL:
        snprintf(text, size, "%s", value->number ? "true" : "false");
        break;
    case READ_INT:
        snprintf(text, size, "%" PRId64, value->number);
        break;
    case READ_DOUBLE:
        snprintf(text, size, "%.17g", value->real);
        break;
    case READ_BYTES:
        for (*text = '\0'; at < length && at * 2 + 3 <= size; at++) {
            snprintf(text + at * 2, size - at * 2, "%02x", value->text.at[at]);
        }
        break;
    case READ_LIST:
        snprintf(text, size, "[...]");
        break;
    case READ_MAP:
        snprintf(text, size, "{...}");
        break;
    case READ_NONE:
        *text = '\0';
        break;
    }
}
