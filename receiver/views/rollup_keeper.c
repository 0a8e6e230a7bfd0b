// rollup_keeper.c: makes roll-ups in the background (rollup_keeper.h).
#include "rollup_keeper.h"
#include "../../base/clock.h"
#include "../../base/vector.h"
#include "../../merge/merge.h"
#include "../store/store.h"
#include "rollup_make.h"
#include "rollup_sweep.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    PASS_SECONDS = 60,
    MIN_OF_AN_HOUR = 4, // uploads: fewer are read about as fast
    NICENESS = 10,      // below uploads and views
    MAX_NAMES = 100,
};

// A day as it was when all of it was made.
struct done_day {
    struct catalog_day day;
    int64_t hours; // that were over
};

struct rollup_keeper {
    struct store *store;
    struct rollup_base *base;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stopping;
    struct merge_budget budget;
    struct done_day *done; // by day
    size_t done_count;
    // Of the pass.
    int64_t over_ms; // hours and days that end by then are over
    size_t made;
    bool is_stuck; // the disk is full, or memory short
};

// ---- One roll-up ----

struct looking {
    const struct upload_set *set;
    bool is_there, is_same;
};

static void look(void *context, const struct rollup_row *row) {
    struct looking *looking = context;
    looking->is_there = true;
    looking->is_same = upload_set_equal(&row->set, looking->set);
}

// Goes on after what fails for a cause that passes; the next pass tries again.
static void make(struct rollup_keeper *keeper, const struct rollup_key *key, const struct upload_list *list, const struct upload_set *set) {
    struct rollup_made made;
    keeper->budget.exceeded = false;
    enum receiver_error error = rollup_make(keeper->store, list, key->attachment, key->level, &keeper->stopping, &made);
    bool is_too_large = error == RECEIVER_NO_MEMORY && keeper->budget.exceeded;
    if (error == RECEIVER_OK || is_too_large) {
        error = rollup_base_write(keeper->base, key, set, made.dropped ? made.dropped : "", made.bytes, made.size);
        keeper->made += error == RECEIVER_OK;
    }
    keeper->is_stuck |= error != RECEIVER_OK && error != RECEIVER_NOT_FOUND;
    rollup_made_free(&made);
}

static bool goes_on(const struct rollup_keeper *keeper) {
    return !keeper->is_stuck && !atomic_load(&keeper->stopping);
}

// Of uploads of one stream and one hour or day.
static void tend(struct rollup_keeper *keeper, const char *attachment, const struct upload_list *list, enum rollup_level level) {
    int64_t length_ms = rollup_length_ms(level);
    struct rollup_key key = {attachment, list->uploads[0].stream, level, catalog_day_of(list->uploads[0].start_ms, length_ms)};
    struct upload_set set = {0};
    if ((key.number + 1) * length_ms > keeper->over_ms || !goes_on(keeper)) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        upload_set_add(&set, &list->uploads[i]);
    }
    struct looking looking = {.set = &set};
    rollup_base_find(keeper->base, &key, look, &looking);
    if (looking.is_same) {
        return;
    }
    if (list->count >= MIN_OF_AN_HOUR && store_has_room(keeper->store, ROLLUP_KEEPER_FREE_BYTES)) {
        make(keeper, &key, list, &set);
    } else if (looking.is_there) {
        rollup_base_remove(keeper->base, &key);
    }
}

// ---- A day ----

