// python_context_test.c: a variable's value is found in each kind of node of a context's tree.

#include "../../base/test/test.h"

#include "../python_context.h"
#include "like_python.h"

const char like_python_type;

static struct object { _Alignas(8) char bytes[400]; } thread, context, tree, root, below, variable, other, types[3], value;
static const char names[3][24] = {"hamt_bitmap_node", "hamt_array_node", "hamt_collision_node"};
enum { BITMAP, ARRAY, COLLISION };
static const char context_type;
static struct python python;
static struct python_reader reader;

static void *nothing(void) {
    return NULL;
}
static int no(void) {
    return 0;
}

static void put(void *object, size_t offset, const void *to) {
    like_python_put(object, offset, (uintptr_t)to);
}

static int context_setup(void **state) {
    (void)state;
    const struct python_symbols symbols = {.this_thread = nothing,
                                           .running = nothing,
                                           .is_finalizing = no,
                                           .code_type = (uintptr_t)&like_python_type,
                                           .context_type = (uintptr_t)&context_type,
                                           .version = 0x030c00f0};
    memset(&python, 0, sizeof python);
    memset(&root, 0, sizeof root);
    memset(&below, 0, sizeof below);
    if (!python_start(&python, &symbols)) {
        return 1;
    }
    put(&thread, python.layout->thread_context, &context);
    put(&context, 8, &context_type);
    put(&context, 24, &tree);
    put(&tree, 16, &root);
    for (int i = 0; i < 3; i++) {
        put(&types[i], 24, names[i]);
    }
    like_python_put(&variable, 56, 3u << 5 | 7); // bit 7 of the root, 3 of the next level
    return 0;
}
static int context_teardown(void **state) {
    (void)state;
    python_names_close(&python.names);
    return 0;
}

static uintptr_t found(void) {
    python_reader_begin(&reader, NULL);
    return python_context_value(&python, &reader, (uintptr_t)&thread, (uintptr_t)&variable);
}

static void make_bitmap(struct object *node, uint32_t bits, size_t at, const void *key, const void *of) {
    put(node, 8, &types[BITMAP]);
    memcpy(node->bytes + 24, &bits, sizeof bits);
    put(node, 32 + 16 * at, key);
    put(node, 40 + 16 * at, of);
}

TEST_IN(context, in_a_node_of_bits) {
    make_bitmap(&root, 1u << 7 | 1u << 2 | 1u << 9, 1, &variable, &value); // behind that of bit 2
    assert_int_equal(found(), &value);
    make_bitmap(&root, 1u << 7 | 1u << 2 | 1u << 9, 1, &other, &value);
    assert_int_equal(found(), 0);
    make_bitmap(&root, 1u << 2, 0, &variable, &value);
    assert_int_equal(found(), 0);
}

TEST_IN(context, below_an_array) {
    put(&root, 8, &types[ARRAY]);
    put(&root, 16 + 8 * 7, &below);
    make_bitmap(&below, 1u << 3, 0, &variable, &value);
    assert_int_equal(found(), &value);
    put(&root, 16 + 8 * 7, NULL);
    assert_int_equal(found(), 0);
}

TEST_IN(context, among_those_of_one_hash) {
    make_bitmap(&root, 1u << 7, 0, NULL, &below); // of the next level
    put(&below, 8, &types[COLLISION]);
    like_python_put(&below, 16, 4);
    put(&below, 32, &other);
    put(&below, 48, &variable);
    put(&below, 56, &value);
    assert_int_equal(found(), &value);
    put(&below, 48, &other);
    assert_int_equal(found(), 0);
}

TEST_IN(context, what_is_none) {
    make_bitmap(&root, 1u << 7, 0, &variable, &value);
    put(&context, 8, &types[0]);
    assert_int_equal(found(), 0);
    put(&context, 8, &context_type);
    put(&thread, python.layout->thread_context, NULL);
    assert_int_equal(found(), 0);
    put(&thread, python.layout->thread_context, &context);
    put(&root, 8, &context); // another type
    assert_int_equal(found(), 0);
    make_bitmap(&root, 1u << 7, 0, NULL, &root); // a ring
    assert_int_equal(found(), 0);
    put(&tree, 16, (const void *)8); // nothing is there
    assert_int_equal(found(), 0);
    assert_true(reader.failed);
}

int main(void) {
    return tests_run();
}
