// parameters.c: see parameters.h.
#include "parameters.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parameters parameters_of(struct MHD_Connection *connection) {
    return (struct parameters){.connection = connection};
}

static void unescape(char *text) {
    for (char *plus = text; (plus = strchr(plus, '+'));) {
        *plus = ' ';
    }
    MHD_http_unescape(text);
}

bool parameters_read(struct parameters *parameters, const char *query) {
    size_t most = 1;
    for (const char *c = query; *c; c++) {
        most += *c == '&';
    }
    *parameters = (struct parameters){.text = strdup(query), .list = calloc(most, sizeof *parameters->list)};
    if (!parameters->text || !parameters->list) {
        parameters_free(parameters);
        return false;
    }
    for (char *rest = parameters->text, *one; (one = strsep(&rest, "&"));) {
        char *value = strchr(one, '=');
        if (value) {
            *value++ = '\0';
            unescape(value);
        }
        unescape(one);
        if (*one) {
            parameters->list[parameters->count++] = (struct parameter){one, value};
        }
    }
    return true;
}

void parameters_free(struct parameters *parameters) {
    free(parameters->list);
    free(parameters->text);
    *parameters = (struct parameters){0};
}

const char *parameters_get(const struct parameters *parameters, const char *key) {
    if (parameters->connection) {
        return MHD_lookup_connection_value(parameters->connection, MHD_GET_ARGUMENT_KIND, key);
    }
    for (size_t i = 0; i < parameters->count; i++) {
        if (strcasecmp(parameters->list[i].key, key) == 0) {
            return parameters->list[i].value;
        }
    }
    return NULL;
}

void parameters_each(const struct parameters *parameters, MHD_KeyValueIterator take, void *context) {
    if (parameters->connection) {
        MHD_get_connection_values(parameters->connection, MHD_GET_ARGUMENT_KIND, take, context);
        return;
    }
    for (size_t i = 0; i < parameters->count; i++) {
        if (take(context, MHD_GET_ARGUMENT_KIND, parameters->list[i].key, parameters->list[i].value) == MHD_NO) {
            return;
        }
    }
}
