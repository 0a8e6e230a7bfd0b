// no_memory.c: without memory (RLIMIT_AS) malloc and its family return NULL with ENOMEM and leave the old block unchanged, and work again
// when there is some. The profiler itself gets none either.

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "hazard.h"

enum { BLOCK = 1 << 20, MOST = 4096 };
static void *blocks[MOST];

static volatile size_t zero;

static void fails_cleanly(size_t size) {
    char *old = malloc(100);
    CHECK(old, "100 bytes should be left");
    memset(old, 5, 100);
    void *untouched = &blocks;
    errno = 0;
    CHECK(!malloc(size) && errno == ENOMEM, "malloc: %s", strerror(errno));
    errno = 0;
    CHECK(!calloc(size / 16, 16) && errno == ENOMEM, "calloc: %s", strerror(errno));
    errno = 0;
    CHECK(!realloc(old, size) && errno == ENOMEM, "realloc: %s", strerror(errno));
    errno = 0;
    CHECK(!reallocarray(old, size / 16, 16) && errno == ENOMEM, "reallocarray: %s", strerror(errno));
    errno = 0;
    CHECK(!aligned_alloc(64, size) && errno == ENOMEM, "aligned_alloc: %s", strerror(errno));
    errno = 0;
    CHECK(!memalign(8192, size) && errno == ENOMEM, "memalign: %s", strerror(errno));
    errno = 0;
    CHECK(!valloc(size) && errno == ENOMEM, "valloc: %s", strerror(errno));
    CHECK(posix_memalign(&untouched, 64, size) == ENOMEM && untouched == &blocks, "posix_memalign");
    for (int i = 0; i < 100; i++) {
        CHECK(old[i] == 5, "the old block has changed");
    }
    free(old);
}

int main(void) {
    hazard_start();
    fails_cleanly(((size_t)1 << 46) + zero);
    fails_cleanly(PTRDIFF_MAX + zero);
    fails_cleanly(SIZE_MAX - 5000 + zero); // rounding up overflows
    errno = 0;
    CHECK(!calloc(SIZE_MAX / 2 + zero, 4) && errno == ENOMEM, "calloc overflow");
    errno = 0;
    CHECK(!reallocarray(NULL, SIZE_MAX / 2 + zero, 4) && errno == ENOMEM, "reallocarray overflow");

    struct rlimit limit, old;
    CHECK(getrlimit(RLIMIT_AS, &old) == 0, "getrlimit");
    limit = old;
    limit.rlim_cur = (rlim_t)512 << 20;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit");
    unsigned count = 0;
    while (count < MOST && (errno = 0, blocks[count] = malloc(BLOCK))) {
        memset(blocks[count++], 1, 100);
    }
    CHECK(count > 100 && count < 512 && errno == ENOMEM, "%u blocks: %s", count, strerror(errno));
    unsigned small = 0;
    while (small < 1000000 && (errno = 0, blocks[count] = malloc(1000))) { // until not even this is left; kept in a chain
        *(void **)blocks[count] = small++ > 0 ? blocks[MOST - 1] : NULL;
        blocks[MOST - 1] = blocks[count];
    }
    CHECK(errno == ENOMEM, "%u small blocks: %s", small, strerror(errno));
    for (void *block = blocks[MOST - 1]; small > 0; small--) {
        void *next = *(void **)block;
        free(block);
        block = next;
    }
    free(blocks[--count]);
    free(blocks[--count]);
    fails_cleanly(64 * BLOCK);
    CHECK((blocks[count] = malloc(BLOCK)), "what was freed cannot be had again");
    count++;
    struct hazard_totals totals;
    hazard_profile(&totals); // may fail; must not crash
    CHECK(setrlimit(RLIMIT_AS, &old) == 0, "setrlimit");
    for (unsigned i = 0; i < count; i++) {
        CHECK(((char *)blocks[i])[99] == 1 || i == count - 1, "contents");
        free(blocks[i]);
    }
    hazard_churn(1, 100);
    return hazard_finish();
}
