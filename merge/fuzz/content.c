// content.c: compares and adds contents. See content.h, also for threads and memory.
#include "content.h"

#include <stdlib.h>
#include <string.h>

void content_free(struct content *content) {
    free(content->rows);
    free(content->header.comments);
    *content = (struct content){.type_count = 0};
}

struct row *content_row(const struct content *content, size_t index) {
    return (struct row *)((char *)content->rows + index * content->row_bytes);
}

static int compare_keys(const void *left, const void *right) {
    const struct key *a = left, *b = right;
    if (a->a != b->a) {
        return a->a < b->a ? -1 : 1;
    }
    return a->b < b->b ? -1 : a->b > b->b;
}

const struct row *content_find(const struct content *content, struct key key) {
    // A row starts with its key.
    return content->row_count ? bsearch(&key, content->rows, content->row_count, content->row_bytes, compare_keys) : NULL;
}

bool content_same_types(const struct content *a, const struct content *b) {
    return a->type_count == b->type_count && memcmp(a->types, b->types, a->type_count * sizeof *a->types) == 0;
}

void number_set_add(struct number_set *set, uint64_t number) {
    size_t at = 0;
    while (at < set->count && set->items[at] != number) {
        at++;
    }
    if (at == sizeof set->items / sizeof *set->items) {
        set->full = true;
    } else if (at == set->count) {
        set->items[set->count++] = number;
    }
}

static bool meet(const struct number_set *starts, const struct number_set *gaps) {
    for (size_t i = 0; i < starts->count; i++) {
        for (size_t j = 0; j < gaps->count; j++) {
            if (starts->items[i] == gaps->items[j]) {
                return true;
            }
        }
    }
    return starts->full || gaps->full;
}

bool content_loses_addresses(const struct content *a, const struct content *b) {
    return meet(&a->starts, &b->gaps) || meet(&b->starts, &a->gaps);
}

static void add_comments(struct header *sum, const struct header *more) {
    sum->comments = realloc(sum->comments, (sum->comment_count + more->comment_count + 1) * sizeof *sum->comments);
    for (size_t i = 0; i < more->comment_count; i++) {
        size_t at = 0;
        while (at < sum->comment_count && !key_same(sum->comments[at], more->comments[i])) {
            at++;
        }
        if (at == sum->comment_count) {
            sum->comments[sum->comment_count++] = more->comments[i];
        }
    }
}

static void first_of(struct key *sum, struct key more) {
    if (key_same(*sum, key_of_text((struct span){NULL, NULL}))) {
        *sum = more;
    }
}

bool content_same_period(const struct content *a, const struct content *b) {
    return key_same(a->header.period_type, b->header.period_type) || a->header.no_period_type || b->header.no_period_type;
}

static void add_header(struct header *sum, const struct header *more) {
    if (sum->no_period_type) {
        sum->period_type = more->period_type;
        sum->no_period_type = more->no_period_type;
    }
    if (sum->period == 0 || more->period > sum->period) {
        sum->period = more->period;
    }
    if (more->time_ns != 0 && (sum->time_ns == 0 || more->time_ns < sum->time_ns)) {
        sum->time_ns = more->time_ns;
    }
    sum->duration_ns.sum += more->duration_ns.sum;
    sum->duration_ns.size += more->duration_ns.size;
    first_of(&sum->drop_frames, more->drop_frames);
    first_of(&sum->keep_frames, more->keep_frames);
    first_of(&sum->default_type, more->default_type);
    first_of(&sum->doc_url, more->doc_url);
    if (!sum->has_mapping) {
        sum->main_mapping = more->main_mapping;
    }
    sum->has_mapping |= more->has_mapping;
    add_comments(sum, more);
}

