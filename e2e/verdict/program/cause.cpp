// cause.cpp: C and C++ memory by cause.
#include "cause.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20, KIB = 1 << 10, BLOCK = 1024 };

#define SITE extern "C" __attribute__((noinline)) void

SITE leak_by_malloc(int mib) {
    for (int i = 0; i < mib * KIB; i++) {
        memset(malloc(BLOCK), 1, BLOCK);
    }
}

SITE leak_by_new(int mib) {
    for (int i = 0; i < mib * KIB; i++) {
        memset(new char[BLOCK], 2, BLOCK);
    }
}

static char *grown;
SITE grow_by_realloc(int mib) {
    grown = (char *)realloc(grown, (size_t)mib * MIB);
    memset(grown, 3, (size_t)mib * MIB);
}

SITE leak_by_mmap(int mib) {
    memset(mmap(nullptr, (size_t)mib * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4, (size_t)mib * MIB);
}

static char *held[256 * KIB];
static int held_count;
SITE hold(int mib) {
    for (int i = 0; i < mib * KIB; i++) {
        held[held_count] = (char *)malloc(BLOCK);
        memset(held[held_count++], 5, BLOCK);
    }
}

// All but one of `every`.
extern "C" void free_but(int every) {
    for (int i = 0; i < held_count; i++) {
        if (every == 0 || i % every != 0) {
            free(held[i]);
        }
    }
    held_count = 0;
}

extern "C" void trim(void) { malloc_trim(0); }

static pthread_barrier_t barrier;
static void *use_an_arena(void *) {
    enum { COUNT = 10 * KIB };
    char **blocks = (char **)calloc(COUNT + 1, sizeof *blocks);
    for (int i = 0; i <= COUNT; i++) {
        blocks[i] = (char *)malloc(BLOCK);
        memset(blocks[i], 6, BLOCK);
    }
    pthread_barrier_wait(&barrier); // an arena each: none is free when the next thread asks for one
    for (int i = 0; i < COUNT; i++) {
        free(blocks[i]); // the last one keeps the arena from shrinking
    }
    free(blocks);
    pthread_barrier_wait(&barrier);
    pause();
    return nullptr;
}

// 10 MiB each.
extern "C" void free_in_arenas(int threads) {
    mallopt(M_ARENA_MAX, threads + 1);
    pthread_barrier_init(&barrier, nullptr, threads + 1);
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, nullptr, use_an_arena, nullptr);
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
}

static void *use_a_stack(void *) {
    char frames[128 * KIB];
    memset(frames, 7, sizeof frames);
    __asm__ volatile("" : : "r"(frames) : "memory");
    pause();
    return nullptr;
}

SITE leak_threads(int count) {
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        pthread_create(&thread, nullptr, use_a_stack, nullptr);
    }
}

static int file_of(const char *name) {
    static int file = -1;
    if (file < 0) {
        file = name != nullptr ? open(name, O_RDWR | O_CREAT | O_EXCL, 0600) : memfd_create("shared", 0);
    }
    return file;
}

// Of a file, or of shared memory: the next `mib`.
extern "C" void touch_file(const char *name, int mib) {
    static off_t end;
    int file = file_of(name);
    if (ftruncate(file, end + (off_t)mib * MIB) == 0) {
        memset(mmap(nullptr, (size_t)mib * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, file, end), 8, (size_t)mib * MIB);
    }
    end += (off_t)mib * MIB;
}
