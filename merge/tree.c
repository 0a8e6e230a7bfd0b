// tree.c: builds a call tree from samples, root first.
//
// A node's key is its parent and function (name and source file; by line also that), or for an unsymbolized address its mapping and
// address. Most nodes have one child, and a node stores its first one; only the others are in a hash table. Finally the children of each
// node are sorted by total and name. Threads, memory: as merge.h; per node 104 bytes, 24 for its key, about 32 if it is in the hash table,
// and 8 for sorting.
#include "profile.h"
#include "saturate.h"

#include <stdio.h>
#include <stdlib.h>

// About 500 MB. Only a crafted input gets there: few bytes can encode many stacks of inlined frames.
#define MAX_NODES (4u << 20)

struct node_key {
    uint32_t parent;
    uint32_t function, file; // strings; for an unsymbolized address UINT32_MAX and the mapping
    uint32_t first_child;    // 0: none yet; not part of the key
    uint64_t address;        // 0, or by line that, if there is a function
};

struct builder {
    struct profile *profile;
    struct array nodes, keys; // struct tree_node, struct node_key
    struct intern ids;        // of the second and later children of each node
    const struct tree_options *options;
    enum merge_error error;
};

static struct tree_node *node_at(const struct builder *builder, uint32_t id) {
    return (struct tree_node *)builder->nodes.items + id;
}

static struct node_key *key_at(const struct builder *builder, uint32_t id) {
    return (struct node_key *)builder->keys.items + id;
}

static bool same_key(const void *context, uint32_t id, const void *key) {
    const struct node_key *have = key_at(context, id), *want = key;
    return have->parent == want->parent && have->function == want->function && have->file == want->file && have->address == want->address;
}

static uint32_t new_node(struct builder *builder, const struct node_key *key, const struct profile_frame *frame) {
    uint32_t id = builder->nodes.count;
    if (id == MAX_NODES) {
        builder->error = MERGE_TOO_LARGE;
        return 0;
    }
    struct tree_node *node = array_push(&builder->nodes, 1, sizeof *node);
    struct node_key *copy = array_push(&builder->keys, 1, sizeof *copy);
    if (!node || !copy) {
        builder->error = MERGE_NO_MEMORY;
        return 0;
    }
    *copy = *key;
    node->frame = *frame;
    node->parent = key->parent;
    return id;
}

static uint32_t hash_key(const struct builder *builder, const struct node_key *key) {
    uint64_t hash64 = intern_hash_word(builder->profile->seed, (uint64_t)key->parent << 32 | key->function);
    hash64 = intern_hash_word(hash64, key->address);
    return intern_hash_end(intern_hash_word(hash64, key->file)) & builder->profile->hash_mask;
}

// The frame is created for new nodes only: a sample may have 10,000 frames whose nodes exist.
static uint32_t child_of(struct builder *builder, const struct node_key *key, const struct location *location, uint32_t line) {
    uint32_t first = key_at(builder, key->parent)->first_child, hash = 0, id;
    if (first != 0) {
        if (same_key(builder, first, key)) {
            return first;
        }
        hash = hash_key(builder, key);
        if ((id = intern_find(&builder->ids, hash, same_key, builder, key)) != 0) {
            return id;
        }
    }
    struct profile_frame frame = profile_frame_of(builder->profile, location, line);
    id = new_node(builder, key, &frame);
    if (first == 0) {
        key_at(builder, key->parent)->first_child = id;
    } else if (id != 0 && !intern_add(&builder->ids, hash, id)) {
        builder->error = MERGE_NO_MEMORY;
    }
    return id;
}

// ---- One sample ----

// Whether the text is a range that has the number: "5..9", from 5 to before 9.
static bool is_within(int64_t number, const char *text) {
    char *end;
    long long from = strtoll(text, &end, 10);
    if (end == text || strncmp(end, "..", 2) != 0) {
        return false;
    }
    const char *second = end + 2;
    long long to = strtoll(second, &end, 10);
    return end != second && !*end && number >= from && number < to;
}

