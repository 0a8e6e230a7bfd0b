// profile.c: struct profile, and adding entries to it.
//
// Every table works alike: hash the content, find an entry equal in every field, else append one. Threads, memory and errors: see
// merge.h and profile.h. Untrusted bytes are read in decode.c only.
#include "profile.h"

#include "decode.h"
#include "saturate.h"

struct profile *profile_new(void) {
    struct profile *profile = calloc(1, sizeof *profile);
    if (!profile) {
        return NULL;
    }
    profile->seed = intern_seed();
    profile->hash_mask = UINT32_MAX;
    if (string_table_init(&profile->strings) && intern_order(&profile->function_ids) && intern_order(&profile->location_ids) &&
        intern_order(&profile->sample_ids) && array_push(&profile->mappings, 1, sizeof(struct mapping)) &&
        array_push(&profile->functions, 1, sizeof(struct function)) && array_push(&profile->locations, 1, sizeof(struct location))) {
        return profile;
    }
    profile_free(profile);
    return NULL;
}

void profile_free(struct profile *profile) {
    if (!profile) {
        return;
    }
    decode_free(profile->decoder);
    string_table_free(&profile->strings);
    struct array *arrays[] = {&profile->types,         &profile->mappings,       &profile->functions,    &profile->locations,
                              &profile->lines,         &profile->refs,           &profile->labels,       &profile->samples,
                              &profile->values,        &profile->comments,       &profile->view_frames,  &profile->view_labels,
                              &profile->chosen_labels, &profile->types_left_out, &profile->path_prefixes};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        array_free(arrays[i]);
    }
    struct intern *tables[] = {&profile->mapping_ids,  &profile->alike_ids,  &profile->function_ids,
                               &profile->location_ids, &profile->sample_ids, &profile->comment_ids};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        intern_free(tables[i]);
    }
    free(profile);
}

void profile_fail(struct profile *profile, enum merge_error error) {
    if (profile->status == MERGE_OK) {
        profile->status = error;
    }
}

enum merge_error profile_status(const struct profile *profile) {
    return profile->status;
}

void profile_trim(struct profile *profile) {
    decode_free(profile->decoder);
    profile->decoder = NULL;
}

void profile_next_input(struct profile *profile) {
    profile->input++;
    intern_rewind(&profile->strings.ids);
    intern_rewind(&profile->function_ids);
    intern_rewind(&profile->location_ids);
    intern_rewind(&profile->sample_ids);
}

void profile_next_round(struct profile *profile) {
    profile->round++;
    profile_next_input(profile);
}

// To so many items.
static bool fit(struct array *array, uint32_t count, size_t item_bytes) {
    return count <= array->count || array_reserve(array, count - array->count, item_bytes);
}

bool profile_reserve_tables(struct profile *profile, const struct profile *like) {
    return fit(&profile->strings.strings, like->strings.strings.count, sizeof(struct string)) &&
           fit(&profile->functions, like->functions.count, sizeof(struct function)) &&
           fit(&profile->locations, like->locations.count, sizeof(struct location)) &&
           fit(&profile->lines, like->lines.count, sizeof(struct line)) &&
           intern_reserve(&profile->strings.ids, like->strings.strings.count) &&
           intern_reserve(&profile->function_ids, like->functions.count) && intern_reserve(&profile->location_ids, like->locations.count);
}

// ---- Strings, comments ----

uint32_t profile_intern_string(struct profile *profile, const char *bytes, size_t length) {
    uint32_t id = string_table_intern(&profile->strings, profile->seed, profile->hash_mask, bytes, length);
    if (id != STRING_TABLE_FULL) {
        return id;
    }
    profile_fail(profile, MERGE_NO_MEMORY);
    return 0;
}

// The id of a C string; NULL means "".
static uint32_t text_of(struct profile *profile, const char *text) {
    return text ? profile_intern_string(profile, text, strlen(text)) : 0;
}

static bool same_comment(const void *context, uint32_t id, const void *key) {
    return *profile_comment(context, id - 1) == *(const uint32_t *)key;
}

