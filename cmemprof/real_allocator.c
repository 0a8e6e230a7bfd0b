// real_allocator.c (hook): resolves the real allocator's functions, and serves allocations meanwhile.

#include "real_allocator.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/page.h"
#include "interposition.h"
#include "profiler.h"

// All variables here are the process's, since it has one malloc.

// ---- Bootstrap arena ----

enum { PAGE_BYTES = 4096, BOOTSTRAP_PAGES = BOOTSTRAP_BYTES / PAGE_BYTES };

_Alignas(PAGE_BYTES) uint8_t bootstrap_arena[BOOTSTRAP_BYTES]; // zeroed; never reused
static uint8_t bootstrap_pages[BOOTSTRAP_PAGES];               // pages of the block that begins at this page
static size_t bootstrap_used_pages;                            // no threads yet

size_t bootstrap_usable_size(const void *block) {
    return bootstrap_pages[((const uint8_t *)block - bootstrap_arena) / PAGE_BYTES] * (size_t)PAGE_BYTES;
}

static void *bootstrap_take(size_t size) {
    size_t pages = size / PAGE_BYTES + 1;
    if (pages > BOOTSTRAP_PAGES - bootstrap_used_pages) {
        errno = ENOMEM;
        return NULL;
    }
    void *block = bootstrap_arena + bootstrap_used_pages * PAGE_BYTES;
    bootstrap_pages[bootstrap_used_pages] = (uint8_t)pages;
    bootstrap_used_pages += pages;
    block_filter_add(&profiler.live.filter, block, BLOCK_FILTER_ANYWHERE);
    return block;
}

void bootstrap_fill(struct block_filter *filter) {
    for (size_t page = 0; page < bootstrap_used_pages; page += bootstrap_pages[page]) {
        block_filter_fill(filter, bootstrap_arena + page * PAGE_BYTES, BLOCK_FILTER_ANYWHERE);
    }
}

// ---- Resolving ----

static bool finding;

static void find(void);

// Returns true once the real functions are resolved.
static bool ready(void) {
    if (!finding) {
        find();
    }
    return !finding;
}

static void *first_malloc(size_t size) {
    return ready() ? real_allocator.malloc(size) : bootstrap_take(size);
}

static void *first_calloc(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return ready() ? real_allocator.calloc(count, size) : bootstrap_take(total);
}

static void *first_realloc(void *block, size_t size) {
    if (ready()) {
        return real_allocator.realloc(block, size);
    }
    void *moved = bootstrap_take(size);
    if (moved && block) {
        size_t old = bootstrap_usable_size(block);
        memcpy(moved, block, old < size ? old : size);
    }
    return moved;
}

static void first_free(void *block) {
    if (ready()) {
        real_allocator.free(block);
    }
}

static int first_posix_memalign(void **block, size_t alignment, size_t size) {
    if (ready()) {
        return real_allocator.posix_memalign(block, alignment, size);
    }
    *block = bootstrap_take(size);
    return *block ? 0 : ENOMEM;
}

static void *first_aligned_alloc(size_t alignment, size_t size) {
    return ready() ? real_allocator.aligned_alloc(alignment, size) : bootstrap_take(size);
}

static void *first_memalign(size_t alignment, size_t size) {
    return ready() ? real_allocator.memalign(alignment, size) : bootstrap_take(size);
}

static void *first_valloc(size_t size) {
    return ready() ? real_allocator.valloc(size) : bootstrap_take(size);
}

static void *first_pvalloc(size_t size) {
    return ready() ? real_allocator.pvalloc(size) : bootstrap_take(size);
}

static size_t first_malloc_usable_size(void *block) {
    return ready() ? real_allocator.malloc_usable_size(block) : bootstrap_usable_size(block);
}

static int first_dlclose(void *handle) {
    return ready() ? real_allocator.dlclose(handle) : 0;
}

static int first_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument) {
    return ready() ? real_allocator.pthread_create(thread, attributes, routine, argument) : EAGAIN;
}

// Never resolves: an allocator may call these inside malloc.
static void *raw_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

