// plan.c: makes and runs the programs that read values (plan.h).
#include "plan.h"
#include "../base/vector.h"

// Structs in place, or arrays in arrays; steps of one program; members that making one looks at, and all of a chunk: a type of a hundred
// bytes that has itself in place 40 times has 40^12 of them.
enum { MAX_NESTING = 12, MAX_STEPS = 4096, MAX_VISITS = 1 << 14, MAX_ALL_VISITS = 1 << 20 };

struct maker {
    struct jfr_metadata *metadata;
    const struct jfr_wanted *wanted;
    size_t wanted_count;
    struct jfr_plan *plan; // NULL: skips all
    uint32_t of_class;     // whose skip this is to be
    struct jfr_op *steps;
    size_t count, capacity, last_wanted; // steps up to the last wanted one
    uint32_t visits;
    bool no_memory;
};

// Nothing follows a type that cannot be followed.
static bool has_failed(const struct maker *maker) {
    return maker->no_memory || (maker->count > 0 && maker->steps[maker->count - 1].code == JFR_OP_FAIL);
}

static void add(struct maker *maker, struct jfr_op op) {
    struct jfr_op *last = maker->count > 0 ? &maker->steps[maker->count - 1] : NULL;
    bool counts = op.code == JFR_OP_SKIP_NUMBERS || op.code == JFR_OP_SKIP_BYTES;
    if (has_failed(maker)) {
        return;
    }
    if (op.code == JFR_OP_SKIP_NUMBERS && maker->metadata->fixed) {
        op.code = JFR_OP_SKIP_BYTES;
        op.argument *= op.width;
    }
    if (counts && last && last->code == op.code) {
        last->argument += op.argument; // at most MAX_VISITS times 8 bytes
        return;
    }
    if (maker->count == MAX_STEPS) {
        op = (struct jfr_op){.code = JFR_OP_FAIL};
    }
    if (!VECTOR_RESERVE(maker->steps, maker->capacity, maker->count + 1)) {
        maker->no_memory = true;
        return;
    }
    maker->steps[maker->count++] = op;
}

static void add_skip_of_form(struct maker *maker, const struct jfr_class *class) {
    switch (class->form) {
    case JFR_FORM_NUMBER:
        add(maker, (struct jfr_op){.code = JFR_OP_SKIP_NUMBERS, .width = class->width, .argument = 1});
        break;
    case JFR_FORM_TEXT:
        add(maker, (struct jfr_op){.code = JFR_OP_SKIP_TEXT});
        break;
    default:
        add(maker, (struct jfr_op){.code = JFR_OP_SKIP_BYTES, .argument = class->width});
    }
}

static const struct jfr_wanted *wanted_of(const struct maker *maker, const char *prefix, const char *name) {
    size_t length = strlen(prefix);
    for (size_t i = 0; i < maker->wanted_count; i++) {
        if (strncmp(maker->wanted[i].name, prefix, length) == 0 && strcmp(maker->wanted[i].name + length, name) == 0) {
            return &maker->wanted[i];
        }
    }
    return NULL;
}

static void note_slot(struct maker *maker, const struct jfr_member *member, uint8_t slot, bool is_number) {
    struct jfr_plan *plan = maker->plan;
    maker->last_wanted = maker->count;
    plan->present |= 1u << slot;
    plan->numbers = is_number ? plan->numbers | 1u << slot : plan->numbers & ~(1u << slot);
    plan->members[slot] = member;
}

static void add_read(struct maker *maker, const struct jfr_member *member, const struct jfr_class *class, uint8_t slot) {
    static const uint8_t codes[] = {[JFR_FORM_NUMBER] = JFR_OP_NUMBER,
                                    [JFR_FORM_BYTE] = JFR_OP_BYTE,
                                    [JFR_FORM_FLOAT] = JFR_OP_FLOAT,
                                    [JFR_FORM_DOUBLE] = JFR_OP_DOUBLE,
                                    [JFR_FORM_TEXT] = JFR_OP_TEXT};
    bool key = member->pool;
    if (has_failed(maker)) {
        return;
    }
    add(maker, (struct jfr_op){.code = key ? JFR_OP_NUMBER : codes[class->form],
                               .slot = slot,
                               .width = key ? 8 : class->width,
                               .is_unsigned = member->is_unsigned});
    note_slot(maker, member, slot, key || class->form != JFR_FORM_TEXT);
}

static void add_mark(struct maker *maker, const struct jfr_member *member, uint8_t slot) {
    if (has_failed(maker)) {
        return;
    }
    add(maker, (struct jfr_op){.code = JFR_OP_MARK, .slot = slot});
    note_slot(maker, member, slot, false);
}

static void add_members(struct maker *maker, uint32_t class_index, const char *prefix, int depth);

