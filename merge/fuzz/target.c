// target.c: see target.h, also for threads and memory. malloc, calloc, realloc and getrandom are wrapped by the linker (--wrap), to fail or
// to be deterministic; the sanitizer's hooks count memory.
#include "target.h"

#include "../compress.h"

#include <sanitizer/allocator_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

void must(bool holds, const char *text) {
    if (holds) {
        return;
    }
    fprintf(stderr, "check failed: %s\n", text);
    abort();
}

uint64_t choices_of(const uint8_t *data, size_t size) {
    uint64_t hash = size;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ data[i]) * UINT64_C(0x100000001b3) + (hash >> 41);
    }
    return (hash ^ hash >> 31) * UINT64_C(0x9e3779b97f4a7c15) >> 8;
}

// ---- Memory ----

static size_t live, peak;
static bool watching;
static long countdown = -1;
static bool failed;

static void on_malloc(const volatile void *block, size_t size) {
    if (!watching || !block) {
        return;
    }
    live += size;
    if (live > peak) {
        peak = live;
    }
}

static void on_free(const volatile void *block) {
    size_t size = watching && block ? __sanitizer_get_allocated_size(block) : 0;
    live -= size < live ? size : live;
}

void memory_watch(void) {
    static bool installed;
    if (!installed) {
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    }
    installed = watching = true;
    live = peak = 0;
}

size_t memory_peak(void) {
    watching = false;
    return peak;
}

void memory_fail(size_t index) {
    failed = false;
    countdown = (long)index;
}

bool memory_relent(void) {
    countdown = -1;
    return failed;
}

static bool fails_now(void) {
    if (countdown < 0 || countdown-- > 0) {
        return false;
    }
    failed = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size) {
    return fails_now() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    return fails_now() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) {
    return fails_now() ? NULL : __real_realloc(old, size);
}

// A constant hash seed makes runs reproducible.
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags) {
    (void)flags;
    memset(bytes, 1, size);
    return (ssize_t)size;
}

// ---- Common checks ----

bool has_window(struct span input) {
    enum merge_compression kind = compress_kind(input.at, span_size(input));
    return kind == MERGE_ZSTD || kind == MERGE_LZ4; // LZ4: two blocks
}

void check_memory(size_t input_bytes, bool window, const char *text) {
    size_t max_bytes = MEMORY_BASE + input_bytes * MEMORY_EACH + (window ? MEMORY_WINDOW : 0);
    if (peak > max_bytes) {
        fprintf(stderr, "%zu bytes of memory for %zu bytes of input\n", peak, input_bytes);
    }
    must(peak <= max_bytes, text);
}

void check_fault(enum merge_error error, const struct merge_fault *fault, size_t size) {
    must(error > MERGE_OK && error < MERGE_ERROR_COUNT, "an unknown error");
    must(fault->error == error, "the fault tells another error");
    must(memchr(fault->text, 0, sizeof fault->text), "the text of a fault has no end");
    must(fault->text[0] != 0, "a fault without a text");
    must(fault->offset <= size, "a fault behind the input");
    must(*merge_error_text(error) != 0, "an error without a name");
}

struct raw raw_of(struct span input, size_t limit_bytes) {
    struct raw raw = {0};
    raw.error = merge_inflate(input.at, span_size(input), limit_bytes, &raw.bytes, &raw.size, NULL);
    must((raw.error == MERGE_OK) == !!raw.bytes, "an error leaves inflated bytes, or none are there without one");
    return raw;
}

bool too_slow(struct span input) {
    struct raw raw = raw_of(input, 1 << 20);
    free(raw.bytes);
    return raw.error == MERGE_TOO_LARGE;
}

bool decodes(struct span input) {
    struct profile *profile = profile_new();
    enum merge_error error = profile_decode(profile, input.at, span_size(input), NULL, NULL, NULL);
    profile_free(profile);
    return error == MERGE_OK;
}

void content_of_output(struct content *content, const uint8_t *bytes, size_t size) {
    must(bytes && size > 0, "success without an output");
    must(content_read(content, bytes, size), "the output is not a profile");
}
