// capture.c: measures the CPU time of malloc+free pairs, in one thread or many. bench/capture-* build it with and without libcmemprof.a and
// compare.
//
// usage: capture RATE KIND DEPTH SIZE...
// RATE is the sampling interval in bytes if cmemprof is linked (0: stopped), and is ignored otherwise. KIND: "same", all pairs have
// the same stack, of DEPTH + 7 frames including three of start-up code; "walk", each has another stack than the previous one, of the same
// depth; a number of threads. Prints one line per size, "SIZE NANOSECONDS".
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
    worker->ns = minimum_ns(0, worker->depth, worker->size);
    return NULL;
}

// The mean of the threads' minima.
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
    // Always started, so that "stopped" is measured in a program that has sampled before.
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
        printf("%zu %.4f\n", size, threads ? threads_ns(threads, depth, size) : minimum_ns(walking, depth, size));
    }
    return 0;
}
