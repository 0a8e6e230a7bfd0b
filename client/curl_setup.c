// curl_setup.c: see curl_setup.h.
#include "curl_setup.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

bool curl_setup_global(void) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool ready; // guarded by lock
    pthread_mutex_lock(&lock);
    ready = ready || curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    bool is_ready = ready;
    pthread_mutex_unlock(&lock);
    return is_ready;
}

const char *curl_setup_proxy(const struct upload_address *address) {
    const char *http_proxy = address->tls ? NULL : secure_getenv("HTTP_PROXY"), *cgi = secure_getenv("REQUEST_METHOD");
    if (address->loopback) {
        return "";
    }
    return http_proxy && http_proxy[0] != '\0' && (!cgi || cgi[0] == '\0') ? http_proxy : NULL;
}

// libcurl's certificate paths are set at build time; only its command line tool reads these variables. Go's net/http does, and
// containers with a private CA set them. A missing file is ignored, as in Go.
static bool set_certificates(CURL *easy) {
    const char *file = secure_getenv("SSL_CERT_FILE"), *directory = secure_getenv("SSL_CERT_DIR");
    return (!file || access(file, R_OK) != 0 || curl_easy_setopt(easy, CURLOPT_CAINFO, file) == CURLE_OK) &&
           (!directory || directory[0] == '\0' || curl_easy_setopt(easy, CURLOPT_CAPATH, directory) == CURLE_OK);
}

bool curl_setup_safety(CURL *easy, const char *proxy) {
    bool ok = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075500
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
    ok = ok && curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) == CURLE_OK;
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    // Otherwise clean-up waits for the resolver thread without a time-out.
    ok = ok && curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#endif
    return ok && set_certificates(easy) && (!proxy || curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK);
}
