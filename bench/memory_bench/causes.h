// causes.h: memory that C allocates and keeps.
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

// Blocks that are written to. Only one in `survivors` is kept.
static void allocate(int count, size_t size, int survivors) {
    void **blocks = malloc((size_t)count * sizeof *blocks);
    for (int i = 0; i < count; i++) {
        memset(blocks[i] = malloc(size), 1, size);
    }
    for (int i = 0; i < count; i++) {
        if (i % survivors != 0) {
            free(blocks[i]);
        }
    }
    free(blocks);
}

static void trim(void) {
    malloc_trim(0);
}

struct work {
    int count;
    size_t size;
    int survivors;
    pthread_barrier_t *done;
};

static void *work(void *argument) {
    const struct work *work = argument;
    if (work->count > 0) {
        allocate(work->count, work->size, work->survivors);
    }
    pthread_barrier_wait(work->done);
    for (;;) {
        pause();
    }
}

static void run_threads(int threads, struct work each) {
    static pthread_barrier_t done;
    static struct work work_of_each;
    work_of_each = each;
    work_of_each.done = &done;
    pthread_barrier_init(&done, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, &work_of_each);
    }
    pthread_barrier_wait(&done);
}

static void allocate_in_threads(int threads, int count, size_t size, int survivors) {
    run_threads(threads, (struct work){count, size, survivors, NULL});
}

static void start_threads(int threads) {
    run_threads(threads, (struct work){0, 0, 0, NULL});
}

static void huge(int always) {
    if (always) {
        void *at = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(at, 64 << 20, MADV_HUGEPAGE); // where the system's setting is "madvise"
        free(memset(malloc(1), 1, 1));
        munmap(at, 64 << 20);
    } else {
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    }
}

// 64 MiB of which one byte in each huge page is written to: as the kernel has huge pages or not, all of it or 128 KiB are resident.
static void huge_advised(void) {
    const size_t huge = 2 << 20, size = 64 << 20;
    char *base = mmap(NULL, size + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *at = (char *)(((size_t)base + huge - 1) & ~(huge - 1));
    madvise(at, size, MADV_HUGEPAGE);
    for (size_t i = 0; i < size; i += huge) {
        at[i] = 1;
    }
}

static void map_file(int file, size_t size) {
    memset(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), 1, size);
}

static void map_shared(size_t size) {
    memset(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 1, size);
}

// Areas that the kernel does not join, since every other one is not to be dumped.
static void areas(int count, size_t size) {
    for (int i = 0; i < count; i++) {
        void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(at, size, MADV_NOHUGEPAGE);
        madvise(at, size, i % 2 ? MADV_DONTDUMP : MADV_DODUMP);
        memset(at, 1, size);
    }
}
