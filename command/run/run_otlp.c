// run_otlp.c: see run_otlp.h.
#include "run_otlp.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../base/vector.h"
#include "../../otlp/otlp.h"
#include "../base/diagnostic.h"
#include "../base/web_address.h"
#include "../send/credentials.h"
#include "../send/target_address.h"
#include "run_options.h"

#define DEFAULT_ENDPOINT "http://localhost:4318"
static const char exporter[] = "OTEL_PROFILES_EXPORTER", resource_attributes[] = "OTEL_RESOURCE_ATTRIBUTES",
                  disabled[] = "OTEL_SDK_DISABLED";

// NULL: not set, or empty.
static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

// OTEL_EXPORTER_OTLP_PROFILES_NAME, else OTEL_EXPORTER_OTLP_NAME, and which of them it is.
static const char *variable_of(const char *name, char from[64]) {
    static const char *const before[] = {"OTEL_EXPORTER_OTLP_PROFILES_", "OTEL_EXPORTER_OTLP_"};
    const char *value = NULL;
    for (size_t i = 0; !value && i < 2; i++) {
        snprintf(from, 64, "%s%s", before[i], name);
        value = variable(from);
    }
    return value;
}

// As the specification reads a switch.
static bool is_disabled(void) {
    const char *text = variable(disabled);
    return text && strcasecmp(text, "true") == 0;
}

bool run_otlp_wanted(void) {
    const char *text = variable(exporter);
    char *copy = text ? strdup(text) : NULL, *rest = copy;
    bool wanted = false, refused = false;
    for (char *word; copy && (word = strsep(&rest, ","));) {
        word += strspn(word, " \t");
        word[strcspn(word, " \t")] = '\0';
        wanted |= strcasecmp(word, "otlp") == 0;
        refused |= strcasecmp(word, "none") == 0;
        if (*word != '\0' && strcasecmp(word, "otlp") != 0 && strcasecmp(word, "none") != 0) {
            diagnostic_note("run", "%s: \"%s\" is not an exporter of profiles, and ignored; otlp and none are", exporter, word);
        }
    }
    free(copy);
    if (wanted && !refused && is_disabled()) {
        diagnostic_note("run", "%s=otlp has no effect: %s=true", exporter, disabled);
    }
    return wanted && !refused && !is_disabled();
}

static bool wrong(const char *from, const char *takes, const char *got) {
    diagnostic_note("run", "%s takes %s, not %s", from, takes, got);
    return false;
}

static bool no_memory(void) {
    diagnostic_error("run", NULL, "%s", strerror(ENOMEM));
    return false;
}

// ---- Where ----

