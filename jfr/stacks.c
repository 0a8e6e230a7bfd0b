// stacks.c: stacks as locations (stacks.h).
#include "stacks.h"
#include "../base/vector.h"

#include <stdio.h>

enum trace_slot { TRACE_TRUNCATED, TRACE_FRAMES };
enum frame_slot { FRAME_METHOD, FRAME_LINE, FRAME_TYPE, FRAME_SLOTS };

static const struct jfr_wanted trace_wanted[] = {{"truncated", TRACE_TRUNCATED}, {"frames", TRACE_FRAMES}};
static const struct jfr_wanted frame_wanted[] = {{"method", FRAME_METHOD}, {"lineNumber", FRAME_LINE}, {"type", FRAME_TYPE}};

// Whether frames can be read field by field.
static void settle_fields(struct jfr_stacks *stacks) {
    const struct jfr_metadata *metadata = stacks->names->metadata;
    const struct jfr_class *class = &metadata->classes[stacks->frame_class];
    const struct jfr_member *members = jfr_members(metadata, class);
    bool plain = !metadata->fixed && class->form == JFR_FORM_STRUCT && class->member_count <= JFR_FRAME_FIELDS;
    for (uint32_t i = 0; plain && i < class->member_count; i++) {
        bool number = members[i].pool || (members[i].class != JFR_NO_CLASS && metadata->classes[members[i].class].form == JFR_FORM_NUMBER);
        plain = number && !members[i].array;
        stacks->field_slots[i] = JFR_FRAME_FIELDS;
        for (uint8_t slot = 0; slot < FRAME_SLOTS; slot++) {
            if (stacks->frame_plan.present & 1u << slot && stacks->frame_plan.members[slot] == &members[i]) {
                stacks->field_slots[i] = slot;
            }
        }
    }
    stacks->field_count = plain ? class->member_count : 0;
}

bool jfr_stacks_init(struct jfr_stacks *stacks, struct jfr_names *names, struct profile *profile) {
    struct jfr_metadata *metadata = names->metadata;
    *stacks = (struct jfr_stacks){.names = names, .profile = profile, .frame_class = JFR_NO_CLASS, .frame_types = JFR_NO_CLASS};
    stacks->traces = jfr_metadata_named(metadata, "jdk.types.StackTrace");
    stacks->slots = calloc(JFR_LOCATION_SLOTS, sizeof *stacks->slots);
    stacks->function_count = names->methods != JFR_NO_CLASS ? names->pools->pools[names->methods].count : 0;
    stacks->methods = calloc(JFR_METHOD_SLOTS, sizeof *stacks->methods);
    stacks->functions = calloc(stacks->function_count + 1, sizeof *stacks->functions);
    bool ok = stacks->slots && stacks->methods && stacks->functions;
    if (ok && stacks->traces != JFR_NO_CLASS) {
        ok = jfr_plan_make(metadata, stacks->traces, trace_wanted, 2, &stacks->trace_plan);
        if (ok && stacks->trace_plan.present & 1u << TRACE_FRAMES && stacks->trace_plan.members[TRACE_FRAMES]->array &&
            !stacks->trace_plan.members[TRACE_FRAMES]->pool) {
            stacks->frame_class = stacks->trace_plan.members[TRACE_FRAMES]->class;
        }
    }
    if (ok && stacks->frame_class != JFR_NO_CLASS) {
        ok = jfr_plan_make(metadata, stacks->frame_class, frame_wanted, 3, &stacks->frame_plan);
        bool typed = ok && stacks->frame_plan.present & 1u << FRAME_TYPE && stacks->frame_plan.members[FRAME_TYPE]->pool;
        stacks->frame_types = typed ? stacks->frame_plan.members[FRAME_TYPE]->class : JFR_NO_CLASS;
        if (ok) {
            settle_fields(stacks);
        }
    }
    return ok;
}

void jfr_stacks_free(struct jfr_stacks *stacks) {
    free(stacks->slots);
    free(stacks->methods);
    free(stacks->functions);
    free(stacks->ids);
    *stacks = (struct jfr_stacks){0};
}

static uint32_t mapping_of(struct jfr_stacks *stacks, const char *file) {
    const struct profile_mapping mapping = {
        .file = file, .build_id = "", .has_functions = true, .has_filenames = true, .has_line_numbers = true, .has_inline_frames = true};
    return profile_add_mapping(stacks->profile, &mapping);
}