static int by_stream(const void *left, const void *right) {
    const struct listed_upload *a = left, *b = right;
    if (a->stream != b->stream) {
        return a->stream < b->stream ? -1 : 1;
    }
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

// The uploads of one stream in a day: its hours, then the day.
static void tend_stream(struct rollup_keeper *keeper, const char *attachment, const struct upload_list *list) {
    for (size_t at = 0, end; at < list->count; at = end) {
        int64_t hour = catalog_day_of(list->uploads[at].start_ms, HOUR_MS);
        for (end = at; end < list->count && catalog_day_of(list->uploads[end].start_ms, HOUR_MS) == hour; end++) {
        }
        tend(keeper, attachment, &(struct upload_list){.uploads = list->uploads + at, .count = end - at}, ROLLUP_HOUR);
    }
    tend(keeper, attachment, list, ROLLUP_DAY);
}

static void tend_attachment(struct rollup_keeper *keeper, const struct selection *selection, const char *attachment) {
    struct upload_list list;
    if (upload_list_read(store_catalog(keeper->store), selection, attachment, UPLOAD_LIST_MAX, &list) != RECEIVER_OK) {
        keeper->is_stuck = true;
        return;
    }
    if (list.count > 1) {
        qsort(list.uploads, list.count, sizeof *list.uploads, by_stream);
    }
    for (size_t at = 0, end; goes_on(keeper) && list.left_out == 0 && at < list.count; at = end) {
        for (end = at; end < list.count && list.uploads[end].stream == list.uploads[at].stream; end++) {
        }
        tend_stream(keeper, attachment, &(struct upload_list){.uploads = list.uploads + at, .count = end - at});
    }
    upload_list_free(&list);
}

struct names {
    char *texts[MAX_NAMES];
    size_t count;
};

static void note_name(struct names *names, const char *line, size_t length) {
    for (size_t i = 0; i < names->count; i++) {
        if (strncmp(names->texts[i], line, length) == 0 && !names->texts[i][length]) {
            return;
        }
    }
    char *copy = names->count < MAX_NAMES ? strndup(line, length) : NULL;
    if (copy && rollup_is_for(copy)) {
        names->texts[names->count++] = copy;
    } else {
        free(copy);
    }
}

static void note_names(void *context, const char *lines, size_t uploads) {
    (void)uploads;
    for (const char *line = lines; *line;) {
        size_t length = strcspn(line, "\n");
        note_name(context, line, length);
        line += length + (line[length] == '\n');
    }
}

static void tend_day(struct rollup_keeper *keeper, int64_t day) {
    struct selection selection;
    struct names names = {0};
    selection_init(&selection);
    selection.from_ms = day * DAY_MS;
    selection.to_ms = selection.from_ms + DAY_MS;
    keeper->is_stuck |= catalog_names(store_catalog(keeper->store), &selection, UPLOAD_LIST_MAX, note_names, &names) != RECEIVER_OK;
    for (size_t i = 0; i < names.count; i++) {
        if (goes_on(keeper)) {
            tend_attachment(keeper, &selection, names.texts[i]);
        }
        free(names.texts[i]);
    }
    selection_free(&selection);
}

// ---- Passes ----

// Of the day, how many are over.
static int64_t hours_over(const struct rollup_keeper *keeper, int64_t day) {
    int64_t hours = (keeper->over_ms - day * DAY_MS) / HOUR_MS;
    return hours < 0 ? 0 : hours > 24 ? 24 : hours;
}

static bool is_done(const struct rollup_keeper *keeper, const struct done_day *wanted) {
    for (size_t i = 0; i < keeper->done_count; i++) {
        const struct done_day *done = &keeper->done[i];
        if (done->day.day == wanted->day.day) {
            return done->hours == wanted->hours && upload_set_equal(&done->day.set, &wanted->day.set);
        }
    }
    return false;
}

// Newest first. Notes what is done, also of a pass that ended early.
static void tend_days(struct rollup_keeper *keeper, const struct catalog_day *days, size_t count) {
    struct done_day *done = calloc(count + 1, sizeof *done);
    size_t done_count = 0;
    for (size_t i = count; done && i-- > 0;) {
        struct done_day wanted = {days[i], hours_over(keeper, days[i].day)};
        bool was_done = is_done(keeper, &wanted);
        if (!was_done && goes_on(keeper)) {
            tend_day(keeper, days[i].day);
            was_done = goes_on(keeper);
        }
        if (was_done) {
            done[done_count++] = wanted;
        }
    }
    if (done) {
        free(keeper->done);
        keeper->done = done;
        keeper->done_count = done_count;
    }
}

size_t rollup_keeper_pass(struct rollup_keeper *keeper, int64_t now_ms) {
    struct catalog_day *days;
    size_t count;
    keeper->over_ms = catalog_day_of(now_ms - ROLLUP_KEEPER_QUIET_MS, HOUR_MS) * HOUR_MS;
    keeper->made = 0;
    keeper->is_stuck = false;
    if (!keeper->base || catalog_days(store_catalog(keeper->store), keeper->over_ms, &days, &count) != RECEIVER_OK) {
        return 0;
    }
    struct merge_budget *before = merge_use_budget(&keeper->budget);
    while (goes_on(keeper) && rollup_base_keep_days(keeper->base, days, count)) {
    }
    tend_days(keeper, days, count);
    merge_use_budget(before);
    free(days);
    return keeper->made;
}

static void wait(struct rollup_keeper *keeper) {
    struct timespec until = {.tv_sec = (time_t)(clock_ns(CLOCK_REALTIME) / 1000000000) + PASS_SECONDS};
    pthread_mutex_lock(&keeper->lock);
    if (!atomic_load(&keeper->stopping)) {
        pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
    }
    pthread_mutex_unlock(&keeper->lock);
}

static void *run(void *state) {
    struct rollup_keeper *keeper = state;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS); // on Linux each thread has its own
    while (!atomic_load(&keeper->stopping)) {
        rollup_keeper_pass(keeper, (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000));
        wait(keeper);
    }
    return NULL;
}

struct rollup_keeper *rollup_keeper_new(struct store *store) {
    struct rollup_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper) {
        keeper->store = store;
        keeper->base = store_rollups(store);
        keeper->budget.limit_bytes = ROLLUP_KEEPER_BYTES;
        pthread_mutex_init(&keeper->lock, NULL);
        pthread_cond_init(&keeper->wake, NULL);
    }
    return keeper;
}

static void keeper_free(struct rollup_keeper *keeper) {
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper->done);
    free(keeper);
}

struct rollup_keeper *rollup_keeper_start(struct store *store) {
    struct rollup_keeper *keeper = rollup_keeper_new(store);
    if (keeper && pthread_create(&keeper->thread, NULL, run, keeper) != 0) {
        keeper_free(keeper);
        return NULL;
    }
    if (keeper) {
        keeper->has_thread = true;
    }
    return keeper;
}

void rollup_keeper_stop(struct rollup_keeper *keeper) {
    if (!keeper) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    atomic_store(&keeper->stopping, true);
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    if (keeper->has_thread) {
        pthread_join(keeper->thread, NULL);
    }
    keeper_free(keeper);
}
