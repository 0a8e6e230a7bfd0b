// receiver_command.c: `cmemprof receiver`: runs the receiver until SIGINT or SIGTERM.
#include "commands.h"
#include "../cmemprof/cgroup_memory.h"
#include "../receiver/receiver.h"
#include "base/confine.h"
#include "base/memory_share.h"
#include "base/options.h"
#include "base/port_file.h"
#include "base/diagnostic.h"
#include "symbols/symbol_file.h"
#include "symbols/symbol_namer.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: cmemprof receiver [OPTIONS]\n"
    "\n"
    "Accepts profile uploads like a Datadog Agent and shows them on a page. Stops on SIGINT or SIGTERM.\n"
    "\n"
    "  --listen ADDRESS:PORT  port 0: any free one (default 127.0.0.1:8126); addresses other than loopback need a token\n"
    "  --listen unix:PATH     a Unix socket, for the same user\n"
    "  --data DIR             directory for uploads (default $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof)\n"
    "  --retention LIMITS     what to keep: an age (12h, 7d), a size (500MB) or both (7d,10GB); default 30d,10GB\n"
    "  --view-memory SIZE     what the views that are made at once may have together (default a quarter of the memory)\n"
    "  --index-memory SIZE    what the index of uploads may have (default the same, at most 1GiB); the oldest uploads beyond it are "
    "removed\n"
    "  --symbols DIR          files with symbols of stripped programs, found by build ID; POST /api/symbols adds one\n"
    "  --token-file FILE      require the token in FILE of every request\n"
    "  --send-token-file FILE, --read-token-file FILE\n"
    "                         separate tokens for uploads and for everything else\n"
    "  --confine WORD         on: leave only the directories above and a server's system calls, where the kernel can (default);\n"
    "                         must: else end; off\n"
    "  --port-file FILE       write the port to FILE once listening; not for a Unix socket\n";

enum { MEMORY_MIN = 16 << 20, INDEX_MEMORY_MAX = 1 << 30 };

struct arguments {
    struct receiver_options options;
    const char *port_file;
    enum { CONFINE_ON, CONFINE_MUST, CONFINE_OFF } confine;
    struct symbol_namer *namer; // NULL: none
    struct receiver_symbols symbols;
    char token[256], send_token[256], read_token[256];
};

// ---- Options ----

// Parses "7d", an age, or "10GB", a size, into *retention_ms (NULL: ages are not allowed) or *bytes.
static bool parse_limit(const char *text, size_t length, int64_t *retention_ms, uint64_t *bytes) {
    static const struct {
        const char *unit;
        bool age;
        uint64_t factor;
    } units[] = {{"m", true, 60000},
                 {"h", true, 3600000},
                 {"d", true, 86400000},
                 {"kB", false, 1000},
                 {"MB", false, 1000000},
                 {"GB", false, 1000000000},
                 {"TB", false, 1000000000000},
                 {"KiB", false, 1 << 10},
                 {"MiB", false, 1 << 20},
                 {"GiB", false, 1 << 30},
                 {"TiB", false, (uint64_t)1 << 40}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || digits >= length) {
        return false;
    }
    uint64_t number = strtoull(text, NULL, 10);
    for (size_t i = 0; number > 0 && i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].unit) == length - digits && strncmp(text + digits, units[i].unit, length - digits) == 0) {
            if (units[i].age && retention_ms) {
                *retention_ms = (int64_t)(number * units[i].factor);
            } else if (!units[i].age && __builtin_mul_overflow(number, units[i].factor, bytes)) {
                *bytes = UINT64_MAX; // a size beyond 64 bits is no limit
            }
            return !units[i].age || retention_ms;
        }
    }
    return false;
}

static bool parse_retention(const char *text, struct receiver_options *options) {
    options->retention_ms = 0;
    options->retention_bytes = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (!parse_limit(at, length, &options->retention_ms, &options->retention_bytes)) {
            fprintf(stderr, "cmemprof receiver: --retention takes an age (12h, 7d), a size (500MB, 10GB) or both with a comma, not %s\n",
                    text);
            return false;
        }
        at += length;
        if (!*at) {
            return true;
        }
    }
}

static bool parse_memory(const char *option, const char *text, size_t *bytes) {
    uint64_t size = 0;
    if (!parse_limit(text, strlen(text), NULL, &size) || size < MEMORY_MIN) {
        fprintf(stderr, "cmemprof receiver: %s takes a size of at least 16MiB (512MiB, 4GB), not %s\n", option, text);
        return false;
    }
    *bytes = size;
    return true;
}

static void set_memory(struct receiver_options *options) {
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    size_t quarter = memory_quarter(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT, machine, MEMORY_MIN);
    options->view_memory_bytes = quarter;
    options->index_memory_bytes = quarter < INDEX_MEMORY_MAX ? quarter : INDEX_MEMORY_MAX;
}