static struct jfr_function new_function(struct jfr_stacks *stacks, const struct jfr_constant *constant, enum jfr_frame_kind kind) {
    struct jfr_method method = jfr_names_method(stacks->names, constant);
    bool native = kind == JFR_FRAME_NATIVE || kind == JFR_FRAME_KERNEL;
    // The native profilers write the library as the class. A Java method that is native has the JVM's frame type as well, and a real class.
    bool library = native && (!*method.class || strstr(method.class, ".so") || strncmp(method.descriptor, "()L;", 4) == 0);
    size_t class = library ? 0 : strlen(method.class), name = strlen(method.name), descriptor = library ? 0 : strlen(method.descriptor);
    char *text = malloc(2 * (class + name + 2) + descriptor);
    if (!text) {
        stacks->no_memory = true;
        return (struct jfr_function){0};
    }
    char *system = text + class + name + 2;
    snprintf(text, class + name + 2, "%s%s%s", library ? "" : method.class, class > 0 ? "." : "", method.name);
    snprintf(system, class + name + 2 + descriptor, "%s%s%s%s", library ? "" : method.class, class > 0 ? "." : "", method.name,
             library ? "" : method.descriptor);
    const struct profile_function function = {.name = *text ? text : "(unknown)", .system_name = *text ? system : "(unknown)", .file = ""};
    struct jfr_function made = {.id = profile_add_function(stacks->profile, &function)};
    if (library) {
        made.mapping = mapping_of(stacks, kind == JFR_FRAME_KERNEL ? "[kernel]" : *method.class ? method.class : "[native]");
    }
    free(text);
    return made;
}

static struct jfr_function find_function(struct jfr_stacks *stacks, uint64_t key, enum jfr_frame_kind kind) {
    struct jfr_pools *pools = stacks->names->pools;
    struct jfr_constant *constant = jfr_pools_find(pools, stacks->names->methods, key);
    size_t index = constant ? (size_t)(constant - pools->pools[stacks->names->methods].items) : stacks->function_count;
    struct jfr_function *function = &stacks->functions[index]; // the last one: methods that are missing
    if (function->id == 0 && constant) {
        *function = new_function(stacks, constant, kind);
    } else if (function->id == 0) {
        const struct profile_function unknown = {.name = "(unknown)", .system_name = "(unknown)", .file = ""};
        function->id = profile_add_function(stacks->profile, &unknown);
    }
    return *function;
}

static struct jfr_function function_of(struct jfr_stacks *stacks, uint64_t key, enum jfr_frame_kind kind) {
    struct jfr_method_slot *slot = &stacks->methods[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 54 & (JFR_METHOD_SLOTS - 1)];
    if (slot->function.id == 0 || slot->key != key) {
        *slot = (struct jfr_method_slot){key, find_function(stacks, key, kind)};
    }
    return slot->function;
}

static enum jfr_frame_kind kind_of(struct jfr_stacks *stacks, uint64_t key) {
    struct jfr_type_slot *slot = &stacks->types[key % JFR_TYPE_SLOTS];
    if (stacks->frame_types == JFR_NO_CLASS) {
        return JFR_FRAME_JAVA;
    }
    if (!slot->known || slot->key != key) {
        *slot = (struct jfr_type_slot){key, jfr_frame_kind(jfr_names_text(stacks->names, stacks->frame_types, key)), true};
    }
    return slot->kind;
}

static bool add_location(struct jfr_stacks *stacks, const struct profile_line *lines, size_t count, uint32_t mapping) {
    if (!VECTOR_RESERVE(stacks->ids, stacks->id_capacity, stacks->id_count + 1)) {
        return false;
    }
    struct jfr_location_slot *slot = NULL;
    if (count == 1) {
        uint64_t hash = ((uint64_t)lines->function << 32 ^ (uint64_t)lines->line) * UINT64_C(0x9e3779b97f4a7c15);
        slot = &stacks->slots[hash >> 32 & (JFR_LOCATION_SLOTS - 1)];
        if (slot->id != 0 && slot->function == lines->function && slot->line == lines->line) {
            stacks->ids[stacks->id_count++] = slot->id;
            return true;
        }
    }
    uint32_t id = profile_add_location(stacks->profile, mapping, 0, lines, count);
    if (slot) {
        *slot = (struct jfr_location_slot){lines->function, id, lines->line};
    }
    stacks->ids[stacks->id_count++] = id;
    return true;
}

