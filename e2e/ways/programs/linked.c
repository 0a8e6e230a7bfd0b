// linked.c: a program with cmemprof linked in: prints the result of cmemprof_start, and runs on. With a file as argument it writes its
// profile there.
#include <cmemprof.h>
#include <stdio.h>
#include <stdlib.h>

static void *volatile alive[500];

__attribute__((noinline)) static void site_alive(void) {
    for (int i = 0; i < 500; i++) {
        alive[i] = malloc(10000);
    }
}

static int write_profile(const char *path) {
    uint8_t *bytes;
    size_t size;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    FILE *file = fopen(path, "wb");
    if (!snapshot || !file || cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size) != CMEMPROF_OK) {
        return 1;
    }
    fwrite(bytes, 1, size, file);
    free(bytes);
    cmemprof_snapshot_free(snapshot);
    return fclose(file) != 0;
}

int main(int argc, char **argv) {
    printf("%s\n", cmemprof_error_text(cmemprof_start(1)));
    site_alive();
    if (argc > 1 && write_profile(argv[1]) != 0) {
        return 1;
    }
    puts("ran on");
    return 0;
}
