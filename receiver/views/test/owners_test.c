// owners_test.c: C memory by owner.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../owners.h"

static struct owner_pairs *pairs;

static void make(struct owners *owners, struct profile *profile, bool is_single) {
    pairs = owner_pairs_new();
    owners_start(owners, profile, pairs, is_single);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        assert_int_equal(owners_add(owners, &sample), MERGE_OK);
    }
    owners_sort(owners);
}

static void drop(struct owners *owners, struct profile *profile) {
    owners_free(owners);
    owner_pairs_free(pairs);
    profile_free(profile);
}

static void expect_row(const struct owners *owners, size_t at, const char *owner, const char *library, const char *opens, int64_t live,
                       int64_t allocated) {
    assert_true(at < owners->count);
    const struct owner_row *row = &owners->rows[at];
    assert_string_equal(row->owner.function, owner);
    assert_string_equal(row->library, library);
    assert_string_equal(row->pair.opens, opens);
    assert_int_equal(row->live.blocks, live);
    assert_int_equal(row->allocated.blocks, allocated);
    assert_int_equal(row->closed.blocks, allocated - live);
}

#define SQLITE "github.com/mattn/go-sqlite3"
#define MODULE "/go/pkg/mod/github.com/mattn/go-sqlite3@v1.14.0/"
#define PREPARE(owner)                                                                                                                     \
    FRAMES("malloc /m.c", "sqlite3MemMalloc /s.c", "sqlite3_prepare_v2 /s.c",                                                              \
           SQLITE "._Cfunc__sqlite3_prepare_v2_internal " MODULE "s.go", SQLITE ".(*C).prepare " MODULE "s.go", owner " /src/shop/q.go",   \
           "main.main /src/shop/main.go")

TEST(by_owner_and_pair) {
    struct profile *profile = new_heap_profile();
    struct owners owners;
    add_stack(profile, PREPARE("shop/store.query"), VALUES(100, 10000, 40, 4000), true);
    add_stack(profile, PREPARE("shop/web.page"), VALUES(10, 1000, 0, 0), true); // all freed
    add_stack(profile,
              FRAMES("malloc /m.c", "sqlite3MemMalloc /s.c", "sqlite3_step /s.c", SQLITE "._Cfunc_sqlite3_step " MODULE "s.go",
                     "shop/store.query /src/shop/q.go"),
              VALUES(7, 700, 7, 700), true);
    // The outermost opening counts: a file of libc that SQLite opens is SQLite's.
    add_stack(profile,
              FRAMES("malloc /m.c", "fopen /f.c", "sqlite3_open_v2 /s.c", "x._Cfunc_sqlite3_open_v2 " MODULE "s.go",
                     "shop/store.Open /src/shop/q.go"),
              VALUES(1, 50, 1, 50), true);
    add_stack(profile,
              FRAMES("_cgo_52_Cfunc__Cmalloc /e.c", "main._cgo_cmalloc _cgo_gotypes.go", "main._Cfunc_CString _cgo_gotypes.go",
                     "main.name /src/shop/c.go"),
              VALUES(9, 90, 2, 20), true);
    add_stack(profile, FRAMES("runtime.mallocgc /r.go", "main.name /src/shop/c.go"), VALUES(1000, 10000, 1000, 10000), false); // Go's
    make(&owners, profile, true);
    assert_true(owners.is_from_start);
    assert_int_equal(owners.count, 5);
    expect_row(&owners, 0, "shop/store.query", SQLITE, "sqlite3_prepare_v2", 40, 100);
    assert_string_equal(owners.rows[0].pair.closes, "sqlite3_finalize");
    assert_int_equal(owners.rows[0].closed.bytes, 6000);
    expect_row(&owners, 1, "shop/store.query", SQLITE, "", 7, 7);
    expect_row(&owners, 2, "shop/store.Open", "x", "sqlite3_open_v2", 1, 1);
    expect_row(&owners, 3, "main.name", "main", "C.CString", 2, 9);
    expect_row(&owners, 4, "shop/web.page", SQLITE, "sqlite3_prepare_v2", 0, 10);
    assert_int_equal(owners.total.live.blocks, 50);
    assert_int_equal(owners.total.allocated.bytes, 11840);
    drop(&owners, profile);
}

