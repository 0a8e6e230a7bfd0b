// pprof_names.c: table of options of `go tool pprof` (pprof_names.h).
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
        {"is an option of cmemprof top; cmemprof --help lists the commands",
         NAMES("top", "text", "cum", "flat", "focus", "ignore", "hide", "show", "show_from", "sample_index", "nodecount", "diff_base",
               "base", "normalize", "peek", "tree", "list", "tags", "raw", "traces", "tagfocus", "tagignore", "unit", "functions",
               "filefunctions", "files", "source_path", "trim_path", "inuse_space", "inuse_objects", "alloc_space", "alloc_objects")}};
    const struct names elsewhere[] = {
        {"draws a graph: use go tool pprof on the same file, or cmemprof receiver for flame graphs",
         NAMES("svg", "png", "pdf", "ps", "gif", "dot", "web", "http", "eog", "evince", "gv", "no_browser", "call_tree", "edgefraction",
               "compact_labels")},
        {"is not needed: small entries are not dropped, and --lines sets the number of rows", NAMES("trim", "nodefraction")},
        {"is called --by here: stack, function, line, file or package", NAMES("granularity")},
        {"is not supported: use go tool pprof to print comments", NAMES("comments")},
        {"shows code or writes another format: use go tool pprof on the same file",
         NAMES("disasm", "weblist", "callgrind", "kcachegrind", "topproto", "intel_syntax")},
        {"writes a profile: use cmemprof merge or cmemprof diff with --output FILE", NAMES("proto")},
        {"adds names to addresses: use cmemprof symbolize", NAMES("symbolize", "tools", "buildid", "force")},
        {"is not supported: percentages are of the whole profile, addresses have rows of their own, values are unchanged",
         NAMES("relative_percentages", "drop_negative", "divide_by", "mean", "noinlines", "showcolumns", "addresses", "tagshow", "taghide",
               "tagroot", "tagleaf", "add_comment", "contentions", "total_delay", "mean_delay")},
        {"fetches from a server: use go tool pprof, and give the file that it writes",
         NAMES("seconds", "timeout", "tls_cert", "tls_key", "tls_ca")},
    };
    static const char *const printing[] = {"top", "diff", "tree", "peek", "list", "owners"};
    bool prints = false;
    for (size_t i = 0; i < sizeof printing / sizeof *printing; i++) {
        prints = prints || strcmp(command, printing[i]) == 0;
    }
    const char *hint = find(elsewhere, sizeof elsewhere / sizeof *elsewhere, name, length);
    if (hint) {
        return hint;
    }
    hint = find(tables, 1, name, length);
    return hint && prints ? "applies to one profile: use cmemprof top" : hint;
}
