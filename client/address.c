// address.c: see address.h.
#include "address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_loopback(const char *host) {
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1) {
        return ntohl(address.s_addr) >> 24 == 127;
    }
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static bool is_web(const char *scheme) {
    return strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
}

static const char *url_error_text(CURLUcode code) {
#if LIBCURL_VERSION_NUM >= 0x075000
    return curl_url_strerror(code);
#else
    return code == CURLUE_BAD_PORT_NUMBER ? "bad port number" : code == CURLUE_NO_HOST ? "no host" : "malformed";
#endif
}

static void check_parts(CURLU *parts, struct upload_address *address, char *reason, size_t reason_size) {
    char *scheme = NULL, *host = NULL;
    CURLUcode code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_OK && !is_web(scheme)) {
        snprintf(reason, reason_size, "not an http or https URL but %.20s", scheme);
    } else if (code == CURLUE_OK && (code = curl_url_get(parts, CURLUPART_HOST, &host, 0)) == CURLUE_OK) {
        address->usable = true;
        address->loopback = is_loopback(host);
        address->tls = strcasecmp(scheme, "https") == 0;
    }
    if (code != CURLUE_OK) {
        address->no_memory = code == CURLUE_OUT_OF_MEMORY;
        snprintf(reason, reason_size, "bad URL: %s", url_error_text(code));
    }
    curl_free(scheme);
    curl_free(host);
}

void upload_address_check(const char *url, struct upload_address *address, char *reason, size_t reason_size) {
    *address = (struct upload_address){0};
    reason[0] = '\0';
    CURLU *parts = curl_url();
    if (!parts) {
        address->no_memory = true;
        return;
    }
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK) {
        check_parts(parts, address, reason, reason_size);
    } else {
        address->no_memory = code == CURLUE_OUT_OF_MEMORY;
        snprintf(reason, reason_size, "bad URL: %s", url_error_text(code));
    }
    curl_url_cleanup(parts);
}
