// partial_success.c: see partial_success.h.
#include "partial_success.h"
#include "../merge/wire.h"

// A text that is cut off is as long as there is of it. False: there is no field.
static bool next(struct wire *wire, struct wire_field *field) {
    *field = (struct wire_field){0};
    if (wire->at == wire->end) {
        return false;
    }
    enum wire_result result = wire_next(wire, field);
    if (result == WIRE_SHORT && field->type == WIRE_BYTES && field->bytes.at) {
        field->bytes.end = wire->at = wire->end;
        return true;
    }
    return result == WIRE_OK;
}

struct partial_success partial_success_read(const void *bytes, size_t size) {
    struct partial_success success = {0};
    struct wire outer = {.at = bytes, .end = bytes ? (const uint8_t *)bytes + size : NULL};
    for (struct wire_field field, inner; next(&outer, &field);) {
        while (field.number == 1 && field.type == WIRE_BYTES && next(&field.bytes, &inner)) {
            if (inner.number == 1 && inner.type == WIRE_VARINT) {
                success.rejected = (int64_t)inner.value;
            } else if (inner.number == 2 && inner.type == WIRE_BYTES) {
                success.words = (const char *)inner.bytes.at;
                success.words_size = (size_t)(inner.bytes.end - inner.bytes.at);
            }
        }
    }
    return success;
}
