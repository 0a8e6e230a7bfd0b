// exposition.c: Prometheus' text format (exposition.h).
#include "exposition.h"
#include "../../base/utf8.h"

#include <math.h>
#include <string.h>

static const char total[] = "_total";

static size_t family_length(const struct exposition *exposition, const char *name, enum exposition_type type) {
    size_t length = strlen(name), end = sizeof total - 1;
    bool cuts = exposition->is_open_metrics && type == EXPOSITION_COUNTER && length > end && strcmp(name + length - end, total) == 0;
    return cuts ? length - end : length;
}

void exposition_family(struct exposition *exposition, const char *name, enum exposition_type type, const char *help) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    int length = (int)family_length(exposition, name, type);
    fprintf(exposition->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, name, help, length, name, types[type]);
}

static void write_value(FILE *out, const char *value) {
    for (size_t left = strlen(value); left > 0;) {
        size_t length = utf8_length(value, left);
        if (length == 0) {
            fputs("\xef\xbf\xbd", out);
            length = 1;
        } else if (*value == '\n') {
            fputs("\\n", out);
        } else {
            if (*value == '"' || *value == '\\') {
                fputc('\\', out);
            }
            fwrite(value, 1, length, out);
        }
        value += length;
        left -= length;
    }
}

void exposition_text(const char *value, char *text, size_t size) {
    size_t used = 0;
    for (size_t left = strlen(value); left > 0;) {
        size_t length = utf8_length(value, left), read = length > 0 ? length : 1;
        const char *bytes = length > 0 ? value : "\xef\xbf\xbd";
        size_t count = length > 0 ? length : 3;
        if (used + count >= size) {
            break;
        }
        memcpy(text + used, bytes, count);
        used += count;
        value += read;
        left -= read;
    }
    text[used] = '\0';
}

static void write_number(FILE *out, double value) {
    if (isnan(value)) {
        fputs("NaN", out);
    } else if (isinf(value)) {
        fputs(value > 0 ? "+Inf" : "-Inf", out);
    } else {
        fprintf(out, "%.15g", value);
    }
}

void exposition_sample(struct exposition *exposition, const char *name, const struct exposition_label *labels, size_t count, double value) {
    FILE *out = exposition->out;
    fputs(name, out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        write_value(out, labels[i].value);
        fputc('"', out);
    }
    fputs(count > 0 ? "} " : " ", out);
    write_number(out, value);
    fputc('\n', out);
}

void exposition_one(struct exposition *exposition, const char *name, enum exposition_type type, const char *help, double value) {
    exposition_family(exposition, name, type, help);
    exposition_sample(exposition, name, NULL, 0, value);
}

void exposition_end(struct exposition *exposition) {
    if (exposition->is_open_metrics) {
        fputs("# EOF\n", exposition->out);
    }
}

const char *exposition_content_type(bool is_open_metrics) {
    return is_open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
}

bool exposition_wants_open_metrics(const char *accept) {
    const char *asked = accept ? strstr(accept, "application/openmetrics-text") : NULL;
    if (!asked) {
        return false;
    }
    // Prometheus names several versions; 1.0.0 or none is this one. A client that has it with q=0 does not exist.
    return strstr(asked, "version=1.0.0") || !strstr(asked, "version=");
}
