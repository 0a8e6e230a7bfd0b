// leak.c: a C program that profiles itself, and writes what is in use into leak.pprof.
//
//     cc -g leak.c $(pkg-config --cflags --libs cmemprof) -o leak && ./leak && cmemprof top leak.pprof
#include <cmemprof.h>
#include <stdio.h>
#include <stdlib.h>

static void *volatile kept[1000];

static void leak(void) {
    for (int i = 0; i < 1000; i++) {
        kept[i] = malloc(64 * 1024);
    }
}

// From any thread, at any time; but not inside an allocation, and not in a signal handler.
static int write_profile(const char *path) {
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    uint8_t *bytes;
    size_t size;
    if (!snapshot) {
        return 1;
    }
    enum cmemprof_error error = cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size);
    cmemprof_snapshot_free(snapshot);
    if (error != CMEMPROF_OK) {
        fprintf(stderr, "leak: %s\n", cmemprof_error_text(error));
        return 1;
    }
    FILE *file = fopen(path, "wb");
    int failed = !file || fwrite(bytes, 1, size, file) != size;
    failed |= file && fclose(file) != 0;
    free(bytes);
    return failed;
}

int main(void) {
    enum cmemprof_error error = cmemprof_start(CMEMPROF_DEFAULT_INTERVAL_BYTES);
    if (error != CMEMPROF_OK) { // the program can go on without
        fprintf(stderr, "leak: %s\n", cmemprof_error_text(error));
    }
    leak();
    return write_profile("leak.pprof");
}
