// outlets.c: starts the processes that send for the receiver (outlets.h).
#include "outlets.h"
#include "../../client/address.h"
#include "../../client/sender.h"
#include "../base/diagnostic.h"
#include "credentials.h"
#include "target_address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_BYTES = 200, FORWARD_TIMEOUT_MS = 30 * 1000 };

struct outlet {
    struct outlet *next;
    struct sender *sender;
    struct receiver_target target;            // of the webhook its outlet
    char name[NAME_BYTES], *key, *former_key; // former_key: NULL: none
};

// ---- Addresses ----

// Without user, password and parameters: for messages.
static void name_of(const char *url, char name[NAME_BYTES]) {
    const char *scheme = strstr(url, "://"), *host = scheme ? scheme + 3 : url;
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);
    int prefix = (int)(host - url);
    host = at ? at + 1 : host;
    snprintf(name, NAME_BYTES, "%.*s%.*s", prefix, url, (int)strcspn(host, "?#"), host);
}

// A path that is not one of these may have a secret in it.
static void hide_path(char name[NAME_BYTES], const char *own) {
    char *scheme = strstr(name, "://"), *path = scheme ? strchr(scheme + 3, '/') : NULL;
    if (path && strcmp(path, own) != 0 && strcmp(path, "/api/v2/profile") != 0) {
        snprintf(path, (size_t)(name + NAME_BYTES - path), "%s", strlen(own) > 0 ? "/..." : "");
    }
}

static bool is_usable(const char *option, const char *url) {
    struct upload_address address;
    char reason[160];
    upload_address_check(url, &address, reason, sizeof reason);
    if (!address.usable) {
        diagnostic_usage("receiver", "%s: %s", option, address.no_memory ? strerror(ENOMEM) : reason);
    }
    return address.usable;
}

// ---- Processes ----

static void send_by(void *sender, const struct upload_request *request, struct upload_result *result) {
    sender_send(sender, request, result);
}

static void cancel_by(void *sender) {
    sender_cancel(sender);
}

static uint64_t restarts_of(void *sender) {
    return sender_restarts(sender);
}

// From the environment. A header has what a process needs of them.
static void forget_secrets(void) {
    static const char *const secrets[] = {"CMEMPROF_FORWARD_KEY", "CMEMPROF_WEBHOOK_SECRET", "OTEL_EXPORTER_OTLP_PROFILES_HEADERS",
                                          "OTEL_EXPORTER_OTLP_HEADERS", "PYROSCOPE_BASIC_AUTH_PASSWORD"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        credentials_forget(secrets[i]);
    }
}

// In a process that sends.
static void forget_all(void *context) {
    struct outlets *outlets = context;
    forget_secrets();
    if (outlets->key) {
        explicit_bzero(outlets->key, SECRET_BYTES);
    }
    for (size_t i = 0; i < sizeof outlets->foreign / sizeof *outlets->foreign; i++) {
        if (outlets->foreign[i] > 0) {
            close(outlets->foreign[i]);
        }
    }
}

static struct outlet *start(struct outlets *outlets, const struct sender_options *options) {
    struct outlet *outlet = calloc(1, sizeof *outlet);
    fflush(stdout); // a process has a copy of what is not written yet
    if (outlet && !(outlet->sender = sender_start(options))) {
        free(outlet);
        outlet = NULL;
    }
    if (!outlet) {
        diagnostic_error("receiver", "a process that sends cannot start", "%s", strerror(errno));
        return NULL;
    }
    name_of(options->url, outlet->name);
    outlet->target.outlet = (struct receiver_outlet){
        .send = send_by, .cancel = cancel_by, .restarts = restarts_of, .sender = outlet->sender, .name = outlet->name};
    outlet->next = outlets->first;
    outlets->first = outlet;
    return outlet;
}

static bool start_webhook(struct outlets *outlets, struct receiver_options *options) {
    static const char *const headers[] = {"Content-Type: application/json", "User-Agent: cmemprof"};
    char secret[SECRET_BYTES];
    if (!is_usable("--webhook", outlets->webhook_url) ||
        !credentials_secret(outlets->webhook_secret_file, "CMEMPROF_WEBHOOK_SECRET", secret)) {
        return false;
    }
    struct outlet *outlet = start(outlets, &(struct sender_options){.url = outlets->webhook_url,
                                                                    .headers = headers,
                                                                    .header_count = sizeof headers / sizeof *headers,
                                                                    .secret = *secret ? secret : NULL,
                                                                    .is_raw = true,
                                                                    .forget = forget_all,
                                                                    .context = outlets});
    explicit_bzero(secret, sizeof secret);
    if (outlet) {
        hide_path(outlet->name, "");
    }
    options->webhook = outlet ? &outlet->target.outlet : NULL;
    return outlet;
}

// ---- Forwarding ----

static bool has_password(const char *text) {
    const char *host = strstr(text, "://");
    return host && memchr(host + 3, '@', strcspn(host + 3, "/?#"));
}

bool outlets_add_forward(struct outlets *outlets, const char *text) {
    int kind = target_kind_of(text);
    if (kind < 0 || outlets->forward_count == OUTLETS_FORWARDS) {
        const char *fault = kind < 0 ? "--forward takes datadog:URL, otlp:URL or pyroscope:URL" : "--forward: at most 8 targets";
        return diagnostic_usage("receiver", "%s", fault) == 0;
    }
    if (!is_usable("--forward", text + strlen(target_kinds[kind].word))) {
        return false;
    }
    if (has_password(text)) {
        const char *fault = "--forward: every user of the machine can read a password in an address: it belongs into --forward-header-file";
        return diagnostic_usage("receiver", "%s", fault) == 0;
    }
    outlets->forwards[outlets->forward_count++] = text;
    return true;
}

