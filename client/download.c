// download.c: see download.h.
#include "download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/vector.h"
#include "../upload/signal_guard.h"
#include "answer.h"
#include "curl_setup.h"

enum { CONNECT_TIMEOUT_MS = 10000, WORDS_BYTES = 4096 };

struct transfer {
    struct download *download;
    CURL *easy;
    struct curl_slist *headers;
    size_t capacity, max_bytes;
    bool is_too_large, no_memory;
    char curl_text[CURL_ERROR_SIZE];
};

static size_t take(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    struct download *download = transfer->download;
    size_t more = size * count;
    transfer->is_too_large = more > transfer->max_bytes - download->size;
    if (!transfer->is_too_large && !VECTOR_RESERVE(download->bytes, transfer->capacity, download->size + more + 1)) {
        transfer->no_memory = true;
    }
    if (transfer->is_too_large || transfer->no_memory) {
        return 0; // ends the transfer
    }
    memcpy(download->bytes + download->size, bytes, more);
    download->size += more;
    download->bytes[download->size] = '\0';
    return more;
}

static bool add_headers(struct transfer *transfer, const char *const *headers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct curl_slist *longer = strpbrk(headers[i], "\r\n") ? NULL : curl_slist_append(transfer->headers, headers[i]);
        if (!longer) {
            return false;
        }
        transfer->headers = longer;
    }
    return true;
}

static bool set_up(struct transfer *transfer, const char *url, const char *proxy) {
    CURL *easy = transfer->easy;
    return curl_setup_safety(easy, proxy) && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)DOWNLOAD_STALL_S) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_text) == CURLE_OK;
}

static bool fail(struct download *download, const char *text) {
    snprintf(download->text, sizeof download->text, "%s", text);
    return false;
}

// "HTTP 404: no such upload".
static bool fail_status(struct download *download) {
    int length = snprintf(download->text, sizeof download->text, "HTTP %ld%s", download->status,
                          download->status >= 300 && download->status < 400 ? ", a redirect, which is not followed"
                          : download->size > 0                              ? ": "
                                                                            : "");
    if (download->status >= 400) {
        struct upload_answer words;
        upload_answer_init(&words, download->text + length, sizeof download->text - (size_t)length);
        upload_answer_add(&words, (const char *)download->bytes, download->size < WORDS_BYTES ? download->size : WORDS_BYTES);
    }
    return false;
}

static bool conclude(struct transfer *transfer, CURLcode code) {
    struct download *download = transfer->download;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &download->status);
    if (transfer->no_memory || code == CURLE_OUT_OF_MEMORY) {
        return fail(download, "out of memory");
    }
    if (download->status != 200 && download->status != 0) {
        return fail_status(download);
    }
    if (transfer->is_too_large) {
        snprintf(download->text, sizeof download->text, "the answer is larger than %zu bytes", transfer->max_bytes);
        return false;
    }
    return code == CURLE_OK ? download->status == 200 || fail(download, "no answer of HTTP")
                            : fail(download, transfer->curl_text[0] != '\0' ? transfer->curl_text : curl_easy_strerror(code));
}

static bool get(struct transfer *transfer, const char *url, const char *const *headers, size_t header_count, const char *proxy) {
    transfer->easy = curl_setup_global() ? curl_easy_init() : NULL;
    struct upload_signal_guard guard;
    upload_signal_guard_begin(&guard);
    bool ready = transfer->easy && add_headers(transfer, headers, header_count) && set_up(transfer, url, proxy);
    bool ok = ready ? conclude(transfer, curl_easy_perform(transfer->easy)) : fail(transfer->download, "out of memory");
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    upload_signal_guard_end(&guard);
    return ok;
}

bool download_get(const char *url, const char *const *headers, size_t header_count, size_t max_bytes, struct download *download) {
    struct transfer transfer = {.download = download, .max_bytes = max_bytes};
    struct upload_address address;
    char reason[128];
    *download = (struct download){0};
    upload_address_check(url, &address, reason, sizeof reason);
    if (!address.usable) {
        return fail(download, address.no_memory ? "out of memory" : reason);
    }
    if (!get(&transfer, url, headers, header_count, curl_setup_proxy(&address))) {
        free(download->bytes);
        download->bytes = NULL;
        download->size = 0;
        return false;
    }
    if (!download->bytes && !(download->bytes = calloc(1, 1))) {
        return fail(download, "out of memory");
    }
    return true;
}
