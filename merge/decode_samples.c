// decode_samples.c: reads and stages the samples of an input, which are most of its bytes. See decode.h, also for threads and memory.
#include "decode.h"

static bool out_of_memory(struct cursor *cursor) {
    return cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
}

static bool bad_varint(struct cursor *cursor) {
    return cursor_fail(cursor, MERGE_MALFORMED, "bad varint in field %u", cursor->field.number);
}

// Repeated numbers may be packed, unpacked, or both. A number takes at least one byte, so a packed run has at most as many as bytes.

static bool read_refs(struct cursor *cursor) {
    struct input *input = cursor->input;
    const struct id_map *map = &input->location_ids;
    bool packed = cursor->field.type == WIRE_BYTES;
    struct wire run = cursor->field.bytes;
    uint32_t *refs = array_reserve(&input->refs, packed ? (size_t)(run.end - run.at) : 1, sizeof *refs), *ref = refs;
    if (!refs) {
        return packed && run.at == run.end ? true : out_of_memory(cursor);
    }
    if (!packed) {
        *ref = decode_id(cursor, map, cursor_number(cursor), "location");
        input->refs.count += *ref != 0;
        return *ref != 0;
    }
    while (run.at < run.end) {
        uint64_t id;
        if (wire_varint(&run, &id) != WIRE_OK) {
            return bad_varint(cursor);
        }
        *ref = id_map_get(map, id);
        if (*ref == 0) {
            return decode_id(cursor, map, id, "location") != 0; // sets the error
        }
        ref++;
    }
    input->refs.count += (uint32_t)(ref - refs);
    return true;
}

// row: capacity for one value of each type.
static bool read_values(struct cursor *cursor, int64_t *row, uint32_t *count) {
    uint32_t type_count = cursor->input->types.count, at = *count;
    bool packed = cursor->field.type == WIRE_BYTES;
    struct wire run = cursor->field.bytes;
    while (!packed || run.at < run.end) {
        uint64_t value = packed ? 0 : cursor_number(cursor);
        if (packed && wire_varint(&run, &value) != WIRE_OK) {
            return bad_varint(cursor);
        }
        if (at == type_count) {
            return cursor_fail(cursor, MERGE_MALFORMED, "more than %u values, one per sample type", type_count);
        }
        row[at++] = (int64_t)value;
        if (!packed) {
            break;
        }
    }
    *count = at;
    return true;
}

static bool is_chosen(const struct profile *profile, uint32_t key) {
    const uint32_t *chosen = profile->chosen_labels.items;
    for (uint32_t i = 0; i < profile->chosen_labels.count; i++) {
        if (chosen[i] == key) {
            return true;
        }
    }
    return false;
}

// Reads the key first, so that the strings of a dropped label are never interned.
static bool is_left_out(struct cursor *cursor) {
    const struct profile *profile = cursor->input->profile;
    struct wire rest = cursor->wire;
    uint32_t key = 0;
    uint64_t text = 0;
    bool is_number = false; // a label without any value is an empty text: Go leaves out the field then
    cursor->wire = cursor->field.bytes;
    while (cursor_next(cursor)) {
        if (cursor->field.number == 1) {
            key = cursor_string(cursor);
        } else if (cursor->field.number == 2) {
            text = cursor_number(cursor);
        } else if (cursor->field.number == 3 || cursor->field.number == 4) {
            is_number = true;
        }
    }
    cursor->wire = rest;
    if (profile->numbers_kept && text == 0 && is_number) {
        return false;
    }
    return is_chosen(profile, key) == profile->chosen_are_dropped;
}

static void read_label(struct cursor *cursor) {
    if (cursor->field.type != WIRE_BYTES) {
        cursor_fail(cursor, MERGE_MALFORMED, "a label is not a message");
        return;
    }
    if (cursor->input->profile->labels_chosen) {
        struct wire label_bytes = cursor->field.bytes;
        if (is_left_out(cursor)) {
            return;
        }
        cursor->field.bytes = label_bytes;
    }
    struct label *label = array_push(&cursor->input->labels, 1, sizeof *label);
    if (!label) {
        cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
        return;
    }
    struct wire rest = cursor->wire;
    cursor->wire = cursor->field.bytes;
    while (cursor_next(cursor)) {
        switch (cursor->field.number) {
        case 1:
            label->key = cursor_string(cursor);
            break;
        case 2:
            label->text = cursor_string(cursor);
            break;
        case 3:
            label->number = (int64_t)cursor_number(cursor);
            break;
        case 4:
            label->unit = cursor_string(cursor);
            break;
        default:
            cursor->input->unknown_fields = true;
        }
    }
    if (label->text != 0) { // a label has a text or a number, never both
        label->number = 0;
        label->unit = 0;
    }
    if (cursor->error == MERGE_OK) {
        cursor->wire = rest;
    }
}

