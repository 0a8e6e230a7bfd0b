// disassembly.c: see disassembly.h.
#include "disassembly.h"
#include "../../base/saturated.h"
#include "../../base/vector.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Addresses of one file: neighbours in the sorted weights.
struct part {
    const struct code_weight *first;
    size_t count;
    int64_t total;
};

static struct part part_at(const struct code_weights *weights, size_t from) {
    struct part part = {&weights->items[from], 0, 0};
    while (from + part.count < weights->count && code_weights_alike(part.first, part.first + part.count)) {
        saturated_add(&part.total, part.first[part.count++].total);
    }
    return part;
}

// ---- The file ----

static int compare_parts(const void *left, const void *right) {
    const struct part *a = left, *b = right;
    return a->total != b->total ? (a->total < b->total ? 1 : -1) : a->first < b->first ? -1 : 1;
}

// Keeps those with most, in order. Returns the chosen one; its count is 0 if there is none.
static struct part choose_file(struct disassembly *made, const struct code_weights *weights, const struct disassembly_choice *choice) {
    const struct code_weight wanted = {.file = choice->object ? choice->object : "", .build_id = choice->build_id ? choice->build_id : ""};
    struct part best[DISASSEMBLY_MAX_PLACES + 1], chosen = {0};
    size_t count = 0;
    for (size_t from = 0; from < weights->count;) {
        struct part part = part_at(weights, from);
        from += part.count;
        if (choice->build_id && code_weights_alike(part.first, &wanted)) {
            chosen = part;
        }
        best[count++] = part;
        qsort(best, count, sizeof *best, compare_parts);
        made->files_left_out += count > DISASSEMBLY_MAX_PLACES;
        count -= count > DISASSEMBLY_MAX_PLACES;
    }
    for (size_t i = 0; i < count; i++) {
        made->files[i] = best[i].first;
    }
    made->file_count = count;
    chosen = chosen.count == 0 && count > 0 ? best[0] : chosen;
    made->file = chosen.first;
    return chosen;
}

// ---- Functions of the linker in it ----

static int compare_places(const void *left, const void *right) {
    const struct disassembly_place *a = left, *b = right;
    return a->total != b->total ? (a->total < b->total ? 1 : -1) : a->start < b->start ? -1 : 1;
}

static void count_elsewhere(struct disassembly *made, size_t addresses, int64_t self, int64_t total) {
    made->elsewhere_count += addresses;
    saturated_add(&made->elsewhere_self, self);
    saturated_add(&made->elsewhere_total, total);
}

// The place of the next address; addresses come in order, so that it is the last one or none yet. NULL without *failed: none is known.
static struct disassembly_place *place_of(struct disassembly *made, uint64_t offset, const struct machine_code *code, void *opened,
                                          bool *failed) {
    struct disassembly_place *last = made->place_count > 0 ? &made->places[made->place_count - 1] : NULL;
    struct machine_code_function function;
    if (last && offset >= last->start && offset < last->end) {
        return last;
    }
    if (!code->find(opened, offset, &function)) {
        return NULL;
    }
    char *name = VECTOR_RESERVE(made->places, made->place_capacity, made->place_count + 1) ? strdup(function.name) : NULL;
    *failed = !name;
    if (!name) {
        return NULL;
    }
    made->places[made->place_count] = (struct disassembly_place){.name = name, .start = function.start, .end = function.end};
    return &made->places[made->place_count++];
}

// Keeps those with most.
static bool find_places(struct disassembly *made, const struct part *part, const struct machine_code *code, void *opened) {
    bool failed = false;
    for (size_t i = 0; i < part->count && !failed; i++) {
        const struct code_weight *weight = &part->first[i];
        struct disassembly_place *place = place_of(made, weight->offset, code, opened, &failed);
        if (place) {
            saturated_add(&place->self, weight->self);
            saturated_add(&place->total, weight->total);
            place->addresses++;
        } else {
            count_elsewhere(made, 1, weight->self, weight->total);
        }
    }
    if (made->place_count > 1) {
        qsort(made->places, made->place_count, sizeof *made->places, compare_places);
    }
    while (made->place_count > DISASSEMBLY_MAX_PLACES) {
        const struct disassembly_place *least = &made->places[--made->place_count];
        count_elsewhere(made, least->addresses, least->self, least->total);
        free(least->name);
    }
    return !failed;
}

static void choose_place(struct disassembly *made, const char *at) {
    uint64_t start = at ? strtoull(at, NULL, 16) : 0;
    for (size_t i = 0; at && i < made->place_count; i++) {
        made->place = made->places[i].start == start ? i : made->place;
    }
}

// ---- Instructions ----

static struct disassembly_row *add_row(struct disassembly *made) {
    if (!VECTOR_RESERVE(made->rows, made->row_capacity, made->row_count + 1)) {
        return NULL;
    }
    struct disassembly_row *row = &made->rows[made->row_count++];
    *row = (struct disassembly_row){0};
    return row;
}

static void add_weight(struct disassembly_row *row, const struct code_weight *weight) {
    saturated_add(&row->self, weight->self);
    saturated_add(&row->total, weight->total);
    row->line = row->line ? row->line : weight->line;
}

struct taking {
    struct disassembly *made;
    const struct code_weight *next, *end; // of the part
    bool failed;
};

