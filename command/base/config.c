// config.c: options from a file and from the environment (config.h).
#include "config.h"
#include "../../base/vector.h"
#include "diagnostic.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64 };

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define BYTE_ORDER_MARK "\xEF\xBB\xBF" // as editors on Windows write it

extern char **environ;

// ---- Arguments ----

// Takes argument.
static bool add(struct config *config, char *argument, unsigned line) {
    if (!argument || !VECTOR_RESERVE(config->places, config->place_capacity, config->place_count + 1)) {
        free(argument);
        diagnostic_error(config->command, NULL, "%s", strerror(ENOMEM));
        return false;
    }
    config->places[config->place_count++] = (struct config_place){line, argument};
    return true;
}

static bool add_option(struct config *config, const char *name, const char *value, unsigned line) {
    char *argument = NULL;
    return add(config, asprintf(&argument, "--%s=%s", name, value) < 0 ? NULL : argument, line);
}

static bool takes_value(const struct option *option) {
    return option->has_arg == required_argument && strcmp(option->name, "config") != 0;
}

static const struct option *find(const struct config *config, const char *name) {
    const struct option *option = config->options;
    while (option->name && (!takes_value(option) || strcmp(option->name, name) != 0)) {
        option++;
    }
    return option->name ? option : NULL;
}

// ---- File ----

static bool fail(const struct config *config, unsigned line, const char *what, const char *name) {
    diagnostic_error(config->command, config->file, "line %u: %s%s", line, what, name);
    return false;
}

static bool take_line(struct config *config, char *text, unsigned line) {
    text += strspn(text, " \t");
    for (size_t length = strlen(text); length > 0 && isspace((unsigned char)text[length - 1]);) {
        text[--length] = '\0';
    }
    if (!*text || *text == '#') {
        return true;
    }
    size_t length = strcspn(text, " \t"), name = strspn(text, NAME_CHARACTERS); // what follows it may be a secret, and is not shown
    const char *value = text + length + strspn(text + length, " \t");
    bool has_value = *value, is_assigned = text[name] == '=' || *value == '=';
    text[name < length ? name : length] = '\0';
    if (is_assigned) {
        return fail(config, line, "a blank stands between an option and its value, not =: ", text);
    }
    if (name == 0) {
        return fail(config, line, "it begins with no option's name", "");
    }
    if (name < length || !find(config, text)) {
        return fail(config, line, *text == '-' ? "options stand without dashes: " : "unknown option ", text);
    }
    return has_value ? add_option(config, text, value, line) : fail(config, line, "no value follows ", text);
}

static bool read_file(struct config *config) {
    FILE *file = fopen(config->file, "r");
    char *text = NULL;
    size_t size = 0;
    bool ok = file;
    for (unsigned line = 1; ok; line++) {
        errno = 0;
        ssize_t length = getline(&text, &size, file);
        if (length < 0) {
            ok = !ferror(file) && errno == 0;
            break;
        }
        if (strlen(text) != (size_t)length) {
            fail(config, line, "there is a zero byte", "");
            free(text);
            fclose(file);
            return false;
        }
        bool is_marked = line == 1 && strncmp(text, BYTE_ORDER_MARK, 3) == 0;
        if (!take_line(config, is_marked ? text + 3 : text, line)) {
            free(text);
            fclose(file);
            return false;
        }
    }
    if (!ok) {
        diagnostic_error(config->command, config->file, "%s", strerror(errno));
    }
    free(text);
    if (file) {
        fclose(file);
    }
    return ok;
}

// ---- Environment ----

static void variable_of(const struct config *config, const char *option, char name[NAME_BYTES]) {
    snprintf(name, NAME_BYTES, "%s%s", config->prefix, option);
    for (char *at = name; *at; at++) {
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    }
}

static bool read_environment(struct config *config) {
    for (const struct option *option = config->options; option->name; option++) {
        char name[NAME_BYTES];
        variable_of(config, option->name, name);
        const char *value = takes_value(option) ? getenv(name) : NULL;
        if (value && *value && !add_option(config, option->name, value, 0)) {
            return false;
        }
    }
    return true;
}

