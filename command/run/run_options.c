// run_options.c: parses and checks options (run_options.h).
#include "run_options.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../cmemprof/cmemprof.h"
#include "../../upload/upload.h"
#include "run_gate.h"
#include "../base/options.h"
#include "../base/diagnostic.h"
#include "../base/web_address.h"

enum { AGENT_PERIOD_MS = 60000 };

static const char usage[] =
    "usage: cmemprof run [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
    "\n"
    "Runs a program and samples what it allocates with malloc and its family. Works for any dynamically linked program without a\n"
    "rebuild. The exit status is the program's. With `go test` it is each test binary that is profiled.\n"
    "\n"
    "  -o, --output FILE     the profile, a pprof file, written when the program ends (default cmemprof.%e.%p.pprof: %e is the\n"
    "                        program's name, %p its process ID)\n"
    "      --agent URL       send one profile per period to a Datadog Agent or cmemprof receiver instead: http://localhost:8126,\n"
    "                        unix:///path; -: that of $CMEMPROF_AGENT, which other users do not see\n"
    "      --otlp URL        the same to an OpenTelemetry collector, or what takes its protocol: http://localhost:4318\n"
    "                        (default with OTEL_PROFILES_EXPORTER=otlp: $OTEL_EXPORTER_OTLP_ENDPOINT)\n"
    "      --pyroscope URL   the same to Grafana Pyroscope: http://localhost:4040\n"
    "      --service NAME    with these three: name of the service (default $DD_SERVICE, $OTEL_SERVICE_NAME or the program's name)\n"
    "      --period TIME     500ms, 10s, 1m: how often to send (default 60s) or to rewrite FILE (default: only at the end)\n"
    "      --signal NAME     write FILE.1, FILE.2, ... when the program gets this signal: USR1, USR2, ... (default: none); with --agent\n"
    "                        and its like send one more profile\n"
    "      --rate BYTES      mean bytes between two samples; 1 samples every allocation; suffix K or M (default 512K)\n"
    "      --cpu             also sample CPU time, and of Python's threads wall time: FILE.cpu, or cpu.pprof in what is sent\n"
    "      --follow-children also profile the processes it starts, and wait for them (default: --no-follow-children)\n"
    "      --attach PID      instead of a program: send what process PID and its children write into --directory DIR, until they have "
    "ended\n"
    "                        (cmemprof.profiling of Python starts it so)\n"
    "      --directory DIR   with --attach: a private directory named cmemprof-run-..., removed at the end\n"
    "      --without-c\n"
    "                        run a Go program without C code as it is: its C memory is 0 (go test makes such "
    "binaries)\n" RUN_GATE_USAGE "\n"
    "To read the profile: cmemprof top FILE, or go tool pprof FILE.\n";

static int wrong(const char *option, const char *takes, const char *got) {
    diagnostic_usage("run", "--%s takes %s, not %s", option, takes, got);
    return RUN_STATUS_FAILED;
}

// Parses a whole number > 0 with a unit. *number: times the unit's factor, at most max.
static bool parse_number(const char *text, const char *const *units, const uint64_t *factors, uint64_t max, uint64_t *number) {
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || value == 0) {
        return false;
    }
    for (size_t i = 0; units[i]; i++) {
        if (strcasecmp(end, units[i]) == 0) {
            return value <= max / factors[i] && (*number = value * factors[i]) > 0;
        }
    }
    return false;
}

static bool parse_rate(const char *text, uint64_t *bytes) {
    static const char *const units[] = {"", "K", "KiB", "M", "MiB", NULL};
    static const uint64_t factors[] = {1, 1 << 10, 1 << 10, 1 << 20, 1 << 20};
    return parse_number(text, units, factors, (uint64_t)1 << 40, bytes);
}

static bool parse_period(const char *text, uint64_t *ms) {
    static const char *const units[] = {"", "s", "ms", "m", "min", "h", NULL};
    static const uint64_t factors[] = {1000, 1000, 1, 60000, 60000, 3600000};
    return parse_number(text, units, factors, INT32_MAX, ms) && *ms >= 100;
}

