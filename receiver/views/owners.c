// owners.c: C memory by owner (owners.h).
#include "owners.h"
#include "../../base/saturated.h"
#include "../../base/vector.h"
#include "../index/measures.h"
#include "sampling_error.h"
#include "sweep.h"

#include <stdlib.h>
#include <string.h>

double owner_sum_error(const struct owner_sum *sum) {
    return sum->blocks == 0 && sum->unseen > 0 ? sum->unseen : sampling_error_of(sum->variance);
}

double owner_sum_error_bytes(const struct owner_sum *sum) {
    return sum->blocks == 0 && sum->unseen > 0 ? sum->unseen_bytes : sampling_error_of(sum->variance_bytes);
}

bool owners_is_single(const struct sweep_report *made, const char *attachment) {
    return made->uploads == 1 && made->failed_count == 0 && strncmp(attachment, "delta-", strlen("delta-")) != 0;
}

void owners_start(struct owners *owners, const struct profile *profile, const struct owner_pairs *pairs, bool is_single) {
    *owners = (struct owners){
        .pairs = pairs,
        .live = {profile_sample_type_index(profile, "inuse_objects"), profile_sample_type_index(profile, "inuse_space")},
        .allocated = {profile_sample_type_index(profile, "alloc_objects"), profile_sample_type_index(profile, "alloc_space")},
        .period = profile_period(profile),
        .is_from_start = is_single && profile_duration_ns(profile) == 0,
        .seed = intern_seed()};
    owners->is_from_start = owners->is_from_start && owners->live[0] >= 0 && owners->allocated[0] >= 0 &&
                            !profile_has_comment(profile, MEASURE_COMBINED) && !profile_has_comment(profile, MEASURE_DIFFERENCE);
}

void owners_free(struct owners *owners) {
    free(owners->rows);
    intern_free(&owners->ids);
    *owners = (struct owners){0};
}

// ---- What a stack tells ----

static bool is_c(const struct profile_frame *frame) {
    const char *kind = view_frame_kind(frame);
    return strcmp(kind, "c") == 0 || strcmp(kind, "c_runtime") == 0;
}

static bool opens(struct owners *owners, const struct profile_frame *frame, struct owner_pair *pair) {
    struct owner_memo *known = &owners->memo[((uintptr_t)frame->function >> 3) % OWNERS_MEMO];
    if (known->function != frame->function) {
        *known = (struct owner_memo){frame->function, *frame->function && owner_pairs_find(owners->pairs, frame->function, pair)};
    }
    return known->opens && owner_pairs_find(owners->pairs, frame->function, pair);
}

// How many frames at the leaf end are C.
static size_t c_frames(const struct profile_sample_view *sample) {
    size_t count = 0;
    while (count < sample->frame_count && is_c(&sample->frames[count])) {
        count++;
    }
    return count;
}

// The outermost of the first `to` frames that opens something, and that `closes` closes, unless it is NULL. Returns `to` if none does.
static size_t outermost(struct owners *owners, const struct profile_sample_view *sample, size_t to, const char *closes,
                        struct owner_pair *pair) {
    for (size_t i = to; i-- > 0;) {
        if (opens(owners, &sample->frames[i], pair) && (!closes || strcmp(pair->closes, closes) == 0)) {
            return i;
        }
    }
    return to;
}

// The outermost of the first `count` frames that opens something. cgo's glue has the name of the binding's function; if there is one of the
// library for it, that is the name. Returns count if none does.
static size_t find_opening(struct owners *owners, const struct profile_sample_view *sample, size_t count, struct owner_pair *pair) {
    size_t at = outermost(owners, sample, count, NULL, pair);
    if (at == count) {
        *pair = (struct owner_pair){0};
    } else if (strstr(sample->frames[at].function, "_Cfunc_")) {
        struct owner_pair inner;
        size_t within = at;
        while (within > 0 && (profile_frame_role(&sample->frames[within - 1]) == FRAME_PLUMBING || !is_c(&sample->frames[within - 1]))) {
            within--;
        }
        if (outermost(owners, sample, within, pair->closes, &inner) < within) {
            *pair = inner;
        }
    }
    return at;
}

// C that no other language has called: the caller of what opens, not the innermost function of a library that is linked into the program.
static size_t caller_of(const struct profile_sample_view *sample, size_t opening, size_t otherwise) {
    for (size_t i = opening + 1; i < sample->frame_count; i++) {
        if (profile_frame_role(&sample->frames[i]) == FRAME_PROGRAM) {
            return i;
        }
    }
    return otherwise;
}

// The frame that called C, of those up to the owner: what cgo makes around a call, or else the first that is no glue.
static const struct profile_frame *find_caller(const struct profile_sample_view *sample, size_t c_count, size_t owner) {
    size_t at = c_count;
    while (at < owner && profile_frame_role(&sample->frames[at]) == FRAME_PLUMBING && !strstr(sample->frames[at].function, "_Cfunc_")) {
        at++;
    }
    return at < sample->frame_count ? &sample->frames[at] : NULL;
}

