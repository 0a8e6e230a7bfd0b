// cfi_fuzz.c: libFuzzer target for the reader of call-frame information. The input is 8 bytes that give the offset of the header and the
// address to look up, followed by an object's .eh_frame_hdr and .eh_frame as in memory. The object is a heap block of exactly that size, so
// that AddressSanitizer sees any read outside of it. Also looks up the addresses in the table, which lead to its entries. `make fuzz-cfi`
// builds and runs it; cfi_seeds.c makes its seed inputs.

#include <stdlib.h>
#include <string.h>

#include "../cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct cfi_object *object, uintptr_t address) {
    struct cfi_row row;
    enum cfi_result result = cfi_find(object, address, &row);
    if (result == CFI_FOUND && !row.valid) {
        abort();
    }
    if (result == CFI_FOUND && row.plain && (row.base == CFI_AUX || row.cfa_indirect || row.outermost || row.signal_frame)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int32_t words[2];
    enum { TABLE = 12, PAIR = 8, MAX_PAIRS = 64 };
    if (size <= sizeof words) {
        return 0;
    }
    memcpy(words, data, sizeof words);
    size -= sizeof words;
    uint8_t *image = malloc(size);
    memcpy(image, data + sizeof words, size);
    size_t hdr = (uint32_t)words[0] % size;
    struct cfi_object object = {image, image + size, image + hdr};
    look(&object, (uintptr_t)image + (uintptr_t)(intptr_t)words[1]);
    for (size_t i = 0; i < MAX_PAIRS && hdr + TABLE + (i + 1) * PAIR <= size; i++) {
        int32_t start;
        memcpy(&start, image + hdr + TABLE + i * PAIR, sizeof start);
        for (int within = 0; within < 48; within += 5) {
            look(&object, (uintptr_t)image + hdr + (uintptr_t)(intptr_t)start + (uintptr_t)within);
        }
    }
    free(image);
    return 0;
}
