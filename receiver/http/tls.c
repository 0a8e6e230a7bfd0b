// tls.c: certificate and key (tls.h).
#include "tls.h"
#include "../../base/clock.h"
#include "../../base/utc.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20, TEXT_BYTES = 512, EXPIRES_SOON_S = 7 * 24 * 3600 };

struct tls_pair {
    gnutls_certificate_credentials_t credentials;
    size_t users; // connections, and tls itself; guarded by its lock
    int64_t expires_at;
};

// What tells whether a file is another one, or was written: of the certificate and of the key.
struct version {
    struct {
        dev_t device;
        ino_t file;
        off_t size;
        struct timespec modified, changed;
    } of[2];
};

struct tls {
    char *certificate, *key;
    void (*say)(const char *text);
    pthread_mutex_t lock;
    struct tls_pair *pair;       // guarded by lock
    struct version read, looked; // which was read last, with success or not; which was there at the last look
    struct version unread;       // which could not be read, as is told: it is tried again
};

__attribute__((format(printf, 2, 3))) static void say(const struct tls *tls, const char *format, ...) {
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (tls->say) {
        tls->say(text);
    }
}

// ---- Files ----

static struct version version_of(const struct tls *tls) {
    const char *const paths[] = {tls->certificate, tls->key};
    struct version version;
    memset(&version, 0, sizeof version); // it is compared with its padding
    for (int i = 0; i < 2; i++) {
        struct stat about;
        if (stat(paths[i], &about) == 0) {
            version.of[i].device = about.st_dev;
            version.of[i].file = about.st_ino;
            version.of[i].size = about.st_size;
            version.of[i].modified = about.st_mtim;
            version.of[i].changed = about.st_ctim;
        }
    }
    return version;
}

static bool is_same(const struct version *one, const struct version *other) {
    return memcmp(one, other, sizeof *one) == 0;
}

// Returns false with errno set. Caller must free bytes.
static bool read_file(const char *path, gnutls_datum_t *bytes) {
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe is not waited for
    ssize_t size = -1;
    *bytes = (gnutls_datum_t){0};
    if (file >= 0 && fstat(file, &about) == 0) {
        if (!S_ISREG(about.st_mode)) {
            errno = S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
        } else if (about.st_size > FILE_BYTES_MAX) {
            errno = EFBIG;
        } else if ((bytes->data = calloc(1, (size_t)about.st_size + 1))) {
            size = read(file, bytes->data, (size_t)about.st_size);
        }
    }
    int error = errno;
    if (file >= 0) {
        close(file);
    }
    bytes->size = size > 0 ? (unsigned)size : 0;
    errno = error;
    return size >= 0;
}

static void forget(gnutls_datum_t *key) {
    if (key->data) {
        explicit_bzero(key->data, key->size);
    }
    free(key->data);
}

// ---- A pair ----

static int64_t now_s(void) {
    return (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000000);
}

static const char *date(int64_t seconds, char text[static UTC_TEXT_BYTES]) {
    utc_text(seconds * 1000, text);
    text[strcspn(text, "T")] = '\0';
    return text;
}

// Reads when the certificates of a file expire. Returns false if there is none, with text.
static bool read_dates(const struct tls *tls, const gnutls_datum_t *bytes, int64_t *expires_at, char *text, size_t text_size) {
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    int error = gnutls_x509_crt_list_import2(&list, &count, bytes, GNUTLS_X509_FMT_PEM, 0);
    if (error < 0 || count == 0) {
        snprintf(text, text_size, "%.300s: holds no certificate in PEM form: %s", tls->certificate, gnutls_strerror(error));
        return false;
    }
    int64_t begins_at = gnutls_x509_crt_get_activation_time(list[0]);
    *expires_at = INT64_MAX;
    for (unsigned i = 0; i < count; i++) {
        int64_t at = gnutls_x509_crt_get_expiration_time(list[i]);
        *expires_at = at < *expires_at ? at : *expires_at;
        gnutls_x509_crt_deinit(list[i]);
    }
    gnutls_free(list);
    char day[UTC_TEXT_BYTES];
    if (*expires_at <= now_s()) {
        say(tls, "%.300s: the certificate expired on %s: clients will refuse it", tls->certificate, date(*expires_at, day));
    } else if (begins_at > now_s()) {
        say(tls, "%.300s: the certificate is valid from %s on: clients will refuse it until then", tls->certificate, date(begins_at, day));
    } else if (*expires_at - now_s() < EXPIRES_SOON_S) {
        say(tls, "%.300s: the certificate expires on %s", tls->certificate, date(*expires_at, day));
    }
    return true;
}

static bool is_key(const struct tls *tls, const gnutls_datum_t *bytes, char *text, size_t text_size) {
    gnutls_privkey_t key;
    int error = gnutls_privkey_init(&key);
    if (error == 0) {
        error = gnutls_privkey_import_x509_raw(key, bytes, GNUTLS_X509_FMT_PEM, NULL, 0);
        gnutls_privkey_deinit(key);
    }
    if (error == GNUTLS_E_DECRYPTION_FAILED) {
        snprintf(text, text_size, "%.300s: the key is encrypted: one without a pass phrase is needed", tls->key);
    } else if (error < 0) {
        snprintf(text, text_size, "%.300s: holds no private key in PEM form: %s", tls->key, gnutls_strerror(error));
    }
    return error == 0;
}