static bool parse_confine(const char *word, struct arguments *arguments) {
    static const char *const words[] = {[CONFINE_ON] = "on", [CONFINE_MUST] = "must", [CONFINE_OFF] = "off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) {
            arguments->confine = i;
            return true;
        }
    }
    fprintf(stderr, "cmemprof receiver: --confine takes on, must or off, not %s\n", word);
    return false;
}

// Reads the first line of the file.
static bool read_token(const char *path, char token[256], const char **option) {
    FILE *file = fopen(path, "r");
    if (!file || !fgets(token, 256, file)) {
        fprintf(stderr, "cmemprof receiver: %s: %s\n", path, file && !ferror(file) ? "is empty" : strerror(errno));
        if (file) {
            fclose(file);
        }
        return false;
    }
    struct stat about;
    if (fstat(fileno(file), &about) == 0 && (about.st_mode & (S_IRGRP | S_IROTH)) != 0) {
        fprintf(stderr, "cmemprof receiver: %s: other users can read this token (chmod 600)\n", path);
    }
    fclose(file);
    token[strcspn(token, "\r\n")] = '\0';
    *option = token;
    return true;
}

static uint64_t symbols_state(void *namer) {
    return symbol_namer_state(namer);
}

static bool read_build_id(const char *path, char build_id[RECEIVER_BUILD_ID_BYTES]) {
    struct symbol_file file;
    _Static_assert(sizeof file.build_id <= RECEIVER_BUILD_ID_BYTES, "any build ID fits");
    if (!symbol_file_read(path, &file) || !*file.build_id) {
        return false;
    }
    strcpy(build_id, file.build_id);
    return true;
}

// Creates the last component of the path if missing.
static bool open_symbols(const char *directory, struct arguments *arguments) {
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        diagnostic_error("receiver", directory, "%s", strerror(errno));
        return false;
    }
    symbol_namer_free(arguments->namer);
    arguments->namer = symbol_namer_new();
    if (!arguments->namer || !symbol_namer_add_directory(arguments->namer, directory)) {
        diagnostic_error("receiver", directory, "%s", arguments->namer ? strerror(errno) : strerror(ENOMEM));
        return false;
    }
    arguments->symbols = (struct receiver_symbols){directory, symbol_namer_for_profiles(arguments->namer), symbols_state, read_build_id};
    arguments->options.symbols = &arguments->symbols;
    return true;
}

// Returns 0 to continue, or the exit status plus one.
static int parse(int argc, char **argv, struct arguments *arguments) {
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"retention", required_argument, NULL, 'r'},
                                            {"view-memory", required_argument, NULL, 'v'},
                                            {"index-memory", required_argument, NULL, 'i'},
                                            {"token-file", required_argument, NULL, 't'},
                                            {"send-token-file", required_argument, NULL, 'S'},
                                            {"read-token-file", required_argument, NULL, 'R'},
                                            {"symbols", required_argument, NULL, 's'},
                                            {"port-file", required_argument, NULL, 'p'},
                                            {"confine", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"h", no_argument, NULL, 'h'},
                                            {0}};
    parse_retention("30d,10GB", &arguments->options);
    set_memory(&arguments->options);
    opterr = 0;
    for (int option; (option = getopt_long_only(argc, argv, ":", options, NULL)) != -1;) {
        bool ok = true;
        switch (option) {
        case 'l':
            arguments->options.listen = optarg;
            break;
        case 'd':
            arguments->options.data_directory = optarg;
            break;
        case 'r':
            ok = parse_retention(optarg, &arguments->options);
            break;
        case 'v':
            ok = parse_memory("--view-memory", optarg, &arguments->options.view_memory_bytes);
            break;
        case 'i':
            ok = parse_memory("--index-memory", optarg, &arguments->options.index_memory_bytes);
            break;
        case 't':
            ok = read_token(optarg, arguments->token, &arguments->options.token);
            break;
        case 'S':
            ok = read_token(optarg, arguments->send_token, &arguments->options.send_token);
            break;
        case 'R':
            ok = read_token(optarg, arguments->read_token, &arguments->options.read_token);
            break;
        case 's':
            ok = open_symbols(optarg, arguments);
            break;
        case 'c':
            ok = parse_confine(optarg, arguments);
            break;
        case 'p':
            arguments->port_file = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default:
            return options_error("receiver", option, argv) + 1;
        }
        if (!ok) {
            return 3;
        }
    }
    if (optind < argc) {
        return diagnostic_usage("receiver", "unexpected argument %s", argv[optind]) + 1;
    }
    if (arguments->port_file && arguments->options.listen && strncmp(arguments->options.listen, "unix:", 5) == 0) {
        return diagnostic_usage("receiver", "--port-file does not apply to --listen unix:PATH, which has no port") + 1;
    }
    return 0;
}

