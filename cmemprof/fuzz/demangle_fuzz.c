// demangle_fuzz.c: libFuzzer target for the demangler. The input is a name, in a heap block of exactly its size, so that AddressSanitizer
// sees any read outside of it. `make fuzz-demangle` builds and runs it; the names in the tests are its seed inputs.

#include <stdlib.h>
#include <string.h>

#include "../demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct symbolizer_arena memory;
    static struct demangler *demangler;
    if (!demangler) {
        symbolizer_arena_open(&memory);
        demangler = demangler_new(&memory);
    }
    char *name = malloc(size + 1);
    memcpy(name, data, size);
    name[size] = '\0';
    const char *readable = demangle(demangler, name);
    if (readable && (readable[0] == '\0' || strlen(readable) >= DEMANGLE_MAX_BYTES)) {
        abort();
    }
    free(name);
    return 0;
}