void profile_intern_comment(struct profile *profile, uint32_t text) {
    uint32_t hash = intern_hash_end(intern_hash_word(profile->seed, text)) & profile->hash_mask;
    if (intern_find(&profile->comment_ids, hash, same_comment, profile, &text) != 0) {
        return;
    }
    uint32_t *comment = array_push(&profile->comments, 1, sizeof *comment);
    if (!comment || !intern_add(&profile->comment_ids, hash, profile->comments.count)) {
        return profile_fail(profile, MERGE_NO_MEMORY);
    }
    *comment = text;
}

void profile_reset_header(struct profile *profile) {
    intern_free(&profile->comment_ids);
    profile->comments.count = 0;
    profile->period = profile->time_ns = profile->duration_ns = 0;
    profile->default_type = profile->drop_frames = profile->keep_frames = profile->doc_url = 0;
}

// ---- Labels ----

static void choose_labels(struct profile *profile, const char *const *keys, size_t count, bool drop) {
    profile->labels_chosen = true;
    profile->numbers_kept = false;
    profile->chosen_are_dropped = drop;
    profile->chosen_labels.count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t *key = array_push(&profile->chosen_labels, 1, sizeof *key);
        if (!key) {
            return profile_fail(profile, MERGE_NO_MEMORY);
        }
        *key = text_of(profile, keys[i]);
    }
}

void profile_keep_labels(struct profile *profile, const char *const *keys, size_t count) {
    choose_labels(profile, keys, count, false);
}

void profile_keep_texts(struct profile *profile, const char *const *keys, size_t count) {
    choose_labels(profile, keys, count, false);
    profile->numbers_kept = true;
}

void profile_drop_labels(struct profile *profile, const char *const *keys, size_t count) {
    choose_labels(profile, keys, count, true);
}

void profile_give_label(struct profile *profile, const char *key, const char *text) {
    profile->given = (struct label){0};
    if (key) {
        profile->given = (struct label){.key = text_of(profile, key), .text = text_of(profile, text)};
    }
}

// ---- Functions ----

static bool same_function(const void *context, uint32_t id, const void *key) {
    const struct function *have = profile_function(context, id), *want = key;
    return have->name == want->name && have->system_name == want->system_name && have->file == want->file &&
           have->start_line == want->start_line;
}

uint32_t profile_intern_function(struct profile *profile, const struct function *function) {
    uint32_t id = intern_guess(&profile->function_ids, same_function, profile, function);
    if (id != 0) {
        return id;
    }
    uint64_t hash64 = intern_hash_word(profile->seed, (uint64_t)function->name << 32 | function->system_name);
    hash64 = intern_hash_word(hash64, (uint64_t)function->start_line);
    uint32_t hash = intern_hash_end(intern_hash_word(hash64, function->file)) & profile->hash_mask;
    id = intern_find_next(&profile->function_ids, hash, same_function, profile, function);
    if (id != 0) {
        return id;
    }
    id = profile->functions.count;
    struct function *entry = array_push(&profile->functions, 1, sizeof *entry);
    if (!entry || !intern_add(&profile->function_ids, hash, id)) {
        profile->functions.count = id; // the next one gets this id, as the table expects
        profile_fail(profile, MERGE_NO_MEMORY);
        return 0;
    }
    *entry = *function;
    return id;
}

// ---- Locations ----

struct location_key {
    const struct location *location;
    const struct line *lines;
};

static bool same_location(const void *context, uint32_t id, const void *key) {
    const struct location_key *want = key;
    const struct location *have = profile_location(context, id);
    if (have->address != want->location->address || have->mapping != want->location->mapping ||
        have->line_count != want->location->line_count || have->folded != want->location->folded) {
        return false;
    }
    for (uint32_t i = 0; i < have->line_count; i++) {
        const struct line *a = profile_line(context, have->line + i), *b = &want->lines[i];
        if (a->function != b->function || a->line != b->line || a->column != b->column) {
            return false;
        }
    }
    return true;
}

