// modules.c: asks the loader (dl_iterate_phdr) for objects, their executable segments and their build-ID notes.

#include "modules.h"

#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define PAGE_BYTES ((uintptr_t)4096)

// ELF notes: name size, description size, type, then both padded to 4 bytes. The build ID is type 3 of "GNU".
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

// The file that is mapped there; NULL: none, or there is no /proc.
static char *mapped_file(uintptr_t address) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL, *file = NULL;
    size_t room = 0;
    for (ssize_t size; maps != NULL && file == NULL && (size = getline(&line, &room, maps)) > 0;) {
        uintptr_t start, end;
        char *name = strchr(line, '/');
        if (name != NULL && sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) == 2 && start <= address && address < end) {
            line[size - (line[size - 1] == '\n')] = '\0';
            file = strdup(name);
        }
    }
    free(line);
    if (maps != NULL) {
        fclose(maps);
    }
    return file;
}

// Where the kernel has mapped no loader (AT_BASE), it was the loader that it executed, with the program as an argument: /proc/self/exe is
// the loader then. Or the program is static.
static char *program_file(uintptr_t start) {
    char *file = getauxval(AT_BASE) == 0 ? mapped_file(start) : NULL;
    file = file != NULL ? file : realpath("/proc/self/exe", NULL);
    return file != NULL ? file : realpath("/proc/thread-self/exe", NULL); // the first thread has ended
}

// The program itself has an empty name, the vDSO the name of no file.
static char *shown_name(const char *name, bool is_program, uintptr_t start) {
    if (start == (getauxval(AT_SYSINFO_EHDR) & ~(PAGE_BYTES - 1))) {
        return strdup("[vdso]");
    }
    char *resolved = is_program ? program_file(start) : realpath(name, NULL);
    return resolved != NULL ? resolved : strdup(name);
}

static bool same_place(const struct module *module, uintptr_t start, uintptr_t limit, const char *build_id) {
    return module->start == start && module->limit == limit && strcmp(module->build_id, build_id) == 0;
}

// The module of the same content at the same place, if there was one.
static struct module *known(const struct modules *modules, const struct module *wanted, const char *name) {
    for (size_t i = modules->count; i-- > 0;) {
        struct module *module = modules->items[i];
        if (!same_place(module, wanted->start, wanted->limit, wanted->build_id)) {
            continue;
        }
        // Without a build ID the name has to tell whether it is still the same object.
        char *file = wanted->build_id[0] != '\0' ? NULL : shown_name(name, wanted->is_program, wanted->start);
        bool same = file == NULL || strcmp(file, module->file) == 0;
        free(file);
        if (same) {
            return module;
        }
    }
    return NULL;
}

static bool add(struct modules *modules, const struct module *wanted, const char *name) {
    struct module *module = known(modules, wanted, name);
    if (module != NULL) {
        module->seen = true;
        atomic_store(&module->unloaded_at, 0);
        return true;
    }
    size_t count = modules->count;
    if (count == MODULES_MAX) {
        return true; // the rest stays without names
    }
    module = malloc(sizeof *module);
    char *file = shown_name(name, wanted->is_program, wanted->start);
    if (module == NULL || file == NULL) {
        free(module);
        free(file);
        return false;
    }
    memcpy(module, wanted, sizeof *module);
    module->file = file;
    module->index = (uint32_t)count;
    module->loaded_at = modules->generation + 1;
    module->seen = true;
    modules->items[count] = module;
    atomic_store(&modules->count, count + 1);
    return true;
}

struct visit {
    struct modules *modules;
    size_t seen;
    bool failed;
};

static int visit_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct visit *visit = context;
    struct module module = {.bias = info->dlpi_addr, .is_program = visit->seen++ == 0};
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_NOTE && module.build_id[0] == '\0') {
            read_build_id((const uint8_t *)(info->dlpi_addr + segment->p_vaddr), segment->p_memsz, module.build_id);
        }
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0) {
            continue;
        }
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        module.start = start & ~(PAGE_BYTES - 1);
        module.limit = (start + segment->p_memsz + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
        module.file_offset = segment->p_offset & ~(PAGE_BYTES - 1);
        visit->failed |= !add(visit->modules, &module, info->dlpi_name);
    }
    return visit->failed;
}

// True: something is not loaded any more.
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

bool modules_refresh(struct modules *modules, uint32_t *ended) {
    *ended = 0;
    for (size_t i = 0; i < modules->count; i++) {
        modules->items[i]->seen = false;
    }
    struct visit visit = {.modules = modules};
    dl_iterate_phdr(visit_object, &visit);
    if (visit.failed) {
        return false;
    }
    if (note_unloaded(modules)) {
        *ended = ++modules->generation;
    }
    return true;
}

static bool was_loaded(const struct module *module, uint32_t generation) {
    uint32_t unloaded_at = atomic_load(&module->unloaded_at);
    return generation == 0 ? unloaded_at == 0 : module->loaded_at <= generation && (unloaded_at == 0 || unloaded_at >= generation);
}

const struct module *modules_find(const struct modules *modules, uintptr_t address, uint32_t generation) {
    const struct module *otherwise = NULL;
    for (size_t i = atomic_load(&modules->count); i-- > 0;) {
        const struct module *module = modules->items[i];
        if (address >= module->start && address < module->limit) {
            if (was_loaded(module, generation)) {
                return module;
            }
            otherwise = otherwise != NULL ? otherwise : module;
        }
    }
    return otherwise;
}

void modules_free(struct modules *modules) {
    for (size_t i = 0; i < modules->count; i++) {
        free(modules->items[i]->file);
        free(modules->items[i]);
    }
    memset(modules, 0, sizeof *modules);
}
