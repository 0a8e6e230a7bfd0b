// profiles.c: profiles of a recording, all kinds in one pass (jfr.h).
//
//   sources       of the lowest rank that has events are used (kinds.h). If the events were not counted before, a better source that
//                 turns up makes a profile begin anew
//   each chunk    its events are added up by their keys (tally.h), its constants indexed (pools.h)
//   behind it     each sum becomes a sample: stack (stacks.h), labels (names.h), values
#include "../base/vector.h"
#include "../base/saturated.h"
#include "making.h"
#include "stacks.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

enum { MAX_LABELS = 12, NO_RANK = INT_MAX };
#define TEXT_OF_POOL (UINT64_C(1) << 63)

// ---- One event ----

static double real_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool is_real(const struct making *making, const struct jfr_member *member) {
    enum jfr_form form = making->metadata->classes[member->class].form;
    return form == JFR_FORM_FLOAT || form == JFR_FORM_DOUBLE;
}

// A weight or size; `missing` if the type has no such field.
static double number_of(const struct making *making, const struct jfr_plan *plan, const struct jfr_values *values, int slot,
                        double missing) {
    if (!(plan->numbers & 1u << slot) || plan->members[slot]->class == JFR_NO_CLASS) {
        return missing;
    }
    return is_real(making, plan->members[slot]) ? real_of(values->slots[slot]) : (double)(int64_t)values->slots[slot];
}

static int64_t span_of(const struct making *making, const struct jfr_plan *plan, const struct jfr_values *values, int slot) {
    return plan->numbers & 1u << slot ? jfr_chunk_field_ns(making->chunk, plan->members[slot], (int64_t)values->slots[slot]) : 0;
}

static void value_event(const struct making *making, const struct jfr_source *source, const struct jfr_plan *plan,
                        const struct jfr_values *values, int64_t out[JFR_COLUMNS]) {
    double weight = number_of(making, plan, values, JFR_SLOT_WEIGHT, 1), size = number_of(making, plan, values, JFR_SLOT_SIZE, 0);
    int64_t one = 1;
    switch (source->rule) {
    case JFR_RULE_WEIGHT_PERIOD: // times the period behind the chunk
        out[0] = jfr_rounded(weight);
        break;
    case JFR_RULE_PERIOD:
    case JFR_RULE_ONE:
        out[0] = one;
        break;
    case JFR_RULE_OWN_PERIOD:
        out[0] = one;
        out[1] = span_of(making, plan, values, JFR_SLOT_WEIGHT);
        break;
    case JFR_RULE_SIZE:
        out[0] = one;
        out[1] = jfr_rounded(size);
        break;
    case JFR_RULE_WEIGHTED_SIZE:
        out[0] = one;
        out[1] = jfr_rounded(size * weight);
        break;
    case JFR_RULE_WEIGHT_BOTH:
        out[0] = jfr_rounded(weight);
        out[1] = jfr_rounded(size * weight);
        break;
    case JFR_RULE_DURATION:
        out[0] = one;
        out[1] = span_of(making, plan, values, JFR_SLOT_DURATION);
        break;
    case JFR_RULE_TRANSFER:
        out[0] = one;
        out[1] = jfr_rounded(size);
        out[2] = span_of(making, plan, values, JFR_SLOT_DURATION);
        break;
    case JFR_RULE_WEIGHTED_TRANSFER:
        out[0] = jfr_rounded(weight);
        out[1] = jfr_rounded(size * weight);
        out[2] = jfr_rounded((double)span_of(making, plan, values, JFR_SLOT_DURATION) * weight);
    }
}

// The key of a text: of the pool of strings, or of our own table. False: no memory.
static bool key_of_text(struct making *making, struct jfr_text text, uint64_t *key) {
    *key = 0;
    size_t room = jfr_text_room(&text);
    if (text.encoding == JFR_TEXT_POOL) {
        *key = text.size | TEXT_OF_POOL;
        return true;
    }
    if (room == 0) {
        return true;
    }
    const char *bytes = (const char *)text.bytes;
    char small[512], *out = text.encoding == JFR_TEXT_UTF8 ? NULL : room <= sizeof small ? small : malloc(room);
    if (text.encoding != JFR_TEXT_UTF8) {
        if (!out) {
            return false;
        }
        room = jfr_text_write(&text, making->chunk->fixed, out);
        bytes = out;
    }
    uint32_t id = string_table_intern(&making->texts, making->jfr->seed, UINT32_MAX, bytes, room);
    if (out != small) {
        free(out);
    }
    *key = id;
    return id != STRING_TABLE_FULL;
}