// The library of the outermost C frame. C in the program itself is of the Go package that calls it, or else of no library.
static void find_library(const struct profile_sample_view *sample, size_t c_count, const struct profile_frame *caller, bool is_c_alone,
                         char library[VIEW_LIBRARY_BYTES]) {
    size_t entry = c_count;
    while (entry > 0 && profile_frame_role(&sample->frames[entry - 1]) == FRAME_PLUMBING) { // malloc, and the glue of cgo
        entry--;
    }
    const char *file = entry > 0 ? sample->frames[entry - 1].mapping_file : "";
    *library = '\0';
    if (*file && (!caller || strcmp(file, caller->mapping_file) != 0)) {
        view_frame_library(&sample->frames[entry - 1], library);
    } else if (caller && !is_c_alone) {
        view_frame_library(caller, library);
    }
}

// ---- Rows ----

static bool same_row(const void *context, uint32_t id, const void *wanted) {
    const struct owner_row *row = &((const struct owners *)context)->rows[id - 1], *like = wanted;
    const struct profile_frame *a = &row->owner, *b = &like->owner;
    return a->function == b->function && a->file == b->file &&
           (*a->function || (a->mapping_file == b->mapping_file && a->file_offset == b->file_offset)) &&
           strcmp(row->library, like->library) == 0 && strcmp(row->pair.opens, like->pair.opens) == 0;
}

static uint32_t hash_row(const struct owners *owners, const struct owner_row *row) {
    uint64_t hash = intern_hash_word(owners->seed, (uintptr_t)row->owner.function);
    hash = intern_hash_word(hash, (uintptr_t)row->owner.file);
    hash = intern_hash_word(hash, *row->owner.function ? 0 : row->owner.file_offset);
    hash = intern_hash_bytes(hash, row->library, strlen(row->library));
    return intern_hash_end(intern_hash_bytes(hash, row->pair.opens, strlen(row->pair.opens)));
}

static enum merge_error find_row(struct owners *owners, const struct owner_row *like, struct owner_row **row) {
    uint32_t hash = hash_row(owners, like), id = intern_find(&owners->ids, hash, same_row, owners, like);
    if (id == 0) {
        if (owners->count == OWNERS_MAX_ROWS) {
            return MERGE_TOO_LARGE;
        }
        id = (uint32_t)owners->count + 1;
        if (!VECTOR_RESERVE(owners->rows, owners->capacity, owners->count + 1) || !intern_add(&owners->ids, hash, id)) {
            return MERGE_NO_MEMORY;
        }
        owners->rows[owners->count++] = *like;
    }
    *row = &owners->rows[id - 1];
    return MERGE_OK;
}

static void add(struct owner_sum *sum, int64_t blocks, int64_t bytes, int64_t period) {
    sum->blocks = saturated_sum(sum->blocks, blocks);
    sum->bytes = saturated_sum(sum->bytes, bytes);
    sum->variance += sampling_variance(bytes, blocks, period);
    sum->variance_bytes += sampling_variance_bytes(bytes, blocks, period);
}

static int64_t value_of(const struct profile_sample_view *sample, int type) {
    return type >= 0 ? sample->values[type] : 0;
}

static void add_values(struct owner_row *row, const struct owners *owners, const struct profile_sample_view *sample) {
    int64_t live[2], allocated[2], closed[2];
    for (int i = 0; i < 2; i++) {
        live[i] = value_of(sample, owners->live[i]);
        allocated[i] = value_of(sample, owners->allocated[i]);
        closed[i] = saturated_sum(allocated[i], live[i] == INT64_MIN ? INT64_MAX : -live[i]);
    }
    add(&row->live, live[0], live[1], owners->period);
    add(&row->allocated, allocated[0], allocated[1], owners->period);
    add(&row->closed, closed[0], closed[1], owners->period);
}

enum merge_error owners_add(struct owners *owners, const struct profile_sample_view *sample) {
    bool has_value = false;
    for (int i = 0; i < 2; i++) {
        has_value |= value_of(sample, owners->live[i]) != 0 || value_of(sample, owners->allocated[i]) != 0;
    }
    if (!has_value || !profile_sample_is_c(sample)) {
        return MERGE_OK;
    }
    struct owner_row like = {0}, *row;
    const struct profile_frame *site = site_of_stack(sample, &owners->sites);
    size_t c_count = c_frames(sample), owner = sample->frame_count > 0 ? (size_t)(site - sample->frames) : 0;
    bool is_c_alone = c_count == sample->frame_count;
    size_t opening = find_opening(owners, sample, is_c_alone ? c_count : owner, &like.pair);
    if (is_c_alone && *like.pair.opens) {
        owner = caller_of(sample, opening, owner);
        site = &sample->frames[owner];
    }
    like.owner = *site;
    find_library(sample, is_c_alone ? owner : c_count, is_c_alone ? site : find_caller(sample, c_count, owner), is_c_alone, like.library);
    enum merge_error error = find_row(owners, &like, &row);
    if (error == MERGE_OK) {
        add_values(row, owners, sample);
        add_values(&owners->total, owners, sample);
    }
    return error;
}

