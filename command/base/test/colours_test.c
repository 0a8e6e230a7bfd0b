// colours_test.c: colours are for terminals alone, and not for those that cannot or shall not have them.
#include "../../../base/test/test.h"

#include "../colours.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

TEST(terminals_alone) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(terminal >= 0 && file >= 0);
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_true(colours_are_shown(terminal));
    assert_false(colours_are_shown(file));
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_false(colours_are_shown(terminal));
    assert_int_equal(setenv("NO_COLOR", "", 1), 0); // as if it were not there
    assert_true(colours_are_shown(terminal));
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    assert_false(colours_are_shown(terminal));
    assert_int_equal(unsetenv("TERM"), 0);
    assert_false(colours_are_shown(terminal));
    close(terminal);
    close(file);
}

int main(void) {
    return tests_run();
}