// run_sender.c takes 0 for the default, so anything but a number from 1 is refused here.
static bool check_spool_bytes(void) {
    static const char *const units[] = {"", NULL};
    static const uint64_t factors[] = {1};
    const char *text = getenv("DD_PROFILING_SPOOL_MAX_BYTES");
    uint64_t bytes;
    if (!text || text[0] == '\0' || parse_number(text, units, factors, INT64_MAX, &bytes)) {
        return true;
    }
    diagnostic_usage("run", "DD_PROFILING_SPOOL_MAX_BYTES takes a number of bytes from 1, not %s", text);
    return false;
}

int run_options_switch(const char *name, int otherwise) {
    static const char *const words[] = {"0", "1", "f", "t", "false", "true"};
    const char *text = getenv(name);
    if (!text || text[0] == '\0') {
        return otherwise;
    }
    for (int i = 0; i < (int)(sizeof words / sizeof *words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return i & 1;
        }
    }
    return -1;
}

// What shall not be sent must not be sent because of a slip of the pen.
static bool check_switches(void) {
    static const char *const names[] = {"DD_PROFILING_REPORT_HOSTNAME", "DD_PROFILING_REPORT_PROCESS_ID",
                                        "DD_PROFILING_REPORT_SOURCE_PATHS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (run_options_switch(names[i], 1) < 0) {
            diagnostic_usage("run", "%s takes true or false, not %s", names[i], getenv(names[i]));
            return false;
        }
    }
    return true;
}

static bool check_spool_directory(void) {
    const char *directory = getenv("DD_PROFILING_SPOOL_DIR");
    char text[200];
    if (!directory || directory[0] == '\0' || upload_spool_check(directory, text, sizeof text)) {
        return true;
    }
    diagnostic_usage("run", "DD_PROFILING_SPOOL_DIR cannot be %s: %s", directory, text);
    return false;
}

// Parses "USR2", "SIGUSR2", "12". Refuses KILL and STOP, which cannot be caught, CHLD, and those of faults.
static bool parse_signal(const char *text, int *number) {
    const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    char *end;
    long value = strtol(name, &end, 10);
    if (*end != '\0' || end == name) {
        value = 0;
        for (int i = 1; i < NSIG && value == 0; i++) {
            const char *known = sigabbrev_np(i);
            value = known && strcasecmp(known, name) == 0 ? i : 0;
        }
    }
    *number = (int)value;
    return value > 0 && value <= SIGRTMAX && value != SIGKILL && value != SIGSTOP && value != SIGCHLD && value != SIGSEGV &&
           value != SIGBUS && value != SIGILL && value != SIGFPE;
}

// "71", or "71@140722700000000", with the place of its stack.
static bool parse_process(const char *text, long *pid, unsigned long long *stack) {
    static const char *const units[] = {"", NULL};
    static const uint64_t factors[] = {1};
    char number[24];
    const char *at = strchr(text, '@');
    uint64_t process = 0, place = 0;
    size_t length = at ? (size_t)(at - text) : strlen(text);
    if (length >= sizeof number) {
        return false;
    }
    memcpy(number, text, length);
    number[length] = '\0';
    bool ok = parse_number(number, units, factors, INT32_MAX, &process) && (!at || parse_number(at + 1, units, factors, INT64_MAX, &place));
    *pid = (long)process;
    *stack = place;
    return ok;
}

