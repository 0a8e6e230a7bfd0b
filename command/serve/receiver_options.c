// receiver_options.c: reads the options of `cmemprof receiver` (receiver_options.h).
#include "receiver_options.h"
#include "../../cmemprof/cgroup_memory.h"
#include "../base/diagnostic.h"
#include "../base/memory_share.h"
#include "../base/options.h"
#include "../base/pairs_file.h"
#include "../symbols/symbol_file.h"
#include "../symbols/symbol_namer.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: cmemprof receiver [OPTIONS]\n"
    "\n"
    "Accepts profile uploads like a Datadog Agent and shows them on a page. Stops on SIGINT or SIGTERM.\n"
    "cmemprof receiver export FILE and cmemprof receiver import FILE write and read a backup: see the --help of each.\n"
    "\n"
    "  --listen ADDRESS:PORT  port 0: any free one (default 127.0.0.1:8126); addresses other than loopback need a token\n"
    "  --listen unix:PATH     a Unix socket, for the same user\n"
    "  --data DIR             directory for uploads (default $XDG_DATA_HOME/cmemprof or ~/.local/share/cmemprof)\n"
    "  --retention LIMITS     what to keep: an age (12h, 7d), a size (500MB) or both (7d,10GB); default 30d,10GB\n"
    "  --pack-after AGE       pack uploads that are older, which then take a third to a half of the disk; 0: never (default 18h)\n"
    "  --view-memory SIZE     what the views that are made at once may have together (default a quarter of the memory)\n"
    "  --index-memory SIZE    what the index of uploads may have (default the same, at most 1GiB); the oldest uploads beyond it are "
    "removed\n"
    "  --symbols DIR          files with symbols of stripped programs, found by build ID; POST /api/symbols adds one\n"
    "  --owner-pairs FILE     more functions that open and close, for owners of C memory, two names a line (docs/command.md)\n"
    "  --source-path [FROM=]DIR\n"
    "                         source files that the page shows beside the values of their lines: FROM/x of profiles is DIR/x; repeatable\n"
    "  --binary-path [FROM=]DIR\n"
    "                         programs and libraries whose instructions it shows, of the very build alone; repeatable\n"
    "  --token-file FILE      require a token in FILE of every request: one alone, or a line each with its roles: upload, read, admin\n"
    "  --send-token-file FILE, --read-token-file FILE\n"
    "                         separate tokens for uploads and for everything else\n"
    "  --tls-certificate FILE, --tls-key FILE\n"
    "                         HTTPS, with this certificate and key in PEM form; they are read again when the files change, and on SIGHUP\n"
    "  --forward KIND:URL     send stored uploads on: datadog:URL (an Agent, an intake or a receiver), otlp:URL\n"
    "                         or pyroscope:URL; repeatable\n"
    "  --forward-age AGE      give up what arrived longer ago than that (12h, 7d; default: as long as it is stored)\n"
    "  --forward-key-file FILE\n"
    "                         the key in FILE (or in $CMEMPROF_FORWARD_KEY) is the header DD-API-KEY for targets of datadog:\n"
    "  --forward-header-file FILE\n"
    "                         headers of the --forward before it, one a line (Authorization: Bearer TOKEN)\n"
    "  --webhook URL          POST a JSON body there for each new finding, and when it is resolved\n"
    "  --webhook-secret-file FILE\n"
    "                         sign bodies with the secret in FILE (or in $CMEMPROF_WEBHOOK_SECRET): HMAC-SHA256\n"
    "  --page-url URL         where others see the page, for links (default: the address above)\n"
    "  --access-log FILE      a line of JSON for each request; - is standard output; on SIGHUP the file is opened again\n"
    "  --base-path PATH       the page and all else are below that (/profiles), as behind a proxy\n"
    "  --analysis PERIOD      how often the last 6 hours are searched for findings, for --webhook and /metrics (30s, 5m, 1h; default 5m)\n"
    "  --confine WORD         on: leave only the directories above and a server's system calls, where the kernel can (default);\n"
    "                         must: else end; off\n"
    "  --config FILE          options of FILE, one a line without dashes (retention 7d,5GB); the environment\n"
    "                         (CMEMPROF_RECEIVER_RETENTION) has precedence over it, and the command line over both\n"
    "  --port-file FILE       write the port to FILE once listening; not for a Unix socket\n";

