// plan.h: reads the wanted fields of a value and skips the others, by a short program made once per type.
//
// A value has no sizes inside, so to read a field all before it must be skipped. The program of a type has one step for each run of
// fields of a kind: "skip 3 numbers", "read a number into slot 2", "skip a text". It ends behind the last wanted field. Structs that are
// written in place are flattened into it. A type of too many members, or of a type that is not known, has a program that fails.
//
// Threads: as the metadata's owner. Memory: the metadata's array of steps, at most JFR_MAX_OPS.
#ifndef CMEMPROF_JFR_PLAN_H
#define CMEMPROF_JFR_PLAN_H

#include "metadata.h"

enum { JFR_MAX_OPS = 1 << 18, JFR_SLOTS = 16 };

enum jfr_op_code {
    JFR_OP_END,
    JFR_OP_SKIP_NUMBERS, // argument: how many
    JFR_OP_SKIP_BYTES,
    JFR_OP_SKIP_TEXT,
    JFR_OP_SKIP_ARRAY, // argument: the program of an element
    JFR_OP_NUMBER,     // sign-extended from its width
    JFR_OP_BYTE,
    JFR_OP_FLOAT, // as the bits of a double
    JFR_OP_DOUBLE,
    JFR_OP_TEXT, // as the address of its first byte
    JFR_OP_MARK, // an array's address; not skipped
    JFR_OP_FAIL, // a type that is not in the metadata: what follows cannot be found
};
struct jfr_op {
    uint8_t code, slot, width, is_unsigned;
    uint32_t argument;
};

// A wanted field; names may go into structs in place: "heapSpace.committedSize". Of several with one slot, the last in the type's order
// holds.
struct jfr_wanted {
    const char *name;
    uint8_t slot;
};

struct jfr_plan {
    uint32_t first;                              // step
    uint32_t present;                            // bit n: the type has the field of slot n
    uint32_t numbers;                            // and it is a number, or a key; the others are addresses
    const struct jfr_member *members[JFR_SLOTS]; // by slot, with content and clock
};
struct jfr_values {
    uint64_t slots[JFR_SLOTS];
};

// 0: the type has no such field, or it is none of one number, as it should be.
static inline uint64_t jfr_plan_number(const struct jfr_plan *plan, const struct jfr_values *values, int slot) {
    return plan->numbers & 1u << slot ? values->slots[slot] : 0;
}

// False: no memory.
bool jfr_plan_make(struct jfr_metadata *metadata, uint32_t class, const struct jfr_wanted *wanted, size_t count, struct jfr_plan *plan);
// Reads at the cursor. False: the value ends too early, or cannot be followed; slots may be set partly.
bool jfr_plan_run(const struct jfr_metadata *metadata, uint32_t first, struct jfr_cursor *cursor, struct jfr_values *values);

// The program that skips a value of the class. Returns its first step + 1; 0: no memory.
uint32_t jfr_plan_skip(struct jfr_metadata *metadata, uint32_t class);

#endif
