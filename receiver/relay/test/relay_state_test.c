// relay_state_test.c: what was saved is there at the next start; a damaged file counts as none.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../relay_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

TEST(kept) {
    char directory[FOLDER_BYTES];
    struct relay_state target, other;
    assert_int_equal(folder_make(directory), 0);
    assert_true(relay_state_open(&target, directory, "one", "http://one"));
    assert_true(target.is_new && !target.is_damaged && target.cursor == 0);
    target.cursor = 7;
    for (int i = 0; i < RELAY_PUT_OFF; i++) {
        assert_true(relay_state_put_off(&target, 100 + i, i));
    }
    assert_false(relay_state_put_off(&target, 9, 9));
    relay_state_remove(&target, 0);
    relay_state_remove(&target, RELAY_PUT_OFF - 2);
    assert_true(relay_state_save(&target));
    relay_state_close(&target);
    assert_true(relay_state_open(&other, directory, "two", "http://two"));
    assert_true(other.is_new);
    relay_state_close(&other);
    assert_true(relay_state_open(&target, directory, "one", "http://one"));
    assert_true(!target.is_new && !target.is_damaged && target.cursor == 7 && target.count == RELAY_PUT_OFF - 2);
    assert_true(target.put_off[0].id == 101 && target.put_off[0].strikes == 1 && target.put_off[61].id == 162);
    relay_state_close(&target);
    assert_int_equal(folder_remove(directory), 0);
}

TEST(damaged) {
    char directory[FOLDER_BYTES];
    struct relay_state target;
    assert_int_equal(folder_make(directory), 0);
    assert_true(relay_state_open(&target, directory, "one", "http://one"));
    target.cursor = 7;
    assert_true(relay_state_save(&target));
    assert_int_equal(pwrite(target.file, "x", 1, 9), 1);
    relay_state_close(&target);
    assert_true(relay_state_open(&target, directory, "one", "http://one"));
    assert_true(target.is_damaged && !target.is_new && target.cursor == 0 && target.count == 0);
    assert_int_equal(ftruncate(target.file, 5), 0);
    relay_state_close(&target);
    assert_true(relay_state_open(&target, directory, "one", "http://one"));
    assert_true(target.is_damaged);
    assert_int_equal(ftruncate(target.file, 0), 0); // as a power cut leaves it
    relay_state_close(&target);
    assert_true(relay_state_open(&target, directory, "one", "http://one"));
    assert_true(target.is_damaged && !target.is_new);
    assert_true(relay_state_sync(&target, directory));
    assert_false(relay_state_sync(&target, "/nowhere"));
    relay_state_close(&target);
    assert_false(relay_state_open(&target, "/nowhere", "one", "http://one"));
    assert_int_equal(folder_remove(directory), 0);
}

struct seen {
    int count;
    char file[64];
    struct relay_state state;
};

static void see(void *context, const char *file, const struct relay_state *state) {
    struct seen *seen = context;
    seen->count++;
    snprintf(seen->file, sizeof seen->file, "%s", file);
    seen->state = *state;
}

// What is there of targets that are given no more, in whatever order others are.
TEST(others) {
    char directory[FOLDER_BYTES];
    struct relay_state one, two, damaged;
    struct seen seen = {0};
    assert_int_equal(folder_make(directory), 0);
    assert_true(relay_state_open(&one, directory, "otlp:http://x", "x") && relay_state_open(&two, directory, "otlp:http://x b", "x#2") &&
                relay_state_open(&damaged, directory, "three", "three"));
    two.cursor = 5;
    assert_true(relay_state_put_off(&two, 3, 1));
    assert_true(relay_state_save(&one) && relay_state_save(&two));
    relay_state_close(&one), relay_state_close(&two), relay_state_close(&damaged);
    relay_state_each_other(directory, (const char *const[]){"otlp:http://x b", "otlp:http://x"}, 2, see, &seen);
    assert_int_equal(seen.count, 1); // the third one, as no start left it whole
    assert_true(seen.state.is_damaged);
    relay_state_each_other(directory, (const char *const[]){"otlp:http://x", "three"}, 2, see, &seen);
    assert_int_equal(seen.count, 2);
    assert_false(seen.state.is_damaged);
    assert_int_equal(strncmp(seen.file, "forward-", 8), 0);
    assert_string_equal(seen.state.name, "x#2");
    assert_int_equal(seen.state.cursor, 5);
    assert_int_equal(seen.state.count, 1);
    relay_state_each_other(directory, NULL, 0, see, &seen);
    assert_int_equal(seen.count, 5);
    relay_state_each_other("/nowhere", NULL, 0, see, &seen);
    assert_int_equal(seen.count, 5);
    assert_int_equal(folder_remove(directory), 0);
}

