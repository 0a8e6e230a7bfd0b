// rollup_sweep.c: a sweep with roll-ups (rollup_sweep.h).
#include "rollup_sweep.h"
#include "../../base/vector.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_UPLOADS = 2 }; // one file is read as fast as its roll-up

// Uploads of one stream in one hour or day: order[first] to order[first + count - 1].
struct group {
    struct rollup_key key;
    struct upload_set set;
    size_t first, count;
    char *dropped;
    bool is_taken;
};

struct plan {
    const struct rollup_sweep *sweep;
    struct rollup_base *base;
    uint32_t *order; // of the list, by stream and start
    struct group *groups;
    size_t group_count, group_capacity;
    bool *is_covered; // by index in the list
};

bool rollup_is_for(const char *attachment) {
    return catalog_is_pprof(attachment) && strcmp(attachment, "events.pprof") != 0;
}

// ---- Plan ----

static int by_stream(const void *left, const void *right, void *context) {
    const struct listed_upload *uploads = context;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (uploads[a].stream != uploads[b].stream) {
        return uploads[a].stream < uploads[b].stream ? -1 : 1;
    }
    return a < b ? -1 : a > b; // the list is by start
}

static const struct listed_upload *upload_at(const struct plan *plan, size_t at) {
    return &plan->sweep->list->uploads[plan->order[at]];
}

static bool has_line(const char *lines, const char *line) {
    size_t length = strlen(line);
    for (const char *at = lines; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        if (strcspn(at, "\n") == length && memcmp(at, line, length) == 0) {
            return true;
        }
    }
    return false;
}

struct looking {
    const struct plan *plan;
    struct group *group;
    bool fits, no_memory;
};

static void look(void *context, const struct rollup_row *row) {
    struct looking *looking = context;
    const struct rollup_sweep *sweep = looking->plan->sweep;
    bool fits = row->has_bytes && upload_set_equal(&row->set, &looking->group->set);
    for (size_t i = 0; fits && i < sweep->label_count; i++) {
        fits = !has_line(row->dropped, sweep->labels[i]);
    }
    looking->group->dropped = fits ? strdup(row->dropped) : NULL;
    looking->no_memory = fits && !looking->group->dropped;
    looking->fits = fits && looking->group->dropped;
}

// The end of the group that begins at `first`.
static size_t end_of(const struct plan *plan, size_t first, size_t end, int64_t length_ms) {
    const struct listed_upload *begin = upload_at(plan, first);
    int64_t number = catalog_day_of(begin->start_ms, length_ms);
    size_t at = first;
    while (at < end && upload_at(plan, at)->stream == begin->stream && catalog_day_of(upload_at(plan, at)->start_ms, length_ms) == number) {
        at++;
    }
    return at;
}

// Adds the group if there is a roll-up of it.
static bool find_group(struct plan *plan, size_t first, size_t end, enum rollup_level level, enum receiver_error *error) {
    const struct listed_upload *begin = upload_at(plan, first);
    struct group group = {.key = {plan->sweep->attachment, begin->stream, level, catalog_day_of(begin->start_ms, rollup_length_ms(level))},
                          .first = first,
                          .count = end - first};
    if (group.count < MIN_UPLOADS) {
        return false;
    }
    for (size_t i = first; i < end; i++) {
        upload_set_add(&group.set, upload_at(plan, i));
    }
    struct looking looking = {.plan = plan, .group = &group};
    rollup_base_find(plan->base, &group.key, look, &looking);
    if (looking.fits && !VECTOR_RESERVE(plan->groups, plan->group_capacity, plan->group_count + 1)) {
        free(group.dropped);
        looking.no_memory = true;
        looking.fits = false;
    }
    if (looking.fits) {
        plan->groups[plan->group_count++] = group;
    }
    *error = looking.no_memory ? RECEIVER_NO_MEMORY : *error;
    return looking.fits;
}

static int by_number(const void *left, const void *right) {
    const struct group *a = left, *b = right;
    int64_t one = a->key.number * rollup_length_ms(a->key.level), other = b->key.number * rollup_length_ms(b->key.level);
    if (one != other) {
        return one < other ? -1 : 1;
    }
    return a->first < b->first ? -1 : a->first > b->first;
}

