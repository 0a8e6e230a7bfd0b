// report_peek.c: callers and callees of functions (reports.h).
//
// An edge sums the samples that contain the call, each once. A call of a function by itself is no edge, as in google/pprof.
#include "reports.h"
#include "../../base/saturated.h"
#include "../../base/vector.h"
#include "report_json.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_EDGES = 4 << 20 };

struct edge {
    uint32_t caller, callee;
    int64_t value;
    uint64_t mark; // the last sample counted
};
struct node {
    int64_t flat, cum;
    uint64_t mark;
};
struct graph {
    struct frame_table table;
    struct edge *edges;
    struct node *nodes; // by id of the frame table
    size_t edge_count, edge_capacity, node_capacity;
    struct intern edge_ids; // index + 1
    uint64_t mark;
    int type; // index of the sample type
    int64_t all;
};

// ---- Adding up ----

static bool same_edge(const void *context, uint32_t id, const void *thing) {
    const struct edge *have = &((const struct graph *)context)->edges[id - 1], *want = thing;
    return have->caller == want->caller && have->callee == want->callee;
}

static enum merge_error add_edge(struct graph *graph, uint32_t caller, uint32_t callee, int64_t value) {
    struct edge wanted = {.caller = caller, .callee = callee};
    uint32_t hash = intern_hash_end(intern_hash_word(0, (uint64_t)caller << 32 | callee));
    uint32_t id = intern_find(&graph->edge_ids, hash, same_edge, graph, &wanted);
    if (id == 0) {
        if (graph->edge_count == MAX_EDGES) {
            return MERGE_TOO_LARGE;
        }
        if (!VECTOR_RESERVE(graph->edges, graph->edge_capacity, graph->edge_count + 1)) {
            return MERGE_NO_MEMORY;
        }
        graph->edges[graph->edge_count] = wanted;
        id = (uint32_t)++graph->edge_count;
        if (!intern_add(&graph->edge_ids, hash, id)) {
            return MERGE_NO_MEMORY;
        }
    }
    struct edge *edge = &graph->edges[id - 1];
    if (edge->mark != graph->mark) {
        edge->mark = graph->mark;
        edge->value = saturated_sum(edge->value, value);
    }
    return MERGE_OK;
}

static bool reserve_nodes(struct graph *graph) {
    size_t before = graph->node_capacity;
    if (!VECTOR_RESERVE(graph->nodes, graph->node_capacity, graph->table.group_count)) {
        return false;
    }
    if (graph->node_capacity > before) {
        memset(graph->nodes + before, 0, (graph->node_capacity - before) * sizeof *graph->nodes);
    }
    return true;
}

static enum merge_error add_frames(struct graph *graph, const struct sample_frames *frames, int64_t value) {
    enum merge_error error = MERGE_OK;
    const uint32_t *ids = frames->ids;
    if (!reserve_nodes(graph)) {
        return MERGE_NO_MEMORY;
    }
    graph->mark++;
    for (size_t i = 0; i < frames->count && error == MERGE_OK; i++) {
        struct node *node = &graph->nodes[ids[i]];
        node->flat = i == 0 ? saturated_sum(node->flat, value) : node->flat;
        node->cum = node->mark != graph->mark ? saturated_sum(node->cum, value) : node->cum;
        node->mark = graph->mark;
        error = i > 0 && ids[i] != ids[i - 1] ? add_edge(graph, ids[i], ids[i - 1], value) : MERGE_OK;
    }
    return error;
}

// Samples that the filter drops still count in the total.
static enum merge_error add_sample(void *context, const struct profile_sample_view *sample, const struct sample_frames *frames) {
    struct graph *graph = context;
    int64_t value = sample->values[graph->type];
    graph->all = saturated_sum(graph->all, value);
    return frames ? add_frames(graph, frames, value) : MERGE_OK;
}

// ---- Printing ----

static void put_name(const struct graph *graph, uint32_t id, FILE *out) {
    report_put_frame(frame_table_frame(&graph->table, id), graph->table.by, out);
    fputc('\n', out);
}

// Edges sorted by one end, then by value, largest first.
struct edge_index {
    const struct edge **edges;
    size_t count;
    bool by_callee;
};

static uint32_t end_of(const struct edge_index *index, const struct edge *edge) {
    return index->by_callee ? edge->callee : edge->caller;
}

static int compare_edges(const void *left, const void *right, void *context) {
    const struct edge *a = *(const struct edge *const *)left, *b = *(const struct edge *const *)right;
    const struct edge_index *index = context;
    uint32_t first_end = end_of(index, a), second_end = end_of(index, b);
    uint64_t first = text_magnitude(a->value), second = text_magnitude(b->value);
    return first_end != second_end ? (first_end < second_end ? -1 : 1) : first != second ? (first > second ? -1 : 1) : a < b ? -1 : a > b;
}

static bool make_index(const struct graph *graph, struct edge_index *index) {
    index->edges = malloc((graph->edge_count + 1) * sizeof *index->edges);
    index->count = index->edges ? graph->edge_count : 0;
    for (size_t i = 0; i < index->count; i++) {
        index->edges[i] = &graph->edges[i];
    }
    if (index->count > 0) {
        qsort_r(index->edges, index->count, sizeof *index->edges, compare_edges, index);
    }
    return index->edges;
}

