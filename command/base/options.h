// options.h: the command line that the commands on profiles share: --output, --compression, --level, --max-size, --help and the files.
//
// A long option may have one dash, as with `go tool pprof`. Threads: one (getopt). Memory: none; values point into argv.
#ifndef CMEMPROF_OPTIONS_H
#define CMEMPROF_OPTIONS_H

#include "../../merge/merge.h"
#include "output.h"

#include <getopt.h>

// How gauges (memory in use, goroutines) of several files combine. All other sample types are summed.
enum gauges { GAUGES_OF_MEAN, GAUGES_OF_LAST, GAUGES_OF_MAX, GAUGES_OF_SUM };
#define OPTIONS_GAUGES_USAGE                                                                                                               \
    "  --gauges HOW         how gauges (memory in use and the like) of several files combine: mean (default), last, max,\n"                \
    "                       or sum, which suits files of several processes at one moment\n"

struct recordings;

struct options {
    const char *command;
    struct merge_limits limits; // of each input
    struct output output;
    bool compression_given; // --compression or --level
    bool allow_union;       // keep all sample types; a file that lacks one counts as 0
    enum gauges gauges;
    const char *gauge_type;        // for max; NULL: the sample type that is shown
    struct recordings *recordings; // recording.h; NULL: the command takes none
    char **files;                  // "-" is standard input
    size_t file_count;
};

// Parts of the --help texts.
#define OPTIONS_OUTPUT_USAGE "  -o, --output FILE    file to write; - or none: standard output, unless it is a terminal\n"
#define OPTIONS_COMPRESSION_USAGE                                                                                                          \
    "  --compression HOW    gzip (default), zstd or none\n"                                                                                \
    "  --level N            compression level: gzip 1 to 12, zstd 1 to 22 (default 1)\n"
#define OPTIONS_READ_USAGE                                                                                                                 \
    "  --max-size MIB       maximum inflated size of a file (default 256)\n"                                                               \
    "  -h, --help           this text\n"                                                                                                   \
    "\n"                                                                                                                                   \
    "Files are pprof profiles, plain or compressed with gzip, zstd or LZ4; - is standard input, and a URL is got.\n"                       \
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n"

struct options_spec {
    const char *command, *usage;
    const struct option *own; // the command's own options, ending with {0}; val must not be c, h, l, o or s
    // Called for each own option. Returns 0, or the exit status after an error message.
    int (*take)(void *context, int option, const char *value);
    void *context;
    bool writes; // has --output, --compression, --level
    size_t min_files, max_files;
};

// argv[0] is the command's name. Returns -1 to continue; otherwise the exit status, after --help or an error message.
int options_parse(const struct options_spec *spec, int argc, char **argv, struct options *options);
// Reports an error of getopt_long_only (':' or '?'), for callers with a loop of their own. They set opterr = 0 and begin the short options
// with ":"; a short option must take a value, or -hide would be read as -h. Returns STATUS_USAGE.
int options_error(const char *command, int option, char **argv);
// Parses a whole number from 1 to max.
bool options_number(const char *text, unsigned long max, unsigned long *number);
// Parses the value of --gauges. Returns 0, or the exit status after an error message.
int options_gauges(const char *command, const char *value, enum gauges *gauges);
// Returns the index of value in names, which end with NULL, or -1.
int options_choice(const char *value, const char *const *names);

#endif
