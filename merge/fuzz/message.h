// message.h: parses a profile into a tree of fields and serializes it, for the mutator.
//
// The tree follows the schema of profile.proto where the bytes do: a field of another type is a leaf that keeps its bytes.
// Lengths are computed on serialization, so that mutations never break the framing.
// Threads: one. Memory: a static pool of nodes and of bytes, emptied by message_reset.
#ifndef CMEMPROF_MERGE_FUZZ_MESSAGE_H
#define CMEMPROF_MERGE_FUZZ_MESSAGE_H

#include "varint.h"

enum message_kind { PROFILE, VALUE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, LINE, LABEL, MESSAGE_KINDS };

// What a field of profile.proto means.
enum role {
    ROLE_UNKNOWN, // not in the schema
    ROLE_MESSAGE,
    ROLE_STRING,
    ROLE_TEXT, // an index into the string table
    ROLE_ID,   // of its message
    ROLE_MAPPING,
    ROLE_LOCATION,
    ROLE_FUNCTION,
    ROLE_VALUE,
    ROLE_NUMBER,
    ROLE_FLAG,
};

struct schema_field {
    uint8_t kind; // enum message_kind of its message
    uint8_t number;
    uint8_t role;  // enum role
    uint8_t inner; // enum message_kind, of ROLE_MESSAGE
    bool repeated;
};
extern const struct schema_field schema[];
extern const size_t schema_count;
const struct schema_field *schema_find(enum message_kind kind, uint32_t number); // NULL: unknown

enum node_shape { NODE_NUMBER, NODE_PACKED, NODE_MESSAGE, NODE_BYTES, NODE_FIXED };

struct node {
    struct node *parent, *next, *first, *last; // first, last: children of NODE_MESSAGE, and the numbers of NODE_PACKED
    uint32_t number;                           // of the field
    enum node_shape shape;
    enum message_kind kind; // NODE_MESSAGE: its own; others: that of their message
    uint64_t value;         // NODE_NUMBER
    struct span bytes;      // NODE_BYTES, NODE_FIXED (4 or 8)
};

void message_reset(void);
// Parses a profile. NULL: not protobuf, or larger than the pool.
struct node *message_parse(const uint8_t *bytes, size_t size);
// Returns the bytes written; 0: they exceed capacity.
size_t message_write(const struct node *root, uint8_t *out, size_t capacity);

// NULL: the pool is empty.
struct node *node_new(enum node_shape shape, enum message_kind kind, uint32_t number);
struct node *node_copy(const struct node *node);
uint8_t *message_bytes(size_t size);                                           // from the pool of bytes
void node_insert(struct node *parent, struct node *after, struct node *child); // after NULL: inserts first
void node_append(struct node *parent, struct node *child);
void node_remove(struct node *child);
// The role of a node, ROLE_UNKNOWN if it is not in the schema.
enum role node_role(const struct node *node);

#endif
