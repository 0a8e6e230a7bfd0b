// read_exact_test.c: reads all of a file, also in pieces; a short file is an error.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../read_exact.h"

TEST(pieces) {
    int ends[2];
    char bytes[7] = "";
    assert_int_equal(pipe(ends), 0); // returns what is there, not what was requested
    if (fork() == 0) {
        for (const char *c = "abcdef"; *c; c++) {
            if (write(ends[1], c, 1) != 1) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read_exact(ends[0], bytes, 6), RECEIVER_OK);
    assert_string_equal(bytes, "abcdef");
    assert_int_equal(read_exact(ends[0], bytes, 1), RECEIVER_IO);
    assert_int_equal(read_exact(ends[0], bytes, 0), RECEIVER_OK);
    close(ends[0]);
    assert_int_equal(read_exact(-1, bytes, 1), RECEIVER_IO);
}

int main(void) {
    return tests_run();
}
