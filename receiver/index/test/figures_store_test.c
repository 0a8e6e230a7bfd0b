// figures_store_test.c: figures are kept once each, in blocks that grow, survive a kill at any moment, and are given up with their
// database.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../figures_store.h"

#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct kept {
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 40];
    struct figures_store *store;
};

static int kept_setup(void **state) {
    struct kept *kept = calloc(1, sizeof *kept);
    assert_int_equal(folder_make(kept->folder), 0);
    snprintf(kept->path, sizeof kept->path, "%s/figures.sqlite", kept->folder);
    kept->store = figures_store_open(kept->path);
    assert_non_null(kept->store);
    *state = kept;
    return 0;
}

static int kept_teardown(void **state) {
    struct kept *kept = *state;
    figures_store_close(kept->store);
    int status = folder_remove(kept->folder);
    free(kept);
    return status;
}

static void reopen(struct kept *kept) {
    figures_store_close(kept->store);
    kept->store = figures_store_open(kept->path);
    assert_non_null(kept->store);
}

static enum receiver_error put(struct figures_store *store, uint64_t process, int64_t id) {
    struct figures *figures = calloc(1, sizeof *figures);
    figures->states[FIGURES_METRICS] = FIGURES_READ;
    figures->count = 2;
    strcpy(figures->figures[0].name, "id");
    figures->figures[0].value = (double)id;
    snprintf(figures->figures[1].name, FIGURES_NAME_BYTES, "of_%d", (int)(id % 3));
    figures->figures[1].value = 1.0 / (double)id;
    enum receiver_error error = figures_store_put(store, process, id, (uint32_t)id, figures);
    free(figures);
    return error;
}

enum { IDS = 2000 };
struct seen {
    int times[IDS];
    size_t blocks, wrong;
    int64_t before;
};

static bool take(void *context, const struct figures_block *block) {
    struct seen *seen = context;
    seen->blocks++;
    for (size_t i = 0; i < block->count; i++) {
        int64_t id = block->uploads[i].id;
        seen->times[id]++;
        seen->wrong += block->uploads[i].fingerprint != (uint32_t)id || (i > 0 && id <= block->uploads[i - 1].id);
        for (size_t n = 0; n < block->name_count; n++) {
            double value = block->names[n].values[i];
            bool of_id = strcmp(block->names[n].name, "id") == 0, mine = !of_id && block->names[n].name[3] == '0' + id % 3;
            seen->wrong += of_id ? value != (double)id : mine ? value != 1.0 / (double)id : !isnan(value);
        }
    }
    return true;
}

static void expect_read(struct figures_store *store, uint64_t process, int64_t first, int64_t last, struct seen *seen) {
    *seen = (struct seen){0};
    assert_int_equal(figures_store_read(store, process, first, last, take, seen), RECEIVER_OK);
    assert_int_equal(seen->wrong, 0);
}

// Newest first, then the others, as after a restart: blocks whose ranges overlap are put in order.
TEST_IN(kept, blocks) {
    struct kept *kept = *state;
    static struct seen seen;
    for (int64_t id = 1200; id > 600; id -= 2) {
        assert_int_equal(put(kept->store, 7, id), RECEIVER_OK);
    }
    for (int64_t id = 1; id <= 1199; id += 2) {
        assert_int_equal(put(kept->store, 7, id), RECEIVER_OK);
    }
    assert_int_equal(put(kept->store, UINT64_MAX, 5), RECEIVER_OK);
    reopen(kept);
    expect_read(kept->store, 7, 1, 1200, &seen);
    for (int id = 1; id <= 1200; id++) {
        assert_int_equal(seen.times[id], id % 2 || id > 600);
    }
    assert_in_range(seen.blocks, 900 / 256, 900 / 256 + 15 + 15);
    expect_read(kept->store, UINT64_MAX, 1, 1200, &seen);
    assert_true(seen.times[5] == 1 && seen.blocks == 1);
    expect_read(kept->store, 8, 1, 1200, &seen);
    assert_int_equal(seen.blocks, 0);
    figures_store_remove_before(kept->store, 1200, NULL, 0);
    expect_read(kept->store, 7, 1, 1200, &seen);
    assert_true(seen.times[1200] == 1 && seen.blocks < 4);
    expect_read(kept->store, UINT64_MAX, 1, 1200, &seen);
    assert_int_equal(seen.blocks, 0);
}

