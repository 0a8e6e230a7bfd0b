// suspects_command.c: `cmemprof suspects URL`: what a receiver suspects: of each service with a finding its worst, as a table.
#include "../base/clock.h"
#include "../client/download.h"
#include "../foreign/json_scan.h"
#include "base/diagnostic.h"
#include "base/options.h"
#include "base/text.h"
#include "base/web_address.h"
#include "commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "usage: cmemprof suspects [OPTIONS] URL\n"
    "\n"
    "Prints the services with a finding in the last 6 hours, as a receiver knows them, the worst first: what it is, how\n"
    "fast it grows, how much has come since when, the time until the memory limit, the version, and a link to the evidence.\n"
    "URL is the address of the receiver's page: http://127.0.0.1:8126, or with a token http://HOST/t/TOKEN.\n"
    "\n"
    "  --json               the receiver's answer as it is (docs/receiver.md, Suspects)\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};

enum { MAX_ANSWER = 16 << 20, NAME_BYTES = 220, WHAT_BYTES = 300, FRESH_MS = 5 * 60 * 1000 };

// ---- Reading ----

struct row {
    char severity[16], service[NAME_BYTES], kind[64], site[NAME_BYTES], version[NAME_BYTES];
    double slope, kept, limit_seconds, limit_from_ms, since_ms, others; // NAN: not known
    bool brought;
};

static void read_text(struct json_scan *scan, char *text, size_t size) {
    struct span span;
    text[0] = '\0';
    if (json_scan_text_or_skip(scan, &span)) {
        snprintf(text, size, "%.*s", (int)span.size, span.at);
    }
}

static double read_number(struct json_scan *scan) {
    double number;
    return json_scan_number_or_skip(scan, &number) ? number : NAN;
}

static void read_member(struct json_scan *scan, struct span key, struct row *row) {
    const struct {
        const char *name;
        char *text;
        size_t size;
    } texts[] = {{"severity", row->severity, sizeof row->severity},
                 {"service", row->service, sizeof row->service},
                 {"kind", row->kind, sizeof row->kind},
                 {"site", row->site, sizeof row->site},
                 {"version", row->version, sizeof row->version}};
    const struct {
        const char *name;
        double *number;
    } numbers[] = {{"slope_bytes_per_minute", &row->slope}, {"kept_bytes", &row->kept},   {"limit_seconds", &row->limit_seconds},
                   {"limit_from_ms", &row->limit_from_ms},  {"since_ms", &row->since_ms}, {"others", &row->others}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (span_is(key, texts[i].name)) {
            read_text(scan, texts[i].text, texts[i].size);
            return;
        }
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (span_is(key, numbers[i].name)) {
            *numbers[i].number = read_number(scan);
            return;
        }
    }
    row->brought |= span_is(key, "version_brought_it") && json_scan_peek(scan) == 't';
    json_scan_skip(scan);
}

// ---- Printing ----

static const char *bytes_text(double bytes, bool is_rate, char text[TEXT_VALUE_BYTES + 8]) {
    char value[TEXT_VALUE_BYTES];
    if (!isfinite(bytes) || fabs(bytes) > 1e18) {
        return "-";
    }
    if (is_rate) {
        snprintf(text, TEXT_VALUE_BYTES + 8, "%s/min", text_change((int64_t)bytes, "bytes", NULL, value));
    } else {
        snprintf(text, TEXT_VALUE_BYTES + 8, "%s", text_value((int64_t)bytes, "bytes", value));
    }
    return text;
}

static const char *limit_text(double seconds, char text[40]) {
    if (!isfinite(seconds) || seconds > 1e9) {
        return "-";
    }
    long minutes = (long)(seconds / 60);
    if (seconds <= 0) {
        snprintf(text, 40, "reached");
    } else if (minutes < 60) {
        snprintf(text, 40, "in %ld min", minutes);
    } else if (minutes < 48 * 60) {
        snprintf(text, 40, "in %ld h %ld min", minutes / 60, minutes % 60);
    } else {
        snprintf(text, 40, "in %ld days", minutes / 60 / 24);
    }
    return text;
}