static int compare(int64_t a, int64_t b) {
    return a != b ? (a > b ? -1 : 1) : 0;
}

static int compare_rows(const void *left, const void *right) {
    const struct owner_row *a = left, *b = right;
    int order = compare(a->live.bytes, b->live.bytes);
    order = order ? order : compare(a->allocated.bytes, b->allocated.bytes);
    order = order ? order : strcmp(a->owner.function, b->owner.function);
    order = order ? order : strcmp(a->owner.file, b->owner.file);
    order = order ? order : strcmp(a->library, b->library);
    return order ? order : strcmp(a->pair.opens, b->pair.opens);
}

static bool is_negative(const struct owner_sum *sum) {
    return sum->blocks < 0 || sum->bytes < 0;
}

// Less than nothing was neither allocated nor freed: the profile is a difference, whatever it says of itself.
static bool has_negative(const struct owners *owners) {
    bool found = false;
    for (size_t i = 0; i < owners->count; i++) {
        const struct owner_row *row = &owners->rows[i];
        found |= is_negative(&row->live) || is_negative(&row->allocated) || is_negative(&row->closed);
    }
    return found;
}

static void set_unseen(struct owner_row *row, int64_t period) {
    const struct owner_sum *made = &row->allocated;
    double unseen = sampling_unseen(made->bytes, made->blocks, period);
    double unseen_bytes = unseen > 0 ? unseen * (double)made->bytes / (double)made->blocks : 0;
    row->live.unseen = row->closed.unseen = unseen;
    row->live.unseen_bytes = row->closed.unseen_bytes = unseen_bytes;
}

void owners_sort(struct owners *owners) {
    for (size_t i = 0; i < owners->count; i++) {
        set_unseen(&owners->rows[i], owners->period);
    }
    set_unseen(&owners->total, owners->period);
    owners->is_from_start = owners->is_from_start && !has_negative(owners);
    if (owners->count > 0) {
        qsort(owners->rows, owners->count, sizeof *owners->rows, compare_rows);
    }
}

enum merge_error owners_add_all(struct owners *owners, struct profile *profile, const struct view_filter *filter) {
    struct tree_label labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = view_tree_options(filter, labels);
    enum merge_error error = MERGE_OK;
    for (size_t i = 0; error == MERGE_OK && i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        if (tree_keeps(profile, &options, i)) {
            error = profile_sample_at(profile, i, &sample);
            error = error == MERGE_OK ? owners_add(owners, &sample) : error;
        }
    }
    owners_sort(owners);
    return error;
}

// ---- Writing ----

// {"bytes", "bytes_error", "blocks", "blocks_error"}, or null.
static void write_sum(const char *key, const struct owner_sum *sum, bool is_known, struct json *json) {
    json_key(json, key);
    if (!is_known) {
        json_text(json, NULL);
        return;
    }
    json_object_begin(json);
    json_member_number(json, "bytes", sum->bytes);
    json_key(json, "bytes_error");
    json_real(json, owner_sum_error_bytes(sum));
    json_member_number(json, "blocks", sum->blocks);
    json_key(json, "blocks_error");
    json_real(json, owner_sum_error(sum));
    json_object_end(json);
}

static void write_sums(const struct owners *owners, const struct owner_row *row, struct json *json) {
    write_sum("live", &row->live, owners->live[0] >= 0, json);
    write_sum("allocated", &row->allocated, owners->allocated[0] >= 0, json);
    write_sum("freed", &row->closed, owners->is_from_start, json);
}

void owners_write(const struct owners *owners, size_t most, struct json *json) {
    json_key(json, "is_from_start");
    json_bool(json, owners->is_from_start);
    json_key(json, "total");
    json_object_begin(json);
    write_sums(owners, &owners->total, json);
    json_object_end(json);
    json_key(json, "owners");
    json_array_begin(json);
    size_t count = owners->count < most ? owners->count : most;
    for (size_t i = 0; i < count; i++) {
        const struct owner_row *row = &owners->rows[i];
        json_object_begin(json);
        json_key(json, "function");
        view_write_function(&row->owner, false, json);
        json_member_number(json, "line", row->owner.line);
        json_member_text(json, "library", *row->library ? row->library : NULL);
        json_member_text(json, "opens", *row->pair.opens ? row->pair.opens : NULL);
        json_member_text(json, "closes", *row->pair.opens ? row->pair.closes : NULL);
        write_sums(owners, row, json);
        json_object_end(json);
    }
    json_array_end(json);
    json_member_number(json, "owners_left_out", (int64_t)(owners->count - count));
}
