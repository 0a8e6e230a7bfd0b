// receiver_command.c: `cmemprof receiver`: runs the receiver until SIGINT or SIGTERM.
#include "commands.h"
#include "../receiver/receiver.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: cmemprof receiver [OPTIONS]\n"
                            "\n"
                            "Takes profile uploads as a Datadog Agent does and shows them on a page. Ends on SIGINT or SIGTERM.\n"
                            "\n"
                            "  --listen ADDRESS:PORT  a loopback address; port 0 takes a free one (default 127.0.0.1:8126)\n"
                            "  --data DIR             where uploads are kept (default $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof)\n"
                            "  --keep N               the oldest uploads beyond N are removed (default 10000)\n"
                            "  --port-file FILE       write the port to FILE once it listens\n";

struct arguments {
    struct receiver_options options;
    const char *port_file;
};

// 0: go on; else the exit status plus one.
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'}, {"data", required_argument, NULL, 'd'},
                                            {"keep", required_argument, NULL, 'k'},   {"port-file", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},         {0}};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        char *end = "";
        switch (option) {
        case 'l':
            arguments->options.listen = optarg;
            break;
        case 'd':
            arguments->options.data_directory = optarg;
            break;
        case 'k': {
            unsigned long keep = strtoul(optarg, &end, 10);
            if (*end || keep == 0 || keep > UINT32_MAX || optarg[0] == '-') {
                fprintf(stderr, "cmemprof receiver: --keep takes a number of uploads from 1, not %s\n", optarg);
                return 3;
            }
            arguments->options.keep_uploads = (uint32_t)keep;
            break;
        }
        case 'p':
            arguments->port_file = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default: // getopt has named the option
            fputs("cmemprof receiver --help lists the options\n", stderr);
            return 3;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "cmemprof receiver: what is %s? cmemprof receiver --help lists the options\n", argv[optind]);
        return 3;
    }
    return 0;
}

// $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof, for the caller to free; NULL: neither variable is set.
static char *default_directory(void) {
    const char *data_home = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *path = NULL;
    // The XDG specification: a relative path is to be ignored.
    if (data_home && *data_home == '/') {
        return asprintf(&path, "%s/cmemprof", data_home) < 0 ? NULL : path;
    }
    if (home && *home) {
        return asprintf(&path, "%s/.local/share/cmemprof", home) < 0 ? NULL : path;
    }
    return NULL;
}

// Whole or not at all, for those who wait for the file to appear.
static bool write_port_file(const char *path, uint16_t port) {
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(temporary, "w");
    bool ok = file && fprintf(file, "%u\n", port) > 0;
    ok = file && fclose(file) == 0 && ok;
    if (!ok || rename(temporary, path) != 0) {
        fprintf(stderr, "cmemprof receiver: %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

static int run(const struct arguments *arguments) {
    // Blocked before any thread starts, so that only sigwait gets them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN); // a client that went away
    signal(SIGXFSZ, SIG_IGN); // a file size limit is answered as a full disk
    struct receiver *receiver;
    char text[512];
    if (receiver_start(&arguments->options, &receiver, text, sizeof text) != RECEIVER_OK) {
        fprintf(stderr, "cmemprof receiver: %s\n", text);
        return 1;
    }
    int status = 0;
    if (arguments->port_file && !write_port_file(arguments->port_file, receiver_port(receiver))) {
        status = 1;
    } else {
        printf("cmemprof receiver: %s (uploads in %s)\n", receiver_url(receiver), arguments->options.data_directory);
        fflush(stdout);
        int caught;
        sigwait(&signals, &caught);
    }
    receiver_stop(receiver);
    return status;
}

int receiver_command(int argc, char **argv) {
    struct arguments arguments = {0};
    int done = parse(argc, argv, &arguments);
    if (done) {
        return done - 1;
    }
    char *directory = NULL;
    if (!arguments.options.data_directory) {
        directory = default_directory();
        if (!directory) {
            fputs("cmemprof receiver: HOME is not set; say with --data where to keep uploads\n", stderr);
            return 2;
        }
        arguments.options.data_directory = directory;
    }
    int status = run(&arguments);
    free(directory);
    return status;
}
