// code_loader.c (unwind): see code_loader.h.

#include "code_loader.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#include "stack_memory.h"

#ifdef DLFO_STRUCT_HAS_EH_DBASE
_Static_assert(sizeof(struct code_loader_found) == sizeof(struct dl_find_object), "glibc's layout");
#endif

// A list that is longer, or that a change has led in a circle, is given up.
enum { MAX_ITEMS = 1 << 16 };

typedef int find_object_function(void *address, struct code_loader_found *found);

// The process's, since it has one loader.
static struct {
    _Atomic bool is_known;
    find_object_function *_Atomic find_object; // NULL: it has no table
    struct r_debug *_Atomic list;              // never freed; NULL: unknown
} loader;

// The loader tells the program, in the entry DT_DEBUG. Not by dl_iterate_phdr, whose lock a fork at this moment would leave locked in the
// child.
static void find_list(void) {
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t count = segments ? getauxval(AT_PHNUM) : 0;
    uintptr_t headers_addr = 0, dynamic_addr = 0;
    for (size_t i = 0; i < count; i++) {
        headers_addr = segments[i].p_type == PT_PHDR ? segments[i].p_vaddr : headers_addr;
        dynamic_addr = segments[i].p_type == PT_DYNAMIC ? segments[i].p_vaddr : dynamic_addr;
    }
    if (headers_addr == 0 || dynamic_addr == 0) {
        return;
    }
    const ElfW(Dyn) *entry = (const ElfW(Dyn) *)((uintptr_t)segments - headers_addr + dynamic_addr);
    for (; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_DEBUG) {
            atomic_store(&loader.list, (struct r_debug *)entry->d_un.d_ptr);
        }
    }
}

void code_loader_look(void) {
    if (atomic_load(&loader.is_known)) {
        return;
    }
#ifndef CMEMPROF_STATIC
    atomic_store(&loader.find_object, (find_object_function *)dlsym(RTLD_DEFAULT, "_dl_find_object"));
#endif
    find_list();
    atomic_store(&loader.is_known, true);
}

bool code_loader_has_table(void) {
    return atomic_load_explicit(&loader.find_object, memory_order_relaxed);
}

bool code_loader_find(uintptr_t address, struct code_loader_found *found) {
    return atomic_load_explicit(&loader.find_object, memory_order_relaxed)((void *)address, found) == 0;
}

// ---- The list ----

// The part of struct link_map that debuggers may rely on.
struct item {
    uintptr_t addr; // what to add to the object's addresses: where it begins, in a shared library
    uintptr_t name, ld, next, previous;
};
_Static_assert(sizeof(struct item) == sizeof(struct link_map), "<link.h>");

static bool read_item(uintptr_t at, struct item *item) {
    return at != 0 && stack_memory_copy(item, at, sizeof *item);
}

static uintptr_t first_item(void) {
    struct r_debug *debug = atomic_load_explicit(&loader.list, memory_order_acquire);
    return debug ? (uintptr_t)__atomic_load_n(&debug->r_map, __ATOMIC_ACQUIRE) : 0;
}

struct code_loader_mark code_loader_mark(void) {
    struct code_loader_mark mark = {0};
    struct item item;
    uintptr_t at = first_item();
    for (int items = 0; items < MAX_ITEMS && read_item(at, &item); items++, at = item.next) {
        mark = (struct code_loader_mark){at, item.addr, item.ld, item.previous};
    }
    return mark;
}

// An item's memory may look as before after it was freed, so the list must still lead to it.
static bool is_in_list(const struct code_loader_mark *mark, struct item *item) {
    struct item before;
    return read_item(mark->item, item) && item->addr == mark->addr && item->ld == mark->ld && item->previous == mark->previous &&
           (mark->previous == 0 ? first_item() == mark->item : read_item(mark->previous, &before) && before.next == mark->item);
}

static bool read_headers(uintptr_t addr, struct code_loader_object *object) {
    ElfW(Ehdr) elf;
    if (!stack_memory_copy(&elf, addr, sizeof elf) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
        elf.e_phentsize != sizeof *object->segments || elf.e_phnum == 0 ||
        elf.e_phnum > sizeof object->segments / sizeof *object->segments) {
        return false;
    }
    object->addr = addr;
    object->count = elf.e_phnum;
    return stack_memory_copy(object->segments, addr + elf.e_phoff, elf.e_phnum * sizeof *object->segments);
}

bool code_loader_loaded_since(const struct code_loader_mark *mark, uintptr_t address, struct code_loader_object *object) {
    struct item item;
    uintptr_t at = is_in_list(mark, &item) ? item.next : first_item(), nearest = 0;
    for (int items = 0; items < MAX_ITEMS && read_item(at, &item); items++, at = item.next) {
        nearest = item.addr <= address && item.addr > nearest ? item.addr : nearest;
    }
    return nearest != 0 && read_headers(nearest, object);
}
