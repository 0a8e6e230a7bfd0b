// lookout.c: connects the watch with the webhook (lookout.h).
#include "lookout.h"
#include "webhook.h"

static void on_findings(void *state, const struct findings *findings, int64_t now_ms) {
    struct lookout *lookout = state;
    alerts_take(lookout->alerts, findings, now_ms);
    webhook_wake(lookout->webhook);
}

bool lookout_start(struct lookout *lookout, struct store *store, const struct receiver_options *options, const char *page) {
    const struct receiver_outlet *outlet = options->webhook;
    struct watch_options watched = {
        .analysis_ms = options->analysis_ms, .always = outlet, .on_findings = outlet ? on_findings : NULL, .context = lookout};
    if (outlet) {
        lookout->alerts = alerts_open(options->data_directory, options->page_url ? options->page_url : page);
        lookout->webhook = lookout->alerts ? webhook_start(lookout->alerts, outlet, options->on_message) : NULL;
        if (!lookout->webhook) { // uploads are worth more than alerts
            watched.always = false;
            watched.on_findings = NULL;
            if (options->on_message) {
                options->on_message(
                    "webhook: no alerts are sent until the next start: alerts.sqlite in the data directory cannot be opened or written, "
                    "or there is no memory");
            }
        }
    }
    lookout->watch = watch_start(store, &watched);
    return lookout->watch;
}

void lookout_stop(struct lookout *lookout) {
    watch_stop(lookout->watch);
    webhook_stop(lookout->webhook);
    alerts_close(lookout->alerts);
    *lookout = (struct lookout){0};
}

void lookout_write(struct lookout *lookout, struct exposition *exposition) {
    watch_write(lookout->watch, exposition);
    if (lookout->webhook) {
        webhook_write(lookout->webhook, exposition);
    }
}

enum receiver_error lookout_write_suspects(struct lookout *lookout, int64_t now_ms, struct json *json) {
    return watch_write_suspects(lookout->watch, now_ms, json);
}