// What is kept keeps its block; all else of lower ids goes.
TEST_IN(kept, pinned) {
    struct kept *kept = *state;
    static struct seen seen;
    static const int64_t pinned[] = {3, 9, 700};
    for (int64_t id = 1; id <= 12; id++) {
        assert_int_equal(put(kept->store, (uint64_t)id, id), RECEIVER_OK); // a block each
    }
    figures_store_remove_before(kept->store, 11, pinned, 3);
    for (int64_t id = 1; id <= 12; id++) {
        expect_read(kept->store, (uint64_t)id, 1, 12, &seen);
        assert_int_equal(seen.times[id], id == 3 || id == 9 || id >= 11);
    }
}

// One upload's, whichever block has it: the others of the block stay as they are.
TEST_IN(kept, removed) {
    struct kept *kept = *state;
    static struct seen seen;
    static const int64_t gone[] = {1, 100, 256, 257, 299, 300};
    for (int64_t id = 1; id <= 300; id++) {
        assert_int_equal(put(kept->store, 7, id), RECEIVER_OK);
    }
    assert_int_equal(put(kept->store, 8, 500), RECEIVER_OK);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        assert_int_equal(figures_store_remove(kept->store, 7, gone[i]), RECEIVER_OK);
        assert_int_equal(figures_store_remove(kept->store, 7, gone[i]), RECEIVER_OK);
    }
    assert_int_equal(figures_store_remove(kept->store, 7, 500), RECEIVER_OK); // another process's
    expect_read(kept->store, 7, 1, 300, &seen);
    for (int64_t id = 1; id <= 300; id++) {
        bool is_gone = false;
        for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
            is_gone = is_gone || gone[i] == id;
        }
        assert_int_equal(seen.times[id], !is_gone);
    }
    assert_int_equal(figures_store_remove(kept->store, 8, 500), RECEIVER_OK);
    expect_read(kept->store, 8, 1, 600, &seen);
    assert_int_equal(seen.blocks, 0);
    reopen(kept);
    expect_read(kept->store, 7, 300, 300, &seen);
    assert_int_equal(seen.times[300], 0);
}

static void count_ids(void *context, const int64_t *ids, size_t count) {
    struct seen *seen = context;
    for (size_t i = 0; i < count; i++) {
        seen->times[ids[i]]++;
    }
}

// A process that is killed while it writes has each upload once or not at all.
TEST_IN(kept, killed) {
    struct kept *kept = *state;
    static struct seen seen, ids;
    int64_t done = 0;
    for (int round = 0; round < 8; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        figures_store_close(kept->store);
        kept->store = NULL;
        pid_t child = fork();
        if (child == 0) {
            struct figures_store *store = figures_store_open(kept->path);
            for (int64_t id = done + 1; id < IDS && put(store, 3, id) == RECEIVER_OK; id++) {
                if (write(pipes[1], &id, sizeof id) != sizeof id) {
                    break;
                }
            }
            _exit(0);
        }
        close(pipes[1]);
        int64_t last = done;
        for (int reads = 0; reads < 30 + 17 * round && read(pipes[0], &last, sizeof last) == sizeof last; reads++) {
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipes[0], &last, sizeof last) == sizeof last) { // what it had written before
        }
        close(pipes[0]);
        reopen(kept);
        expect_read(kept->store, 3, 1, IDS, &seen);
        memset(&ids, 0, sizeof ids);
        assert_int_equal(figures_store_ids(kept->store, count_ids, &ids), RECEIVER_OK);
        assert_int_equal(memcmp(seen.times, ids.times, sizeof ids.times), 0);
        done = 0;
        for (int id = 1; id < IDS; id++) {
            assert_in_range(seen.times[id], id <= last, 1);
            assert_true(!seen.times[id] || done == id - 1);
            done = seen.times[id] ? id : done;
        }
        assert_in_range(done, last, last + 1);
    }
}

