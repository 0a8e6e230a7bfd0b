// inflate_seeds.c: packs text in the three ways, each behind a byte of limits that lets it through.
//
// usage: inflate_seeds FOLDER
#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "../codecs.h"

static char text[20000], packed[1 << 16];

static void write_seed(const char *folder, const char *name, size_t size) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || size == 0 || size > sizeof packed || fputc(22, file) == EOF || fwrite(packed, 1, size, file) != size ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: inflate_seeds FOLDER\n");
        return 2;
    }
    for (size_t i = 0, used = 0; used + 32 < sizeof text; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "frame %zu of %zu;", i * i % 97, i % 7);
    }
    size_t size = strlen(text);
    write_seed(argv[1], "gzip", codecs_gzip(text, size, packed, sizeof packed));
    write_seed(argv[1], "zstd", ZSTD_compress(packed, sizeof packed, text, size, 3));
    write_seed(argv[1], "lz4", LZ4F_compressFrame(packed, sizeof packed, text, size, NULL));
    return 0;
}
