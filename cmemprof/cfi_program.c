// cfi_program.c (unwind): interprets CFI instructions for four rules (CFA, FP, AUX, return address), with a stack of remembered states.

#include "cfi_program.h"

enum { REMEMBERED_STATES = 8 }; // gcc and clang nest one deep

// A function of 100 KiB with an epilogue every 40 bytes has some 20,000 instructions. Damaged tables must not delay a malloc longer.
enum { MAX_INSTRUCTIONS = 65536 };

struct rule {
    uint8_t how; // enum cfi_how
    int64_t offset;
};

struct state {
    uint64_t cfa_register;
    int64_t cfa_offset;
    bool cfa_indirect, cfa_unknown;
    struct rule fp, aux, return_address; // the last is also AUX's on arm64
    bool return_address_undefined;
};

struct machine {
    struct state now, initial;
    const struct cfi_alignment *alignment;
    uint64_t location, wanted;
    unsigned instructions, remembered_count;
    bool bad;
    struct state remembered[REMEMBERED_STATES]; // only the first remembered_count are set
};

static struct rule *rule_of(struct state *state, uint64_t reg) {
    if (reg == MACHINE_RETURN) {
        return &state->return_address;
    }
    if (reg == MACHINE_FP) {
        return &state->fp;
    }
    return reg == MACHINE_AUX ? &state->aux : NULL; // no CFA is based on any other
}

static void set_rule(struct machine *machine, uint64_t reg, enum cfi_how how, int64_t offset) {
    struct rule *rule = rule_of(&machine->now, reg);
    if (rule) {
        *rule = (struct rule){(uint8_t)how, offset};
        if (reg == MACHINE_RETURN) {
            machine->now.return_address_undefined = false;
        }
    }
}

static void set_undefined(struct machine *machine, uint64_t reg) {
    set_rule(machine, reg, CFI_UNKNOWN, 0);
    if (reg == MACHINE_RETURN) {
        machine->now.return_address_undefined = true;
    }
}

static void restore(struct machine *machine, uint64_t reg) {
    struct rule *rule = rule_of(&machine->now, reg);
    if (rule) {
        *rule = *rule_of(&machine->initial, reg);
    }
    if (reg == MACHINE_RETURN) {
        machine->now.return_address_undefined = machine->initial.return_address_undefined;
    }
}

// The only expression form that compilers emit here: DW_OP_breg<n> offset, for a CFA optionally DW_OP_deref.
static bool read_expression(struct cfi_bytes *bytes, uint64_t *reg, int64_t *offset, bool *indirect) {
    enum { DW_OP_deref = 0x06, DW_OP_breg0 = 0x70, DW_OP_breg31 = 0x8f };
    uint64_t size = cfi_uleb(bytes);
    struct cfi_bytes expression = *bytes;
    cfi_skip(bytes, size);
    if (bytes->bad) {
        return false;
    }
    expression.end = bytes->at;
    uint64_t op = cfi_fixed(&expression, 1);
    if (op < DW_OP_breg0 || op > DW_OP_breg31) {
        return false;
    }
    *reg = op - DW_OP_breg0;
    *offset = cfi_sleb(&expression);
    *indirect = cfi_bytes_left(&expression) == 1 && cfi_fixed(&expression, 1) == DW_OP_deref;
    return !expression.bad && expression.at == expression.end;
}

static void set_cfa(struct machine *machine, uint64_t reg, int64_t offset) {
    machine->now.cfa_register = reg;
    machine->now.cfa_offset = offset;
    machine->now.cfa_indirect = machine->now.cfa_unknown = false;
}

// Linkers describe a lazy PLT on amd64, whose entries push one word halfway, by RSP + 8 + ((RIP & 15) >= n ? 8 : 0).
static bool read_plt_expression(const struct machine *machine, struct cfi_bytes bytes, int64_t *offset) {
    // DW_OP_breg7 8, breg16 0, lit15, and, lit<n>, ge, lit3, shl, plus
    static const uint8_t form[] = {11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x30, 0x2a, 0x33, 0x24, 0x22};
    enum { N_AT = 7, MAX_N = 15 };
    if (cfi_bytes_left(&bytes) < sizeof form || memcmp(bytes.at, form, N_AT) != 0 ||
        memcmp(bytes.at + N_AT + 1, form + N_AT + 1, sizeof form - N_AT - 1) != 0) {
        return false;
    }
    unsigned n = bytes.at[N_AT] - (unsigned)form[N_AT];
    *offset = 8 + ((machine->wanted & 15) >= n ? 8 : 0);
    return n <= MAX_N;
}

static void set_cfa_expression(struct machine *machine, struct cfi_bytes *bytes) {
    struct state *now = &machine->now;
    int64_t plt_offset;
    if (read_plt_expression(machine, *bytes, &plt_offset)) {
        set_cfa(machine, MACHINE_SP, plt_offset);
        cfi_skip(bytes, cfi_uleb(bytes));
        return;
    }
    now->cfa_unknown = !read_expression(bytes, &now->cfa_register, &now->cfa_offset, &now->cfa_indirect);
}

