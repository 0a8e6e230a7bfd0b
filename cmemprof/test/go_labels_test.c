// go_labels_test.c: the search for a goroutine's labels, in the layouts of several Go versions and of none. What Go itself does is tested
// in e2e/stacks.

#include "../../base/test/test.h"

#include "../go_labels.h"

enum { THREAD_WORDS = 16, G_WORDS = 64, M_WORDS = 256 };

// Numbers of words.
struct layout {
    size_t g_slot, m_in_g, curg_in_m, labels_in_g;
};
static const struct layout go125 = {15, 6, 23, 43}, go126 = {8, 6, 23, 44}, made_up = {0, 1, 127, 55};

static struct memory { uintptr_t thread[THREAD_WORDS], g0[G_WORDS], goroutine[G_WORDS], m[M_WORDS]; } memory;

#define TEXT(text)                                                                                                                         \
    { text, sizeof text - 1 }
static const struct go_label first = {TEXT("cmemprof"), TEXT("first")}, second = {TEXT("cmemprof"), TEXT("second")};
static const struct go_label_slice first_set = {&first, 1, 1}, second_set = {&second, 1, 1};

static uintptr_t pointer(void) {
    return (uintptr_t)(memory.thread + THREAD_WORDS);
}

static struct go_labels_search search(void) {
    return (struct go_labels_search){
        .goroutine = (uintptr_t)memory.goroutine, .thread_pointer = pointer(), .tls_low = (uintptr_t)memory.thread, .tls_high = pointer()};
}

static void lay_out(const struct layout *layout, const void *labels) {
    memset(&memory, 0, sizeof memory);
    memory.thread[layout->g_slot] = (uintptr_t)memory.g0;
    memory.g0[layout->m_in_g] = memory.goroutine[layout->m_in_g] = (uintptr_t)memory.m;
    memory.m[0] = (uintptr_t)memory.g0;
    memory.m[layout->curg_in_m] = (uintptr_t)memory.goroutine;
    memory.goroutine[layout->labels_in_g] = (uintptr_t)labels;
    // What other words may be: pointers to themselves, to unmapped memory, and addresses that are no word's.
    memory.goroutine[9] = (uintptr_t)memory.goroutine;
    memory.g0[9] = (uintptr_t)memory.g0;
    memory.thread[3] = 0x8b0;
    memory.thread[4] = UINTPTR_MAX - 7;
    memory.thread[5] = (uintptr_t)memory.g0 + 1;
    memory.g0[10] = memory.goroutine[10] = 0x1230;
    memory.thread[6] = (uintptr_t)memory.goroutine; // a goroutine's own g is not g0
}

static enum cmemprof_go_labels find(struct go_labels *labels) {
    struct go_labels_search where = search();
    *labels = (struct go_labels){0};
    return go_labels_find(labels, &where, (uintptr_t)&first_set);
}

static enum cmemprof_go_labels confirm(const struct go_labels *labels, const struct layout *layout, const void *set) {
    memory.goroutine[layout->labels_in_g] = (uintptr_t)set;
    return go_labels_confirm(labels, pointer(), (uintptr_t)set);
}

TEST(finds_labels) {
    const struct layout *layouts[] = {&go125, &go126, &made_up};
    for (size_t i = 0; i < 3; i++) {
        const struct layout *layout = layouts[i];
        struct go_labels labels;
        lay_out(layout, &first_set);
        assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_OK);
        assert_int_equal(labels.g_from_thread, ((intptr_t)layout->g_slot - THREAD_WORDS) * 8);
        assert_int_equal(labels.m_in_g, layout->m_in_g * 8);
        assert_int_equal(labels.curg_in_m, layout->curg_in_m * 8);
        assert_int_equal(labels.labels_in_g, layout->labels_in_g * 8);
        assert_false(labels.are_known);
        assert_int_equal(confirm(&labels, layout, &second_set), CMEMPROF_GO_LABELS_OK);
        assert_ptr_equal(go_labels_get(&labels, pointer()), &second_set);
        assert_int_equal(confirm(&labels, layout, NULL), CMEMPROF_GO_LABELS_OK);
        assert_null(go_labels_get(&labels, pointer()));
    }
}

TEST(reads_nothing_where_there_is_none) {
    struct go_labels labels;
    lay_out(&go126, &first_set);
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_OK);
    assert_ptr_equal(go_labels_get(&labels, pointer()), &first_set);
    memory.m[go126.curg_in_m] = 0; // Go's scheduler
    assert_null(go_labels_get(&labels, pointer()));
    memory.g0[go126.m_in_g] = 0;
    assert_null(go_labels_get(&labels, pointer()));
    memory.thread[go126.g_slot] = 0; // a thread that C has made
    assert_null(go_labels_get(&labels, pointer()));
}

