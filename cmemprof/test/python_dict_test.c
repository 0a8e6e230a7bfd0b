// python_dict_test.c: entries of dicts as CPython lays them out, with keys of any kind and with keys that are texts; what is no dict has
// none.

#include "../../base/test/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../python_dict.h"
#include "like_python.h"

static const struct python_layout *layout;
static struct python_reader reader;
static struct like_str names[3];
static _Alignas(8) char dict[48];
static _Alignas(8) char keys[512];
enum { GENERAL, TEXTS, SHARED };

// Three entries, of which the second one is deleted.
static uintptr_t make(unsigned kind, unsigned log2_index_bytes) {
    static const char *const texts[] = {"first", "second", "third"};
    size_t at = layout->keys_indices + ((size_t)1 << log2_index_bytes);
    memset(keys, 0, sizeof keys);
    like_python_put(dict, layout->dict_keys, (uintptr_t)keys);
    keys[layout->keys_kind] = (char)kind;
    keys[layout->keys_log2_index_bytes] = (char)log2_index_bytes;
    like_python_put(keys, layout->keys_count, 3);
    for (uintptr_t i = 0; i < 3; i++) {
        if (kind == GENERAL) {
            like_python_put(keys, at, 0x1234);
            at += 8;
        }
        like_python_put(keys, at, like_ascii(layout, &names[i], texts[i]));
        like_python_put(keys, at + 8, i == 1 ? 0 : 100 + i);
        at += 16;
    }
    python_reader_begin(&reader, NULL);
    return (uintptr_t)dict;
}

static int dict_setup(void **state) {
    (void)state;
    layout = python_layout_of(0x030c00f0, NULL);
    return !layout;
}
static int dict_teardown(void **state) {
    (void)state;
    return 0;
}

TEST_IN(dict, entries_of_both_kinds) {
    for (unsigned kind = GENERAL; kind <= TEXTS; kind++) {
        for (unsigned log2 = 3; log2 <= 5; log2++) {
            struct python_dict entries;
            assert_true(python_dict_open(&reader, layout, make(kind, log2), &entries));
            assert_int_equal(entries.count, 3);
            assert_int_equal(entries.index_bytes, 1 << log2);
            assert_int_equal(python_dict_key(&reader, &entries, 2), &names[2]);
            assert_int_equal(python_dict_value(&reader, &entries, 0), 100);
            assert_int_equal(python_dict_value(&reader, &entries, 1), 0);
            assert_int_equal(python_dict_value(&reader, &entries, 2), 102);
            assert_int_equal(python_dict_get(&reader, layout, (uintptr_t)dict, "third"), 102);
            assert_int_equal(python_dict_get(&reader, layout, (uintptr_t)dict, "second"), 0);
            assert_int_equal(python_dict_get(&reader, layout, (uintptr_t)dict, "thir"), 0);
            assert_false(reader.failed);
        }
    }
}

TEST_IN(dict, what_is_none) {
    struct python_dict entries;
    assert_false(python_dict_open(&reader, layout, make(SHARED, 3), &entries));
    assert_int_equal(python_dict_get(&reader, layout, make(SHARED, 3), "first"), 0);
    make(GENERAL, 3);
    keys[layout->keys_log2_index_bytes] = 60;
    assert_false(python_dict_open(&reader, layout, (uintptr_t)dict, &entries));
    make(GENERAL, 3);
    like_python_put(keys, layout->keys_count, UINTPTR_MAX);
    assert_false(python_dict_open(&reader, layout, (uintptr_t)dict, &entries));
    like_python_put(dict, layout->dict_keys, 8); // nothing is there
    assert_false(python_dict_open(&reader, layout, (uintptr_t)dict, &entries));
    assert_true(reader.failed);
}

TEST_IN(dict, what_lies_outside_ends_the_search) {
    make(GENERAL, 3);
    like_python_put(keys, layout->keys_count, 9); // more than there is room for
    assert_int_equal(python_dict_get(&reader, layout, (uintptr_t)dict, "first"), 0);
    make(GENERAL, 3);
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = layout->keys_indices + 8u + 24; // of the first entry
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
    memcpy(pages + page - size, keys, size);
    like_python_put(dict, layout->dict_keys, (uintptr_t)pages + page - size);
    assert_int_equal(python_dict_get(&reader, layout, (uintptr_t)dict, "first"), 100);
    assert_int_equal(python_dict_get(&reader, layout, (uintptr_t)dict, "third"), 0);
    assert_true(reader.failed);
    munmap(pages, 2 * page);
}

int main(void) {
    return tests_run();
}
