// pack_file_test.c: uploads are found, read and removed; a pack that is cut off or damaged is an error, never other bytes.

#include "../../../base/test/test.h"

#include "pack_of.h"

#include "../numbers.h"

#include <libdeflate.h>
#include <sys/stat.h>

TEST_IN(folder, found_and_removed) {
    char path[FOLDER_BYTES + 16];
    struct pack *pack;
    struct pack_record *record = malloc(sizeof *record);
    struct cache *cache = cache_new(1 << 20);
    snprintf(path, sizeof path, "%s/a", folder);
    uint64_t size = pack_make(path, 101, 30);
    struct stat about;
    stat(path, &about);
    assert_true((uint64_t)about.st_size >= size && (uint64_t)about.st_size < size + PACK_SLOT_BYTES);
    assert_int_equal(pack_open(AT_FDCWD, path, true, &pack), RECEIVER_OK);
    assert_int_equal(pack_first(pack), 101);
    assert_int_equal(pack_slots(pack), 59);
    for (int64_t id = 159; id >= 101; id -= 2) { // the last ones first, as views read them
        pack_expect(pack, id, cache);
        pack_expect(pack, id, NULL);
    }
    static const int64_t others[] = {INT64_MIN, -1, 0, 1, 100, 102, 160, 161, INT64_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(pack_find(pack, others[i], record), RECEIVER_NOT_FOUND);
        assert_int_equal(pack_remove(pack, others[i]), RECEIVER_NOT_FOUND);
    }
    // Others may have what is removed as their prefix.
    assert_int_equal(pack_remove(pack, 101), RECEIVER_OK);
    assert_int_equal(pack_remove(pack, 101), RECEIVER_NOT_FOUND);
    assert_int_equal(pack_find(pack, 101, record), RECEIVER_NOT_FOUND);
    uint32_t sizes[59];
    assert_int_equal(pack_sizes(pack, sizes), RECEIVER_OK);
    assert_true(sizes[0] == 0 && sizes[1] == 0 && sizes[2] > 0);
    for (int64_t id = 103; id <= 159; id += 2) {
        pack_expect(pack, id, NULL);
    }
    pack_close(pack);
    pack_close(NULL);
    assert_int_equal(pack_open(AT_FDCWD, "/none", false, &pack), RECEIVER_NOT_FOUND);
    cache_free(cache);
    free(record);
}

// All parts of all uploads: what can be read is what it was.
static size_t read_all(const char *path, int64_t first, size_t count) {
    struct pack *pack;
    struct pack_record *record = malloc(sizeof *record);
    size_t good = 0;
    enum receiver_error error = pack_open(AT_FDCWD, path, false, &pack);
    assert_true(error == RECEIVER_OK || error == RECEIVER_DAMAGED);
    for (size_t i = 0; error == RECEIVER_OK && i < count; i++) {
        int64_t id = first + 2 * (int64_t)i;
        enum receiver_error found = pack_find(pack, id, record);
        assert_true(found == RECEIVER_OK || found == RECEIVER_DAMAGED || found == RECEIVER_NOT_FOUND);
        for (int which = 0; found == RECEIVER_OK && which < 3; which++) {
            struct pack_input input = part_of(id, which);
            const struct pack_part *part = pack_part_of(record, input.file);
            uint8_t *bytes;
            size_t size;
            enum receiver_error read = part ? pack_read(pack, part, true, NULL, &bytes, &size) : RECEIVER_DAMAGED;
            assert_true(read == RECEIVER_OK || read == RECEIVER_DAMAGED);
            if (read == RECEIVER_OK) {
                assert_int_equal(size, input.size);
                assert_memory_equal(bytes, input.bytes, size);
                good++;
                free(bytes);
            }
            free((void *)input.bytes);
        }
    }
    if (error == RECEIVER_OK) {
        pack_close(pack);
    }
    free(record);
    return good;
}