static enum receiver_error make_plan(struct plan *plan) {
    const struct upload_list *list = plan->sweep->list;
    enum receiver_error error = RECEIVER_OK;
    plan->order = malloc((list->count + 1) * sizeof *plan->order);
    plan->is_covered = calloc(list->count + 1, sizeof *plan->is_covered);
    if (!plan->order || !plan->is_covered) {
        return RECEIVER_NO_MEMORY;
    }
    if (!plan->base || plan->sweep->only_files || !rollup_is_for(plan->sweep->attachment)) {
        return RECEIVER_OK;
    }
    for (size_t i = 0; i < list->count; i++) {
        plan->order[i] = (uint32_t)i;
    }
    qsort_r(plan->order, list->count, sizeof *plan->order, by_stream, list->uploads);
    for (size_t at = 0, day_end; error == RECEIVER_OK && at < list->count; at = day_end) {
        day_end = end_of(plan, at, list->count, DAY_MS);
        if (plan->sweep->most == ROLLUP_DAY && find_group(plan, at, day_end, ROLLUP_DAY, &error)) {
            continue;
        }
        for (size_t hour_end; error == RECEIVER_OK && at < day_end; at = hour_end) {
            hour_end = end_of(plan, at, day_end, HOUR_MS);
            find_group(plan, at, hour_end, ROLLUP_HOUR, &error);
        }
    }
    if (plan->group_count > 1) {
        qsort(plan->groups, plan->group_count, sizeof *plan->groups, by_number);
    }
    return error;
}

static void free_plan(struct plan *plan) {
    for (size_t i = 0; i < plan->group_count; i++) {
        free(plan->groups[i].dropped);
    }
    free(plan->groups);
    free(plan->order);
    free(plan->is_covered);
}

// ---- Taking ----

struct half {
    struct plan *plan;
    struct group *groups;
    size_t count;
    rollup_take take;
    void *part;
    struct sweep_report report;
    struct merge_budget *budget;
    enum receiver_error error;
    struct rollup rollup;
};

static int64_t lowest_id(const struct plan *plan, const struct group *group) {
    int64_t lowest = INT64_MAX;
    for (size_t i = 0; i < group->count; i++) {
        int64_t id = upload_at(plan, group->first + i)->id;
        lowest = id < lowest ? id : lowest;
    }
    return lowest;
}

static int64_t mean_ms(const struct plan *plan, const struct group *group) {
    int64_t first_ms = upload_at(plan, group->first)->start_ms, sum = 0; // of a day at most: no overflow
    for (size_t i = 0; i < group->count; i++) {
        sum += upload_at(plan, group->first + i)->start_ms - first_ms;
    }
    return first_ms + sum / (int64_t)group->count;
}

static enum receiver_error take_group(struct half *half, struct group *group) {
    uint8_t *bytes;
    size_t size;
    enum receiver_error error = rollup_base_read(half->plan->base, &group->key, &group->set, &bytes, &size);
    if (error != RECEIVER_OK) {
        return error;
    }
    bool fits = merge_budget_take(size);
    bool is_one = fits && rollup_decode(bytes, size, &half->rollup);
    struct rollup_taken taken = {.rollup = &half->rollup,
                                 .dropped = group->dropped,
                                 .mean_ms = mean_ms(half->plan, group),
                                 .upload = upload_at(half->plan, group->first)};
    error = !fits ? RECEIVER_NO_MEMORY : is_one ? half->take(half->part, &taken) : RECEIVER_DAMAGED;
    if (fits) {
        merge_budget_give(size);
    }
    free(bytes);
    if (error == RECEIVER_OK) {
        group->is_taken = true;
        sweep_report_add(&half->report, &half->rollup.report);
    } else if (error == RECEIVER_TOO_LARGE) {
        group->is_taken = true;
        sweep_report_add_failures(&half->report, lowest_id(half->plan, group), group->count, 0, taken.text);
    }
    return error;
}

