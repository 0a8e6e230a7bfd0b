// mutate.c: see mutate.h. Parses the profile (message.h), makes one to four changes, and nine times out of ten repairs it (repair.h),
// so that both the checks and the code after them are reached. Compressed profiles are inflated first and recompressed.
#include "mutate.h"

#include "repair.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define SCRATCH (1u << 15)

// ---- Choices ----

static const uint64_t interesting[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       8,
                                       127,
                                       128,
                                       0x1000,
                                       0x2000,
                                       0x400000,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x7fffffffffffffff,
                                       0x8000000000000000,
                                       0x8000000000000001,
                                       0xfffffffffffff000,
                                       0xfffffffffffffffe,
                                       0xffffffffffffffff};

static uint64_t some_number(struct random *random) {
    switch (random_below(random, 4)) {
    case 0:
        return interesting[random_below(random, sizeof interesting / sizeof *interesting)];
    case 1:
        return random_next(random) >> random_below(random, 64);
    default:
        return random_below(random, 12);
    }
}

// A random node below root, uniformly.
static void pick_below(struct node *node, struct random *random, bool (*fits)(const struct node *), size_t *seen, struct node **picked) {
    for (struct node *child = node->first; child; child = child->next) {
        if (fits(child) && random_below(random, ++*seen) == 0) {
            *picked = child;
        }
        pick_below(child, random, fits, seen, picked);
    }
}

static struct node *pick(struct node *root, struct random *random, bool (*fits)(const struct node *)) {
    size_t seen = 0;
    struct node *picked = NULL;
    pick_below(root, random, fits, &seen, &picked);
    return picked;
}

static bool any(const struct node *node) {
    (void)node;
    return true;
}
static bool is_number(const struct node *node) {
    return node->shape == NODE_NUMBER;
}
static bool is_message(const struct node *node) {
    return node->shape == NODE_MESSAGE;
}
static bool is_bytes(const struct node *node) {
    return node->shape == NODE_BYTES;
}
static bool is_repeated_number(const struct node *node) {
    if (node->kind != SAMPLE && node->kind != PROFILE) {
        return false;
    }
    return node->shape == NODE_PACKED || (node->shape == NODE_NUMBER && node->parent->shape == NODE_MESSAGE && node->kind == SAMPLE);
}

// ---- New fields ----

static struct node *new_bytes(struct random *random, enum message_kind kind, uint32_t number) {
    static const char *const words[] = {"", "a", "main.main", "main.c", "alloc_space", "bytes", "count", "/lib/x.so", "memory", "C", "\0z"};
    static const uint8_t lengths[] = {0, 1, 9, 6, 11, 5, 5, 9, 6, 1, 2};
    struct node *node = node_new(NODE_BYTES, kind, number);
    size_t word = random_below(random, sizeof lengths);
    if (node) {
        node->bytes = (struct span){(const uint8_t *)words[word], (const uint8_t *)words[word] + lengths[word]};
    }
    return node;
}

static struct node *new_message(struct random *random, enum message_kind kind, uint32_t number);

static struct node *new_field(struct random *random, enum message_kind kind, const struct schema_field *field) {
    if (field->role == ROLE_MESSAGE) {
        return new_message(random, (enum message_kind)field->inner, field->number);
    }
    if (field->role == ROLE_STRING) {
        return new_bytes(random, kind, field->number);
    }
    struct node *node = node_new(NODE_NUMBER, kind, field->number);
    if (node) {
        node->value = some_number(random);
    }
    return node;
}

// A new message with about half of its possible fields.
static struct node *new_message(struct random *random, enum message_kind kind, uint32_t number) {
    struct node *message = node_new(NODE_MESSAGE, kind, number);
    for (size_t i = 0; message && i < schema_count; i++) {
        if (schema[i].kind != kind) {
            continue;
        }
        for (size_t n = random_below(random, schema[i].repeated ? 4 : 2); n > 0; n--) {
            struct node *node = new_field(random, kind, &schema[i]);
            if (node) {
                node_append(message, node);
            }
        }
    }
    return message;
}