static const char *since_text(double ms, char text[40]) {
    time_t seconds = isfinite(ms) && fabs(ms) < 1e15 ? (time_t)(ms / 1000) : 0;
    struct tm when;
    if (!isfinite(ms) || !localtime_r(&seconds, &when) || strftime(text, 40, "%b %d %H:%M", &when) == 0) {
        return "-";
    }
    return text;
}

static const char *severity_text(const char *severity) {
    static const char *const known[] = {"high", "medium", "low", NULL};
    int at = options_choice(severity, known);
    return at < 0 ? "" : known[at];
}

struct answer {
    double from_ms, made_ms, services, processes;
    double uploads_left_out, not_examined, by_totals, findings_left_out;
    bool by_measures, has_failed;
};

// How old the limit's seconds are, which count from the newest upload; 0 where a clock is behind.
static double limit_age_ms(const struct row *row, const struct answer *answer, double now_ms) {
    double from_ms = isfinite(row->limit_from_ms) ? row->limit_from_ms : answer->made_ms;
    return now_ms > from_ms ? now_ms - from_ms : 0;
}

static void put_row(const struct row *row, const char *page, const struct answer *answer, FILE *out) {
    double now_ms = (double)clock_ns(CLOCK_REALTIME) / 1e6, age_ms = limit_age_ms(row, answer, now_ms);
    char growth[TEXT_VALUE_BYTES + 8], kept[TEXT_VALUE_BYTES + 8], limit[40], since[40], what[WHAT_BYTES];
    snprintf(what, sizeof what, "%s%s%s", row->kind, *row->site ? " in " : "", row->site);
    for (char *at = what; at < what + strlen(row->kind); at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    fprintf(out, "%-7s %14s %10s %14s  %-13s ", severity_text(row->severity), bytes_text(row->slope, true, growth),
            bytes_text(row->kept, false, kept), limit_text(row->limit_seconds - age_ms / 1000, limit), since_text(row->since_ms, since));
    text_put(*row->service ? row->service : "(no service)", out);
    if (row->others > 0) {
        fprintf(out, " (+%.0f)", row->others);
    }
    fputs(": ", out);
    text_put(what, out);
    if (*row->version) {
        fputs(row->brought ? ", brought by version " : ", version ", out);
        text_put(row->version, out);
    }
    if (isfinite(row->limit_seconds) && age_ms > FRESH_MS) {
        fprintf(out, ", limit as of %s", since_text(now_ms - age_ms, since));
    }
    char query[3 * NAME_BYTES + 16] = "";
    web_address_add(query, sizeof query, "service", row->service);
    fprintf(out, "\n        %s/profile?%s&from=%.0f&to=%.0f&tab=analysis\n", page, query, answer->from_ms, answer->made_ms + 1);
}

static void put_gap(double count, const char *text, FILE *out) {
    if (count > 0) {
        fprintf(out, "Not looked at: %.0f %s.\n", count, text);
    }
}

// What suspects may be missing for.
static void put_gaps(const struct answer *answer, FILE *out) {
    put_gap(answer->not_examined, "processes, without memory, CPU time or goroutines in any upload, or just arrived", out);
    put_gap(answer->by_totals, "processes' stacks, their totals alone", out);
    put_gap(answer->uploads_left_out, "uploads, the older ones", out);
    put_gap(answer->findings_left_out, "findings, the less severe ones", out);
    if (answer->has_failed) {
        fputs("The last analysis of the receiver has failed: what is here is older, or of figures alone.\n", out);
    }
}

static bool read_about(struct json_scan *scan, struct span key, struct answer *answer) {
    const struct {
        const char *name;
        double *number;
    } numbers[] = {{"from_ms", &answer->from_ms},
                   {"made_ms", &answer->made_ms},
                   {"services", &answer->services},
                   {"processes", &answer->processes},
                   {"uploads_left_out", &answer->uploads_left_out},
                   {"processes_not_examined", &answer->not_examined},
                   {"processes_by_totals", &answer->by_totals},
                   {"findings_left_out", &answer->findings_left_out}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (span_is(key, numbers[i].name)) {
            *numbers[i].number = read_number(scan);
            return true;
        }
    }
    bool *flag = span_is(key, "by_measures_alone") ? &answer->by_measures : span_is(key, "analysis_failed") ? &answer->has_failed : NULL;
    if (flag) {
        *flag = json_scan_peek(scan) == 't';
        json_scan_skip(scan);
    }
    return flag;
}

// The rows come last.
static bool put_answer(const struct download *download, const char *page, FILE *out) {
    struct json_scan scan = json_scan_of(download->bytes, download->size);
    struct span key;
    struct answer answer = {0};
    bool any = false, whole = false;
    json_scan_object(&scan);
    while (json_scan_member(&scan, &key)) {
        if (read_about(&scan, key, &answer)) {
            continue;
        }
        if (span_is(key, "suspects") && json_scan_peek(&scan) == '[') {
            whole = true;
            json_scan_array(&scan);
            while (json_scan_item(&scan)) {
                struct row row = {.slope = NAN, .kept = NAN, .limit_seconds = NAN, .limit_from_ms = NAN, .since_ms = NAN};
                json_scan_object(&scan);
                while (json_scan_member(&scan, &key)) {
                    read_member(&scan, key, &row);
                }
                if (!any) {
                    fprintf(out, "%-7s %14s %10s %14s  %-13s WHAT\n", "", "GROWTH", "KEPT", "LIMIT", "SINCE");
                }
                any = true;
                put_row(&row, page, &answer, out);
            }
        } else {
            json_scan_skip(&scan);
        }
    }
    bool ok = !scan.fault && !scan.no_memory && whole;
    if (ok && !any) {
        fprintf(out, "No suspects among %.0f services with %.0f processes.\n", answer.services, answer.processes);
    }
    if (ok && answer.by_measures) {
        fputs("By figures alone: the receiver has not looked at stacks yet, and does so now.\n", out);
    }
    if (ok) {
        put_gaps(&answer, out);
    }
    json_scan_free(&scan);
    return ok;
}

// ---- Command ----

// Returns -1 to continue, or the exit status.
static int parse(int argc, char **argv, bool *json) {
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long_only(argc, argv, ":", options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(usage, stdout);
            return STATUS_DONE;
        }
        if (option != 'j') {
            return options_error("suspects", option, argv);
        }
        *json = true;
    }
    if (argc - optind != 1) {
        return diagnostic_usage("suspects", argc == optind ? "which receiver? Give its URL" : "one URL at a time");
    }
    return web_address_is(argv[optind]) ? -1 : diagnostic_usage("suspects", "%s is not a URL", argv[optind]);
}

