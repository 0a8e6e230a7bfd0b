// memory_report.c: table and JSON (memory_report.h).
#include "memory_report.h"
#include "../../receiver/base/json.h"
#include "../base/text.h"

#include <inttypes.h>
#include <string.h>

static const char *const titles[RESIDENT_PART_COUNT] = {
    [RESIDENT_PROGRAM] = "program",
    [RESIDENT_LIBRARIES] = "libraries",
    [RESIDENT_FILES] = "mapped files",
    [RESIDENT_SHARED] = "shared memory",
    [RESIDENT_MALLOC] = "C heap (glibc's malloc)",
    [RESIDENT_GO_HEAP] = "Go heap, with goroutine stacks",
    [RESIDENT_STACKS] = "thread stacks",
    [RESIDENT_UNEXPLAINED] = "unexplained: anonymous memory of an unknown owner",
};

static const char *bytes(uint64_t value, char text[TEXT_VALUE_BYTES]) {
    return text_value(value <= INT64_MAX ? (int64_t)value : INT64_MAX, "bytes", text);
}

static double percent(uint64_t of, uint64_t whole) {
    return whole != 0 ? 100.0 * (double)of / (double)whole : 0;
}

// Sorts the parts by size, largest first.
static void sort_parts(const struct resident *resident, enum resident_part parts[RESIDENT_PART_COUNT]) {
    for (int i = 0; i < RESIDENT_PART_COUNT; i++) {
        int at = i;
        for (; at > 0 && resident->parts[parts[at - 1]] < resident->parts[i]; at--) {
            parts[at] = parts[at - 1];
        }
        parts[at] = (enum resident_part)i;
    }
}

static void print_extras(const struct resident_entry *entry, FILE *out) {
    char text[TEXT_VALUE_BYTES];
    if (entry->swap != 0) {
        fprintf(out, ", %s swapped out", bytes(entry->swap, text));
    }
    if (entry->lazy_free != 0) {
        fprintf(out, ", %s of it free for the kernel to take", bytes(entry->lazy_free, text));
    }
    if (entry->huge != 0) {
        fprintf(out, ", %s of it in huge pages", bytes(entry->huge, text));
    }
}

static void print_entries(const struct memory_report *report, enum resident_part part, FILE *out) {
    const struct resident *resident = report->resident;
    size_t shown = 0, left = 0;
    uint64_t left_bytes = 0;
    char text[TEXT_VALUE_BYTES], mapped[TEXT_VALUE_BYTES];
    for (size_t i = 0; i < resident->entry_count; i++) {
        const struct resident_entry *entry = &resident->entries[i];
        if (entry->part != part || entry->rss + entry->swap == 0) {
            continue;
        }
        if (shown == report->names) {
            left++;
            left_bytes += entry->rss;
            continue;
        }
        shown++;
        fprintf(out, "%14s          ", bytes(entry->rss, text));
        text_put(*entry->name != '\0' ? entry->name : "anonymous", out);
        fprintf(out, " (%" PRIu32 " area%s, %s mapped", entry->pieces, entry->pieces == 1 ? "" : "s", bytes(entry->mapped, mapped));
        print_extras(entry, out);
        fputs(")\n", out);
    }
    if (left != 0) {
        fprintf(out, "%14s          %zu more\n", bytes(left_bytes, text), left);
    }
}

// What the kernel does not say is unknown, not 0.
static const char *amount(uint64_t value, char text[TEXT_VALUE_BYTES]) {
    return value == CGROUP_MEMORY_UNKNOWN ? "unknown" : bytes(value, text);
}

static void print_cgroup(const struct cgroup_memory *cgroup, FILE *out) {
    char a[TEXT_VALUE_BYTES], b[TEXT_VALUE_BYTES];
    fprintf(out, "\ncgroup (version %u): %s used of ", cgroup->version, bytes(cgroup->used, a));
    if (cgroup->limit == CGROUP_MEMORY_UNKNOWN) {
        fputs("no limit", out);
    } else {
        fprintf(out, "%s (%.1f %%)", bytes(cgroup->limit, a), percent(cgroup->used, cgroup->limit));
    }
    fprintf(out, "; anonymous %s, files %s", amount(cgroup->anonymous, a), amount(cgroup->file, b));
    fprintf(out, " (of it shared memory %s, not used lately %s)", amount(cgroup->shared, a), amount(cgroup->inactive_file, b));
    fprintf(out, ", kernel %s; killed by the limit: ", amount(cgroup->kernel, a));
    fprintf(out, cgroup->oom_kills == CGROUP_MEMORY_UNKNOWN ? "unknown\n" : "%" PRIu64 "\n", cgroup->oom_kills);
}