static bool key_of(struct making *making, const struct jfr_plan *plan, const struct jfr_values *values, int slot, uint64_t *key) {
    *key = 0;
    if (!(plan->present & 1u << slot)) {
        return true;
    }
    const struct jfr_member *member = plan->members[slot];
    if (member->pool) {
        *key = jfr_plan_number(plan, values, slot); // 0 of an array
        return true;
    }
    if (member->array || making->metadata->classes[member->class].form != JFR_FORM_TEXT) { // not what it should be
        return true;
    }
    struct jfr_cursor cursor = {(const uint8_t *)(uintptr_t)values->slots[slot], making->chunk->end, making->chunk->fixed, false};
    return key_of_text(making, jfr_text(&cursor), key);
}

static bool note_first(struct making *making, uint64_t thread, int64_t bytes) {
    const uint64_t keys[JFR_KEY_COUNT] = {[JFR_KEY_THREAD] = thread};
    const int64_t values[JFR_COLUMNS] = {1};
    size_t before = making->firsts.count;
    bool ok = jfr_tally_add(&making->firsts, keys, values);
    making->first_bytes = making->firsts.count > before ? saturated_sum(making->first_bytes, bytes) : making->first_bytes;
    return ok;
}

static void note_damage(struct making *making, const uint8_t *event) {
    if (making->damaged++ == 0) {
        making->first_damage = making->chunk->offset + (uint64_t)(event - making->chunk->start);
    }
}

static bool begin_profile(struct making *making, enum jfr_kind kind) {
    const struct jfr_column *columns;
    size_t count = jfr_kind_columns(kind, &columns);
    struct profile *profile = making->profiles[kind] = profile_new();
    for (size_t i = 0; profile && i < count; i++) {
        profile_add_sample_type(profile, columns[i].type, columns[i].unit);
    }
    return profile;
}

// A better source than those before has an event. False: no memory.
static bool use_rank(struct making *making, enum jfr_kind kind, int rank) {
    bool fresh = making->best[kind] == NO_RANK;
    making->best[kind] = rank;
    if (fresh) {
        return true;
    }
    making->period_missing[kind] = false;
    if (kind == JFR_CPU) {
        making->failed = 0;
        making->cpu_ns = 0;
    } else if (kind == JFR_ALLOCATION) {
        jfr_tally_clear(&making->firsts);
        making->first_bytes = 0;
    } else if (kind == JFR_HEAP_LIVE) {
        making->batch = 0;
        making->size_missing = false;
    }
    profile_free(making->profiles[kind]);
    return begin_profile(making, kind);
}

// When an event ended, in whole steps; 0: it is not known, or it says of objects what there is, not when something was.
static uint64_t end_of(const struct making *making, const struct handler *handler, const struct jfr_values *values,
                       struct jfr_cursor body) {
    enum jfr_kind kind = handler->source->kind;
    if (making->step_ns == 0 || !handler->start || kind == JFR_HEAP_LIVE) {
        return 0;
    }
    int64_t start_ns = jfr_chunk_field_ns(making->chunk, handler->start, (int64_t)jfr_number(&body, 8));
    int64_t end_ns = saturated_sum(start_ns, span_of(making, &handler->plan, values, JFR_SLOT_DURATION));
    int64_t origin_ns = making->chunk->start_ns;
    if (end_ns <= 0 || origin_ns <= 0 || end_ns < origin_ns) {
        return end_ns > 0 ? (uint64_t)end_ns : 0;
    }
    return (uint64_t)(origin_ns + (end_ns - origin_ns) / making->step_ns * making->step_ns);
}

