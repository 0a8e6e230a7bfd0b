// visit.c: every event with its values (jfr.h).
//
// Each chunk is read twice: first its checkpoints, as an event may use constants that come after it.
#include "../base/vector.h"
#include "plan.h"
#include "pools.h"
#include "recording.h"

struct visiting {
    struct jfr *jfr;
    const struct jfr_visitor *visitor;
    const struct jfr_chunk *chunk;
    struct jfr_metadata *metadata; // of the chunk; the recording's
    struct jfr_pools pools;
    const struct jfr_type **types; // by class; NULL: not visited
    uint32_t strings;              // class of java.lang.String
    char *text;                    // the last one
    size_t text_capacity;
    bool no_memory, stopped;
    // Values left for this event, and for the visit: a few bytes may name the same long stack very often. A text also counts for its size.
    uint64_t budget, all;
    uint64_t asked; // of `all`, when the visitor was asked whether to stop
    uint64_t *damaged;
};

enum { MAX_VALUES = 1 << 20, MAX_ALL_VALUES = 1 << 28, MAX_VALUES_PER_BYTE = 16, VALUE_TEXT_BYTES = 64, ASK_VALUES = 1 << 14 };

// False: the event has had its share, or the visit ends.
static bool spend(struct visiting *visiting, uint64_t values) {
    const struct jfr_visitor *visitor = visiting->visitor;
    if (visiting->stopped || values > visiting->budget || values > visiting->all) {
        visiting->all = values > visiting->all ? 0 : visiting->all;
        return false;
    }
    visiting->budget -= values;
    visiting->all -= values;
    if (visitor->stop && visiting->asked - visiting->all >= ASK_VALUES) {
        visiting->asked = visiting->all;
        visiting->stopped = visitor->stop(visitor->context);
    }
    return !visiting->stopped;
}

static bool read_value(struct visiting *visiting, struct jfr_cursor *cursor, const char *name, const struct jfr_member *member,
                       uint32_t class_index, bool pooled, int depth);

static void give(struct visiting *visiting, const char *name, const struct jfr_value *value) {
    visiting->visitor->value(visiting->visitor->context, name, value);
}

static void give_null(struct visiting *visiting, const char *name) {
    give(visiting, name, &(struct jfr_value){.kind = JFR_NULL});
}

static bool give_text(struct visiting *visiting, const char *name, struct jfr_text text, int depth) {
    if (text.encoding == JFR_TEXT_POOL) {
        struct jfr_constant *constant = jfr_pools_find(&visiting->pools, visiting->strings, text.size);
        struct jfr_cursor cursor = constant ? jfr_constant_cursor(&visiting->pools, constant) : (struct jfr_cursor){0};
        text = constant ? jfr_text(&cursor) : (struct jfr_text){0};
        if (text.encoding == JFR_TEXT_POOL) { // a constant is no key
            text.encoding = JFR_TEXT_NULL;
        }
    }
    if (text.encoding == JFR_TEXT_NULL || depth > JFR_MAX_DEPTH) {
        give_null(visiting, name);
        return true;
    }
    if (!spend(visiting, jfr_text_room(&text) / VALUE_TEXT_BYTES)) {
        return false;
    }
    if (!VECTOR_RESERVE(visiting->text, visiting->text_capacity, jfr_text_room(&text) + 1)) {
        visiting->no_memory = true;
        return false;
    }
    size_t size = jfr_text_write(&text, visiting->chunk->fixed, visiting->text);
    visiting->text[size] = '\0';
    give(visiting, name, &(struct jfr_value){.kind = JFR_TEXT, .text = visiting->text, .text_size = size});
    return true;
}

static bool read_struct(struct visiting *visiting, struct jfr_cursor *cursor, const char *name, const struct jfr_class *class, int depth) {
    const struct jfr_visitor *visitor = visiting->visitor;
    const struct jfr_member *members = jfr_members(visiting->metadata, class);
    bool alone = class->simple && class->member_count == 1; // its only field stands for it
    bool ok = true;
    if (!alone) {
        visitor->open(visitor->context, name, class->name, false);
    }
    for (uint32_t i = 0; ok && i < class->member_count; i++) {
        ok = read_value(visiting, cursor, alone ? name : members[i].name, &members[i], members[i].class, members[i].pool, depth + 1);
    }
    if (!alone) {
        visitor->close(visitor->context, false);
    }
    return ok;
}

static bool read_constant(struct visiting *visiting, uint64_t key, const char *name, const struct jfr_member *member, uint32_t class_index,
                          int depth) {
    struct jfr_constant *constant = depth < JFR_MAX_DEPTH ? jfr_pools_find(&visiting->pools, class_index, key) : NULL;
    if (!constant) {
        give_null(visiting, name);
        return true;
    }
    struct jfr_cursor cursor = jfr_constant_cursor(&visiting->pools, constant);
    return read_value(visiting, &cursor, name, member, class_index, false, depth);
}

