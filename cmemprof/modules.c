// modules.c (naming): lists the loader's objects (dl_iterate_phdr), their executable segments and build-ID notes.

#include "modules.h"

#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "../base/vector.h"
#include "lock_order.h"

#define PAGE_BYTES ((uintptr_t)4096)

// ELF notes: name size, description size, type, then name and description padded to 4 bytes. The build ID is type 3 of "GNU".
static void read_build_id(const uint8_t *notes, size_t size, char *hex) {
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) head;
        memcpy(&head, notes, sizeof head);
        size_t name = sizeof head, description = name + (((size_t)head.n_namesz + 3) & ~(size_t)3);
        size_t next = description + (((size_t)head.n_descsz + 3) & ~(size_t)3);
        if (next > size) {
            return;
        }
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0 &&
            head.n_descsz <= MODULE_BUILD_ID_BYTES) {
            for (size_t i = 0; i < head.n_descsz; i++) {
                sprintf(hex + 2 * i, "%02x", notes[description + i]);
            }
            return;
        }
        notes += next;
        size -= next;
    }
}

// The file mapped at the address. Returns NULL if there is none or no /proc.
static char *mapped_file(uintptr_t address) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL, *file = NULL;
    size_t capacity = 0;
    for (ssize_t size; maps && !file && (size = getline(&line, &capacity, maps)) > 0;) {
        uintptr_t start, end;
        char *name = strchr(line, '/');
        if (name && sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) == 2 && start <= address && address < end) {
            line[size - (line[size - 1] == '\n')] = '\0';
            file = strdup(name);
        }
    }
    free(line);
    if (maps) {
        fclose(maps);
    }
    return file;
}

// If the kernel mapped no loader (AT_BASE), it executed the loader itself with the program as an argument, and /proc/self/exe is the
// loader; or the program is static.
static char *program_file(uintptr_t start) {
    char *file = getauxval(AT_BASE) == 0 ? mapped_file(start) : NULL;
    file = file ? file : realpath("/proc/self/exe", NULL);
    return file ? file : realpath("/proc/thread-self/exe", NULL); // if the main thread has ended
}

// The program has an empty name, the vDSO one that is no file's.
static char *shown_name(const char *name, bool is_program, uintptr_t start) {
    if (start == (getauxval(AT_SYSINFO_EHDR) & ~(PAGE_BYTES - 1))) {
        return strdup("[vdso]");
    }
    char *resolved = is_program ? program_file(start) : realpath(name, NULL);
    if (!resolved && is_program) { // no /proc: the name the program was started with, better than none
        name = (const char *)getauxval(AT_EXECFN);
        resolved = name ? realpath(name, NULL) : NULL;
    }
    return resolved ? resolved : strdup(name ? name : "");
}

// ---- Addresses ----

