// content.c: see content.h.
#include "content.h"

enum {
    RATIO_MAX = 256,      // as merge/ reads: beyond it a file stays what it is
    RATIO_FREE = 1 << 20, // small ones may compress better
};

static size_t plain_limit(size_t size) {
    size_t limit = size < RATIO_FREE / RATIO_MAX ? RATIO_FREE : size * RATIO_MAX;
    return limit < CONTENT_MAX_BYTES ? limit : CONTENT_MAX_BYTES;
}

// ---- gzip ----

static enum receiver_error take_gzip(const uint8_t *came, size_t size, struct content_hint *hint, const atomic_bool *stop,
                                     struct content *content) {
    uint8_t *plain;
    size_t plain_size;
    struct bit_writer recipe;
    enum receiver_error error = deflate_recipe_make(came, size, plain_limit(size), &hint->deflate, stop, &plain, &plain_size, &recipe);
    if (error != RECEIVER_OK) {
        return error == RECEIVER_NO_MEMORY || error == RECEIVER_BUSY ? error : RECEIVER_OK;
    }
    uint8_t *bytes = realloc(plain, plain_size + recipe.size);
    if (bytes) {
        memcpy(bytes + plain_size, recipe.bytes, recipe.size);
        *content = (struct content){CONTENT_GZIP, bytes, plain_size + recipe.size, plain_size};
    } else {
        free(plain);
    }
    free(recipe.bytes);
    return bytes ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static enum receiver_error give_gzip(const struct content *content, uint8_t **came, size_t *size) {
    struct bit_writer out = {0};
    enum receiver_error error = deflate_recipe_follow(content->bytes, content->plain_size, content->bytes + content->plain_size,
                                                      content->size - content->plain_size, &out);
    if (error != RECEIVER_OK) {
        free(out.bytes);
        return error;
    }
    *came = out.bytes;
    *size = out.size;
    return RECEIVER_OK;
}

// ---- Any ----

static enum receiver_error copy(const uint8_t *bytes, size_t size, uint8_t **out) {
    *out = malloc(size + 1);
    if (*out && size > 0) {
        memcpy(*out, bytes, size);
    }
    return *out ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

enum receiver_error content_take(const uint8_t *came, size_t size, struct content_hint *hint, const atomic_bool *stop,
                                 struct content *content) {
    static const uint8_t zstd[4] = {0x28, 0xb5, 0x2f, 0xfd}, lz4[4] = {0x04, 0x22, 0x4d, 0x18};
    *content = (struct content){.kind = CONTENT_AS_CAME};
    if (size > CONTENT_MAX_BYTES || (size >= 4 && (memcmp(came, lz4, 4) == 0 || memcmp(came, zstd, 4) == 0))) {
        return RECEIVER_OK;
    }
    if (size >= 2 && came[0] == 0x1f && came[1] == 0x8b) {
        return take_gzip(came, size, hint, stop, content);
    }
    *content = (struct content){CONTENT_PLAIN, NULL, size, size};
    return copy(came, size, &content->bytes);
}

enum receiver_error content_give(const struct content *content, uint8_t **came, size_t *size) {
    *came = NULL;
    switch (content->plain_size <= content->size ? content->kind : CONTENT_KINDS) {
    case CONTENT_PLAIN:
        *size = content->plain_size;
        return copy(content->bytes, *size, came);
    case CONTENT_GZIP:
        return give_gzip(content, came, size);
    case CONTENT_AS_CAME:
    case CONTENT_KINDS:
        break;
    }
    return RECEIVER_DAMAGED;
}