static void run(const char *path, const char *sql) {
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

// A block that is not what it was, another version, no database at all: made anew, and the generation says so.
TEST_IN(kept, given_up) {
    struct kept *kept = *state;
    static struct seen seen;
    for (int64_t id = 1; id <= 40; id++) {
        assert_int_equal(put(kept->store, 3, id), RECEIVER_OK);
    }
    uint64_t generation = figures_store_generation(kept->store);
    run(kept->path, "UPDATE block SET data=CAST(data || x'00' AS BLOB) WHERE number=(SELECT min(number) FROM block)");
    assert_int_equal(figures_store_read(kept->store, 3, 1, 40, take, &seen), RECEIVER_DAMAGED);
    assert_true(figures_store_generation(kept->store) != generation);
    expect_read(kept->store, 3, 1, 40, &seen);
    assert_int_equal(seen.blocks, 0);
    assert_int_equal(put(kept->store, 3, 41), RECEIVER_OK);
    figures_store_close(kept->store);
    run(kept->path, "PRAGMA user_version=99");
    kept->store = figures_store_open(kept->path);
    expect_read(kept->store, 3, 1, 41, &seen);
    assert_int_equal(seen.blocks, 0);
    figures_store_close(kept->store);
    FILE *file = fopen(kept->path, "w");
    fputs("no database, but long enough to be looked at as one: ..................................................", file);
    fclose(file);
    kept->store = figures_store_open(kept->path);
    assert_int_equal(put(kept->store, 3, 1), RECEIVER_OK);
}

// Locked by another program at the start: nothing is lost, and it is opened once it can be.
TEST_IN(kept, locked) {
    struct kept *kept = *state;
    static struct seen seen;
    sqlite3 *other;
    for (int64_t id = 1; id <= 40; id++) {
        assert_int_equal(put(kept->store, 3, id), RECEIVER_OK);
    }
    figures_store_close(kept->store);
    assert_int_equal(sqlite3_open(kept->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    kept->store = figures_store_open(kept->path);
    assert_non_null(kept->store);
    uint64_t generation = figures_store_generation(kept->store);
    expect_read(kept->store, 3, 1, 40, &seen);
    assert_int_equal(seen.blocks, 0);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(put(kept->store, 3, 41), RECEIVER_OK);
    assert_true(figures_store_generation(kept->store) != generation); // what is kept is to be asked for again
    expect_read(kept->store, 3, 1, 41, &seen);
    for (int64_t id = 1; id <= 41; id++) {
        assert_int_equal(seen.times[id], 1);
    }
}

// Tables without the version, as a program leaves them that makes them one by one and ends between.
TEST_IN(kept, half_begun) {
    struct kept *kept = *state;
    static struct seen seen;
    figures_store_close(kept->store);
    assert_int_equal(unlink(kept->path), 0);
    run(kept->path, "CREATE TABLE block(number INTEGER PRIMARY KEY)");
    kept->store = figures_store_open(kept->path);
    assert_non_null(kept->store);
    assert_int_equal(put(kept->store, 3, 1), RECEIVER_OK);
    expect_read(kept->store, 3, 1, 1, &seen);
    assert_int_equal(seen.blocks, 1);
}

TEST(none) {
    struct figures *figures = calloc(1, sizeof *figures);
    static struct seen seen;
    struct figures_store *store = figures_store_open("/nowhere/figures.sqlite");
    assert_null(store);
    assert_int_equal(figures_store_put(store, 1, 1, 1, figures), RECEIVER_IO);
    expect_read(store, 1, 1, 1, &seen);
    assert_int_equal(figures_store_ids(store, count_ids, &seen), RECEIVER_OK);
    figures_store_remove_before(store, 9, NULL, 0);
    assert_int_equal(figures_store_generation(store), 0);
    figures_store_close(store);
    free(figures);
}

int main(void) {
    return tests_run();
}