// The number of modules that start at or below the address.
static size_t upper_bound(const struct modules *modules, size_t count, uintptr_t address) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (modules->by_start[middle]->start <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int compare_starts(const void *left, const void *right) {
    const struct module *a = *(struct module *const *)left, *b = *(struct module *const *)right;
    return (a->start > b->start) - (a->start < b->start);
}

// Forgotten modules sort first and are never found.
static void index_by_start(struct modules *modules) {
    uintptr_t reach = 0;
    memcpy(modules->by_start, modules->items, modules->count * sizeof *modules->items);
    qsort(modules->by_start, modules->count, sizeof *modules->by_start, compare_starts);
    for (size_t i = 0; i < modules->count; i++) {
        reach = modules->by_start[i]->limit > reach ? modules->by_start[i]->limit : reach;
        modules->reach[i] = reach;
    }
}

// ---- Stays ----

static bool was_loaded(const struct module *module, uint32_t generation) {
    uint32_t unloaded_at = atomic_load(&module->unloaded_at);
    if (generation >= module->loaded_at) {
        return unloaded_at == 0 || generation <= unloaded_at;
    }
    size_t low = 0, high = module->stay_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (module->stays[middle].to < generation) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < module->stay_count && module->stays[low].from <= generation;
}

// Returns true if another module was loaded there since this one was unloaded.
static bool was_another_there(const struct modules *modules, const struct module *module) {
    uint32_t since = atomic_load(&module->unloaded_at);
    for (size_t i = 0; i < modules->count; i++) {
        const struct module *other = modules->items[i];
        uint32_t unloaded_at = atomic_load(&other->unloaded_at);
        if (other != module && other->start < module->limit && module->start < other->limit && (unloaded_at == 0 || unloaded_at > since)) {
            return true;
        }
    }
    return false;
}

// The module was loaded again.
static bool begin_stay(struct modules *modules, struct module *module) {
    if (was_another_there(modules, module)) {
        if (!VECTOR_RESERVE(module->stays, module->stay_capacity, module->stay_count + 1)) {
            return false;
        }
        module->stays[module->stay_count++] = (struct module_stay){module->loaded_at, atomic_load(&module->unloaded_at)};
        module->loaded_at = modules->generation + 1;
        modules->stay_count++;
    }
    atomic_store(&module->unloaded_at, 0);
    return true;
}

// ---- Refresh ----

static bool is_same_module(const struct module *module, uintptr_t start, uintptr_t limit, const char *build_id) {
    return module->start == start && module->limit == limit && strcmp(module->build_id, build_id) == 0;
}

// The known module with the same content at the same address, if any.
static struct module *known(const struct modules *modules, const struct module *wanted, const char *name) {
    for (size_t i = modules->count; i-- > 0;) {
        struct module *module = modules->items[i];
        if (!is_same_module(module, wanted->start, wanted->limit, wanted->build_id)) {
            continue;
        }
        // Without a build ID the name decides whether it is the same object.
        char *file = wanted->build_id[0] != '\0' ? NULL : shown_name(name, wanted->is_program, wanted->start);
        bool same = !file || strcmp(file, module->file) == 0;
        free(file);
        if (same) {
            return module;
        }
    }
    return NULL;
}

static bool make_lists(struct modules *modules) {
    const size_t list_bytes = MODULES_MAX * sizeof(struct module *);
    if (!mapped_buffer_reserve(&modules->lists, 2 * list_bytes + MODULES_MAX * sizeof *modules->reach)) {
        return false;
    }
    modules->items = modules->lists.base;
    modules->by_start = modules->items + MODULES_MAX;
    modules->reach = (uintptr_t *)(modules->by_start + MODULES_MAX);
    return true;
}

// Returns NULL if memory runs out or, with modules->full set, the list is full.
static struct module *free_record(struct modules *modules) {
    if (!modules->items && !make_lists(modules)) {
        return NULL;
    }
    for (size_t i = 0; modules->count == MODULES_MAX && i < MODULES_MAX; i++) {
        if (atomic_load(&modules->items[i]->unloaded_at) == MODULE_FORGOTTEN) {
            return modules->items[i];
        }
    }
    modules->full = modules->count == MODULES_MAX;
    struct module *module = modules->full ? NULL : calloc(1, sizeof *module);
    if (module) {
        module->index = (uint32_t)modules->count;
        modules->items[modules->count] = module;
        atomic_store(&module->unloaded_at, MODULE_FORGOTTEN);
        atomic_store(&modules->count, modules->count + 1);
    }
    return module;
}

static bool add(struct modules *modules, const struct module *wanted, const char *name) {
    struct module *module = free_record(modules);
    if (!module) {
        return modules->full; // the rest stays without names
    }
    char *file = shown_name(name, wanted->is_program, wanted->start);
    if (!file) {
        return false;
    }
    free(module->former_file);
    module->former_file = module->file;
    module->file = file;
    module->start = wanted->start;
    module->limit = wanted->limit;
    module->file_offset = wanted->file_offset;
    module->bias = wanted->bias;
    memcpy(module->build_id, wanted->build_id, sizeof module->build_id);
    module->is_program = wanted->is_program;
    module->serial = ++modules->serial;
    module->loaded_at = modules->generation + 1;
    module->seen = true;
    atomic_store(&module->unloaded_at, 0);
    index_by_start(modules);
    return true;
}

void modules_refresh_begins(struct modules *modules) {
    modules->full = false;
    for (size_t i = 0; i < modules->count; i++) {
        modules->items[i]->seen = false;
    }
}

bool modules_see(struct modules *modules, const struct module *loaded, const char *name) {
    struct module *module = known(modules, loaded, name);
    lock_take(&modules->lock, LOCK_MODULES);
    bool done = !module ? add(modules, loaded, name) : atomic_load(&module->unloaded_at) == 0 || begin_stay(modules, module);
    lock_release(&modules->lock, LOCK_MODULES);
    if (module) {
        module->seen = true;
    }
    return done;
}

// ---- The loader's answer ----

// An executable segment, and the offset of its object's name.
struct seen {
    struct module module;
    size_t name_at;
};

// The loader's answer is copied and processed after its lock is released: under it nothing may wait for the allocator or for files.
struct answer {
    struct mapped_buffer seen, names;
    size_t seen_count, names_size;
    bool has_program, failed;
};

static bool copy_name(struct answer *answer, const char *name) {
    size_t size = strlen(name) + 1, capacity = answer->names.size_bytes;
    if (answer->names_size + size > capacity && !mapped_buffer_reserve(&answer->names, capacity * 2 + size)) {
        return false;
    }
    memcpy((char *)answer->names.base + answer->names_size, name, size);
    answer->names_size += size;
    return true;
}

static bool copy_segment(struct answer *answer, const struct module *module, size_t name_at) {
    size_t capacity = answer->seen.size_bytes;
    if ((answer->seen_count + 1) * sizeof(struct seen) > capacity &&
        !mapped_buffer_reserve(&answer->seen, capacity * 2 + sizeof(struct seen))) {
        return false;
    }
    ((struct seen *)answer->seen.base)[answer->seen_count++] = (struct seen){*module, name_at};
    return true;
}

static int visit_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct answer *answer = context;
    struct module module = {.bias = info->dlpi_addr, .is_program = !answer->has_program};
    size_t name_at = answer->names_size;
    answer->has_program = true;
    answer->failed |= !copy_name(answer, info->dlpi_name ? info->dlpi_name : "");
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_NOTE && module.build_id[0] == '\0') {
            read_build_id((const uint8_t *)(info->dlpi_addr + segment->p_vaddr), segment->p_memsz, module.build_id);
        }
    }
    for (int i = 0; i < info->dlpi_phnum && !answer->failed; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0) {
            continue;
        }
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        module.start = start & ~(PAGE_BYTES - 1);
        module.limit = (start + segment->p_memsz + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
        module.file_offset = segment->p_offset & ~(PAGE_BYTES - 1);
        answer->failed |= !copy_segment(answer, &module, name_at);
    }
    return answer->failed;
}

