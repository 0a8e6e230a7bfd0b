// packed_nodes.c: nodes as columns of numbers (packed_nodes.h).
#include "packed_nodes.h"
#include "../../merge/merge.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC "cmt1"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as the machine has them");

enum { HEAD_BYTES = 8, NODE_BYTES = 2 * sizeof(double) + 3 * sizeof(int32_t) };

bool packed_nodes_make(struct packed_nodes *nodes, size_t count) {
    if (count > JSON_MAX_BYTES / NODE_BYTES || !merge_budget_take(count * NODE_BYTES)) {
        return false;
    }
    double *columns = calloc(count, NODE_BYTES);
    if (!columns) {
        merge_budget_give(count * NODE_BYTES);
        return false;
    }
    *nodes = (struct packed_nodes){.count = count, .self = columns, .total = columns + count};
    nodes->parent = (int32_t *)(columns + 2 * count);
    nodes->function = nodes->parent + count;
    nodes->line = nodes->function + count;
    return true;
}

void packed_nodes_free(struct packed_nodes *nodes) {
    if (nodes->self) {
        merge_budget_give(nodes->count * NODE_BYTES);
    }
    free(nodes->self);
    *nodes = (struct packed_nodes){0};
}

bool packed_nodes_finish(struct packed_nodes *nodes, struct json *json) {
    if (!nodes->self || json_failed(json)) {
        return true;
    }
    size_t length = (json->size + 7) / 8 * 8, size = HEAD_BYTES + length + nodes->count * NODE_BYTES;
    char *bytes = size <= JSON_MAX_BYTES ? malloc(size) : NULL;
    if (!bytes) {
        return false;
    }
    uint32_t written = (uint32_t)length;
    memcpy(bytes, MAGIC, 4);
    memcpy(bytes + 4, &written, sizeof written);
    memset(bytes + HEAD_BYTES, ' ', length);
    memcpy(bytes + HEAD_BYTES, json->bytes, json->size);
    memcpy(bytes + HEAD_BYTES + length, nodes->self, nodes->count * NODE_BYTES);
    packed_nodes_free(nodes);
    json_free(json);
    *json = (struct json){.bytes = bytes, .size = size, .capacity = size};
    return true;
}

bool packed_nodes_are_in(const struct json *json) {
    return json->size >= HEAD_BYTES && memcmp(json->bytes, MAGIC, 4) == 0;
}
