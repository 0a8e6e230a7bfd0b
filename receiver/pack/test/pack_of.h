// pack_of.h: a pack of made uploads in a folder, for tests.
#ifndef CMEMPROF_RECEIVER_PACK_OF_H
#define CMEMPROF_RECEIVER_PACK_OF_H

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../pack_writer.h"
#include "texts.h"

#include <fcntl.h>
#include <unistd.h>

enum { PACK_OF_BYTES = 9000 };

// Part `which` of an upload: two texts that are much as before, and a zstd frame that is none.
static inline struct pack_input part_of(int64_t id, int which) {
    static const char *const names[] = {"event.json", "0-a.pprof", "1-b.bin"};
    size_t size = which == 0 ? 300 : which == 1 ? PACK_OF_BYTES : 50;
    uint8_t *bytes = text_of((uint32_t)which + 1, (uint32_t)id, size);
    if (which == 2) {
        memcpy(bytes, "\x28\xb5\x2f\xfd", 4);
    }
    return (struct pack_input){names[which], bytes, size};
}

// Uploads of every second id from first on. Returns the file's size.
static inline uint64_t pack_make(const char *path, int64_t first, size_t count) {
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct pack_writer *writer = pack_writer_new(file, NULL);
    assert_non_null(writer);
    for (size_t i = 0; i < count; i++) {
        int64_t id = first + 2 * (int64_t)i;
        struct pack_input parts[] = {part_of(id, 0), part_of(id, 1), part_of(id, 2)};
        assert_int_equal(pack_writer_add(writer, id, 1000 * id, (uint64_t)id % 4, parts, 3, 20480), RECEIVER_OK);
        for (int which = 0; which < 3; which++) {
            free((void *)parts[which].bytes);
        }
    }
    assert_int_equal(pack_writer_end(writer), RECEIVER_OK);
    uint64_t size = pack_writer_size(writer);
    pack_writer_free(writer);
    close(file);
    return size;
}

// All parts of an upload are what they were.
static inline void pack_expect(struct pack *pack, int64_t id, struct cache *cache) {
    struct pack_record *record = malloc(sizeof *record);
    assert_int_equal(pack_find(pack, id, record), RECEIVER_OK);
    assert_int_equal(record->received_ms, 1000 * id);
    assert_int_equal(record->count, 3);
    for (int which = 0; which < 3; which++) {
        struct pack_input input = part_of(id, which);
        const struct pack_part *part = pack_part_of(record, input.file);
        uint8_t *bytes;
        size_t size;
        assert_non_null(part);
        assert_int_equal(pack_read(pack, part, true, cache, &bytes, &size), RECEIVER_OK);
        assert_int_equal(size, input.size);
        assert_memory_equal(bytes, input.bytes, size);
        free(bytes);
        free((void *)input.bytes);
    }
    assert_null(pack_part_of(record, "2-c"));
    free(record);
}

#endif
