// metrics_moments.c: series at common moments (metrics_moments.h).
#include "metrics_moments.h"
#include "../../series/memory_verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// The uploads of one process: order[from..to).
struct process {
    size_t from, to;
    uint32_t group; // of its uploads
    uint64_t host;
    double cgroup;       // memory_cgroup_id of its newest upload that tells it; NAN: none does
    int64_t distance_ms; // between its uploads, as a rule
};

struct moments {
    const struct upload_list *list;
    int64_t ms[METRICS_MAX_POINTS];
    size_t count, most;
    size_t *order;               // uploads by group and process, each by end
    double *nothing;             // of a series that is not there
    const double *values;        // of the series at hand, by upload; NAN: none
    const double *codes, *about; // c_verdict and c_verdict_bytes, by upload; NAN: none
    struct process *processes;   // by group, in it those of one cgroup side by side
    struct process *others;      // some of them, those of one cgroup side by side
    size_t process_count;
};

static int64_t end_of(const struct upload_list *list, size_t upload) {
    return list->uploads[upload].end_ms;
}

static int compare_uploads(const void *left, const void *right, void *context) {
    const struct upload_list *list = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    uint64_t one = list->uploads[a].process, other = list->uploads[b].process;
    uint32_t group = list->uploads[a].group, other_group = list->uploads[b].group;
    if (group != other_group) {
        return group < other_group ? -1 : 1;
    }
    if (one != other) {
        return one < other ? -1 : 1;
    }
    return end_of(list, a) != end_of(list, b) ? (end_of(list, a) < end_of(list, b) ? -1 : 1) : a < b ? -1 : a > b;
}

static int compare_times(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

// 0: none.
static int64_t median(int64_t *times, size_t count) {
    qsort(times, count, sizeof *times, compare_times);
    return count > 0 ? times[(count - 1) / 2] : 0;
}

// ---- Making ----

// times: capacity for each upload.
static void choose_moments(struct moments *moments, int64_t *times) {
    size_t count = moments->list->count, distinct = 0;
    for (size_t i = 0; i < count; i++) {
        times[i] = end_of(moments->list, i);
    }
    qsort(times, count, sizeof *times, compare_times);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || times[i] != times[i - 1]) {
            times[distinct++] = times[i];
        }
    }
    moments->count = distinct < moments->most ? distinct : moments->most;
    for (size_t i = 0; i < moments->count; i++) {
        double span_ms = (double)(times[distinct - 1] - times[0]);
        moments->ms[i] = distinct == moments->count ? times[i] : times[0] + (int64_t)(span_ms * (double)(i + 1) / (double)moments->most);
    }
}

// The end of the uploads of one process that begin at order[from].
static size_t process_end(const struct moments *moments, size_t from) {
    const struct listed_upload *uploads = moments->list->uploads, *first = &uploads[moments->order[from]];
    size_t to = from;
    while (to < moments->list->count && uploads[moments->order[to]].process == first->process &&
           uploads[moments->order[to]].group == first->group) {
        to++;
    }
    return to;
}

// The distances between the uploads of one process; returns their count.
static size_t distances(const struct moments *moments, size_t from, size_t to, int64_t *times) {
    for (size_t i = from + 1; i < to; i++) {
        times[i - from - 1] = end_of(moments->list, moments->order[i]) - end_of(moments->list, moments->order[i - 1]);
    }
    return to > from ? to - from - 1 : 0;
}

// The values of a series, by upload; NULL: of no series.
static const double *values_of(const struct moments *moments, const struct metrics_series *series) {
    return series ? series->values : moments->nothing;
}

// ids: memory_cgroup_id, by upload.
static struct process process_of(const struct moments *moments, size_t from, size_t to, int64_t usual_ms, const double *ids) {
    int64_t times[64]; // a process's usual distance, from its newest
    size_t newest = to - from > sizeof times / sizeof *times ? to - sizeof times / sizeof *times : from;
    size_t count = distances(moments, newest, to, times);
    struct process process = {.from = from,
                              .to = to,
                              .group = moments->list->uploads[moments->order[from]].group,
                              .host = moments->list->uploads[moments->order[from]].host,
                              .cgroup = NAN,
                              .distance_ms = count > 0 ? median(times, count) : usual_ms};
    for (size_t i = to; i > from && isnan(process.cgroup); i--) {
        process.cgroup = ids[moments->order[i - 1]];
    }
    return process;
}

static int compare_cgroups(const struct process *a, const struct process *b) {
    if (a->host != b->host) {
        return a->host < b->host ? -1 : 1;
    }
    if (isnan(a->cgroup) || isnan(b->cgroup)) {
        return isnan(b->cgroup) - isnan(a->cgroup);
    }
    return a->cgroup < b->cgroup ? -1 : a->cgroup > b->cgroup;
}

static int by_cgroup(const void *left, const void *right) {
    const struct process *a = left, *b = right;
    int order = compare_cgroups(a, b);
    return order != 0 ? order : a->from < b->from ? -1 : a->from > b->from;
}

