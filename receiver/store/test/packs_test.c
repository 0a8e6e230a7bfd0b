// packs_test.c: which packs there are; names of others are left alone; the list follows what is added and removed.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../pack/test/pack_of.h"
#include "../../test/expect_json.h"
#include "../packs.h"

struct seen {
    size_t count, of_damaged;
    int64_t last;
};

static bool see(void *context, int64_t id, uint32_t bytes) {
    struct seen *seen = context;
    seen->count++;
    seen->of_damaged += bytes == 0;
    seen->last = id;
    return true;
}

static bool refuse(void *context, int64_t id, uint32_t bytes) {
    (void)context, (void)id, (void)bytes;
    return false;
}

static void make_pack(int64_t first, size_t count) {
    char path[FOLDER_BYTES + PACKS_NAME_BYTES + 1], name[PACKS_NAME_BYTES];
    packs_name(first, first + 2 * (int64_t)count - 2, name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    pack_make(path, first, count);
}

static void make_file(const char *name) {
    char path[FOLDER_BYTES + 80];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    fputs("not a pack", file);
    fclose(file);
}

static int64_t used; // the id that the index has beside the one that is removed
static bool is_used(void *context, int64_t first, int64_t last, int64_t id) {
    assert_ptr_equal(context, &used);
    return used >= first && used <= last && used != id;
}
static void init(struct packs *packs) {
    packs_init(packs);
    packs->is_used = is_used;
    packs->is_used_context = &used;
}

TEST_IN(folder, list) {
    struct packs packs;
    struct pack *pack;
    struct pack_record *record = malloc(sizeof *record);
    struct seen seen = {0};
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    static const char *const others[] = {"1-.pack",   "0-3.pack",     "3-1.pack",
                                         "01-3.pack", "1-3.pack2",    "1-3",
                                         "-1-3.pack", "1-70000.pack", "9999999999999999999-9999999999999999999.pack"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        make_file(others[i]);
    }
    make_pack(101, 3);
    make_pack(11, 4);
    make_file("201-202.pack"); // the name of a pack
    init(&packs);
    assert_int_equal(packs_load(&packs, directory), RECEIVER_OK);
    assert_int_equal(packs_last(&packs), 202);
    assert_true(packs_each(&packs, see, &seen));
    assert_true(seen.count == 9 && seen.of_damaged == 2 && seen.last == 202);
    assert_false(packs_each(&packs, refuse, NULL));
    for (int64_t id = 11; id < 18; id += 2) {
        assert_int_equal(packs_find(&packs, id, &pack, record), RECEIVER_OK);
        pack_expect(pack, id, packs.contents);
        pack_close(pack);
    }
    assert_int_equal(packs_find(&packs, 12, &pack, record), RECEIVER_NOT_FOUND);
    assert_int_equal(packs_find(&packs, 50, &pack, record), RECEIVER_NOT_FOUND);
    assert_int_equal(packs_find(&packs, 201, &pack, record), RECEIVER_DAMAGED);
    struct json json = {0};
    json_object_begin(&json);
    packs_describe(&packs, &json);
    json_object_end(&json);
    expect_json(&json, "\"packs\":3,\"packs_damaged\":1");
    make_pack(301, 1);
    assert_int_equal(packs_add(&packs, 301, 301), RECEIVER_OK);
    assert_int_equal(packs_find(&packs, 301, &pack, record), RECEIVER_OK);
    pack_close(pack);
    packs_remove(&packs, 13, false);
    packs_remove(&packs, 13, false); // it is gone already
    packs_remove(&packs, 99, false);
    assert_int_equal(packs_find(&packs, 13, &pack, record), RECEIVER_NOT_FOUND);
    for (int64_t id = 11; id < 18; id += 2) {
        assert_int_equal(faccessat(directory, "11-17.pack", F_OK, 0), 0);
        packs_remove(&packs, id, false);
    }
    assert_int_equal(faccessat(directory, "11-17.pack", F_OK, 0), -1);
    make_file("401-402.pack");
    assert_int_equal(packs_add(&packs, 401, 402), RECEIVER_DAMAGED);
    assert_int_equal(packs_last(&packs), 301);
    used = 201;
    packs_remove(&packs, 202, false);
    assert_int_equal(faccessat(directory, "201-202.pack", F_OK, 0), 0); // who knows what it has
    packs_remove(&packs, 201, false);
    assert_int_equal(faccessat(directory, "201-202.pack", F_OK, 0), -1);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(faccessat(directory, others[i], F_OK, 0), 0);
    }
    packs_destroy(&packs);
    free(record);
    close(directory);
}