static void add_member(struct maker *maker, const struct jfr_member *member, const char *prefix, int depth) {
    struct jfr_metadata *metadata = maker->metadata;
    const struct jfr_class *class = member->class != JFR_NO_CLASS ? &metadata->classes[member->class] : NULL;
    const struct jfr_wanted *wanted = maker->plan ? wanted_of(maker, prefix, member->name) : NULL;
    bool known = class && class->name;
    if (member->array) {
        if (wanted) {
            add_mark(maker, member, wanted->slot);
        }
        // Of pool keys, or of values, whose program is made on its own: an element may hold the type itself only by way of a pool.
        add(maker, (struct jfr_op){.code = member->pool || known ? JFR_OP_SKIP_ARRAY : JFR_OP_FAIL,
                                   .is_unsigned = member->pool,
                                   .argument = member->pool ? 0 : member->class});
    } else if (member->pool) {
        if (wanted) {
            add_read(maker, member, class, wanted->slot);
        } else {
            add(maker, (struct jfr_op){.code = JFR_OP_SKIP_NUMBERS, .width = 8, .argument = 1});
        }
    } else if (!known || depth > MAX_NESTING) {
        add(maker, (struct jfr_op){.code = JFR_OP_FAIL});
    } else if (class->form == JFR_FORM_STRUCT) {
        char inner[128];
        size_t length = strlen(prefix), name = strlen(member->name);
        bool fits = length + name + 2 <= sizeof inner;
        if (fits) {
            memcpy(inner, prefix, length);
            memcpy(inner + length, member->name, name);
            memcpy(inner + length + name, ".", 2);
        }
        add_members(maker, member->class, fits ? inner : "\n", depth + 1);
    } else if (wanted) {
        add_read(maker, member, class, wanted->slot);
    } else {
        add_skip_of_form(maker, class);
    }
}

static void add_members(struct maker *maker, uint32_t class_index, const char *prefix, int depth) {
    const struct jfr_class *class = &maker->metadata->classes[class_index];
    if (class->form != JFR_FORM_STRUCT) { // the pool of strings
        add_skip_of_form(maker, class);
        return;
    }
    for (uint32_t i = 0; i < class->member_count && !has_failed(maker); i++) {
        if (maker->visits++ == MAX_VISITS || maker->metadata->visits++ >= MAX_ALL_VISITS) {
            add(maker, (struct jfr_op){.code = JFR_OP_FAIL});
            return;
        }
        add_member(maker, &maker->metadata->members[class->member + i], prefix, depth);
    }
}

static uint32_t skip_program(struct jfr_metadata *metadata, uint32_t class, int depth);

// Appends the steps, and makes the programs of the arrays' elements. False: no memory.
static bool keep(struct maker *maker, uint32_t *first, int depth) {
    struct jfr_metadata *metadata = maker->metadata;
    add(maker, (struct jfr_op){.code = JFR_OP_END});
    if (!maker->no_memory && metadata->op_count + maker->count > JFR_MAX_OPS) { // metadata of nonsense: nothing can be followed
        maker->count = 1;
        maker->steps[0] = (struct jfr_op){.code = JFR_OP_FAIL};
    }
    bool ok = !maker->no_memory && VECTOR_RESERVE(metadata->ops, metadata->op_capacity, metadata->op_count + maker->count);
    if (ok) {
        memcpy(&metadata->ops[metadata->op_count], maker->steps, maker->count * sizeof *maker->steps);
        *first = (uint32_t)metadata->op_count;
        metadata->op_count += maker->count;
    }
    if (ok && maker->of_class != JFR_NO_CLASS) {
        metadata->classes[maker->of_class].skip = *first + 1; // before its elements: they may have arrays of it
    }
    free(maker->steps);
    for (uint32_t at = *first; ok && metadata->ops[at].code != JFR_OP_END && metadata->ops[at].code != JFR_OP_FAIL; at++) {
        if (metadata->ops[at].code == JFR_OP_SKIP_ARRAY && !metadata->ops[at].is_unsigned) {
            uint32_t element = depth < MAX_NESTING ? skip_program(metadata, metadata->ops[at].argument, depth + 1) : 0;
            ok = element != 0 || depth >= MAX_NESTING;
            metadata->ops[at].argument = element;
        }
    }
    return ok;
}

static uint32_t skip_program(struct jfr_metadata *metadata, uint32_t class, int depth) {
    if (metadata->classes[class].skip != 0) {
        return metadata->classes[class].skip;
    }
    struct maker maker = {.metadata = metadata, .of_class = class};
    uint32_t first = 0;
    if (metadata->classes[class].name) {
        add_members(&maker, class, "", 0);
    } else {
        add(&maker, (struct jfr_op){.code = JFR_OP_FAIL});
    }
    return keep(&maker, &first, depth) ? first + 1 : 0;
}