static bool add_event(struct making *making, size_t index, const uint8_t *event, struct jfr_cursor body) {
    const struct jfr_source *source = making->handlers[index].source;
    if (source->rank > making->best[source->kind]) {
        return true;
    }
    if (source->rank < making->best[source->kind] && !use_rank(making, source->kind, source->rank)) {
        return false;
    }
    const struct jfr_plan *plan = &making->handlers[index].plan;
    struct jfr_values values;
    uint64_t keys[JFR_KEY_COUNT] = {[JFR_KEY_SOURCE] = index};
    int64_t out[JFR_COLUMNS] = {0};
    const struct jfr_cursor start = body;
    memset(&values, 0, sizeof values);
    if (!jfr_plan_run(making->metadata, plan->first, &body, &values)) {
        note_damage(making, event);
        return true;
    }
    keys[JFR_KEY_STACK] = jfr_plan_number(plan, &values, JFR_SLOT_STACK);
    keys[JFR_KEY_THREAD] = jfr_plan_number(plan, &values, JFR_SLOT_THREAD);
    keys[JFR_KEY_SPAN] = jfr_plan_number(plan, &values, JFR_SLOT_SPAN);
    keys[JFR_KEY_ROOT] = jfr_plan_number(plan, &values, JFR_SLOT_ROOT);
    keys[JFR_KEY_PORT] = jfr_plan_number(plan, &values, JFR_SLOT_PORT);
    keys[JFR_KEY_TIME] = end_of(making, &making->handlers[index], &values, start);
    bool ok = key_of(making, plan, &values, JFR_SLOT_STATE, &keys[JFR_KEY_STATE]) &&
              key_of(making, plan, &values, JFR_SLOT_CLASS, &keys[JFR_KEY_CLASS]) &&
              key_of(making, plan, &values, JFR_SLOT_TEXT, &keys[JFR_KEY_TEXT]) &&
              key_of(making, plan, &values, JFR_SLOT_OPERATION, &keys[JFR_KEY_OPERATION]);
    making->failed += jfr_plan_number(plan, &values, JFR_SLOT_FAILED) != 0;
    if (source->kind == JFR_HEAP_LIVE) {
        keys[JFR_KEY_BATCH] = jfr_plan_number(plan, &values, JFR_SLOT_START);
        making->batch = keys[JFR_KEY_BATCH] > making->batch ? keys[JFR_KEY_BATCH] : making->batch;
        making->size_missing |= !(plan->numbers & 1u << JFR_SLOT_SIZE);
    }
    value_event(making, source, plan, &values, out);
    if (ok && source->kind == JFR_ALLOCATION && source->rank == 1) {
        ok = note_first(making, keys[JFR_KEY_THREAD], out[1]);
    }
    return ok && jfr_tally_add(&making->tally, keys, out);
}

// ---- Sums become samples ----

// What a key means: a class, a constant of one text, or a text of our own.
static const char *text_of(struct making *making, const struct jfr_plan *plan, int slot, uint64_t key) {
    if (!(plan->present & 1u << slot) || key == 0) {
        return "";
    }
    const struct jfr_member *member = plan->members[slot];
    if (member->pool && !member->array) {
        return member->class == making->names.classes ? jfr_names_class(&making->names, key)
                                                      : jfr_names_text(&making->names, member->class, key);
    }
    if (key & TEXT_OF_POOL) {
        return jfr_names_text(&making->names, making->names.strings, key & ~TEXT_OF_POOL);
    }
    return string_table_get(&making->texts, (uint32_t)key).bytes;
}

// jdk.ThreadPark says that a thread was parked: a lock if it waits for one, and idle if it waits for work.
static bool is_lock(const char *class) {
    static const char *const locks[] = {"java.util.concurrent.locks.ReentrantLock", "java.util.concurrent.locks.ReentrantReadWriteLock",
                                        "java.util.concurrent.locks.StampedLock", "java.util.concurrent.Semaphore"};
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++) {
        if (strncmp(class, locks[i], strlen(locks[i])) == 0) {
            return true;
        }
    }
    return false;
}

struct labels {
    struct profile_label items[MAX_LABELS];
    size_t count;
    char span[24], root[24], remote[400];
};

