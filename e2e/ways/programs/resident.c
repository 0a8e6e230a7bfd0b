// resident.c: 30 MiB of malloc, 20 MiB mapped, and 20 threads with 200 KB of stack each, all there when it ends.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static pthread_barrier_t barrier;
void *kept; // others may read it

static void *wait_for_ever(void *unused) {
    volatile char room[200000];
    for (size_t i = 0; i < sizeof room; i += 4096) {
        room[i] = 1;
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

static __attribute__((noinline)) int make_threads(int count) {
    pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0) {
            return 1;
        }
    }
    pthread_barrier_wait(&barrier);
    return 0;
}

static __attribute__((noinline)) void *map_memory(size_t size) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at != MAP_FAILED ? memset(at, 1, size) : NULL;
}

int main(void) {
    kept = malloc(30 << 20);
    return !kept || !memset(kept, 1, 30 << 20) || !map_memory(20 << 20) || make_threads(20);
}
