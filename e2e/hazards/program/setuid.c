// setuid.c: a program with the setuid bit, run by somebody else: the loader ignores LD_PRELOAD there, and the program runs as it does
// without. Says whether it ran with the profiler and with somebody else's rights.

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(void) {
    void *block = malloc(100);
    printf("%s, %s, %s\n", dlsym(RTLD_DEFAULT, "cmemprof_start") != NULL ? "profiler" : "no profiler",
           getauxval(AT_SECURE) != 0 ? "secure" : "not secure", getuid() != geteuid() ? "rights of another" : "own rights");
    free(block);
    return 0;
}