static void label(struct labels *labels, const char *key, const char *text) {
    if (*key && *text) {
        labels->items[labels->count++] = (struct profile_label){.key = key, .text = text};
    }
}

static void make_labels(struct making *making, const struct jfr_tally_row *row, struct labels *labels) {
    size_t index = row->keys[JFR_KEY_SOURCE];
    const struct jfr_source *source = making->handlers[index].source;
    const struct jfr_plan *plan = &making->handlers[index].plan;
    struct jfr_thread thread = jfr_names_thread(&making->names, row->keys[JFR_KEY_THREAD]);
    labels->count = 0;
    label(labels, "thread name", thread.name);
    if (thread.id != 0) {
        labels->items[labels->count++] = (struct profile_label){.key = "thread id", .number = thread.id, .unit = ""};
    }
    const char *state = text_of(making, plan, JFR_SLOT_STATE, row->keys[JFR_KEY_STATE]);
    label(labels, "thread state", strncmp(state, "STATE_", 6) == 0 ? state + 6 : state);
    label(labels, jfr_class_key(source->kind), text_of(making, plan, JFR_SLOT_CLASS, row->keys[JFR_KEY_CLASS]));
    const char *text = text_of(making, plan, JFR_SLOT_TEXT, row->keys[JFR_KEY_TEXT]);
    if (*text && plan->present & 1u << JFR_SLOT_PORT) {
        snprintf(labels->remote, sizeof labels->remote, "%s:%" PRId64, text, (int64_t)row->keys[JFR_KEY_PORT]);
        text = labels->remote;
    }
    label(labels, jfr_text_key(source->kind), text);
    label(labels, "operation",
          source->operation ? source->operation : text_of(making, plan, JFR_SLOT_OPERATION, row->keys[JFR_KEY_OPERATION]));
    if (row->keys[JFR_KEY_TIME] != 0) {
        const struct profile_label time = {.key = "end_timestamp_ns", .number = (int64_t)row->keys[JFR_KEY_TIME], .unit = "nanoseconds"};
        labels->items[labels->count++] = time;
    }
    if (row->keys[JFR_KEY_SPAN] != 0) {
        snprintf(labels->span, sizeof labels->span, "%" PRIu64, row->keys[JFR_KEY_SPAN]);
        label(labels, "span id", labels->span);
    }
    if (row->keys[JFR_KEY_ROOT] != 0) {
        snprintf(labels->root, sizeof labels->root, "%" PRIu64, row->keys[JFR_KEY_ROOT]);
        label(labels, "local root span id", labels->root);
    }
}

static bool add_sample(struct making *making, const struct jfr_tally_row *row, struct jfr_stacks *stacks) {
    const struct jfr_source *source = making->handlers[row->keys[JFR_KEY_SOURCE]].source;
    struct labels labels;
    int64_t values[JFR_COLUMNS];
    memcpy(values, row->values, sizeof values);
    make_labels(making, row, &labels);
    if (source->period != JFR_PERIOD_NONE) {
        int64_t period = making->settings.periods_ns[source->period];
        making->period_missing[source->kind] |= period == 0;
        values[1] = saturated_product(values[0], period);
    }
    if (source->kind == JFR_LOCK && strcmp(source->event, "jdk.ThreadPark") == 0) {
        const char *class = text_of(making, &making->handlers[row->keys[JFR_KEY_SOURCE]].plan, JFR_SLOT_CLASS, row->keys[JFR_KEY_CLASS]);
        if (!is_lock(class)) {
            making->idle_parks += (uint64_t)values[0];
            return !making->names.no_memory;
        }
    }
    if (making->frames > JFR_MAX_FRAMES_IN_ALL) {
        making->left_out++;
        return true;
    }
    if (!jfr_stacks_make(stacks, row->keys[JFR_KEY_STACK])) {
        return false;
    }
    making->frames += (int64_t)stacks->id_count;
    making->cpu_ns = source->kind == JFR_CPU ? saturated_sum(making->cpu_ns, values[1]) : making->cpu_ns;
    profile_add_sample(stacks->profile, stacks->ids, stacks->id_count, values, labels.items, labels.count);
    return profile_status(stacks->profile) == MERGE_OK;
}