// Returns 0 to continue, or the exit status plus one.
static int take_agent(struct run_options *options) {
    if (strcmp(optarg, "-") == 0) { // an address with a password is nobody else's to read
        optarg = getenv("CMEMPROF_AGENT");
        unsetenv("CMEMPROF_AGENT");
        if (!optarg || optarg[0] == '\0') {
            diagnostic_usage("run", "--agent - takes the address from $CMEMPROF_AGENT, which is not set");
            return RUN_STATUS_FAILED + 1;
        }
    }
    char shown[WEB_ADDRESS_SHOWN_BYTES];
    if (options->agent) {
        diagnostic_usage("run", "profiles are sent to one address: --agent, --otlp and --pyroscope exclude each other");
        return RUN_STATUS_FAILED + 1;
    }
    options->agent = optarg;
    return strncmp(optarg, "http://", 7) != 0 && strncmp(optarg, "https://", 8) != 0 && strncmp(optarg, "unix:///", 8) != 0
               ? wrong("agent", "http://HOST:PORT, https://HOST:PORT or unix:///PATH", web_address_shown(optarg, shown)) + 1
               : 0;
}

static int take_engine(struct run_options *options, const char *name, enum receiver_target_kind kind) {
    char shown[WEB_ADDRESS_SHOWN_BYTES];
    options->kind = kind;
    if (strncmp(optarg, "unix:", 5) == 0) {
        return wrong(name, "http://HOST:PORT or https://HOST:PORT", web_address_shown(optarg, shown)) + 1;
    }
    return take_agent(options);
}

// Returns the same.
static int take(int option, char **argv, struct run_options *options) {
    switch (option) {
    case 'o':
        options->output = optarg;
        return strcmp(optarg, "-") == 0 ? wrong("output", "a file (standard output is the program's)", optarg) + 1 : 0;
    case 'a':
        return take_agent(options);
    case 't':
        return take_engine(options, "otlp", RECEIVER_TARGET_OTLP);
    case 'y':
        return take_engine(options, "pyroscope", RECEIVER_TARGET_PYROSCOPE);
    case 'n':
        options->service = optarg;
        return 0;
    case 'p':
        return parse_period(optarg, &options->period_ms) ? 0 : wrong("period", "a time from 100ms, such as 10s or 1m", optarg) + 1;
    case 's':
        return parse_signal(optarg, &options->signal) ? 0 : wrong("signal", "the name of a signal, such as USR2", optarg) + 1;
    case 'r':
        return parse_rate(optarg, &options->rate_bytes) ? 0 : wrong("rate", "a number of bytes from 1, such as 512K", optarg) + 1;
    case 'f':
        options->follow_children = true;
        return 0;
    case 'c':
        options->cpu = true;
        return 0;
    case 'C':
        options->without_c = true;
        return 0;
    case 'A':
        return parse_process(optarg, &options->attach, &options->attach_stack) ? 0 : wrong("attach", "the number of a process", optarg) + 1;
    case 'd':
        options->directory = optarg;
        return 0;
    case 'F':
        options->follow_children = false;
        return 0;
    case 'i':
        return run_gate_take_rule(&options->gate, optarg) == 0 ? 0 : RUN_STATUS_FAILED + 1;
    case 'S':
        return gate_take_summary("run", &options->gate, optarg) == 0 ? 0 : RUN_STATUS_FAILED + 1;
    case 'h':
        fputs(usage, stdout);
        return 1;
    default:
        options_error("run", option, argv);
        return RUN_STATUS_FAILED + 1;
    }
}

// The option that says where the profile goes; NULL: none. --fail-if looks at a file.
static const char *said_by(const struct run_options *options) {
    if (options->agent) {
        return options->kind == RECEIVER_TARGET_PYROSCOPE ? "--pyroscope" : "--agent";
    }
    return options->output ? "--output" : options->gate.count > 0 ? "--fail-if" : options->gate.summary_count > 0 ? "--summary" : NULL;
}

// By the option, or by the environment where no option says where the profile goes. What is wrong in the environment does not keep a
// program from starting that did not ask for it by the option.
static bool read_otlp(struct run_options *options) {
    bool by_option = options->agent && options->kind == RECEIVER_TARGET_OTLP;
    const char *said = by_option ? NULL : said_by(options);
    if (!by_option && !run_otlp_wanted()) {
        return true;
    }
    if (said) {
        diagnostic_note("run", "OTEL_PROFILES_EXPORTER=otlp has no effect: %s says where the profile goes", said);
        return true;
    }
    if (!run_otlp_read(&options->otlp, options->agent, options->service)) {
        run_otlp_free(&options->otlp);
        if (!by_option) {
            diagnostic_note("run", "OTEL_PROFILES_EXPORTER=otlp has no effect: the profile is written to a file");
        }
        return !by_option;
    }
    options->kind = RECEIVER_TARGET_OTLP;
    options->agent = options->agent ? options->agent : options->otlp.url;
    return true;
}

