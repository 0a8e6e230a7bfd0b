// diagnostic.c: prints one line on standard error (diagnostic.h).
#include "diagnostic.h"
#include "progress.h"
#include "text.h"
#include "web_address.h"

#include <stdarg.h>
#include <stdio.h>

static FILE *into; // NULL: standard error

void diagnostic_into(FILE *out) {
    into = out;
}

static void print_line(const char *command, const char *subject, const char *format, va_list arguments) {
    FILE *out = into ? into : stderr;
    char text[501], shown[WEB_ADDRESS_SHOWN_BYTES];
    progress_hide();
    vsnprintf(text, sizeof text, format, arguments);
    fprintf(out, "cmemprof %s: ", command);
    if (subject) {
        text_put(web_address_is(subject) ? web_address_shown(subject, shown) : subject, out);
        fputs(": ", out);
    }
    text_put(text, out);
    fputc('\n', out);
}

int diagnostic_error(const char *command, const char *subject, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line(command, subject, format, arguments);
    va_end(arguments);
    return STATUS_FAILED;
}

int diagnostic_usage(const char *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line(command, NULL, format, arguments);
    va_end(arguments);
    fprintf(stderr, "cmemprof %s --help lists the options\n", command);
    return STATUS_USAGE;
}

void diagnostic_note(const char *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line(command, NULL, format, arguments);
    va_end(arguments);
}