// A plain number, float or text.
static bool read_plain(struct visiting *visiting, struct jfr_cursor *cursor, const char *name, const struct jfr_member *member,
                       const struct jfr_class *class, int depth) {
    struct jfr_value value = {.kind = JFR_INTEGER, .content = member ? member->content : JFR_PLAIN};
    uint32_t bits;
    uint64_t long_bits;
    float real;
    switch (class->form) {
    case JFR_FORM_TEXT: {
        struct jfr_text text = jfr_text(cursor);
        return !cursor->failed && give_text(visiting, name, text, depth);
    }
    case JFR_FORM_FLOAT:
        value.kind = JFR_REAL;
        bits = (uint32_t)jfr_fixed(cursor, 4);
        memcpy(&real, &bits, sizeof real);
        value.real = real;
        break;
    case JFR_FORM_DOUBLE:
        value.kind = JFR_REAL;
        long_bits = jfr_fixed(cursor, 8);
        memcpy(&value.real, &long_bits, sizeof value.real);
        break;
    case JFR_FORM_BYTE:
        value.integer = (int64_t)jfr_fixed(cursor, 1);
        if (strcmp(class->name, "boolean") == 0) {
            value.kind = JFR_BOOL;
            value.integer = value.integer != 0;
        } else if (!member || !member->is_unsigned) {
            value.integer = (int8_t)value.integer;
        }
        break;
    default:
        value.kind = member && member->is_unsigned ? JFR_UNSIGNED : JFR_INTEGER;
        value.integer = (int64_t)jfr_number(cursor, class->width);
        if (class->width == 4) {
            value.integer = member && member->is_unsigned ? (int64_t)(uint32_t)value.integer : (int32_t)value.integer;
        } else if (class->width == 2) {
            value.integer =
                strcmp(class->name, "char") == 0 || (member && member->is_unsigned) ? (uint16_t)value.integer : (int16_t)value.integer;
        }
        value.integer = member ? jfr_chunk_field_ns(visiting->chunk, member, value.integer) : value.integer;
    }
    if (!cursor->failed) {
        give(visiting, name, &value);
    }
    return !cursor->failed;
}

static bool read_array(struct visiting *visiting, struct jfr_cursor *cursor, const char *name, const struct jfr_member *member,
                       uint32_t class_index, bool pooled, int depth) {
    const struct jfr_visitor *visitor = visiting->visitor;
    struct jfr_member element = *member;
    uint64_t count = jfr_number(cursor, 4);
    bool ok = !cursor->failed;
    element.array = false;
    visitor->open(visitor->context, name, visiting->metadata->classes[class_index].name, true);
    for (uint64_t i = 0; ok && i < count; i++) {
        const uint8_t *at = cursor->at;
        ok = read_value(visiting, cursor, NULL, &element, class_index, pooled, depth);
        if (cursor->at == at) { // elements of no bytes: one stands for all, however many they are
            break;
        }
    }
    visitor->close(visitor->context, true);
    return ok;
}

// member: of the field, for its content; NULL in a pool.
static bool read_value(struct visiting *visiting, struct jfr_cursor *cursor, const char *name, const struct jfr_member *member,
                       uint32_t class_index, bool pooled, int depth) {
    const struct jfr_class *class = class_index != JFR_NO_CLASS ? &visiting->metadata->classes[class_index] : NULL;
    if (!class || !class->name || depth > 4 * JFR_MAX_DEPTH || !spend(visiting, 1)) {
        return false;
    }
    if (member && member->array) {
        return read_array(visiting, cursor, name, member, class_index, pooled, depth);
    }
    if (pooled) {
        uint64_t key = jfr_number(cursor, 8);
        return !cursor->failed && read_constant(visiting, key, name, NULL, class_index, depth);
    }
    return class->form == JFR_FORM_STRUCT ? read_struct(visiting, cursor, name, class, depth)
                                          : read_plain(visiting, cursor, name, member, class, depth);
}

// ---- Chunks ----

static enum jfr_error read_pools(struct visiting *visiting) {
    struct jfr_walk walk = jfr_walk(visiting->chunk);
    bool no_memory = !jfr_pools_init(&visiting->pools, visiting->metadata, visiting->chunk->end);
    while (!no_memory && jfr_walk_next(&walk)) {
        if (walk.type == JFR_TYPE_CHECKPOINT) {
            *visiting->damaged += !!jfr_pools_add(&visiting->pools, visiting->metadata, &walk.body, &no_memory);
        }
    }
    for (struct jfr_chain chain = jfr_chain(visiting->chunk); !no_memory && jfr_chain_next(&chain);) {
        *visiting->damaged += !!jfr_pools_add(&visiting->pools, visiting->metadata, &chain.body, &no_memory);
    }
    return no_memory ? JFR_NO_MEMORY : JFR_OK;
}