void run_options_settle(struct run_options *options, const char *name) {
    const char *service = getenv("DD_SERVICE"), *otel = getenv("OTEL_SERVICE_NAME");
    service = service && service[0] != '\0' ? service : otel;
    service = service && service[0] != '\0' ? service : run_otlp_value(&options->otlp, "service");
    if (!options->service) {
        options->service = service && service[0] != '\0' ? service : name;
    }
    if (options->period_ms == 0) {
        options->period_ms = options->agent ? AGENT_PERIOD_MS : 0;
    }
}

// --attach PID takes no program.
static bool check_attach(const struct run_options *options, bool has_program) {
    if (options->attach != 0 && (!options->directory || !options->agent || has_program)) {
        diagnostic_usage("run", "--attach needs --directory and --agent, --otlp or --pyroscope, and takes no program");
        return false;
    }
    if (options->directory && options->attach == 0) {
        diagnostic_usage("run", "--directory needs --attach");
        return false;
    }
    return true;
}

int run_options_parse(int argc, char **argv, struct run_options *options) {
    static const struct option known[] = {{"output", required_argument, NULL, 'o'},
                                          {"agent", required_argument, NULL, 'a'},
                                          {"otlp", required_argument, NULL, 't'},
                                          {"pyroscope", required_argument, NULL, 'y'},
                                          {"service", required_argument, NULL, 'n'},
                                          {"period", required_argument, NULL, 'p'},
                                          {"signal", required_argument, NULL, 's'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"follow-children", no_argument, NULL, 'f'},
                                          {"no-follow-children", no_argument, NULL, 'F'},
                                          {"cpu", no_argument, NULL, 'c'},
                                          {"without-c", no_argument, NULL, 'C'},
                                          {"attach", required_argument, NULL, 'A'},
                                          {"directory", required_argument, NULL, 'd'},
                                          {"fail-if", required_argument, NULL, 'i'},
                                          {"summary", required_argument, NULL, 'S'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"h", no_argument, NULL, 'h'},
                                          {0}};
    *options = (struct run_options){.rate_bytes = CMEMPROF_DEFAULT_INTERVAL_BYTES};
    optind = 0;
    opterr = 0;
    for (int option;
         (option = getopt_long_only(argc, argv, "+:o:", known, NULL)) != -1;) { // +: options after the program are the program's
        int done = take(option, argv, options);
        if (done != 0) {
            return done - 1;
        }
    }
    if (optind == argc && options->attach == 0) {
        diagnostic_usage("run", "which program?");
        return RUN_STATUS_FAILED;
    }
    if (!read_otlp(options)) {
        return RUN_STATUS_FAILED;
    }
    if (!check_attach(options, optind < argc)) {
        return RUN_STATUS_FAILED;
    }
    if (options->output && options->agent) {
        diagnostic_usage("run", "--output, and --agent, --otlp or --pyroscope exclude each other");
        return RUN_STATUS_FAILED;
    }
    if (options->service && !options->agent) {
        diagnostic_usage("run", "--service needs --agent, --otlp or --pyroscope");
        return RUN_STATUS_FAILED;
    }
    if (options->agent && options->gate.count > 0) {
        diagnostic_usage("run", "--fail-if looks at FILE, and with --agent there is none");
        return RUN_STATUS_FAILED;
    }
    if (gate_settle("run", &options->gate, false) != 0) {
        return RUN_STATUS_FAILED;
    }
    if (options->agent && (!check_spool_bytes() || !check_spool_directory() || !check_switches())) {
        return RUN_STATUS_FAILED;
    }
    options->argv = argv + optind;
    return -1;
}