// Prints what could not be determined, and why.
static void print_gaps(const struct resident *resident, FILE *out) {
    if (!resident->reads_bytes) {
        fputs("note: the process's memory cannot be read (ptrace access is needed), so the heaps of C and Go count as unexplained\n", out);
    }
    if (!resident->reads_pages) {
        fputs("note: pages cannot be counted, so areas with several owners are shared out by length\n", out);
    }
    if (resident->go.is_go && !resident->knows_go_heap) {
        fputs("note: the program has no symbol runtime.mheap_, so Go's heap is known by its addresses only\n", out);
    }
    if (resident->go.is_go) {
        fputs("note: what Go's runtime keeps beside its heap is part of unexplained\n", out);
    }
    if (resident->reads_bytes && !resident->looked_everywhere) {
        fputs("note: there is so much memory of an unknown owner that not all of it was searched for malloc's large blocks\n", out);
    }
    if (resident->lost_threads != 0) {
        fprintf(out, "note: the stacks of %zu of %zu threads were not found; they count as unexplained\n", resident->lost_threads,
                resident->threads);
    }
    if (resident->ran_short) {
        fputs("note: there was not enough memory to look at all areas\n", out);
    }
}

void memory_report_table(const struct memory_report *report, FILE *out) {
    const struct resident *resident = report->resident;
    enum resident_part parts[RESIDENT_PART_COUNT];
    char text[TEXT_VALUE_BYTES];
    sort_parts(resident, parts);
    text_put(report->program, out);
    fprintf(out, " (PID %d): %s resident", (int)resident->pid, bytes(resident->rss, text));
    if (report->peak != 0) {
        fprintf(out, ", at most %s so far", bytes(report->peak, text));
    }
    if (resident->swap != 0) {
        fprintf(out, ", %s swapped out", bytes(resident->swap, text));
    }
    if (resident->hugetlb != 0) {
        fprintf(out, ", and %s in hugetlb pages, which are not counted as resident", bytes(resident->hugetlb, text));
    }
    fprintf(out, "; %zu areas, %zu thread%s\n", resident->area_count, resident->threads, resident->threads == 1 ? "" : "s");
    for (size_t i = 0; report->context && i < report->context->count; i++) {
        fputs(i == 0 ? "" : ", ", out);
        text_put(report->context->list[i].key, out);
        fputs("=", out);
        text_put(report->context->list[i].value, out);
    }
    fputs(report->context ? "\n\n" : "\n", out);
    for (size_t i = 0; i < RESIDENT_PART_COUNT; i++) {
        uint64_t part = resident->parts[parts[i]];
        if (part != 0 || parts[i] == RESIDENT_UNEXPLAINED) {
            fprintf(out, "%14s  %5.1f %%  %s\n", bytes(part, text), percent(part, resident->rss), titles[parts[i]]);
            print_entries(report, parts[i], out);
        }
    }
    if (report->cgroup) {
        print_cgroup(report->cgroup, out);
    }
    print_gaps(resident, out);
}

// ---- JSON ----

static void put_bytes(struct json *json, const char *key, uint64_t value) {
    json_key(json, key);
    json_number(json, value <= INT64_MAX ? (int64_t)value : INT64_MAX);
}

static void put_bool(struct json *json, const char *key, bool value) {
    json_key(json, key);
    json_bool(json, value);
}