// text NULL: any value.
static bool has_label(const struct profile *profile, const struct sample *sample, const char *key, const char *text) {
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct label *label = profile_label(profile, sample->label + i);
        if (strcmp(profile_string(profile, label->key), key) != 0) {
            continue;
        }
        if (!text) {
            return true;
        }
        char number[24]; // numbers are compared in decimal
        snprintf(number, sizeof number, "%lld", (long long)label->number);
        // pprof encodes both an empty text and the number 0 without a unit as neither text nor number.
        bool empty = !label->text && label->number == 0 && !*text && !*profile_string(profile, label->unit);
        if (empty || strcmp(label->text ? profile_string(profile, label->text) : number, text) == 0) {
            return true;
        }
        if (!label->text && is_within(label->number, text)) {
            return true;
        }
    }
    return false;
}

// Whether the sample has one of the given labels of this key.
static bool has_one_of(const struct profile *profile, const struct tree_options *options, const struct sample *sample, const char *key) {
    for (size_t i = 0; i < options->label_count; i++) {
        const struct tree_label *label = &options->labels[i];
        if (strcmp(label->key, key) == 0 && has_label(profile, sample, key, label->text) == !!label->text) {
            return true;
        }
    }
    return false;
}

bool tree_keeps(const struct profile *profile, const struct tree_options *options, size_t index) {
    const struct sample *sample = profile_sample(profile, (uint32_t)index);
    for (size_t i = 0; i < options->label_count; i++) {
        if (!has_one_of(profile, options, sample, options->labels[i].key)) {
            return false;
        }
    }
    if (!options->keep_leaf) {
        return true;
    }
    if (sample->ref_count == 0) {
        return false;
    }
    struct profile_frame leaf = profile_frame_of(profile, profile_location(profile, *profile_ref(profile, sample->ref)), 0);
    return !leaf.label && options->keep_leaf(&leaf, options->context);
}

struct amount {
    int64_t value, base;
};

static void add_total(struct builder *builder, uint32_t id, struct amount amount) {
    struct tree_node *node = node_at(builder, id);
    node->total = saturate_add(node->total, amount.value, &builder->profile->saturated);
    node->base_total = saturate_add(node->base_total, amount.base, &builder->profile->saturated);
}

// Adds the frames of a location, outermost first, below `parent`. Returns the innermost node.
static uint32_t descend(struct builder *builder, uint32_t parent, const struct location *location, struct amount amount) {
    const struct profile *profile = builder->profile;
    uint32_t count = location->line_count ? location->line_count : 1;
    for (uint32_t i = count; i-- > 0 && builder->error == MERGE_OK;) {
        struct node_key key = {.parent = parent, .function = UINT32_MAX, .file = location->mapping, .address = location->address};
        if (location->line_count > 0) {
            const struct line *line = profile_line(profile, location->line + i);
            const struct function *function = profile_function(profile, line->function);
            key.function = function->name ? function->name : function->system_name;
            key.file = function->file;
            key.address = builder->options->by_line ? (uint64_t)line->line : 0;
        }
        uint32_t id = child_of(builder, &key, location, i);
        if (builder->error == MERGE_OK) {
            add_total(builder, id, amount);
        }
        parent = id;
    }
    return parent;
}

static void add_sample(struct builder *builder, uint32_t index) {
    const struct profile *profile = builder->profile;
    const struct sample *sample = profile_sample(profile, index);
    const int64_t *values = profile_sample_values(profile, index);
    int base = builder->options->base_type_index;
    struct amount amount = {values[builder->options->type_index], base < 0 ? 0 : values[base]};
    if ((amount.value == 0 && amount.base == 0) || !tree_keeps(profile, builder->options, index)) {
        return;
    }
    uint32_t node = 0;
    for (uint32_t i = sample->ref_count; i-- > 0 && builder->error == MERGE_OK;) {
        node = descend(builder, node, profile_location(profile, *profile_ref(profile, sample->ref + i)), amount);
    }
    if (builder->error != MERGE_OK) {
        return;
    }
    add_total(builder, 0, amount);
    struct tree_node *leaf = node_at(builder, node);
    leaf->self = saturate_add(leaf->self, amount.value, &builder->profile->saturated);
    leaf->base_self = saturate_add(leaf->base_self, amount.base, &builder->profile->saturated);
}