static void set_register_expression(struct machine *machine, struct cfi_bytes *bytes, uint64_t reg) {
    uint64_t base;
    int64_t offset;
    bool indirect;
    if (read_expression(bytes, &base, &offset, &indirect) && base == MACHINE_FP && !indirect) {
        set_rule(machine, reg, CFI_AT_FP, offset);
    } else {
        set_rule(machine, reg, CFI_UNKNOWN, 0);
    }
}

static void remember(struct machine *machine) {
    if (machine->remembered_count == REMEMBERED_STATES) {
        machine->bad = true;
        return;
    }
    machine->remembered[machine->remembered_count++] = machine->now;
}

static void recall(struct machine *machine) {
    if (machine->remembered_count == 0) {
        machine->bad = true;
        return;
    }
    machine->now = machine->remembered[--machine->remembered_count];
}

// DW_CFA_* instructions without an operand in the opcode byte.
enum {
    NOP = 0x00,
    SET_LOC = 0x01,
    ADVANCE_LOC1 = 0x02,
    ADVANCE_LOC2 = 0x03,
    ADVANCE_LOC4 = 0x04,
    OFFSET_EXTENDED = 0x05,
    RESTORE_EXTENDED = 0x06,
    UNDEFINED = 0x07,
    SAME_VALUE = 0x08,
    REGISTER = 0x09,
    REMEMBER_STATE = 0x0a,
    RESTORE_STATE = 0x0b,
    DEF_CFA = 0x0c,
    DEF_CFA_REGISTER = 0x0d,
    DEF_CFA_OFFSET = 0x0e,
    DEF_CFA_EXPRESSION = 0x0f,
    EXPRESSION = 0x10,
    OFFSET_EXTENDED_SF = 0x11,
    DEF_CFA_SF = 0x12,
    DEF_CFA_OFFSET_SF = 0x13,
    VAL_OFFSET = 0x14,
    VAL_OFFSET_SF = 0x15,
    VAL_EXPRESSION = 0x16,
    AARCH64_SET_RA_STATE = 0x2b,
    AARCH64_NEGATE_RA_STATE_WITH_PC = 0x2c,
    AARCH64_NEGATE_RA_STATE = 0x2d,
    GNU_ARGS_SIZE = 0x2e,
    GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f
};

// Multiplies by the data alignment factor. Unsigned, since the bytes are untrusted.
static int64_t factored(const struct machine *machine, uint64_t value) {
    return (int64_t)(value * (uint64_t)machine->alignment->data);
}

static void advance(struct machine *machine, uint64_t delta) {
    machine->location += delta * machine->alignment->code;
}

// Whether return addresses are signed: the signature is taken away in any case (machine_return_address).
static bool step_signed(struct cfi_bytes *bytes, uint64_t op) {
    if (!MACHINE_RETURN_IN_AUX || op < AARCH64_SET_RA_STATE || op > AARCH64_NEGATE_RA_STATE) {
        return false;
    }
    if (op == AARCH64_SET_RA_STATE) {
        cfi_uleb(bytes);
        cfi_sleb(bytes);
    }
    return true;
}

static void step_other(struct machine *machine, struct cfi_bytes *bytes, uint64_t op) {
    uint64_t reg;
    switch (op) {
    case REGISTER:
        set_rule(machine, cfi_uleb(bytes), CFI_UNKNOWN, 0);
        cfi_uleb(bytes);
        break;
    case EXPRESSION:
        reg = cfi_uleb(bytes);
        set_register_expression(machine, bytes, reg);
        break;
    case VAL_OFFSET:
        set_rule(machine, cfi_uleb(bytes), CFI_UNKNOWN, 0);
        cfi_uleb(bytes);
        break;
    case VAL_OFFSET_SF:
        set_rule(machine, cfi_uleb(bytes), CFI_UNKNOWN, 0);
        cfi_sleb(bytes);
        break;
    case VAL_EXPRESSION:
        set_rule(machine, cfi_uleb(bytes), CFI_UNKNOWN, 0);
        cfi_skip(bytes, cfi_uleb(bytes));
        break;
    case GNU_ARGS_SIZE:
        cfi_uleb(bytes);
        break;
    case GNU_NEGATIVE_OFFSET_EXTENDED:
        reg = cfi_uleb(bytes);
        set_rule(machine, reg, CFI_AT_CFA, factored(machine, 0 - cfi_uleb(bytes)));
        break;
    default: // SET_LOC (no compiler emits it here) or a vendor's: operands unknown
        machine->bad |= !step_signed(bytes, op);
    }
}

