// page_residency_test.c: counts pages that were written to, and no others.

#include "../../base/test/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../page_residency.h"

enum { PAGE = 4096, PAGES = 2000 };

static int needs_pagemap(void **state) {
    (void)state;
    return access("/proc/self/pagemap", R_OK) != 0 ? 1 : 0;
}

TEST(written_pages) {
    if (needs_pagemap(state) != 0) {
        skip();
    }
    volatile char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    madvise((void *)(uintptr_t)memory, PAGES * PAGE, MADV_NOHUGEPAGE);
    assert_int_equal(page_residency((const void *)(uintptr_t)memory, PAGES * PAGE, 7), 0);
    for (int page = 0; page < PAGES; page += 4) {
        memory[page * PAGE + page] = 1;
    }
    assert_int_equal(page_residency((const void *)(uintptr_t)memory, PAGES * PAGE, 7), PAGES / 4 * PAGE);
    assert_int_equal(page_residency((const void *)(uintptr_t)(memory + 10), 1, 7), PAGE);
    assert_int_equal(page_residency((const void *)(uintptr_t)(memory + PAGE + 10), 1, 7), 0);
    assert_int_equal(page_residency((const void *)(uintptr_t)(memory + PAGE - 1), 2, 7), PAGE);
    assert_int_equal(page_residency((const void *)(uintptr_t)memory, 0, 7), 0);
    munmap((void *)(uintptr_t)memory, PAGES * PAGE);
}

// Pages of a file belong to the page cache until they are written to.
TEST(pages_of_a_file) {
    if (needs_pagemap(state) != 0) {
        skip();
    }
    static char content[8 * PAGE];
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, sizeof content, file), sizeof content);
    fflush(file);
    volatile char *memory = mmap(NULL, sizeof content, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file), 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(memory[3 * PAGE], 0);
    assert_int_equal(page_residency((const void *)(uintptr_t)memory, sizeof content, 7), 0);
    memory[3 * PAGE] = 1;
    assert_int_equal(page_residency((const void *)(uintptr_t)memory, sizeof content, 7), PAGE);
    munmap((void *)(uintptr_t)memory, sizeof content);
    fclose(file);
}

TEST(writable_memory_counts_also_where_it_is_not_resident) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    uint64_t before = page_residency_writable();
    void *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(page_residency_writable(), before + PAGES * PAGE);
    mprotect(memory, PAGES * PAGE, PROT_READ);
    assert_int_equal(page_residency_writable(), before);
    munmap(memory, PAGES * PAGE);
}

int main(void) {
    return tests_run();
}
