// types.c: the types of events of a recording (jfr.h): those of its chunks, by name.
#include "recording.h"
#include "../base/vector.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAX_TYPES = 1 << 14 };

static bool same_name(const void *context, uint32_t id, const void *name) {
    return strcmp(((const struct jfr *)context)->types[id - 1].name, name) == 0;
}

static uint32_t hash_name(const struct jfr *jfr, const char *name) {
    return intern_hash_end(intern_hash_bytes(jfr->seed, name, strlen(name)));
}

uint32_t jfr_type_index(const struct jfr *jfr, const char *name) {
    return intern_find(&jfr->names, hash_name(jfr, name), same_name, jfr, name);
}

// Many types and fields can have one text, and a long one.
static const char *copy(struct jfr *jfr, const char *text, bool *ok) {
    uint32_t id = string_table_intern(&jfr->texts, jfr->seed, UINT32_MAX, text, strlen(text));
    *ok = *ok && id != STRING_TABLE_FULL;
    return *ok ? string_table_get(&jfr->texts, id).bytes : "";
}

static bool copy_fields(struct jfr *jfr, const struct jfr_metadata *metadata, const struct jfr_class *class, struct jfr_type *type) {
    struct jfr_field *fields = jfr_arena_take(&jfr->arena, class->member_count * sizeof *fields);
    bool ok = fields;
    for (uint32_t i = 0; ok && i < class->member_count; i++) {
        const struct jfr_member *member = &metadata->members[class->member + i];
        const char *name = member->class != JFR_NO_CLASS ? metadata->classes[member->class].name : NULL;
        fields[i] = (struct jfr_field){.name = copy(jfr, member->name, &ok),
                                       .label = copy(jfr, member->label, &ok),
                                       .type = copy(jfr, name ? name : "", &ok),
                                       .content = member->content,
                                       .array = member->array,
                                       .is_unsigned = member->is_unsigned};
    }
    type->fields = fields;
    type->field_count = class->member_count;
    return ok;
}

static struct jfr_type *new_type(struct jfr *jfr, const struct jfr_metadata *metadata, const struct jfr_class *class, const char *name) {
    bool ok = jfr->type_count < MAX_TYPES && VECTOR_RESERVE(jfr->types, jfr->type_capacity, jfr->type_count + 1);
    struct jfr_type *type = ok ? &jfr->types[jfr->type_count] : NULL;
    if (!type) {
        return NULL;
    }
    *type = (struct jfr_type){.name = copy(jfr, name, &ok),
                              .label = copy(jfr, class->label, &ok),
                              .description = copy(jfr, class->description, &ok),
                              .category = copy(jfr, class->category, &ok)};
    ok = ok && copy_fields(jfr, metadata, class, type) && intern_add(&jfr->names, hash_name(jfr, name), (uint32_t)jfr->type_count + 1);
    jfr->type_count += ok;
    return ok ? type : NULL;
}

bool jfr_types_add(struct jfr *jfr, const struct jfr_chunk *chunk, const struct jfr_metadata *metadata) {
    for (size_t i = 0; i < metadata->count; i++) {
        const struct jfr_class *class = &metadata->classes[i];
        if (class->events == 0) {
            continue;
        }
        // The container's own two types are in no metadata; these are the names of the JDK's tool.
        char number[40];
        snprintf(number, sizeof number, "type %" PRId64, class->id);
        const char *own = class->id == JFR_TYPE_METADATA ? "jdk.Metadata" : class->id == JFR_TYPE_CHECKPOINT ? "jdk.CheckPoint" : number;
        const char *name = class->name ? class->name : own;
        uint32_t found = jfr_type_index(jfr, name);
        struct jfr_type *type = found != 0 ? &jfr->types[found - 1] : new_type(jfr, metadata, class, name);
        if (!type && jfr->type_count == MAX_TYPES) {
            jfr_damaged(jfr, chunk->offset, "more types of events than can be counted");
            return true;
        }
        if (!type) {
            return false;
        }
        type->count += class->events;
        type->bytes += class->bytes;
    }
    return true;
}

static int compare_types(const void *left, const void *right) {
    const struct jfr_type *a = left, *b = right;
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

bool jfr_types_sort(struct jfr *jfr) {
    if (jfr->type_count > 0) {
        qsort(jfr->types, jfr->type_count, sizeof *jfr->types, compare_types);
    }
    intern_free(&jfr->names);
    jfr->names = (struct intern){0};
    for (size_t i = 0; i < jfr->type_count; i++) {
        if (!intern_add(&jfr->names, hash_name(jfr, jfr->types[i].name), (uint32_t)i + 1)) {
            return false;
        }
    }
    return true;
}

size_t jfr_type_count(const struct jfr *jfr) {
    return jfr->type_count;
}

const struct jfr_type *jfr_type_at(const struct jfr *jfr, size_t index) {
    return &jfr->types[index];
}

const struct jfr_type *jfr_type_named(const struct jfr *jfr, const char *name) {
    uint32_t found = jfr_type_index(jfr, name);
    return found != 0 ? &jfr->types[found - 1] : NULL;
}