static bool see_all(struct modules *modules, const struct answer *answer) {
    const struct seen *seen = answer->seen.base;
    bool done = !answer->failed;
    for (size_t i = 0; done && i < answer->seen_count; i++) {
        done = modules_see(modules, &seen[i].module, (const char *)answer->names.base + seen[i].name_at);
    }
    return done;
}

// Returns true if a module is no longer loaded.
static bool note_unloaded(struct modules *modules) {
    bool some = false;
    for (size_t i = 0; i < modules->count; i++) {
        struct module *module = modules->items[i];
        if (!module->seen && atomic_load(&module->unloaded_at) == 0) {
            atomic_store(&module->unloaded_at, modules->generation + 1);
            some = true;
        }
    }
    return some;
}

uint32_t modules_refresh_ends(struct modules *modules) {
    return note_unloaded(modules) ? ++modules->generation : 0;
}

bool modules_refresh(struct modules *modules, uint32_t *ended) {
    struct answer answer = {0};
    *ended = 0;
    modules_refresh_begins(modules);
    dl_iterate_phdr(visit_object, &answer);
    bool done = see_all(modules, &answer);
    mapped_buffer_free(&answer.seen);
    mapped_buffer_free(&answer.names);
    *ended = done ? modules_refresh_ends(modules) : 0;
    return done;
}