// A kill between the last slot and the file.
TEST_IN(folder, empty_pack) {
    struct packs packs;
    struct pack *pack;
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    make_pack(1, 2);
    assert_int_equal(pack_open(directory, "1-3.pack", true, &pack), RECEIVER_OK);
    assert_int_equal(pack_remove(pack, 1), RECEIVER_OK);
    assert_int_equal(pack_remove(pack, 3), RECEIVER_OK);
    pack_close(pack);
    packs_init(&packs);
    assert_int_equal(packs_load(&packs, directory), RECEIVER_OK);
    assert_int_equal(packs.count, 0);
    assert_int_equal(faccessat(directory, "1-3.pack", F_OK, 0), -1);
    packs_destroy(&packs);
    close(directory);
}

// Zeros among the slots are damage, not retention's work.
TEST_IN(folder, slots_lost) {
    struct pack_record *record = malloc(sizeof *record);
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    make_pack(1, 4);
    struct pack *pack;
    assert_int_equal(pack_open(directory, "1-7.pack", true, &pack), RECEIVER_OK);
    assert_int_equal(pack_remove(pack, 1), RECEIVER_OK);
    pack_close(pack);
    for (int64_t lost = 1; lost <= 7; lost += 6) { // slots: one; all, with the mark of the one that was removed
        static const char zeros[7 * PACK_SLOT_BYTES];
        int file = openat(directory, "1-7.pack", O_RDWR | O_CLOEXEC);
        off_t size = lseek(file, 0, SEEK_END), bytes = (off_t)lost * PACK_SLOT_BYTES;
        assert_int_equal(pwrite(file, zeros, (size_t)bytes, size - bytes), bytes);
        close(file);
        struct packs packs;
        struct seen seen = {0};
        packs_init(&packs);
        assert_int_equal(packs_load(&packs, directory), RECEIVER_OK);
        assert_true(packs.count == 1 && packs.list[0].damaged);
        assert_int_equal(packs_find(&packs, 7, &pack, record), RECEIVER_DAMAGED);
        assert_true(packs_each(&packs, see, &seen) && seen.count == 7); // the index keeps their rows
        if (lost == 1) {
            assert_int_equal(packs_find(&packs, 5, &pack, record), RECEIVER_OK);
            pack_close(pack);
        }
        packs_destroy(&packs);
    }
    assert_int_equal(faccessat(directory, "1-7.pack", F_OK, 0), 0);
    close(directory);
    free(record);
}

// Of a damaged pack what can be read is removed; another one whose name has the id may have it.
TEST_IN(folder, removed_beside_damage) {
    struct pack_record *record = malloc(sizeof *record);
    struct pack *pack;
    struct packs packs;
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    static const char zeros[PACK_SLOT_BYTES];
    make_pack(1, 4);
    make_pack(2, 3);
    int file = openat(directory, "1-7.pack", O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(file, zeros, sizeof zeros, lseek(file, 0, SEEK_END) - 5 * PACK_SLOT_BYTES), sizeof zeros); // of 3
    close(file);
    init(&packs);
    assert_int_equal(packs_load(&packs, directory), RECEIVER_OK);
    used = 1;
    assert_int_equal(packs_remove(&packs, 7, true), RECEIVER_OK);
    assert_int_equal(packs_find(&packs, 7, &pack, record), RECEIVER_DAMAGED);
    assert_int_equal(packs_find(&packs, 5, &pack, record), RECEIVER_OK);
    pack_close(pack);
    assert_int_equal(packs_remove(&packs, 4, true), RECEIVER_OK);
    assert_int_equal(packs_find(&packs, 4, &pack, record), RECEIVER_DAMAGED); // as far as anybody knows
    assert_int_equal(packs.list[1].live, 2);
    used = 0;
    assert_int_equal(packs_remove(&packs, 2, true), RECEIVER_OK); // both go on: one without its file, one without 2
    assert_int_equal(faccessat(directory, "1-7.pack", F_OK, 0), -1);
    assert_int_equal(packs_find(&packs, 2, &pack, record), RECEIVER_NOT_FOUND);
    assert_int_equal(packs_find(&packs, 6, &pack, record), RECEIVER_OK);
    pack_close(pack);
    packs_destroy(&packs);
    close(directory);
    free(record);
}

int main(void) {
    return tests_run();
}