static int by_group(const void *left, const void *right) {
    const struct process *a = left, *b = right;
    return a->group != b->group ? (a->group < b->group ? -1 : 1) : by_cgroup(left, right);
}

// times: capacity for each upload.
static void find_processes(struct moments *moments, const struct metrics *metrics, int64_t *times) {
    const struct upload_list *list = moments->list;
    size_t all = 0;
    for (size_t from = 0, to; from < list->count; from = to) {
        to = process_end(moments, from);
        all += distances(moments, from, to, times + all);
    }
    int64_t usual_ms = median(times, all);
    const double *ids = values_of(moments, metrics_find(metrics, "memory_cgroup_id"));
    for (size_t from = 0, to; from < list->count; from = to) {
        to = process_end(moments, from);
        moments->processes[moments->process_count++] = process_of(moments, from, to, usual_ms, ids);
    }
    qsort(moments->processes, moments->process_count, sizeof *moments->processes, by_group);
}

static bool allocate(struct moments *moments, size_t count) {
    moments->order = malloc((count + 1) * sizeof *moments->order);
    moments->nothing = malloc((count + 1) * sizeof *moments->nothing);
    moments->processes = malloc((count + 1) * sizeof *moments->processes);
    moments->others = malloc((count + 1) * sizeof *moments->others);
    for (size_t i = 0; moments->nothing && i < count; i++) {
        moments->nothing[i] = NAN;
    }
    return moments->order && moments->nothing && moments->processes && moments->others;
}

struct moments *moments_new(const struct upload_list *list, const struct metrics *metrics, size_t most) {
    struct moments *moments = calloc(1, sizeof *moments);
    int64_t *times = malloc((list->count + 1) * sizeof *times);
    if (!moments || !times || !allocate(moments, list->count)) {
        free(times);
        moments_free(moments);
        return NULL;
    }
    moments->list = list;
    moments->most = most;
    for (size_t i = 0; i < list->count; i++) {
        moments->order[i] = i;
    }
    if (list->count > 0) {
        qsort_r(moments->order, list->count, sizeof *moments->order, compare_uploads, (void *)list);
        choose_moments(moments, times);
        find_processes(moments, metrics, times);
        moments->codes = values_of(moments, metrics_find(metrics, "c_verdict"));
        moments->about = values_of(moments, metrics_find(metrics, "c_verdict_bytes"));
    }
    free(times);
    return moments;
}

void moments_free(struct moments *moments) {
    if (moments) {
        free(moments->order);
        free(moments->nothing);
        free(moments->processes);
        free(moments->others);
    }
    free(moments);
}

// ---- One process ----