// ---- Order ----

static double weight(const struct tree_node *node, double base_scale) {
    double total = (double)node->total, base = (double)node->base_total * (base_scale > 0 ? base_scale : 1);
    return total > base ? total : base;
}

static int compare_weights(const struct tree_options *options, const struct tree_node *a, const struct tree_node *b) {
    if (options->base_type_index < 0) {
        return (a->total < b->total) - (a->total > b->total);
    }
    double left = weight(a, options->base_scale), right = weight(b, options->base_scale);
    return (left < right) - (left > right);
}

// Children of one parent: by weight, largest first, then by name.
static int compare_siblings(const void *left, const void *right, void *context) {
    const struct builder *builder = context;
    const struct tree_node *nodes = builder->nodes.items;
    uint32_t left_id = *(const uint32_t *)left, right_id = *(const uint32_t *)right;
    const struct tree_node *a = &nodes[left_id], *b = &nodes[right_id];
    int order = compare_weights(builder->options, a, b);
    if (order == 0) {
        order = strcmp(a->frame.function, b->frame.function);
    }
    if (order == 0) {
        order = strcmp(a->frame.file, b->frame.file);
    }
    if (order == 0) {
        order = left_id < right_id ? -1 : 1;
    }
    return order;
}

static void link_siblings(struct builder *builder, uint32_t *children, uint32_t count) {
    if (count > 1) {
        qsort_r(children, count, sizeof *children, compare_siblings, builder);
    }
    node_at(builder, node_at(builder, children[0])->parent)->first_child = children[0];
    for (uint32_t i = 1; i < count; i++) {
        node_at(builder, children[i - 1])->next_sibling = children[i];
    }
}

// Nodes are first grouped by parent, in linear time; most parents have one child.
static bool link_children(struct builder *builder) {
    uint32_t count = builder->nodes.count;
    uint32_t *end = memory_take_zeroed(count, sizeof *end), *order = memory_take(count * sizeof *order);
    if (!end || !order) {
        memory_free(end);
        memory_free(order);
        return false;
    }
    for (uint32_t id = 1; id < count; id++) { // without the root, which is its own parent
        end[key_at(builder, id)->parent]++;
    }
    for (uint32_t id = 0, sum = 0; id < count; id++) {
        uint32_t children = end[id];
        end[id] = sum;
        sum += children;
    }
    for (uint32_t id = 1; id < count; id++) {
        order[end[key_at(builder, id)->parent]++] = id;
    }
    for (uint32_t id = 0, from = 0; id < count; from = end[id++]) {
        if (end[id] > from) {
            link_siblings(builder, order + from, end[id] - from);
        }
    }
    memory_free(end);
    memory_free(order);
    return true;
}

enum merge_error tree_build(struct profile *profile, const struct tree_options *options, struct tree *tree) {
    *tree = (struct tree){0};
    if (options->type_index >= profile->type_count || options->base_type_index >= (int)profile->type_count) {
        return MERGE_NOT_FOUND;
    }
    struct builder builder = {.profile = profile, .options = options};
    struct profile_frame root = {.function = "", .file = "", .mapping_file = ""};
    new_node(&builder, &(struct node_key){0}, &root);
    for (uint32_t i = 0; i < profile->samples.count && builder.error == MERGE_OK; i++) {
        add_sample(&builder, i);
    }
    if (builder.error == MERGE_OK && !link_children(&builder)) {
        builder.error = MERGE_NO_MEMORY;
    }
    array_free(&builder.keys);
    intern_free(&builder.ids);
    if (builder.error != MERGE_OK) {
        array_free(&builder.nodes);
        return builder.error;
    }
    tree->nodes = builder.nodes.items;
    tree->count = builder.nodes.count;
    return MERGE_OK;
}

void tree_free(struct tree *tree) {
    memory_free(tree->nodes);
    *tree = (struct tree){0};
}
