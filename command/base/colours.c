// colours.c: when there are colours (colours.h).
#include "colours.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool colours_are_shown(int fd) {
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return (!none || !*none) && terminal && *terminal && strcmp(terminal, "dumb") != 0 && isatty(fd);
}
