// export_text.c: folded stacks, and functions as CSV (export.h).
#include "../../base/vector.h"
#include "../../base/saturated.h"
#include "export.h"
#include "function_table.h"
#include "view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// ---- Folded stacks ----

// Semicolons part frames, and lines samples.
static void put_frame(const struct profile_frame *frame, FILE *out) {
    char buffer[VIEW_NAME_BYTES];
    for (const char *at = view_frame_name(frame, buffer); *at; at++) {
        fputc(*at == ';' ? ':' : (unsigned char)*at < 0x20 ? ' ' : *at, out);
    }
}

struct path {
    uint32_t *nodes; // from the root, without it
    size_t depth, capacity;
};

static bool find_path(const struct tree *tree, uint32_t node, struct path *path) {
    size_t depth = 0;
    for (uint32_t at = node; at != 0; at = tree->nodes[at].parent) {
        depth++;
    }
    if (!VECTOR_RESERVE(path->nodes, path->capacity, depth + 1)) {
        return false;
    }
    path->depth = depth;
    for (uint32_t at = node; at != 0; at = tree->nodes[at].parent) {
        path->nodes[--depth] = at;
    }
    return true;
}

bool export_folded(const struct export_tree *of, FILE *out) {
    struct path path = {0};
    bool ok = true;
    for (uint32_t node = 1; ok && node < of->tree->count; node++) {
        if (of->tree->nodes[node].self == 0) {
            continue;
        }
        ok = find_path(of->tree, node, &path) && ftello(out) < (off_t)JSON_MAX_BYTES;
        for (size_t i = 0; ok && i < path.depth; i++) {
            fputs(i > 0 ? ";" : "", out);
            put_frame(&of->tree->nodes[path.nodes[i]].frame, out);
        }
        fprintf(out, " %" PRId64 "\n", of->tree->nodes[node].self);
    }
    free(path.nodes);
    return ok;
}

// ---- Functions ----

struct function_sum {
    uint32_t node; // one of the function
    uint32_t open; // how many of its nodes are callers of the node at hand
    int64_t self, total;
};
struct sums {
    struct function_table functions;
    uint32_t *function_of; // by node
    struct function_sum *of;
};

static bool start(struct sums *sums, const struct tree *tree) {
    sums->function_of = malloc(tree->count * sizeof *sums->function_of);
    if (!function_table_start(&sums->functions, tree, tree->count) || !sums->function_of) {
        return false;
    }
    for (uint32_t node = 1; node < tree->count; node++) {
        sums->function_of[node] = function_table_number(&sums->functions, node, sums->function_of);
    }
    sums->of = calloc(sums->functions.count + 1, sizeof *sums->of);
    return sums->of;
}

static void enter(struct sums *sums, const struct tree *tree, uint32_t node) {
    struct function_sum *sum = &sums->of[sums->function_of[node]];
    sum->node = node;
    sum->self = saturated_sum(sum->self, tree->nodes[node].self);
    sum->total =
        sum->open++ == 0 ? saturated_sum(sum->total, tree->nodes[node].total) : sum->total; // once for a function that calls itself
}

static void add_up(struct sums *sums, const struct tree *tree) {
    uint32_t node = tree->nodes[0].first_child;
    while (node != 0) {
        enter(sums, tree, node);
        if (tree->nodes[node].first_child != 0) {
            node = tree->nodes[node].first_child;
            continue;
        }
        while (node != 0 && tree->nodes[node].next_sibling == 0) {
            sums->of[sums->function_of[node]].open--;
            node = tree->nodes[node].parent;
        }
        if (node != 0) {
            sums->of[sums->function_of[node]].open--;
            node = tree->nodes[node].next_sibling;
        }
    }
}

static int by_self(const void *a, const void *b) {
    const struct function_sum *left = a, *right = b;
    return left->self != right->self     ? (left->self < right->self ? 1 : -1)
           : left->total != right->total ? (left->total < right->total ? 1 : -1)
           : left->node < right->node    ? -1
                                         : left->node > right->node;
}

// As RFC 4180 has it.
static void put_cell(const char *text, FILE *out) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        fputs(*text == '"' ? "\"" : "", out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_row(const struct tree *tree, const struct function_sum *sum, FILE *out) {
    char buffer[VIEW_NAME_BYTES];
    const struct profile_frame *frame = &tree->nodes[sum->node].frame;
    put_cell(view_frame_name(frame, buffer), out);
    fputc(',', out);
    put_cell(*frame->file ? frame->file : frame->mapping_file, out);
    fprintf(out, ",%" PRId64 ",%" PRId64 "\r\n", sum->self, sum->total);
}

bool export_csv(const struct export_tree *of, FILE *out) {
    struct sums sums = {0};
    char head[400];
    bool ok = start(&sums, of->tree);
    if (ok) {
        add_up(&sums, of->tree);
        qsort(sums.of, sums.functions.count, sizeof *sums.of, by_self);
        fputs("function,file,", out);
        snprintf(head, sizeof head, "%s (%s)", of->type, of->unit);
        put_cell(head, out);
        fputc(',', out);
        snprintf(head, sizeof head, "%s with callees (%s)", of->type, of->unit);
        put_cell(head, out);
        fputs("\r\n", out);
    }
    for (size_t i = 0; ok && i < sums.functions.count; i++) {
        put_row(of->tree, &sums.of[i], out);
        ok = ftello(out) < (off_t)JSON_MAX_BYTES;
    }
    function_table_free(&sums.functions);
    free(sums.function_of);
    free(sums.of);
    return ok;
}
