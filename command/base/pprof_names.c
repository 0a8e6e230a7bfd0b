// pprof_names.c: options of `go tool pprof` (pprof_names.h).
#include "pprof_names.h"

#include <stdbool.h>
#include <string.h>

struct names {
    const char *hint;
    const char *const *names; // end with NULL
};

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *find(const struct names *table, size_t count, const char *name, size_t length) {
    for (size_t i = 0; i < count; i++) {
        for (const char *const *known = table[i].names; *known; known++) {
            if (strlen(*known) == length && strncmp(*known, name, length) == 0) {
                return table[i].hint;
            }
        }
    }
    return NULL;
}

const char *pprof_names_hint(const char *command, const char *name, size_t length) {
    const struct names tables[] = {
        {"prints a table: cmemprof top has it, and cmemprof --help lists the commands",
         NAMES("top", "text", "cum", "flat", "focus", "ignore", "hide", "show", "show_from", "sample_index", "nodecount", "diff_base",
               "base", "normalize", "peek", "tree", "list", "tags", "raw", "traces", "tagfocus", "tagignore", "unit", "functions",
               "filefunctions", "files", "inuse_space", "inuse_objects", "alloc_space", "alloc_objects")}};
    const struct names elsewhere[] = {
        {"draws a graph, which go tool pprof does of the same file; cmemprof receiver shows flame graphs on a page",
         NAMES("svg", "png", "pdf", "ps", "gif", "dot", "web", "http", "eog", "evince", "gv", "no_browser", "call_tree", "edgefraction",
               "compact_labels")},
        {"is not needed: nothing is left out for being small, and --lines says how many rows there are", NAMES("trim", "nodefraction")},
        {"is --by stack, function, line, file or package here", NAMES("granularity")},
        {"is not here, and go tool pprof prints them", NAMES("comments")},
        {"shows code or writes another format, which go tool pprof does of the same file",
         NAMES("disasm", "weblist", "callgrind", "kcachegrind", "topproto", "intel_syntax", "source_path", "trim_path")},
        {"writes a profile: cmemprof merge and cmemprof diff do, with --output FILE", NAMES("proto")},
        {"is for profiles without names: cmemprof symbolize gives them", NAMES("symbolize", "tools", "buildid", "force")},
        {"is not here: the table has percentages of the whole profile, addresses have rows of their own, and values are as they are",
         NAMES("relative_percentages", "drop_negative", "divide_by", "mean", "noinlines", "showcolumns", "addresses", "tagshow", "taghide",
               "tagroot", "tagleaf", "add_comment", "contentions", "total_delay", "mean_delay")},
        {"asks a server, which go tool pprof does: give the file that it writes",
         NAMES("seconds", "timeout", "tls_cert", "tls_key", "tls_ca")},
    };
    bool prints = strcmp(command, "top") == 0 || strcmp(command, "diff") == 0;
    const char *hint = find(elsewhere, sizeof elsewhere / sizeof *elsewhere, name, length);
    if (hint) {
        return hint;
    }
    hint = find(tables, 1, name, length);
    return hint && prints ? "is for one side alone: cmemprof top has it" : hint;
}
