// demangle.c: see demangle.h.

#include "demangle.h"

#include <dlfcn.h>
#include <stddef.h>

typedef char *demangler(const char *name, char *buffer, size_t *size, int *status);

#ifdef CMEMPROF_STATIC
extern demangler __cxa_demangle __attribute__((weak)); // part of the program, or not

static demangler *find_demangler(void) {
    return __cxa_demangle;
}
#else
static demangler *find_demangler(void) {
    demangler *found = (demangler *)dlsym(RTLD_DEFAULT, "__cxa_demangle");
    if (found == NULL) {
        // Loaded by a library that keeps its symbols to itself. Never loads it; the reference it takes is kept, so that it stays.
        void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
        found = library != NULL ? (demangler *)dlsym(library, "__cxa_demangle") : NULL;
    }
    return found;
}
#endif

char *demangle(const char *name) {
    static demangler *known; // guarded by the snapshot's lock, as all naming is
    if (name[0] != '_' || name[1] != 'Z') {
        return NULL;
    }
    if (known == NULL) {
        known = find_demangler();
    }
    int status;
    return known != NULL ? known(name, NULL, NULL, &status) : NULL;
}
