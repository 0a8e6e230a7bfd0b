// memory_report.c: see memory_report.h.
#include "memory_report.h"
#include "text.h"

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

// The parts by size.
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

static void print_cgroup(const struct cgroup_memory *cgroup, FILE *out) {
    char a[TEXT_VALUE_BYTES], b[TEXT_VALUE_BYTES];
    fprintf(out, "\ncgroup (version %u): %s used of ", cgroup->version, bytes(cgroup->used, a));
    if (cgroup->limit == UINT64_MAX) {
        fputs("no limit", out);
    } else {
        fprintf(out, "%s (%.1f %%)", bytes(cgroup->limit, a), percent(cgroup->used, cgroup->limit));
    }
    fprintf(out, "; anonymous %s, files %s", bytes(cgroup->anonymous, a), bytes(cgroup->file, b));
    fprintf(out, " (of it shared memory %s, not used lately %s)", bytes(cgroup->shared, a), bytes(cgroup->inactive_file, b));
    fprintf(out, ", kernel %s; killed by the limit: %" PRIu64 "\n", bytes(cgroup->kernel, a), cgroup->oom_kills);
}

// What the table does not know, and why.
static void print_gaps(const struct resident *resident, FILE *out) {
    if (!resident->reads_bytes) {
        fputs("note: the process's memory cannot be read (ptrace access is needed), so the heaps of C and Go count as unexplained\n", out);
    }
    if (!resident->reads_pages) {
        fputs("note: pages cannot be counted, so areas with several owners are shared out by length\n", out);
    }
    if (resident->is_go && !resident->knows_go_heap) {
        fputs("note: the program has no symbol runtime.mheap_, so Go's heap is known by its addresses only\n", out);
    }
    if (resident->is_go) {
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
    fprintf(out, "; %zu areas, %zu thread%s\n\n", resident->area_count, resident->threads, resident->threads == 1 ? "" : "s");
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

static void put_string(const char *text, FILE *out) {
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            fprintf(out, "\\%c", *at);
        } else if (*at < 0x20) {
            fprintf(out, "\\u%04x", *at);
        } else {
            fputc(*at, out);
        }
    }
    fputc('"', out);
}

static void put_entries(const struct resident *resident, enum resident_part part, FILE *out) {
    const char *comma = "";
    for (size_t i = 0; i < resident->entry_count; i++) {
        const struct resident_entry *entry = &resident->entries[i];
        if (entry->part == part) {
            fprintf(out, "%s{\"name\":", comma);
            put_string(entry->name, out);
            fprintf(out,
                    ",\"areas\":%" PRIu32 ",\"rss_bytes\":%" PRIu64 ",\"mapped_bytes\":%" PRIu64 ",\"swap_bytes\":%" PRIu64
                    ",\"lazy_free_bytes\":%" PRIu64 ",\"huge_bytes\":%" PRIu64 "}",
                    entry->pieces, entry->rss, entry->mapped, entry->swap, entry->lazy_free, entry->huge);
            comma = ",";
        }
    }
}

static void put_cgroup(const struct cgroup_memory *cgroup, FILE *out) {
    fprintf(out, ",\"cgroup\":{\"version\":%u,\"used_bytes\":%" PRIu64 ",\"limit_bytes\":", cgroup->version, cgroup->used);
    if (cgroup->limit == UINT64_MAX) {
        fputs("null", out);
    } else {
        fprintf(out, "%" PRIu64, cgroup->limit);
    }
    fprintf(out,
            ",\"anonymous_bytes\":%" PRIu64 ",\"file_bytes\":%" PRIu64 ",\"shared_bytes\":%" PRIu64 ",\"kernel_bytes\":%" PRIu64
            ",\"inactive_file_bytes\":%" PRIu64 ",\"high_events\":%" PRIu64 ",\"max_events\":%" PRIu64 ",\"oom_kills\":%" PRIu64 "}",
            cgroup->anonymous, cgroup->file, cgroup->shared, cgroup->kernel, cgroup->inactive_file, cgroup->high_events, cgroup->max_events,
            cgroup->oom_kills);
}

static const char *truth(bool value) {
    return value ? "true" : "false";
}

void memory_report_json(const struct memory_report *report, FILE *out) {
    const struct resident *resident = report->resident;
    fprintf(out, "{\"pid\":%d,\"program\":", (int)resident->pid);
    put_string(report->program, out);
    fprintf(out,
            ",\"rss_bytes\":%" PRIu64 ",\"peak_rss_bytes\":%" PRIu64 ",\"swap_bytes\":%" PRIu64 ",\"hugetlb_bytes\":%" PRIu64
            ",\"unexplained_bytes\":%" PRIu64 ",\"areas\":%zu,\"threads\":%zu,\"parts\":[",
            resident->rss, report->peak, resident->swap, resident->hugetlb, resident->parts[RESIDENT_UNEXPLAINED], resident->area_count,
            resident->threads);
    enum resident_part parts[RESIDENT_PART_COUNT];
    sort_parts(resident, parts);
    for (size_t i = 0; i < RESIDENT_PART_COUNT; i++) {
        fprintf(out, "%s{\"part\":\"%s\",\"rss_bytes\":%" PRIu64 ",\"entries\":[", i == 0 ? "" : ",", resident_part_key(parts[i]),
                resident->parts[parts[i]]);
        put_entries(resident, parts[i], out);
        fputs("]}", out);
    }
    fputs("]", out);
    if (report->cgroup) {
        put_cgroup(report->cgroup, out);
    }
    fprintf(out, ",\"reads_memory\":%s,\"reads_pages\":%s,\"go\":%s,\"go_heap_by_list\":%s,\"lost_threads\":%zu,\"complete\":%s}\n",
            truth(resident->reads_bytes), truth(resident->reads_pages), truth(resident->is_go), truth(resident->knows_go_heap),
            resident->lost_threads, truth(!resident->ran_short && resident->looked_everywhere));
}
