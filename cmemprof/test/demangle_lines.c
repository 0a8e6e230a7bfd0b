// demangle_lines.c: a filter for e2e/names: prints each input line demangled, or unchanged.

#include <stdio.h>
#include <string.h>

#include "../demangle.h"

int main(void) {
    static char line[1 << 20];
    struct symbolizer_arena memory;
    symbolizer_arena_open(&memory);
    struct demangler *demangler = demangler_new(&memory);
    while (demangler && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        const char *readable = demangle(demangler, line);
        puts(readable ? readable : line);
    }
    return !demangler;
}
