// message.c: see message.h, also for threads and memory.
#include "message.h"

#include <string.h>

#define POOL_NODES (1u << 16)
#define POOL_BYTES (1u << 20)
#define MAX_DEPTH 4 // Profile, Location, Line, its fields

const struct schema_field schema[] = {
    {PROFILE, 1, ROLE_MESSAGE, VALUE_TYPE, true},
    {PROFILE, 2, ROLE_MESSAGE, SAMPLE, true},
    {PROFILE, 3, ROLE_MESSAGE, MAPPING, true},
    {PROFILE, 4, ROLE_MESSAGE, LOCATION, true},
    {PROFILE, 5, ROLE_MESSAGE, FUNCTION, true},
    {PROFILE, 6, ROLE_STRING, 0, true},
    {PROFILE, 7, ROLE_TEXT, 0, false},
    {PROFILE, 8, ROLE_TEXT, 0, false},
    {PROFILE, 9, ROLE_NUMBER, 0, false},
    {PROFILE, 10, ROLE_NUMBER, 0, false},
    {PROFILE, 11, ROLE_MESSAGE, VALUE_TYPE, 0},
    {PROFILE, 12, ROLE_NUMBER, 0, false},
    {PROFILE, 13, ROLE_TEXT, 0, true},
    {PROFILE, 14, ROLE_TEXT, 0, false},
    {PROFILE, 15, ROLE_TEXT, 0, false},
    {VALUE_TYPE, 1, ROLE_TEXT, 0, false},
    {VALUE_TYPE, 2, ROLE_TEXT, 0, false},
    {SAMPLE, 1, ROLE_LOCATION, 0, true},
    {SAMPLE, 2, ROLE_VALUE, 0, true},
    {SAMPLE, 3, ROLE_MESSAGE, LABEL, true},
    {MAPPING, 1, ROLE_ID, 0, false},
    {MAPPING, 2, ROLE_NUMBER, 0, false},
    {MAPPING, 3, ROLE_NUMBER, 0, false},
    {MAPPING, 4, ROLE_NUMBER, 0, false},
    {MAPPING, 5, ROLE_TEXT, 0, false},
    {MAPPING, 6, ROLE_TEXT, 0, false},
    {MAPPING, 7, ROLE_FLAG, 0, false},
    {MAPPING, 8, ROLE_FLAG, 0, false},
    {MAPPING, 9, ROLE_FLAG, 0, false},
    {MAPPING, 10, ROLE_FLAG, 0, false},
    {LOCATION, 1, ROLE_ID, 0, false},
    {LOCATION, 2, ROLE_MAPPING, 0, false},
    {LOCATION, 3, ROLE_NUMBER, 0, false},
    {LOCATION, 4, ROLE_MESSAGE, LINE, true},
    {LOCATION, 5, ROLE_FLAG, 0, false},
    {FUNCTION, 1, ROLE_ID, 0, false},
    {FUNCTION, 2, ROLE_TEXT, 0, false},
    {FUNCTION, 3, ROLE_TEXT, 0, false},
    {FUNCTION, 4, ROLE_TEXT, 0, false},
    {FUNCTION, 5, ROLE_NUMBER, 0, false},
    {LINE, 1, ROLE_FUNCTION, 0, false},
    {LINE, 2, ROLE_NUMBER, 0, false},
    {LINE, 3, ROLE_NUMBER, 0, false},
    {LABEL, 1, ROLE_TEXT, 0, false},
    {LABEL, 2, ROLE_TEXT, 0, false},
    {LABEL, 3, ROLE_NUMBER, 0, false},
    {LABEL, 4, ROLE_TEXT, 0, false},
};
const size_t schema_count = sizeof schema / sizeof *schema;

static struct node nodes[POOL_NODES];
static uint8_t bytes_pool[POOL_BYTES];
static size_t nodes_used, bytes_used;

const struct schema_field *schema_find(enum message_kind kind, uint32_t number) {
    for (size_t i = 0; i < schema_count; i++) {
        if (schema[i].kind == kind && schema[i].number == number) {
            return &schema[i];
        }
    }
    return NULL;
}

void message_reset(void) {
    nodes_used = bytes_used = 0;
}

uint8_t *message_bytes(size_t size) {
    if (size > POOL_BYTES - bytes_used) {
        return NULL;
    }
    uint8_t *bytes = bytes_pool + bytes_used;
    bytes_used += size;
    return bytes;
}

struct node *node_new(enum node_shape shape, enum message_kind kind, uint32_t number) {
    if (nodes_used == POOL_NODES) {
        return NULL;
    }
    struct node *node = &nodes[nodes_used++];
    *node = (struct node){.shape = shape, .kind = kind, .number = number};
    return node;
}

void node_insert(struct node *parent, struct node *after, struct node *child) {
    child->parent = parent;
    child->next = after ? after->next : parent->first;
    if (after) {
        after->next = child;
    } else {
        parent->first = child;
    }
    if (!child->next) {
        parent->last = child;
    }
}

void node_append(struct node *parent, struct node *child) {
    node_insert(parent, parent->last, child);
}

void node_remove(struct node *child) {
    struct node *parent = child->parent, *before = NULL;
    for (struct node *at = parent->first; at != child; at = at->next) {
        before = at;
    }
    if (before) {
        before->next = child->next;
    } else {
        parent->first = child->next;
    }
    if (parent->last == child) {
        parent->last = before;
    }
    child->parent = child->next = NULL;
}

