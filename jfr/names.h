// names.h: what constants of a chunk are called: symbols, classes, methods, threads, states.
//
// Names are cut after JFR_MAX_NAME bytes: each of many constants of few bytes may refer to one long text.
// Threads: as its owner. Memory: an arena per chunk; each constant's name is made once, and the constant remembers it (`made`).
#ifndef CMEMPROF_JFR_NAMES_H
#define CMEMPROF_JFR_NAMES_H

#include "chunk.h"
#include "plan.h"
#include "pools.h"

enum jfr_frame_kind { JFR_FRAME_JAVA, JFR_FRAME_INLINED, JFR_FRAME_NATIVE, JFR_FRAME_KERNEL };

struct jfr_thread {
    const char *name; // the Java name, or else the system's
    int64_t id;       // the system's; 0: unknown
};
struct jfr_method {
    const char *class, *name, *descriptor; // "java.util.HashMap", "put", "()V"
};

struct jfr_names {
    struct jfr_metadata *metadata;
    struct jfr_pools *pools;
    struct jfr_arena arena;
    struct jfr_plan class_plan, method_plan, thread_plan;
    uint32_t strings, classes, methods, threads;
    const char **texts; // by `made` of a symbol, state or class, - 1
    size_t text_count, text_capacity;
    struct jfr_thread *thread_names; // by `made` of a thread, - 1
    size_t thread_count, thread_capacity;
    bool no_memory;
};

// False: no memory.
bool jfr_names_init(struct jfr_names *names, struct jfr_metadata *metadata, struct jfr_pools *pools);
void jfr_names_free(struct jfr_names *names);

// The text of a constant of one text: a string, symbol, thread state, frame type. "" if there is none.
const char *jfr_names_text(struct jfr_names *names, uint32_t class, uint64_t key);
// A text in place, or of a pool, from a slot that a plan has read.
const char *jfr_names_slot(struct jfr_names *names, const struct jfr_plan *plan, int slot, uint64_t value);
// A text in place, copied to the arena.
const char *jfr_names_copy(struct jfr_names *names, struct jfr_text text);
// "byte[]", "java.util.HashMap$Node". Hidden classes lose the address that makes their name another one in each process. "" if there is
// none.
const char *jfr_names_class(struct jfr_names *names, uint64_t key);
struct jfr_thread jfr_names_thread(struct jfr_names *names, uint64_t key);
struct jfr_method jfr_names_method(struct jfr_names *names, const struct jfr_constant *constant);
enum jfr_frame_kind jfr_frame_kind(const char *type);

// A class's internal name or descriptor ("java/util/HashMap", "[I", "[Ljava/lang/String;") as in source code. out needs
// jfr_class_room(name) bytes.
static inline size_t jfr_class_room(const char *name) {
    return strlen(name) * 2 + 16;
}
void jfr_class_text(const char *name, char *out);

#endif
