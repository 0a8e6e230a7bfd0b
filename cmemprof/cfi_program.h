// cfi_program.h (unwind): runs the instructions of a CIE and an FDE up to an address, which yields its row. DWARF 5, section 6.4.2.
#ifndef CMEMPROF_CFI_PROGRAM_H
#define CMEMPROF_CFI_PROGRAM_H

#include "namespace.h"
#include "cfi.h"
#include "cfi_bytes.h"

struct cfi_alignment {
    uint64_t code; // factor of address advances
    int64_t data;  // factor of offsets from the CFA, -8
};

// initial holds the CIE's instructions, program the FDE's; start is the FDE's first address. Register rules of a signal frame are ignored
// (its registers are in the ucontext). Returns false on a rule that struct cfi_row cannot hold or on bad bytes.
bool cfi_run(struct cfi_bytes initial, struct cfi_bytes program, const struct cfi_alignment *alignment, uintptr_t start, uintptr_t address,
             bool signal_frame, struct cfi_row *row);

#endif
