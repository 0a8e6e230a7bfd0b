// policy.c: see policy.h.
#include "policy.h"

#include <stdio.h>

static const uint64_t ms = 1000 * 1000;

static enum upload_verdict of_status(const struct upload_result *result) {
    switch (result->status) {
    case 401: // missing or wrong key
    case 403:
    case 404: // the Agent is too old, or the URL is wrong
    case 405:
    case 407: // a proxy requires authentication
        return UPLOAD_VERDICT_NOT_HERE;
    case 408:
        return UPLOAD_VERDICT_FAILED_AT;
    case 429:
        return UPLOAD_VERDICT_AWAY;
    default:
        if (result->status >= 200 && result->status < 300) { // the answer itself says so (OTLP's partial success), and not to try again
            return UPLOAD_VERDICT_FINAL;
        }
        // 3xx: a proxy or a login page in between. Not followed, but may be transient.
        if (result->status >= 400 && result->status < 500) {
            return UPLOAD_VERDICT_FINAL;
        }
        return result->retry_after_ms > 0 || result->status < 400 ? UPLOAD_VERDICT_AWAY : UPLOAD_VERDICT_FAILED_AT;
    }
}

enum upload_verdict upload_policy_verdict(const struct upload_result *result) {
    switch (result->error) {
    case UPLOAD_OK:
        return UPLOAD_VERDICT_SENT;
    case UPLOAD_CANCELLED:
        return UPLOAD_VERDICT_BROKEN_OFF;
    case UPLOAD_NO_MEMORY:
    case UPLOAD_UNREACHABLE:
    case UPLOAD_TLS:
        return UPLOAD_VERDICT_AWAY;
    case UPLOAD_TIMEOUT:
    case UPLOAD_INTERRUPTED:
        return UPLOAD_VERDICT_FAILED_AT;
    case UPLOAD_REJECTED:
        return of_status(result);
    default:
        return UPLOAD_VERDICT_FINAL;
    }
}

static uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

// Doubles with each failure, less a random 0 to 50 %, so that the clients of one server do not retry at the same time.
static uint64_t pause_ns(uint64_t first, uint64_t max, unsigned failures, uint64_t random) {
    uint64_t pause = min_u64(first, max);
    for (unsigned i = 1; i < failures && pause < max; i++) {
        pause = min_u64(pause * 2, max);
    }
    return pause - random % (pause / 2 + 1);
}

uint64_t upload_policy_pause_ns(uint64_t period_ns, unsigned failures, uint64_t random) {
    uint64_t first = min_u64(period_ns / 16, 1000 * ms), max = min_u64(period_ns / 2, 30 * 1000 * ms);
    return pause_ns(first > ms ? first : ms, max > ms ? max : ms, failures, random);
}

uint64_t upload_policy_last_pause_ns(unsigned failures, uint64_t random) {
    return pause_ns(100 * ms, 400 * ms, failures, random);
}

void upload_result_describe(const struct upload_result *result, bool agent, char *text, size_t size) {
    const char *name = upload_error_text(result->error);
    char status[40] = "";
    if (result->status != 0) {
        snprintf(status, sizeof status, " with status %ld", result->status);
    }
    bool more = result->text[0] != '\0';
    snprintf(text, size, "%s%s%s%s%s", name, status, more ? ": " : "", more ? result->text : "",
             agent && result->status == 404 ? " (Datadog Agents accept profiles since version 7.20 or 6.20; this one is older)" : "");
}
