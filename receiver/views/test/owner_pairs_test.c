// owner_pairs_test.c: names of what opens and what closes.

#include "../../../base/test/test.h"

#include "../owner_pairs.h"

static void expect(const struct owner_pairs *pairs, const char *function, const char *opens, const char *closes) {
    struct owner_pair pair;
    assert_true(owner_pairs_find(pairs, function, &pair));
    assert_string_equal(pair.opens, opens);
    assert_string_equal(pair.closes, closes);
}

static bool is_known(const struct owner_pairs *pairs, const char *function) {
    struct owner_pair pair;
    return owner_pairs_find(pairs, function, &pair);
}

TEST(built_in) {
    struct owner_pairs *pairs = owner_pairs_new();
    assert_non_null(pairs);
    expect(pairs, "sqlite3_prepare_v2", "sqlite3_prepare_v2", "sqlite3_finalize");
    expect(pairs, "sqlite3_prepare_v2.part.0", "sqlite3_prepare_v2", "sqlite3_finalize");
    expect(pairs, "github.com/mattn/go-sqlite3._Cfunc_sqlite3_prepare_v2", "sqlite3_prepare_v2", "sqlite3_finalize");
    expect(pairs, "_cgo_e780bd1fee59_Cfunc__sqlite3_open_v2", "sqlite3_open_v2", "sqlite3_close_v2");
    expect(pairs, "_cgo_e780bd1fee59_Cfunc__Cmalloc", "C.malloc", "C.free");
    expect(pairs, "ZSTD_createCCtx", "ZSTD_createCCtx", "ZSTD_freeCCtx");
    expect(pairs, "rd_kafka_new", "rd_kafka_new", "rd_kafka_destroy");
    expect(pairs, "rd_kafka_topic_conf_new", "rd_kafka_topic_conf_new", "rd_kafka_topic_conf_destroy");
    expect(pairs, "rocksdb_writebatch_create", "rocksdb_writebatch_create", "rocksdb_writebatch_destroy");
    expect(pairs, "rocksdb_cache_create_lru", "rocksdb_cache_create_lru", "rocksdb_cache_destroy");
    expect(pairs, "rocksdb_create_iterator_cf", "rocksdb_create_iterator_cf", "rocksdb_iter_destroy");
    expect(pairs, "main._Cfunc_CString", "C.CString", "C.free");
    expect(pairs, "main._Cfunc__CMalloc", "C.malloc", "C.free");
    static const char *const others[] = {"malloc",     "sqlite3_step",          "xsqlite3_prepare",   "rd_kafka_newer", "",
                                         "main.fopen", "ZSTD_createCCtx::more", "sqlite3_prepare v2", "fopen64"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(is_known(pairs, others[i]));
    }
    owner_pairs_free(pairs);
    owner_pairs_free(NULL);
}

TEST(of_a_text) {
    static const char text[] =
        "# ours\n\n  img_new\timg_free\r\nimg_*_make img_*_drop\nsqlite3_prepare_v2 our_finalize\nstore.Open store.Close";
    struct owner_pairs *pairs = owner_pairs_new();
    char fault[100] = "";
    assert_true(owner_pairs_add(pairs, text, sizeof text - 1, fault, sizeof fault));
    expect(pairs, "img_new", "img_new", "img_free");
    expect(pairs, "img_jpg_make", "img_jpg_make", "img_jpg_drop");
    expect(pairs, "sqlite3_prepare_v2", "sqlite3_prepare_v2", "our_finalize"); // before the built-in one
    expect(pairs, "sqlite3_prepare_v3", "sqlite3_prepare_v3", "sqlite3_finalize");
    expect(pairs, "store.Open", "store.Open", "store.Close");
    owner_pairs_free(pairs);
}

TEST(faults) {
    static const struct {
        const char *text, *fault;
    } cases[] = {{"a_new b_free\nimg_new\n", "line 2: a line has two names: what opens, and what closes"},
                 {"a_new b_free c\n", "line 1: a line has two names: what opens, and what closes"},
                 {"img-new img_free", "line 1: a name has letters, digits, underscores, points and stars"},
                 {"** img_free", "line 1: a name has three letters or more"},
                 {"a*b*c*d free", "line 1: a name has two stars at most"}};
    struct owner_pairs *pairs = owner_pairs_new();
    char fault[100], text[OWNER_PAIRS_NAME_BYTES + 20], longest[400];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(owner_pairs_add(pairs, cases[i].text, strlen(cases[i].text), fault, sizeof fault));
        assert_string_equal(fault, cases[i].fault);
        assert_false(is_known(pairs, "a_new")); // none of it
    }
    snprintf(text, sizeof text, "%0*d free_it", OWNER_PAIRS_NAME_BYTES, 1);
    assert_false(owner_pairs_add(pairs, text, strlen(text), fault, sizeof fault));
    assert_string_equal(fault, "line 1: the name is too long");
    memset(longest, 'x', sizeof longest);
    assert_false(owner_pairs_add(pairs, longest, sizeof longest, fault, sizeof fault));
    assert_string_equal(fault, "line 1: the line is too long");
    assert_false(owner_pairs_add(pairs, "a\0b c", 5, fault, sizeof fault));
    assert_string_equal(fault, "it is no text");
    owner_pairs_free(pairs);
}

int main(void) {
    return tests_run();
}
