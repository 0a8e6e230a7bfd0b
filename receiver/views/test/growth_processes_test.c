// growth_processes_test.c: lists of several processes, and of too many.

#include "../../../base/test/test.h"

#include "../growth_processes.h"

TEST(by_process) {
    struct listed_upload uploads[] = {{.process = 7}, {.process = 9}, {.process = 7}, {.process = 7}, {.process = 3}};
    const struct upload_list list = {.uploads = uploads, .count = 5};
    struct growth_processes processes;
    assert_true(growth_processes_find(&processes, &list));
    assert_true(processes.count == 3 && processes.left_out == 0);
    assert_true(processes.list[0].count == 1 && processes.order[processes.list[0].first] == 4);
    assert_true(processes.list[1].count == 3 && processes.order[processes.list[1].first] == 0);
    assert_true(processes.order[processes.list[1].first + 2] == 3 && processes.order[processes.list[2].first] == 1);
    growth_processes_free(&processes);
}

TEST(too_many) {
    enum { EACH = 2, PROCESSES = GROWTH_PROCESSES + 5 };
    static struct listed_upload uploads[EACH * PROCESSES];
    for (size_t i = 0; i < EACH * PROCESSES; i++) {
        uploads[i].process = i / EACH;
    }
    const struct upload_list list = {.uploads = uploads, .count = EACH * PROCESSES};
    struct growth_processes processes;
    assert_true(growth_processes_find(&processes, &list));
    assert_true(processes.count == GROWTH_PROCESSES && processes.left_out == EACH * 5);
    assert_int_equal(processes.order[processes.list[0].first], EACH * (PROCESSES - 1));
    growth_processes_free(&processes);
}

int main(void) {
    return tests_run();
}