static void add_known(struct node *root, struct random *random) {
    struct node *message = random_below(random, 3) == 0 ? NULL : pick(root, random, is_message);
    if (!message) {
        message = root;
    }
    const struct schema_field *fields[16];
    size_t count = 0;
    for (size_t i = 0; i < schema_count; i++) {
        if (schema[i].kind == message->kind) {
            fields[count++] = &schema[i];
        }
    }
    struct node *node = new_field(random, message->kind, fields[random_below(random, count)]);
    if (node) {
        node_append(message, node);
    }
}

static void add_unknown(struct node *root, struct random *random) {
    static const uint32_t numbers[] = {16, 19, 100, 2047, 2048, 19000, (1u << 29) - 1};
    static const uint8_t filler[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct node *message = pick(root, random, is_message);
    if (!message || random_below(random, 2) == 0) {
        message = root;
    }
    static const enum node_shape shapes[] = {NODE_NUMBER, NODE_BYTES, NODE_FIXED, NODE_FIXED};
    size_t shape = random_below(random, 4);
    struct node *node = node_new(shapes[shape], message->kind, numbers[random_below(random, sizeof numbers / sizeof *numbers)]);
    if (!node) {
        return;
    }
    node->value = some_number(random);
    node->bytes = (struct span){filler, filler + (shape == 2 ? 4 : 8)};
    node_insert(message, random_below(random, 2) ? message->last : NULL, node);
}

// ---- Changes ----

static void change_number(struct node *root, struct random *random) {
    struct node *node = pick(root, random, is_number);
    if (!node) {
        return;
    }
    switch (random_below(random, 5)) {
    case 0:
        node->value++;
        break;
    case 1:
        node->value--;
        break;
    case 2:
        node->value ^= UINT64_C(1) << random_below(random, 64);
        break;
    default:
        node->value = some_number(random);
    }
}

static void take_number_of_another(struct node *root, struct random *random) {
    struct node *node = pick(root, random, is_number), *other = pick(root, random, is_number);
    if (node) {
        node->value = other->value;
    }
}

static void remove_one(struct node *root, struct random *random) {
    struct node *node = pick(root, random, any);
    if (node) {
        node_remove(node);
    }
}

// Duplicates a node once or, sometimes, many times: deep stacks, deep inlining, many labels.
static void repeat_one(struct node *root, struct random *random) {
    struct node *node = pick(root, random, any);
    if (!node) {
        return;
    }
    size_t times = random_below(random, 8) == 0 ? 1 + random_below(random, 100) : 1;
    for (; times > 0; times--) {
        struct node *copy = node_copy(node);
        if (!copy) {
            return;
        }
        node_insert(node->parent, random_below(random, 2) ? node : node->parent->last, copy);
    }
}

static void move_one(struct node *root, struct random *random) {
    struct node *node = pick(root, random, any);
    if (!node) {
        return;
    }
    struct node *parent = node->parent;
    node_remove(node);
    node_insert(parent, random_below(random, 2) ? parent->last : NULL, node);
}

// Converts between packed and unpacked numbers.
static void repack(struct node *root, struct random *random) {
    struct node *node = pick(root, random, is_repeated_number);
    if (!node) {
        return;
    }
    if (node->shape == NODE_NUMBER) {
        struct node *inner = node_copy(node);
        node->shape = NODE_PACKED;
        if (inner) {
            node_append(node, inner);
        }
        return;
    }
    struct node *parent = node->parent, *after = node;
    for (struct node *child = node->first, *next; child; child = next) {
        next = child->next;
        node_remove(child);
        node_insert(parent, after, child);
        after = child;
    }
    node_remove(node);
}

static void change_bytes(struct node *root, struct random *random) {
    struct node *node = pick(root, random, is_bytes);
    size_t size = node ? span_size(node->bytes) : 0;
    uint8_t *bytes = node ? message_bytes(size + 16) : NULL;
    if (!bytes) {
        return;
    }
    if (size > 0) {
        memcpy(bytes, node->bytes.at, size);
    }
    if (random_below(random, 40) == 0) { // a long string
        uint8_t *many = message_bytes(8192);
        if (many) {
            memset(many, 'x', 8192);
            node->bytes = (struct span){many, many + random_below(random, 8192)};
        }
        return;
    }
    size = LLVMFuzzerMutate(bytes, size, size + 16);
    node->bytes = (struct span){bytes, bytes + size};
}

static void change(struct node *root, struct random *random) {
    static void (*const changes[])(struct node *, struct random *) = {
        change_number, change_number, take_number_of_another, remove_one, repeat_one, repeat_one,
        move_one,      repack,        change_bytes,           add_known,  add_known,  add_known,
        add_unknown};
    changes[random_below(random, sizeof changes / sizeof *changes)](root, random);
}

// ---- Compressed profiles ----

static size_t inflate(const uint8_t *data, size_t size, uint8_t *out, size_t capacity) {
    size_t made = 0;
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b) {
        struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
        if (!decompressor || libdeflate_gzip_decompress(decompressor, data, size, out, capacity, &made) != LIBDEFLATE_SUCCESS) {
            made = 0;
        }
        libdeflate_free_decompressor(decompressor);
    } else if (size >= 4 && data[0] == 0x28 && data[1] == 0xb5) {
        made = ZSTD_decompress(out, capacity, data, size);
        if (ZSTD_isError(made)) {
            made = 0;
        }
    }
    return made;
}