static uint32_t hash_location(const struct profile *profile, const struct location *location, const struct line *lines) {
    uint64_t hash = intern_hash_word(profile->seed, location->address);
    hash = intern_hash_word(hash, (uint64_t)location->mapping << 32 | location->line_count << 1 | location->folded);
    for (uint32_t i = 0; i < location->line_count; i++) {
        hash = intern_hash_word(hash, (uint64_t)lines[i].column << 32 ^ lines[i].function);
        hash = intern_hash_word(hash, (uint64_t)lines[i].line);
    }
    return intern_hash_end(hash) & profile->hash_mask;
}

uint32_t profile_intern_location(struct profile *profile, const struct location *location, const struct line *lines) {
    struct location_key key = {location, lines};
    uint32_t id = intern_guess(&profile->location_ids, same_location, profile, &key);
    if (id != 0) {
        return id;
    }
    uint32_t hash = hash_location(profile, location, lines);
    id = intern_find_next(&profile->location_ids, hash, same_location, profile, &key);
    if (id != 0) {
        return id;
    }
    id = profile->locations.count;
    uint32_t line = profile->lines.count;
    struct line *copies = array_push(&profile->lines, location->line_count, sizeof *copies);
    struct location *entry = array_push(&profile->locations, 1, sizeof *entry);
    if ((!copies && location->line_count > 0) || !entry || !intern_add(&profile->location_ids, hash, id)) {
        profile->locations.count = id;
        profile->lines.count = line;
        profile_fail(profile, MERGE_NO_MEMORY);
        return 0;
    }
    if (location->line_count > 0) {
        memcpy(copies, lines, location->line_count * sizeof *lines);
    }
    *entry = *location;
    entry->line = line;
    return id;
}

// ---- Samples ----

static int compare_labels(const void *left, const void *right) {
    const struct label *a = left, *b = right;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    if (a->text != b->text) {
        return a->text < b->text ? -1 : 1;
    }
    if (a->number != b->number) {
        return a->number < b->number ? -1 : 1;
    }
    return a->unit < b->unit ? -1 : a->unit > b->unit;
}

static bool same_sample(const void *context, uint32_t id, const void *key) {
    const struct sample_key *want = key;
    const struct sample *have = profile_sample(context, id - 1);
    if (have->ref_count != want->ref_count || have->label_count != want->label_count) {
        return false;
    }
    if (want->ref_count > 0 && memcmp(profile_ref(context, have->ref), want->refs, want->ref_count * sizeof *want->refs) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < want->label_count; i++) {
        if (compare_labels(profile_label(context, have->label + i), &want->labels[i]) != 0) {
            return false;
        }
    }
    return true;
}

static uint32_t hash_sample(const struct profile *profile, const struct sample_key *key) {
    uint64_t hash = intern_hash_word(profile->seed, (uint64_t)key->ref_count << 32 | key->label_count);
    hash = intern_hash_bytes(hash, (const char *)key->refs, key->ref_count * sizeof *key->refs);
    for (uint32_t i = 0; i < key->label_count; i++) {
        hash = intern_hash_word(hash, (uint64_t)key->labels[i].key << 32 | key->labels[i].text);
        hash = intern_hash_word(hash, (uint64_t)key->labels[i].number ^ (uint64_t)key->labels[i].unit << 40);
    }
    return intern_hash_end(hash) & profile->hash_mask;
}

// Returns index + 1; 0: no memory.
static uint32_t new_sample(struct profile *profile, const struct sample_key *key) {
    struct sample entry = {profile->refs.count, key->ref_count, profile->labels.count, key->label_count};
    uint32_t *refs = array_reserve(&profile->refs, key->ref_count, sizeof *refs);
    struct label *labels = array_reserve(&profile->labels, key->label_count, sizeof *labels);
    struct sample *sample = array_reserve(&profile->samples, 1, sizeof *sample);
    if ((!refs && key->ref_count > 0) || (!labels && key->label_count > 0) || !sample ||
        !intern_add(&profile->sample_ids, key->hash, profile->samples.count + 1)) {
        profile_fail(profile, MERGE_NO_MEMORY);
        return 0;
    }
    if (key->ref_count > 0) {
        memcpy(refs, key->refs, key->ref_count * sizeof *refs);
    }
    if (key->label_count > 0) {
        memcpy(labels, key->labels, key->label_count * sizeof *labels);
    }
    *sample = entry;
    profile->refs.count += key->ref_count;
    profile->labels.count += key->label_count;
    return ++profile->samples.count;
}

