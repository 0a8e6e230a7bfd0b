// focus.c: see focus.h.
#include "focus.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// Returns the end of the bracket that begins here, behind its "]". NULL: it has none, or elements that depend on the locale.
static const char *end_of_bracket(const char *at) {
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']';
    while (*at && *at != ']') {
        if (at[0] == '[' && strchr(".=", at[1])) {
            return NULL;
        }
        const char *class_end = at[0] == '[' && at[1] == ':' ? strstr(at + 2, ":]") : NULL;
        at = class_end ? class_end + 2 : at + 1;
    }
    return *at ? at + 1 : NULL;
}

const char *focus_fault(const char *expression) {
    size_t anchors = 0;
    bool repeats = false; // what comes next may repeat what was before it
    if (strlen(expression) > FOCUS_BYTES) {
        return "it is longer than 200 bytes";
    }
    for (const char *at = expression; *at;) {
        bool may = repeats;
        repeats = false;
        if (*at == '\\') {
            if (!ispunct((unsigned char)at[1]) || strchr("<>`'", at[1])) {
                return "a backslash is for characters that mean something else, such as \\.";
            }
            at += 2;
            repeats = true;
        } else if (*at == '[') {
            at = end_of_bracket(at);
            if (!at) {
                return "a bracket has no end, or has [. or [=";
            }
            repeats = true;
        } else if (*at == '{') {
            return "{} is not taken; the character is \\{";
        } else if (strchr("*+?", *at)) {
            if (!may) {
                return "*, + and ? repeat one character, class or bracket, once";
            }
            at++;
        } else {
            anchors += *at == '^' || *at == '$';
            repeats = !strchr("^$()|", *at);
            at++;
        }
    }
    return anchors > FOCUS_ANCHORS ? "it has more than 8 anchors" : NULL;
}