static int run(const char *url, bool json) {
    char shown[WEB_ADDRESS_SHOWN_BYTES], *address = NULL;
    size_t length = strlen(url);
    struct download download = {0};
    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    if (asprintf(&address, "%.*s/api/suspects", (int)length, url) < 0) {
        return diagnostic_error("suspects", NULL, "no memory");
    }
    int status = STATUS_DONE;
    if (!download_get(address, NULL, 0, MAX_ANSWER, &download)) {
        status = diagnostic_error("suspects", web_address_shown(url, shown), "%s", download.text);
    } else if (json) {
        fwrite(download.bytes, 1, download.size, stdout);
        putchar('\n');
    } else {
        address[length] = '\0'; // the page
        if (!put_answer(&download, web_address_shown(address, shown), stdout)) {
            status = diagnostic_error("suspects", web_address_shown(url, shown), "the answer is not that of a receiver");
        }
    }
    if (status == STATUS_DONE && (fflush(stdout) != 0 || ferror(stdout))) {
        status = diagnostic_error("suspects", NULL, "the output cannot be written");
    }
    free(download.bytes);
    free(address);
    return status;
}

int suspects_command(int argc, char **argv) {
    bool json = false;
    int status = parse(argc, argv, &json);
    return status >= 0 ? status : run(argv[optind], json);
}
