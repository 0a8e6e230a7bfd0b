// python_read_test.c: what is mapped can be read, across pages; what is not fails for good.

#include "../../base/test/test.h"

#include <sys/mman.h>

#include "../../base/test/emulated.h"
#include "../python_read.h"

enum { PAGE = 4096 };

TEST(pages) {
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    munmap(pages + 2 * PAGE, PAGE);
    uintptr_t first = (uintptr_t)pages;
    struct python_reader reader;
    python_reader_begin(&reader, NULL);
    *(uint64_t *)(pages + PAGE - 8) = 0x1122334455667788;
    assert_int_equal(python_word(&reader, first, PAGE - 8), 0x1122334455667788);
    assert_int_equal(python_number(&reader, first, PAGE - 4), 0x11223344);
    assert_int_equal(python_byte(&reader, first, PAGE - 1), 0x11);
    assert_ptr_equal(python_at(&reader, first, 2 * PAGE, 1), first);
    assert_non_null(python_at(&reader, first + 2 * PAGE - 1, 1, 1));
    assert_null(python_at(&reader, first + 2 * PAGE - 1, 2, 1));
    assert_true(reader.failed);
    assert_int_equal(python_word(&reader, first, PAGE - 8), 0); // also what is there
    munmap(pages, 2 * PAGE);
}

// What another thread has is read in a copy, and may be gone before or behind it.
TEST(copies) {
    SKIP_EMULATED(EMULATED_READV);
    static struct python_copies copies;
    struct python_reader reader;
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    munmap(pages + 2 * PAGE, PAGE);
    uintptr_t first = (uintptr_t)pages;
    *(uint64_t *)pages = 1;
    *(uint64_t *)(pages + PAGE - 8) = 0x1122334455667788;
    python_reader_begin(&reader, &copies);
    assert_int_equal(python_word(&reader, first, 0), 1);
    *(uint64_t *)pages = 2;
    assert_int_equal(python_word(&reader, first, 0), 1); // as it was
    const char *across = python_at(&reader, first + PAGE - 8, 16, 8);
    assert_true(across && across != pages + PAGE - 8);
    assert_memory_equal(across, pages + PAGE - 8, 16);
    munmap(pages, PAGE);
    assert_int_equal(python_word(&reader, first, 0), 1);
    assert_int_equal(python_byte(&reader, first + PAGE, 0), 0);
    assert_false(reader.failed);
    assert_null(python_at(&reader, first + PAGE, 2 * PAGE, 1));
    assert_true(reader.failed);
    python_reader_begin(&reader, &copies);
    assert_int_equal(python_word(&reader, first, 0), 0);
    assert_true(reader.failed);
    python_reader_begin(&reader, &copies);
    assert_null(python_at(&reader, first + PAGE, PYTHON_COPY_BYTES + 1, 1));
    munmap(pages + PAGE, PAGE);
}

// Two pages with the same place are both kept, and more than there is room for are read all the same.
TEST(copies_of_many_pages) {
    SKIP_EMULATED(EMULATED_READV);
    enum { PAGES = 3 * PYTHON_COPIED_PAGES };
    static struct python_copies copies;
    struct python_reader reader;
    char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    uintptr_t first = (uintptr_t)pages, same = first + PYTHON_COPIED_PAGES * PAGE;
    python_reader_begin(&reader, &copies);
    assert_int_equal(python_word(&reader, first, 0), 0);
    assert_int_equal(python_word(&reader, same, 0), 0);
    for (uintptr_t i = 0; i < PAGES; i++) {
        *(uintptr_t *)(void *)(pages + i * PAGE) = i + 1;
    }
    assert_int_equal(python_word(&reader, first, 0), 0); // as they were
    assert_int_equal(python_word(&reader, same, 0), 0);
    python_reader_begin(&reader, &copies);
    for (int round = 0; round < 2; round++) {
        for (uintptr_t i = 0; i < PAGES; i++) {
            assert_int_equal(python_word(&reader, first + i * PAGE, 0), i + 1);
        }
    }
    assert_false(reader.failed);
    munmap(pages, PAGES * PAGE);
}

TEST(alignment) {
    static const uint64_t words[2] = {1, 2};
    struct python_reader reader;
    python_reader_begin(&reader, NULL);
    assert_int_equal(python_number(&reader, (uintptr_t)words, 8), 2);
    assert_int_equal(python_word(&reader, (uintptr_t)words, 4), 0);
    assert_true(reader.failed);
}

TEST(no_addresses) {
    static const uintptr_t wrong[] = {0, 8, 0x29, 0x4141414141414141, (uintptr_t)-8, (uintptr_t)-4, (uintptr_t)1 << 47};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct python_reader reader;
        python_reader_begin(&reader, NULL);
        assert_int_equal(python_word(&reader, wrong[i], 0), 0);
        assert_true(reader.failed);
    }
}

int main(void) {
    return tests_run();
}