// Returns 0 if it does not fit.
static size_t compress_into(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity, bool gzip) {
    if (!gzip) {
        size_t made = ZSTD_compress(out, capacity, bytes, size, 1);
        return ZSTD_isError(made) ? 0 : made;
    }
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    size_t made = compressor ? libdeflate_gzip_compress(compressor, bytes, size, out, capacity) : 0;
    libdeflate_free_compressor(compressor);
    return made;
}

// ---- All ----

static uint8_t inflated[SCRATCH], written[SCRATCH];

// The raw bytes of a profile, or the inflated ones.
static struct span raw_of(const uint8_t *data, size_t size) {
    size_t made = inflate(data, size, inflated, sizeof inflated);
    return made > 0 ? (struct span){inflated, inflated + made} : (struct span){data, data + size};
}

// The tree may point into data, so data is overwritten only here.
static size_t finish(struct node *root, uint8_t *data, size_t old_size, size_t max_size, struct random *random) {
    if (random_below(random, 10) != 0) {
        repair_profile(root);
    }
    bool compress = random_below(random, 32) == 0;
    size_t size = message_write(root, written, compress || max_size > sizeof written ? sizeof written : max_size);
    if (size == 0) {
        return LLVMFuzzerMutate(data, old_size, max_size);
    }
    if (compress) {
        size_t made = compress_into(written, size, data, max_size, random_below(random, 2) == 0);
        if (made > 0) {
            return made;
        }
        if (size > max_size) {
            return LLVMFuzzerMutate(data, old_size, max_size);
        }
    }
    memcpy(data, written, size);
    return size;
}

size_t mutate_profile(uint8_t *data, size_t size, size_t max_size, struct random *random) {
    if (random_below(random, 16) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    message_reset();
    struct span raw = raw_of(data, size);
    struct node *root = message_parse(raw.at, span_size(raw));
    if (!root) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (size_t n = 1 + random_below(random, 4); n > 0; n--) {
        change(root, random);
    }
    return finish(root, data, size, max_size, random);
}

size_t mutate_cross(uint8_t *data, size_t size, const uint8_t *other, size_t other_size, size_t max_size, struct random *random) {
    message_reset();
    struct span raw = raw_of(data, size);
    struct node *root = message_parse(raw.at, span_size(raw)), *source = message_parse(other, other_size);
    if (!root || !source) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (size_t n = 1 + random_below(random, 8); n > 0 && source->first; n--) {
        struct node *node = source->first;
        for (size_t skip = random_below(random, 64); skip > 0 && node->next; skip--) {
            node = node->next;
        }
        node_remove(node);
        node_append(root, node);
    }
    return finish(root, data, size, max_size, random);
}