static void put_entries(const struct resident *resident, enum resident_part part, struct json *json) {
    json_key(json, "entries");
    json_array_begin(json);
    for (size_t i = 0; i < resident->entry_count; i++) {
        const struct resident_entry *entry = &resident->entries[i];
        if (entry->part == part) {
            json_object_begin(json);
            json_key(json, "name");
            json_text(json, entry->name);
            put_bytes(json, "areas", entry->pieces);
            put_bytes(json, "rss_bytes", entry->rss);
            put_bytes(json, "mapped_bytes", entry->mapped);
            put_bytes(json, "swap_bytes", entry->swap);
            put_bytes(json, "lazy_free_bytes", entry->lazy_free);
            put_bytes(json, "huge_bytes", entry->huge);
            json_object_end(json);
        }
    }
    json_array_end(json);
}

static void put_parts(const struct resident *resident, struct json *json) {
    enum resident_part parts[RESIDENT_PART_COUNT];
    sort_parts(resident, parts);
    json_key(json, "parts");
    json_array_begin(json);
    for (size_t i = 0; i < RESIDENT_PART_COUNT; i++) {
        if (parts[i] == RESIDENT_MAPPED || parts[i] == RESIDENT_GO_OTHER || parts[i] == RESIDENT_PROFILER) {
            continue; // only the process itself knows
        }
        json_object_begin(json);
        json_key(json, "part");
        json_text(json, resident_part_key(parts[i]));
        put_bytes(json, "rss_bytes", resident->parts[parts[i]]);
        put_entries(resident, parts[i], json);
        json_object_end(json);
    }
    json_array_end(json);
}

// null: unknown.
static void put_figure(struct json *json, const char *key, uint64_t value) {
    if (value == CGROUP_MEMORY_UNKNOWN) {
        json_key(json, key);
        json_text(json, NULL);
    } else {
        put_bytes(json, key, value);
    }
}

static void put_cgroup(const struct cgroup_memory *cgroup, struct json *json) {
    json_key(json, "cgroup");
    json_object_begin(json);
    put_bytes(json, "version", cgroup->version);
    put_bytes(json, "used_bytes", cgroup->used);
    put_figure(json, "limit_bytes", cgroup->limit); // null: there is none
    put_figure(json, "anonymous_bytes", cgroup->anonymous);
    put_figure(json, "file_bytes", cgroup->file);
    put_figure(json, "shared_bytes", cgroup->shared);
    put_figure(json, "kernel_bytes", cgroup->kernel);
    put_figure(json, "inactive_file_bytes", cgroup->inactive_file);
    put_figure(json, "high_events", cgroup->high_events);
    put_figure(json, "max_events", cgroup->max_events);
    put_figure(json, "oom_kills", cgroup->oom_kills);
    json_object_end(json);
}

bool memory_report_json(const struct memory_report *report, FILE *out) {
    const struct resident *resident = report->resident;
    struct json json = {0};
    json_object_begin(&json);
    put_bytes(&json, "pid", (uint64_t)resident->pid);
    json_key(&json, "program");
    json_text(&json, report->program);
    if (report->context) {
        json_key(&json, "context");
        json_object_begin(&json);
        for (size_t i = 0; i < report->context->count; i++) {
            json_key(&json, report->context->list[i].key);
            json_text(&json, report->context->list[i].value);
        }
        json_object_end(&json);
    }
    put_bytes(&json, "rss_bytes", resident->rss);
    put_bytes(&json, "peak_rss_bytes", report->peak);
    put_bytes(&json, "swap_bytes", resident->swap);
    put_bytes(&json, "hugetlb_bytes", resident->hugetlb);
    put_bytes(&json, "unexplained_bytes", resident->parts[RESIDENT_UNEXPLAINED]);
    put_bytes(&json, "areas", resident->area_count);
    put_bytes(&json, "threads", resident->threads);
    put_parts(resident, &json);
    if (report->cgroup) {
        put_cgroup(report->cgroup, &json);
    }
    put_bool(&json, "reads_memory", resident->reads_bytes);
    put_bool(&json, "reads_pages", resident->reads_pages);
    put_bool(&json, "go", resident->go.is_go);
    put_bool(&json, "go_heap_by_list", resident->knows_go_heap);
    put_bytes(&json, "lost_threads", resident->lost_threads);
    put_bool(&json, "complete", !resident->ran_short && resident->looked_everywhere);
    json_object_end(&json);
    bool ok = !json_failed(&json);
    if (ok) {
        fwrite(json.bytes, 1, json.size, out);
        fputc('\n', out);
    }
    json_free(&json);
    return ok;
}
