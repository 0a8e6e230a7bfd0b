// go_trace_file_test.c: the layout of Go execution traces.

#include "../../base/test/test.h"

#include "go_trace_maker.h"

static struct go_generation generation_of(const struct maker *maker) {
    struct go_generation generation = {0};
    assert_true(go_generation_begin(&generation, (const char *)maker->bytes, maker->size));
    return generation;
}

static void clocks(struct maker *maker, int generation, int units_per_second) {
    byte(maker, GO_FREQUENCY);
    number(maker, (uint64_t)units_per_second);
    end_batch(maker, generation, UINT64_MAX);
}

// Times are differences, of units of the clock; a batch begins anew.
TEST(events_of_a_thread) {
    struct maker maker = begin("go 1.22 trace\0\0\0");
    event(&maker, GO_PROC_STOP, 10, LAST);
    event(&maker, GO_START, 5, 300, 70000, LAST);
    end_batch(&maker, 3, 9);
    event(&maker, GO_DESTROY, 2, LAST);
    end_batch(&maker, 3, 8);
    event(&maker, GO_DESTROY, 1, LAST);
    end_batch(&maker, 3, 9);
    clocks(&maker, 3, 500000000); // 2 ns
    struct go_generation generation = generation_of(&maker);
    assert_true(go_generation_read(&generation));
    assert_int_equal(generation.number, 3);
    assert_int_equal(generation.cursor_count, 2);
    struct go_cursor *cursor = &generation.cursors[0];
    assert_int_equal(cursor->thread, 9);
    assert_true(go_generation_next(&generation, cursor));
    assert_int_equal(cursor->event.type, GO_PROC_STOP);
    assert_int_equal(cursor->event.time, 2020);
    assert_true(go_generation_next(&generation, cursor));
    assert_int_equal(cursor->event.time, 2030);
    assert_int_equal(cursor->event.arguments[0], 300);
    assert_int_equal(cursor->event.arguments[1], 70000);
    assert_true(go_generation_next(&generation, cursor));
    assert_int_equal(cursor->event.time, 2002);
    assert_false(go_generation_next(&generation, cursor));
    assert_null(generation.fault);
    assert_false(go_generation_read(&generation)); // the end
    assert_null(generation.fault);
    go_generation_free(&generation);
    unmake(&maker);
}

// Texts and stacks are of their generation.
TEST(tables) {
    struct maker maker = begin("go 1.23 trace\0\0\0");
    for (int number = 1; number <= 2; number++) {
        byte(&maker, GO_STRINGS);
        text(&maker, 5, number == 1 ? "one" : "two");
        end_batch(&maker, number, UINT64_MAX);
        byte(&maker, GO_STACKS);
        event(&maker, GO_STACK, 7, 1, 4096, 5, 5, 12, LAST);
        end_batch(&maker, number, UINT64_MAX);
        clocks(&maker, number, 1000000000);
    }
    struct go_generation generation = generation_of(&maker);
    for (int number = 1; number <= 2; number++) {
        struct span function, file;
        uint64_t line;
        assert_true(go_generation_read(&generation));
        const struct go_stack *stack = go_generation_stack(&generation, 7);
        assert_int_equal(stack->frames, 1);
        const uint8_t *at = stack->at;
        assert_true(go_generation_frame(&generation, &at, &function, &file, &line));
        assert_true(span_is(function, number == 1 ? "one" : "two") && span_is(file, number == 1 ? "one" : "two"));
        assert_int_equal(line, 12);
    }
    assert_null(go_generation_string(&generation, 6));
    assert_string_equal(generation.fault, "a text does not exist");
    go_generation_free(&generation);
    unmake(&maker);
}

TEST(damage) {
    static const struct {
        const char *content, *fault;
        size_t size;
    } cases[] = {
        {"\3\4\1\11a", "a text is damaged", 5},   {"\3\4\1\1a\4\1\1b", "a text is damaged", 9}, {"\1\2\1\2\1\1\1", "a stack is damaged", 7},
        {"\6\7\1", "a CPU sample is damaged", 3}, {"\10\0", "its clocks are damaged", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct maker maker = begin("go 1.22 trace\0\0\0");
        static const uint8_t types[] = {GO_STRINGS, GO_STRINGS, GO_STACKS, GO_CPU_SAMPLES, GO_FREQUENCY};
        byte(&maker, types[i]);
        for (size_t b = 1; b < cases[i].size; b++) {
            byte(&maker, (uint8_t)cases[i].content[b]);
        }
        end_batch(&maker, 1, UINT64_MAX);
        struct go_generation generation = generation_of(&maker);
        assert_false(go_generation_read(&generation));
        assert_string_equal(generation.fault, cases[i].fault);
        go_generation_free(&generation);
        unmake(&maker);
    }
}

int main(void) {
    return tests_run();
}