// The label that the profile gives to all samples.
static void give_label(struct cursor *cursor) {
    const struct label *given = &cursor->input->profile->given;
    struct label *label = given->key ? array_push(&cursor->input->labels, 1, sizeof *label) : NULL;
    if (label) {
        *label = *given;
    } else if (given->key) {
        out_of_memory(cursor);
    }
}

// Checks the frame limits. Inlined frames count, or a sample of a few bytes could have 10^8 frames. Frames are counted one by one only if
// the limit might be exceeded. first: index of the sample's first ref.
static bool check_frames(struct cursor *cursor, uint32_t first, bool count_all) {
    struct input *input = cursor->input;
    const struct merge_limits *limits = input->limits;
    if (!count_all && (uint64_t)(input->refs.count - first) * input->max_lines <= limits->depth_frames) {
        return true;
    }
    uint64_t frames = 0;
    for (uint32_t i = first; i < input->refs.count; i++) {
        uint32_t lines = profile_location(input->profile, ((const uint32_t *)input->refs.items)[i])->line_count;
        frames += lines > 1 ? lines : 1;
    }
    if (frames > limits->depth_frames) {
        return cursor_fail(cursor, MERGE_TOO_LARGE, "%llu frames, limit %zu", (unsigned long long)frames, limits->depth_frames);
    }
    input->frames += frames;
    if (input->frames > limits->total_frames) {
        return cursor_fail(cursor, MERGE_TOO_LARGE, "more than %zu frames in all samples", limits->total_frames);
    }
    return true;
}

// Appends the sample's refs and labels to those of the batch. Sets only the counts of the key, since the arrays may still be reallocated.
static enum merge_error read_sample(struct input *input, uint32_t index, struct sample_key *key, int64_t *row, bool count_all) {
    struct cursor cursor = cursor_open(input, DECODE_SAMPLES, "sample", index);
    uint32_t value_count = 0, first_ref = input->refs.count, first_label = input->labels.count;
    while (cursor_next(&cursor)) {
        switch (cursor.field.number) {
        case 1:
            read_refs(&cursor);
            break;
        case 2:
            read_values(&cursor, row, &value_count);
            break;
        case 3:
            read_label(&cursor);
            break;
        default:
            input->unknown_fields = true;
        }
    }
    if (cursor.error == MERGE_OK && value_count != input->types.count) {
        cursor_fail(&cursor, MERGE_MALFORMED, "%u values for %u sample types", value_count, input->types.count);
    }
    if (cursor.error == MERGE_OK) {
        check_frames(&cursor, first_ref, count_all);
        give_label(&cursor);
    }
    key->ref_count = input->refs.count - first_ref;
    key->label_count = input->labels.count - first_label;
    return cursor.error;
}

static enum merge_error decode_batch(struct input *input, uint32_t index, uint32_t count, uint32_t *ours, bool count_all) {
    struct sample_key keys[SAMPLE_BATCH];
    uint32_t types = input->types.count;
    int64_t *rows = array_reserve(&input->values, (size_t)count * types, sizeof *rows);
    if (!rows && types > 0) {
        return fault_set(input->fault, MERGE_NO_MEMORY, 0, "values");
    }
    input->refs.count = input->labels.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        enum merge_error error = read_sample(input, index + i, &keys[i], rows + (size_t)i * types, count_all);
        if (error != MERGE_OK) {
            return error;
        }
    }
    uint32_t *refs = input->refs.items;
    struct label *labels = input->labels.items;
    for (uint32_t i = 0; i < count; i++) {
        keys[i].refs = refs;
        keys[i].labels = labels;
        refs += keys[i].ref_count;
        labels += keys[i].label_count;
    }
    profile_intern_samples(input->profile, keys, count, ours);
    if (input->profile->status != MERGE_OK) {
        return fault_set(input->fault, input->profile->status, 0, "sample %u: no memory", index);
    }
    input->values.count += count * types;
    return MERGE_OK;
}

enum merge_error decode_samples(struct input *input) {
    uint32_t count = input->tables[DECODE_SAMPLES].count, batch;
    uint32_t *ours = array_push(&input->samples, count, sizeof *ours);
    // Rows are added as samples are read, so that memory is proportional to the input.
    bool count_all = (uint64_t)(input->end - input->bytes) * input->max_lines > input->limits->total_frames;
    bool reserved = array_reserve(&input->refs, 1, sizeof(uint32_t)) && array_reserve(&input->labels, 1, sizeof(struct label));
    if ((!ours && count > 0) || !reserved) {
        return fault_set(input->fault, MERGE_NO_MEMORY, 0, "samples");
    }
    for (uint32_t i = 0; i < count; i += batch) {
        batch = count - i < SAMPLE_BATCH ? count - i : SAMPLE_BATCH;
        enum merge_error error = decode_batch(input, i, batch, &ours[i], count_all);
        if (error != MERGE_OK) {
            return error;
        }
    }
    return MERGE_OK;
}
