// metrics_moments.c: series at common moments (metrics_moments.h).
#include "metrics_moments.h"

#include <math.h>
#include <stdlib.h>

struct moments {
    const struct upload_list *list;
    int64_t ms[METRICS_MAX_POINTS];
    size_t count;
    size_t *order;  // uploads by process, each by end
    double *values; // of the series at hand, by upload; NAN: none
    int64_t usual_ms;
};

static int64_t end_of(const struct upload_list *list, size_t upload) {
    return list->uploads[upload].end_ms;
}

static int compare_uploads(const void *left, const void *right, void *context) {
    const struct upload_list *list = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    uint64_t one = list->uploads[a].process, other = list->uploads[b].process;
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
    moments->count = distinct < METRICS_MAX_POINTS ? distinct : METRICS_MAX_POINTS;
    for (size_t i = 0; i < moments->count; i++) {
        double span_ms = (double)(times[distinct - 1] - times[0]);
        moments->ms[i] = distinct == moments->count ? times[i] : times[0] + (int64_t)(span_ms * (double)(i + 1) / METRICS_MAX_POINTS);
    }
}

// The end of the uploads of one process that begin at order[from].
static size_t process_end(const struct moments *moments, size_t from) {
    const struct listed_upload *uploads = moments->list->uploads;
    size_t to = from;
    while (to < moments->list->count && uploads[moments->order[to]].process == uploads[moments->order[from]].process) {
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

struct moments *moments_new(const struct upload_list *list) {
    struct moments *moments = calloc(1, sizeof *moments);
    int64_t *times = malloc((list->count + 1) * sizeof *times);
    bool ok = moments && times;
    if (ok) {
        moments->list = list;
        moments->order = malloc((list->count + 1) * sizeof *moments->order);
        moments->values = malloc((list->count + 1) * sizeof *moments->values);
        ok = moments->order && moments->values;
    }
    if (!ok) {
        free(times);
        moments_free(moments);
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        moments->order[i] = i;
    }
    if (list->count > 0) {
        qsort_r(moments->order, list->count, sizeof *moments->order, compare_uploads, (void *)list);
        choose_moments(moments, times);
        size_t all = 0;
        for (size_t from = 0, to; from < list->count; from = to) {
            to = process_end(moments, from);
            all += distances(moments, from, to, times + all);
        }
        moments->usual_ms = median(times, all);
    }
    free(times);
    return moments;
}

void moments_free(struct moments *moments) {
    if (moments) {
        free(moments->order);
        free(moments->values);
    }
    free(moments);
}

// ---- Values ----

struct sums {
    double sum[METRICS_MAX_POINTS];
    size_t processes[METRICS_MAX_POINTS]; // that have a value
};

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

static void add_process(const struct moments *moments, size_t from, size_t to, int64_t distance_ms, struct sums *sums) {
    const size_t *order = moments->order;
    int64_t end_ms = end_of(moments->list, order[to - 1]);
    size_t at = from, newest = order[from];
    for (size_t m = first_moment(moments, end_of(moments->list, newest)); m < moments->count; m++) {
        double sum = 0;
        size_t count = 0;
        bool is_new = false;
        for (; at < to && end_of(moments->list, order[at]) <= moments->ms[m]; at++) {
            newest = order[at];
            is_new = true;
            if (!isnan(moments->values[newest])) {
                sum += moments->values[newest];
                count++;
            }
        }
        if (!is_new && at == to && moments->ms[m] - end_ms >= distance_ms) {
            return;
        }
        if (!is_new && !isnan(moments->values[newest])) {
            sum = moments->values[newest];
            count = 1;
        }
        if (count > 0) {
            sums->sum[m] += sum / (double)count;
            sums->processes[m]++;
        }
    }
}

size_t moments_of_series(struct moments *moments, const struct metrics_series *series, bool summed,
                         struct series_point points[METRICS_MAX_POINTS]) {
    const struct upload_list *list = moments->list;
    struct sums sums = {0};
    int64_t times[64]; // a process's usual distance, from its newest
    for (size_t i = 0; i < list->count; i++) {
        moments->values[i] = NAN;
    }
    for (size_t i = 0; i < series->count; i++) {
        moments->values[series->uploads[i]] = series->points[i].value;
    }
    for (size_t from = 0, to; from < list->count; from = to) {
        to = process_end(moments, from);
        size_t newest = to - from > sizeof times / sizeof *times ? to - sizeof times / sizeof *times : from;
        size_t count = distances(moments, newest, to, times);
        add_process(moments, from, to, count > 0 ? median(times, count) : moments->usual_ms, &sums);
    }
    size_t used = 0;
    for (size_t m = 0; m < moments->count; m++) {
        if (sums.processes[m] > 0) {
            points[used++] = (struct series_point){moments->ms[m], summed ? sums.sum[m] : sums.sum[m] / (double)sums.processes[m]};
        }
    }
    return used;
}
