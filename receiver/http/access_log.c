// access_log.c: the log of requests (access_log.h).
#include "access_log.h"
#include "../../base/clock.h"
#include "../../base/file.h"
#include "../../base/utc.h"
#include "../base/json.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLOSE_SECONDS = 2 };

struct buffer {
    char bytes[ACCESS_LOG_BYTES];
    size_t size;
};

struct access_log {
    char *path; // NULL: standard output
    int file;   // of the thread alone, once it runs
    void (*say)(const char *text);
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct buffer *fills, *writes; // fills guarded by lock, as the next three; writes is the thread's
    uint64_t lost;
    bool reopens, ends;
};

// ---- Writing ----

// A pipe without a reader is an error, not a reason to wait.
static int open_file(const char *path) {
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600); // who asked for what is the owner's
    if (file >= 0) {
        fcntl(file, F_SETFL, O_APPEND);
    }
    return file;
}

static void tell(const struct access_log *log, const char *what) {
    char text[400];
    snprintf(text, sizeof text, "%.300s: %s", log->path ? log->path : "the access log", what);
    if (log->say) {
        log->say(text);
    }
}

// The file of before stays if the new one cannot be opened.
static void open_again(struct access_log *log) {
    int file = log->path ? open_file(log->path) : -1;
    if (file >= 0) {
        close(log->file);
        log->file = file;
    } else if (log->path) {
        tell(log, strerror(errno));
    }
}

static void *run(void *state) {
    struct access_log *log = state;
    bool fails = false;
    pthread_mutex_lock(&log->lock);
    for (bool ends = false; !ends;) {
        while (log->fills->size == 0 && log->lost == 0 && !log->ends && !log->reopens) {
            pthread_cond_wait(&log->wake, &log->lock);
        }
        struct buffer *full = log->fills;
        log->fills = log->writes;
        log->writes = full;
        log->fills->size = 0;
        uint64_t lost = log->lost;
        bool reopens = log->reopens;
        log->lost = 0;
        log->reopens = false;
        ends = log->ends;
        pthread_mutex_unlock(&log->lock);
        char line[80];
        int size = lost ? snprintf(line, sizeof line, "{\"lost_lines\":%llu}\n", (unsigned long long)lost) : 0;
        bool written = file_write(log->file, full->bytes, full->size) && file_write(log->file, line, (size_t)size);
        if (!written && !fails) {
            tell(log, strerror(errno));
        }
        fails = !written;
        if (reopens) { // what came before is in the file of before
            open_again(log);
        }
        pthread_mutex_lock(&log->lock);
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

static void free_all(struct access_log *log) {
    if (log->path && log->file >= 0) {
        close(log->file);
    }
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->lock);
    free(log->fills);
    free(log->writes);
    free(log->path);
    free(log);
}

struct access_log *access_log_open(const char *path, void (*say)(const char *text)) {
    struct access_log *log = calloc(1, sizeof *log);
    if (!log) {
        return NULL;
    }
    bool is_file = strcmp(path, "-") != 0;
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->wake, NULL);
    log->say = say;
    log->fills = calloc(1, sizeof *log->fills);
    log->writes = calloc(1, sizeof *log->writes);
    log->path = is_file ? strdup(path) : NULL;
    log->file = is_file ? open_file(path) : STDOUT_FILENO;
    int error = log->fills && log->writes && (!is_file || log->path) ? 0 : ENOMEM;
    error = error ? error : log->file < 0 ? errno : pthread_create(&log->thread, NULL, run, log);
    if (error) {
        free_all(log);
        errno = error;
        return NULL;
    }
    return log;
}

void access_log_close(struct access_log *log) {
    if (log) {
        pthread_mutex_lock(&log->lock);
        log->ends = true;
        pthread_cond_signal(&log->wake);
        pthread_mutex_unlock(&log->lock);
        struct timespec until = {.tv_sec = (time_t)(clock_ns(CLOCK_REALTIME) / 1000000000) + CLOSE_SECONDS};
        if (pthread_timedjoin_np(log->thread, NULL, &until) == 0) {
            free_all(log);
        } else { // its thread still needs it
            tell(log, "its reader stands still, and the last lines are not written");
        }
    }
}

void access_log_reopen(struct access_log *log) {
    pthread_mutex_lock(&log->lock);
    log->reopens = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
}

bool access_log_line(struct access_log *log, const char *line, size_t size) {
    pthread_mutex_lock(&log->lock);
    struct buffer *buffer = log->fills;
    bool fits = size <= sizeof buffer->bytes - buffer->size;
    if (fits) {
        memcpy(buffer->bytes + buffer->size, line, size);
        buffer->size += size;
    } else {
        log->lost++;
    }
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
    return fits;
}

// ---- A request ----

struct query {
    char text[ACCESS_LOG_TEXT_BYTES];
    size_t size;
};

static enum MHD_Result add_parameter(void *state, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct query *query = state;
    (void)kind;
    if (strcasecmp(name, "token") == 0 || strcasecmp(name, "api_key") == 0) {
        return MHD_YES;
    }
    size_t left = sizeof query->text - query->size;
    int size = snprintf(query->text + query->size, left, "%s%s%s%s", query->size ? "&" : "", name, value ? "=" : "", value ? value : "");
    query->size += (size_t)size < left ? (size_t)size : left - 1;
    return MHD_YES;
}

static void put_text(struct json *line, const char *key, const char *text) {
    if (text && *text) {
        json_key(line, key);
        json_text_n(line, text, strnlen(text, ACCESS_LOG_TEXT_BYTES));
    }
}

static void put_client(struct json *line, struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    char text[INET6_ADDRSTRLEN] = "unix";
    if (address && address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text, sizeof text);
    } else if (address && address->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text, sizeof text);
    }
    json_member_text(line, "client", text);
}

void access_log_add(struct access_log *log, const struct access_log_request *request) {
    struct json line = {0};
    struct query query = {.size = 0};
    char time[UTC_TEXT_BYTES];
    utc_text(request->begun_ms, time);
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, add_parameter, &query);
    json_object_begin(&line);
    json_member_text(&line, "time", time);
    put_client(&line, request->connection);
    put_text(&line, "method", request->method);
    put_text(&line, "path", request->path);
    put_text(&line, "query", query.text);
    json_key(&line, "status");
    if (request->status) {
        json_number(&line, request->status);
    } else {
        json_text(&line, NULL);
    }
    json_member_number(&line, "body_bytes", (int64_t)request->body_bytes);
    json_key(&line, "ms");
    json_real(&line, request->ms);
    put_text(&line, "forwarded_for", MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "X-Forwarded-For"));
    put_text(&line, "user_agent", MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_USER_AGENT));
    json_object_end(&line);
    bool ok = !json_failed(&line);
    char *bytes = ok ? realloc(line.bytes, line.size + 1) : NULL;
    if (bytes) {
        bytes[line.size] = '\n';
        access_log_line(log, bytes, line.size + 1);
        free(bytes);
    } else {
        json_free(&line);
    }
}
