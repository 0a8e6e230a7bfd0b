// receiver_options.h: the options of `cmemprof receiver`. Threads: one (getopt). Memory: malloc; values point into argv.
#ifndef CMEMPROF_COMMAND_RECEIVER_OPTIONS_H
#define CMEMPROF_COMMAND_RECEIVER_OPTIONS_H

#include "../../receiver/receiver.h"
#include "../base/config.h"
#include "../base/token_file.h"
#include "../send/outlets.h"
#include "../symbols/machine_code_files.h"
#include "source_paths.h"

#include <getopt.h>

struct symbol_namer;

struct receiver_arguments {
    struct receiver_options options;
    const char *port_file;
    enum { CONFINE_ON, CONFINE_MUST, CONFINE_OFF } confine;
    struct symbol_namer *namer; // NULL: none
    struct outlets outlets;
    struct receiver_symbols symbols;
    struct owner_pairs *pairs; // NULL: none
    struct source_paths sources, binaries;
    struct machine_code_files code_files;
    struct machine_code code;
    struct token_list tokens;
    char page[512];
    int reading; // the argument that is being read, as getopt counts; 0: none
};

// $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof, which the caller frees; NULL: neither variable is set.
char *receiver_default_directory(void);

extern const struct option receiver_options_known[];

// Zero-initialise. Returns 0 to continue, or the exit status plus one, after --help or an error message.
int receiver_options_parse(const struct config *config, struct receiver_arguments *arguments);
void receiver_options_free(struct receiver_arguments *arguments);

#endif
