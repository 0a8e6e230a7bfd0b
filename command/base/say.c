// say.c: one line on standard error (say.h).
#include "say.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>

static void say(const char *command, const char *subject, const char *format, va_list arguments) {
    char text[501];
    vsnprintf(text, sizeof text, format, arguments);
    fprintf(stderr, "cmemprof %s: ", command);
    if (subject) {
        text_put(subject, stderr);
        fputs(": ", stderr);
    }
    text_put(text, stderr);
    fputc('\n', stderr);
}

int say_failed(const char *command, const char *subject, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(command, subject, format, arguments);
    va_end(arguments);
    return STATUS_FAILED;
}

int say_usage(const char *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(command, NULL, format, arguments);
    va_end(arguments);
    fprintf(stderr, "cmemprof %s --help lists the options\n", command);
    return STATUS_USAGE;
}

void say_note(const char *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(command, NULL, format, arguments);
    va_end(arguments);
}