// Returns $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof, which the caller frees, or NULL if neither variable is set.
static char *default_directory(void) {
    const char *data_home = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char *path = NULL;
    // The XDG specification says to ignore a relative path.
    if (data_home && *data_home == '/') {
        return asprintf(&path, "%s/cmemprof", data_home) < 0 ? NULL : path;
    }
    if (home && *home) {
        return asprintf(&path, "%s/.local/share/cmemprof", home) < 0 ? NULL : path;
    }
    return NULL;
}

// A connection uses up to three descriptors. The usual soft limit of 1,024 protects select, which nothing here uses.
static void raise_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

// ---- Confinement ----

// False: it is not as confined as was asked for.
static bool confined(const struct arguments *arguments, const char *of, const char *by, int error) {
    if (error != 0) {
        bool is_missing = error == ENOSYS || error == EOPNOTSUPP;
        fprintf(stderr, "cmemprof receiver: %s not confined: %s%s%s\n", of, by, is_missing ? " is not there or switched off" : ": ",
                is_missing ? "" : strerror(error));
    }
    return error == 0 || arguments->confine == CONFINE_ON;
}

// Before there is a thread. What is not there stays out of reach, so the directory for uploads is made first.
static bool confine_to_folders(const struct arguments *arguments) {
    const struct receiver_options *options = &arguments->options;
    bool is_unix = options->listen && strncmp(options->listen, "unix:", 5) == 0;
    char *socket = is_unix ? strdup(options->listen + 5) : NULL;
    const struct confine_folder folders[] = {
        {options->data_directory, CONFINE_WRITE},
        {options->symbols ? options->symbols->directory : NULL, CONFINE_WRITE},
        {socket ? dirname(socket) : NULL, CONFINE_SOCKET},
        {"/proc", CONFINE_READ}, // memory, limits and the journal's thread
        {"/sys/fs", CONFINE_READ},
    };
    receiver_make_directory(options->data_directory);
    setenv("SQLITE_TMPDIR", options->data_directory, 1); // for sorting what is large
    int error = !confine_may_ask_files() ? EPERM : confine_files(folders, sizeof folders / sizeof *folders);
    free(socket);
    return confined(arguments, "files are", "Landlock", error);
}

// ---- Run ----

static bool begin(const struct arguments *arguments, struct port_file *port_file, struct receiver **receiver) {
    char text[512];
    if (!port_file_begin(port_file, arguments->port_file)) {
        fprintf(stderr, "cmemprof receiver: %s: %s\n", arguments->port_file, strerror(errno));
        return false;
    }
    if (arguments->confine != CONFINE_OFF && !confine_to_folders(arguments)) {
        return false;
    }
    bool may_ask = arguments->confine == CONFINE_OFF || confine_may_ask_calls(); // while there is one thread
    if (receiver_start(&arguments->options, receiver, text, sizeof text) != RECEIVER_OK) {
        fprintf(stderr, "cmemprof receiver: %s\n", text);
        return false;
    }
    if (arguments->confine != CONFINE_OFF && !confined(arguments, "system calls are", "seccomp", may_ask ? confine_calls() : EPERM)) {
        return false;
    }
    if (!port_file_write(port_file, receiver_port(*receiver))) {
        fprintf(stderr, "cmemprof receiver: %s: %s\n", arguments->port_file, strerror(errno));
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
    signal(SIGPIPE, SIG_IGN); // a client that closed its connection
    signal(SIGXFSZ, SIG_IGN); // a file size limit is reported like a full disk
    raise_file_limit();
    struct receiver *receiver = NULL;
    struct port_file port_file;
    bool runs = begin(arguments, &port_file, &receiver);
    if (runs) {
        printf("cmemprof receiver: %s (uploads in %s)\n", receiver_url(receiver), arguments->options.data_directory);
        if (*receiver_note(receiver)) {
            printf("cmemprof receiver: %s\n", receiver_note(receiver));
        }
        fflush(stdout);
        int caught;
        sigwait(&signals, &caught);
    }
    port_file_end(&port_file);
    receiver_stop(receiver);
    return runs ? 0 : 1;
}

int receiver_command(int argc, char **argv) {
    struct arguments arguments = {0};
#ifdef CMEMPROF_UNCONFINED // a build with tools that need more: sanitizers, coverage
    arguments.confine = CONFINE_OFF;
#endif
    int done = parse(argc, argv, &arguments);
    if (done) {
        symbol_namer_free(arguments.namer);
        return done - 1;
    }
    char *directory = NULL;
    if (!arguments.options.data_directory) {
        directory = default_directory();
        if (!directory) {
            fputs("cmemprof receiver: HOME is not set; name a directory for uploads with --data\n", stderr);
            symbol_namer_free(arguments.namer);
            return 2;
        }
        arguments.options.data_directory = directory;
    }
    int status = run(&arguments);
    symbol_namer_free(arguments.namer);
    free(directory);
    return status;
}
