// entrance.c: opens the entrance (entrance.h).
#include "entrance.h"
#include "../../merge/intern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum receiver_error copy_tokens(struct entrance *entrance, const struct receiver_options *options, char *text, size_t text_size) {
    unsigned roles = 0;
    for (size_t i = 0; i < options->token_count && i < RECEIVER_TOKENS_MAX; i++) {
        const struct receiver_token *token = &options->tokens[i];
        if (!access_is_token(token->token)) {
            snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_BAD_TOKEN));
            return RECEIVER_BAD_TOKEN;
        }
        entrance->tokens[i] = (struct receiver_token){strdup(token->token), token->roles};
        if (!entrance->tokens[i].token) {
            return RECEIVER_NO_MEMORY;
        }
        roles |= token->roles;
        entrance->access.token_count++;
    }
    if (roles && !(roles & RECEIVER_READS)) { // who may read must be stated
        snprintf(text, text_size, "a token for sending needs another token for reading");
        return RECEIVER_BAD_TOKEN;
    }
    return RECEIVER_OK;
}

static void free_all(struct entrance *entrance) {
    tls_close(entrance->tls);
    base_path_close(&entrance->base);
    for (size_t i = 0; i < RECEIVER_TOKENS_MAX; i++) {
        free((char *)(uintptr_t)entrance->tokens[i].token);
    }
    guesses_destroy(&entrance->guesses);
}

static bool tokens_are_long(const struct entrance *entrance) {
    bool are = true;
    for (size_t i = 0; i < entrance->access.token_count; i++) {
        are &= strlen(entrance->tokens[i].token) >= ACCESS_TOKEN_MIN_REMOTE;
    }
    return are;
}

static enum receiver_error open_tls(struct entrance *entrance, const struct receiver_options *options, char *text, size_t text_size) {
    const char *certificate = options->tls_certificate, *key = options->tls_key;
    if (!certificate && !key) {
        return RECEIVER_OK;
    }
    if (!certificate || !key) {
        snprintf(text, text_size, "%s: TLS needs a certificate and its key", certificate ? certificate : key);
        return RECEIVER_BAD_CERTIFICATE;
    }
    if (entrance->access.unix_socket) {
        snprintf(text, text_size, "%s: there is no TLS on a Unix socket", options->listen ? options->listen : entrance->listener.url);
        return RECEIVER_BAD_CERTIFICATE;
    }
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        snprintf(text, text_size, "this libmicrohttpd was built without TLS");
        return RECEIVER_BAD_CERTIFICATE;
    }
    return tls_open(certificate, key, options->on_message, &entrance->tls, text, text_size);
}

// As others write it: with the scheme and the base path.
static void set_url(struct entrance *entrance) {
    char url[sizeof entrance->listener.url];
    const char *rest = entrance->listener.url + strlen("http");
    snprintf(url, sizeof url, "http%s%.*s%s/", entrance->tls ? "s" : "", (int)(strlen(rest) - 1), rest, entrance->base.text);
    strcpy(entrance->listener.url, url);
}

static enum receiver_error listen_at(struct entrance *entrance, const struct receiver_options *options, char *text, size_t text_size) {
    const char *address = options->listen ? options->listen : "127.0.0.1:8126";
    entrance->access = (struct access){.tokens = entrance->tokens,
                                       .sessions = entrance->sessions,
                                       .unix_socket = strncmp(address, "unix:", 5) == 0,
                                       .guesses = &entrance->guesses};
    enum receiver_error error = copy_tokens(entrance, options, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    bool asks = entrance->access.token_count > 0, are_long = asks && tokens_are_long(entrance);
    if (options->listen_socket) {
        error = listen_take(options->listen_socket, are_long, &entrance->listener, text, text_size);
        if (error != RECEIVER_OK) {
            return error;
        }
        entrance->access.unix_socket = entrance->listener.is_unix;
    }
    const char *wrong = base_path_open(&entrance->base, options->base_path);
    if (wrong) {
        snprintf(text, text_size, "%.100s: %s", options->base_path, wrong);
        return RECEIVER_BAD_ADDRESS;
    }
    entrance->access.base_path = entrance->base.text;
    entrance->access.page_url = options->page_url;
    error = open_tls(entrance, options, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    entrance->access.has_tls = entrance->tls;
    if (asks && !access_make_sessions(entrance->sessions, entrance->access.token_count)) {
        snprintf(text, text_size, "the kernel has no random bytes: %s", strerror(errno));
        return RECEIVER_CANNOT_LISTEN;
    }
    error = options->listen_socket ? RECEIVER_OK : listen_open(address, are_long, &entrance->listener, text, text_size);
    if (error == RECEIVER_NOT_LOOPBACK && asks) {
        snprintf(text, text_size, "%s: where other machines can guess it, a token has at least %d characters", address,
                 ACCESS_TOKEN_MIN_REMOTE);
        return RECEIVER_BAD_TOKEN;
    }
    entrance->access.port = entrance->listener.port;
    if (error == RECEIVER_OK && !entrance->listener.is_unix) {
        set_url(entrance);
    }
    return error;
}

enum receiver_error entrance_open(struct entrance *entrance, const struct receiver_options *options, char *text, size_t text_size) {
    guesses_init(&entrance->guesses, intern_seed());
    enum receiver_error error = listen_at(entrance, options, text, text_size);
    if (error != RECEIVER_OK) {
        free_all(entrance);
    }
    return error;
}

void entrance_close(struct entrance *entrance) {
    listen_close(&entrance->listener);
    free_all(entrance);
}