static bool is_of(const struct making *making, const struct jfr_tally_row *row, enum jfr_kind kind) {
    const struct jfr_source *source = making->handlers[row->keys[JFR_KEY_SOURCE]].source;
    return source->kind == kind && source->rank == making->best[kind];
}

// Live objects are written whenever a recording is dumped, all of them again: the last batch holds.
static bool begin_batch(struct making *making) {
    for (size_t i = 0; i < making->tally.count; i++) {
        if (is_of(making, &making->tally.rows[i], JFR_HEAP_LIVE)) {
            profile_free(making->profiles[JFR_HEAP_LIVE]);
            return begin_profile(making, JFR_HEAP_LIVE);
        }
    }
    return true;
}

static bool add_samples(struct making *making, enum jfr_kind kind) {
    struct jfr_stacks stacks;
    bool live = kind == JFR_HEAP_LIVE;
    if (live && !begin_batch(making)) {
        return false;
    }
    bool ok = jfr_stacks_init(&stacks, &making->names, making->profiles[kind]);
    for (size_t i = 0; ok && i < making->tally.count; i++) {
        const struct jfr_tally_row *row = &making->tally.rows[i];
        bool wanted = is_of(making, row, kind) && (!live || row->keys[JFR_KEY_BATCH] == making->batch);
        ok = !wanted || add_sample(making, row, &stacks);
    }
    jfr_stacks_free(&stacks);
    return ok;
}

// ---- Chunks ----

static bool add_handler(struct making *making, uint32_t class, const struct jfr_source *source) {
    size_t fields = 0;
    if (!VECTOR_RESERVE(making->handlers, making->handler_capacity, making->handler_count + 1)) {
        return false;
    }
    struct handler *handler = &making->handlers[making->handler_count++];
    const struct jfr_member *first = jfr_members(making->metadata, &making->metadata->classes[class]);
    bool is_timed = first && first->content == JFR_INSTANT && !first->pool && !first->array;
    *handler = (struct handler){.source = source, .start = is_timed ? first : NULL};
    while (fields < sizeof source->fields / sizeof *source->fields && source->fields[fields].name) {
        fields++;
    }
    making->class_handler[class] = (uint32_t)making->handler_count;
    return jfr_plan_make(making->metadata, class, source->fields, fields, &handler->plan);
}

static bool make_handlers(struct making *making) {
    const struct jfr_metadata *metadata = making->metadata;
    making->class_handler = calloc(metadata->count + 1, sizeof *making->class_handler);
    making->class_count = metadata->count;
    bool ok = making->class_handler;
    for (uint32_t class = 0; ok && class < metadata->count; class ++) {
        const char *name = metadata->classes[class].name;
        for (size_t i = 0; ok && name && i < making->used_count; i++) {
            ok = strcmp(name, making->used[i]->event) != 0 || add_handler(making, class, making->used[i]);
        }
    }
    return ok;
}

static bool read_events(struct making *making) {
    struct jfr_reading *reading = &making->reading;
    bool no_memory = false;
    while (!no_memory && jfr_reading_next(reading)) {
        struct jfr_walk *walk = &reading->walk;
        uint32_t class = reading->class;
        if (walk->type == JFR_TYPE_CHECKPOINT) {
            if (jfr_pools_add(&making->pools, making->metadata, &walk->body, &no_memory)) {
                note_damage(making, walk->event);
            }
        } else if (class < making->class_count && making->class_handler[class] != 0) {
            no_memory = !add_event(making, making->class_handler[class] - 1u, walk->event, walk->body);
        } else if (jfr_settings_want(&making->settings, class)) {
            no_memory = !jfr_settings_add(&making->settings, making->chunk, making->metadata, class, walk->body);
        }
    }
    no_memory = jfr_reading_end(reading) != JFR_OK || no_memory;
    for (struct jfr_chain chain = jfr_chain(making->chunk); !no_memory && jfr_chain_next(&chain);) {
        if (jfr_pools_add(&making->pools, making->metadata, &chain.body, &no_memory)) {
            note_damage(making, chain.body.at);
        }
    }
    return !no_memory;
}