// Kubernetes gives containers such variables of a service whose name begins like the prefix.
static bool is_of_kubernetes(const char *rest) {
    return strncmp(rest, "SERVICE_", 8) == 0 || strncmp(rest, "PORT=", 5) == 0 ||
           (strncmp(rest, "PORT_", 5) == 0 && isdigit((unsigned char)rest[5]));
}

static void tell_unknown(const struct config *config) {
    size_t prefix = strlen(config->prefix);
    for (char **at = environ; *at; at++) {
        bool is_known = strncmp(*at, config->prefix, prefix) != 0 || is_of_kubernetes(*at + prefix);
        for (const struct option *option = config->options; option->name && !is_known; option++) {
            char name[NAME_BYTES];
            variable_of(config, option->name, name);
            is_known = option->has_arg && strncmp(*at, name, strlen(name)) == 0 && (*at)[strlen(name)] == '=';
        }
        if (!is_known) {
            diagnostic_note(config->command, "the variable %.*s is no option's", (int)strcspn(*at, "="), *at);
        }
    }
}

// ---- All ----

// The file that the command line names, else the environment. Errors of the command line are left to who reads it.
static const char *file_of(const struct config *config, int argc, char **argv) {
    const struct option *option = config->options;
    int index;
    char variable[NAME_BYTES], **copy = malloc(((size_t)argc + 1) * sizeof *copy); // getopt reorders it
    variable_of(config, "config", variable);
    const char *file = getenv(variable);
    file = file && *file ? file : NULL;
    if (copy) {
        memcpy(copy, argv, ((size_t)argc + 1) * sizeof *copy);
        optind = 0; // glibc: start a new scan
        opterr = 0;
        for (int found; (found = getopt_long_only(argc, copy, ":", option, (index = -1, &index))) != -1;) {
            file = index >= 0 && found != '?' && found != ':' && strcmp(option[index].name, "config") == 0 ? optarg : file;
        }
    }
    free(copy);
    return file;
}

bool config_read(struct config *config, int argc, char **argv) {
    config->file = file_of(config, argc, argv);
    if ((config->file && !read_file(config)) || !read_environment(config)) {
        return false;
    }
    tell_unknown(config);
    size_t given = argc > 0 ? (size_t)argc - 1 : 0;
    config->argv = calloc(config->place_count + given + 2, sizeof *config->argv);
    if (!config->argv) {
        diagnostic_error(config->command, NULL, "%s", strerror(ENOMEM));
        return false;
    }
    config->argv[config->argc++] = argc > 0 ? argv[0] : (char *)(uintptr_t)config->command;
    for (size_t i = 0; i < config->place_count; i++) {
        config->argv[config->argc++] = config->places[i].argument;
    }
    for (size_t i = 0; i < given; i++) {
        config->argv[config->argc++] = argv[1 + i];
    }
    return true;
}

// NULL: it is of the command line.
static const struct config_place *place_of(const struct config *config, int index) {
    const char *argument = index > 1 && index <= config->argc ? config->argv[index - 1] : NULL;
    for (size_t i = 0; argument && i < config->place_count; i++) {
        if (config->places[i].argument == argument) {
            return &config->places[i];
        }
    }
    return NULL;
}

enum config_source config_source_of(const struct config *config, int index) {
    const struct config_place *place = place_of(config, index);
    return !place ? CONFIG_COMMAND_LINE : place->line > 0 ? CONFIG_FILE : CONFIG_ENVIRONMENT;
}

void config_say_where(const struct config *config, int index) {
    const struct config_place *place = place_of(config, index);
    if (!place) {
        return;
    }
    char name[NAME_BYTES] = "";
    snprintf(name, sizeof name, "%.*s", (int)strcspn(place->argument + 2, "="), place->argument + 2);
    if (place->line > 0) {
        diagnostic_note(config->command, "%s stands in %s, line %u", name, config->file, place->line);
    } else {
        char variable[NAME_BYTES];
        variable_of(config, name, variable);
        diagnostic_note(config->command, "%s stands in the environment: $%s", name, variable);
    }
}

void config_free(struct config *config) {
    for (size_t i = 0; i < config->place_count; i++) {
        free(config->places[i].argument);
    }
    free(config->places);
    free(config->argv);
}