void outlets_end_source(struct outlets *outlets) {
    outlets->forward_start = outlets->forward_count;
}

bool outlets_set_header_file(struct outlets *outlets, const char *path) {
    const char **file = outlets->forward_count > outlets->forward_start ? &outlets->forward_header_files[outlets->forward_count - 1] : NULL;
    if (!file || *file) {
        const char *fault =
            file ? "--forward-header-file: one for each --forward"
                 : "--forward-header-file stands behind the --forward it is for, both in the file, the environment or the command line";
        return diagnostic_usage("receiver", "%s", fault) == 0;
    }
    *file = path;
    return true;
}

// Each has its own name, which is a label of metrics.
static void tell_apart(const struct outlets *outlets, size_t count, char name[NAME_BYTES]) {
    size_t length = strlen(name), number = 1;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(outlets->targets[i]->outlet.name, name) == 0) {
            length = length < NAME_BYTES - 5 ? length : NAME_BYTES - 5;
            snprintf(name + length, NAME_BYTES - length, "#%zu", ++number);
            i = (size_t)-1; // from the first one
        }
    }
}

static bool has_key(const struct outlets *outlets, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(outlets->targets[i]->key, key) == 0) {
            return true;
        }
    }
    return false;
}

// The same address may be several tenants: the file of their headers tells them apart, whichever others there are and in whatever order,
// and not what is in it, which changes when a password does: else a new password would make a new target.
static bool make_key(const struct outlets *outlets, size_t count, struct outlet *outlet, int kind, const char *file) {
    bool ok = asprintf(&outlet->key, "%s%s%s%s", target_kinds[kind].word, outlet->name, file ? " " : "", file ? file : "") >= 0;
    outlet->key = ok ? outlet->key : NULL;
    if (ok && file) { // which the former version left out of the key of the first one of an address
        ok = asprintf(&outlet->former_key, "%s%s", target_kinds[kind].word, outlet->name) >= 0;
        outlet->former_key = ok ? outlet->former_key : NULL;
    }
    return ok && (!has_key(outlets, count, outlet->key) || diagnostic_usage("receiver", "--forward: the same target is given twice") == 0);
}

static bool start_forward(struct outlets *outlets, size_t which, char key[SECRET_BYTES], struct receiver_options *options) {
    const char *text = outlets->forwards[which];
    int kind = target_kind_of(text);
    char *address = target_address((enum receiver_target_kind)kind, text + strlen(target_kinds[kind].word));
    struct header_list headers = {0};
    const char *file = outlets->forward_header_files[which];
    bool made = target_set_headers(&headers, (enum receiver_target_kind)kind, key);
    if (!made) {
        diagnostic_error("receiver", headers.variable ? headers.variable : "--forward", "%s", headers.fault);
    }
    if (!made || (file && !headers_set_file(&headers, file))) {
        headers_free(&headers);
        free(address);
        return false;
    }
    struct outlet *outlet = address ? start(outlets, &(struct sender_options){.url = address,
                                                                              .headers = (const char *const *)headers.lines,
                                                                              .header_count = headers.count,
                                                                              .is_raw = kind != RECEIVER_TARGET_DATADOG,
                                                                              .timeout_ms = FORWARD_TIMEOUT_MS,
                                                                              .forget = forget_all,
                                                                              .context = outlets})
                                    : NULL;
    headers_free(&headers);
    free(address);
    if (outlet && !make_key(outlets, options->target_count, outlet, kind, file)) {
        return false;
    }
    if (outlet) {
        hide_path(outlet->name, target_kinds[kind].path);
        tell_apart(outlets, options->target_count, outlet->name);
        outlet->target.kind = (enum receiver_target_kind)kind;
        outlet->target.key = outlet->key;
        outlets->targets[options->target_count++] = &outlet->target;
    }
    return outlet;
}

static bool start_forwards(struct outlets *outlets, struct receiver_options *options) {
    char key[SECRET_BYTES];
    options->targets = outlets->targets;
    outlets->key = key;
    if (!credentials_secret(outlets->forward_key_file, "CMEMPROF_FORWARD_KEY", key)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < outlets->forward_count; i++) {
        ok = start_forward(outlets, i, key, options);
    }
    for (struct outlet *outlet = outlets->first; outlet; outlet = outlet->next) {
        bool is_free = outlet->former_key && !has_key(outlets, options->target_count, outlet->former_key);
        outlet->target.former_key = is_free ? outlet->former_key : NULL;
    }
    explicit_bzero(key, sizeof key);
    outlets->key = NULL;
    return ok;
}

bool outlets_start(struct outlets *outlets, struct receiver_options *options) {
    bool ok =
        (!outlets->webhook_url || start_webhook(outlets, options)) && (outlets->forward_count == 0 || start_forwards(outlets, options));
    forget_secrets(); // from here on only those that send know them
    return ok;
}

void outlets_stop(struct outlets *outlets) {
    for (struct outlet *outlet = outlets->first, *next; outlet; outlet = next) {
        next = outlet->next;
        sender_stop(outlet->sender);
        free(outlet->key);
        free(outlet->former_key);
        free(outlet);
    }
    outlets->first = NULL;
}