// ---- Other versions of Go: refused ----

TEST(refuses_what_is_not_there) {
    struct go_labels labels;
    lay_out(&go126, (const char *)&first_set + 8);
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_NOT_IN_GOROUTINE);
    struct go_labels_search where = search();
    assert_int_equal(go_labels_find(&labels, &where, 0), CMEMPROF_GO_LABELS_NOT_IN_GOROUTINE);
    where.goroutine = 0;
    assert_int_equal(go_labels_find(&labels, &where, (uintptr_t)&first_set), CMEMPROF_GO_LABELS_NO_GOROUTINE);
    where.goroutine = 0x8b0;
    assert_int_equal(go_labels_find(&labels, &where, (uintptr_t)&first_set), CMEMPROF_GO_LABELS_NO_GOROUTINE);
    lay_out(&go126, &first_set);
    memory.thread[go126.g_slot] = 0;
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_NO_THREAD);
    lay_out(&go126, &first_set);
    memory.g0[go126.m_in_g] = (uintptr_t)memory.m + 8; // another m
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_NO_THREAD);
    lay_out(&go126, &first_set);
    memory.m[go126.curg_in_m] = 0;
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_NO_THREAD);
    lay_out(&go126, &first_set);
    where = search();
    where.tls_low = where.tls_high = 0; // unknown
    assert_int_equal(go_labels_find(&labels, &where, (uintptr_t)&first_set), CMEMPROF_GO_LABELS_NO_THREAD);
    assert_false(labels.are_found);
    assert_int_equal(confirm(&labels, &go126, &second_set), CMEMPROF_GO_LABELS_UNCONFIRMED);
}

TEST(refuses_what_is_there_twice) {
    struct go_labels labels;
    lay_out(&go126, &first_set);
    memory.goroutine[50] = (uintptr_t)&first_set;
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_NOT_IN_GOROUTINE);
    lay_out(&go126, &first_set);
    memory.m[60] = (uintptr_t)memory.goroutine; // as if locked to its thread
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_AMBIGUOUS);
    lay_out(&go126, &first_set);
    memory.g0[20] = memory.goroutine[20] = (uintptr_t)memory.m;
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_AMBIGUOUS);
    lay_out(&go126, &first_set);
    memory.thread[12] = (uintptr_t)memory.g0;
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_AMBIGUOUS);
    struct go_labels_search where = search();
    where.own_low = (uintptr_t)&memory.thread[12];
    where.own_bytes = 8;
    assert_int_equal(go_labels_find(&labels, &where, (uintptr_t)&first_set), CMEMPROF_GO_LABELS_OK);
}

TEST(refuses_other_forms) {
    static const struct go_label other_key = {TEXT("cmempro_"), TEXT("first")}, other_value = {TEXT("cmemprof"), TEXT("firs_")},
                                 shorter = {TEXT("cmemprof"), TEXT("firs")}, nowhere = {{(const char *)0x8b0, 8}, TEXT("first")};
    const struct go_label_slice sets[] = {{&first, 0, 1},   {&first, 2, 2},   {NULL, 1, 1},   {&other_key, 1, 1},   {&other_value, 1, 1},
                                          {&shorter, 1, 1}, {&nowhere, 1, 1}, {&first, 1, 0}, {&first, 1, SIZE_MAX}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct go_labels labels = {0};
        struct go_labels_search where = search();
        lay_out(&go126, &sets[i]);
        assert_int_equal(go_labels_find(&labels, &where, (uintptr_t)&sets[i]), CMEMPROF_GO_LABELS_OTHER_FORM);
    }
}

TEST(refuses_what_is_not_confirmed) {
    struct go_labels labels;
    lay_out(&go126, &first_set);
    assert_int_equal(find(&labels), CMEMPROF_GO_LABELS_OK);
    assert_int_equal(confirm(&labels, &go126, &first_set), CMEMPROF_GO_LABELS_OTHER_FORM);
    assert_int_equal(go_labels_confirm(&labels, pointer(), (uintptr_t)&second_set), CMEMPROF_GO_LABELS_UNCONFIRMED);
    assert_int_equal(go_labels_confirm(&labels, pointer(), 0), CMEMPROF_GO_LABELS_UNCONFIRMED);
    memory.thread[go126.g_slot] = 0x8b0; // another thread's is elsewhere
    assert_int_equal(confirm(&labels, &go126, &second_set), CMEMPROF_GO_LABELS_UNCONFIRMED);
}

int main(void) {
    return tests_run();
}