static uint8_t *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void put(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

TEST_IN(folder, cut_off) {
    char path[FOLDER_BYTES + 16];
    size_t size;
    snprintf(path, sizeof path, "%s/a", folder);
    pack_make(path, 1, 3);
    uint8_t *bytes = slurp(path, &size);
    assert_int_equal(read_all(path, 1, 3), 9);
    for (size_t cut = 0; cut < size; cut += cut < 100 || cut > size - 100 ? 1 : 37) {
        put(path, bytes, cut);
        assert_int_equal(read_all(path, 1, 3), 0); // the slots are at its end
    }
    free(bytes);
}

TEST_IN(folder, damaged) {
    char path[FOLDER_BYTES + 16];
    size_t size, unharmed = 0;
    snprintf(path, sizeof path, "%s/a", folder);
    pack_make(path, 1, 3);
    uint8_t *bytes = slurp(path, &size);
    for (size_t at = 0; at < size; at++) {
        if (at > 400 && at + 200 < size && at % 29) {
            continue;
        }
        bytes[at] ^= (uint8_t)(1 << at % 8);
        put(path, bytes, size);
        unharmed += read_all(path, 1, 3) == 9;
        bytes[at] ^= (uint8_t)(1 << at % 8);
    }
    assert_true(unharmed < 15 + 2 * 16 + 3 * 4 + 1); // padding, slots without an upload, and sizes of records, which are for counting
    free(bytes);
}

// What a head says is not believed, even if its check sum is right.
TEST_IN(folder, heads_that_lie) {
    char path[FOLDER_BYTES + 16];
    size_t size;
    struct pack_header header;
    struct pack_slot slot;
    snprintf(path, sizeof path, "%s/a", folder);
    pack_make(path, 1, 3);
    uint8_t *bytes = slurp(path, &size);
    memcpy(&header, bytes, sizeof header);
    memcpy(&slot, bytes + header.slots_at + 4 * PACK_SLOT_BYTES, sizeof slot); // the last one
    uint32_t start[2];
    memcpy(start, bytes + slot.at, sizeof start);
    for (int which = 0; which < 2; which++) {
        struct bit_writer head = {0};
        static const char *const names[] = {"event.json", "0-a.pprof"};
        uint64_t end = header.slots_at - slot.at - sizeof start; // of the records, from the head on
        numbers_put(&head, 5);
        numbers_put(&head, 5000);
        numbers_put(&head, 1);
        numbers_put_text(&head, names[which], strlen(names[which]));
        // kind, check sum, sizes as it came, plain, with the recipe, and packed: all the rest there is, or what malloc makes none of
        uint64_t packed = which == 0 ? UINT64_MAX : 400;
        const uint64_t numbers[] = {CONTENT_PLAIN, 0, 300, 300, 300, packed, 0, 0};
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            numbers_put(&head, numbers[i]);
        }
        assert_true(head.size < end);
        uint8_t *changed = malloc(size);
        memcpy(changed, bytes, size);
        size_t head_size = which == 0 ? end + 1 : head.size; // one byte of the slots belongs to it
        memcpy(changed + slot.at + sizeof start, head.bytes, head.size);
        start[0] = (uint32_t)head_size;
        start[1] = libdeflate_crc32(0, changed + slot.at + sizeof start, head_size);
        memcpy(changed + slot.at, start, sizeof start);
        slot.crc = start[1];
        memcpy(changed + header.slots_at + 4 * PACK_SLOT_BYTES, &slot, sizeof slot);
        put(path, changed, size);
        struct pack *pack;
        struct pack_record *record = malloc(sizeof *record);
        assert_int_equal(pack_open(AT_FDCWD, path, false, &pack), RECEIVER_OK);
        assert_int_equal(pack_find(pack, 5, record), RECEIVER_DAMAGED);
        pack_close(pack);
        free(record);
        free(changed);
        free(head.bytes);
    }
    free(bytes);
}

int main(void) {
    return tests_run();
}
