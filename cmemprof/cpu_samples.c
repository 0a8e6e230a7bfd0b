// cpu_samples.c (cpu): see cpu_samples.h.

#include "cpu_samples.h"

#include <string.h>
#include <sys/mman.h>

enum { MAX_PROBES = 32 }; // slots looked at for a stack

static const size_t slots_bytes = CPU_SAMPLE_SLOTS * sizeof(struct cpu_sample), words_bytes = CPU_SAMPLE_WORDS * sizeof(uintptr_t);

bool cpu_samples_open(struct cpu_samples *samples) {
    if (samples->slots) {
        return true;
    }
    char *memory = mmap(NULL, slots_bytes + words_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    samples->slots = (struct cpu_sample *)(void *)memory;
    samples->words = (uintptr_t *)(void *)(memory + slots_bytes);
    return true;
}

void cpu_samples_close(struct cpu_samples *samples) {
    if (samples->slots) {
        munmap(samples->slots, slots_bytes + words_bytes);
    }
    memset(samples, 0, sizeof *samples);
}

// The kernel gives zeros in its place. Where it does not (locked memory), we do.
void cpu_samples_clear(struct cpu_samples *samples) {
    if (samples->slots && madvise(samples->slots, slots_bytes + words_bytes, MADV_DONTNEED) != 0) {
        memset(samples->slots, 0, slots_bytes);
    }
    atomic_store(&samples->used_words, 0);
    atomic_store(&samples->lost_ns, 0);
}

static uint64_t hash_of(const uintptr_t *pcs, uint32_t depth) {
    uint64_t hash = depth;
    for (uint32_t i = 0; i < depth; i++) {
        hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash | 1;
}

// The slot is the caller's alone. Returns false if the stack does not fit.
static bool put(struct cpu_samples *samples, struct cpu_sample *slot, const uintptr_t *pcs, uint32_t depth) {
    size_t first = atomic_fetch_add_explicit(&samples->used_words, depth, memory_order_relaxed);
    if (first + depth > CPU_SAMPLE_WORDS) {
        return false;
    }
    slot->first = (uint32_t)first;
    memcpy(&samples->words[first], pcs, depth * sizeof *pcs);
    atomic_store_explicit(&slot->depth_frames, depth, memory_order_release);
    return true;
}

static bool is_full(const struct cpu_samples *samples) {
    return atomic_load_explicit(&samples->used_words, memory_order_relaxed) > CPU_SAMPLE_WORDS - CPU_SAMPLE_FRAMES;
}

bool cpu_samples_is_half_full(const struct cpu_samples *samples) {
    return atomic_load_explicit(&samples->used_words, memory_order_relaxed) > CPU_SAMPLE_WORDS / 2;
}

struct cpu_sample *cpu_samples_add(struct cpu_samples *samples, const uintptr_t *pcs, uint32_t depth, uint64_t ns, uint64_t ticks) {
    uint64_t hash = hash_of(pcs, depth);
    for (size_t probe = 0; samples->slots && probe < MAX_PROBES; probe++) {
        struct cpu_sample *slot = &samples->slots[((hash >> 8) + probe) % CPU_SAMPLE_SLOTS];
        uint64_t is = atomic_load_explicit(&slot->hash, memory_order_relaxed);
        if (is == 0 && !is_full(samples) && atomic_compare_exchange_strong(&slot->hash, &is, hash)) {
            if (!put(samples, slot, pcs, depth)) {
                atomic_store(&slot->hash, 0);
                break;
            }
        } else if (is != hash) {
            continue;
        }
        atomic_fetch_add_explicit(&slot->ns, ns, memory_order_relaxed);
        atomic_fetch_add_explicit(&slot->ticks, ticks, memory_order_relaxed);
        return slot;
    }
    atomic_fetch_add_explicit(&samples->lost_ns, ns, memory_order_relaxed);
    return NULL;
}

const struct cpu_sample *cpu_samples_next(const struct cpu_samples *samples, size_t *slot) {
    while (samples->slots && *slot < CPU_SAMPLE_SLOTS) {
        const struct cpu_sample *sample = &samples->slots[(*slot)++];
        if (atomic_load_explicit(&sample->depth_frames, memory_order_acquire) != 0) {
            return sample;
        }
    }
    return NULL;
}

const uintptr_t *cpu_samples_pcs(const struct cpu_samples *samples, const struct cpu_sample *sample) {
    return &samples->words[sample->first];
}
