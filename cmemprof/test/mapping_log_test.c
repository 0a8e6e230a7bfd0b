// mapping_log_test.c: no note is lost, doubled or reordered, whoever pushes while the reader collects.

#include "../../base/test/test.h"

#include <pthread.h>
#include <sched.h>

#include "../mapping_log.h"

static struct mapping_log note_log;

static void push(struct mapping_note *note, uintptr_t low) {
    note->range.low = low;
    mapping_log_push(&note_log, note);
}

TEST(oldest_comes_first_and_notes_are_used_again) {
    assert_null(mapping_log_collect(&note_log));
    struct mapping_note *notes[3];
    for (int round = 0; round < 5; round++) {
        for (uintptr_t i = 0; i < 3; i++) {
            notes[i] = mapping_log_take(&note_log);
            assert_non_null(notes[i]);
            notes[i]->range.low = i;
            assert_int_equal(mapping_log_push(&note_log, notes[i]), i + 1);
        }
        struct mapping_note *note = mapping_log_collect(&note_log);
        for (uintptr_t i = 0; i < 3; i++, note = mapping_log_next(&note_log, note)) {
            assert_ptr_equal(note, notes[i]);
            assert_int_equal(note->range.low, i);
        }
        assert_null(note);
        mapping_log_give(&note_log, notes[0], notes[2]);
    }
    assert_int_equal(note_log.fresh, 3);
}

TEST(there_is_an_end_to_notes) {
    static struct mapping_note *notes[MAPPING_LOG_NOTES];
    for (int i = 0; i < MAPPING_LOG_NOTES; i++) {
        assert_non_null(notes[i] = mapping_log_take(&note_log));
    }
    assert_null(mapping_log_take(&note_log));
    for (int i = 0; i < MAPPING_LOG_NOTES; i++) {
        mapping_log_give(&note_log, notes[i], notes[i]);
    }
    assert_non_null(notes[0] = mapping_log_take(&note_log));
    mapping_log_give(&note_log, notes[0], notes[0]);
}

enum { THREADS = 4, EACH = 20000 };

// Notes what it pushes by thread and number; takes what is free.
static void *write_notes(void *context) {
    for (uintptr_t i = 0; i < EACH;) {
        struct mapping_note *note = mapping_log_take(&note_log);
        if (note) {
            push(note, (uintptr_t)context << 32 | i++);
        } else {
            sched_yield();
        }
    }
    return NULL;
}

TEST(each_threads_notes_arrive_in_order) {
    pthread_t threads[THREADS];
    uintptr_t expected[THREADS] = {0};
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_notes, (void *)i), 0);
    }
    for (size_t seen = 0; seen < (size_t)THREADS * EACH;) {
        struct mapping_note *first = mapping_log_collect(&note_log), *last = NULL;
        for (struct mapping_note *note = first; note; note = mapping_log_next(&note_log, note)) {
            uintptr_t thread = note->range.low >> 32;
            assert_true(thread < THREADS);
            assert_int_equal(note->range.low & UINT32_MAX, expected[thread]++);
            last = note;
            seen++;
        }
        if (last) {
            mapping_log_give(&note_log, first, last);
        } else {
            sched_yield();
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_null(mapping_log_collect(&note_log));
}

// What a thread pushes after it has seen another's note comes after that one.
static _Atomic uintptr_t turn;

static void *take_turns(void *context) {
    for (uintptr_t i = (uintptr_t)context; i < 2000; i += 2) {
        while (atomic_load(&turn) != i) {
            sched_yield();
        }
        struct mapping_note *note;
        while (!(note = mapping_log_take(&note_log))) {
            sched_yield();
        }
        push(note, i);
        atomic_store(&turn, i + 1);
    }
    return NULL;
}

TEST(causes_come_before_effects) {
    pthread_t threads[2];
    for (uintptr_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, (void *)i), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    struct mapping_note *note = mapping_log_collect(&note_log);
    for (uintptr_t i = 0; i < 2000; i++, note = mapping_log_next(&note_log, note)) {
        assert_int_equal(note->range.low, i);
    }
    assert_null(note);
}

int main(void) {
    return tests_run();
}