char *receiver_default_directory(void) {
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

enum { MEMORY_MIN = 16 << 20, INDEX_MEMORY_MAX = 1 << 30 };

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

static bool parse_pack_after(const char *text, struct receiver_options *options) {
    uint64_t bytes = 0;
    options->pack_after_ms = 0;
    if (strcmp(text, "0") == 0 || (parse_limit(text, strlen(text), &options->pack_after_ms, &bytes) && bytes == 0)) {
        return true;
    }
    fprintf(stderr, "cmemprof receiver: --pack-after takes an age (18h, 2d) or 0, not %s\n", text);
    return false;
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

static bool parse_age(const char *text, int64_t *age_ms) {
    uint64_t bytes = 0;
    *age_ms = 0;
    if (parse_limit(text, strlen(text), age_ms, &bytes) && *age_ms > 0) {
        return true;
    }
    fprintf(stderr, "cmemprof receiver: --forward-age takes an age (30m, 12h, 7d), not %s\n", text);
    return false;
}

static bool parse_period(const char *option, const char *text, int64_t *period_ms) {
    size_t digits = strspn(text, "0123456789");
    int64_t unit = strcmp(text + digits, "s") == 0   ? 1000
                   : strcmp(text + digits, "m") == 0 ? 60000
                   : strcmp(text + digits, "h") == 0 ? 3600000
                                                     : 0;
    *period_ms = digits > 0 && digits < 7 ? atoll(text) * unit : 0;
    if (*period_ms <= 0 || *period_ms > 24 * 3600000) {
        fprintf(stderr, "cmemprof receiver: %s takes a time of a day at most (30s, 5m, 1h), not %s\n", option, text);
        return false;
    }
    return true;
}

static bool parse_page(const char *text, char page[512]) {
    bool is_http = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    size_t length = strlen(text);
    if (!is_http || length > 500 || strpbrk(text, " \"<>?#")) {
        fprintf(stderr,
                "cmemprof receiver: --page-url takes the address of the page without parameters (https://profiles.example/), not %s\n",
                text);
        return false;
    }
    snprintf(page, 512, "%s%s", text, text[length - 1] == '/' ? "" : "/");
    return true;
}

static void set_memory(struct receiver_options *options) {
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    size_t quarter = memory_quarter(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT, machine, MEMORY_MIN);
    options->view_memory_bytes = quarter;
    options->index_memory_bytes = quarter < INDEX_MEMORY_MAX ? quarter : INDEX_MEMORY_MAX;
}

static bool parse_confine(const char *word, struct receiver_arguments *arguments) {
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
static bool open_symbols(const char *directory, struct receiver_arguments *arguments) {
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

// Loads the disassembler while the process may still load libraries. Only who asks for it has it.
static void open_code(struct receiver_arguments *arguments) {
    if (arguments->options.symbols || arguments->binaries.count > 0) {
        arguments->code_files = (struct machine_code_files){
            .directories = &arguments->symbols.directory,
            .directory_count = !!arguments->options.symbols,
            .binaries = {arguments->binaries.list, arguments->binaries.count},
        };
        arguments->code = machine_code_files_begin(&arguments->code_files);
        arguments->options.code = &arguments->code;
    }
}

const struct option receiver_options_known[] = {{"listen", required_argument, NULL, 'l'},
                                                {"data", required_argument, NULL, 'd'},
                                                {"retention", required_argument, NULL, 'r'},
                                                {"pack-after", required_argument, NULL, 'P'},
                                                {"view-memory", required_argument, NULL, 'v'},
                                                {"index-memory", required_argument, NULL, 'i'},
                                                {"token-file", required_argument, NULL, 't'},
                                                {"send-token-file", required_argument, NULL, 'S'},
                                                {"read-token-file", required_argument, NULL, 'R'},
                                                {"tls-certificate", required_argument, NULL, 'C'},
                                                {"tls-key", required_argument, NULL, 'K'},
                                                {"symbols", required_argument, NULL, 's'},
                                                {"owner-pairs", required_argument, NULL, 'o'},
                                                {"source-path", required_argument, NULL, 'D'},
                                                {"binary-path", required_argument, NULL, 'B'},
                                                {"config", required_argument, NULL, 'F'},
                                                {"port-file", required_argument, NULL, 'p'},
                                                {"confine", required_argument, NULL, 'c'},
                                                {"forward", required_argument, NULL, 'f'},
                                                {"forward-age", required_argument, NULL, 'g'},
                                                {"forward-key-file", required_argument, NULL, 'y'},
                                                {"forward-header-file", required_argument, NULL, 'H'},
                                                {"webhook", required_argument, NULL, 'w'},
                                                {"webhook-secret-file", required_argument, NULL, 'k'},
                                                {"page-url", required_argument, NULL, 'u'},
                                                {"access-log", required_argument, NULL, 'L'},
                                                {"base-path", required_argument, NULL, 'b'},
                                                {"analysis", required_argument, NULL, 'a'},
                                                {"help", no_argument, NULL, 'h'},
                                                {"h", no_argument, NULL, 'h'},
                                                {0}};

// Whether all of them count, not the last alone.
static bool adds_up(int option) {
    return strchr("tSRfHoDB", option);
}

static int next_option(const struct config *config) {
    return getopt_long_only(config->argc, config->argv, ":", receiver_options_known, NULL);
}

// How often each stands there.
static void count_options(const struct config *config, unsigned count[UCHAR_MAX + 1]) {
    optind = 0; // glibc: start a new scan
    opterr = 0;
    for (int option; (option = next_option(config)) != -1;) {
        count[(unsigned char)option]++;
    }
}

int receiver_options_parse(const struct config *config, struct receiver_arguments *arguments) {
    unsigned left[UCHAR_MAX + 1] = {0};
    enum config_source source = CONFIG_FILE;
    int argc = config->argc;
    char **argv = config->argv;
    parse_retention("30d,10GB", &arguments->options);
    parse_pack_after("18h", &arguments->options);
    set_memory(&arguments->options);
    count_options(config, left);
    optind = 0;
    for (int option; (option = next_option(config)) != -1;) {
        bool ok = true;
        arguments->reading = optind;
        if (config_source_of(config, optind) != source) {
            source = config_source_of(config, optind);
            outlets_end_source(&arguments->outlets);
        }
        left[(unsigned char)option]--;
        if (left[(unsigned char)option] > 0 && !adds_up(option) && option != '?' && option != ':') {
            continue; // a later one counts
        }
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
        case 'P':
            ok = parse_pack_after(optarg, &arguments->options);
            break;
        case 'v':
            ok = parse_memory("--view-memory", optarg, &arguments->options.view_memory_bytes);
            break;
        case 'i':
            ok = parse_memory("--index-memory", optarg, &arguments->options.index_memory_bytes);
            break;
        case 't':
            ok = token_file_read(&arguments->tokens, optarg, RECEIVER_ALL, true);
            break;
        case 'S':
            ok = token_file_read(&arguments->tokens, optarg, RECEIVER_UPLOADS, false);
            break;
        case 'R':
            ok = token_file_read(&arguments->tokens, optarg, RECEIVER_READS, false);
            break;
        case 'C':
            arguments->options.tls_certificate = optarg;
            break;
        case 'K':
            arguments->options.tls_key = optarg;
            break;
        case 's':
            ok = open_symbols(optarg, arguments);
            break;
        case 'o':
            ok = pairs_file_read("receiver", optarg, &arguments->pairs) == STATUS_DONE;
            arguments->options.pairs = arguments->pairs;
            break;
        case 'D':
            ok = source_paths_add(&arguments->sources, "receiver", "source-path", optarg);
            arguments->options.sources = (struct receiver_sources){arguments->sources.list, arguments->sources.count};
            break;
        case 'B':
            ok = source_paths_add(&arguments->binaries, "receiver", "binary-path", optarg);
            break;
        case 'c':
            ok = parse_confine(optarg, arguments);
            break;
        case 'f':
            if (!outlets_add_forward(&arguments->outlets, optarg)) {
                return 3;
            }
            break;
        case 'g':
            ok = parse_age(optarg, &arguments->options.forward_age_ms);
            break;
        case 'y':
            arguments->outlets.forward_key_file = optarg;
            break;
        case 'H':
            if (!outlets_set_header_file(&arguments->outlets, optarg)) {
                return 3;
            }
            break;
        case 'w':
            arguments->outlets.webhook_url = optarg;
            break;
        case 'k':
            arguments->outlets.webhook_secret_file = optarg;
            break;
        case 'u':
            ok = parse_page(optarg, arguments->page);
            arguments->options.page_url = arguments->page;
            break;
        case 'L':
            arguments->options.access_log = optarg;
            break;
        case 'b':
            arguments->options.base_path = optarg;
            break;
        case 'a':
            ok = parse_period("--analysis", optarg, &arguments->options.analysis_ms);
            break;
        case 'F': // read already
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
    arguments->reading = 0;
    if (optind < argc) {
        return diagnostic_usage("receiver", "unexpected argument %s", argv[optind]) + 1;
    }
    open_code(arguments);
    arguments->options.tokens = arguments->tokens.tokens;
    arguments->options.token_count = arguments->tokens.count;
    if (!arguments->options.tls_certificate != !arguments->options.tls_key) {
        return diagnostic_usage("receiver", "--tls-certificate and --tls-key belong together") + 1;
    }
    if (arguments->port_file && arguments->options.listen && strncmp(arguments->options.listen, "unix:", 5) == 0) {
        return diagnostic_usage("receiver", "--port-file does not apply to --listen unix:PATH, which has no port") + 1;
    }
    return 0;
}

void receiver_options_free(struct receiver_arguments *arguments) {
    source_paths_free(&arguments->sources);
    source_paths_free(&arguments->binaries);
    symbol_namer_free(arguments->namer);
    owner_pairs_free(arguments->pairs);
}
