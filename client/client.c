// client.c: upload_client, which sends POST requests over one connection.
//
// Uses a multi handle with one transfer, because curl_easy_perform checks for cancellation only about once a second: here it is checked
// every POLL_MS. The multi handle keeps the connection between calls; if the server has closed it, libcurl reconnects without an error.
#include "client.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "answer.h"
#include "curl_error.h"
#include "curl_setup.h"
#include "form.h"
#include "partial_success.h"
#include "../upload/signal_guard.h"

enum {
    POLL_MS = 50,
    DEFAULT_CONNECT_TIMEOUT_MS = 5000,
    DEFAULT_TOTAL_TIMEOUT_MS = 10000,
    // Agents answer with a few bytes. The rest of a longer answer is not read, as it may be endless; the status stands.
    MAX_ANSWER_BYTES = 64 * 1024,
    MAX_KEPT_BYTES = 2048, // of them, as they came
};

struct upload_client {
    CURL *easy;
    CURLM *multi;
    pid_t pid; // of the process that opened the client
};

struct transfer {
    const struct upload_request *request;
    struct upload_cancel *cancel;
    struct upload_result *result;
    CURL *easy; // the client's, as is multi
    CURLM *multi;
    struct curl_slist *headers;
    struct upload_form *form;
    struct upload_answer answer;
    bool headers_complete; // the blank line after the headers was received
    char reason[64];       // "Not Found" in the status line
    char retry_after[64], date[64], content_type[64];
    char kept[MAX_KEPT_BYTES]; // the start of the answer's body
    size_t kept_size;
    char curl_text[CURL_ERROR_SIZE];
};

void upload_cancel_now(struct upload_cancel *cancel) {
    __atomic_store_n(&cancel->cancelled, 1, __ATOMIC_RELEASE);
}

static bool is_cancelled(const struct transfer *transfer) {
    return transfer->cancel && __atomic_load_n(&transfer->cancel->cancelled, __ATOMIC_ACQUIRE) != 0;
}

static bool fail(struct upload_result *result, enum upload_error error, const char *text) {
    result->error = error;
    snprintf(result->text, sizeof result->text, "%s", text && text[0] != '\0' ? text : upload_error_text(error));
    return false;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    upload_answer_add(&transfer->answer, bytes, size * count);
    size_t room = MAX_KEPT_BYTES - transfer->kept_size, kept = size * count < room ? size * count : room;
    memcpy(transfer->kept + transfer->kept_size, bytes, kept);
    transfer->kept_size += kept;
    return transfer->answer.total_bytes > MAX_ANSWER_BYTES
               ? 0
               : size * count; // returning less than it was given makes libcurl end the transfer
}

// "HTTP/1.1 404 Not Found"; a 100 Continue may precede it.
static void take_status_line(struct transfer *transfer, const char *bytes, size_t length) {
    const char *status = memchr(bytes, ' ', length);
    const char *reason = status ? memchr(status + 1, ' ', length - (size_t)(status + 1 - bytes)) : NULL;
    struct upload_answer line;
    transfer->headers_complete = false;
    transfer->retry_after[0] = transfer->date[0] = transfer->content_type[0] = '\0';
    upload_answer_init(&line, transfer->reason, sizeof transfer->reason);
    if (reason) {
        upload_answer_add(&line, reason, length - (size_t)(reason - bytes));
    }
}

static void take_value(const char *name, const char *bytes, size_t length, char *value, size_t capacity) {
    size_t name_length = strlen(name);
    if (length > name_length && strncasecmp(bytes, name, name_length) == 0) {
        struct upload_answer line;
        upload_answer_init(&line, value, capacity);
        upload_answer_add(&line, bytes + name_length, length - name_length);
    }
}

// Called for each complete header line. libcurl reports success if the connection ends within the headers, so their end is detected here.
static size_t take_header(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    size_t length = size * count;
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        take_status_line(transfer, bytes, length);
    } else if (length > 0 && (bytes[0] == '\r' || bytes[0] == '\n')) {
        transfer->headers_complete = true;
    } else {
        take_value("Retry-After:", bytes, length, transfer->retry_after, sizeof transfer->retry_after);
        take_value("Date:", bytes, length, transfer->date, sizeof transfer->date);
        take_value("Content-Type:", bytes, length, transfer->content_type, sizeof transfer->content_type);
    }
    return length;
}

// ---- Checks ----

// A line break in a value would inject headers.
static bool check_headers(const char *const *headers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!headers[i] || strpbrk(headers[i], "\r\n")) {
            return false;
        }
    }
    return true;
}

