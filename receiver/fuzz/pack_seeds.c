// pack_seeds.c: writes the first inputs of pack_fuzz.c into a directory: a pack, gzip files, a recipe.
//
// usage: pack_seeds DIRECTORY
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../pack/pack_writer.h"
#include "../pack/test/texts.h"

#include <libdeflate.h>

static void put(const char *directory, const char *name, char kind, const uint8_t *bytes, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    if (!file || fputc(kind, file) == EOF || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void put_pack(const char *directory) {
    char path[4096];
    static uint8_t bytes[1 << 16];
    snprintf(path, sizeof path, "%s/pack.making", directory);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct pack_writer *writer = pack_writer_new(file, NULL);
    for (int64_t id = 1; writer && id < 4; id++) {
        uint8_t *text = text_of(1, (uint32_t)id, 400);
        struct pack_input parts[] = {{"event.json", text, 100}, {"0-a", text, 400}};
        pack_writer_add(writer, id, 1, 1, parts, 2, 1);
        free(text);
    }
    pack_writer_end(writer);
    pack_writer_free(writer);
    ssize_t size = pread(file, bytes, sizeof bytes, 0);
    close(file);
    unlink(path);
    put(directory, "pack", 0, bytes, size > 0 ? (size_t)size : 0);
    put(directory, "pack-mended", 3, bytes, size > 0 ? (size_t)size : 0);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    put_pack(argv[1]);
    for (int level = 0; level < 12; level += 3) {
        char name[20];
        static uint8_t gzip[8000];
        uint8_t *text = text_of(1, 0, 3000), *plain;
        size_t plain_size;
        struct bit_writer recipe;
        enum deflate_writer hint = DEFLATE_ZLIB_6;
        struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
        size_t size = libdeflate_gzip_compress(compressor, text, 3000, gzip, sizeof gzip);
        libdeflate_free_compressor(compressor);
        snprintf(name, sizeof name, "gzip-%d", level);
        put(argv[1], name, 1, gzip, size);
        if (deflate_recipe_make(gzip, size, 10000, &hint, NULL, &plain, &plain_size, &recipe) == RECEIVER_OK) {
            snprintf(name, sizeof name, "recipe-%d", level);
            put(argv[1], name, 2, recipe.bytes, recipe.size);
            free(plain);
            free(recipe.bytes);
        }
        free(text);
    }
    return 0;
}