static bool add_text(struct jfr_stacks *stacks, const char *text) {
    const struct profile_function function = {.name = text, .system_name = text, .file = ""};
    struct profile_line line = {.function = profile_add_function(stacks->profile, &function)};
    return add_location(stacks, &line, 1, 0);
}

// Reads one frame, and goes on behind it.
static bool read_frame(struct jfr_stacks *stacks, uint32_t skip, struct jfr_cursor *cursor, struct jfr_values *values) {
    struct jfr_metadata *metadata = stacks->names->metadata;
    if (stacks->field_count == 0) {
        struct jfr_cursor frame = *cursor; // the program of what is wanted ends before the frame does
        bool ok = jfr_plan_run(metadata, stacks->frame_plan.first, &frame, values) && jfr_plan_run(metadata, skip - 1, cursor, NULL);
        for (int slot = 0; slot < FRAME_SLOTS; slot++) {
            values->slots[slot] = jfr_plan_number(&stacks->frame_plan, values, slot);
        }
        return ok;
    }
    for (size_t i = 0; i < stacks->field_count; i++) {
        values->slots[stacks->field_slots[i]] = jfr_varint(cursor);
    }
    values->slots[FRAME_LINE] = (uint64_t)(int64_t)(int32_t)values->slots[FRAME_LINE];
    return !cursor->failed;
}

static bool add_frames(struct jfr_stacks *stacks, struct jfr_cursor *cursor) {
    struct profile_line lines[JFR_MAX_INLINED];
    size_t pending = 0;
    struct jfr_metadata *metadata = stacks->names->metadata;
    uint64_t count = jfr_number(cursor, 4);
    uint32_t skip = jfr_plan_skip(metadata, stacks->frame_class);
    struct jfr_values values = {0};
    if (skip == 0) {
        return false;
    }
    stacks->cut = stacks->cut || count > JFR_MAX_FRAMES;
    count = count < JFR_MAX_FRAMES ? count : JFR_MAX_FRAMES;
    for (uint64_t i = 0; i < count; i++) {
        if (!read_frame(stacks, skip, cursor, &values)) {
            stacks->cut = true; // damaged
            break;
        }
        enum jfr_frame_kind kind = kind_of(stacks, values.slots[FRAME_TYPE]);
        struct jfr_function function = function_of(stacks, values.slots[FRAME_METHOD], kind);
        lines[pending++] = (struct profile_line){.function = function.id, .line = (int64_t)values.slots[FRAME_LINE]};
        bool inlined = kind == JFR_FRAME_INLINED && i + 1 < count && pending < JFR_MAX_INLINED;
        if (!inlined && !add_location(stacks, lines, pending, function.mapping)) {
            return false;
        }
        pending = inlined ? pending : 0;
    }
    return pending == 0 || add_location(stacks, lines, pending, 0);
}

bool jfr_stacks_make(struct jfr_stacks *stacks, uint64_t key) {
    struct jfr_constant *constant = jfr_pools_find(stacks->names->pools, stacks->traces, key);
    struct jfr_values values = {0};
    stacks->id_count = 0;
    stacks->cut = false;
    bool ok = true;
    if (constant && stacks->frame_class != JFR_NO_CLASS) {
        struct jfr_cursor cursor = jfr_constant_cursor(stacks->names->pools, constant);
        if (jfr_plan_run(stacks->names->metadata, stacks->trace_plan.first, &cursor, &values)) {
            struct jfr_cursor frames = {(const uint8_t *)(uintptr_t)values.slots[TRACE_FRAMES], cursor.end, cursor.fixed, false};
            stacks->cut = jfr_plan_number(&stacks->trace_plan, &values, TRACE_TRUNCATED) != 0;
            ok = add_frames(stacks, &frames);
        }
    }
    ok = ok && (!stacks->cut || add_text(stacks, JFR_CUT));
    ok = ok && (stacks->id_count > 0 || add_text(stacks, JFR_NO_STACK));
    return ok && !stacks->no_memory && !stacks->names->no_memory;
}
