// filter.c: which samples count (filter.h).
#include "filter.h"
#include "say.h"

int filter_compile(const char *command, struct filter *filter, enum filter_match match, const char *expression) {
    bool focus = match == FILTER_FOCUS, *has = focus ? &filter->has_focus : &filter->has_ignore;
    regex_t *compiled = focus ? &filter->focus : &filter->ignore;
    if (*has) {
        return say_usage(command, "--%s can be given once; a|b finds both", focus ? "focus" : "ignore");
    }
    int error = regcomp(compiled, expression, REG_EXTENDED | REG_NOSUB);
    if (error != 0) {
        char text[200];
        regerror(error, compiled, text, sizeof text);
        return say_usage(command, "--%s %s: %s", focus ? "focus" : "ignore", expression, text);
    }
    *has = true;
    return STATUS_DONE;
}

void filter_free(struct filter *filter) {
    if (filter->has_focus) {
        regfree(&filter->focus);
    }
    if (filter->has_ignore) {
        regfree(&filter->ignore);
    }
    *filter = (struct filter){0};
}

static bool found(const regex_t *expression, const struct profile_frame *frame) {
    return regexec(expression, frame->function, 0, NULL, 0) == 0 || regexec(expression, frame->file, 0, NULL, 0) == 0 ||
           regexec(expression, frame->mapping_file, 0, NULL, 0) == 0;
}

unsigned filter_frame(const struct filter *filter, const struct profile_frame *frame) {
    return (filter->has_focus && found(&filter->focus, frame) ? FILTER_FOCUS : 0) |
           (filter->has_ignore && found(&filter->ignore, frame) ? FILTER_IGNORE : 0);
}

bool filter_sample(const struct filter *filter, unsigned matches) {
    return (!filter->has_focus || (matches & FILTER_FOCUS)) && !(matches & FILTER_IGNORE);
}
