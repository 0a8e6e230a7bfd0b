// view_slots_test.c: views share a budget; one that is refused memory while another runs is made again alone.

#include "../../../base/test/test.h"

#include "../../test/http.h"
#include "../view_slots.h"

#include <stdatomic.h>

struct scene {
    size_t bytes;         // that the view takes
    atomic_bool *may_end; // NULL: it ends at once
    bool tells;           // without the memory it fails
    atomic_int runs;
    enum receiver_error error;
    char text[200];
};

static struct view_slots slots;
static atomic_int running;
static atomic_bool may_end;

static enum receiver_error make(void *context) {
    struct scene *scene = context;
    scene->runs++;
    running++;
    bool fits = merge_budget_take(scene->bytes);
    if (scene->may_end) {
        WAIT_UNTIL(*scene->may_end);
    }
    if (fits) {
        merge_budget_give(scene->bytes);
    }
    running--;
    return fits || !scene->tells ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static void *run(void *state) {
    struct scene *scene = state;
    scene->error = view_slots_run(&slots, make, scene, scene->text, sizeof scene->text);
    return NULL;
}

static int views_setup(void **state) {
    (void)state;
    view_slots_init(&slots, 100 << 20);
    running = 0;
    may_end = false;
    return 0;
}

static int views_teardown(void **state) {
    (void)state;
    assert_int_equal(slots.budget.used_bytes, 0);
    assert_null(merge_budget_in_use());
    view_slots_destroy(&slots);
    return 0;
}

TEST_IN(views, alone) {
    struct scene fits = {.bytes = 100 << 20, .tells = true}, more = fits;
    run(&fits);
    assert_int_equal(fits.error, RECEIVER_OK);
    assert_int_equal(fits.runs, 1);
    more.bytes++;
    run(&more);
    assert_int_equal(more.error, RECEIVER_TOO_LARGE);
    assert_int_equal(more.runs, 1); // a second time would not help
    assert_string_equal(more.text,
                        "it needs more memory than views may have, 100 MiB: cmemprof receiver --view-memory SIZE, or select less");
    more.tells = false; // it does without
    run(&more);
    assert_int_equal(more.error, RECEIVER_OK);
}

TEST_IN(views, together) {
    struct scene first = {.bytes = 60 << 20, .may_end = &may_end, .tells = true}, second = first;
    pthread_t threads[2];
    second.may_end = NULL;
    assert_int_equal(pthread_create(&threads[0], NULL, run, &first), 0);
    WAIT_UNTIL(slots.budget.used_bytes == 60 << 20);
    assert_int_equal(pthread_create(&threads[1], NULL, run, &second), 0);
    WAIT_UNTIL(slots.waiting_alone == 1);
    assert_int_equal(second.runs, 1);
    may_end = true;
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(first.error, RECEIVER_OK);
    assert_int_equal(first.runs, 1);
    assert_int_equal(second.error, RECEIVER_OK);
    assert_int_equal(second.runs, 2);
    assert_int_equal(*second.text, 0);
}

// The other one began before and ends before: it had memory that this one was refused.
static enum receiver_error make_until_the_other_has_left(void *context) {
    struct scene *scene = context;
    bool fits = merge_budget_take(scene->bytes);
    if (!scene->runs++) {
        may_end = true;
        WAIT_UNTIL(__atomic_load_n(&slots.budget.used_bytes, __ATOMIC_RELAXED) == 0);
        pthread_mutex_lock(&slots.lock);
        while (slots.running > 1) {
            pthread_cond_wait(&slots.changed, &slots.lock);
        }
        pthread_mutex_unlock(&slots.lock);
    }
    if (fits) {
        merge_budget_give(scene->bytes);
    }
    return fits ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

TEST_IN(views, the_other_leaves_first) {
    struct scene first = {.bytes = 60 << 20, .may_end = &may_end, .tells = true}, second = {.bytes = 60 << 20};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, &first), 0);
    WAIT_UNTIL(slots.budget.used_bytes == 60 << 20);
    second.error = view_slots_run(&slots, make_until_the_other_has_left, &second, second.text, sizeof second.text);
    pthread_join(thread, NULL);
    assert_int_equal(second.error, RECEIVER_OK);
    assert_int_equal(second.runs, 2);
    assert_int_equal(first.runs, 1);
}

// Small ones are made at the same time, but no more than there are slots.
TEST_IN(views, many) {
    struct scene scenes[VIEW_SLOTS + 1];
    pthread_t threads[VIEW_SLOTS + 1];
    for (int i = 0; i <= VIEW_SLOTS; i++) {
        scenes[i] = (struct scene){.bytes = 1, .may_end = &may_end, .tells = true};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &scenes[i]), 0);
    }
    WAIT_UNTIL(running == VIEW_SLOTS);
    assert_int_equal(running, VIEW_SLOTS);
    assert_int_equal(slots.started, VIEW_SLOTS);
    may_end = true;
    for (int i = 0; i <= VIEW_SLOTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(scenes[i].runs, 1);
    }
}

int main(void) {
    return tests_run();
}
