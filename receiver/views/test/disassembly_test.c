// disassembly_test.c: which file and function is shown, and which instruction has what, with a reader of instructions of four bytes.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../disassembly.h"

// The file of build "ab" has functions of 0x20 bytes from 0x1000 to 0x3000, with names by their start; one of build "cd" has none; others
// are not here.
static int open_count;

static void *open_build(void *context, const char *file, const char *build_id, char reason[MACHINE_CODE_REASON_BYTES]) {
    (void)context;
    (void)file;
    if (strcmp(build_id, "ab") != 0 && strcmp(build_id, "cd") != 0) {
        snprintf(reason, MACHINE_CODE_REASON_BYTES, "not here");
        return NULL;
    }
    open_count++;
    return strdup(build_id);
}

static const char *machine(const void *opened) {
    (void)opened;
    return "m4";
}

static bool find_function(void *opened, uint64_t offset, struct machine_code_function *function) {
    static char name[32];
    if (strcmp(opened, "ab") != 0 || offset < 0x1000 || offset >= 0x3000) {
        return false;
    }
    function->start = offset & ~(uint64_t)0x1f;
    function->end = function->start + 0x20;
    function->name = name;
    snprintf(name, sizeof name, "f%llx", (unsigned long long)function->start);
    return true;
}

static bool read_code(void *opened, uint64_t start, uint64_t end, machine_code_take *take, void *taker,
                      char reason[MACHINE_CODE_REASON_BYTES]) {
    (void)opened;
    (void)reason;
    for (uint64_t at = start; at < end; at += 4) {
        if (!take(taker, &(struct machine_code_instruction){at, at + 0x400000, 4, "nop"})) {
            return true;
        }
    }
    return true;
}

static void close_build(void *opened) {
    free(opened);
    open_count--;
}

static const struct machine_code code = {open_build, machine, find_function, read_code, close_build, NULL};

static bool any(const void *context, const struct profile_frame *frame) {
    (void)context;
    (void)frame;
    return true;
}

static void weigh_in(struct code_weights *weights, const char *file, const char *build_id, uint64_t offset, int64_t value) {
    const struct profile_frame frame = {
        .function = "work", .file = "w.c", .line = 9, .file_offset = offset, .mapping_file = file, .build_id = build_id};
    assert_true(code_weights_add(weights, &(struct profile_sample_view){.frames = &frame, .frame_count = 1}, value, any, NULL));
}

static void weigh(struct code_weights *weights, const char *build_id, uint64_t offset, int64_t value) {
    weigh_in(weights, "/w", build_id, offset, value);
}

static void make(struct disassembly *made, struct code_weights *weights, const struct machine_code *of, const char *build_id,
                 const char *at) {
    code_weights_sort(weights);
    assert_true(disassembly_make(made, weights, of, &(struct disassembly_choice){.build_id = build_id, .at = at}));
    assert_int_equal(open_count, 0);
}

TEST(instructions_have_what_is_within_them) {
    struct code_weights weights = {0};
    struct disassembly made;
    weigh(&weights, "ab", 0x1004, 10);
    weigh(&weights, "ab", 0x1006, 20); // within the same one
    weigh(&weights, "ab", 0x101f, 5);  // the last byte
    make(&made, &weights, &code, NULL, NULL);
    assert_string_equal(made.reason, "");
    assert_string_equal(made.machine, "m4");
    assert_int_equal(made.row_count, 8);
    assert_int_equal(made.rows[0].total, 0);
    assert_int_equal(made.rows[1].address, 0x401004);
    assert_int_equal(made.rows[1].total, 30);
    assert_int_equal(made.rows[1].line, 9);
    assert_int_equal(made.rows[7].self, 5);
    assert_string_equal(made.places[0].name, "f1000");
    assert_int_equal(made.places[0].total, 35);
    struct json json = {0};
    json_object_begin(&json);
    disassembly_write(&made, &json);
    json_object_end(&json);
    expect_at(&json, "$.instructions[1]", "[\"401004\",30,30,9,\"nop\"]");
    expect_at(&json, "$.places[0].at", "1000");
    json_free(&json);
    disassembly_free(&made);
    code_weights_free(&weights);
}

