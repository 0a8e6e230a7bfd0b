// curl_error.c: see curl_error.h.
#include "curl_error.h"

enum upload_error upload_error_of_curl(CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return UPLOAD_OK;
    case CURLE_OUT_OF_MEMORY:
        return UPLOAD_NO_MEMORY;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return UPLOAD_BAD_URL;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
        return UPLOAD_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return UPLOAD_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_PEER_FAILED_VERIFICATION:
        return UPLOAD_TLS;
    default: // empty and truncated answers, failed sends and reads: the connection ended before the answer
        return UPLOAD_INTERRUPTED;
    }
}
