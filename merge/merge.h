// merge.h: reads, builds, merges, subtracts and views pprof profiles (profile.proto, github.com/google/pprof/proto).
//
// One noun: struct profile, a profile in memory. Everything is added into it: a caller that builds one by hand adds samples, profile_decode
// adds a whole encoded profile. Equal things are one thing (strings, mappings, functions, locations, samples, each compared by full
// content), so decoding a second profile into the same object IS the merge, and decoding it with the scale -1 is the subtraction.
//
// Errors: what can fail returns enum merge_error, 0 is ok. struct merge_fault says what is wrong and at which byte of the (inflated)
// input. The add functions return an id, 0 on failure; the first failure sticks and profile_status returns it, so a builder checks once,
// at the end. After profile_decode has failed the object holds part of the input and is good for profile_free only.
//
// Threads: a struct profile belongs to one thread at a time. Nothing here is global. Memory: malloc. May not be called from inside malloc.
// Input is never trusted: sizes, counts, indices and the ratio of compression are checked against struct merge_limits.
#ifndef CMEMPROF_MERGE_H
#define CMEMPROF_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum merge_error {
    MERGE_OK = 0,
    MERGE_NO_MEMORY,       // malloc returned NULL
    MERGE_TRUNCATED,       // the input ends inside a field or inside the compressed stream
    MERGE_MALFORMED,       // not profile.proto: bad tag, bad varint, bad index, an id twice, values that do not fit the sample types
    MERGE_BAD_COMPRESSION, // gzip or zstd says that the stream is damaged; gzip says so of most streams that are cut off, too
    MERGE_TOO_LARGE,       // over a limit of struct merge_limits
    MERGE_TYPES_DIFFER,    // the sample types of two profiles are not the same set
    MERGE_NOT_FOUND,       // no sample type of that name
    MERGE_ERROR_COUNT
};

// "truncated input" for MERGE_TRUNCATED. Never NULL.
const char *merge_error_text(enum merge_error error);

struct merge_fault {
    enum merge_error error;
    size_t offset;  // byte of the inflated input where it was noticed
    char text[160]; // one line, without a newline: "sample 12: location id 99 does not exist"
};

struct merge_limits {
    size_t input_bytes;  // inflated size; default 256 MiB
    size_t string_bytes; // longest string; default 1 MiB
    size_t depth_frames; // most frames of one sample, inlined ones counted; default 10,000
    size_t total_frames; // of all samples of one input, inlined ones counted, 64 Mi: a few bytes can name a location of many lines again
    size_t sample_types; // default 64
};
extern const struct merge_limits merge_default_limits;

// ---- Build ----

struct profile *profile_new(void);                              // NULL: no memory
void profile_free(struct profile *profile);                     // NULL is fine
enum merge_error profile_status(const struct profile *profile); // the first failure of an add function, or MERGE_OK

