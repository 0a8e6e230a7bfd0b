// config.h: options of a command from a file and from the environment, before those of the command line.
//
// A file has an option a line, without dashes, and its value: "retention 7d,5GB". Empty lines and those that begin with # are none. In the
// environment an option is PREFIX and its name in capitals: CMEMPROF_RECEIVER_PACK_AFTER. All become arguments, the file's first, then the
// environment's in the order of the options, then the command line's: what comes later counts, and what may be given several times adds up.
//
// Threads: one (getopt). Memory: malloc; values point into it until config_free.
#ifndef CMEMPROF_COMMAND_CONFIG_H
#define CMEMPROF_COMMAND_CONFIG_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

struct config_place { // that an argument comes from
    unsigned line;    // of the file; 0: it is a variable
    char *argument;
};

struct config {
    const char *command, *prefix;
    const struct option *options; // ending with {0}; config is the one that names the file
    const char *file;             // NULL: none
    struct config_place *places;  // of the arguments behind the command's name
    size_t place_count, place_capacity;
    char **argv; // for getopt
    int argc;
};

enum config_source { CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_COMMAND_LINE };

// The caller has set the first three. Returns false after an error message; config_free is needed in any case.
bool config_read(struct config *config, int argc, char **argv);
// Of the argument that getopt has read, with its optind.
enum config_source config_source_of(const struct config *config, int index);
// After an error in it: says where it stands, unless that is the command line.
void config_say_where(const struct config *config, int index);
void config_free(struct config *config);

#endif