static int64_t start_of(const struct visiting *visiting, const struct jfr_class *class, struct jfr_cursor cursor) {
    const struct jfr_member *first = jfr_members(visiting->metadata, class);
    bool timed = first && first->content == JFR_INSTANT && !first->pool && !first->array;
    return timed ? jfr_chunk_field_ns(visiting->chunk, first, (int64_t)jfr_number(&cursor, 8)) : visiting->chunk->start_ns;
}

// Returns whether to go on.
static bool visit_event(struct visiting *visiting, struct jfr_walk *walk, const struct jfr_type *type, const struct jfr_class *class) {
    const struct jfr_visitor *visitor = visiting->visitor;
    const struct jfr_event event = {.type = type,
                                    .chunk = (size_t)(visiting->chunk - visiting->jfr->chunks),
                                    .offset = visiting->chunk->offset + (uint64_t)(walk->event - visiting->chunk->start),
                                    .start_ns = start_of(visiting, class, walk->body)};
    const struct jfr_member *members = jfr_members(visiting->metadata, class);
    if ((visitor->after > 0 && event.offset <= visitor->after) || !visitor->begin(visitor->context, &event)) {
        return true;
    }
    bool ok = true;
    visiting->budget = MAX_VALUES;
    for (uint32_t i = 0; ok && i < class->member_count; i++) {
        ok = read_value(visiting, &walk->body, members[i].name, &members[i], members[i].class, members[i].pool, 0);
    }
    if (visiting->stopped) {
        return false;
    }
    if (!ok) {
        *visiting->damaged += 1;
        return !visiting->no_memory && visiting->all > 0;
    }
    return visitor->end(visitor->context);
}

// Which types of the chunk are visited: all, or those of one name.
static bool choose_types(struct visiting *visiting, const char *name) {
    visiting->types = calloc(visiting->metadata->count + 1, sizeof *visiting->types);
    for (size_t i = 0; visiting->types && i < visiting->metadata->count; i++) {
        const struct jfr_class *class = &visiting->metadata->classes[i];
        bool own = class->id == JFR_TYPE_METADATA || class->id == JFR_TYPE_CHECKPOINT;
        if (class->name && !own && (!name || strcmp(class->name, name) == 0)) {
            visiting->types[i] = jfr_type_named(visiting->jfr, class->name);
        }
    }
    return visiting->types;
}

static enum jfr_error visit_chunk(struct visiting *visiting, const char *name, bool *go_on) {
    bool no_memory = false;
    const char *fault;
    visiting->metadata = jfr_metadata_of(visiting->jfr, visiting->chunk, &fault, &no_memory);
    if (fault || (name && jfr_metadata_named(visiting->metadata, name) == JFR_NO_CLASS)) {
        return no_memory ? JFR_NO_MEMORY : JFR_OK;
    }
    visiting->strings = jfr_metadata_named(visiting->metadata, "java.lang.String");
    if (!choose_types(visiting, name) || read_pools(visiting) != JFR_OK) {
        return JFR_NO_MEMORY;
    }
    const uint8_t *released = visiting->chunk->start;
    for (struct jfr_walk walk = jfr_walk(visiting->chunk); *go_on && jfr_walk_next(&walk);) {
        uint32_t class = jfr_metadata_type(visiting->metadata, walk.type);
        const struct jfr_type *type = class != JFR_NO_CLASS ? visiting->types[class] : NULL;
        *go_on = !type || visit_event(visiting, &walk, type, &visiting->metadata->classes[class]);
        jfr_release_behind(visiting->jfr, &released, walk.at);
    }
    return visiting->no_memory ? JFR_NO_MEMORY : visiting->all == 0 ? JFR_TOO_LARGE : JFR_OK;
}

enum jfr_error jfr_visit(struct jfr *jfr, const char *type, const struct jfr_visitor *visitor, uint64_t *damaged) {
    uint64_t none, all = MAX_ALL_VALUES + MAX_VALUES_PER_BYTE * (uint64_t)jfr->size;
    struct visiting visiting = {.jfr = jfr, .visitor = visitor, .all = all, .asked = all, .damaged = damaged ? damaged : &none};
    enum jfr_error error = JFR_OK;
    bool go_on = true;
    *visiting.damaged = 0;
    for (size_t i = 0; i < jfr->about.chunks && go_on && error == JFR_OK; i++) {
        visiting.chunk = &jfr->chunks[i];
        if (visiting.chunk->offset + (uint64_t)(visiting.chunk->end - visiting.chunk->start) <= visitor->after) {
            continue;
        }
        error = visit_chunk(&visiting, type, &go_on);
        jfr_pools_free(&visiting.pools);
        free(visiting.types);
        visiting.types = NULL;

        jfr_release(jfr, visiting.chunk->start, visiting.chunk->end);
    }
    free(visiting.text);
    return error;
}
