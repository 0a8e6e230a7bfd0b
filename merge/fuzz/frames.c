// frames.c: see frames.h, also for threads and memory.
#include "frames.h"

#include <string.h>

#define SCRATCH (1u << 17)

struct frames frames_split(const uint8_t *data, size_t size) {
    struct frames frames = {.count = 0};
    struct span span = {data, data + size};
    uint64_t length = 0;
    while (frames.count < MAX_FRAMES && span.at < span.end && take_varint(&span, &length) &&
           take_bytes(&span, length, &frames.items[frames.count])) {
        frames.count++;
    }
    return frames;
}

static size_t join(const struct frames *frames, uint8_t *out, size_t capacity) {
    uint8_t *at = out;
    for (size_t i = 0; i < frames->count; i++) {
        size_t size = span_size(frames->items[i]);
        if (capacity - (size_t)(at - out) < size + 10) {
            break;
        }
        at = put_varint(at, size);
        memcpy(at, frames->items[i].at, size);
        at += size;
    }
    return (size_t)(at - out);
}

static void swap(struct span *a, struct span *b) {
    struct span copy = *a;
    *a = *b;
    *b = copy;
}

// Writes into `changed`, which holds SCRATCH bytes.
static void change_frame(struct frames *frames, size_t index, uint8_t *changed, size_t max_size, struct random *random) {
    struct span *frame = &frames->items[index];
    size_t size = span_size(*frame), capacity = max_size < SCRATCH ? max_size : SCRATCH;
    if (size > capacity) {
        return;
    }
    memcpy(changed, frame->at, size);
    const struct span *other = &frames->items[random_below(random, frames->count)];
    if (frames->count > 1 && random_below(random, 12) == 0) {
        size = mutate_cross(changed, size, other->at, span_size(*other), capacity, random);
    } else {
        size = mutate_profile(changed, size, capacity, random);
    }
    *frame = (struct span){changed, changed + size};
}

size_t frames_mutate(uint8_t *data, size_t size, size_t max_size, struct random *random) {
    static uint8_t changed[SCRATCH], joined[SCRATCH + 64];
    struct frames frames = frames_split(data, size);
    if (frames.count == 0 || random_below(random, 64) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    size_t index = random_below(random, frames.count), other = random_below(random, frames.count);
    size_t action = random_below(random, 10);
    if (action == 0 && frames.count > 1) {
        frames.items[index] = frames.items[--frames.count];
    } else if (action == 1) {
        swap(&frames.items[index], &frames.items[other]);
    } else if (action <= 3 && frames.count < MAX_FRAMES) { // the next profile of a series is mostly a mutated copy of the previous one
        frames.items[frames.count++] = frames.items[index];
        change_frame(&frames, frames.count - 1, changed, max_size, random);
    } else {
        change_frame(&frames, index, changed, max_size, random);
    }
    size_t made = join(&frames, joined, max_size < sizeof joined ? max_size : sizeof joined);
    if (made == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    memcpy(data, joined, made);
    return made;
}