static uint32_t frame_in(struct profile *profile, const char *name, const char *file, uint32_t mapping) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = file});
    return profile_add_location(profile, mapping, 0, &(struct profile_line){function, 7, 0}, 1);
}

TEST(libraries) {
    struct profile *profile = new_heap_profile();
    struct owners owners;
    uint32_t program = profile_add_mapping(profile, &(struct profile_mapping){.file = "/app/shop", .build_id = ""});
    uint32_t library = profile_add_mapping(
        profile, &(struct profile_mapping){.memory_start = 4096, .memory_limit = 8192, .file = "/usr/lib/libzstd.so.1", .build_id = ""});
    uint32_t go = frame_in(profile, "main.pack", "/src/p.go", program), c = frame_in(profile, "work", "/src/w.c", program);
    uint32_t open = frame_in(profile, "ZSTD_createCCtx", "", library), allocate = frame_in(profile, "malloc", "", library);
    struct profile_label label = {"memory", "C", 0, ""};
    profile_add_sample(profile, (uint32_t[]){allocate, open, go}, 3, VALUES(1, 30, 1, 30), &label, 1);
    profile_add_sample(profile, (uint32_t[]){allocate, open, c}, 3, VALUES(1, 20, 1, 20), &label, 1); // a program in C
    profile_add_sample(profile, (uint32_t[]){allocate, c}, 2, VALUES(1, 10, 1, 10), &label, 1);
    profile_add_sample(profile, NULL, 0, VALUES(1, 5, 1, 5), &label, 1);
    make(&owners, profile, true);
    assert_int_equal(owners.count, 4);
    expect_row(&owners, 0, "main.pack", "libzstd.so.1", "ZSTD_createCCtx", 1, 1);
    expect_row(&owners, 1, "work", "libzstd.so.1", "ZSTD_createCCtx", 1, 1);
    expect_row(&owners, 2, "work", "", "", 1, 1);
    expect_row(&owners, 3, "", "", "", 1, 1);
    drop(&owners, profile);
}

// SQLite's source linked into a program in C: the caller of what opens owns it, not SQLite's innermost function.
TEST(c_alone) {
    struct profile *profile = new_heap_profile();
    struct owners owners;
    add_stack(profile, FRAMES("malloc /m.c", "sqlite3MemMalloc /s.c", "sqlite3_prepare_v2 /s.c", "report /r.c", "main /r.c"),
              VALUES(3, 30, 3, 30), true);
    make(&owners, profile, true);
    expect_row(&owners, 0, "report", "", "sqlite3_prepare_v2", 3, 3);
    drop(&owners, profile);
}

TEST(what_was_freed_is_known_from_the_start_only) {
    struct profile *profile = new_heap_profile();
    struct owners owners;
    struct json json = {0};
    add_stack(profile, PREPARE("shop/store.query"), VALUES(100, 10000, 40, 4000), true);
    make(&owners, profile, false); // a merge of several
    assert_false(owners.is_from_start);
    json_object_begin(&json);
    owners_write(&owners, 10, &json);
    json_object_end(&json);
    expect_at(&json, "$.is_from_start", "0");
    expect_at(&json, "$.owners[0].freed", "null");
    expect_at(&json, "$.owners[0].allocated.blocks", "100");
    json_free(&json);
    owners_free(&owners);
    owner_pairs_free(pairs);
    profile_set_time(profile, 1, 60000000000); // of a minute
    make(&owners, profile, true);
    assert_false(owners.is_from_start);
    drop(&owners, profile);
}

