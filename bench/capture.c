// capture.c: measures malloc+free pairs in CPU time, in one thread or in many. bench/capture-* build it with and without libcmemprof.a and
// compare.
//
// usage: capture RATE KIND DEPTH SIZE...
// RATE is the sampling interval in bytes where cmemprof is linked (0: stopped), and is ignored elsewhere. KIND: "same", all pairs are made
// by the same stack, of DEPTH + 7 frames with three of start-up code; "walk", each is made by another one than the pair before, of as many;
// a number, so many threads make them. Prints one line a size, "SIZE NANOSECONDS".
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "capture_go/pairs.h"
#ifdef WITH_CMEMPROF
#include "../cmemprof/cmemprof.h"
#endif

enum { MAX_THREADS = 256 };

struct worker {
    pthread_t thread;
    unsigned depth;
    size_t size;
    double ns;
};

static void *work(void *argument) {
    struct worker *worker = argument;
    worker->ns = floor_ns(0, worker->depth, worker->size);
    return NULL;
}

// The mean of the threads' floors.
static double threads_ns(unsigned threads, unsigned depth, size_t size) {
    static struct worker workers[MAX_THREADS];
    double sum = 0;
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.depth = depth, .size = size};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            abort();
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        sum += workers[i].ns;
    }
    return sum / threads;
}

int main(int argc, char **argv) {
    unsigned threads = argc < 5 ? 0 : (unsigned)strtoul(argv[2], NULL, 10);
    if (argc < 5 || threads > MAX_THREADS || (threads == 0 && strcmp(argv[2], "same") != 0 && strcmp(argv[2], "walk") != 0)) {
        fputs("usage: capture RATE same|walk|THREADS DEPTH SIZE...\n", stderr);
        return 2;
    }
#ifdef WITH_CMEMPROF
    uint64_t interval = strtoull(argv[1], NULL, 10);
    // Started in any case, so that stopped is measured as it is in a program that once sampled.
    enum cmemprof_error error = cmemprof_start(interval ? interval : CMEMPROF_DEFAULT_INTERVAL_BYTES);
    if (error != CMEMPROF_OK) {
        fprintf(stderr, "capture: %s\n", cmemprof_error_text(error));
        return 1;
    }
    if (interval == 0) {
        cmemprof_stop();
    }
#endif
    unsigned depth = (unsigned)strtoul(argv[3], NULL, 10);
    int walking = strcmp(argv[2], "walk") == 0;
    for (int i = 4; i < argc; i++) {
        size_t size = strtoul(argv[i], NULL, 10);
        printf("%zu %.4f\n", size, threads ? threads_ns(threads, depth, size) : floor_ns(walking, depth, size));
    }
    return 0;
}
