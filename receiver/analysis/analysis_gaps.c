// analysis_gaps.c: what was examined and what was not (analysis_gaps.h).
#include "analysis_gaps.h"
#include "analysis_stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sums {
    size_t uploads, told, pending;                   // told: with a measure
    size_t profiles;                                 // files read
    size_t silent, young, many_stacks;               // processes
    size_t no_memory, no_c, no_goroutines, no_locks; // processes of which other data is known
    size_t seldom;                                   // examined processes most of whose uploads lack the memory total
    struct file_kinds *files;
};

// Only Go has goroutines; of what has no language nothing is known.
static bool may_have_goroutines(const struct gaps *gaps, const struct process *process) {
    const char *language = overview_text(gaps->overview, process->uploads->language);
    return !*language || strcmp(language, "go") == 0;
}

static bool add_up(const struct gaps *gaps, struct sums *sums) {
    *sums = (struct sums){.files = calloc(1, sizeof *sums->files)};
    for (size_t i = 0; i < gaps->count; i++) {
        const struct process *process = &gaps->processes[i];
        sums->uploads += process->count;
        sums->told += process->told;
        sums->pending += process->pending;
        sums->silent += process->told + process->pending < process->count;
        sums->young += process->memory > 0 && process->memory < TREND_MIN_POINTS;
        sums->no_memory += process->told > 0 && process->memory == 0;
        sums->seldom += i >= gaps->looked_count && process->memory > 0 && 2 * process->memory < process->told;
        sums->no_c += process->memory > 0 && process->c_memory == 0;
        sums->no_goroutines += process->told > 0 && process->goroutines == 0 && may_have_goroutines(gaps, process);
        sums->no_locks += process->told > 0 && process->locks == 0;
    }
    for (size_t i = 0; sums->files && i < gaps->looked_count; i++) {
        files_join(sums->files, &gaps->looked[i].files.all);
        sums->many_stacks += gaps->looked[i].stacks_left_out;
    }
    for (size_t i = 0; sums->files && i < sums->files->count; i++) {
        sums->profiles += sums->files->kinds[i].read;
    }
    return sums->files;
}

static const char *plural(size_t count, const char *one, const char *many) {
    return count == 1 ? one : many;
}

// ---- What was not examined, in words ----

enum { TEXT_BYTES = 600 };

static void say_never_profiled(const char *what, size_t processes, struct json *json) {
    char text[TEXT_BYTES];
    if (processes > 0) {
        snprintf(text, sizeof text, "%s of %zu %s: not profiled", what, processes, plural(processes, "process", "processes"));
        json_text(json, text);
    }
}

static void say_changes(const struct compared_gaps *compared, struct json *json) {
    char text[TEXT_BYTES];
    if (compared->by_measures > 0) {
        snprintf(text, sizeof text, "the stacks of %zu version %s: compared by totals", compared->by_measures,
                 plural(compared->by_measures, "change", "changes"));
        json_text(json, text);
    }
    if (compared->short_sides > 0) {
        snprintf(text, sizeof text, "%zu version %s with fewer than %d uploads before or after", compared->short_sides,
                 plural(compared->short_sides, "change", "changes"), COMPARED_MIN_UPLOADS);
        json_text(json, text);
    }
    if (compared->one_sided > 0) {
        snprintf(text, sizeof text, "a part of %zu version %s: memory or CPU time that fewer than %d uploads before or after have",
                 compared->one_sided, plural(compared->one_sided, "change", "changes"), COMPARED_MIN_UPLOADS);
        json_text(json, text);
    }
    if (compared->older > 0) {
        snprintf(text, sizeof text, "%zu older version %s: of each service the newest %d versions are compared", compared->older,
                 plural(compared->older, "change", "changes"), COMPARED_MAX_VERSIONS);
        json_text(json, text);
    }
    if (compared->unread > 0) {
        snprintf(text, sizeof text, "%zu %s of versions or restarts that were compared: %s", compared->unread,
                 plural(compared->unread, "profile", "profiles"), compared->reason);
        json_text(json, text);
    }
}