// Sorts the rows and sums those with the same key.
static void settle(struct content *content) {
    if (content->row_count == 0) {
        return;
    }
    qsort(content->rows, content->row_count, content->row_bytes, compare_keys);
    size_t kept = 0;
    for (size_t i = 1; i < content->row_count; i++) {
        struct row *last = content_row(content, kept), *row = content_row(content, i);
        if (key_same(last->key, row->key)) {
            for (size_t t = 0; t < content->type_count; t++) {
                last->cells[t].sum += row->cells[t].sum;
                last->cells[t].size += row->cells[t].size;
            }
        } else if (++kept != i) {
            memcpy(content_row(content, kept), row, content->row_bytes);
        }
    }
    content->row_count = kept + 1;
}

void content_add(struct content *sum, const struct content *more) {
    add_header(&sum->header, &more->header);
    sum->alike_mappings |= more->alike_mappings;
    for (size_t i = 0; i < more->starts.count; i++) {
        number_set_add(&sum->starts, more->starts.items[i]);
    }
    for (size_t i = 0; i < more->gaps.count; i++) {
        number_set_add(&sum->gaps, more->gaps.items[i]);
    }
    sum->starts.full |= more->starts.full;
    sum->gaps.full |= more->gaps.full;
    sum->rows = realloc(sum->rows, (sum->row_count + more->row_count + 1) * sum->row_bytes);
    if (more->row_count > 0) {
        memcpy(content_row(sum, sum->row_count), more->rows, more->row_count * more->row_bytes);
    }
    sum->row_count += more->row_count;
    settle(sum);
}

static bool saturated(const struct cell *cell) {
    return cell->size > INT64_MAX;
}

static bool is_zero(const struct content *content, const struct row *row) {
    for (size_t t = 0; t < content->type_count; t++) {
        if (row->cells[t].sum != 0) {
            return false;
        }
    }
    return true;
}

static const char *same_row(const struct content *a, const struct row *row, const struct row *other) {
    for (size_t t = 0; t < a->type_count; t++) {
        if (saturated(&row->cells[t]) || (other && saturated(&other->cells[t]))) {
            return NULL; // the row may even be dropped
        }
        if (row->cells[t].sum != (other ? other->cells[t].sum : 0)) {
            return other ? "a sample has other values" : "a sample is missing";
        }
    }
    return NULL;
}

static const char *compare_headers(const struct header *a, const struct header *b) {
    if (!key_same(a->period_type, b->period_type) || a->period != b->period) {
        return "periods differ";
    }
    if (a->time_ns != b->time_ns) {
        return "times differ";
    }
    if (a->duration_ns.sum != b->duration_ns.sum && !saturated(&a->duration_ns) && !saturated(&b->duration_ns)) {
        return "durations differ";
    }
    if (!key_same(a->drop_frames, b->drop_frames) || !key_same(a->keep_frames, b->keep_frames)) {
        return "drop_frames or keep_frames differ";
    }
    if (!key_same(a->default_type, b->default_type) || !key_same(a->doc_url, b->doc_url)) {
        return "default_sample_type or doc_url differ";
    }
    if (a->has_mapping != b->has_mapping || !key_same(a->main_mapping, b->main_mapping)) {
        return "first mappings differ";
    }
    if (a->comment_count != b->comment_count ||
        (a->comment_count > 0 && memcmp(a->comments, b->comments, a->comment_count * sizeof *a->comments) != 0)) {
        return "comments differ";
    }
    return NULL;
}

const char *content_difference(const struct content *a, const struct content *b) {
    if (!content_same_types(a, b)) {
        return "sample types differ";
    }
    const char *text = compare_headers(&a->header, &b->header);
    for (size_t i = 0; !text && i < a->row_count; i++) {
        const struct row *row = content_row(a, i);
        if (!is_zero(a, row)) {
            text = same_row(a, row, content_find(b, row->key));
        }
    }
    for (size_t i = 0; !text && i < b->row_count; i++) {
        const struct row *row = content_row(b, i);
        if (!is_zero(b, row) && !content_find(a, row->key)) {
            text = "there is a sample that should not be there";
        }
    }
    return text;
}
