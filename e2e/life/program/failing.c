// failing.c: a real allocator that returns NULL to the profiler, never to the program. Linked or preloaded after cmemprof, it gets the
// hooks' calls and forwards them to glibc.
//
// An allocation is the profiler's if a function of the profiler is on the stack. The environment has their addresses, which the test reads
// from symbol tables: LIFE_CODE is "name:from-to,from-to,...;name:..." with hexadecimal addresses as in the file and the file's name, ""
// for the program.
//
// LIFE_FAIL=N: the N-th of these allocations fails, counted from 1; LIFE_ONWARDS=1: and all after it. LIFE_COUNTS is a file for struct
// life_counts, which the test reads after the process has ended in any way.
#include "failing.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

enum { MAX_RANGES = 8192 };

static struct range { uintptr_t start, end; } ranges[MAX_RANGES]; // ascending
static size_t range_count;
static struct life_counts own_counts, *counts = &own_counts;
static _Atomic long fail_at;
static _Atomic bool onwards;
static __thread int inside __attribute__((tls_model("initial-exec")));

void life_set(long n, bool also_later) {
    fail_at = n;
    onwards = also_later;
    counts->asked = counts->failed = counts->large = 0;
}

struct life_counts life_get(void) {
    return *counts;
}

static const struct range *range_of(uintptr_t pc) {
    size_t low = 0, high = range_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (pc < ranges[middle].start) {
            high = middle;
        } else if (pc >= ranges[middle].end) {
            low = middle + 1;
        } else {
            return &ranges[middle];
        }
    }
    return NULL;
}

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *found) {
    const struct range *range = range_of(_Unwind_GetIP(context) - 1);
    *(bool *)found = range;
    return range ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static bool is_profilers(void) {
    bool found = false;
    if (range_count > 0 && inside++ == 0) {
        _Unwind_Backtrace(visit, &found);
    }
    inside -= range_count > 0;
    return found;
}

// Whether this allocation fails.
static bool fails(size_t size) {
    if (!is_profilers()) {
        return false;
    }
    if (size >= LIFE_LARGE_BYTES) {
        size_t at = atomic_fetch_add(&counts->large, 1);
        counts->sizes[at < LIFE_SIZES ? at : LIFE_SIZES - 1] = size;
    }
    long n = (long)atomic_fetch_add(&counts->asked, 1) + 1;
    if (fail_at == 0 || (onwards ? n < fail_at : n != fail_at)) {
        return false;
    }
    atomic_fetch_add(&counts->failed, 1);
    errno = ENOMEM;
    return true;
}

// ---- The family ----

void *malloc(size_t size) {
    return fails(size) ? NULL : __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    return fails(count * size) ? NULL : __libc_calloc(count, size);
}
void *realloc(void *block, size_t size) {
    return fails(size) ? NULL : __libc_realloc(block, size);
}
void *memalign(size_t alignment, size_t size) {
    return fails(size) ? NULL : __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}
int posix_memalign(void **block, size_t alignment, size_t size) {
    void *made = memalign(alignment, size);
    *block = made ? made : *block;
    return made ? 0 : ENOMEM;
}
void free(void *block) {
    __libc_free(block);
}

// ---- The environment ----

static void add_range(uintptr_t start, uintptr_t end) {
    if (range_count < MAX_RANGES) {
        ranges[range_count++] = (struct range){start, end};
    }
}

// Parses this object's part of "name:from-to,...;".
static int visit_object(struct dl_phdr_info *info, size_t size, void *code) {
    (void)size;
    const char *name = strrchr(info->dlpi_name, '/');
    name = name ? name + 1 : info->dlpi_name;
    for (const char *at = code; at && *at != '\0';) {
        const char *colon = strchr(at, ':'), *next = strchr(at, ';');
        if ((size_t)(colon - at) == strlen(name) && strncmp(at, name, (size_t)(colon - at)) == 0) {
            for (const char *pair = colon + 1; pair < next;) {
                char *end;
                uintptr_t from = strtoul(pair, &end, 16), to = strtoul(end + 1, &end, 16);
                add_range(info->dlpi_addr + from, info->dlpi_addr + to);
                pair = end + 1;
            }
        }
        at = next + 1;
    }
    return 0;
}

static int by_start(const void *left, const void *right) {
    const struct range *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

static __attribute__((constructor)) void open_failing(void) {
    const char *code = getenv("LIFE_CODE"), *file = getenv("LIFE_COUNTS"), *n = getenv("LIFE_FAIL"), *all = getenv("LIFE_ONWARDS");
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    void *mapped = fd >= 0 ? mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0) {
        close(fd);
    }
    if (mapped != MAP_FAILED) {
        counts = mapped;
    }
    fail_at = n ? atol(n) : 0;
    onwards = all && strcmp(all, "1") == 0;
    if (code) {
        size_t found = range_count;
        dl_iterate_phdr(visit_object, (void *)code);
        if (range_count > found) {
            qsort(ranges, range_count, sizeof *ranges, by_start);
        }
    }
}