static bool check_request(const struct upload_request *request, struct upload_result *result) {
    if (!request->url) {
        return fail(result, UPLOAD_BAD_URL, "no URL");
    }
    if (!request->event || request->connect_timeout_ms < 0 || request->total_timeout_ms < 0) {
        return fail(result, UPLOAD_BAD_REQUEST, !request->event ? "no event" : "negative time-out");
    }
    if (!check_headers(request->headers, request->header_count) || !check_headers(request->batch_headers, request->batch_header_count)) {
        return fail(result, UPLOAD_BAD_REQUEST, "header with a line break");
    }
    for (size_t i = 0; i < request->attachment_count; i++) {
        const struct upload_attachment *attachment = &request->attachments[i];
        if (!attachment->name || (!attachment->bytes && attachment->size > 0)) {
            return fail(result, UPLOAD_BAD_REQUEST, "attachment without a name or bytes");
        }
    }
    return true;
}

static bool check_address(const struct upload_request *request, struct upload_result *result, const char **proxy) {
    struct upload_address address;
    char reason[128];
    upload_address_check(request->url, &address, reason, sizeof reason);
    *proxy = request->unix_socket ? "" : curl_setup_proxy(&address);
    if (address.no_memory) {
        return fail(result, UPLOAD_NO_MEMORY, NULL);
    }
    return address.usable || fail(result, UPLOAD_BAD_URL, reason);
}

// ---- Set-up ----

static bool add_header(struct transfer *transfer, const char *line) {
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer) {
        transfer->headers = longer;
    }
    return longer;
}

static bool add_headers(struct transfer *transfer) {
    // Otherwise libcurl sends "Expect: 100-continue" before a large body and waits a second for servers that do not answer it.
    bool ok = add_header(transfer, "Expect:");
    for (size_t i = 0; ok && i < transfer->request->header_count; i++) {
        ok = add_header(transfer, transfer->request->headers[i]);
    }
    for (size_t i = 0; ok && i < transfer->request->batch_header_count; i++) {
        ok = add_header(transfer, transfer->request->batch_headers[i]);
    }
    return ok;
}

// "@name" is an abstract socket, as in Go.
static bool set_socket(CURL *easy, const char *path) {
    bool abstract = path && path[0] == '@';
    return curl_easy_setopt(easy, abstract ? CURLOPT_ABSTRACT_UNIX_SOCKET : CURLOPT_UNIX_SOCKET_PATH, abstract ? path + 1 : path) ==
           CURLE_OK;
}

// The connect time-out, which includes TLS, is by default the same fraction of the total time-out, whatever that is.
static long connect_time_ms(const struct upload_request *request, long total_ms) {
    if (request->connect_timeout_ms > 0) {
        return request->connect_timeout_ms;
    }
    return total_ms > 2 * DEFAULT_CONNECT_TIMEOUT_MS ? total_ms / 2 : DEFAULT_CONNECT_TIMEOUT_MS;
}

static bool set_body(struct transfer *transfer) {
    const struct upload_request *request = transfer->request;
    return request->is_raw ? curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->event_size) == CURLE_OK &&
                                 curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, request->event) == CURLE_OK
                           : curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, upload_form_mime(transfer->form)) == CURLE_OK;
}

static bool set_request(struct transfer *transfer) {
    CURL *easy = transfer->easy;
    const struct upload_request *request = transfer->request;
    long total_ms = request->total_timeout_ms > 0 ? request->total_timeout_ms : DEFAULT_TOTAL_TIMEOUT_MS;
    return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK && set_socket(easy, request->unix_socket) &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK && set_body(transfer) &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_time_ms(request, total_ms)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, total_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_text) == CURLE_OK;
}

// Instead of all others, of which libcurl has a folder, too.
static bool set_certificates(CURL *easy, const char *file) {
    return !file || (curl_easy_setopt(easy, CURLOPT_CAINFO, file) == CURLE_OK && curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK);
}

static bool set_up(struct transfer *transfer, const char *proxy) {
    curl_easy_reset(transfer->easy);
    if (!add_headers(transfer)) {
        return false;
    }
    transfer->form = upload_form_new(transfer->easy, transfer->request);
    return transfer->form && curl_setup_safety(transfer->easy, proxy) &&
           set_certificates(transfer->easy, transfer->request->certificates) && set_request(transfer) &&
           curl_multi_add_handle(transfer->multi, transfer->easy) == CURLM_OK;
}

static void tear_down(struct transfer *transfer) {
    curl_multi_remove_handle(transfer->multi, transfer->easy);
    curl_easy_reset(transfer->easy); // drops its pointers to the form and the headers
    upload_form_free(transfer->form);
    curl_slist_free_all(transfer->headers);
}

// ---- The transfer ----

static CURLcode transfer_code(CURLM *multi) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        if (message->msg == CURLMSG_DONE) {
            return message->data.result;
        }
    }
    return CURLE_OUT_OF_MEMORY; // the transfer ended without a message
}

