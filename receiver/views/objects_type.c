// objects_type.c: see objects_type.h.
#include "objects_type.h"

#include <stdio.h>
#include <string.h>

int objects_type_of(const struct profile *profile, const char *type) {
    static const char suffix[] = "_space";
    size_t length = strlen(type), kept = length - (sizeof suffix - 1);
    char name[64];
    if (length < sizeof suffix - 1 || length > 40 || strcmp(type + kept, suffix) != 0) {
        return -1;
    }
    snprintf(name, sizeof name, "%.*s_objects", (int)kept, type);
    return profile_sample_type_index(profile, name);
}
