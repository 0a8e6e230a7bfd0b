// spool_suspects_test.c: strikes only while the server accepts others, and a bounded number of entries.

#include "../../base/test/test.h"

#include "../spool_suspects.h"

TEST(strikes_are_for_failing_while_others_arrive) {
    struct spool_suspects suspects = {0};
    for (int i = 0; i < 100; i++) { // the server accepts nothing
        assert_int_equal(spool_suspects_add(&suspects, "a", 7), 0);
        assert_false(spool_suspects_waits(&suspects, "a", 7));
    }
    for (unsigned i = 1; i <= SPOOL_SUSPECTS_STRIKES; i++) {
        assert_int_equal(spool_suspects_add(&suspects, "a", 7 + i), i);
        assert_true(spool_suspects_waits(&suspects, "a", 7 + i));
        assert_false(spool_suspects_waits(&suspects, "a", 8 + i));
    }
    assert_int_equal(spool_suspects_add(&suspects, "b", 100), 0);
    spool_suspects_forget(&suspects, "a");
    assert_int_equal(spool_suspects_add(&suspects, "a", 200), 0);
    spool_suspects_forget(&suspects, "nobody");
}

TEST(is_bounded) {
    struct spool_suspects suspects = {0};
    char name[20];
    for (int i = 0; i < SPOOL_SUSPECTS_MAX + 3; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(spool_suspects_add(&suspects, name, 1), 0);
    }
    for (int i = 3; i < SPOOL_SUSPECTS_MAX + 3; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(spool_suspects_add(&suspects, name, 2), 1);
    }
    assert_int_equal(spool_suspects_add(&suspects, "0", 2), 0); // was replaced
}

int main(void) {
    return tests_run();
}