static void say_numbers(const struct gaps *gaps, const struct sums *sums, struct json *json) {
    char text[TEXT_BYTES];
    size_t silent = sums->uploads - sums->told - sums->pending, by_measures = gaps->count - gaps->looked_count;
    if (gaps->overview->left_out > 0) {
        snprintf(text, sizeof text, "%zu older uploads: there are more than %d", gaps->overview->left_out, OVERVIEW_MAX_UPLOADS);
        json_text(json, text);
    }
    if (silent > 0) {
        snprintf(text, sizeof text, "%zu of %zu uploads, of %zu %s: no profile in them has memory, CPU time or goroutines", silent,
                 sums->uploads, sums->silent, plural(sums->silent, "process", "processes"));
        json_text(json, text);
    }
    if (sums->pending > 0) {
        snprintf(text, sizeof text, "%zu %s that %s just arrived and %s still being read", sums->pending,
                 plural(sums->pending, "upload", "uploads"), plural(sums->pending, "has", "have"), plural(sums->pending, "is", "are"));
        json_text(json, text);
    }
    if (by_measures > 0) {
        snprintf(text, sizeof text, "the stacks of %zu of %zu processes: these were looked at by their totals", by_measures, gaps->count);
        json_text(json, text);
    }
    say_changes(&gaps->compared, json);
    say_never_profiled("memory", sums->no_memory, json);
    if (sums->seldom > 0) {
        snprintf(text, sizeof text, "memory of %zu %s in most uploads: less than half of them have it", sums->seldom,
                 plural(sums->seldom, "process", "processes"));
        json_text(json, text);
    }
    if (sums->young > 0) {
        snprintf(text, sizeof text, "growth of %zu %s with fewer than %d uploads", sums->young, plural(sums->young, "process", "processes"),
                 TREND_MIN_POINTS);
        json_text(json, text);
    }
    if (sums->many_stacks > 0) {
        snprintf(text, sizeof text, "stacks beyond the first %d, of %zu %s", STACKS_MAX, sums->many_stacks,
                 plural(sums->many_stacks, "process", "processes"));
        json_text(json, text);
    }
    say_never_profiled("goroutines", sums->no_goroutines, json);
    say_never_profiled("locks", sums->no_locks, json);
    if (sums->no_c > 0) { // which may be right
        snprintf(text, sizeof text, "C memory of %zu %s: none in the profiles, as in all of a profiler that does not see it", sums->no_c,
                 plural(sums->no_c, "process", "processes"));
        json_text(json, text);
    }
}

static void say_files(const struct sums *sums, struct json *json) {
    char text[TEXT_BYTES];
    for (size_t i = 0; i < sums->files->count; i++) {
        const struct file_kind *kind = &sums->files->kinds[i];
        if (kind->unread > 0) {
            snprintf(text, sizeof text, "%zu %s %.200s: %s", kind->unread, plural(kind->unread, "file", "files"), kind->name, kind->reason);
            json_text(json, text);
        }
    }
}

static void write_unread(const struct sums *sums, struct json *json) {
    json_key(json, "unread");
    json_array_begin(json);
    for (size_t i = 0; i < sums->files->count; i++) {
        const struct file_kind *kind = &sums->files->kinds[i];
        if (kind->unread == 0) {
            continue;
        }
        json_object_begin(json);
        json_key(json, "attachment");
        json_text(json, kind->name);
        json_key(json, "files");
        json_number(json, (int64_t)kind->unread);
        json_key(json, "reason");
        json_text(json, kind->reason);
        json_key(json, "upload");
        json_number(json, kind->unread_upload);
        json_object_end(json);
    }
    json_array_end(json);
}

// ---- Headline ----

static size_t count_unread(const struct sums *sums) {
    size_t unread = 0;
    for (size_t i = 0; i < sums->files->count; i++) {
        unread += sums->files->kinds[i].unread;
    }
    return unread;
}