static void *run(void *state) {
    struct half *half = state;
    struct merge_budget *before = merge_use_budget(half->budget);
    for (size_t i = 0; i < half->count && half->error == RECEIVER_OK; i++) {
        enum receiver_error error =
            upload_list_is_wanted(half->plan->sweep->list) ? take_group(half, &half->groups[i]) : RECEIVER_CLIENT_GONE;
        half->error = error == RECEIVER_NO_MEMORY || error == RECEIVER_CLIENT_GONE ? error : RECEIVER_OK;
    }
    merge_use_budget(before);
    return NULL;
}

static enum receiver_error take_groups(struct plan *plan, rollup_take take, void *const parts[2], struct sweep_report *report) {
    struct half *halves = calloc(2, sizeof *halves);
    pthread_t thread;
    if (!halves) {
        return RECEIVER_NO_MEMORY;
    }
    size_t second = parts[1] ? plan->group_count / 2 : 0, first = plan->group_count - second;
    halves[0] = (struct half){
        .plan = plan, .groups = plan->groups, .count = first, .take = take, .part = parts[0], .budget = merge_budget_in_use()};
    halves[1] = halves[0];
    halves[1].groups = second > 0 ? plan->groups + first : NULL;
    halves[1].count = second;
    halves[1].part = parts[1];
    bool started = second > 1 && pthread_create(&thread, NULL, run, &halves[1]) == 0;
    run(&halves[0]);
    if (started) {
        pthread_join(thread, NULL);
    } else {
        run(&halves[1]);
    }
    sweep_report_add(report, &halves[0].report);
    sweep_report_add(report, &halves[1].report);
    enum receiver_error error = halves[0].error != RECEIVER_OK ? halves[0].error : halves[1].error;
    free(halves);
    return error;
}

// ---- The rest ----

// Whether the file of that rank is read, the next after `taken` others: of `count` as many as are not beyond.
static bool is_read(const struct rollup_sweep *sweep, size_t rank, size_t taken, size_t count, size_t beyond) {
    size_t most = count - beyond;
    return !sweep->spread || most < 2 ? rank >= beyond : rank == taken * (count - 1) / (most - 1);
}

static enum receiver_error list_rest(struct plan *plan, struct upload_list *rest, size_t *beyond) {
    const struct upload_list *list = plan->sweep->list;
    size_t count = 0;
    for (size_t i = 0; i < plan->group_count; i++) {
        for (size_t at = 0; plan->groups[i].is_taken && at < plan->groups[i].count; at++) {
            plan->is_covered[plan->order[plan->groups[i].first + at]] = true;
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        count += !plan->is_covered[i];
    }
    *beyond = count > plan->sweep->most_files ? count - plan->sweep->most_files : 0;
    *rest = upload_list_like(list, count - *beyond);
    for (size_t i = 0, rank = 0; rest->uploads && i < list->count; i++) {
        if (!plan->is_covered[i] && is_read(plan->sweep, rank++, rest->count, count, *beyond)) {
            rest->uploads[rest->count++] = list->uploads[i];
        }
    }
    return rest->uploads ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

enum receiver_error rollup_sweep(const struct rollup_sweep *sweep, rollup_take take_rollup, sweep_take take, void *const parts[2],
                                 struct sweep_report *report) {
    struct plan plan = {.sweep = sweep, .base = store_rollups(sweep->store)};
    struct upload_list rest = {0};
    struct sweep_report of_files = {0};
    size_t beyond = 0;
    *report = (struct sweep_report){0};
    enum receiver_error error = make_plan(&plan);
    error = error == RECEIVER_OK && plan.group_count > 0 ? take_groups(&plan, take_rollup, parts, report) : error;
    error = error == RECEIVER_OK ? list_rest(&plan, &rest, &beyond) : error;
    error = error == RECEIVER_OK ? sweep_uploads(sweep->store, &rest, sweep->attachment, take, parts, &of_files) : error;
    sweep_report_add(report, &of_files);
    report->left_out = sweep->list->left_out + (sweep->spread ? 0 : beyond);
    report->skipped = sweep->spread ? beyond : 0;
    report->is_passing = report->left_out > sweep->list->left_out && rollup_is_for(sweep->attachment);
    report->processes = sweep_count_processes(sweep->list);
    upload_list_free(&rest);
    free_plan(&plan);
    return error;
}
