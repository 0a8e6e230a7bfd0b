// options.h: what the commands that read profiles have in common on their command line: --output, --compression, --level, --max-size,
// --help and the files. A long option may have one dash, as those of `go tool pprof` have.
//
// Threads: one (getopt). Memory: none; values point into argv.
#ifndef CMEMPROF_OPTIONS_H
#define CMEMPROF_OPTIONS_H

#include "../../merge/merge.h"
#include "output.h"

#include <getopt.h>

// What becomes of gauges (memory in use, goroutines) where several files are one profile; all other types are added up.
enum gauges { GAUGES_OF_MEAN, GAUGES_OF_LAST, GAUGES_OF_MAX, GAUGES_OF_SUM };
#define OPTIONS_GAUGES_USAGE                                                                                                               \
    "  --gauges HOW         what several files have of memory in use and the like: their mean (default), that of the last\n"               \
    "                       one, the max, or the sum, which is right for files of one moment, each of another process\n"

struct options {
    const char *command;
    struct merge_limits limits; // of each input
    struct output output;
    bool compression_given; // or its level
    bool allow_union;       // of sample types: a file without a type of another has 0 for it
    enum gauges gauges;
    const char *gauge_type; // whose max is meant; NULL: the one that is shown
    char **files;           // "-" is standard input
    size_t file_count;
};

// What --help says of them, and of the files.
#define OPTIONS_OUTPUT_USAGE "  -o, --output FILE    where the profile goes; - or none: standard output, if it is no terminal\n"
#define OPTIONS_COMPRESSION_USAGE                                                                                                          \
    "  --compression HOW    gzip (default), zstd or none\n"                                                                                \
    "  --level N            of compression: gzip 1 to 12, zstd 1 to 22 (default 1)\n"
#define OPTIONS_READ_USAGE                                                                                                                 \
    "  --max-size MIB       most a file may hold, inflated (default 256)\n"                                                                \
    "  -h, --help           this text\n"                                                                                                   \
    "\n"                                                                                                                                   \
    "Files are pprof profiles, compressed with gzip, zstd or LZ4 or not at all; - is standard input.\n"                                    \
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n"

struct options_spec {
    const char *command, *usage;
    const struct option *own; // of this command, ends with {0}; val: none of the letters c, h, l, o, s
    // Takes one of them. Returns 0, or the exit status when the value was wrong and that was said.
    int (*take)(void *context, int option, const char *value);
    void *context;
    bool writes; // --output and what goes with it
    size_t min_files, max_files;
};

// -1: go on; else the exit status, and all is said. argv[0] is the command's name.
int options_parse(const struct options_spec *spec, int argc, char **argv, struct options *options);
// For those who call getopt_long_only themselves, with opterr 0, ":" before the letters and no letter without a value (of -hide an h would
// be taken): says what it gave back as wrong. Returns STATUS_USAGE.
int options_error(const char *command, int option, char **argv);
// A whole number from 1 to max. False: it is none.
bool options_number(const char *text, unsigned long max, unsigned long *number);
// The value of --gauges. 0, or the exit status, and the reason is said.
int options_gauges(const char *command, const char *value, enum gauges *gauges);
// The index of value in the names, which end with NULL; -1: none of them.
int options_choice(const char *value, const char *const *names);

#endif