static size_t first_edge(const struct edge_index *index, uint32_t id) {
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(index, index->edges[middle]) < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void print_edges(const struct graph *graph, const struct edge_index *index, uint32_t id, const struct report_options *options,
                        FILE *out) {
    char value[TEXT_VALUE_BYTES];
    for (size_t i = first_edge(index, id); i < index->count && end_of(index, index->edges[i]) == id; i++) {
        const struct edge *edge = index->edges[i];
        fprintf(out, "%10s %7s %10s %7s %10s %6.1f%% |   ", "", "", "", "", report_value(options, edge->value, value),
                report_share(edge->value, graph->nodes[id].cum));
        put_name(graph, index->by_callee ? edge->caller : edge->callee, out);
    }
}

static void print_node(const struct graph *graph, const struct edge_index *callers, const struct edge_index *callees, uint32_t id,
                       const struct report_options *options, FILE *out) {
    const struct node *node = &graph->nodes[id];
    char flat[TEXT_VALUE_BYTES], total[TEXT_VALUE_BYTES];
    fputs("----------\n", out);
    print_edges(graph, callers, id, options, out);
    fprintf(out, "%10s %6.1f%% %10s %6.1f%% %10s %7s | ", report_value(options, node->flat, flat), report_share(node->flat, graph->all),
            report_value(options, node->cum, total), report_share(node->cum, graph->all), "", "");
    put_name(graph, id, out);
    print_edges(graph, callees, id, options, out);
}

static void write_edges(const struct graph *graph, const struct edge_index *index, uint32_t id, struct json *json) {
    json_key(json, index->by_callee ? "callers" : "callees");
    json_array_begin(json);
    for (size_t i = first_edge(index, id); i < index->count && end_of(index, index->edges[i]) == id; i++) {
        const struct edge *edge = index->edges[i];
        json_object_begin(json);
        json_member_number(json, "value", edge->value);
        report_json_frame(frame_table_frame(&graph->table, index->by_callee ? edge->caller : edge->callee), graph->table.by, json);
        json_object_end(json);
    }
    json_array_end(json);
}

static enum merge_error put_json(const struct graph *graph, const struct edge_index *callers, const struct edge_index *callees,
                                 const uint32_t *chosen, size_t count, const struct report_options *options, FILE *out) {
    struct json json = {0};
    size_t shown = count < options->top->lines ? count : options->top->lines;
    report_json_begin(options, graph->all, &json);
    json_key(&json, "functions");
    json_array_begin(&json);
    for (size_t i = 0; i < shown; i++) {
        json_object_begin(&json);
        report_json_frame(frame_table_frame(&graph->table, chosen[i]), graph->table.by, &json);
        json_member_number(&json, "value", graph->nodes[chosen[i]].flat);
        json_member_number(&json, "total", graph->nodes[chosen[i]].cum);
        write_edges(graph, callers, chosen[i], &json);
        write_edges(graph, callees, chosen[i], &json);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_member_number(&json, "functions_left_out", (int64_t)(count - shown));
    json_object_end(&json);
    return report_json_put(&json, out);
}

struct order {
    const struct graph *graph;
    bool by_cum;
};

static int compare_nodes(const void *left, const void *right, void *context) {
    const struct order *order = context;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const struct node *first = &order->graph->nodes[a], *second = &order->graph->nodes[b];
    uint64_t x = text_magnitude(order->by_cum ? first->cum : first->flat), y = text_magnitude(order->by_cum ? second->cum : second->flat);
    return x != y ? (x > y ? -1 : 1) : a < b ? -1 : a > b;
}

static enum merge_error print(const struct graph *graph, const struct report_options *options, FILE *out) {
    size_t nodes = graph->table.group_count, count = 0;
    uint32_t *chosen = malloc((nodes + 1) * sizeof *chosen);
    struct edge_index callers = {.by_callee = true}, callees = {0};
    struct order order = {graph, options->top->by_cum};
    enum merge_error error = chosen && make_index(graph, &callers) && make_index(graph, &callees) ? MERGE_OK : MERGE_NO_MEMORY;
    for (uint32_t id = 0; error == MERGE_OK && id < nodes && id < graph->node_capacity; id++) {
        if (graph->nodes[id].mark != 0 && report_names(options, frame_table_frame(&graph->table, id))) {
            chosen[count++] = id;
        }
    }
    if (count > 0) {
        qsort_r(chosen, count, sizeof *chosen, compare_nodes, &order);
    }
    if (error == MERGE_OK && options->top->json) {
        error = put_json(graph, &callers, &callees, chosen, count, options, out);
    } else if (count > 0) {
        fprintf(out, "%10s %7s %10s %7s %10s %7s   %s, below its callers, above its callees\n", "value", "share", "total", "share", "calls",
                "share", frame_by_name(options->top->by));
    }
    for (size_t i = 0; i < count && i < options->top->lines && !options->top->json; i++) {
        print_node(graph, &callers, &callees, chosen[i], options, out);
    }
    if (count > options->top->lines && !options->top->json) {
        fprintf(out, "----------\n%10s  and %zu more\n", "", count - options->top->lines);
    }
    free(chosen);
    free(callers.edges);
    free(callees.edges);
    return error == MERGE_OK && count == 0 && !options->top->json ? MERGE_NOT_FOUND : error;
}

enum merge_error report_peek(struct profile *profile, const struct report_options *options, FILE *out) {
    struct graph graph = {.table = {.by = options->top->by, .filter = options->top->filter}, .type = options->type};
    enum merge_error error = report_samples(profile, options, false, &graph.table, add_sample, &graph);
    error = error == MERGE_OK ? print(&graph, options, out) : error;
    frame_table_free(&graph.table);
    free(graph.edges);
    free(graph.nodes);
    intern_free(&graph.edge_ids);
    return error;
}