static void step(struct machine *machine, struct cfi_bytes *bytes) {
    uint64_t op = cfi_fixed(bytes, 1), operand = op & 0x3f, reg;
    switch (op & 0xc0) {
    case 0x40: // DW_CFA_advance_loc
        advance(machine, operand);
        return;
    case 0x80: // DW_CFA_offset
        set_rule(machine, operand, CFI_AT_CFA, factored(machine, cfi_uleb(bytes)));
        return;
    case 0xc0: // DW_CFA_restore
        restore(machine, operand);
        return;
    }
    switch (op) {
    case NOP:
        break;
    case ADVANCE_LOC1:
        advance(machine, cfi_fixed(bytes, 1));
        break;
    case ADVANCE_LOC2:
        advance(machine, cfi_fixed(bytes, 2));
        break;
    case ADVANCE_LOC4:
        advance(machine, cfi_fixed(bytes, 4));
        break;
    case OFFSET_EXTENDED:
        reg = cfi_uleb(bytes);
        set_rule(machine, reg, CFI_AT_CFA, factored(machine, cfi_uleb(bytes)));
        break;
    case OFFSET_EXTENDED_SF:
        reg = cfi_uleb(bytes);
        set_rule(machine, reg, CFI_AT_CFA, factored(machine, (uint64_t)cfi_sleb(bytes)));
        break;
    case RESTORE_EXTENDED:
        restore(machine, cfi_uleb(bytes));
        break;
    case UNDEFINED:
        set_undefined(machine, cfi_uleb(bytes));
        break;
    case SAME_VALUE:
        set_rule(machine, cfi_uleb(bytes), CFI_SAME, 0);
        break;
    case REMEMBER_STATE:
        remember(machine);
        break;
    case RESTORE_STATE:
        recall(machine);
        break;
    case DEF_CFA:
        reg = cfi_uleb(bytes);
        set_cfa(machine, reg, (int64_t)cfi_uleb(bytes));
        break;
    case DEF_CFA_SF:
        reg = cfi_uleb(bytes);
        set_cfa(machine, reg, factored(machine, (uint64_t)cfi_sleb(bytes)));
        break;
    case DEF_CFA_REGISTER:
        set_cfa(machine, cfi_uleb(bytes), machine->now.cfa_offset);
        break;
    case DEF_CFA_OFFSET:
        machine->now.cfa_offset = (int64_t)cfi_uleb(bytes);
        break;
    case DEF_CFA_OFFSET_SF:
        machine->now.cfa_offset = factored(machine, (uint64_t)cfi_sleb(bytes));
        break;
    case DEF_CFA_EXPRESSION:
        set_cfa_expression(machine, bytes);
        break;
    default:
        step_other(machine, bytes, op);
    }
}

// An instruction that advances past the address ends its row; nothing else changes.
static void run(struct machine *machine, struct cfi_bytes bytes) {
    while (cfi_bytes_left(&bytes) > 0 && !machine->bad && machine->location <= machine->wanted) {
        step(machine, &bytes);
        machine->bad |= ++machine->instructions > MAX_INSTRUCTIONS;
    }
    machine->bad |= bytes.bad;
}

static bool pack_base(const struct state *state, struct cfi_row *row) {
    switch (state->cfa_register) {
    case MACHINE_SP:
        row->base = CFI_SP;
        return true;
    case MACHINE_FP:
        row->base = CFI_FP;
        return true;
    case MACHINE_AUX:
        row->base = CFI_AUX;
        return !MACHINE_RETURN_IN_AUX;
    default:
        return false;
    }
}

// The rule of AUX. Returns false if the return address is where no row can say.
static bool aux_of(const struct state *state, struct rule *aux) {
    const struct rule *address = &state->return_address;
    *aux = MACHINE_RETURN_IN_AUX ? *address : state->aux;
    return MACHINE_RETURN_IN_AUX ? address->how != CFI_UNKNOWN : address->how == CFI_AT_CFA && address->offset == -8;
}

static int64_t offset_of(const struct rule *rule) {
    return rule->how == CFI_AT_CFA || rule->how == CFI_AT_FP ? rule->offset : 0;
}

static bool pack(const struct state *state, bool signal_frame, struct cfi_row *row) {
    struct rule aux;
    *row = (struct cfi_row){.valid = 1, .outermost = state->return_address_undefined};
    if (state->return_address_undefined || signal_frame) {
        return true;
    }
    if (state->cfa_unknown || !pack_base(state, row) || !aux_of(state, &aux) ||
        !cfi_row_set_offsets(row, state->cfa_offset, offset_of(&state->fp), offset_of(&aux))) {
        return false;
    }
    row->cfa_indirect = state->cfa_indirect;
    row->fp = state->fp.how;
    row->aux = aux.how;
    row->plain = row->base != CFI_AUX && !row->cfa_indirect && row->fp <= CFI_AT_CFA &&
                 (MACHINE_RETURN_IN_AUX ? row->aux == CFI_AT_CFA && aux.offset < 0 : row->aux <= CFI_AT_CFA);
    return true;
}

bool cfi_run(struct cfi_bytes initial, struct cfi_bytes program, const struct cfi_alignment *alignment, uintptr_t start, uintptr_t address,
             bool signal_frame, struct cfi_row *row) {
    struct machine machine;                            // not zeroed as a whole: three quarters of it are remembered states
    machine.now = (struct state){.cfa_unknown = true}; // until an instruction defines it
    machine.initial = machine.now;
    machine.alignment = alignment;
    machine.location = start;
    machine.wanted = address;
    machine.instructions = machine.remembered_count = 0;
    machine.bad = false;
    run(&machine, initial);
    machine.initial = machine.now;
    run(&machine, program);
    return !machine.bad && pack(&machine.now, signal_frame, row);
}
