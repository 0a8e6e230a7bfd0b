// resident.c (resident): what the kernel tells of each area, and the sums.

#include "resident.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process_status.h"
#include "resident_pieces.h"

const char *resident_part_key(enum resident_part part) {
    static const char *const keys[RESIDENT_PART_COUNT] = {
        [RESIDENT_PROGRAM] = "program",      [RESIDENT_LIBRARIES] = "libraries",     [RESIDENT_FILES] = "files",
        [RESIDENT_SHARED] = "shared_memory", [RESIDENT_MALLOC] = "malloc",           [RESIDENT_GO_HEAP] = "go_heap",
        [RESIDENT_STACKS] = "thread_stacks", [RESIDENT_GO_OTHER] = "go_metadata",    [RESIDENT_MAPPED] = "mapped",
        [RESIDENT_PROFILER] = "profiler",    [RESIDENT_UNEXPLAINED] = "unexplained",
    };
    return part < RESIDENT_PART_COUNT ? keys[part] : "unknown";
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_shared_memory(const struct smaps_area *area) {
    return begins(area->name, "/memfd:") || begins(area->name, "/dev/shm/") || begins(area->name, "/SYSV") ||
           begins(area->name, "/dev/zero") || begins(area->name, "[anon_shmem") || (area->permissions[3] == 's' && area->inode == 0);
}

// Zeroed memory behind an object's data segment, of which the file has no bytes: it begins where that ends.
static bool is_bss(const struct resident *resident, const struct smaps_area *area) {
    const struct smaps_area *last = &resident->last;
    return area->name[0] == '\0' && area->low == last->high && last->name && last->name[0] == '/' && last->permissions[3] == 'p' &&
           memcmp(area->permissions, last->permissions, 3) == 0;
}

static enum resident_part part_of(const struct resident *resident, const struct smaps_area *area, uint32_t name) {
    if (is_shared_memory(area)) {
        return RESIDENT_SHARED;
    }
    if (area->name[0] == '/') {
        return name == resident->program ? RESIDENT_PROGRAM : RESIDENT_FILES; // which of them are libraries is known at the end
    }
    if (strcmp(area->name, "[heap]") == 0) {
        return RESIDENT_MALLOC;
    }
    if (strcmp(area->name, "[stack]") == 0) {
        return RESIDENT_STACKS;
    }
    if (area->name[0] == '[' && !begins(area->name, "[anon:")) {
        return RESIDENT_LIBRARIES; // [vdso], [vvar], ...: the kernel's
    }
    return RESIDENT_UNEXPLAINED;
}

// 4 TiB at most.
static uint32_t kib(uint64_t bytes) {
    return bytes >> 10 < UINT32_MAX ? (uint32_t)(bytes >> 10) : UINT32_MAX;
}

static void add_area(void *context, const struct smaps_area *area) {
    struct resident *resident = context;
    bool is_bss_of_last = is_bss(resident, area);
    uint32_t name = is_bss_of_last ? resident->last_name : resident_name(resident, area->name);
    enum resident_part part = is_bss_of_last && name == resident->program ? RESIDENT_PROGRAM
                              : is_bss_of_last                            ? RESIDENT_FILES
                                                                          : part_of(resident, area, name);
    if (strcmp(area->name, "[heap]") == 0) {
        name = resident_name(resident, "heap (break)");
    } else if (strcmp(area->name, "[stack]") == 0) {
        name = resident_name(resident, "main thread");
    }
    resident_add_piece(resident, &(struct resident_piece){.low = area->low,
                                                          .high = area->high,
                                                          .rss = area->rss,
                                                          .anonymous_kib = kib(area->anonymous),
                                                          .lazy_free_kib = kib(area->lazy_free),
                                                          .huge_kib = kib(area->huge),
                                                          .swap_kib = kib(area->swap),
                                                          .name = name,
                                                          .part = (uint8_t)part,
                                                          .is_readable = area->permissions[0] == 'r',
                                                          .is_writable = area->permissions[1] == 'w',
                                                          .is_executable = area->permissions[2] == 'x',
                                                          .is_private = area->permissions[3] == 'p',
                                                          .has_file = area->name[0] == '/' || is_bss_of_last});
    resident->area_count++;
    resident->rss += area->rss;
    resident->swap += area->swap;
    resident->hugetlb += area->hugetlb;
    resident->last = *area;
    resident->last.name = area->name[0] == '/' ? resident->names[name].text : "";
    resident->last_name = name;
}

// A file of which code is mapped is a library, with all its other areas.
static void find_libraries(struct resident *resident) {
    for (size_t i = 0; i < resident->piece_count; i++) {
        const struct resident_piece *piece = &resident->pieces[i];
        if (piece->part == RESIDENT_FILES && piece->is_executable) {
            resident->names[piece->name].entries[RESIDENT_LIBRARIES] = UINT32_MAX; // marked
        }
    }
    for (size_t i = 0; i < resident->piece_count; i++) {
        struct resident_piece *piece = &resident->pieces[i];
        if (piece->part == RESIDENT_FILES && resident->names[piece->name].entries[RESIDENT_LIBRARIES] == UINT32_MAX) {
            piece->part = RESIDENT_LIBRARIES;
        }
    }
    for (size_t i = 0; i < resident->name_count; i++) {
        resident->names[i].entries[RESIDENT_LIBRARIES] = 0;
    }
}

static struct resident_entry *entry_of(struct resident *resident, enum resident_part part, uint32_t name) {
    uint32_t *number = &resident->names[name].entries[part];
    if (*number == 0) {
        if (resident->entry_count == resident->entry_capacity) {
            size_t size = sizeof *resident->entries, capacity = resident->entry_capacity != 0 ? 2 * resident->entry_capacity : 64;
            void *grown = symbolizer_arena_grow(&resident->memory, resident->entries, resident->entry_capacity * size, capacity * size);
            if (!grown) {
                resident->ran_short = true;
                return NULL;
            }
            resident->entries = grown;
            resident->entry_capacity = capacity;
        }
        resident->entries[resident->entry_count++] = (struct resident_entry){.part = part, .name = resident->names[name].text};
        *number = (uint32_t)resident->entry_count;
    }
    return &resident->entries[*number - 1];
}

static void add_up(struct resident *resident) {
    for (size_t i = 0; i < resident->piece_count; i++) {
        const struct resident_piece *piece = &resident->pieces[i];
        resident->parts[piece->part] += piece->rss;
        struct resident_entry *entry = entry_of(resident, piece->part, piece->name);
        if (entry) {
            entry->rss += piece->rss;
            entry->anonymous += (uint64_t)piece->anonymous_kib << 10;
            entry->lazy_free += (uint64_t)piece->lazy_free_kib << 10;
            entry->huge += (uint64_t)piece->huge_kib << 10;
            entry->swap += (uint64_t)piece->swap_kib << 10;
            entry->mapped += piece->high - piece->low;
            entry->pieces++;
        }
    }
    // Few are large, and they come first.
    for (size_t i = 1; i < resident->entry_count; i++) {
        struct resident_entry entry = resident->entries[i];
        size_t at = i;
        for (; at > 0 && resident->entries[at - 1].rss < entry.rss; at--) {
            resident->entries[at] = resident->entries[at - 1];
        }
        resident->entries[at] = entry;
    }
}

static int open_of(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static uint32_t read_program(struct resident *resident) {
    char path[64], program[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)resident->pid);
    ssize_t size = readlink(path, program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    return resident_name(resident, program);
}

static bool is_filtered(void) {
    struct process_status status;
    return process_status_read(PROCESS_STATUS, &status) && status.seccomp != PROCESS_STATUS_UNKNOWN && status.seccomp != 0;
}

enum smaps_error resident_read_areas(struct resident *resident, pid_t pid, const char *name) {
    *resident = (struct resident){.pid = pid, .bytes_file = -1, .pages_file = -1};
    symbolizer_arena_open(&resident->memory);
    char path[64], *buffer = symbolizer_arena_alloc(&resident->memory, SMAPS_BUFFER_BYTES);
    resident_name(resident, ""); // number 0: what a name is that memory does not suffice for
    resident->ran_short |= !buffer;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int file;
    enum smaps_error error = smaps_open(path, &file);
    if (error != SMAPS_OK || resident->ran_short) {
        if (error == SMAPS_OK) {
            close(file);
        }
        return error != SMAPS_OK ? error : SMAPS_UNREADABLE;
    }
    resident->program = read_program(resident);
    error = smaps_read(file, buffer, add_area, resident);
    symbolizer_arena_drop(&resident->memory, buffer, SMAPS_BUFFER_BYTES);
    close(file);
    resident->bytes_file = open_of(pid, "mem");
    resident->pages_file = open_of(pid, "pagemap");
    resident->is_filtered = is_filtered();
    resident->reads_bytes = resident->bytes_file >= 0;
    resident->reads_pages = resident->pages_file >= 0;
    // A zombie or a kernel thread has no memory.
    return error == SMAPS_OK && resident->area_count == 0 ? SMAPS_NO_PROCESS : error;
}

static void find_parts(struct resident *resident) {
    find_libraries(resident);
    resident_find_go(resident);
    resident_find_stacks(resident);
    resident_find_glibc_heaps(resident);
}

enum smaps_error resident_read(pid_t pid, struct resident *resident) {
    enum smaps_error error = resident_read_areas(resident, pid, "smaps");
    if (error == SMAPS_OK) {
        find_parts(resident);
        resident_find_large_blocks(resident);
        resident_cut(resident);
        add_up(resident);
    }
    return error;
}

static enum smaps_error read_own(struct resident *resident, const struct resident_own *own, bool is_quick) {
    enum smaps_error error = resident_read_areas(resident, getpid(), is_quick ? "maps" : "smaps");
    if (error == SMAPS_OK) {
        resident->is_own = true;
        resident->is_quick = is_quick;
        if (is_quick && !resident_count_areas(resident)) {
            return SMAPS_UNREADABLE;
        }
        resident->go = own->go ? *own->go : (struct resident_go){0};
        find_parts(resident);
        if (own->claim) {
            own->claim(resident, own->context);
        }
        resident_find_large_blocks(resident);
        if (own->claim_blocks) {
            own->claim_blocks(resident, own->context);
        }
        resident_cut(resident);
        for (size_t i = 0; is_quick && i < resident->piece_count; i++) {
            resident->rss += resident->pieces[i].rss;
        }
        if (own->go) {
            *own->go = resident->go;
        }
    }
    return error;
}

enum smaps_error resident_read_own(struct resident *resident, const struct resident_own *own) {
    enum smaps_error error = read_own(resident, own, true);
    if (error == SMAPS_UNREADABLE || (error == SMAPS_OK && !resident_count_is_right(resident))) {
        resident_close(resident);
        error = read_own(resident, own, false);
    }
    if (error == SMAPS_OK) {
        add_up(resident);
    }
    return error;
}

void resident_close(struct resident *resident) {
    if (resident->bytes_file >= 0) {
        close(resident->bytes_file);
    }
    if (resident->pages_file >= 0) {
        close(resident->pages_file);
    }
    symbolizer_arena_close(&resident->memory);
    *resident = (struct resident){.bytes_file = -1, .pages_file = -1};
}