static size_t first_moment(const struct moments *moments, int64_t ms) {
    size_t low = 0, high = moments->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (moments->ms[middle] < ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// A process at a moment: order[first..end) are its uploads since the moment before; without any, its newest still counts.
struct at_moment {
    const struct moments *moments;
    size_t moment, first, end, newest; // newest: an upload
};

// Calls take for each moment at which the process counts.
static void walk(const struct moments *moments, const struct process *process, void (*take)(void *context, const struct at_moment *at),
                 void *context) {
    const size_t *order = moments->order;
    int64_t end_ms = end_of(moments->list, order[process->to - 1]);
    struct at_moment at = {.moments = moments, .end = process->from};
    for (size_t m = first_moment(moments, end_of(moments->list, order[process->from])); m < moments->count; m++) {
        at.moment = m;
        at.first = at.end;
        while (at.end < process->to && end_of(moments->list, order[at.end]) <= moments->ms[m]) {
            at.end++;
        }
        if (at.first == at.end && at.end == process->to && moments->ms[m] - end_ms >= process->distance_ms) {
            return;
        }
        at.newest = order[at.end - 1];
        take(context, &at);
    }
}

// ---- Values ----

struct sums {
    double sum[METRICS_MAX_POINTS];
    size_t count[METRICS_MAX_POINTS]; // of processes or cgroups that have a value
};

static void add(struct sums *sums, size_t moment, double value) {
    if (!isnan(value)) {
        sums->sum[moment] += value;
        sums->count[moment]++;
    }
}

static void take_mean(void *context, const struct at_moment *at) {
    const struct moments *moments = at->moments;
    double sum = 0;
    size_t count = 0;
    for (size_t i = at->first; i < at->end; i++) {
        double value = moments->values[moments->order[i]];
        sum += isnan(value) ? 0 : value;
        count += !isnan(value);
    }
    add(context, at->moment, at->first == at->end ? moments->values[at->newest] : count > 0 ? sum / (double)count : NAN);
}

// The newest upload at each moment.
struct newest {
    int64_t ms[METRICS_MAX_POINTS]; // of its end
    double value[METRICS_MAX_POINTS];
};

static void take_newest(void *context, const struct at_moment *at) {
    struct newest *newest = context;
    double value = at->moments->values[at->newest];
    int64_t end_ms = end_of(at->moments->list, at->newest);
    if (!isnan(value) && (isnan(newest->value[at->moment]) || end_ms >= newest->ms[at->moment])) {
        newest->ms[at->moment] = end_ms;
        newest->value[at->moment] = value;
    }
}

// Processes of which a value is made.
struct chosen_processes {
    const struct process *list;
    size_t count;
};

static void sum_cgroups(const struct moments *moments, struct chosen_processes of, struct sums *sums) {
    for (size_t from = 0, to; from < of.count; from = to) {
        struct newest newest;
        for (size_t m = 0; m < moments->count; m++) {
            newest.value[m] = NAN;
        }
        for (to = from; to < of.count && compare_cgroups(&of.list[to], &of.list[from]) == 0; to++) {
            walk(moments, &of.list[to], take_newest, &newest);
        }
        for (size_t m = 0; m < moments->count; m++) {
            add(sums, m, newest.value[m]);
        }
    }
}

// The upload whose code says most at each moment.
struct chosen {
    bool has[METRICS_MAX_POINTS];
    size_t upload[METRICS_MAX_POINTS];
};

static bool says_more(const struct moments *moments, size_t upload, size_t other) {
    int rank = memory_verdict_rank((int)moments->codes[upload]), other_rank = memory_verdict_rank((int)moments->codes[other]);
    return rank != other_rank ? rank < other_rank : moments->about[upload] > moments->about[other];
}

static void take_code(void *context, const struct at_moment *at) {
    struct chosen *chosen = context;
    size_t m = at->moment;
    if (!isnan(at->moments->codes[at->newest]) && (!chosen->has[m] || says_more(at->moments, at->newest, chosen->upload[m]))) {
        chosen->has[m] = true;
        chosen->upload[m] = at->newest;
    }
}

static void choose_codes(const struct moments *moments, struct chosen_processes of, struct sums *sums) {
    struct chosen chosen = {0};
    for (size_t i = 0; i < of.count; i++) {
        walk(moments, &of.list[i], take_code, &chosen);
    }
    for (size_t m = 0; m < moments->count; m++) {
        add(sums, m, chosen.has[m] ? moments->values[chosen.upload[m]] : NAN);
    }
}

static void take_flag(void *context, const struct at_moment *at) {
    struct sums *sums = context;
    double value = at->moments->values[at->newest];
    if (!isnan(value)) {
        sums->sum[at->moment] = fmax(sums->sum[at->moment], value);
        sums->count[at->moment] = 1;
    }
}

static void walk_all(const struct moments *moments, struct chosen_processes of, void (*take)(void *context, const struct at_moment *at),
                     struct sums *sums) {
    for (size_t i = 0; i < of.count; i++) {
        walk(moments, &of.list[i], take, sums);
    }
}

static size_t points_of(struct moments *moments, const struct metrics_series *series, struct chosen_processes of, bool summed,
                        struct series_point points[METRICS_MAX_POINTS]) {
    struct sums sums;
    memset(sums.sum, 0, moments->count * sizeof *sums.sum);
    memset(sums.count, 0, moments->count * sizeof *sums.count);
    moments->values = series->values;
    switch (metrics_kind(series->name)) {
    case METRICS_OF_CONTAINER:
        sum_cgroups(moments, of, &sums);
        break;
    case METRICS_CODE:
    case METRICS_OF_CODE:
        choose_codes(moments, of, &sums);
        break;
    case METRICS_FLAG:
        walk_all(moments, of, take_flag, &sums);
        break;
    default:
        walk_all(moments, of, take_mean, &sums);
    }
    size_t used = 0;
    for (size_t m = 0; m < moments->count; m++) {
        if (sums.count[m] > 0) {
            points[used++] = (struct series_point){moments->ms[m], summed ? sums.sum[m] : sums.sum[m] / (double)sums.count[m]};
        }
    }
    return used;
}

size_t moments_of_others(struct moments *moments, const struct metrics_series *series, const bool *left_out, bool summed,
                         struct series_point points[METRICS_MAX_POINTS]) {
    size_t count = 0;
    for (size_t i = 0; i < moments->process_count; i++) {
        if (!left_out || !left_out[moments->processes[i].group]) {
            moments->others[count++] = moments->processes[i];
        }
    }
    qsort(moments->others, count, sizeof *moments->others, by_cgroup);
    return points_of(moments, series, (struct chosen_processes){moments->others, count}, summed, points);
}

size_t moments_of_series(struct moments *moments, const struct metrics_series *series, bool summed,
                         struct series_point points[METRICS_MAX_POINTS]) {
    return moments_of_others(moments, series, NULL, summed, points);
}

// The first process of a group from that on.
static size_t first_of(const struct moments *moments, uint32_t group) {
    size_t low = 0, high = moments->process_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (moments->processes[middle].group < group) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t moments_processes(const struct moments *moments, uint32_t group) {
    return first_of(moments, group + 1) - first_of(moments, group);
}

size_t moments_of_group(struct moments *moments, const struct metrics_series *series, uint32_t group, bool summed,
                        struct series_point points[METRICS_MAX_POINTS]) {
    size_t first = first_of(moments, group);
    struct chosen_processes of = {moments->processes + first, first_of(moments, group + 1) - first};
    return points_of(moments, series, of, summed, points);
}
