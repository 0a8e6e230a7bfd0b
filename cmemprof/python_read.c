// python_read.c (sample): see python_read.h.

#include "python_read.h"

enum { PAGE_BITS = 12 };

bool python_can_read(struct python_reader *reader, uintptr_t address, size_t size, size_t align) {
    uintptr_t last = address + size - 1;
    reader->failed |= last < address || address % align != 0;
    for (uintptr_t page = stack_memory_page(address); !reader->failed && page <= stack_memory_page(last); page += STACK_MEMORY_PAGE_BYTES) {
        uintptr_t *known = &reader->pages[(page >> PAGE_BITS) % PYTHON_READER_PAGES];
        if (*known != page || page == 0) {
            reader->failed = !stack_memory_is_mapped(page);
            *known = page;
        }
    }
    return !reader->failed;
}
