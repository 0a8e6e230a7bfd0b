// python_code_test.c: texts of each kind, and lines of each kind of entry in the table.

#include "../../base/test/test.h"

#include "../python_code.h"
#include "like_python.h"

const char like_python_type;
static struct python_reader reader;

static void expect_text(unsigned kind, const void *characters, size_t count, size_t capacity, const char *expected) {
    const unsigned long versions[] = {0x030b00f0, 0x030c00f0};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        const struct python_layout *layout = python_layout_of(versions[i], NULL);
        struct like_str str;
        char out[64] = {0};
        size_t size = python_code_text(&reader, layout, like_str(layout, &str, kind, characters, count), out, capacity);
        assert_string_equal(out, expected);
        assert_int_equal(size, strlen(expected));
    }
}

TEST(texts) {
    static const uint16_t two[] = {'a', 0x20ac, 0x7ff, 0xd800};
    static const uint32_t four[] = {'b', 0x1f600, 0x110000, 'c'};
    expect_text(0, "load", 4, 60, "load");
    expect_text(0, "load", 4, 3, "loa");
    expect_text(0, "", 0, 60, "");
    expect_text(1, "gr\xf6\xdf", 4, 60, "größ");
    expect_text(1, "gr\xf6\xdf", 4, 5, "grö"); // cut at a character
    expect_text(2, two, 4, 60, "a€\xdf\xbf\xef\xbf\xbd");
    expect_text(4, four, 4, 60, "b😀"); // what is no character ends it
    expect_text(4, four, 2, 4, "b");
}

TEST(a_text_of_another_kind) {
    const struct python_layout *layout = python_layout_of(0x030b00f0, NULL);
    struct like_str str;
    char out[8];
    like_ascii(layout, &str, "old");
    memset(str.bytes + layout->text_state, 0, 4); // not compact
    assert_int_equal(python_code_text(&reader, layout, (uintptr_t)&str, out, sizeof out), 0);
}

#define HEAD(kind, units) (0x80 | (kind) << 3 | ((units)-1))

TEST(lines) {
    static const uint8_t table[] = {
        HEAD(0, 2),  0x35,                                // 4 bytes: line 10
        HEAD(11, 1), 5,           9,                      // 2: line 11
        HEAD(12, 8), 5,           9,                      // 16: line 13
        HEAD(13, 1), 0x03,                                // 2: -1, line 12
        HEAD(14, 1), 0x40 | 0x08, 0x04, 0x00, 0x01, 0x02, // 2: 0x108 / 2 = +132, line 144
        HEAD(15, 3),                                      // 6: none
        HEAD(10, 1), 1,           2,                      // 2: line 144
    };
    static const struct {
        unsigned at, line;
    } expected[] = {{0, 10}, {3, 10}, {4, 11}, {6, 13}, {21, 13}, {22, 12}, {24, 144}, {26, 0}, {31, 0}, {32, 144}, {34, 10}, {5000, 10}};
    const unsigned long versions[] = {0x030b00f0, 0x030c00f0};
    for (size_t v = 0; v < 2; v++) {
        const struct python_layout *layout = python_layout_of(versions[v], NULL);
        struct like_code code;
        uintptr_t object = like_code(layout, &code, "f", "f.py", 10, table, sizeof table), first = object + layout->code_instructions;
        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
            if (python_code_line(&reader, layout, object, first + expected[i].at) != expected[i].line) {
                fail_msg("at %u: line %u", expected[i].at, python_code_line(&reader, layout, object, first + expected[i].at));
            }
        }
        assert_int_equal(python_code_line(&reader, layout, object, first - 2), 10);
    }
}

// However it ends.
TEST(cut_tables) {
    static const uint8_t table[] = {HEAD(14, 1), 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f};
    const struct python_layout *layout = python_layout_of(0x030b00f0, NULL);
    for (size_t size = 0; size <= sizeof table; size++) {
        struct like_code code;
        uintptr_t object = like_code(layout, &code, "f", "f.py", 7, table, size);
        python_code_line(&reader, layout, object, object + layout->code_instructions);
        assert_int_equal(python_code_line(&reader, layout, object, object + layout->code_instructions + 2), 7);
    }
}

int main(void) {
    return tests_run();
}
