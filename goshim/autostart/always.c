// always.c: the mark that goshim/internal/load looks for.

#include <stdbool.h>

extern const bool cmemprof_autostart_always;
const bool cmemprof_autostart_always = true;
