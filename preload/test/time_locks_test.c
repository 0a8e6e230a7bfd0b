// time_locks_test.c: waits of threading.py that are for no lock, and those that are.

#include "../../base/test/test.h"

#include <string.h>

#include "../time_locks.h"

static struct python_names names;

static bool is_none(const char *leaf, const char *file, const char *caller) {
    const uintptr_t words[] = {
        python_names_word(&names, &(struct python_name){leaf, file, strlen(leaf), strlen(file), 1}, 2),
        python_names_word(&names, &(struct python_name){caller, file, strlen(caller), strlen(file), 3}, 4),
    };
    return time_locks_is_none(&names, words, 2);
}

TEST(what_waits_for_a_lock) {
    static const char file[] = "/usr/lib/python3.11/threading.py";
    assert_true(python_names_open(&names));
    assert_true(is_none("Condition.wait", file, "Event.wait"));
    assert_false(is_none("Condition.wait", file, "Semaphore.acquire"));
    assert_true(is_none("Thread._wait_for_tstate_lock", file, "Thread.join"));
    assert_false(is_none("Condition.__enter__", file, "main"));
    assert_false(is_none("Condition.wait", "/app/mythreading.py", "main"));
    assert_false(is_none("Condition.wait", "threading.py", "main"));
    const uintptr_t alone = python_names_word(&names, &(struct python_name){"Condition.wait", file, 14, strlen(file), 1}, 2);
    assert_true(time_locks_is_none(&names, &alone, 1));
    assert_false(time_locks_is_none(&names, &alone, 0));
    python_names_close(&names);
}

int main(void) {
    return tests_run();
}