static int raw_munmap(void *address, size_t size) {
    return (int)syscall(SYS_munmap, address, size);
}

static void *raw_mremap(void *address, size_t size, size_t new_size, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    void *new_address = va_arg(arguments, void *); // the hook always passes it
    va_end(arguments);
    return (void *)syscall(SYS_mremap, address, size, new_size, flags, new_address);
}

static void *raw_shmat(int id, const void *address, int flags) {
    return (void *)syscall(SYS_shmat, id, address, flags);
}

static int raw_shmdt(const void *address) {
    return (int)syscall(SYS_shmdt, address);
}

struct real_allocator real_allocator = {
    first_malloc,
    first_calloc,
    first_realloc,
    first_free,
    first_posix_memalign,
    first_aligned_alloc,
    first_memalign,
    first_valloc,
    first_pvalloc,
    first_malloc_usable_size,
    first_dlclose,
    first_pthread_create,
    raw_mmap,
    raw_munmap,
    raw_mremap,
    raw_shmat,
    raw_shmdt,
};

// Every allocator has memalign, which stands in for what some lack (jemalloc and musl: pvalloc).
static void *valloc_by_memalign(size_t size) {
    return real_allocator.memalign(page_bytes(), size);
}

static void *pvalloc_by_memalign(size_t size) {
    size_t rounded = (size + page_bytes() - 1) & ~(page_bytes() - 1);
    if (rounded < size) {
        errno = ENOMEM;
        return NULL;
    }
    return real_allocator.memalign(page_bytes(), rounded);
}

static void *memalign_by_posix(size_t alignment, size_t size) {
    void *block = NULL;
    int error = real_allocator.posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size);
    if (error != 0) {
        errno = error;
    }
    return block;
}

// Optional: not every allocator reports sizes, and before glibc 2.34 dlclose is in libdl and pthread_create in libpthread,
// without which no library is open and no thread is made.
static size_t no_usable_size(void *block) {
    (void)block;
    return 0;
}

static int no_dlclose(void *handle) {
    (void)handle;
    return -1;
}

// Before glibc 2.34 it is in a library of its own, which the program may load later.
static int late_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument) {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *library = dlopen("libpthread.so.0", RTLD_LAZY | RTLD_NOLOAD);
    *(void **)&create = library ? dlsym(library, "pthread_create") : NULL;
    return create ? create(thread, attributes, routine, argument) : EAGAIN;
}

static void *symbol(const char *name, void *otherwise) {
    void *found = interposition_next(name);
    return found ? found : otherwise;
}

static void find(void) {
    finding = true;
    struct real_allocator found = {
        .malloc = symbol("malloc", NULL),
        .calloc = symbol("calloc", NULL),
        .realloc = symbol("realloc", NULL),
        .free = symbol("free", NULL),
        .posix_memalign = symbol("posix_memalign", NULL),
        .memalign = symbol("memalign", memalign_by_posix),
        .valloc = symbol("valloc", valloc_by_memalign),
        .pvalloc = symbol("pvalloc", pvalloc_by_memalign),
        .malloc_usable_size = symbol("malloc_usable_size", no_usable_size),
        .dlclose = symbol("dlclose", no_dlclose),
        .pthread_create = symbol("pthread_create", late_pthread_create),
        .mmap = symbol("mmap", raw_mmap),
        .munmap = symbol("munmap", raw_munmap),
        .mremap = symbol("mremap", raw_mremap),
        .shmat = symbol("shmat", raw_shmat),
        .shmdt = symbol("shmdt", raw_shmdt),
    };
    if (!found.malloc || !found.calloc || !found.realloc || !found.free || !found.posix_memalign) {
        // A fully static program without --wrap. It could not allocate a byte, so this is the only message the hooks ever print.
        static const char text[] = "cmemprof: no real allocator found; a fully static program needs libcmemprof-static.a and --wrap\n";
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        _exit(127);
    }
    found.aligned_alloc = symbol("aligned_alloc", found.memalign);
    real_allocator = found;
    finding = false;
}
