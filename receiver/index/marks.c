// marks.c: a sorted list (marks.h).
#include "marks.h"
#include "../../base/vector.h"

#include <stdlib.h>
#include <string.h>

void marks_free(struct marks *marks) {
    for (size_t i = 0; i < marks->count; i++) {
        free(marks->list[i].note);
    }
    free(marks->list);
    *marks = (struct marks){0};
}

// Where it is, or would be.
static size_t place_of(const struct marks *marks, int64_t id) {
    size_t low = 0, high = marks->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (marks->list[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct mark *marks_find(const struct marks *marks, int64_t id) {
    size_t at = marks ? place_of(marks, id) : 0;
    return marks && at < marks->count && marks->list[at].id == id ? &marks->list[at] : NULL;
}

bool marks_are_pinned(const struct marks *marks, int64_t id) {
    const struct mark *mark = marks && marks->pinned > 0 ? marks_find(marks, id) : NULL;
    return mark && mark->pinned;
}

bool marks_set(struct marks *marks, int64_t id, bool pinned, const char *note) {
    size_t at = place_of(marks, id);
    bool is_there = at < marks->count && marks->list[at].id == id, is_wanted = pinned || (note && *note);
    char *copy = note && *note ? strdup(note) : NULL;
    if ((note && *note && !copy) || (is_wanted && !is_there && !VECTOR_RESERVE(marks->list, marks->capacity, marks->count + 1))) {
        free(copy);
        return false;
    }
    struct mark *mark = &marks->list[at];
    if (is_there) {
        marks->pinned -= mark->pinned;
        free(mark->note);
    }
    if (is_wanted != is_there) {
        memmove(mark + is_wanted, mark + is_there, (marks->count - at - is_there) * sizeof *mark);
        marks->count += is_wanted;
        marks->count -= is_there;
    }
    if (is_wanted) {
        *mark = (struct mark){id, copy, pinned};
        marks->pinned += pinned;
    }
    return true;
}