uint32_t jfr_plan_skip(struct jfr_metadata *metadata, uint32_t class) {
    return skip_program(metadata, class, 0);
}

bool jfr_plan_make(struct jfr_metadata *metadata, uint32_t class, const struct jfr_wanted *wanted, size_t count, struct jfr_plan *plan) {
    struct maker maker = {.metadata = metadata, .of_class = JFR_NO_CLASS, .wanted = wanted, .wanted_count = count, .plan = plan};
    *plan = (struct jfr_plan){0};
    add_members(&maker, class, "", 0);
    maker.count = maker.last_wanted;
    return keep(&maker, &plan->first, 0);
}

// ---- Running ----

static int64_t extend(uint64_t value, uint8_t width, bool is_unsigned) {
    switch (width) {
    case 4:
        return is_unsigned ? (int64_t)(uint32_t)value : (int32_t)value;
    case 2:
        return is_unsigned ? (int64_t)(uint16_t)value : (int16_t)value;
    default:
        return (int64_t)value;
    }
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t read_float(struct jfr_cursor *cursor) {
    uint32_t bits = (uint32_t)jfr_fixed(cursor, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return bits_of(value);
}

static bool run(const struct jfr_metadata *metadata, uint32_t first, struct jfr_cursor *cursor, struct jfr_values *values, int depth);

static bool skip_array(const struct jfr_metadata *metadata, const struct jfr_op *op, struct jfr_cursor *cursor, int depth) {
    uint64_t count = jfr_number(cursor, 4), size;
    if (op->is_unsigned) { // of keys
        if (cursor->fixed) {
            jfr_skip_bytes(cursor, count <= UINT32_MAX ? count * 8 : UINT64_MAX);
        } else {
            jfr_skip_varints(cursor, count);
        }
        return !cursor->failed;
    }
    if (op->argument == 0 || depth > MAX_NESTING) {
        return false;
    }
    const struct jfr_op *element = &metadata->ops[op->argument - 1];
    bool counts = element->code == JFR_OP_SKIP_NUMBERS || element->code == JFR_OP_SKIP_BYTES;
    if (counts && element[1].code == JFR_OP_END) { // a step that skips is never the last one
        if (__builtin_mul_overflow(count, element->argument, &size)) {
            size = UINT64_MAX;
        }
        if (element->code == JFR_OP_SKIP_NUMBERS) {
            jfr_skip_varints(cursor, size);
        } else {
            jfr_skip_bytes(cursor, size);
        }
        return !cursor->failed;
    }
    // An element of no bytes ends the loop at once; any other takes one at least.
    for (uint64_t i = 0; i < count && element->code != JFR_OP_END; i++) {
        if (!run(metadata, op->argument - 1, cursor, NULL, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool run(const struct jfr_metadata *metadata, uint32_t first, struct jfr_cursor *cursor, struct jfr_values *values, int depth) {
    for (const struct jfr_op *op = &metadata->ops[first];; op++) {
        switch (op->code) {
        case JFR_OP_END:
            return !cursor->failed;
        case JFR_OP_SKIP_NUMBERS:
            jfr_skip_varints(cursor, op->argument);
            break;
        case JFR_OP_SKIP_BYTES:
            jfr_skip_bytes(cursor, op->argument);
            break;
        case JFR_OP_SKIP_TEXT:
            jfr_text(cursor);
            break;
        case JFR_OP_SKIP_ARRAY:
            if (!skip_array(metadata, op, cursor, depth)) {
                return false;
            }
            break;
        case JFR_OP_NUMBER:
            values->slots[op->slot] = (uint64_t)extend(jfr_number(cursor, op->width), op->width, op->is_unsigned);
            break;
        case JFR_OP_BYTE:
            values->slots[op->slot] = jfr_fixed(cursor, 1);
            break;
        case JFR_OP_FLOAT:
            values->slots[op->slot] = read_float(cursor);
            break;
        case JFR_OP_DOUBLE:
            values->slots[op->slot] = jfr_fixed(cursor, 8);
            break;
        case JFR_OP_MARK:
            values->slots[op->slot] = (uint64_t)(uintptr_t)cursor->at;
            break;
        case JFR_OP_TEXT:
            values->slots[op->slot] = (uint64_t)(uintptr_t)cursor->at;
            jfr_text(cursor);
            break;
        default:
            return false;
        }
    }
}

bool jfr_plan_run(const struct jfr_metadata *metadata, uint32_t first, struct jfr_cursor *cursor, struct jfr_values *values) {
    return run(metadata, first, cursor, values, 0);
}