struct profile_mapping {
    uint64_t memory_start, memory_limit, file_offset; // addresses, limit exclusive
    const char *file, *build_id;                      // "" when unknown; build_id in lower-case hex
    bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct profile_function {
    const char *name, *system_name, *file; // "" when unknown; system_name is the mangled name
    int64_t start_line;
};

struct profile_line {
    uint32_t function; // id from profile_add_function
    int64_t line, column;
};

struct profile_label {
    const char *key;
    const char *text; // NULL: a number
    int64_t number;
    const char *unit; // "" when none
};

// Sample types are added before the first sample, in the order of the values of a sample.
void profile_add_sample_type(struct profile *profile, const char *type, const char *unit);
uint32_t profile_add_mapping(struct profile *profile, const struct profile_mapping *mapping);
uint32_t profile_add_function(struct profile *profile, const struct profile_function *function);
// lines: innermost inlined function first, as profile.proto wants; count 0 for an address without symbols. mapping 0: none.
uint32_t profile_add_location(struct profile *profile, uint32_t mapping, uint64_t address, const struct profile_line *lines,
                              size_t line_count);
// locations: leaf first. A sample with the same locations and labels is added up; int64 overflow saturates.
void profile_add_sample(struct profile *profile, const uint32_t *locations, size_t location_count, const int64_t *values,
                        const struct profile_label *labels, size_t label_count);
void profile_add_comment(struct profile *profile, const char *text);
void profile_set_period(struct profile *profile, const char *type, const char *unit, int64_t period);
void profile_set_time(struct profile *profile, int64_t time_ns, int64_t duration_ns);
void profile_set_default_sample_type(struct profile *profile, const char *type);

// ---- Bytes ----

// Adds an encoded profile: gzip, zstd or raw, told by its magic bytes. scale: one factor for each of ITS sample types, in its order; NULL:
// all 1. limits NULL: the defaults. fault may be NULL. Samples whose values are all 0 after scaling still name their sample, so that a
// merge adds up.
enum merge_error profile_decode(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                                const int64_t *scale, struct merge_fault *fault);

enum merge_compression { MERGE_RAW, MERGE_GZIP, MERGE_ZSTD };
// *bytes is malloc'ed for the caller, who frees it. Samples with only zero values are left out, and so is what only they use.
enum merge_error profile_encode(struct profile *profile, enum merge_compression compression, uint8_t **bytes, size_t *size);

// Inflates gzip or zstd (several members one after the other are one stream), copies raw input. *out is malloc'ed for the caller.
enum merge_error merge_inflate(const void *bytes, size_t size, size_t limit_bytes, uint8_t **out, size_t *out_size,
                               struct merge_fault *fault);

// ---- Merge and delta, for bindings ----

// All inputs in one; the first one's mapping stays the first (pprof: the main program). fault->text names the input by its index.
enum merge_error merge_profiles(const void *const *inputs, const size_t *sizes, size_t count, enum merge_compression compression,
                                uint8_t **bytes, size_t *size, struct merge_fault *fault);

// delta: turns a series of cumulative profiles into what happened in between. Types named at delta_new are subtracted, all others pass
// through as they are (gauges, as inuse_*). The first profile passes as it is. Samples with only zeros are dropped. A counter that went
// backwards was reset: its current value is the delta, never a negative one. The state is the last profile and no more, so a vanished stack
// costs nothing one period later. After an error the next profile starts anew, as the first did.
struct delta;
struct delta *delta_new(const char *const *types, size_t count); // NULL: no memory
void delta_free(struct delta *delta);
enum merge_error delta_next(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, uint8_t **out,
                            size_t *out_size, struct merge_fault *fault);

// ---- View ----

size_t profile_sample_type_count(const struct profile *profile);
const char *profile_sample_type_name(const struct profile *profile, size_t index); // "inuse_space"
const char *profile_sample_type_unit(const struct profile *profile, size_t index); // "bytes"
// Index of the sample type, or -1. NULL or "": default_sample_type if the profile has one that exists, else the last type.
int profile_sample_type_index(const struct profile *profile, const char *type);
size_t profile_sample_count(const struct profile *profile);
int64_t profile_time_ns(const struct profile *profile);
int64_t profile_duration_ns(const struct profile *profile);

// One frame of a sample, inlined ones too. Pointers live as long as the profile.
struct profile_frame {
    const char *function; // "" when the address has no symbol
    const char *file;     // source file, "" when unknown
    int64_t line;
    uint64_t address;
    const char *mapping_file; // "" when unknown
    bool inlined;
};

// Go code, told by its source file: .go or .s. C code in the preamble of a Go file has that file as well, but Go's names have a dot in
// them, other than those of the functions that cgo exports to C.
bool profile_frame_is_go(const struct profile_frame *frame);

struct profile_sample_view {
    const int64_t *values;              // one per sample type
    const struct profile_frame *frames; // leaf first, inlined frames expanded
    size_t frame_count;
    const struct profile_label *labels;
    size_t label_count;
};
// The index-th sample, 0 <= index < profile_sample_count. frames and labels are valid until the next call on this profile.
enum merge_error profile_sample_at(struct profile *profile, size_t index, struct profile_sample_view *view);
// The same without frames (frame_count is 0): for those who add up values, since a sample may have 10,000 frames.
enum merge_error profile_sample_without_frames(struct profile *profile, size_t index, struct profile_sample_view *view);

// Memory of C code: the sample has the label memory=C, as cmemprof writes it.
bool profile_sample_is_c(const struct profile_sample_view *sample);

// tree: a call tree over one sample type, root first. Nodes with the same function (or, without one, the same mapping and address) under
// the same parent are one node. Sorted: children by total, largest first, then by name.
struct tree_node {
    struct profile_frame frame; // line and address are those of the first sample seen here
    int64_t self, total;
    uint32_t parent;                    // index; the root is its own parent
    uint32_t first_child, next_sibling; // index; 0: none (0 is the root, nobody's child)
};
struct tree {
    struct tree_node *nodes; // nodes[0] is the root: no function, the total of all
    size_t count;
};
// label_key not NULL: only samples with the label key = text, or for label_text NULL, only samples without a label of that key. The tree
// points into the profile: free it first.
enum merge_error tree_build(struct profile *profile, size_t type_index, const char *label_key, const char *label_text, struct tree *tree);
void tree_free(struct tree *tree);

#endif
