// python_read.c (sample): see python_read.h.

#include "python_read.h"

enum { PAGE_BITS = 12 };

static bool is_mapped(struct python_reader *reader, uintptr_t address, uintptr_t last) {
    bool is_there = true;
    for (uintptr_t page = stack_memory_page(address); is_there && page <= stack_memory_page(last); page += STACK_MEMORY_PAGE_BYTES) {
        uintptr_t *known = &reader->pages[(page >> PAGE_BITS) % PYTHON_READER_PAGES];
        if (*known != page || page == 0) {
            is_there = stack_memory_is_mapped(page);
            *known = page;
        }
    }
    return is_there;
}

// That of the page, or a free one: a copy costs a system call, and the pages of frames and those of their code take turns. If all are
// taken, that where the search began.
static size_t place_of(const struct python_copies *copies, uintptr_t page) {
    size_t first = (page >> PAGE_BITS) % PYTHON_COPIED_PAGES, at = first;
    for (size_t probe = 0; probe < PYTHON_COPIED_PAGES; probe++, at = (first + probe) % PYTHON_COPIED_PAGES) {
        if (copies->pages[at] == page || copies->pages[at] == 0) {
            return at;
        }
    }
    return first;
}

static const void *copy_of(struct python_copies *copies, uintptr_t address, size_t size) {
    uintptr_t page = stack_memory_page(address);
    size_t at = place_of(copies, page);
    if (stack_memory_page(address + size - 1) != page) {
        return size <= sizeof copies->long_copy && stack_memory_copy_others(copies->long_copy, address, size) ? copies->long_copy : NULL;
    }
    if (copies->pages[at] != page || page == 0) {
        copies->pages[at] = stack_memory_copy_others(copies->copies[at], page, STACK_MEMORY_PAGE_BYTES) ? page : 0;
    }
    return copies->pages[at] != 0 ? &copies->copies[at][address - page] : NULL;
}

const void *python_at(struct python_reader *reader, uintptr_t address, size_t size, size_t align) {
    uintptr_t last = address + size - 1;
    const void *at = NULL;
    if (!reader->failed && last >= address && address % align == 0) {
        at = reader->copies ? copy_of(reader->copies, address, size) : is_mapped(reader, address, last) ? (const void *)address : NULL;
    }
    reader->failed |= !at;
    return at;
}
