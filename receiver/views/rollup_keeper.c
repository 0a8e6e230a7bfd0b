// rollup_keeper.c: makes roll-ups in the background (rollup_keeper.h).
#include "rollup_keeper.h"
#include "../../base/clock.h"
#include "../../base/fnv.h"
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
    MAX_WAITING = 4096,     // more are made again at once
    STABLE_MS = 10 * 60000, // a set that is the same for so long has come to rest
    MAX_DOUBLINGS = 5,      // of the time between passes that fail: half an hour
};

// A day as it was when all of it was made.
struct done_day {
    struct catalog_day day;
    int64_t hours; // that were over
};

// A roll-up whose uploads have changed: while they do so each minute (of a client whose clock is behind), it is not made each minute. Or
// one that could not be made.
struct waiting {
    uint64_t key; // a hash
    struct upload_set set;
    int64_t first_ms, since_ms; // when it was first seen to be another than that of the roll-up; with this set
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
    unsigned generation; // of the database, when they were made
    struct waiting *waiting;
    size_t waiting_count, waiting_capacity;
    struct catalog_day first; // of the store
    bool has_first;
    int64_t trimmed_ms; // when uploads of the first day were last seen to have gone
    unsigned failures;  // passes, in a row
    // Of the pass.
    int64_t now_ms, over_ms; // hours and days that end by then are over
    int64_t oldest_ms;       // uploads of the day that retention removes begin there; INT64_MIN: it removes none
    size_t made;
    bool is_stuck; // the disk is full, or memory short: the pass ends
    bool is_open;  // something of this day is to be looked at again
};

// ---- Waiting ----

static uint64_t hash_of(const struct rollup_key *key) {
    const uint64_t words[] = {key->stream, (uint64_t)key->level, (uint64_t)key->number};
    return fnv64(fnv64(FNV64_START, key->attachment, strlen(key->attachment) + 1), words, sizeof words);
}

static bool is_between(int64_t ms, int64_t from_ms, int64_t length_ms) {
    return ms >= from_ms && ms - from_ms < length_ms;
}

// False: there are too many.
static bool add_waiting(struct rollup_keeper *keeper, const struct rollup_key *key, const struct upload_set *set) {
    bool ok = keeper->waiting_count < MAX_WAITING && VECTOR_RESERVE(keeper->waiting, keeper->waiting_capacity, keeper->waiting_count + 1);
    if (ok) {
        keeper->waiting[keeper->waiting_count++] = (struct waiting){hash_of(key), *set, keeper->now_ms, keeper->now_ms};
    }
    return ok;
}

// Whether one is to be made now: it is new, or its uploads have come to rest, or an hour has passed.
static bool is_due(struct rollup_keeper *keeper, const struct rollup_key *key, const struct upload_set *set, bool is_new) {
    uint64_t hash = hash_of(key);
    size_t at = 0;
    while (at < keeper->waiting_count && keeper->waiting[at].key != hash) {
        at++;
    }
    if (at == keeper->waiting_count) {
        return is_new || !add_waiting(keeper, key, set);
    }
    struct waiting *waiting = &keeper->waiting[at];
    if (!upload_set_equal(&waiting->set, set)) {
        waiting->set = *set;
        waiting->since_ms = keeper->now_ms;
    }
    bool is_due = !is_between(keeper->now_ms, waiting->since_ms, STABLE_MS) || !is_between(keeper->now_ms, waiting->first_ms, HOUR_MS);
    if (is_due) {
        *waiting = keeper->waiting[--keeper->waiting_count];
    }
    return is_due;
}

// Those that are no longer asked for.
static void forget_waiting(struct rollup_keeper *keeper) {
    size_t kept = 0;
    for (size_t i = 0; i < keeper->waiting_count; i++) {
        if (is_between(keeper->now_ms, keeper->waiting[i].first_ms, 2 * HOUR_MS)) {
            keeper->waiting[kept++] = keeper->waiting[i];
        }
    }
    keeper->waiting_count = kept;
}

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

// While it was made, a user may have removed one of its uploads, with the roll-ups that had it.
static bool all_are_there(const struct rollup_keeper *keeper, const struct upload_list *list) {
    size_t at = 0;
    while (at < list->count && catalog_has(store_catalog(keeper->store), list->uploads[at].id)) {
        at++;
    }
    return at == list->count;
}

