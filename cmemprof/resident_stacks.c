// resident_stacks.c (resident): stacks of threads, recognized by the thread's descriptor that libc puts at their upper end, or by their
// stack pointer.
//
// glibc's struct pthread begins with its own address, which it holds at 16 as well; its thread ID is at 720 (glibc 2.28 to 2.41, x86-64,
// nptl/descr.h). A thread that ended leaves its stack to the next one: glibc keeps up to 40 MiB of them, with a thread ID of 0.

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resident_pieces.h"

enum { TOP_BYTES = 4096, STEP_BYTES = 16, SELF_OFFSET = 16, TID_OFFSET = 720, NAME_BYTES = 32, TRIES = 3 };

struct thread {
    uint64_t id; // first: address_order.h; here: sorted by ID
    bool is_found;
};

// The beginning of a file of a thread. False: there is none, as the thread has ended.
static bool read_text(const struct resident *resident, uint64_t thread, const char *name, char *text, size_t size) {
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/task/%llu/%s", (int)resident->pid, (unsigned long long)thread, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, text, size - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static uint32_t name_of(struct resident *resident, uint64_t thread) {
    char name[NAME_BYTES];
    if (!read_text(resident, thread, "comm", name, sizeof name)) {
        return resident_name(resident, "ended threads");
    }
    name[strcspn(name, "\n")] = '\0';
    return resident_name(resident, name);
}

static struct thread *list_threads(struct resident *resident) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)resident->pid);
    DIR *directory = opendir(path);
    struct thread *threads = NULL;
    size_t count = 0, capacity = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        uint64_t id = strtoull(entry->d_name, NULL, 10);
        if (id == 0) {
            continue;
        }
        if (count == capacity) {
            size_t more = capacity != 0 ? 2 * capacity : 64;
            struct thread *grown = symbolizer_arena_grow(&resident->memory, threads, capacity * sizeof *threads, more * sizeof *threads);
            if (!grown) {
                resident->ran_short = true;
                break;
            }
            threads = grown;
            capacity = more;
        }
        threads[count++] = (struct thread){.id = id, .is_found = id == (uint64_t)resident->pid}; // the first one's is [stack]
    }
    if (directory) {
        closedir(directory);
    }
    resident->threads = count;
    return threads;
}

// The address of a descriptor at the upper end of a stack, and the thread ID in it; 0: there is none.
static uint64_t find_descriptor(const struct resident *resident, uint64_t top, uint64_t *id) {
    uint64_t words[TOP_BYTES / sizeof(uint64_t)];
    if (top < sizeof words || !resident_bytes(resident, top - sizeof words, words, sizeof words)) {
        return 0;
    }
    for (size_t offset = 0; offset + TID_OFFSET + sizeof(uint32_t) <= sizeof words; offset += STEP_BYTES) {
        uint64_t at = top - sizeof words + offset;
        if (words[offset / 8] == at && words[(offset + SELF_OFFSET) / 8] == at) {
            uint32_t tid;
            memcpy(&tid, (const char *)words + offset + TID_OFFSET, sizeof tid);
            *id = tid;
            return at;
        }
    }
    return 0;
}

static void add_stack(struct resident *resident, const struct resident_stack *stack) {
    struct resident_stack *stacks =
        resident_grown(resident, resident->stacks, resident->stack_count, &resident->stack_capacity, sizeof *stacks);
    if (stacks) {
        resident->stacks = stacks;
        resident->stacks[resident->stack_count++] = *stack;
    }
}

static struct thread *thread_of(struct thread *threads, size_t count, uint64_t id) {
    for (size_t i = 0; i < count; i++) {
        if (threads[i].id == id) {
            return &threads[i];
        }
    }
    return NULL;
}

static uint64_t default_stack_bytes(const struct resident *resident) {
    char text[4096];
    const char *at = read_text(resident, (uint64_t)resident->pid, "limits", text, sizeof text) ? strstr(text, "Max stack size") : NULL;
    return at ? strtoull(at + strlen("Max stack size"), NULL, 10) : 0; // "unlimited": 0
}

// A stack has a guard below it. Its upper end is its area's, or where the default size ends if a mapping above was joined to it.
static void find_by_descriptors(struct resident *resident, struct thread *threads) {
    uint64_t usual = default_stack_bytes(resident);
    for (size_t i = 1; i < resident->piece_count; i++) {
        struct resident_piece piece = resident->pieces[i], guard = resident->pieces[i - 1];
        if (!resident_is_anonymous(&piece) || guard.high != piece.low || guard.is_readable || guard.is_writable) {
            continue;
        }
        uint64_t id, top = piece.high, descriptor = find_descriptor(resident, top, &id);
        if (descriptor == 0) {
            top = usual != 0 && piece.high - piece.low > usual ? piece.low + usual : 0;
            descriptor = top != 0 ? find_descriptor(resident, top, &id) : 0;
            if (descriptor == 0) {
                continue;
            }
        }
        struct thread *thread = id != 0 ? thread_of(threads, resident->threads, id) : NULL;
        if (thread) {
            thread->is_found = true;
        }
        uint32_t name = name_of(resident, id);
        resident_claim(resident, piece.low, top, RESIDENT_STACKS, name);
        add_stack(resident, &(struct resident_stack){piece.low, top, descriptor, name, !thread});
    }
}

// "SYSCALL-NUMBER ARGUMENT... SP PC", "-1 SP PC", or "running". 0: not to be learned.
static uint64_t stack_pointer(const struct resident *resident, uint64_t thread) {
    char text[256];
    for (int i = 0; i < TRIES && read_text(resident, thread, "syscall", text, sizeof text); i++) {
        char *pc = strrchr(text, ' ');
        if (pc) {
            *pc = '\0';
            char *sp = strrchr(text, ' ');
            return sp ? strtoull(sp, NULL, 16) : 0;
        }
        usleep(1000);
    }
    return 0;
}

// Threads of a Go program without C run on stacks in Go's heap, and all Go threads do while they run Go code.
static bool is_in_go_heap(const struct resident *resident, uint64_t address) {
    for (size_t i = 0; i < resident->claim_count; i++) {
        const struct resident_claimed *claim = &resident->claims[i];
        if (claim->part == RESIDENT_GO_HEAP && address >= claim->low && address < claim->high) {
            return true;
        }
    }
    return false;
}

// Other libcs' threads, and stacks that the program made. One that never waits is not found.
static void find_by_pointers(struct resident *resident, struct thread *threads) {
    for (size_t i = 0; i < resident->threads; i++) {
        if (threads[i].is_found) {
            continue;
        }
        uint64_t at = stack_pointer(resident, threads[i].id);
        if (at != 0 && is_in_go_heap(resident, at)) {
            continue;
        }
        const struct resident_piece *piece = at != 0 ? resident_piece_at(resident, at) : NULL;
        if (piece && resident_is_anonymous(piece) && piece > resident->pieces && piece[-1].high == piece->low && !piece[-1].is_readable) {
            uint64_t low = piece->low, high = piece->high;
            resident_claim(resident, low, high, RESIDENT_STACKS, name_of(resident, threads[i].id));
        } else {
            resident->lost_threads++;
        }
    }
}

void resident_find_stacks(struct resident *resident) {
    struct thread *threads = list_threads(resident);
    if (threads) {
        find_by_descriptors(resident, threads);
        find_by_pointers(resident, threads);
    }
}