static struct tls_pair *make_pair(const struct tls *tls, const gnutls_datum_t *certificate, const gnutls_datum_t *key, char *text,
                                  size_t text_size) {
    int64_t expires_at;
    if (!read_dates(tls, certificate, &expires_at, text, text_size) || !is_key(tls, key, text, text_size)) {
        return NULL;
    }
    struct tls_pair *pair = calloc(1, sizeof *pair);
    int error = pair ? gnutls_certificate_allocate_credentials(&pair->credentials) : GNUTLS_E_MEMORY_ERROR;
    if (error == 0) {
        *pair = (struct tls_pair){pair->credentials, 1, expires_at};
        error = gnutls_certificate_set_x509_key_mem2(pair->credentials, certificate, key, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (error >= 0) {
            return pair;
        }
        gnutls_certificate_free_credentials(pair->credentials);
    }
    free(pair);
    if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
        snprintf(text, text_size, "%.200s: the key is not that of the certificate in %.200s", tls->key, tls->certificate);
    } else {
        snprintf(text, text_size, "%.200s: the certificate cannot be used: %s", tls->certificate, gnutls_strerror(error));
    }
    return NULL;
}

// was_read: whether the files were: else (no descriptor, no memory, a file that is not there yet) the same may be read at the next look.
static struct tls_pair *read_pair(const struct tls *tls, bool *was_read, char *text, size_t text_size) {
    gnutls_datum_t certificate = {0}, key = {0};
    struct tls_pair *pair = NULL;
    struct stat about;
    *was_read = false;
    if (!read_file(tls->certificate, &certificate)) {
        snprintf(text, text_size, "%.300s: %s", tls->certificate, strerror(errno));
    } else if (!read_file(tls->key, &key)) {
        snprintf(text, text_size, "%.300s: %s", tls->key, strerror(errno));
    } else {
        *was_read = true;
        pair = make_pair(tls, &certificate, &key, text, text_size);
    }
    if (pair && stat(tls->key, &about) == 0 && (about.st_mode & S_IROTH)) {
        say(tls, "%.300s: other users can read this key (chmod 600)", tls->key);
    }
    free(certificate.data);
    forget(&key);
    return pair;
}

// ---- All ----

enum receiver_error tls_open(const char *certificate, const char *key, void (*on_message)(const char *text), struct tls **out, char *text,
                             size_t text_size) {
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        return RECEIVER_NO_MEMORY;
    }
    pthread_mutex_init(&tls->lock, NULL);
    tls->say = on_message;
    tls->certificate = strdup(certificate);
    tls->key = strdup(key);
    if (tls->certificate && tls->key) {
        tls->read = version_of(tls); // before they are read
        bool was_read;
        tls->pair = read_pair(tls, &was_read, text, text_size);
    }
    if (!tls->pair) {
        tls_close(tls);
        return RECEIVER_BAD_CERTIFICATE;
    }
    *out = tls;
    return RECEIVER_OK;
}

struct tls_pair *tls_enter(struct tls *tls, void *session) {
    pthread_mutex_lock(&tls->lock);
    struct tls_pair *pair = tls->pair;
    pair->users++;
    pthread_mutex_unlock(&tls->lock);
    if (session && gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, pair->credentials) == 0) {
        return pair;
    }
    tls_leave(tls, pair);
    return NULL;
}

void tls_leave(struct tls *tls, struct tls_pair *pair) {
    if (!pair) {
        return;
    }
    pthread_mutex_lock(&tls->lock);
    bool is_last = --pair->users == 0;
    pthread_mutex_unlock(&tls->lock);
    if (is_last) {
        gnutls_certificate_free_credentials(pair->credentials);
        free(pair);
    }
}

bool tls_look(struct tls *tls, bool always) {
    const struct version before = tls->looked;
    tls->looked = version_of(tls);
    if (!always && (is_same(&tls->looked, &tls->read) || !is_same(&tls->looked, &before))) {
        return false;
    }
    char text[TEXT_BYTES] = "no memory", day[UTC_TEXT_BYTES];
    bool was_read;
    struct tls_pair *pair = read_pair(tls, &was_read, text, sizeof text);
    bool is_told = !always && !was_read && is_same(&tls->unread, &tls->looked);
    if (was_read) {
        tls->read = tls->looked;
    } else {
        tls->unread = tls->looked;
    }
    if (!pair && !is_told) {
        say(tls, "%s; the certificate of before stays in use", text);
    }
    if (!pair) {
        return false;
    }
    say(tls, "%.300s: read again; the certificate is valid until %s", tls->certificate, date(pair->expires_at, day));
    pthread_mutex_lock(&tls->lock);
    struct tls_pair *old = tls->pair;
    tls->pair = pair;
    pthread_mutex_unlock(&tls->lock);
    tls_leave(tls, old);
    return true;
}

int64_t tls_expires_at(struct tls *tls) {
    pthread_mutex_lock(&tls->lock);
    int64_t at = tls->pair->expires_at;
    pthread_mutex_unlock(&tls->lock);
    return at;
}

void tls_close(struct tls *tls) {
    if (tls) {
        tls_leave(tls, tls->pair);
        pthread_mutex_destroy(&tls->lock);
        free(tls->certificate);
        free(tls->key);
        free(tls);
    }
}
