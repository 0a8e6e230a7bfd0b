// top_command.c: `cmemprof top`: prints the largest stacks or functions of a profile file.
#include "commands.h"
#include "top.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char usage[] = "usage: cmemprof top [OPTIONS] FILE\n"
                            "\n"
                            "Prints what weighs most in a profile (pprof, compressed or not; - reads standard input).\n"
                            "\n"
                            "  --type TYPE          inuse_space (default), inuse_objects, alloc_space, alloc_objects, cpu, ...\n"
                            "  --memory C|Go        only memory that C or Go code allocated\n"
                            "  --by stack|function  default stack\n"
                            "  --lines N            rows to print (default 10)\n";

// More than the limit of what merge.h will read, so that its message is the one that is seen.
static const size_t most_bytes = (size_t)1 << 30;

struct arguments {
    struct top_options options;
    const char *file;
};

static int wrong(const char *option, const char *takes, const char *got) {
    fprintf(stderr, "cmemprof top: --%s takes %s, not %s\n", option, takes, got);
    return 3;
}

static int parse_option(int option, struct top_options *options) {
    char *end = "";
    switch (option) {
    case 't':
        options->type = optarg;
        return 0;
    case 'm':
        options->memory = strcmp(optarg, "C") == 0 ? TOP_C : strcmp(optarg, "Go") == 0 ? TOP_GO : TOP_ALL;
        return options->memory == TOP_ALL ? wrong("memory", "C or Go", optarg) : 0;
    case 'b':
        options->by_function = strcmp(optarg, "function") == 0;
        return options->by_function || strcmp(optarg, "stack") == 0 ? 0 : wrong("by", "stack or function", optarg);
    case 'n':
        options->lines = strtoul(optarg, &end, 10);
        return *end || options->lines == 0 || optarg[0] == '-' ? wrong("lines", "a number from 1", optarg) : 0;
    case 'h':
        fputs(usage, stdout);
        return 1;
    default: // getopt has named the option
        fputs("cmemprof top --help lists the options\n", stderr);
        return 3;
    }
}

// 0: go on; else the exit status plus one.
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {{"type", required_argument, NULL, 't'}, {"memory", required_argument, NULL, 'm'},
                                            {"by", required_argument, NULL, 'b'},   {"lines", required_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},       {0}};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        int done = parse_option(option, &arguments->options);
        if (done) {
            return done;
        }
    }
    if (optind + 1 != argc) {
        fputs(optind == argc ? "cmemprof top: which file? cmemprof top --help tells\n" : "cmemprof top: one file at a time\n", stderr);
        return 3;
    }
    arguments->file = argv[optind];
    return 0;
}

// The whole file, for the caller to free; NULL with a message on stderr.
static char *read_file(const char *path, size_t *size) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    char *bytes = NULL;
    size_t capacity = 0;
    bool failed = !file;
    *size = 0;
    while (file && *size < most_bytes) {
        if (*size == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            char *grown = realloc(bytes, capacity);
            if (!grown) {
                errno = ENOMEM;
                failed = true;
                break;
            }
            bytes = grown;
        }
        size_t count = fread(bytes + *size, 1, capacity - *size, file);
        *size += count;
        if (count == 0) {
            break;
        }
    }
    if (failed || ferror(file)) {
        fprintf(stderr, "cmemprof top: %s: %s\n", path, strerror(errno));
        free(bytes);
        bytes = NULL;
    }
    if (file && file != stdin) {
        fclose(file);
    }
    return bytes;
}

static size_t terminal_width(void) {
    struct winsize window;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col >= 60) {
        return window.ws_col;
    }
    return 120;
}

static void print_types(const struct profile *profile) {
    fputs("; it has", stderr);
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        fputs(i ? ", " : " ", stderr);
        top_put_text(profile_sample_type_name(profile, i), stderr);
    }
}

static int print(struct profile *profile, const struct arguments *arguments) {
    struct top top;
    enum merge_error error = top_build(profile, &arguments->options, &top);
    if (error != MERGE_OK) {
        fprintf(stderr, "cmemprof top: %s: %s", arguments->file,
                error == MERGE_NOT_FOUND ? "the profile has no such sample type" : merge_error_text(error));
        if (error == MERGE_NOT_FOUND) {
            print_types(profile);
        }
        fputc('\n', stderr);
        return 1;
    }
    top_print(&top, terminal_width(), stdout);
    top_free(&top);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

int top_command(int argc, char **argv) {
    struct arguments arguments = {.options = {.lines = 10}};
    int done = parse(argc, argv, &arguments);
    if (done) {
        return done - 1;
    }
    size_t size;
    char *bytes = read_file(arguments.file, &size);
    struct profile *profile = bytes ? profile_new() : NULL;
    struct merge_fault fault = {0};
    int status = 1;
    if (profile && profile_decode(profile, bytes, size, NULL, NULL, &fault) == MERGE_OK) {
        status = print(profile, &arguments);
    } else if (bytes) {
        fprintf(stderr, "cmemprof top: %s: ", arguments.file);
        top_put_text(profile ? fault.text : "out of memory", stderr);
        fputc('\n', stderr);
    }
    profile_free(profile);
    free(bytes);
    return status;
}