struct node *node_copy(const struct node *node) {
    struct node *copy = node_new(node->shape, node->kind, node->number);
    if (!copy) {
        return NULL;
    }
    copy->value = node->value;
    copy->bytes = node->bytes;
    for (const struct node *child = node->first; child; child = child->next) {
        struct node *inner = node_copy(child);
        if (!inner) {
            return NULL;
        }
        node_append(copy, inner);
    }
    return copy;
}

enum role node_role(const struct node *node) {
    if (!node->parent) {
        return ROLE_UNKNOWN;
    }
    const struct schema_field *field = schema_find(node->parent->kind, node->number);
    return field ? (enum role)field->role : ROLE_UNKNOWN;
}

// ---- Parse ----

static bool parse_fields(struct node *parent, struct span span, int depth);

static struct node *parse_packed(struct span run, enum message_kind kind, uint32_t number) {
    struct node *packed = node_new(NODE_PACKED, kind, number);
    while (packed && run.at < run.end) {
        struct node *node = node_new(NODE_NUMBER, kind, number);
        if (!node || !take_varint(&run, &node->value)) {
            return NULL;
        }
        node_append(packed, node);
    }
    return packed;
}

// Bytes that do not match the schema are kept as bytes.
static struct node *parse_inner(const struct field *field, enum message_kind kind, int depth) {
    const struct schema_field *known = schema_find(kind, field->number);
    if (known && known->role == ROLE_MESSAGE && depth < MAX_DEPTH) {
        struct node *node = node_new(NODE_MESSAGE, (enum message_kind)known->inner, field->number);
        if (node && parse_fields(node, field->bytes, depth + 1)) {
            return node;
        }
    } else if (known && known->repeated && known->role != ROLE_STRING) {
        struct node *node = parse_packed(field->bytes, kind, field->number);
        if (node) {
            return node;
        }
    }
    struct node *node = node_new(NODE_BYTES, kind, field->number);
    if (node) {
        node->bytes = field->bytes;
    }
    return node;
}

static bool parse_fields(struct node *parent, struct span span, int depth) {
    while (span.at < span.end) {
        struct field field;
        if (!take_field(&span, &field)) {
            return false;
        }
        struct node *node;
        if (field.type == FIELD_BYTES) {
            node = parse_inner(&field, parent->kind, depth);
        } else {
            node = node_new(field.type == FIELD_NUMBER ? NODE_NUMBER : NODE_FIXED, parent->kind, field.number);
            if (node && field.type == FIELD_NUMBER) {
                node->value = field.value;
            } else if (node) {
                node->bytes = field.bytes;
            }
        }
        if (!node) {
            return false;
        }
        node_append(parent, node);
    }
    return true;
}

struct node *message_parse(const uint8_t *bytes, size_t size) {
    struct node *root = node_new(NODE_MESSAGE, PROFILE, 0);
    return root && parse_fields(root, (struct span){bytes, bytes + size}, 0) ? root : NULL;
}

// ---- Serialize ----

static size_t varint_size(uint64_t value) {
    uint8_t bytes[10];
    return (size_t)(put_varint(bytes, value) - bytes);
}

// Size of the content, without tag and length.
static size_t body_size(const struct node *node);

static size_t whole_size(const struct node *node) {
    size_t body = body_size(node), size = varint_size((uint64_t)node->number << 3) + body;
    return node->shape == NODE_NUMBER || node->shape == NODE_FIXED ? size : size + varint_size(body);
}

static size_t body_size(const struct node *node) {
    size_t size = 0;
    switch (node->shape) {
    case NODE_NUMBER:
        return varint_size(node->value);
    case NODE_BYTES:
    case NODE_FIXED:
        return span_size(node->bytes);
    case NODE_PACKED:
        for (const struct node *child = node->first; child; child = child->next) {
            size += varint_size(child->value);
        }
        return size;
    case NODE_MESSAGE:
        for (const struct node *child = node->first; child; child = child->next) {
            size += whole_size(child);
        }
        return size;
    }
    return 0;
}

static uint8_t *write_node(const struct node *node, uint8_t *at);

static uint8_t *write_body(const struct node *node, uint8_t *at) {
    switch (node->shape) {
    case NODE_NUMBER:
        return put_varint(at, node->value);
    case NODE_BYTES:
    case NODE_FIXED:
        if (span_size(node->bytes) > 0) {
            memcpy(at, node->bytes.at, span_size(node->bytes));
        }
        return at + span_size(node->bytes);
    case NODE_PACKED:
        for (const struct node *child = node->first; child; child = child->next) {
            at = put_varint(at, child->value);
        }
        return at;
    case NODE_MESSAGE:
        for (const struct node *child = node->first; child; child = child->next) {
            at = write_node(child, at);
        }
        return at;
    }
    return at;
}

static uint8_t *write_node(const struct node *node, uint8_t *at) {
    uint32_t type = FIELD_BYTES;
    if (node->shape == NODE_NUMBER) {
        type = FIELD_NUMBER;
    } else if (node->shape == NODE_FIXED) {
        type = span_size(node->bytes) == 8 ? FIELD_FIXED64 : FIELD_FIXED32;
    }
    at = put_varint(at, (uint64_t)node->number << 3 | type);
    if (type == FIELD_BYTES) {
        at = put_varint(at, body_size(node));
    }
    return write_body(node, at);
}

size_t message_write(const struct node *root, uint8_t *out, size_t capacity) {
    size_t size = body_size(root);
    if (size > capacity) {
        return 0;
    }
    write_body(root, out);
    return size;
}