// As the version before wrote it: up to what was put off, then the checksum (FNV-1a) of all before.
static void write_former(const char *directory, const char *key, int64_t cursor, int64_t put_off) {
    struct relay_state state;
    uint64_t words[131] = {0}, checksum = 0xcbf29ce484222325;
    assert_true(relay_state_open(&state, directory, key, ""));
    memcpy(words, "forward1", 8);
    words[1] = (uint64_t)cursor;
    words[2] = 1;
    words[3] = (uint64_t)put_off;
    words[4] = 2;
    for (size_t i = 0; i < sizeof words; i++) {
        checksum = (checksum ^ ((const unsigned char *)words)[i]) * 0x100000001b3;
    }
    assert_int_equal(write(state.file, words, sizeof words), sizeof words);
    assert_int_equal(write(state.file, &checksum, sizeof checksum), sizeof checksum);
    relay_state_close(&state);
}

TEST_IN(folder, of_the_former_version) {
    struct relay_state kept;
    struct seen seen = {0};
    write_former(folder, "x", 7, 3);
    relay_state_each_other(folder, NULL, 0, see, &seen);
    assert_true(seen.count == 1 && seen.state.cursor == 7 && seen.state.count == 1 && !seen.state.is_damaged);
    assert_string_equal(seen.state.name, "");
    assert_true(relay_state_open(&kept, folder, "x", "http://x"));
    assert_true(!kept.is_new && !kept.is_damaged && kept.is_former && kept.cursor == 7 && kept.count == 1);
    assert_true(kept.put_off[0].id == 3 && kept.put_off[0].strikes == 2);
    assert_int_equal(pwrite(kept.file, "x", 1, 9), 1);
    relay_state_close(&kept);
    assert_true(relay_state_open(&kept, folder, "x", "http://x"));
    assert_true(kept.is_damaged && kept.cursor == 0);
    assert_true(relay_state_save(&kept));
    relay_state_close(&kept);
    assert_true(relay_state_open(&kept, folder, "x", "http://x"));
    assert_true(!kept.is_damaged && !kept.is_former);
    relay_state_close(&kept);
}

// The first one of an address, whose file of headers was not in its key.
TEST_IN(folder, inherited) {
    struct relay_state kept;
    assert_true(relay_state_inherit(folder, "x a", "x")); // there is nothing
    write_former(folder, "x", 7, 3);
    assert_true(relay_state_inherit(folder, "x a", "x"));
    assert_true(relay_state_inherit(folder, "x b", "x")); // only one gets it
    assert_true(relay_state_open(&kept, folder, "x a", "http://x"));
    assert_true(!kept.is_new && kept.cursor == 7 && kept.count == 1);
    kept.cursor = 8;
    assert_true(relay_state_save(&kept));
    relay_state_close(&kept);
    assert_true(relay_state_open(&kept, folder, "x b", "http://x#2"));
    assert_true(kept.is_new && kept.cursor == 0);
    relay_state_close(&kept);
    write_former(folder, "x", 5, 3);
    assert_true(relay_state_inherit(folder, "x a", "x")); // which has its own
    assert_true(relay_state_open(&kept, folder, "x a", "http://x"));
    assert_int_equal(kept.cursor, 8);
    relay_state_close(&kept);
    assert_true(relay_state_open(&kept, folder, "x", "http://x")); // of this version: a target without headers has it
    assert_int_equal(kept.cursor, 5);
    assert_true(relay_state_save(&kept));
    relay_state_close(&kept);
    assert_true(relay_state_inherit(folder, "x c", "x"));
    assert_true(relay_state_open(&kept, folder, "x c", "http://x"));
    assert_true(kept.is_new);
    relay_state_close(&kept);
}

int main(void) {
    return tests_run();
}
