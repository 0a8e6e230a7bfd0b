// mutate.h: structure-aware mutations, so that the fuzzer gets past the first varint. Threads: one. Memory: static.
#ifndef CMEMPROF_MERGE_FUZZ_MUTATE_H
#define CMEMPROF_MERGE_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

// splitmix64: good enough, and the same on every machine.
struct random {
    uint64_t state;
};
static inline uint64_t random_next(struct random *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
// 0 <= result < bound; bound 0: 0.
static inline size_t random_below(struct random *random, size_t bound) {
    return bound ? (size_t)(random_next(random) % bound) : 0;
}

// Mutates in place. Returns the new size, 1 to max_size.
size_t mutate_profile(uint8_t *data, size_t size, size_t max_size, struct random *random);
// Copies messages of `other` into `data`, in place.
size_t mutate_cross(uint8_t *data, size_t size, const uint8_t *other, size_t other_size, size_t max_size, struct random *random);

// libFuzzer's mutator for plain bytes.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