// A chunk whose metadata cannot be read, which is said.
static bool count_events(struct making *making) {
    while (making->reading.first && jfr_reading_next(&making->reading)) {
    }
    return jfr_reading_end(&making->reading) == JFR_OK;
}

static bool make_chunk(struct making *making) {
    if (jfr_reading_begin(&making->reading, making->jfr, making->chunk) != JFR_OK) {
        return false;
    }
    making->metadata = making->reading.metadata;
    if (!making->metadata) {
        return count_events(making);
    }
    bool ok = jfr_pools_init(&making->pools, making->metadata, making->chunk->end) && make_handlers(making) &&
              jfr_settings_begin(&making->settings, making->metadata) && read_events(making) &&
              jfr_names_init(&making->names, making->metadata, &making->pools);
    if (ok) {
        jfr_settings_end(&making->settings, &making->names);
    }
    for (enum jfr_kind kind = 0; ok && kind < JFR_KINDS; kind++) {
        ok = !making->profiles[kind] || add_samples(making, kind);
    }
    return ok;
}

static void end_chunk(struct making *making) {
    jfr_names_free(&making->names);
    jfr_pools_free(&making->pools);
    jfr_tally_clear(&making->tally);
    making->handler_count = 0;
    making->batch = 0;
    free(making->class_handler);
    making->class_handler = NULL;
    jfr_release(making->jfr, making->chunk->start, making->chunk->end);
}

// ---- The profiles ----

// Those that can have events, or that have, once that is known.
static void choose_sources(struct making *making, unsigned kinds) {
    const struct jfr *jfr = making->jfr;
    making->used_count = 0;
    for (size_t i = 0; i < jfr_source_count; i++) {
        const struct jfr_source *source = &jfr_sources[i];
        if (kinds & 1u << source->kind && (!jfr->read || jfr_source_used(jfr, source))) {
            making->used[making->used_count++] = source;
            making->best[source->kind] = jfr->read ? source->rank : NO_RANK;
        }
    }
}

static void end_profile(const struct making *making, enum jfr_kind kind) {
    const struct jfr_source *source = jfr_first_used(making, kind);
    const struct jfr_column *columns;
    jfr_kind_columns(kind, &columns);
    profile_set_time(making->profiles[kind], making->jfr->about.start_ns, making->jfr->about.duration_ns);
    if (source && source->period != JFR_PERIOD_NONE) {
        profile_set_period(making->profiles[kind], columns[1].type, columns[1].unit, making->settings.periods_ns[source->period]);
    }
    jfr_warn(making, kind);
}

enum jfr_error jfr_profiles(struct jfr *jfr, unsigned kinds, int64_t step_ns, struct profile *profiles[JFR_KINDS]) {
    struct making making = {.jfr = jfr, .step_ns = step_ns, .profiles = profiles};
    memset(profiles, 0, JFR_KINDS * sizeof *profiles);
    bool ok = string_table_init(&making.texts);
    for (enum jfr_kind kind = 0; ok && kind < JFR_KINDS; kind++) {
        if (kinds & 1u << kind) {
            ok = begin_profile(&making, kind);
        }
    }
    choose_sources(&making, kinds);
    for (size_t i = 0; ok && i < jfr->about.chunks; i++) {
        making.chunk = &jfr->chunks[i];
        ok = make_chunk(&making);
        end_chunk(&making);
    }
    if (ok && !jfr->read) {
        ok = jfr_reading_done(jfr) == JFR_OK;
        choose_sources(&making, kinds);
    }
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        if (ok && profiles[kind]) {
            end_profile(&making, kind);
            ok = profile_status(profiles[kind]) == MERGE_OK;
        }
    }
    for (enum jfr_kind kind = 0; !ok && kind < JFR_KINDS; kind++) {
        profile_free(profiles[kind]);
        profiles[kind] = NULL;
    }
    string_table_free(&making.texts);
    jfr_settings_free(&making.settings);
    free(making.handlers);
    jfr_tally_free(&making.tally);
    jfr_tally_free(&making.firsts);
    return ok ? JFR_OK : JFR_NO_MEMORY;
}
