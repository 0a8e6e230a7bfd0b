// parts.c: a process with the given MiB of each kind of memory: parts SMALL ARENAS LARGE ANONYMOUS FILE SHARED STACKS. Prints "ready", and
// runs until its input ends.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20, THREADS = 8 };

static pthread_barrier_t barrier;
static size_t arena_mib, stack_mib;

static void allocate(size_t mib, size_t block) {
    for (size_t bytes = 0; bytes < mib * MIB; bytes += block) {
        char *at = malloc(block);
        if (!at) {
            abort();
        }
        memset(at, 1, block);
    }
}

static void use_stack(size_t bytes) {
    volatile char *stack = __builtin_alloca(bytes + 1);
    for (size_t i = 0; i < bytes; i += 4096) {
        stack[bytes - i] = 1;
    }
}

static void *work(void *unused) {
    pthread_setname_np(pthread_self(), "worker");
    allocate(arena_mib / THREADS, 4096);
    use_stack(stack_mib * MIB / THREADS);
    pthread_barrier_wait(&barrier);
    pause();
    return unused;
}

static char *map(size_t mib, int flags, int file) {
    char *at = mib > 0 ? mmap(NULL, 2 * mib * MIB, PROT_READ | PROT_WRITE, flags, file, 0) : NULL; // half of it is mapped only
    if (at == MAP_FAILED) {
        abort();
    }
    if (at) {
        memset(at, 1, mib * MIB);
    }
    return at;
}

int main(int argc, char **argv) {
    if (argc != 9) {
        return 2;
    }
    size_t mib[8];
    for (int i = 1; i < 8; i++) {
        mib[i] = strtoul(argv[i], NULL, 10);
    }
    arena_mib = mib[2], stack_mib = mib[7];
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    allocate(mib[1], 1000);
    allocate(mib[3], MIB);
    map(mib[4], MAP_PRIVATE | MAP_ANONYMOUS, -1);
    FILE *file = fopen(argv[8], "w+");
    int memfd = memfd_create("segment", 0);
    if (!file || ftruncate(fileno(file), (off_t)(2 * mib[5] * MIB)) != 0 || ftruncate(memfd, (off_t)(2 * mib[6] * MIB)) != 0) {
        return 1;
    }
    map(mib[5], MAP_SHARED, fileno(file));
    map(mib[6], MAP_SHARED, memfd);
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int i = 0; i < THREADS && arena_mib + stack_mib > 0; i++) {
        pthread_t thread;
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, (stack_mib + 1) * MIB);
        if (pthread_create(&thread, &attributes, work, NULL) != 0) {
            return 1;
        }
    }
    if (arena_mib + stack_mib > 0) {
        pthread_barrier_wait(&barrier);
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    return 0;
}
