// code_objects.c (unwind): see code_objects.h.

#include "code_objects.h"

#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "code_loader.h"

enum { MAX_OBJECTS = 4096, WORDS = sizeof(struct code_object) / sizeof(uintptr_t), MAX_LOOKS = 4, MARK_WORDS = 4 };

struct copy {
    _Atomic uintptr_t mark[MARK_WORDS]; // struct code_loader_mark: what was loaded before this was listed
    _Atomic size_t count;
    _Atomic uintptr_t objects[MAX_OBJECTS][WORDS]; // struct code_object, by start
};

// The process's, since it has one loader.
static _Atomic bool preferred;
static struct copy *_Atomic copies;   // two; NULL before the first refresh
static _Atomic uint64_t version;      // the present copy is copies[version % 2]; the other may be changing
static _Atomic int refreshing, again; // one thread refreshes; others make it repeat

bool code_objects_in_use(void) {
    return atomic_load_explicit(&preferred, memory_order_relaxed) || !code_loader_has_table();
}

static size_t words_of(const struct copy *copy, size_t at, uintptr_t *words) {
    for (size_t i = 0; i < WORDS; i++) {
        words[i] = atomic_load_explicit(&copy->objects[at][i], memory_order_relaxed);
    }
    return WORDS;
}

static bool search(const struct copy *copy, uintptr_t address, uintptr_t *words) {
    size_t low = 0, high = atomic_load_explicit(&copy->count, memory_order_relaxed);
    while (low < high) { // invariant: the last object at or below the address is just before low
        size_t middle = low + (high - low) / 2;
        if (atomic_load_explicit(&copy->objects[middle][0], memory_order_relaxed) <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && words_of(copy, low - 1, words) == WORDS && address < words[1];
}

static struct code_loader_mark mark_of(const struct copy *copy) {
    uintptr_t words[MARK_WORDS];
    for (size_t i = 0; i < MARK_WORDS; i++) {
        words[i] = atomic_load_explicit(&copy->mark[i], memory_order_relaxed);
    }
    return (struct code_loader_mark){words[0], words[1], words[2], words[3]};
}

// Finds the readable segment that contains .eh_frame_hdr and .eh_frame.
static void find_rules(uintptr_t addr, const ElfW(Phdr) * segments, size_t count, struct code_object *object) {
    for (size_t i = 0; i < count; i++) {
        if (segments[i].p_type == PT_GNU_EH_FRAME) {
            object->eh_frame_hdr = addr + segments[i].p_vaddr;
        }
    }
    for (size_t i = 0; i < count; i++) {
        uintptr_t start = addr + segments[i].p_vaddr;
        if (segments[i].p_type == PT_LOAD && object->eh_frame_hdr >= start && object->eh_frame_hdr - start < segments[i].p_filesz) {
            object->rules = start;
            object->rules_end = start + segments[i].p_filesz;
        }
    }
}

static bool is_code(const ElfW(Phdr) * segment) {
    return segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0;
}

static bool search_loaded_since(const struct code_loader_mark *mark, uintptr_t address, struct code_object *object) {
    struct code_loader_object loaded;
    if (!code_loader_loaded_since(mark, address, &loaded)) {
        return false;
    }
    for (size_t i = 0; i < loaded.count; i++) {
        uintptr_t start = loaded.addr + loaded.segments[i].p_vaddr;
        if (is_code(&loaded.segments[i]) && address - start < loaded.segments[i].p_memsz) {
            *object = (struct code_object){.start = start, .end = start + loaded.segments[i].p_memsz};
            find_rules(loaded.addr, loaded.segments, loaded.count, object);
            return true;
        }
    }
    return false;
}

bool code_objects_find(uintptr_t address, struct code_object *object) {
    struct copy *tables = atomic_load_explicit(&copies, memory_order_acquire);
    for (int looks = 0; tables && looks < MAX_LOOKS; looks++) {
        uint64_t before = atomic_load_explicit(&version, memory_order_acquire);
        uintptr_t words[WORDS] = {0};
        bool found = search(&tables[before % 2], address, words);
        struct code_loader_mark mark = mark_of(&tables[before % 2]);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&version, memory_order_relaxed) == before) {
            *object = (struct code_object){words[0], words[1], words[2], words[3], words[4]};
            return found || search_loaded_since(&mark, address, object);
        }
    }
    return false;
}

// ---- Refresh ----

struct listing {
    struct code_object objects[MAX_OBJECTS];
    size_t count;
    struct code_loader_mark mark;
};

static int visit(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct listing *listing = context;
    struct code_object object = {0};
    find_rules(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, &object);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (is_code(segment) && listing->count < MAX_OBJECTS) {
            object.start = info->dlpi_addr + segment->p_vaddr;
            object.end = object.start + segment->p_memsz;
            listing->objects[listing->count++] = object;
        }
    }
    return 0;
}

static int by_start(const void *left, const void *right) {
    uintptr_t a = ((const struct code_object *)left)->start, b = ((const struct code_object *)right)->start;
    return (a > b) - (a < b);
}

static void publish(struct copy *tables, const struct listing *listing) {
    uint64_t present = atomic_load(&version);
    struct copy *copy = &tables[(present + 1) % 2];
    for (size_t at = 0; at < listing->count; at++) {
        const struct code_object *object = &listing->objects[at];
        const uintptr_t words[WORDS] = {object->start, object->end, object->rules, object->rules_end, object->eh_frame_hdr};
        for (size_t i = 0; i < WORDS; i++) {
            atomic_store_explicit(&copy->objects[at][i], words[i], memory_order_relaxed);
        }
    }
    atomic_store_explicit(&copy->count, listing->count, memory_order_relaxed);
    const uintptr_t mark[MARK_WORDS] = {listing->mark.item, listing->mark.addr, listing->mark.ld, listing->mark.previous};
    for (size_t i = 0; i < MARK_WORDS; i++) {
        atomic_store_explicit(&copy->mark[i], mark[i], memory_order_relaxed);
    }
    // A reader of the copy refilled next must see the new version before it sees any of its new words.
    atomic_store(&version, present + 1);
    atomic_thread_fence(memory_order_seq_cst);
}

static void *own_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void list_once(void) {
    struct copy *tables = atomic_load(&copies);
    struct listing *listing = own_memory(sizeof *listing);
    if (!tables && (tables = own_memory(2 * sizeof *tables))) {
        atomic_store_explicit(&copies, tables, memory_order_release);
    }
    if (listing && tables) {
        listing->mark = code_loader_mark(); // first: what is loaded from here on is behind it, listed or not
        dl_iterate_phdr(visit, listing);
        qsort(listing->objects, listing->count, sizeof *listing->objects, by_start);
        publish(tables, listing);
    }
    if (listing) {
        munmap(listing, sizeof *listing);
    }
}

void code_objects_refresh(void) {
    if (!code_objects_in_use()) {
        return;
    }
    atomic_store(&again, 1);
    while (atomic_load(&again) != 0 && atomic_exchange(&refreshing, 1) == 0) {
        atomic_store(&again, 0);
        list_once();
        atomic_store(&refreshing, 0);
    }
}

void code_objects_force(void) {
    code_loader_look();
    atomic_store(&preferred, true);
    code_objects_refresh();
}

void code_objects_after_fork_in_child(void) {
    atomic_store(&refreshing, 0);
    atomic_store(&again, 0);
}