// What fails for a cause of its own, such as a file that cannot be read now, is tried again by a later pass, and this one goes on.
static void make(struct rollup_keeper *keeper, const struct rollup_key *key, const struct upload_list *list, const struct upload_set *set) {
    struct rollup_made made;
    keeper->budget.exceeded = false;
    enum receiver_error error = rollup_make(keeper->store, list, key->attachment, key->level, &keeper->stopping, &made);
    bool is_too_large = error == RECEIVER_NO_MEMORY && keeper->budget.exceeded;
    if (error == RECEIVER_OK || is_too_large) {
        error = rollup_base_write(keeper->base, key, set, made.dropped ? made.dropped : "", made.bytes, made.size);
        keeper->made += error == RECEIVER_OK;
        keeper->is_stuck |= error != RECEIVER_OK;
        if (error == RECEIVER_OK && !all_are_there(keeper, list)) {
            rollup_base_remove(keeper->base, key);
        }
    } else if (error == RECEIVER_NO_MEMORY || error == RECEIVER_CLIENT_GONE) {
        keeper->is_stuck = true;
    } else {
        add_waiting(keeper, key, set);
    }
    keeper->is_open |= error != RECEIVER_OK;
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
    bool shrinks = catalog_day_of(keeper->oldest_ms, length_ms) >= key.number; // retention removes the next of these soon
    bool has_room = store_has_room(keeper->store, ROLLUP_KEEPER_FREE_BYTES);
    if (list->count < MIN_OF_AN_HOUR || shrinks || !has_room) {
        if (looking.is_there) {
            rollup_base_remove(keeper->base, &key);
        }
        keeper->is_stuck |= !has_room;
        keeper->is_open |= shrinks;
    } else if (is_due(keeper, &key, &set, !looking.is_there)) {
        make(keeper, &key, list, &set);
    } else {
        keeper->is_open = true;
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

// shrinks: retention removes uploads of this day.
static void tend_attachment(struct rollup_keeper *keeper, const struct selection *selection, const char *attachment, bool shrinks) {
    struct upload_list list;
    if (upload_list_read(store_catalog(keeper->store), selection, attachment, UPLOAD_LIST_MAX, &list) != RECEIVER_OK) {
        keeper->is_stuck = true;
        return;
    }
    keeper->oldest_ms = shrinks && list.count > 0 ? list.uploads[0].start_ms : INT64_MIN;
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
    bool shrinks = keeper->first.day == day && keeper->trimmed_ms > 0 && is_between(keeper->now_ms, keeper->trimmed_ms, HOUR_MS);
    keeper->is_stuck |= catalog_names(store_catalog(keeper->store), &selection, UPLOAD_LIST_MAX, note_names, &names) != RECEIVER_OK;
    keeper->is_open = false;
    for (size_t i = 0; i < names.count; i++) {
        if (goes_on(keeper)) {
            tend_attachment(keeper, &selection, names.texts[i], shrinks);
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
            was_done = goes_on(keeper) && !keeper->is_open;
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

static void note_first(struct rollup_keeper *keeper, const struct catalog_day *days, size_t count) {
    const struct catalog_day *was = &keeper->first;
    bool has_gone =
        keeper->has_first && (count == 0 || days[0].day > was->day || (days[0].day == was->day && days[0].set.count < was->set.count));
    keeper->trimmed_ms = has_gone ? keeper->now_ms : keeper->trimmed_ms;
    keeper->has_first = count > 0;
    keeper->first = count > 0 ? days[0] : (struct catalog_day){0};
}

// Of all days, whatever the clock says: one that is behind must remove none.
static bool keep_days(struct rollup_keeper *keeper) {
    struct catalog_day *days;
    size_t count;
    if (catalog_days(store_catalog(keeper->store), INT64_MAX, &days, &count) != RECEIVER_OK) {
        return false;
    }
    note_first(keeper, days, count);
    while (goes_on(keeper) && rollup_base_keep_days(keeper->base, days, count)) {
    }
    free(days);
    return true;
}

static bool pass(struct rollup_keeper *keeper) {
    struct catalog_day *days;
    size_t count;
    if (!keeper->base || !rollup_base_can_write(keeper->base) || !keep_days(keeper) ||
        catalog_days(store_catalog(keeper->store), keeper->over_ms, &days, &count) != RECEIVER_OK) {
        return false;
    }
    if (rollup_base_generation(keeper->base) != keeper->generation) { // what was made is gone
        keeper->generation = rollup_base_generation(keeper->base);
        keeper->done_count = 0;
    }
    forget_waiting(keeper);
    tend_days(keeper, days, count);
    free(days);
    return !keeper->is_stuck;
}

size_t rollup_keeper_pass(struct rollup_keeper *keeper, int64_t now_ms) {
    keeper->now_ms = now_ms;
    keeper->over_ms = catalog_day_of(now_ms - ROLLUP_KEEPER_QUIET_MS, HOUR_MS) * HOUR_MS;
    keeper->made = 0;
    keeper->is_stuck = false;
    struct merge_budget *before = merge_use_budget(&keeper->budget);
    keeper->failures = pass(keeper) ? 0 : keeper->failures + 1;
    merge_use_budget(before);
    return keeper->made;
}

static void wait(struct rollup_keeper *keeper) {
    int64_t seconds = PASS_SECONDS << (keeper->failures < MAX_DOUBLINGS ? keeper->failures : MAX_DOUBLINGS);
    struct timespec until = {.tv_sec = (time_t)(clock_ns(CLOCK_REALTIME) / 1000000000) + seconds};
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
        keeper->generation = keeper->base ? rollup_base_generation(keeper->base) : 0;
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
    free(keeper->waiting);
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
