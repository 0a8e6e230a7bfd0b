// page_test.c: the size is the kernel's, and what is discarded is whole pages.

#include "test.h"

#include <unistd.h>

#include "../page.h"

TEST(size_is_the_kernels) {
    assert_int_equal(page_bytes(), sysconf(_SC_PAGESIZE));
}

TEST(whole_pages_are_discarded) {
    size_t size = page_bytes();
    unsigned char *pages = mmap(NULL, 3 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    memset(pages, 1, 3 * size);
    assert_int_equal(page_discard(pages + size, size), 0);
    assert_int_equal(pages[size - 1], 1);
    assert_int_equal(pages[size], 0);
    assert_int_equal(pages[2 * size - 1], 0);
    assert_int_equal(pages[2 * size], 1);
    munmap(pages, 3 * size);
}

TEST(parts_of_pages_are_not) {
    size_t size = page_bytes();
    unsigned char *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    memset(page, 1, size);
    errno = 0;
    assert_int_equal(page_discard(page, size / 2), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(page_discard(page + size / 2, size), -1);
    assert_int_equal(page[0], 1);
    assert_int_equal(page[size - 1], 1);
    munmap(page, size);
}

int main(void) {
    return tests_run();
}
