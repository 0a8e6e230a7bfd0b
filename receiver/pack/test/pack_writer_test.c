// pack_writer_test.c: later uploads take less, rows of prefixes are short, memory is bounded.

#include "../../../base/test/test.h"

#include "pack_of.h"

TEST_IN(folder, what_is_new_alone) {
    char path[FOLDER_BYTES + 16];
    snprintf(path, sizeof path, "%s/a", folder);
    uint64_t one = pack_make(path, 7, 1), many = pack_make(path, 7, 60);
    assert_true(one > 3000);
    assert_true(many < 60 * one * 2 / 3);
    struct pack *pack;
    struct pack_record *record = malloc(sizeof *record);
    assert_int_equal(pack_open(AT_FDCWD, path, false, &pack), RECEIVER_OK);
    struct pack_sums sums = pack_sums_of(pack);
    assert_true(sums.uploads == 60 && sums.parts == 180 && sums.kept_as_came == 60 && sums.came_bytes == 60 * 20480);
    size_t with_prefix = 0;
    for (int64_t id = 7; id < 7 + 120; id += 2) {
        assert_int_equal(pack_find(pack, id, record), RECEIVER_OK);
        with_prefix += pack_part_of(record, "0-a.pprof")->from_record > 0;
        assert_int_equal(pack_part_of(record, "1-b.bin")->kind, CONTENT_AS_CAME);
        pack_expect(pack, id, NULL); // no more than PACK_MAX_DEPTH before it, or it would be damaged
    }
    assert_true(with_prefix >= 55);
    free(record);
    pack_close(pack);
}

// Contents of 64 MiB in all, of as many names.
TEST_IN(folder, bounded_memory) {
    char path[FOLDER_BYTES + 16], name[20];
    snprintf(path, sizeof path, "%s/a", folder);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct pack_writer *writer = pack_writer_new(file, NULL);
    uint8_t *zeros = calloc(1, 4 << 20);
    for (int64_t id = 1; id <= 16; id++) {
        snprintf(name, sizeof name, "0-%d", (int)id);
        struct pack_input part = {name, zeros, 4 << 20};
        assert_int_equal(pack_writer_add(writer, id, 0, 1, &part, 1, 0), RECEIVER_OK);
    }
    assert_int_equal(pack_writer_add(writer, 16, 0, 1, NULL, 0, 0), RECEIVER_TOO_LARGE); // not ascending
    assert_int_equal(pack_writer_add(writer, 1 + PACK_MAX_SLOTS, 0, 1, NULL, 0, 0), RECEIVER_TOO_LARGE);
    assert_int_equal(pack_writer_end(writer), RECEIVER_OK);
    pack_writer_free(writer);
    pack_writer_free(NULL);
    close(file);
    free(zeros);
    struct pack *pack;
    struct pack_record *record = malloc(sizeof *record);
    uint8_t *bytes;
    size_t size;
    assert_int_equal(pack_open(AT_FDCWD, path, false, &pack), RECEIVER_OK);
    assert_int_equal(pack_find(pack, 9, record), RECEIVER_OK);
    assert_int_equal(pack_read(pack, &record->parts[0], true, NULL, &bytes, &size), RECEIVER_OK);
    assert_int_equal(size, 4 << 20);
    free(bytes);
    free(record);
    pack_close(pack);
}

TEST_IN(folder, stopped) {
    char path[FOLDER_BYTES + 16];
    snprintf(path, sizeof path, "%s/a", folder);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    atomic_bool stop = false;
    struct pack_writer *writer = pack_writer_new(file, &stop);
    uint8_t *text = text_of(1, 0, 600000); // several pieces
    struct pack_input part = {"0-a", text, 600000};
    assert_int_equal(pack_writer_add(writer, 1, 0, 1, &part, 1, 0), RECEIVER_OK);
    stop = true;
    assert_int_equal(pack_writer_add(writer, 2, 0, 1, &part, 1, 0), RECEIVER_BUSY);
    pack_writer_free(writer);
    close(file);
    free(text);
}

int main(void) {
    return tests_run();
}