static CURLcode run(struct transfer *transfer) {
    for (;;) {
        int running = 0;
        if (is_cancelled(transfer)) {
            return CURLE_ABORTED_BY_CALLBACK;
        }
        if (curl_multi_perform(transfer->multi, &running) != CURLM_OK) {
            return CURLE_OUT_OF_MEMORY; // the only failure of a multi handle with one transfer
        }
        if (running == 0) {
            return transfer_code(transfer->multi);
        }
        if (curl_multi_poll(transfer->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK) { // it did not wait; avoid a busy loop
            return CURLE_OUT_OF_MEMORY;
        }
    }
}

// libcurl's own text. For a Unix socket errno's, since libcurl's names host and port of the URL, which were not used.
static const char *text_of(struct transfer *transfer, CURLcode code, char buffer[CURL_ERROR_SIZE]) {
    long error = 0;
    if (code == CURLE_COULDNT_CONNECT && transfer->request->unix_socket) {
        curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
        return error != 0 ? strerror_r((int)error, buffer, CURL_ERROR_SIZE) : curl_easy_strerror(code);
    }
    return transfer->curl_text[0] != '\0' ? transfer->curl_text : curl_easy_strerror(code);
}

// An OTLP server may take a request and reject profiles of it, which is final.
static void look_for_rejections(struct transfer *transfer) {
    struct upload_result *result = transfer->result;
    struct upload_answer words;
    if (!transfer->request->is_raw || strncasecmp(transfer->content_type, "application/x-protobuf", 22) != 0) {
        return;
    }
    struct partial_success success = partial_success_read(transfer->kept, transfer->kept_size);
    if (success.rejected > 0) {
        result->error = UPLOAD_REJECTED;
        int length = snprintf(result->text, sizeof result->text, "%" PRId64 " profile%s rejected%s", success.rejected,
                              success.rejected == 1 ? "" : "s", success.words_size > 0 ? ": " : "");
        upload_answer_init(&words, result->text + length, sizeof result->text - (size_t)length);
        upload_answer_add(&words, success.words, success.words_size);
    }
}

static void conclude(struct transfer *transfer, CURLcode code) {
    struct upload_result *result = transfer->result;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    result->status = status >= 200 && transfer->headers_complete ? status : 0;
    if (result->status >= 300) {
        result->retry_after_ms =
            upload_retry_after_ms(transfer->retry_after[0] != '\0' ? transfer->retry_after : NULL, transfer->date, (int64_t)time(NULL));
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        fail(result, UPLOAD_CANCELLED, NULL);
    } else if (result->status >= 300) {
        // Even if the connection broke after the status.
        result->error = UPLOAD_REJECTED;
        if (result->text[0] == '\0') {
            snprintf(result->text, sizeof result->text, "%s", transfer->reason);
        }
    } else if (code == CURLE_OK && result->status == 0) {
        fail(result, UPLOAD_INTERRUPTED, "the connection ended within the headers of the answer");
    } else if (code == CURLE_OK || (result->status > 0 && transfer->answer.total_bytes > MAX_ANSWER_BYTES)) {
        result->error = UPLOAD_OK;
        look_for_rejections(transfer);
    } else {
        char buffer[CURL_ERROR_SIZE];
        fail(result, upload_error_of_curl(code), text_of(transfer, code, buffer));
    }
}

static void transfer_all(struct upload_client *client, const struct upload_request *request, const char *proxy,
                         struct upload_cancel *cancel, struct upload_result *result) {
    struct transfer transfer = {.request = request, .cancel = cancel, .result = result, .easy = client->easy, .multi = client->multi};
    upload_answer_init(&transfer.answer, result->text, sizeof result->text);
    struct upload_signal_guard guard;
    upload_signal_guard_begin(&guard);
    if (set_up(&transfer, proxy)) {
        conclude(&transfer, run(&transfer));
    } else {
        fail(result, UPLOAD_NO_MEMORY, NULL);
    }
    tear_down(&transfer);
    upload_signal_guard_end(&guard);
}

void upload_client_send(struct upload_client *client, const struct upload_request *request, struct upload_cancel *cancel,
                        struct upload_result *result) {
    const char *proxy;
    *result = (struct upload_result){0};
    if (client->pid != getpid()) {
        fail(result, UPLOAD_FORKED, NULL);
    } else if (check_request(request, result) && check_address(request, result, &proxy)) {
        transfer_all(client, request, proxy, cancel, result);
    }
}

// ---- Life ----

struct upload_client *upload_client_open(void) {
    struct upload_client *client = calloc(1, sizeof *client);
    if (!client) {
        return NULL;
    }
    client->pid = getpid();
    if (curl_setup_global()) {
        client->easy = curl_easy_init();
        client->multi = curl_multi_init();
    }
    // There is one server, so only the last connection is worth keeping.
    if (!client->easy || !client->multi || curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, 1L) != CURLM_OK) {
        upload_client_close(client);
        return NULL;
    }
    return client;
}

void upload_client_close(struct upload_client *client) {
    if (!client) {
        return;
    }
    if (client->pid == getpid()) { // in a child, closing would send a TLS shutdown on the parent's connection
        struct upload_signal_guard guard;
        upload_signal_guard_begin(&guard);
        curl_easy_cleanup(client->easy);
        curl_multi_cleanup(client->multi);
        upload_signal_guard_end(&guard);
    }
    free(client);
}
