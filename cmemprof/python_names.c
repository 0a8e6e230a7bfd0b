// python_names.c (sample): see python_names.h.

#include "python_names.h"

#include <string.h>
#include <sys/mman.h>

#include "../merge/intern.h"

enum { UNIT_BYTES = 8, TEXT_BYTES = 2 << 20, SLOTS = 1 << 15, MOST_TRIES = 64 };
#define IS_PYTHON ((uintptr_t)1 << 63)
#define LINE_MAX_VALUE (((uintptr_t)1 << PYTHON_LINE_BITS) - 1)

struct entry {
    uint64_t hash;
    uint32_t first_line;
    uint16_t function_size, file_size;
    char text[]; // function, then file
};

struct python_names_table {
    _Atomic uint32_t used;         // units of text; the first is no place
    _Atomic uint32_t slots[SLOTS]; // places of entries; 0: free
    _Alignas(UNIT_BYTES) char text[TEXT_BYTES];
};

bool python_names_open(struct python_names *names) {
    void *memory = mmap(NULL, sizeof *names->table, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    names->table = memory;
    atomic_store(&names->table->used, 1);
    return true;
}

void python_names_close(struct python_names *names) {
    if (names->table) {
        munmap(names->table, sizeof *names->table);
        names->table = NULL;
    }
}

void python_names_clear(struct python_names *names) {
    if (names->table && atomic_load(&names->table->used) > 1) {
        if (madvise(names->table, sizeof *names->table, MADV_DONTNEED) != 0) { // memory is locked
            memset(names->table->slots, 0, sizeof names->table->slots);
        }
        atomic_store(&names->table->used, 1);
    }
    atomic_store(&names->lost, 0);
}

size_t python_names_bytes(const struct python_names *names) {
    size_t used = names->table ? atomic_load(&names->table->used) : 0;
    return names->table ? sizeof names->table->slots + used * UNIT_BYTES : 0;
}

static const struct entry *entry_at(const struct python_names_table *table, uint32_t place) {
    return (const struct entry *)&table->text[(size_t)place * UNIT_BYTES];
}

static bool is_same(const struct entry *entry, uint64_t hash, const struct python_name *name) {
    return entry->hash == hash && entry->first_line == name->first_line && entry->function_size == name->function_size &&
           entry->file_size == name->file_size && memcmp(entry->text, name->function, name->function_size) == 0 &&
           memcmp(entry->text + name->function_size, name->file, name->file_size) == 0;
}

// Returns 0 if there is no room.
static uint32_t copy(struct python_names_table *table, uint64_t hash, const struct python_name *name) {
    size_t bytes = sizeof(struct entry) + name->function_size + name->file_size;
    uint32_t units = (uint32_t)((bytes + UNIT_BYTES - 1) / UNIT_BYTES), place = atomic_load(&table->used);
    do {
        if (((size_t)place + units) * UNIT_BYTES > TEXT_BYTES) {
            return 0;
        }
    } while (!atomic_compare_exchange_weak(&table->used, &place, place + units));
    struct entry *entry = (struct entry *)&table->text[(size_t)place * UNIT_BYTES];
    *entry = (struct entry){hash, name->first_line, (uint16_t)name->function_size, (uint16_t)name->file_size};
    memcpy(entry->text, name->function, name->function_size);
    memcpy(entry->text + name->function_size, name->file, name->file_size);
    return place;
}

static uint32_t find_or_copy(struct python_names_table *table, const struct python_name *name) {
    uint64_t hash =
        intern_hash_bytes(intern_hash_bytes(name->first_line, name->function, name->function_size), name->file, name->file_size);
    uint32_t ours = 0;
    for (uint32_t at = intern_hash_end(hash), tried = 0; tried < MOST_TRIES; at++, tried++) {
        _Atomic uint32_t *slot = &table->slots[at % SLOTS];
        uint32_t place = atomic_load_explicit(slot, memory_order_acquire);
        if (place == 0) {
            ours = ours != 0 ? ours : copy(table, hash, name);
            if (ours == 0 || atomic_compare_exchange_strong(slot, &place, ours)) {
                return ours;
            }
        }
        if (is_same(entry_at(table, place), hash, name)) {
            return place; // a copy that was made meanwhile stays unused
        }
    }
    return 0;
}

uintptr_t python_names_word(struct python_names *names, const struct python_name *name, uint32_t line) {
    uint32_t place = names->table ? find_or_copy(names->table, name) : 0;
    if (place == 0) {
        atomic_fetch_add_explicit(&names->lost, 1, memory_order_relaxed);
    }
    return IS_PYTHON | (uintptr_t)place << PYTHON_LINE_BITS | (line < LINE_MAX_VALUE ? line : LINE_MAX_VALUE);
}

uint32_t python_names_get(const struct python_names *names, uintptr_t word, struct python_name *name) {
    uint32_t place = (uint32_t)((word & ~IS_PYTHON) >> PYTHON_LINE_BITS);
    *name = (struct python_name){"", "", 0, 0, 0};
    if (place != 0 && names->table && place < atomic_load_explicit(&names->table->used, memory_order_relaxed)) {
        const struct entry *entry = entry_at(names->table, place);
        *name = (struct python_name){entry->text, entry->text + entry->function_size, entry->function_size, entry->file_size,
                                     entry->first_line};
    }
    return (uint32_t)(word & LINE_MAX_VALUE);
}
