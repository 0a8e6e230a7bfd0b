// resident_stacks.c (resident): stacks of threads, recognized by the thread's descriptor that libc puts at their upper end, or by their
// stack pointer.
//
// glibc's struct pthread has addresses of its own parts and the thread ID (machine.h), and further on the address of its stack's memory,
// the size, and that of the guard at its lower end (nptl/descr.h). A thread that ended leaves its stack to the next one: glibc keeps up to
// 40 MiB of them, with a thread ID of 0. From glibc 2.42 and Linux 6.13 on guards are made by MADV_GUARD_INSTALL: they are no areas of
// their own, and stacks that lie one below the other are one area.

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address_order.h"
#include "machine.h"
#include "resident_pieces.h"

enum { PAGE_BYTES = 4096, STEP_BYTES = 16, NAME_BYTES = 32, TRIES = 3 };
enum { MAX_PAGES_ABOVE = 2048 }; // of a stack's pages in use, to its end

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

// A stack that ends at top, with a descriptor there: its bounds, and the thread ID. *block: where its memory begins, below the guard; 0:
// the descriptor does not say. False: no stack ends there.
static bool find_at_top(const struct resident *resident, uint64_t top, struct resident_stack *stack, uint64_t *id, uint64_t *block) {
    enum { WORDS = MACHINE_THREAD_TOP_BYTES / sizeof(uint64_t), STEP = STEP_BYTES / sizeof(uint64_t) };
    uint64_t words[WORDS], low = top - sizeof words;
    if (top < sizeof words || !resident_bytes(resident, low, words, sizeof words)) {
        return false;
    }
    for (size_t i = 0; i * sizeof *words + MACHINE_THREAD_LEAST_BYTES <= sizeof words; i += STEP) {
        uint64_t at = low + i * sizeof *words;
        if (!machine_is_thread(&words[i], at)) {
            continue;
        }
        uint32_t tid;
        memcpy(&tid, (const char *)&words[i] + MACHINE_THREAD_ID, sizeof tid);
        *id = tid;
        *block = 0;
        *stack = (struct resident_stack){.high = top, .descriptor = at};
        for (size_t k = i + MACHINE_THREAD_ID / sizeof *words + 1; *block == 0 && k + 2 < WORDS; k++) { // the block, its size, the guard's
            if (words[k] != 0 && words[k] < at && words[k] % PAGE_BYTES == 0 && words[k + 1] == top - words[k]) {
                *block = words[k];
                stack->low = *block + (words[k + 2] % PAGE_BYTES == 0 && words[k + 2] < words[k + 1] ? words[k + 2] : 0);
            }
        }
        return true;
    }
    return false;
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

// A descriptor that was there when its stack was seen from the other side.
static bool is_known(const struct resident *resident, uint64_t descriptor) {
    for (size_t i = 0; i < resident->stack_count; i++) {
        if (resident->stacks[i].descriptor == descriptor) {
            return true;
        }
    }
    return false;
}

// Claims the stack that ends at top. Returns where the next one below it ends, if it is in the same area; 0: no stack ends there, or it is
// known. low: where it begins if its descriptor does not say; 0: then it is no stack.
static uint64_t claim_at_top(struct resident *resident, struct thread *threads, uint64_t top, uint64_t low) {
    struct resident_stack stack;
    uint64_t id, block;
    size_t looks = 1;
    if (resident_next_present(resident, top - PAGE_BYTES, top, &looks) >= top || !find_at_top(resident, top, &stack, &id, &block) ||
        (block == 0 && low == 0)) {
        return 0;
    }
    struct thread *thread = id != 0 ? thread_of(threads, resident->threads, id) : NULL;
    if (thread ? thread->is_found : is_known(resident, stack.descriptor)) {
        return 0;
    }
    if (thread) {
        thread->is_found = true;
    }
    stack.low = block != 0 ? stack.low : low;
    stack.name = name_of(resident, id);
    stack.is_kept = !thread;
    resident_claim(resident, stack.low, top, RESIDENT_STACKS, stack.name);
    add_stack(resident, &stack);
    return block != 0 ? block : low;
}

// Stacks lie one below the other, in one area if the kernel keeps their guards in its page table.
static void claim_down(struct resident *resident, struct thread *threads, const struct resident_piece *piece, uint64_t top, uint64_t low) {
    do {
        top = claim_at_top(resident, threads, top, low);
        low = 0;
    } while (top > piece->low && top - piece->low > PAGE_BYTES);
}

// The upper end of a stack is its area's, or where the default size ends if a mapping above was joined to it. Only areas that may be a
// stack are looked at: with a guard below, or large enough for stacks and their guards.
static void find_by_areas(struct resident *resident, struct thread *threads) {
    uint64_t usual = default_stack_bytes(resident);
    for (size_t i = 1; i < resident->piece_count; i++) {
        struct resident_piece piece = resident->pieces[i], guard = resident->pieces[i - 1];
        if (!resident_is_anonymous(&piece)) {
            continue;
        }
        bool has_guard = guard.high == piece.low && !guard.is_readable && !guard.is_writable;
        bool is_large = usual != 0 && piece.high - piece.low > usual;
        if (has_guard || is_large) {
            claim_down(resident, threads, &piece, piece.high, has_guard ? piece.low : 0);
        }
        if (has_guard && is_large) {
            claim_down(resident, threads, &piece, piece.low + usual, piece.low);
        }
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

// The end of the stack that the address is on: the first descriptor above it. 0: none near.
static uint64_t find_top(const struct resident *resident, const struct resident_piece *piece, uint64_t address, uint64_t thread) {
    struct resident_stack stack;
    uint64_t id, block, at = address & ~(uint64_t)(PAGE_BYTES - 1);
    size_t left = MAX_PAGES_ABOVE;
    while (left > 0 && (at = resident_next_present(resident, at, piece->high, &left)) < piece->high) {
        at += PAGE_BYTES;
        left--;
        if (find_at_top(resident, at, &stack, &id, &block) && id == thread) {
            return at;
        }
    }
    return 0;
}

// Stacks of one area, from that of one thread on in both directions: above it as long as they are of one size.
static void claim_around(struct resident *resident, struct thread *threads, const struct resident_piece *piece, uint64_t top) {
    claim_down(resident, threads, piece, top, 0);
    struct resident_stack stack;
    uint64_t id, block;
    while (find_at_top(resident, top, &stack, &id, &block) && block != 0) {
        top += top - block;
        if (top > piece->high || claim_at_top(resident, threads, top, 0) == 0) {
            return;
        }
    }
}

// Threads whose stacks lie amid one area, other libcs' threads, and stacks that the program made. One that never waits is not found, unless
// its stack lies beside another's.
static void find_by_pointers(struct resident *resident, struct thread *threads) {
    for (size_t i = 0; i < resident->threads; i++) {
        if (threads[i].is_found) {
            continue;
        }
        uint64_t at = stack_pointer(resident, threads[i].id);
        const struct resident_piece *piece = at != 0 ? resident_piece_at(resident, at) : NULL;
        if (!piece || !resident_is_anonymous(piece)) {
            continue;
        }
        struct resident_piece area = *piece;
        bool has_guard = piece > resident->pieces && piece[-1].high == area.low && !piece[-1].is_readable;
        uint64_t top = is_in_go_heap(resident, at) ? 0 : find_top(resident, &area, at, threads[i].id);
        if (is_in_go_heap(resident, at)) {
            threads[i].is_found = true;
        } else if (top != 0) {
            claim_around(resident, threads, &area, top);
        }
        if (!threads[i].is_found && has_guard) {
            resident_claim(resident, area.low, area.high, RESIDENT_STACKS, name_of(resident, threads[i].id));
            threads[i].is_found = true;
        }
    }
    for (size_t i = 0; i < resident->threads; i++) {
        resident->lost_threads += !threads[i].is_found;
    }
}

void resident_find_stacks(struct resident *resident) {
    struct thread *threads = list_threads(resident);
    if (threads) {
        find_by_areas(resident, threads);
        find_by_pointers(resident, threads);
    }
    if (!address_sort(&resident->memory, resident->stacks, resident->stack_count, sizeof *resident->stacks)) {
        resident->ran_short = true;
        resident->stack_count = 0;
    }
}