// ---- Finding ----

static const struct module *find(const struct modules *modules, uintptr_t address, uint32_t generation) {
    const struct module *otherwise = NULL;
    size_t others = 0;
    for (size_t i = upper_bound(modules, modules->count, address); i-- > 0 && modules->reach[i] > address;) {
        const struct module *module = modules->by_start[i];
        uint32_t unloaded_at = atomic_load(&module->unloaded_at);
        if (address >= module->limit) {
            continue;
        }
        if (generation == 0 ? unloaded_at == 0 : was_loaded(module, generation)) {
            return module;
        }
        others++;
        otherwise = otherwise && otherwise->unloaded_at > unloaded_at ? otherwise : module;
    }
    return generation == 0 || others == 1 ? otherwise : NULL;
}

const struct module *modules_find(struct modules *modules, uintptr_t address, uint32_t generation) {
    lock_take(&modules->lock, LOCK_MODULES);
    const struct module *module = find(modules, address, generation);
    lock_release(&modules->lock, LOCK_MODULES);
    return module;
}

// ---- Forgetting ----

static size_t many_stays(const struct modules *modules) {
    return modules->many != 0 ? modules->many : MODULES_MANY_STAYS;
}

bool modules_should_forget(const struct modules *modules) {
    return modules->full || modules->stay_count >= many_stays(modules);
}

static void forget_stays(struct module *module, bool (*is_needed)(struct module_stay stay, const void *context), const void *context) {
    size_t kept = 0;
    for (size_t i = 0; i < module->stay_count; i++) {
        if (is_needed(module->stays[i], context)) {
            module->stays[kept++] = module->stays[i];
        }
    }
    module->stay_count = kept;
    uint32_t unloaded_at = atomic_load(&module->unloaded_at);
    if (unloaded_at == 0 || unloaded_at == MODULE_FORGOTTEN || is_needed((struct module_stay){module->loaded_at, unloaded_at}, context)) {
        return;
    }
    if (kept > 0) { // the last needed stay becomes the last one
        module->loaded_at = module->stays[kept - 1].from;
        atomic_store(&module->unloaded_at, module->stays[kept - 1].to);
        module->stay_count--;
        return;
    }
    free(module->stays);
    module->stays = NULL;
    module->stay_capacity = 0;
    module->start = module->limit = 0;
    module->is_program = false;
    atomic_store(&module->unloaded_at, MODULE_FORGOTTEN);
}

void modules_forget(struct modules *modules, bool (*is_needed)(struct module_stay stay, const void *context), const void *context) {
    lock_take(&modules->lock, LOCK_MODULES);
    modules->stay_count = 0;
    for (size_t i = 0; i < modules->count; i++) {
        forget_stays(modules->items[i], is_needed, context);
        modules->stay_count += modules->items[i]->stay_count;
    }
    // If most are needed, the next check is worthwhile only at twice as many.
    modules->many = modules->stay_count * 2 > MODULES_MANY_STAYS ? modules->stay_count * 2 : 0;
    index_by_start(modules);
    lock_release(&modules->lock, LOCK_MODULES);
}

void modules_after_fork_in_child(struct modules *modules) {
    lock_after_fork(&modules->lock, LOCK_MODULES);
}

void modules_free(struct modules *modules) {
    for (size_t i = 0; i < modules->count; i++) {
        free(modules->items[i]->file);
        free(modules->items[i]->former_file);
        free(modules->items[i]->stays);
        free(modules->items[i]);
    }
    mapped_buffer_free(&modules->lists);
    memset(modules, 0, sizeof *modules);
}