TEST(the_heaviest_place_is_shown_first) {
    struct code_weights weights = {0};
    struct disassembly made;
    weigh(&weights, "ab", 0x1004, 10);
    weigh(&weights, "ab", 0x2044, 30);
    weigh(&weights, "ab", 0x9000, 7); // in no function
    make(&made, &weights, &code, NULL, NULL);
    assert_int_equal(made.place_count, 2);
    assert_string_equal(made.places[made.place].name, "f2040");
    assert_int_equal(made.elsewhere_count, 1);
    assert_int_equal(made.elsewhere_total, 7);
    disassembly_free(&made);
    make(&made, &weights, &code, NULL, "1000");
    assert_string_equal(made.places[made.place].name, "f1000");
    assert_int_equal(made.rows[1].total, 10);
    disassembly_free(&made);
    make(&made, &weights, &code, "none", "nonsense"); // of an older address: what has most
    assert_string_equal(made.places[made.place].name, "f2040");
    disassembly_free(&made);
    code_weights_free(&weights);
}

TEST(many_places) {
    struct code_weights weights = {0};
    struct disassembly made;
    for (int i = 0; i < 40; i++) {
        weigh(&weights, "ab", 0x1000 + 0x20 * (uint64_t)i, 1 + i);
    }
    make(&made, &weights, &code, NULL, NULL);
    assert_int_equal(made.place_count, DISASSEMBLY_MAX_PLACES);
    assert_int_equal(made.places[0].total, 40);
    assert_int_equal(made.places[15].total, 25);
    assert_int_equal(made.elsewhere_count, 24);
    assert_int_equal(made.elsewhere_total, 24 * 25 / 2);
    disassembly_free(&made);
    code_weights_free(&weights);
}

TEST(builds_are_never_mixed) {
    struct code_weights weights = {0};
    struct disassembly made;
    weigh(&weights, "ab", 0x1004, 10);
    weigh(&weights, "ef", 0x1004, 30);
    weigh(&weights, "cd", 0x1004, 20);
    make(&made, &weights, &code, NULL, NULL);
    assert_string_equal(made.reason, "not here"); // the one with most; its addresses are left
    assert_int_equal(made.row_count, 1);
    assert_null(made.rows[0].text);
    assert_int_equal(made.rows[0].address, 0x1004);
    assert_int_equal(made.rows[0].total, 30);
    assert_int_equal(made.file_count, 3);
    assert_string_equal(made.files[1]->build_id, "cd");
    disassembly_free(&made);
    make(&made, &weights, &code, "ab", NULL);
    assert_string_equal(made.reason, "");
    assert_int_equal(made.rows[1].total, 10);
    disassembly_free(&made);
    make(&made, &weights, &code, "cd", NULL);
    assert_string_equal(made.reason, "No symbol of the file tells where the function begins and ends.");
    assert_int_equal(made.rows[0].total, 20);
    disassembly_free(&made);
    code_weights_free(&weights);
}

TEST(files_without_a_build_are_chosen_by_their_paths) {
    static const char *const files[] = {"/v", "/w", "/x"};
    struct code_weights weights = {0};
    for (int i = 0; i < 3; i++) {
        weigh_in(&weights, files[i], "", 0x1004, 10 + i);
    }
    code_weights_sort(&weights);
    for (int i = 0; i < 3; i++) {
        struct disassembly made;
        assert_true(disassembly_make(&made, &weights, &code, &(struct disassembly_choice){.build_id = "", .object = files[i]}));
        assert_int_equal(made.file_count, 3);
        assert_string_equal(made.file->file, files[i]);
        assert_int_equal(made.rows[0].total, 10 + i);
        disassembly_free(&made);
    }
    code_weights_free(&weights);
}

TEST(nothing_to_read) {
    struct code_weights weights = {0};
    struct disassembly made;
    make(&made, &weights, &code, NULL, NULL);
    assert_string_equal(made.reason, "The profile has no addresses of this function.");
    disassembly_free(&made);
    weigh(&weights, "ab", 0x1004, 10);
    make(&made, &weights, NULL, NULL, NULL);
    assert_string_equal(made.reason, "The receiver was not told where programs and libraries are (--binary-path, --symbols).");
    assert_int_equal(made.rows[0].total, 10);
    disassembly_free(&made);
    code_weights_free(&weights);
}

int main(void) {
    return tests_run();
}
