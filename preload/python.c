// python.c: see python.h.
#include "python.h"

#include <dlfcn.h>

// By its name in 3.13 and later, or before.
static void *find(const char *name, const char *before) {
    void *symbol = dlsym(RTLD_DEFAULT, name);
    return symbol ? symbol : dlsym(RTLD_DEFAULT, before);
}

bool python_find(struct python_symbols *symbols) {
    const unsigned long *version = dlsym(RTLD_DEFAULT, "Py_Version"); // from 3.11 on
    if (!version) {
        return false;
    }
    *symbols = (struct python_symbols){
        .this_thread = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState"),
        .running = (void *(*)(void))find("PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet"),
        .is_finalizing = (int (*)(void))find("Py_IsFinalizing", "_Py_IsFinalizing"),
        .main_interpreter = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyInterpreterState_Main"),
        .first_thread = (void *(*)(void *))dlsym(RTLD_DEFAULT, "PyInterpreterState_ThreadHead"),
        .code_type = (uintptr_t)dlsym(RTLD_DEFAULT, "PyCode_Type"),
        .dict_type = (uintptr_t)dlsym(RTLD_DEFAULT, "PyDict_Type"),
        .module_type = (uintptr_t)dlsym(RTLD_DEFAULT, "PyModule_Type"),
        .context_type = (uintptr_t)dlsym(RTLD_DEFAULT, "PyContext_Type"),
        .text_type = (uintptr_t)dlsym(RTLD_DEFAULT, "PyUnicode_Type"),
        .number_type = (uintptr_t)dlsym(RTLD_DEFAULT, "PyLong_Type"),
        .version = *version,
        .runtime = dlsym(RTLD_DEFAULT, "_PyRuntime"),
    };
    return symbols->this_thread && symbols->running && symbols->is_finalizing && symbols->code_type != 0;
}
