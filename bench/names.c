// names.c: what it costs to name the addresses of a program's file, as the first profile does, and one more, as a later one does.
//
// usage: names FILE BUILD-ID <ADDRESSES, the last one for later
// Prints "first", "second" (CPU in microseconds), "memory" (kB that the process's RSS rose to at most) and "frames".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../base/clock.h"
#include "../cmemprof/symbols.h"

enum { MAX_ADDRESSES = 100000 };
static uintptr_t addresses[MAX_ADDRESSES];

static double cpu_us(void) {
    return (double)clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1e3;
}

static long status_kb(const char *key) {
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) == 0) {
            kb = strtol(line + strlen(key), NULL, 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return kb;
}

static void forget_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

int main(int argc, char **argv) {
    char line[64];
    size_t count = 0, frames = 0;
    struct module module = {.file = argv[1], .limit = UINTPTR_MAX, .is_program = true, .unloaded_at = 1};
    if (argc != 3 || strlen(argv[2]) >= sizeof module.build_id) {
        return 2;
    }
    strcpy(module.build_id, argv[2]);
    while (count < MAX_ADDRESSES && fgets(line, sizeof line, stdin)) {
        addresses[count++] = strtoul(line, NULL, 16);
    }
    struct symbols *symbols = symbols_new();
    if (!symbols || count < 2) {
        return 2;
    }
    forget_peak();
    long before = status_kb("VmRSS:");
    double begin = cpu_us();
    for (size_t i = 0; i + 1 < count; i++) {
        frames += symbols_find(symbols, &module, addresses[i]).frame_count;
    }
    symbols_close_files(symbols);
    double first = cpu_us() - begin;
    long memory = status_kb("VmHWM:") - before;
    begin = cpu_us();
    size_t more = symbols_find(symbols, &module, addresses[count - 1]).frame_count;
    symbols_close_files(symbols);
    printf("first %.0f\nsecond %.0f\nmemory %ld\nframes %zu\n", first, cpu_us() - begin, memory, frames + more);
    return frames < count - 1 || more == 0;
}