// Describes the worst of what was not examined. Returns false if nothing is missing. A missing lock profile or missing goroutines are
// common: they are listed, but are not the worst.
static bool worst_gap(const struct gaps *gaps, const struct sums *sums, char *text, size_t size) {
    const struct compared_gaps *compared = &gaps->compared;
    size_t unread = count_unread(sums), left_out = gaps->overview->left_out, by_measures = gaps->count - gaps->looked_count;
    if (sums->told < sums->uploads) {
        snprintf(text, size, "%zu of %zu uploads could not be looked at", sums->uploads - sums->told, sums->uploads);
    } else if (sums->no_memory > 0) {
        snprintf(text, size, "the memory of %zu %s was not profiled", sums->no_memory, plural(sums->no_memory, "process", "processes"));
    } else if (sums->seldom > 0) {
        snprintf(text, size, "the memory of %zu %s was seldom profiled", sums->seldom, plural(sums->seldom, "process", "processes"));
    } else if (unread > 0) {
        snprintf(text, size, "%zu %s could not be read", unread, plural(unread, "file", "files"));
    } else if (left_out > 0) {
        snprintf(text, size, "%zu older uploads were not looked at", left_out);
    } else if (by_measures > 0) {
        snprintf(text, size, "the stacks of %zu of %zu processes were not looked at", by_measures, gaps->count);
    } else if (compared->by_measures + compared->unread + sums->many_stacks > 0) {
        snprintf(text, size, "some stacks were not looked at");
    } else if (compared->short_sides + compared->one_sided + compared->older > 0) {
        size_t changes = compared->short_sides + compared->one_sided + compared->older;
        snprintf(text, size, "%zu version %s could not be compared", changes, plural(changes, "change", "changes"));
    } else if (sums->young > 0) {
        snprintf(text, size, "growth of %zu %s cannot be judged yet", sums->young, plural(sums->young, "process", "processes"));
    } else {
        return false;
    }
    return true;
}

// Never calls fine what was not examined.
static void write_headline(const struct gaps *gaps, const struct sums *sums, size_t findings, struct json *json) {
    char text[TEXT_BYTES], gap[200] = "";
    size_t telling = 0;
    for (size_t i = 0; i < gaps->count; i++) {
        telling += gaps->processes[i].told > 0;
    }
    bool all = !worst_gap(gaps, sums, gap, sizeof gap);
    if (sums->uploads == 0) {
        snprintf(text, sizeof text, "No uploads");
    } else if (findings > 0) {
        snprintf(text, sizeof text, "%zu %s", findings, plural(findings, "finding", "findings"));
    } else if (telling == 0) {
        snprintf(text, sizeof text, "Nothing could be looked at");
    } else {
        snprintf(text, sizeof text, "Nothing found in %zu %s", telling, plural(telling, "process", "processes"));
    }
    if (!all) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "; %s", gap);
    }
    json_key(json, "headline");
    json_text(json, text);
    json_key(json, "complete");
    json_bool(json, all);
}

void gaps_write(const struct gaps *gaps, size_t findings, struct json *json) {
    struct sums sums;
    if (!add_up(gaps, &sums)) {
        json->failed = true;
        return;
    }
    write_headline(gaps, &sums, findings, json);
    const struct {
        const char *key;
        size_t number;
    } numbers[] = {{"uploads", sums.uploads},  {"uploads_left_out", gaps->overview->left_out}, {"uploads_looked_at", sums.told},
                   {"processes", gaps->count}, {"processes_looked_into", gaps->looked_count},  {"profiles", sums.profiles}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_key(json, numbers[i].key);
        json_number(json, (int64_t)numbers[i].number);
    }
    json_key(json, "not_looked_at");
    json_array_begin(json);
    say_numbers(gaps, &sums, json);
    say_files(&sums, json);
    json_array_end(json);
    write_unread(&sums, json);
    free(sums.files);
}
