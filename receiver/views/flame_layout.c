// flame_layout.c: see flame_layout.h.
#include "flame_layout.h"

#include "../../base/fnv.h"
#include "../../base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHARACTER_TENTHS = 65, TEXT_LEFT = 3, TEXT_BELOW = 5 };
static const double narrowest = 0.34;

void flame_value(int64_t value, const char *unit, char *text, size_t size) {
    static const struct {
        const char *of, *name;
        double size;
    } units[] = {{"bytes", "GB", 1e9},      {"bytes", "MB", 1e6},       {"bytes", "kB", 1e3},       {"bytes", "B", 1},
                 {"nanoseconds", "s", 1e9}, {"nanoseconds", "ms", 1e6}, {"nanoseconds", "us", 1e3}, {"nanoseconds", "ns", 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].of) == 0 && ((double)value >= units[i].size || units[i].size == 1)) {
            snprintf(text, size, units[i].size == 1 ? "%.0f %s" : "%.2f %s", (double)value / units[i].size, units[i].name);
            return;
        }
    }
    snprintf(text, size, "%" PRId64 " %s", value, unit);
}

// Bytes of so many characters.
static size_t bytes_of(const char *name, size_t size, size_t characters) {
    size_t used = 0;
    for (size_t count = 0; used < size && count < characters; count++) {
        size_t length = utf8_length(name + used, size - used);
        used += length > 0 ? length : 1;
    }
    return used;
}

// As many characters as fit.
static void make_label(const char *name, double width, char *label, size_t label_size) {
    size_t fits = width > 0 ? (size_t)(width * 10 / CHARACTER_TENTHS) : 0, size = strlen(name), used = bytes_of(name, size, fits);
    if (fits < 3) {
        *label = '\0';
    } else if (used == size) {
        snprintf(label, label_size, "%s", name);
    } else {
        snprintf(label, label_size, "%.*s\xe2\x80\xa6", (int)bytes_of(name, size, fits - 1), name);
    }
}

// Warm colours, the same for a library in each picture.
static struct flame_colour colour_of(const struct profile_frame *frame) {
    char library[VIEW_LIBRARY_BYTES];
    view_frame_library(frame, library);
    uint64_t hash = fnv64(FNV64_START, library, strlen(library));
    hash ^= hash >> 32;
    return (struct flame_colour){(unsigned)(hash % 60), 60 + (unsigned)(hash >> 8) % 25, 62 + (unsigned)(hash >> 16) % 14};
}

struct layout {
    const struct export_tree *of;
    double scale; // pixels per unit
    flame_take *take;
    void *context;
};

static bool give(const struct layout *layout, const struct tree_node *node, double x, double width, size_t row) {
    enum { MARK_BYTES = 4 }; // of what is cut
    char buffer[VIEW_NAME_BYTES], label[FLAME_WIDTH * 10 / CHARACTER_TENTHS * 4 + MARK_BYTES];
    bool is_root = node == layout->of->tree->nodes;
    struct flame_box box = {.node = node,
                            .name = is_root ? layout->of->title : view_frame_name(&node->frame, buffer),
                            .label = label,
                            .x = x,
                            .width = width,
                            .y = FLAME_HEAD + row * FLAME_ROW,
                            .height = FLAME_ROW - 1,
                            .text_x = x + TEXT_LEFT,
                            .text_y = FLAME_HEAD + (row + 1) * FLAME_ROW - TEXT_BELOW,
                            .colour = is_root ? (struct flame_colour){0, 0, 87} : colour_of(&node->frame)};
    make_label(box.name, width - 2 * TEXT_LEFT, label, sizeof label);
    return layout->take(layout->context, &box);
}

// Of a node on the path from the root.
struct row {
    double next; // where its next sibling begins
    double end;  // where its caller does; beside siblings of values below 0, a box could be wider than that
};

static bool walk(const struct layout *layout, struct row *rows, size_t depth_most) {
    const struct tree_node *nodes = layout->of->tree->nodes;
    size_t row = 0;
    uint32_t node = 0;
    rows[0] = (struct row){FLAME_MARGIN, FLAME_WIDTH - FLAME_MARGIN};
    for (;;) {
        double x = rows[row].next, width = fmin((double)nodes[node].total * layout->scale, rows[row].end - x);
        bool shown = nodes[node].total > 0 && width >= narrowest;
        if (shown) {
            if (!give(layout, &nodes[node], x, width, row)) {
                return false;
            }
            rows[row].next = x + width;
        }
        if (shown && nodes[node].first_child != 0 && row + 1 < depth_most) {
            rows[++row] = (struct row){x, x + width};
            node = nodes[node].first_child;
            continue;
        }
        while (node != 0 && nodes[node].next_sibling == 0) {
            node = nodes[node].parent;
            row--;
        }
        if (node == 0) {
            return true;
        }
        node = nodes[node].next_sibling;
    }
}

static size_t depth_of(const struct tree *tree, size_t *depths) {
    size_t most = 1;
    depths[0] = 1;
    for (uint32_t node = 1; node < tree->count; node++) { // parents precede their children
        depths[node] = depths[tree->nodes[node].parent] + 1;
        most = depths[node] > most ? depths[node] : most;
    }
    return most;
}

bool flame_layout(const struct export_tree *of, flame_take *take, void *context) {
    size_t *depths = malloc(of->tree->count * sizeof *depths);
    size_t most = depths ? depth_of(of->tree, depths) : 0;
    struct row *rows = depths ? calloc(most + 1, sizeof *rows) : NULL;
    double total = (double)of->tree->nodes[0].total;
    const struct layout layout = {of, total > 0 ? (FLAME_WIDTH - 2 * FLAME_MARGIN) / total : 0, take, context};
    bool ok = rows && walk(&layout, rows, most);
    free(rows);
    free(depths);
    return ok;
}

static bool lower(void *context, const struct flame_box *box) {
    size_t *bottom = context, end = box->y + FLAME_ROW;
    *bottom = end > *bottom ? end : *bottom;
    return true;
}

size_t flame_height(const struct export_tree *of) {
    size_t bottom = FLAME_HEAD + FLAME_ROW;
    return flame_layout(of, lower, &bottom) ? bottom + FLAME_MARGIN : 0;
}
