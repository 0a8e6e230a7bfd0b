// perf_map_fuzz.c: libFuzzer target for maps of generated code. The input is a file's text; each of its lines is looked for. `make
// fuzz-perf-map` builds and runs it.

#include <stdlib.h>
#include <string.h>

#include "../perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct perf_map map;
    struct symbolizer_arena memory;
    char *text = malloc(size + 1), *end; // a block of exactly its size, so that AddressSanitizer sees any read outside of it
    memcpy(text, data, size);
    text[size] = '\0';
    char *copy = strdup(text);
    symbolizer_arena_open(&memory);
    if (perf_map_parse(&map, &memory, text, size)) {
        for (const char *line = copy; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
            struct symbol symbol = perf_map_find(&map, &memory, strtoull(line, &end, 16));
            if (symbol.frame_count > 0 && (symbol.frames[0].function[0] == '\0' || strlen(symbol.frames[0].file) >= PERF_MAP_NAME_BYTES)) {
                abort();
            }
        }
    }
    symbolizer_arena_close(&memory);
    free(copy);
    free(text);
    return 0;
}
