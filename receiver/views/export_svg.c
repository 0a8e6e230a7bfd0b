// export_svg.c: a flame graph as a picture: callers above their callees, widths by total, a title for each frame (export.h).
//
// No script is in it, so that any viewer shows it and none is surprised. Frames that would be narrower than a third of a pixel are not
// drawn.
#include "../../base/fnv.h"
#include "../../base/utf8.h"
#include "../../base/xml.h"
#include "export.h"
#include "view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1200, MARGIN = 10, ROW = 17, HEAD = 40, CHARACTER_TENTHS = 65 };
static const double narrowest = 0.34;

// As many characters as fit.
static void put_label(const char *name, double width, FILE *out) {
    size_t fits = (size_t)(width * 10 / CHARACTER_TENTHS), size = strlen(name), used = 0;
    for (size_t count = 0; used < size && count < fits; count++) {
        size_t length = utf8_length(name + used, size - used);
        used += length > 0 ? length : 1;
    }
    if (fits < 3) {
        return;
    }
    if (used < size) {
        size_t count = 0;
        for (used = 0; count + 1 < fits; count++) {
            size_t length = utf8_length(name + used, size - used);
            used += length > 0 ? length : 1;
        }
    }
    xml_put(name, used, out);
    fputs(used < size ? "\xe2\x80\xa6" : "", out);
}

static void put_value(int64_t value, const char *unit, FILE *out) {
    static const struct {
        const char *of, *name;
        double size;
    } units[] = {{"bytes", "GB", 1e9},      {"bytes", "MB", 1e6},       {"bytes", "kB", 1e3},       {"bytes", "B", 1},
                 {"nanoseconds", "s", 1e9}, {"nanoseconds", "ms", 1e6}, {"nanoseconds", "us", 1e3}, {"nanoseconds", "ns", 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].of) == 0 && ((double)value >= units[i].size || units[i].size == 1)) {
            fprintf(out, units[i].size == 1 ? "%.0f %s" : "%.2f %s", (double)value / units[i].size, units[i].name);
            return;
        }
    }
    fprintf(out, "%" PRId64 " ", value);
    xml_put(unit, strlen(unit), out);
}

// Warm colours, the same for a library in each picture.
static void put_colour(const struct profile_frame *frame, FILE *out) {
    char library[VIEW_LIBRARY_BYTES];
    view_frame_library(frame, library);
    uint64_t hash = fnv64(FNV64_START, library, strlen(library));
    hash ^= hash >> 32;
    fprintf(out, "hsl(%u,%u%%,%u%%)", (unsigned)(hash % 60), 60 + (unsigned)(hash >> 8) % 25, 62 + (unsigned)(hash >> 16) % 14);
}

struct drawing {
    const struct export_tree *of;
    FILE *out;
    double scale;  // pixels per unit
    size_t lowest; // row
    bool measures; // only finds the lowest row
};

static void draw(struct drawing *drawing, const struct tree_node *node, double x, size_t row) {
    char buffer[VIEW_NAME_BYTES];
    double width = (double)node->total * drawing->scale;
    FILE *out = drawing->out;
    const struct tree_node *root = drawing->of->tree->nodes;
    drawing->lowest = row > drawing->lowest ? row : drawing->lowest;
    if (drawing->measures) {
        return;
    }
    const char *name = node == root ? drawing->of->title : view_frame_name(&node->frame, buffer);
    size_t y = HEAD + row * ROW;
    fputs("<g><title>", out);
    xml_put(name, strlen(name), out);
    fputs(": ", out);
    put_value(node->total, drawing->of->unit, out);
    fprintf(out, ", %.2f %%</title><rect x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"%d\" fill=\"",
            100.0 * (double)node->total / (double)root->total, x, y, width, ROW - 1);
    if (node == root) {
        fputs("#ddd", out);
    } else {
        put_colour(&node->frame, out);
    }
    fprintf(out, "\"/><text x=\"%.2f\" y=\"%zu\">", x + 3, y + ROW - 5);
    put_label(name, width - 6, out);
    fputs("</text></g>\n", out);
}

// Where the children of a node begin, by depth: the path from the root.
struct place {
    double next;
};

// Children of one node begin at its left edge. False: no memory, or too large.
static bool walk(struct drawing *drawing, struct place *places, size_t depth_most) {
    const struct tree_node *nodes = drawing->of->tree->nodes;
    size_t row = 0;
    uint32_t node = 0;
    places[0].next = MARGIN;
    for (;;) {
        double x = places[row].next, width = (double)nodes[node].total * drawing->scale;
        bool drawn = nodes[node].total > 0 && width >= narrowest;
        if (drawn) {
            draw(drawing, &nodes[node], x, row);
            places[row].next = x + width;
        }
        if (ftello(drawing->out) > (off_t)JSON_MAX_BYTES) {
            return false;
        }
        if (drawn && nodes[node].first_child != 0 && row + 1 < depth_most) {
            places[++row].next = x;
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

static void put_head(const struct export_tree *of, size_t rows, FILE *out) {
    size_t height = HEAD + rows * ROW + MARGIN;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" viewBox=\"0 "
            "0 %d %zu\" "
            "font-family=\"Verdana,sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"%d\" "
            "y=\"24\" "
            "font-size=\"15\">",
            WIDTH, height, WIDTH, height, MARGIN);
    xml_put(of->title, strlen(of->title), out);
    fputs(": ", out);
    xml_put(of->type, strlen(of->type), out);
    fputs(", ", out);
    put_value(of->tree->nodes[0].total, of->unit, out);
    fputs("</text>\n", out);
}

bool export_svg(const struct export_tree *of, FILE *out) {
    size_t *depths = malloc(of->tree->count * sizeof *depths);
    size_t most = depths ? depth_of(of->tree, depths) : 0;
    struct place *places = depths ? calloc(most + 1, sizeof *places) : NULL;
    double total = (double)of->tree->nodes[0].total;
    struct drawing drawing = {.of = of, .out = out, .scale = total > 0 ? (WIDTH - 2 * MARGIN) / total : 0, .measures = true};
    bool ok = places && walk(&drawing, places, most);
    if (ok) {
        put_head(of, drawing.lowest + 1, out);
        drawing.measures = false;
        ok = walk(&drawing, places, most);
        fputs("</svg>\n", out);
    }
    free(places);
    free(depths);
    return ok;
}
