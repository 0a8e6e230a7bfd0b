// pack_fuzz.c: fuzz target of what is read from packs, for libFuzzer. Built by `make fuzz-pack`.
//
// The first byte says what the rest is: a pack, of which all is read; a gzip file, whose recipe must make the same again; a recipe,
// followed for a made text; or a pack whose header and heads get their check sums first, so that what they say is looked at.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libdeflate.h>

#include "../pack/pack_file.h"
#include "../pack/test/texts.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

static void read_pack(const uint8_t *data, size_t size) {
    struct pack *pack;
    struct pack_record *record = malloc(sizeof *record);
    char name[64];
    snprintf(name, sizeof name, "/dev/shm/cmemprof-pack-fuzz-%d", (int)getpid());
    int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(record && file >= 0 && write(file, data, size) == (ssize_t)size, "no room");
    enum receiver_error error = pack_open(AT_FDCWD, name, false, &pack);
    for (size_t i = 0; error == RECEIVER_OK && i < pack_slots(pack) && i < 100; i++) {
        if (pack_find(pack, pack_first(pack) + (int64_t)i, record) == RECEIVER_OK) {
            must(record->count <= PACK_MAX_PARTS, "too many parts");
            for (size_t part = 0; part < record->count; part++) {
                uint8_t *bytes;
                size_t bytes_size;
                if (pack_read(pack, &record->parts[part], part % 2, NULL, &bytes, &bytes_size) == RECEIVER_OK) {
                    free(bytes);
                }
            }
        }
    }
    if (error == RECEIVER_OK) {
        pack_close(pack);
    }
    close(file);
    unlink(name);
    free(record);
}

static void mend_sums(uint8_t *bytes, size_t size) {
    struct pack_header header;
    if (size < sizeof header) {
        return;
    }
    memcpy(&header, bytes, sizeof header);
    memcpy(header.magic, pack_magic, sizeof header.magic);
    header.crc = libdeflate_crc32(0, &header, offsetof(struct pack_header, crc));
    memcpy(bytes, &header, sizeof header);
    for (uint64_t at = header.slots_at; at <= size && size - at >= PACK_SLOT_BYTES; at += PACK_SLOT_BYTES) {
        struct pack_slot slot;
        uint32_t start[2];
        memcpy(&slot, bytes + at, sizeof slot);
        if (slot.at > size || size - slot.at < sizeof start) {
            continue;
        }
        memcpy(start, bytes + slot.at, sizeof start);
        if (start[0] <= size - slot.at - sizeof start) {
            start[1] = slot.crc = libdeflate_crc32(0, bytes + slot.at + sizeof start, start[0]);
            memcpy(bytes + slot.at, start, sizeof start);
            memcpy(bytes + at, &slot, sizeof slot);
        }
    }
}

static void read_mended(const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size + 1);
    must(bytes, "no memory");
    memcpy(bytes, data, size);
    mend_sums(bytes, size);
    read_pack(bytes, size);
    free(bytes);
}

static void make_recipe(const uint8_t *data, size_t size) {
    struct content_hint hint = {0};
    struct content content;
    uint8_t *came;
    size_t came_size;
    must(content_take(data, size, &hint, NULL, &content) == RECEIVER_OK, "no content");
    if (content.bytes) {
        must(content_give(&content, &came, &came_size) == RECEIVER_OK, "it cannot be given back");
        must(came_size == size && memcmp(came, data, size) == 0, "other bytes");
        free(came);
        free(content.bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    switch (*data % 4) {
    case 0:
        read_pack(data + 1, size - 1);
        break;
    case 1:
        make_recipe(data + 1, size - 1);
        break;
    case 3:
        read_mended(data + 1, size - 1);
        break;
    default: {
        uint8_t *plain = text_of(1, 0, 3000);
        struct bit_writer out = {0};
        enum receiver_error error = deflate_recipe_follow(plain, 3000, data + 1, size - 1, &out);
        must(error == RECEIVER_OK || error == RECEIVER_DAMAGED, "another error");
        free(out.bytes);
        free(plain);
    }
    }
    return 0;
}
