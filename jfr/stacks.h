// stacks.h: stacks of a chunk as locations of a profile.
//
// Each stack, method and frame type of the chunk is made once; locations of one function and line are remembered in a small table, so that
// most frames need no search.
// Threads: as its owner. Memory: malloc, 4 bytes per frame of a distinct stack, and the profile's.
#ifndef CMEMPROF_JFR_STACKS_H
#define CMEMPROF_JFR_STACKS_H

#include "../merge/merge.h"
#include "names.h"

enum {
    JFR_MAX_FRAMES = 1 << 14,
    JFR_MAX_INLINED = 64,
    JFR_LOCATION_SLOTS = 4096,
    JFR_METHOD_SLOTS = 1024,
    JFR_TYPE_SLOTS = 64,
    JFR_FRAME_FIELDS = 8
};

struct jfr_location_slot {
    uint32_t function, id;
    int64_t line;
};
struct jfr_function {
    uint32_t id;
    uint32_t mapping; // of native code
};
struct jfr_method_slot {
    uint64_t key;
    struct jfr_function function; // id 0: empty
};
struct jfr_type_slot {
    uint64_t key;
    enum jfr_frame_kind kind;
    bool known;
};
struct jfr_stacks {
    struct jfr_names *names;
    struct profile *profile;
    struct jfr_plan trace_plan, frame_plan;
    uint32_t traces, frame_class, frame_types;
    struct jfr_location_slot *slots;
    struct jfr_method_slot *methods; // by key: a table to look into before the pool
    struct jfr_type_slot types[JFR_TYPE_SLOTS];
    // Frames of numbers only, as all recorders write them, are read without a program: which value each field is, or JFR_FRAME_FIELDS.
    uint8_t field_slots[JFR_FRAME_FIELDS];
    size_t field_count;             // 0: by the program
    struct jfr_function *functions; // by constant of the methods' pool; id 0: not made
    size_t function_count;
    uint32_t *ids; // of the last stack
    size_t id_count, id_capacity;
    bool cut; // the last stack
    bool no_memory;
};

// profile: that stacks are made for. False: no memory.
bool jfr_stacks_init(struct jfr_stacks *stacks, struct jfr_names *names, struct profile *profile);
void jfr_stacks_free(struct jfr_stacks *stacks);
// Sets ids and id_count to the stack's locations, leaf first. A stack that is missing is JFR_NO_STACK. False: no memory.
bool jfr_stacks_make(struct jfr_stacks *stacks, uint64_t key);

#endif
