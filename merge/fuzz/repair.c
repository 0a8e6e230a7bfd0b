// repair.c: see repair.h, also for threads and memory.
#include "repair.h"

#define MAX_IDS 1024

struct ids {
    uint64_t items[MAX_IDS];
    size_t count;
};

static bool has_id(const struct ids *ids, uint64_t id) {
    for (size_t i = 0; i < ids->count; i++) {
        if (ids->items[i] == id) {
            return true;
        }
    }
    return false;
}

static struct node *field_of(struct node *message, uint32_t number) {
    for (struct node *child = message->first; child; child = child->next) {
        if (child->number == number && child->shape == NODE_NUMBER) {
            return child;
        }
    }
    return NULL;
}

// Makes the ids of messages of a kind unique; valid ones are kept.
static void repair_ids(struct node *root, uint32_t field, enum message_kind kind, struct ids *ids) {
    ids->count = 0;
    for (struct node *message = root->first; message; message = message->next) {
        if (message->number != field || message->shape != NODE_MESSAGE) {
            continue;
        }
        struct node *id = field_of(message, 1);
        if (!id && (id = node_new(NODE_NUMBER, kind, 1))) {
            node_insert(message, NULL, id);
        }
        if (!id || ids->count == MAX_IDS) {
            return;
        }
        if (id->value == 0 || has_id(ids, id->value)) {
            for (id->value = ids->count + 1; has_id(ids, id->value);) {
                id->value++;
            }
        }
        ids->items[ids->count++] = id->value;
    }
}

static size_t count_of(const struct node *root, uint32_t field) {
    size_t count = 0;
    for (const struct node *node = root->first; node; node = node->next) {
        count += node->number == field && (node->shape == NODE_MESSAGE || node->shape == NODE_BYTES);
    }
    return count;
}

// Makes the number of a sample's values, packed and unpacked together, equal to the number of types.
static void repair_values(struct node *sample, size_t types) {
    size_t have = 0;
    struct node *packed = NULL;
    for (struct node *node = sample->first, *next; node; node = next) {
        next = node->next;
        if (node->number != 2) {
            continue;
        }
        if (node->shape == NODE_NUMBER && ++have > types) {
            node_remove(node);
        }
        if (node->shape != NODE_PACKED) {
            continue;
        }
        packed = node;
        for (struct node *value = node->first, *after; value; value = after) {
            after = value->next;
            if (++have > types) {
                node_remove(value);
            }
        }
    }
    if (have < types && !packed && (packed = node_new(NODE_PACKED, SAMPLE, 2))) {
        node_append(sample, packed);
    }
    for (; packed && have < types; have++) {
        struct node *value = node_new(NODE_NUMBER, SAMPLE, 2);
        if (!value) {
            return;
        }
        value->value = have + 1;
        node_append(packed, value);
    }
}

struct tables {
    struct ids mappings, functions, locations;
    size_t texts, types;
};

static void repair_reference(struct node *node, const struct ids *ids, bool may_be_none) {
    if (has_id(ids, node->value) || (may_be_none && node->value == 0)) {
        return;
    }
    if (ids->count > 0) {
        node->value = ids->items[node->value % ids->count];
    } else if (may_be_none) {
        node->value = 0;
    }
}

static void repair_number(struct node *node, enum role role, const struct tables *tables) {
    if (role == ROLE_TEXT && node->value >= tables->texts) {
        node->value %= tables->texts;
    } else if (role == ROLE_MAPPING) {
        repair_reference(node, &tables->mappings, true);
    } else if (role == ROLE_FUNCTION) {
        repair_reference(node, &tables->functions, false);
    } else if (role == ROLE_LOCATION) {
        repair_reference(node, &tables->locations, false);
    }
}

// Whether to remove a node: a known field of the wrong type, or a reference to an empty table.
static bool is_wrong(const struct node *node, enum role role, const struct tables *tables) {
    bool number = node->shape == NODE_NUMBER || node->shape == NODE_PACKED;
    switch (role) {
    case ROLE_UNKNOWN:
        return false;
    case ROLE_MESSAGE:
        return node->shape != NODE_MESSAGE;
    case ROLE_STRING:
        return node->shape != NODE_BYTES;
    case ROLE_LOCATION:
        return !number || tables->locations.count == 0;
    case ROLE_FUNCTION:
        return !number || tables->functions.count == 0;
    default:
        return !number;
    }
}

static void repair_fields(struct node *message, const struct tables *tables) {
    for (struct node *node = message->first, *next; node; node = next) {
        next = node->next;
        enum role role = node_role(node);
        if (is_wrong(node, role, tables) || (node->shape == NODE_MESSAGE && node->kind == LINE && tables->functions.count == 0)) {
            node_remove(node);
            continue;
        }
        if (node->shape == NODE_MESSAGE) {
            repair_fields(node, tables);
        } else if (node->shape == NODE_NUMBER) {
            repair_number(node, role, tables);
        } else if (node->shape == NODE_PACKED) {
            for (struct node *child = node->first; child; child = child->next) {
                repair_number(child, role, tables);
            }
        }
        if (node->shape == NODE_MESSAGE && node->kind == SAMPLE) {
            repair_values(node, tables->types);
        }
        if (node->shape == NODE_MESSAGE && node->kind == LINE && !field_of(node, 1)) { // a line must have a function
            struct node *function = node_new(NODE_NUMBER, LINE, 1);
            if (function) {
                function->value = tables->functions.items[0];
                node_append(node, function);
            }
        }
    }
}

static void repair_texts(struct node *root) {
    struct node *first = root->first;
    while (first && (first->number != 6 || first->shape != NODE_BYTES)) {
        first = first->next;
    }
    if (first && span_size(first->bytes) == 0) {
        return;
    }
    struct node *empty = node_new(NODE_BYTES, PROFILE, 6);
    if (empty) {
        node_insert(root, NULL, empty);
    }
}

void repair_profile(struct node *root) {
    static struct tables tables;
    repair_ids(root, 3, MAPPING, &tables.mappings);
    repair_ids(root, 4, LOCATION, &tables.locations);
    repair_ids(root, 5, FUNCTION, &tables.functions);
    repair_texts(root);
    tables.texts = count_of(root, 6);
    if (tables.texts == 0) {
        return;
    }
    if (count_of(root, 1) == 0) {
        struct node *type = node_new(NODE_MESSAGE, VALUE_TYPE, 1);
        if (type) {
            node_insert(root, NULL, type);
        }
    }
    tables.types = count_of(root, 1);
    repair_fields(root, &tables);
    size_t times = 0;
    for (struct node *node = root->first, *next; node; node = next) {
        next = node->next;
        if (node->number == 9 && ++times > 1) {
            node_remove(node);
        }
    }
}