static bool is_web(const char *url) {
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static bool read_endpoint(struct run_otlp *otlp, const char *url) {
    static const char own[] = "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT", all[] = "OTEL_EXPORTER_OTLP_ENDPOINT";
    char from[64], shown[WEB_ADDRESS_SHOWN_BYTES];
    const char *whole = url ? NULL : variable(own), *base = url ? url : variable(all), *protocol = variable_of("PROTOCOL", from);
    if (!url && !whole && protocol && strcmp(protocol, "http/protobuf") != 0) {
        diagnostic_note("run", "%s: profiles are sent as http/protobuf, not as %s: set %s to an address that takes it, such as %s%s", from,
                        protocol, own, DEFAULT_ENDPOINT, target_kinds[RECEIVER_TARGET_OTLP].path);
        return false;
    }
    base = base ? base : DEFAULT_ENDPOINT;
    if (!url && !is_web(whole ? whole : base)) {
        return wrong(whole ? own : all, "http://HOST:PORT or https://HOST:PORT", web_address_shown(whole ? whole : base, shown));
    }
    otlp->url = whole ? strdup(whole) : url ? target_address(RECEIVER_TARGET_OTLP, url) : target_address_below(RECEIVER_TARGET_OTLP, base);
    return otlp->url || no_memory();
}

// ---- Lists ----

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

// "key=value", with escapes as in URLs; ends the key and the value.
static bool cut_pair(char *pair, char **value) {
    char *equals = strchr(pair, '=');
    if (!equals) {
        return false;
    }
    for (const char *escape = equals; (escape = strchr(escape, '%')); escape++) {
        if (!is_hex(escape[1]) || !is_hex(escape[2])) {
            return false;
        }
    }
    *value = equals + 1 + strspn(equals + 1, " \t");
    for (char *end = *value + strlen(*value); end > *value && (end[-1] == ' ' || end[-1] == '\t'); *--end = '\0') {
    }
    do {
        *equals = '\0';
    } while (equals-- > pair && (*equals == ' ' || *equals == '\t'));
    return *pair != '\0';
}

// Calls take with each pair, whose texts it may change. False: one is none, which is not quoted: it may contain a password.
static bool each_pair(const char *from, const char *text, bool (*take)(struct run_otlp *otlp, char *key, char *value),
                      struct run_otlp *otlp) {
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = text ? strdup(text) : NULL, *rest = copy;
    bool ok = copy || !text || no_memory();
    for (char *pair, *value; ok && copy && (pair = strsep(&rest, ","));) {
        pair += strspn(pair, " \t");
        if (*pair != '\0' && !cut_pair(pair, &value)) {
            diagnostic_note("run", "%s: not of the form key=value,key=value", from);
            ok = false;
        } else if (*pair != '\0') {
            ok = take(otlp, pair, value);
        }
    }
    if (copy) {
        explicit_bzero(copy, size);
    }
    free(copy);
    return ok;
}

static bool ignore(struct run_otlp *otlp, char *key, char *value) {
    (void)otlp, (void)key, (void)value;
    return true;
}

// As they will be read by who sends.
static bool check_headers(void) {
    char from[64];
    struct header_list headers = {0};
    const char *text = variable_of("HEADERS", from);
    if (!each_pair(from, text, ignore, NULL)) {
        return false;
    }
    bool ok = headers_set_pairs(&headers, text);
    if (!ok) {
        diagnostic_note("run", "%s: %s", from, headers.fault);
    }
    headers_free(&headers);
    return ok;
}

// ---- Attributes ----

static bool is_off(const char *name) {
    return run_options_switch(name, 1) == 0;
}

static bool tag_is(const char *tag, const char *name) {
    size_t length = strlen(name);
    return strncmp(tag, name, length) == 0 && tag[length] == ':';
}

// Whether DD_TAGS has the tag, or the attribute.
static bool is_tagged(const char *tag, const char *key) {
    const char *text = variable("DD_TAGS");
    bool commas = text && strchr(text, ',');
    char *copy = text ? strdup(text) : NULL, *rest = copy;
    bool has = false;
    for (char *one; copy && (one = strsep(&rest, commas ? "," : " "));) {
        one += strspn(one, " ");
        has |= tag_is(one, tag) || tag_is(one, key);
    }
    free(copy);
    return has;
}

// Whether something that goes before the variable sets it, or it shall not be sent. Without --service, which is looked at before.
static bool is_chosen(const char *tag, const char *key) {
    static const char *const by[][2] = {
        {"service", "DD_SERVICE"}, {"service", "OTEL_SERVICE_NAME"}, {"env", "DD_ENV"}, {"version", "DD_VERSION"}};
    bool chosen = is_tagged(tag, key) || (strcmp(tag, "host") == 0 && is_off("DD_PROFILING_REPORT_HOSTNAME")) ||
                  ((strcmp(tag, "process_id") == 0 || strcmp(tag, "pid") == 0) && is_off("DD_PROFILING_REPORT_PROCESS_ID"));
    for (size_t i = 0; i < sizeof by / sizeof *by; i++) {
        chosen |= strcmp(tag, by[i][0]) == 0 && variable(by[i][1]);
    }
    return chosen;
}

static int hex_of(char c) {
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static void unescape(char *text) {
    char *out = text;
    for (; *text; text++) {
        bool is_escape = *text == '%';
        *out++ = is_escape ? (char)(hex_of(text[1]) * 16 + hex_of(text[2])) : *text;
        text += is_escape ? 2 : 0;
    }
    *out = '\0';
}

static bool add_attribute(struct run_otlp *otlp, char *key, char *value) {
    const char *tag = otlp_tag_of_attribute(key);
    unescape(value);
    if (*value == '\0' || is_chosen(tag, key) || run_otlp_value(otlp, tag)) { // the first of a key holds
        return true;
    }
    if (!VECTOR_RESERVE(otlp->tags, otlp->tag_capacity, otlp->tag_count + 1)) {
        return no_memory();
    }
    struct run_otlp_tag *added = &otlp->tags[otlp->tag_count++];
    *added = (struct run_otlp_tag){strdup(tag), strdup(value)};
    return (added->tag && added->value) || no_memory();
}

static void drop_service(struct run_otlp *otlp) {
    for (size_t i = 0; i < otlp->tag_count; i++) {
        if (strcmp(otlp->tags[i].tag, "service") == 0) {
            free(otlp->tags[i].tag);
            free(otlp->tags[i].value);
            otlp->tags[i] = otlp->tags[--otlp->tag_count];
            return;
        }
    }
}

const char *run_otlp_value(const struct run_otlp *otlp, const char *tag) {
    for (size_t i = 0; i < otlp->tag_count; i++) {
        if (strcmp(otlp->tags[i].tag, tag) == 0) {
            return otlp->tags[i].value;
        }
    }
    return NULL;
}

// ---- How ----

static bool read_compression(struct run_otlp *otlp) {
    char from[64];
    const char *text = variable_of("COMPRESSION", from);
    otlp->is_plain = text && strcmp(text, "none") == 0;
    return !text || otlp->is_plain || strcmp(text, "gzip") == 0 || wrong(from, "gzip or none", text);
}

// 0 is no limit by the specification, which allows a very long time for that.
static bool read_timeout(struct run_otlp *otlp) {
    char from[64], *end = NULL;
    const char *text = variable_of("TIMEOUT", from);
    errno = 0;
    unsigned long long ms = text ? strtoull(text, &end, 10) : 0;
    if (text && (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || ms > INT_MAX)) {
        return wrong(from, "a number of milliseconds", text);
    }
    otlp->timeout_ms = !text ? 0 : ms == 0 ? INT_MAX : (long)ms;
    return true;
}

static bool has_certificate(FILE *file) {
    char line[200];
    bool has = false;
    while (!has && fgets(line, sizeof line, file)) {
        has = strncmp(line, "-----BEGIN CERTIFICATE-----", 27) == 0;
    }
    return has;
}

static bool read_certificates(struct run_otlp *otlp) {
    char from[64];
    const char *path = variable_of("CERTIFICATE", from);
    FILE *file = path ? fopen(path, "re") : NULL;
    bool has = file && has_certificate(file);
    if (path && !has) {
        diagnostic_note("run", "%s: %s%s%s", from, path, file ? "" : ": ", file ? " has no certificates in PEM form" : strerror(errno));
    }
    if (file) {
        fclose(file);
    }
    otlp->certificates = path;
    return !path || has;
}

// The client does not show a certificate of its own.
static void warn_of_client_certificate(void) {
    static const char *const names[] = {"CLIENT_CERTIFICATE", "CLIENT_KEY"};
    char from[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (variable_of(names[i], from)) {
            diagnostic_note("run", "%s has no effect: certificates of clients (mTLS) are not supported", from);
        }
    }
}

bool run_otlp_read(struct run_otlp *otlp, const char *url, const char *service) {
    *otlp = (struct run_otlp){.is_chosen = !url};
    bool ok = read_endpoint(otlp, url) && check_headers() && read_compression(otlp) && read_timeout(otlp) && read_certificates(otlp) &&
              each_pair(resource_attributes, variable(resource_attributes), add_attribute, otlp);
    if (service) {
        drop_service(otlp);
    }
    warn_of_client_certificate();
    return ok;
}

void run_otlp_free(struct run_otlp *otlp) {
    for (size_t i = 0; i < otlp->tag_count; i++) {
        free(otlp->tags[i].tag);
        free(otlp->tags[i].value);
    }
    free(otlp->tags);
    free(otlp->url);
    *otlp = (struct run_otlp){0};
}
