// dlopen_storm.c: threads load, call and unload libraries while others allocate and profiles are taken. Different objects get the same
// addresses, so a row or a name kept too long would be wrong; the loader holds its locks while it allocates (jemalloc#2505,
// google/tcmalloc#120, libunwind#16). usage: dlopen_storm PLUGIN...

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "hazard.h"

enum { LOADERS = 3, ALLOCATORS = 2, ROUNDS = 40, PROFILES = 10 };

static char **plugins;
static unsigned plugin_count;
static volatile int stop;

static int callback(int value) {
    hazard_churn((uint64_t)value, 3);
    return value & 7;
}

static void *load(void *context) {
    for (unsigned i = 0; i * LOADERS < hazard_counted(LOADERS * ROUNDS); i++) {
        void *handle = dlopen(plugins[(i + (uintptr_t)context) % plugin_count], i % 2 == 0 ? RTLD_NOW : RTLD_LAZY);
        CHECK(handle, "%s", dlerror());
        int (*work)(int (*)(int), int);
        *(void **)&work = dlsym(handle, "plugin_work");
        CHECK(work, "plugin_work is not there");
        for (int value = 0; value < 5; value++) {
            CHECK(work(callback, value) == 1 + value, "wrong result");
        }
        CHECK(dlclose(handle) == 0, "%s", dlerror());
        hazard_did(HAZARD_OPENS);
        CHECK(!dlopen("/nonexistent/library.so", RTLD_NOW) && dlerror(), "loaded a library that is not there");
    }
    return NULL;
}

static void *allocate(void *context) {
    for (uint64_t seed = (uintptr_t)context; !stop; seed++) {
        hazard_churn(seed, 50);
    }
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc > 1, "usage: dlopen_storm PLUGIN...");
    plugins = argv + 1;
    plugin_count = (unsigned)argc - 1;
    hazard_start();
    pthread_t loaders[LOADERS], allocators[ALLOCATORS];
    for (uintptr_t i = 0; i < LOADERS; i++) {
        CHECK(pthread_create(&loaders[i], NULL, load, (void *)i) == 0, "thread");
    }
    for (uintptr_t i = 0; i < ALLOCATORS; i++) {
        CHECK(pthread_create(&allocators[i], NULL, allocate, (void *)(i * 1000)) == 0, "thread");
    }
    hazard_profiles_begin(hazard_scaled(PROFILES));
    for (int i = 0; i < LOADERS; i++) {
        pthread_join(loaders[i], NULL);
    }
    hazard_profiles_end();
    stop = 1;
    for (int i = 0; i < ALLOCATORS; i++) {
        pthread_join(allocators[i], NULL);
    }
    return hazard_finish();
}