static bool is_from_start(const char *comment, const int64_t *values) {
    struct profile *profile = new_heap_profile();
    struct owners owners;
    add_stack(profile, PREPARE("shop/store.query"), VALUES(100, 10000, 40, 4000), true);
    add_stack(profile, PREPARE("shop/web.page"), values, true);
    if (comment) {
        profile_add_comment(profile, comment);
    }
    make(&owners, profile, true);
    bool said = owners.is_from_start;
    drop(&owners, profile);
    return said;
}

// Files of the command that have no duration, and differences of whoever.
TEST(a_merge_and_a_difference_are_not_from_the_start) {
    assert_true(is_from_start("any", VALUES(10, 1000, 10, 1000)));
    assert_false(is_from_start("inuse_objects, inuse_space: mean of 2 files; other types: sums", VALUES(10, 1000, 1, 100)));
    assert_false(is_from_start("cmemprof: difference: b.pprof less a.pprof", VALUES(10, 1000, 1, 100)));
    assert_false(is_from_start(NULL, VALUES(0, 0, 10, 1000))); // freed -10
    assert_false(is_from_start(NULL, VALUES(10, 1000, -1, -100)));
}

// Nothing is freed, or in use, by the samples, which are a few of all blocks.
TEST(none_of_a_few_samples_is_not_none) {
    struct profile *profile = new_heap_profile(); // a period of 512 KiB
    struct owners owners;
    struct json json = {0};
    add_stack(profile, PREPARE("shop/store.query"), VALUES(1000, 64 << 20, 1000, 64 << 20), true);
    add_stack(profile, PREPARE("shop/web.page"), VALUES(1000, 64 << 20, 0, 0), true);
    make(&owners, profile, true);
    json_object_begin(&json);
    owners_write(&owners, 9, &json);
    json_object_end(&json);
    // Blocks of 67,109 bytes: ln 20 * 524,288 / 67,109 = 23.4 of them have no sample in 5 of 100 cases.
    expect_at(&json, "$.owners[0].freed.blocks", "0");
    expect_number_at(&json, "$.owners[0].freed.blocks_error", 23.4, 0.1);
    expect_number_at(&json, "$.owners[0].freed.bytes_error", 1570622, 100);
    expect_at(&json, "$.owners[1].live.blocks", "0");
    expect_number_at(&json, "$.owners[1].live.blocks_error", 23.4, 0.1);
    expect_number_at(&json, "$.owners[1].freed.blocks_error", 171.1, 1); // two standard errors
    json_free(&json);
    drop(&owners, profile);
}

TEST(as_json) {
    struct profile *profile = new_heap_profile(); // a period of 512 KiB
    struct owners owners;
    struct json json = {0};
    add_stack(profile, PREPARE("shop/store.query"), VALUES(100, 10000, 40, 4000), true);
    add_stack(profile, PREPARE("shop/web.page"), VALUES(10, 1000, 1, 100), true);
    make(&owners, profile, true);
    json_object_begin(&json);
    owners_write(&owners, 1, &json);
    json_object_end(&json);
    expect_at(&json, "$.owners[0].function.name", "shop/store.query");
    expect_at(&json, "$.owners[0].function.kind", "go");
    expect_at(&json, "$.owners[0].line", "7");
    expect_at(&json, "$.owners[0].library", SQLITE);
    expect_at(&json, "$.owners[0].opens", "sqlite3_prepare_v2");
    expect_at(&json, "$.owners[0].closes", "sqlite3_finalize");
    expect_at(&json, "$.owners[0].live.bytes", "4000");
    expect_at(&json, "$.owners[0].freed.blocks", "60");
    expect_at(&json, "$.owners[1]", "(none)");
    expect_at(&json, "$.owners_left_out", "1");
    expect_at(&json, "$.total.live.blocks", "41");
    // 40 blocks of 100 bytes: p is about 1 / 5243, so that two standard errors are 2 * sqrt(40 * 5242).
    expect_number_at(&json, "$.owners[0].live.blocks_error", 915.8, 1);
    expect_number_at(&json, "$.owners[0].live.bytes_error", 91580, 100);
    json_free(&json);
    drop(&owners, profile);
}

int main(void) {
    return tests_run();
}
