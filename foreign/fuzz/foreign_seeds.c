// foreign_seeds.c: writes the seeds of foreign_fuzz.c: each file, inflated, in a folder of its reader.
// usage: foreign_seeds DIRECTORY FILE...
//
// Beside the files that are given, forms that no tool of today writes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "readers.h"

static const char *const forms[] = {
    "{\"shared\":{\"frames\":[{\"name\":\"a\"},{\"name\":\"b\",\"file\":\"c\",\"line\":1}]},\"profiles\":[{\"type\":\"evented\",\"name\":"
    "\"p\","
    "\"unit\":\"milliseconds\",\"startValue\":0,\"endValue\":9,\"events\":[{\"type\":\"O\",\"frame\":0,\"at\":1},{\"type\":\"O\",\"frame\":"
    "1,\"at\":3},"
    "{\"type\":\"C\",\"frame\":1,\"at\":7},{\"type\":\"C\",\"frame\":0,\"at\":9}]}]}",
    "heap profile: 1: 8 [2: 16] @ growthz\n 1: 8 [2: 16] @ 0x11 0x1011\nMAPPED_LIBRARIES:\nsource=/home\n0-1000: $source/app (@0) ab\n",
    "--- contentionz 1 ---\ncycles/second = 2000000000\nsampling period = 100\nms since reset = 5\n  2000 3 @ 0x11 0x21\n",
    "--- threadz 1 ---\n\n--- Thread 7f1c (name: main/12) stack: ---\n  0x10 f\n  0x21 main\n--- Thread 7f1d (name: w/13) stack: ---\n"
    "  [same as previous thread]\n---- no stack trace for: 5\n",
    "{\"nodes\":[{\"id\":5,\"callFrame\":{\"functionName\":\"a\"}},{\"id\":6,\"parent\":5,\"hitCount\":3,\"callFrame\":{\"url\":\"u\"}}],"
    "\"samples\":[5,6],\"timeDeltas\":[1,-2],\"startTime\":1,\"endTime\":1e2}",
    "ls 1/2 [000] 2.5: 7 cycles:u:  10 f+0x2 (/bin/ls)\n",
    "v 10100 1\ns /bin/app\ns f\ni 10 1 2\nt 1 0\na 8 1\n+ 0\nA\n+ 0\n- 0\nc 5\n",
};

static void write_seed(const char *directory, int number, const void *bytes, size_t size) {
    char path[4096];
    enum foreign_format format = foreign_detect(bytes, size);
    if (format == FOREIGN_NONE || format >= FOREIGN_READABLE) {
        fprintf(stderr, "seed %d is %s\n", number, foreign_name(format));
        exit(1);
    }
    snprintf(path, sizeof path, "%s/%s/%d", directory, readers[format], number);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void copy_file(const char *directory, int number, const char *path) {
    enum { MOST = 1 << 20 };
    char *bytes = malloc(MOST);
    FILE *file = fopen(path, "r");
    size_t size = bytes && file ? fread(bytes, 1, MOST, file) : 0, inflated_size;
    uint8_t *inflated;
    if (size > 0 && merge_inflate(bytes, size, MOST, &inflated, &inflated_size, NULL) == MERGE_OK) {
        write_seed(directory, number, inflated, inflated_size);
        free(inflated);
    }
    if (file) {
        fclose(file);
    }
    free(bytes);
}

int main(int argc, char **argv) {
    int count = 0;
    for (int i = FOREIGN_NONE + 1; argc > 1 && i < FOREIGN_READABLE; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], readers[i]);
        mkdir(path, 0777);
    }
    for (size_t i = 0; argc > 1 && i < sizeof forms / sizeof *forms; i++) {
        write_seed(argv[1], count++, forms[i], strlen(forms[i]));
    }
    for (int i = 2; i < argc; i++) {
        copy_file(argv[1], count++, argv[i]);
    }
    return argc > 1 ? 0 : 2;
}