static void sort_labels(struct label *labels, uint32_t count) {
    if (count > 32) {
        qsort(labels, count, sizeof *labels, compare_labels);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        struct label label = labels[i];
        uint32_t at = i;
        for (; at > 0 && compare_labels(&labels[at - 1], &label) > 0; at--) {
            labels[at] = labels[at - 1];
        }
        labels[at] = label;
    }
}

// Hashes the keys, and prefetches what comparisons will read.
static void fetch_samples(const struct profile *profile, struct sample_key *keys, uint32_t count) {
    uint32_t likely[SAMPLE_BATCH];
    for (uint32_t i = 0; i < count; i++) {
        keys[i].hash = hash_sample(profile, &keys[i]);
        intern_fetch(&profile->sample_ids, keys[i].hash);
    }
    for (uint32_t i = 0; i < count; i++) {
        likely[i] = intern_likely(&profile->sample_ids, keys[i].hash);
        if (likely[i] != 0) {
            __builtin_prefetch(profile_sample(profile, likely[i] - 1));
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (likely[i] != 0) {
            profile_fetch_sample(profile, likely[i] - 1);
        }
    }
}

void profile_intern_samples(struct profile *profile, struct sample_key *keys, uint32_t count, uint32_t *indices) {
    uint32_t at = 0, id;
    for (uint32_t i = 0; i < count; i++) {
        sort_labels(keys[i].labels, keys[i].label_count);
    }
    while (at < count && (id = intern_guess(&profile->sample_ids, same_sample, profile, &keys[at])) != 0) {
        indices[at++] = id - 1;
    }
    fetch_samples(profile, keys + at, count - at); // once out of order, the rest mostly is too
    for (; at < count; at++) {
        id = intern_find_next(&profile->sample_ids, keys[at].hash, same_sample, profile, &keys[at]);
        if (id == 0) {
            id = new_sample(profile, &keys[at]);
        }
        indices[at] = id != 0 ? id - 1 : 0;
    }
}

void profile_fit_rows(struct profile *profile) {
    size_t wanted = (size_t)profile->samples.count * profile->type_count;
    if (wanted > profile->values.count && !array_push(&profile->values, wanted - profile->values.count, sizeof(int64_t))) {
        profile_fail(profile, MERGE_NO_MEMORY);
    }
}

void profile_add_row(struct profile *profile, uint32_t sample, const int64_t *values, uint32_t count, const int64_t *scale,
                     const uint32_t *value_at) {
    int64_t *row = profile_sample_values(profile, sample);
    for (uint32_t i = 0; i < count; i++) {
        int64_t *value = &row[value_at ? value_at[i] : i];
        *value = saturate_add(*value, scale ? saturate_multiply(values[i], scale[i], &profile->saturated) : values[i], &profile->saturated);
    }
}

// ---- Builder functions of merge.h ----

void profile_add_sample_type(struct profile *profile, const char *type, const char *unit) {
    if (profile->types_fixed) {
        return profile_fail(profile, MERGE_MALFORMED);
    }
    struct value_type *entry = array_push(&profile->types, 1, sizeof *entry);
    if (!entry) {
        return profile_fail(profile, MERGE_NO_MEMORY);
    }
    *entry = (struct value_type){text_of(profile, type), text_of(profile, unit)};
    profile->type_count = profile->types.count;
}

uint32_t profile_add_mapping(struct profile *profile, const struct profile_mapping *mapping) {
    struct mapping entry = {
        .start = mapping->memory_start,
        .limit = mapping->memory_limit,
        .offset = mapping->file_offset,
        .file = text_of(profile, mapping->file),
        .build_id = text_of(profile, mapping->build_id),
        .flags = (mapping->has_functions ? MAPPING_FUNCTIONS : 0u) | (mapping->has_filenames ? MAPPING_FILENAMES : 0u) |
                 (mapping->has_line_numbers ? MAPPING_LINE_NUMBERS : 0u) | (mapping->has_inline_frames ? MAPPING_INLINE_FRAMES : 0u),
    };
    uint32_t id = profile_find_mapping(profile, &entry);
    profile_renew_mapping(profile, id, &entry);
    return id != 0 ? id : profile_new_mapping(profile, &entry);
}

uint32_t profile_add_function(struct profile *profile, const struct profile_function *function) {
    struct function entry = {text_of(profile, function->name), text_of(profile, function->system_name), text_of(profile, function->file),
                             function->start_line};
    return profile_intern_function(profile, &entry);
}

uint32_t profile_add_location(struct profile *profile, uint32_t mapping, uint64_t address, const struct profile_line *lines,
                              size_t line_count) {
    struct line few[16] = {0}, *entries = few;
    bool fits = line_count <= UINT32_MAX / 2 && mapping < profile->mappings.count;
    for (size_t i = 0; fits && i < line_count; i++) {
        fits = lines[i].function != 0 && lines[i].function < profile->functions.count;
    }
    if (!fits) {
        profile_fail(profile, MERGE_MALFORMED);
        return 0;
    }
    if (line_count > sizeof few / sizeof *few && !(entries = memory_take(line_count * sizeof *entries))) {
        profile_fail(profile, MERGE_NO_MEMORY);
        return 0;
    }
    for (size_t i = 0; i < line_count; i++) {
        entries[i] = (struct line){lines[i].function, lines[i].line, lines[i].column};
    }
    struct location entry = {.address = address, .mapping = mapping, .line_count = (uint32_t)line_count};
    uint32_t id = profile_intern_location(profile, &entry, entries);
    if (entries != few) {
        memory_free(entries);
    }
    return id;
}

// A label has a text or a number. profile.proto does not distinguish an empty text from the number 0.
struct label profile_label_of(struct profile *profile, const struct profile_label *label) {
    struct label entry = {.key = text_of(profile, label->key), .text = text_of(profile, label->text)};
    if (!label->text) {
        entry.number = label->number;
        entry.unit = text_of(profile, label->unit);
    }
    return entry;
}

void profile_add_sample(struct profile *profile, const uint32_t *locations, size_t location_count, const int64_t *values,
                        const struct profile_label *labels, size_t label_count) {
    struct label few[16], *entries = few;
    bool fits = location_count <= UINT32_MAX / 2 && label_count <= UINT32_MAX / 2;
    for (size_t i = 0; fits && i < location_count; i++) {
        fits = locations[i] != 0 && locations[i] < profile->locations.count;
    }
    if (!fits) {
        return profile_fail(profile, MERGE_MALFORMED);
    }
    if (label_count > sizeof few / sizeof *few && !(entries = memory_take(label_count * sizeof *entries))) {
        return profile_fail(profile, MERGE_NO_MEMORY);
    }
    for (size_t i = 0; i < label_count; i++) {
        entries[i] = profile_label_of(profile, &labels[i]);
    }
    profile->types_fixed = true;
    if (profile->status == MERGE_OK) {
        struct sample_key key = {locations, entries, (uint32_t)location_count, (uint32_t)label_count, 0};
        uint32_t sample;
        profile_intern_samples(profile, &key, 1, &sample);
        profile_fit_rows(profile);
        if (profile->status == MERGE_OK) {
            profile_add_row(profile, sample, values, profile->type_count, NULL, NULL);
        }
    }
    if (entries != few) {
        memory_free(entries);
    }
}

void profile_add_comment(struct profile *profile, const char *text) {
    profile_intern_comment(profile, text_of(profile, text));
}

void profile_set_namer(struct profile *profile, const struct profile_namer *namer) {
    profile->namer = namer ? *namer : (struct profile_namer){0};
}

void profile_set_period(struct profile *profile, const char *type, const char *unit, int64_t period) {
    profile->period_known = true;
    profile->period_type = (struct value_type){text_of(profile, type), text_of(profile, unit)};
    profile->period = period;
}

void profile_set_time(struct profile *profile, int64_t time_ns, int64_t duration_ns) {
    profile->time_ns = time_ns;
    profile->duration_ns = duration_ns;
}