static bool take(void *state, const struct machine_code_instruction *instruction) {
    struct taking *taking = state;
    if (taking->made->row_count == DISASSEMBLY_MAX_ROWS) {
        taking->made->rows_left_out++;
        return true;
    }
    struct disassembly_row *row = add_row(taking->made);
    char *text = row ? strdup(instruction->text) : NULL;
    if (!text) {
        taking->failed = true;
        return false;
    }
    row->offset = instruction->offset;
    row->address = instruction->address;
    row->text = text;
    while (taking->next < taking->end && taking->next->offset < instruction->offset) {
        taking->next++;
    }
    for (; taking->next < taking->end && taking->next->offset < instruction->offset + instruction->size; taking->next++) {
        add_weight(row, taking->next);
    }
    return true;
}

// The addresses alone.
static bool show_addresses(struct disassembly *made, const struct part *part) {
    for (size_t i = 0; i < part->count; i++) {
        if (made->row_count == DISASSEMBLY_MAX_ROWS) {
            made->rows_left_out = part->count - i;
            break;
        }
        struct disassembly_row *row = add_row(made);
        if (!row) {
            return false;
        }
        row->offset = row->address = part->first[i].offset;
        add_weight(row, &part->first[i]);
    }
    return true;
}

static void drop_rows(struct disassembly *made) {
    for (size_t i = 0; i < made->row_count; i++) {
        free(made->rows[i].text);
    }
    made->row_count = made->rows_left_out = 0;
}

static bool show_code(struct disassembly *made, const struct part *part, const struct machine_code *code, void *opened,
                      const struct disassembly_choice *choice) {
    struct taking taking = {made, part->first, part->first + part->count, false};
    made->machine = code->machine(opened);
    if (!find_places(made, part, code, opened)) {
        return false;
    }
    choose_place(made, choice->at);
    if (made->place_count == 0) {
        snprintf(made->reason, sizeof made->reason, "No symbol of the file tells where the function begins and ends.");
        return true;
    }
    const struct disassembly_place *place = &made->places[made->place];
    if (!code->read(opened, place->start, place->end, take, &taking, made->reason)) {
        drop_rows(made);
    }
    return !taking.failed;
}

bool disassembly_make(struct disassembly *made, const struct code_weights *weights, const struct machine_code *code,
                      const struct disassembly_choice *choice) {
    *made = (struct disassembly){.machine = ""};
    struct part part = choose_file(made, weights, choice);
    void *opened = NULL;
    bool ok = true;
    if (part.count == 0) {
        snprintf(made->reason, sizeof made->reason, "The profile has no addresses of this function.");
        return true;
    }
    if (!code) {
        snprintf(made->reason, sizeof made->reason,
                 "The receiver was not told where programs and libraries are (--binary-path, --symbols).");
    } else {
        opened = code->open(code->context, part.first->file, part.first->build_id, made->reason);
    }
    if (opened) {
        ok = show_code(made, &part, code, opened, choice);
        code->close(opened);
    }
    return ok && (!*made->reason || show_addresses(made, &part));
}

void disassembly_free(struct disassembly *made) {
    drop_rows(made);
    free(made->rows);
    for (size_t i = 0; i < made->place_count; i++) {
        free(made->places[i].name);
    }
    free(made->places);
    *made = (struct disassembly){0};
}

// ---- JSON ----

// Addresses have up to 64 bits, and a number of JSON 53.
static void write_hex(uint64_t number, struct json *json) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIx64, number);
    json_text(json, text);
}

static void write_rows(const struct disassembly *made, struct json *json) {
    json_key(json, "instructions");
    json_array_begin(json);
    for (size_t i = 0; i < made->row_count; i++) {
        const struct disassembly_row *row = &made->rows[i];
        json_array_begin(json);
        write_hex(row->address, json);
        json_number(json, row->self);
        json_number(json, row->total);
        json_number(json, row->line);
        json_text(json, row->text ? row->text : "");
        json_array_end(json);
    }
    json_array_end(json);
    json_member_number(json, "instructions_left_out", (int64_t)made->rows_left_out);
}

static void write_places(const struct disassembly *made, struct json *json) {
    json_key(json, "places");
    json_array_begin(json);
    for (size_t i = 0; i < made->place_count; i++) {
        const struct disassembly_place *place = &made->places[i];
        json_object_begin(json);
        json_member_text(json, "name", place->name);
        json_key(json, "at");
        write_hex(place->start, json);
        json_member_number(json, "self", place->self);
        json_member_number(json, "total", place->total);
        json_object_end(json);
    }
    json_array_end(json);
    json_member_number(json, "place", (int64_t)made->place);
}

void disassembly_write(const struct disassembly *made, struct json *json) {
    json_member_text(json, "object", made->file ? made->file->file : "");
    json_member_text(json, "build_id", made->file ? made->file->build_id : "");
    json_member_text(json, "machine", made->machine);
    json_key(json, "objects");
    json_array_begin(json);
    for (size_t i = 0; i < made->file_count; i++) {
        json_object_begin(json);
        json_member_text(json, "object", made->files[i]->file);
        json_member_text(json, "build_id", made->files[i]->build_id);
        json_object_end(json);
    }
    json_array_end(json);
    json_member_number(json, "objects_left_out", (int64_t)made->files_left_out);
    write_places(made, json);
    json_key(json, "elsewhere");
    json_object_begin(json);
    json_member_number(json, "addresses", (int64_t)made->elsewhere_count);
    json_member_number(json, "self", made->elsewhere_self);
    json_member_number(json, "total", made->elsewhere_total);
    json_object_end(json);
    write_rows(made, json);
    json_member_text(json, "reason", *made->reason ? made->reason : NULL);
}
