// snapshot.h (tables): internals of a snapshot, shared by the files that take it (snapshot.c, snapshot_addresses.c) and encode it
// (snapshot_encode.c). The public part is in cmemprof.h.
#ifndef CMEMPROF_SNAPSHOT_H
#define CMEMPROF_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"
#include "mapped_buffer.h"
#include "profiler.h"

// A stack's totals: allocated and live. Of peaks: live at that of RSS, and at that of live C memory.
struct record {
    const struct stack *stack; // NULL: all evicted stacks of the source; of peaks those that were left out
    enum stack_source source;
    double alloc_objects, alloc_bytes, inuse_objects, inuse_bytes;
    uint64_t samples;   // number of samples in alloc_*
    unsigned age_class; // of a memory profile, which has a record for each age of a stack (age.h)
};

// An address, and the generation (modules.h) in which it was code; 0: any, as for Go.
struct code_address {
    uintptr_t pc;
    uint32_t generation;
    uint32_t go_index; // in go_pcs, for a Go address
};

struct address_slot;
struct cmemprof_snapshot {
    struct profiler *of;
    struct record *records; // one per stack
    size_t record_count;
    struct code_address *addresses; // the distinct addresses of all stacks, in order of first use
    size_t address_count;
    uintptr_t *go_pcs; // the Go addresses
    size_t go_pc_count;
    struct address_slot *address_slots; // hash table of addresses; the size is a power of two
    size_t address_slot_count;
    uint32_t generation; // in which it was taken (modules.h)
    uint64_t interval_bytes;
    struct cmemprof_stats stats;
    uint64_t emitted_samples;                     // of all records
    double live_bytes;                            // of all records
    unsigned unfollowed_percent, dropped_percent; // see compute_losses
    int64_t time_ns;
    struct mapped_buffer record_memory, address_memory, go_pc_memory, slot_memory;
    struct mapped_buffer profile; // the bytes last returned to the caller
    bool is_of_peaks;             // then records are of these copies
    struct peak live_peak, rss_peak;
    bool failed; // memory ran out
};

// cmemprof_snapshot_take and cmemprof_snapshot_take_peaks of a profiler.
struct cmemprof_snapshot *snapshot_of(struct profiler *self);
struct cmemprof_snapshot *snapshot_of_peaks(struct profiler *self);

// Valid until the next one. Returns NULL if memory runs out, and the snapshot has failed.
struct record *snapshot_add_record(struct cmemprof_snapshot *snapshot);

bool snapshot_is_go(const struct cmemprof_snapshot *snapshot, uintptr_t pc);

// snapshot_addresses.c. Returns false if memory runs out.
bool snapshot_collect_addresses(struct cmemprof_snapshot *snapshot);
enum { SNAPSHOT_NO_ADDRESS = UINT32_MAX };
// The index in addresses of a frame's address, as its stack is now.
uint32_t snapshot_address_index(const struct cmemprof_snapshot *snapshot, const struct stack *stack, uint32_t frame);

// snapshot_labels.c. The labels of goroutines, for samples of profile_encode_source: after labels of the profile's own, those of each set.
struct profile;
struct profile_label;
struct label_place;
struct snapshot_labels {
    struct profile_label *items;
    size_t count;
    struct label_place *places; // hash table of sets; the size is a power of two
    size_t place_count;
};
// Returns false if memory runs out. The snapshot must stay.
bool snapshot_labels_collect(struct snapshot_labels *labels, const struct cmemprof_snapshot *snapshot, const struct profile_label *own,
                             size_t own_count);
void snapshot_labels_free(struct snapshot_labels *labels);
// Returns how many of the items the stack has, from *first on. stack may be NULL.
size_t snapshot_labels_of(const struct snapshot_labels *labels, const struct stack *stack, size_t *first);
// The labels of one set, at most LABEL_SET_LABELS. Returns how many.
size_t snapshot_labels_read(const struct stack *set, struct profile_label *items);
// Adds comments on what samples lack.
void snapshot_labels_comment(const struct cmemprof_snapshot *snapshot, struct profile *profile);

// snapshot_encode.c. What is written of a snapshot once its addresses are locations of a profile.
struct snapshot_encoder;
struct snapshot_form {
    void (*begin)(struct profile *profile, const struct cmemprof_snapshot *snapshot); // sample types, before the first location
    enum cmemprof_error (*write)(struct snapshot_encoder *encoder, struct profile *profile, size_t *size);
    struct profile *joins; // the profile to which locations are added; NULL: a new one
    void *context;         // for write
    unsigned contents;     // enum cmemprof_contents; 0: all, with all names
};
enum cmemprof_error snapshot_write(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names,
                                   const struct snapshot_form *form, size_t *size);
// The whole profile, for a form's write: its bytes are the snapshot's.
enum cmemprof_error snapshot_encode_own(struct snapshot_encoder *encoder, struct profile *profile, size_t *size);
void *snapshot_context(const struct snapshot_encoder *encoder);
// The stack's locations, leaf first, without those of the hooks. Valid until the next call. is_own: the profiler allocated the memory.
size_t snapshot_locations(struct snapshot_encoder *encoder, const struct stack *stack, const uint32_t **locations, bool *is_own);
// Of the stack of the last snapshot_locations: whether Go's runtime made a thread there.
bool snapshot_is_thread_of_go(const struct snapshot_encoder *encoder);

void snapshot_after_fork_in_child(struct profiler *self);

#endif
