// warnings.c: what the comments of a profile tell its readers: warnings of the profiler that wrote it, what was made of it (merge.h).
#include "profile.h"

#include <stdlib.h>
#include <string.h>

bool profile_has_comment(const struct profile *profile, const char *part) {
    bool found = false;
    for (uint32_t i = 0; i < profile->comments.count && !found; i++) {
        found = strstr(profile_string(profile, *profile_comment(profile, i)), part);
    }
    return found;
}

const char *profile_comment_after(const struct profile *profile, const char *begin) {
    size_t length = strlen(begin);
    for (uint32_t i = 0; i < profile->comments.count; i++) {
        const char *text = profile_string(profile, *profile_comment(profile, i));
        if (strncmp(text, begin, length) == 0) {
            return text + length;
        }
    }
    return NULL;
}

static const char prefix[] = "cmemprof: warning: ";
static const char digits[] = "0123456789";

static bool same_but_for_numbers(const char *a, const char *b) {
    for (;;) {
        a += strspn(a, digits);
        b += strspn(b, digits);
        if (*a != *b || !*a) {
            return *a == *b;
        }
        a++;
        b++;
    }
}

static unsigned long number_of(const char *text) {
    return strtoul(text + strcspn(text, digits), NULL, 10);
}

size_t profile_warnings(const struct profile *profile, const char **texts, size_t most) {
    size_t count = 0;
    for (uint32_t i = 0; i < profile->comments.count; i++) {
        const char *text = profile_string(profile, *profile_comment(profile, i));
        if (strncmp(text, prefix, sizeof prefix - 1) != 0) {
            continue;
        }
        text += sizeof prefix - 1;
        size_t at = 0;
        while (at < count && !same_but_for_numbers(texts[at], text)) {
            at++;
        }
        if (at < count) {
            texts[at] = number_of(text) > number_of(texts[at]) ? text : texts[at];
        } else if (count < most) {
            texts[count++] = text;
        }
    }
    return count;
}
