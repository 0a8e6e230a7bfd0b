// run_path.c: see run_path.h.
#include "run_path.h"

#include <stdio.h>
#include <string.h>

bool run_path_make(const char *pattern, const char *program, pid_t pid, char *path, size_t size) {
    size_t used = 0;
    path[0] = '\0';
    for (const char *c = pattern; *c && used < size; c++) {
        char sign = *c == '%' ? c[1] : '\0';
        bool known = sign == 'e' || sign == 'p' || sign == '%';
        int length = sign == 'e'   ? snprintf(path + used, size - used, "%s", program)
                     : sign == 'p' ? snprintf(path + used, size - used, "%ld", (long)pid)
                                   : snprintf(path + used, size - used, "%c", *c);
        used += (size_t)length;
        c += known;
    }
    return used < size;
}

bool run_path_is_own(const char *pattern) {
    for (const char *c = strchr(pattern, '%'); c && c[1]; c = strchr(c + 2, '%')) {
        if (c[1] == 'p') {
            return true;
        }
    }
    return false;
}
