// family_rules.c: prints the behaviour of each function of the family; the text must be the same with and without cmemprof. Also checks
// that the whole usable size may be written, alignments hold, and free preserves errno.

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"

static volatile size_t zero; // so that the compiler knows no size

static void tell(const char *what, const void *block) {
    printf("%s: %s, %s\n", what, block ? "a block" : "NULL", errno != 0 ? strerror(errno) : "errno unchanged");
    errno = 0;
}

static void *usable(void *block, size_t size, size_t alignment) {
    CHECK(block && (uintptr_t)block % alignment == 0, "%p is not aligned to %zu", block, alignment);
    size_t usable = malloc_usable_size(block);
    CHECK(usable >= size, "usable %zu of %zu", usable, size);
    memset(block, 0x5a, usable);
    return block;
}

static void gone(void *block) {
    errno = 77;
    free(block);
    CHECK(errno == 77, "free changes errno to %d", errno);
    errno = 0;
}

static void plain_sizes(void) {
    for (size_t size = 0; size < 400000; size = size * 2 + size / 3 + 1) {
        gone(usable(malloc(size + zero), size, 16));
        gone(usable(calloc(size, 1), size, 16));
        gone(usable(realloc(NULL, size + (size == 0)), size, 16));
        gone(usable(valloc(size), size, 4096));
        gone(usable(pvalloc(size), (size + 4095) & ~(size_t)4095, 4096));
        for (size_t alignment = 1; alignment <= 65536; alignment *= 4) {
            void *block = NULL;
            if (alignment >= sizeof(void *)) {
                CHECK(posix_memalign(&block, alignment, size) == 0, "posix_memalign");
                gone(usable(block, size, alignment));
            }
            gone(usable(aligned_alloc(alignment, size), size, alignment));
            gone(usable(memalign(alignment, size), size, alignment));
        }
        unsigned char *cleared = calloc(1, size + 1);
        for (size_t i = 0; i <= size; i++) {
            CHECK(cleared[i] == 0, "calloc of %zu: byte %zu is %d", size, i, cleared[i]);
        }
        gone(cleared);
    }
}

static void odd_requests(void) {
    void *block = (void *)1;
    errno = 0;
    tell("malloc(0)", block = malloc(zero));
    void *other = malloc(zero);
    CHECK(block != other, "two blocks of 0 bytes are one");
    gone(other);
    tell("realloc(block, 0)", realloc(block, zero));
    tell("realloc(NULL, 0)", block = realloc(NULL, zero));
    tell("reallocarray(block, 0, 5)", reallocarray(block, zero, 5));
    tell("calloc(0, 5)", block = calloc(zero, 5));
    gone(block);
    tell("calloc(SIZE_MAX, 2)", calloc(SIZE_MAX + zero, 2));
    tell("calloc(2^32, 2^32)", calloc(((size_t)1 << 32) + zero, (size_t)1 << 32));
    tell("malloc(PTRDIFF_MAX + 1)", malloc((size_t)PTRDIFF_MAX + 1 + zero));
    tell("malloc(SIZE_MAX)", malloc(SIZE_MAX + zero));
    tell("pvalloc(SIZE_MAX)", pvalloc(SIZE_MAX + zero));
    tell("memalign(2^63, 1)", memalign((size_t)1 << 63, 1 + zero));
    tell("memalign(3 * 2^62, 1)", memalign((size_t)3 << 62, 1 + zero));
    tell("aligned_alloc(24, 100)", block = aligned_alloc(24 + zero, 100));
    gone(block);
    tell("memalign(24, 100)", block = memalign(24 + zero, 100));
    gone(block);
    tell("memalign(0, 100)", block = memalign(zero, 100));
    gone(block);
    static const size_t bad[] = {0, 1, 4, 12, 24, 100};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        block = &block;
        int error = posix_memalign(&block, bad[i], 100);
        printf("posix_memalign %zu: %s, %s\n", bad[i], strerror(error), block == &block ? "untouched" : "written");
        tell("posix_memalign", NULL);
    }
    int error = posix_memalign(&block, 64, SIZE_MAX - 100 + zero);
    printf("posix_memalign SIZE_MAX: %s\n", strerror(error));
    errno = 0;
    printf("malloc_usable_size(NULL): %zu\n", malloc_usable_size(NULL));
    gone(NULL);
}

static void moves(void) {
    for (size_t from = 1; from < 300000; from *= 5) {
        for (size_t to = 1; to < 300000; to *= 7) {
            unsigned char *block = from % 2 == 0 ? malloc(from) : memalign(256, from);
            for (size_t i = 0; i < from; i++) {
                block[i] = (unsigned char)(i * 7);
            }
            block = realloc(block, to);
            CHECK(block && (uintptr_t)block % 16 == 0 && malloc_usable_size(block) >= to, "realloc");
            for (size_t i = 0; i < from && i < to; i++) {
                CHECK(block[i] == (unsigned char)(i * 7), "realloc from %zu to %zu: byte %zu", from, to, i);
            }
            errno = 0;
            CHECK(!realloc(block, (size_t)PTRDIFF_MAX + zero) && errno == ENOMEM, "realloc: %s", strerror(errno));
            CHECK(block[0] == 0 && malloc_usable_size(block) >= to, "a failed realloc has changed the block");
            gone(block);
        }
    }
}

int main(void) {
    hazard_start();
    struct cmemprof_stats before, after;
    printf("the family\n"); // stdout has its buffer now
    hazard_stats(&before);
    plain_sizes();
    odd_requests();
    moves();
    hazard_stats(&after);
    CHECK(before.live == after.live, "%llu samples alive before, %llu after", (unsigned long long)before.live,
          (unsigned long long)after.live);
    struct mallinfo2 info = mallinfo2();
    CHECK(info.arena + info.hblkhd > 0 && malloc_trim(0) >= 0, "mallinfo2");
    return hazard_finish();
}
