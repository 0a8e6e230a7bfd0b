// go_call.c (control): what Go reports about its code, its heap and its calls into C at the profiler's start.
//
// Threads: any, not inside malloc; cmemprof_find_go_labels and cmemprof_confirm_go_labels one at a time. Memory: mmap, during the call.

#include "cmemprof.h"

#include <link.h>
#include <stddef.h>
#include <sys/mman.h>

#include "interposition.h"
#include "lifecycle.h"
#include "loaded_code.h"
#include "profiler.h"
#include "thread_pointer.h"

// Returns the return address of the present call, 0 if it is not known; *goroutine: who has made it.
static uintptr_t find_call(uintptr_t *goroutine) {
    if (!interposition_is_active()) { // nothing will be sampled, and a sanitizer would object to the walk's reads
        return 0;
    }
    uintptr_t call = 0;
    profiler_enter(&thread_state); // what is mapped here is the profiler's
    struct unwind_memo *memo = mmap(NULL, sizeof *memo, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memo != MAP_FAILED) {
        loaded_code_list_objects(&profiler); // the walk needs the table, if it is in use
        call = unwind_find_go_call(&profiler.unwinder, &thread_state, memo, goroutine);
        munmap(memo, sizeof *memo);
    }
    profiler_leave(&thread_state);
    return call;
}

uintptr_t cmemprof_go_call(void) {
    uintptr_t goroutine;
    return find_call(&goroutine);
}

void cmemprof_set_go_text(uintptr_t start, uintptr_t end) {
    unwind_set_go_text(&profiler.unwinder, start, end);
}

void cmemprof_set_go_heap(uintptr_t address) {
    stack_memory_set_go_heap(&profiler.unwinder.memory, address);
}

void cmemprof_set_go_call(uintptr_t start, uintptr_t end) {
    unwind_set_go_call(&profiler.unwinder, start, end);
}

void cmemprof_set_go_panic(uintptr_t start, uintptr_t end) {
    unwind_set_go_panic(&profiler.unwinder, start, end);
}

// ---- Labels ----

// Of the object that Go is in.
static int find_tls(struct dl_phdr_info *object, size_t size, void *context) {
    struct go_labels_search *search = context;
    const ElfW(Phdr) *tls = NULL;
    uintptr_t go = atomic_load(&profiler.unwinder.go_text_start);
    bool is_gos = false;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        is_gos |= segment->p_type == PT_LOAD && go - (object->dlpi_addr + segment->p_vaddr) < segment->p_memsz;
        tls = segment->p_type == PT_TLS ? segment : tls;
    }
    if (is_gos && tls && size >= offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof object->dlpi_tls_data) {
        search->tls_low = (uintptr_t)object->dlpi_tls_data;
        search->tls_high = search->tls_low + (search->tls_low != 0 ? tls->p_memsz : 0);
    }
    return is_gos;
}

static enum cmemprof_go_labels keep_result(enum cmemprof_go_labels result) {
    atomic_store(&profiler.labels_missing, result);
    return result;
}

enum cmemprof_go_labels cmemprof_find_go_labels(uintptr_t address) {
    struct go_labels_search search = {
        .thread_pointer = thread_pointer_get(), .own_low = (uintptr_t)&thread_state, .own_bytes = sizeof thread_state};
    if (!interposition_is_active()) {
        return CMEMPROF_GO_LABELS_NO_GOROUTINE;
    }
    if (find_call(&search.goroutine) == 0) {
        return keep_result(CMEMPROF_GO_LABELS_NO_GOROUTINE);
    }
    profiler_enter(&thread_state);
    dl_iterate_phdr(find_tls, &search);
    profiler_leave(&thread_state);
    return keep_result(go_labels_find(&profiler.go_labels, &search, address));
}

enum cmemprof_go_labels cmemprof_confirm_go_labels(uintptr_t address) {
    enum cmemprof_go_labels result = go_labels_confirm(&profiler.go_labels, thread_pointer_get(), address);
    if (result == CMEMPROF_GO_LABELS_OK && address == 0 && !atomic_load(&profiler.go_labels.are_known)) {
        bool is_open = lifecycle_open(&profiler) == CMEMPROF_OK && label_sets_open(&profiler.labels, &profiler.stacks.share);
        atomic_store_explicit(&profiler.go_labels.are_known, is_open, memory_order_release);
        result = is_open ? CMEMPROF_GO_LABELS_OK : CMEMPROF_GO_LABELS_NO_MEMORY;
    }
    return keep_result(result);
}

enum cmemprof_go_labels cmemprof_get_go_labels(void) {
    return (enum cmemprof_go_labels)atomic_load(&profiler.labels_missing);
}

const char *cmemprof_go_labels_text(enum cmemprof_go_labels result) {
    static const char *const texts[CMEMPROF_GO_LABELS_COUNT] = {
        [CMEMPROF_GO_LABELS_OK] = "ok",
        [CMEMPROF_GO_LABELS_NO_GOROUTINE] = "which goroutine calls C is not known",
        [CMEMPROF_GO_LABELS_NOT_IN_GOROUTINE] = "the address of a goroutine's labels is not in it, or more than once",
        [CMEMPROF_GO_LABELS_OTHER_FORM] = "a goroutine's labels are no list of texts",
        [CMEMPROF_GO_LABELS_NO_THREAD] = "no way was found from a thread to its goroutine",
        [CMEMPROF_GO_LABELS_AMBIGUOUS] = "several ways were found from a thread to its goroutine",
        [CMEMPROF_GO_LABELS_NO_MEMORY] = "no memory for their table",
        [CMEMPROF_GO_LABELS_UNCONFIRMED] = "labels were not found again where they were first",
    };
    return result >= 0 && result < CMEMPROF_GO_LABELS_COUNT ? texts[result] : "unknown result";
}

void cmemprof_set_label_rule(enum cmemprof_label_rule rule) {
    label_keys_set_rule(&profiler.labels.keys, rule);
    atomic_store(&profiler.labels_unwanted, rule == CMEMPROF_LABELS_NONE);
}

bool cmemprof_set_label(const char *key, size_t size, bool is_wanted) {
    bool is_known = label_keys_set(&profiler.labels.keys, key, size, is_wanted);
    if (is_known && is_wanted) {
        atomic_store(&profiler.labels_unwanted, false);
    }
    return is_known;
}
