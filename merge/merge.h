// merge.h: reads, builds, merges, subtracts and views pprof profiles (profile.proto, github.com/google/pprof/proto).
//
// One noun: struct profile, a profile in memory. Everything is added into it: a caller that builds one by hand adds samples, profile_decode
// adds a whole encoded profile. Equal things are one thing (strings, mappings, functions, locations, samples, each compared by full
// content), so a merger is a struct profile: decode one input after the other, then encode. Memory is for the result and one input.
//
// What is equal: strings by their bytes; mappings of one process by start, limit, offset, file and build ID, those of two processes by
// size, offset and build ID or else file, so that where the loader has put a library splits nothing (addresses are taken relative to its
// start); functions by name, system name, file and start line; locations by mapping, address, and all lines with function, line and column,
// also at address 0; samples by their locations and by their labels as a set (order does not matter; repeated ones, numbers and units do).
// What a merge does with the rest: sample types are matched by name and unit, whatever their order, and must be the same set
// (MERGE_TYPES_DIFFER, before anything was added), unless profile_allow_union or profile_allow_common; the period type must be the same,
// and a missing one fits any; period: the largest; time: the earliest that is known; duration: the sum; comments: all, each once;
// default_sample_type, drop_frames, keep_frames, doc_url: the first that is given; fields that this code does not know: left out by a
// merge, kept by a delta. Values of all types are added up: who merges profiles of several moments divides what was there at a moment
// (memory in use) by their number with profile_scale_sample_type, or takes it from one of them. A sum or product that does not fit an int64
// stops at its end and is counted (profile_saturated_count).
//
// Errors: what can fail returns enum merge_error, 0 is ok. struct merge_fault says what is wrong and at which byte of the (inflated)
// input. No output is given with an error. The add functions return an id, 0 on failure; the first failure sticks and profile_status
// returns it, so a builder checks once, at the end. profile_decode adds all of an input or nothing: after an error the profile is as it
// was (it may know more samples, all of zeros) and takes the next input. Only after MERGE_NO_MEMORY is it good for profile_free alone.
//
// Threads: a struct profile belongs to one thread at a time. Nothing here is global but spare
// compressors. Memory: malloc, and mmap for blocks of 64 KiB and more (memory.h); results are malloc'ed for the caller. May not be called
// from inside malloc. Input is never trusted: sizes, counts, indices and the ratio of compression are checked against struct merge_limits.
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
    size_t string_bytes; // longest string; default 16 MiB
    size_t depth_frames; // most frames of one sample, inlined ones counted; default 10,000
    size_t total_frames; // of all samples of one input, inlined ones counted, 64 Mi: a few bytes can name a location of many lines again
    size_t sample_types; // default 64
    // How many times its size an input may inflate to; default 1,100, 0: any. The first MiB is free: a small profile may shrink by more.
    size_t inflate_ratio;
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

// ---- Bytes ----

// Adds an encoded profile: gzip, zstd, LZ4 or raw, told by its magic bytes. scale: one factor for each of ITS sample types, in its order;
// NULL: all 1. limits NULL: the defaults. fault may be NULL. Samples whose values are all 0 after scaling still name their sample, so that
// a merge adds up.
enum merge_error profile_decode(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                                const int64_t *scale, struct merge_fault *fault);
// Frees what reading an input needs, some three times its size: it is kept from one to the next. For who goes on with the result alone.
void profile_trim(struct profile *profile);

enum merge_compression { MERGE_RAW, MERGE_GZIP, MERGE_ZSTD, MERGE_LZ4 }; // LZ4: only told of what comes in, never written
// *bytes is malloc'ed for the caller, who frees it. Samples with only zero values are left out, and so is what only they use.
enum merge_error profile_encode(struct profile *profile, enum merge_compression compression, uint8_t **bytes, size_t *size);

// The same with a level of gzip (1 to 12) or zstd (1 to 22); 0: the default, 1 of both.
enum merge_error profile_encode_level(struct profile *profile, enum merge_compression compression, int level, uint8_t **bytes,
                                      size_t *size);

// The profile with samples that are not in it, asked for one after the other as they are written: so a profile of very many samples needs
// no memory but for its bytes. Samples that were added are not written; everything else is, used or not. Each sample has some of the same
// labels; equal samples stay apart, and whoever reads them adds them up.
struct profile_source_sample;
struct profile_sample_source {
    // False: that was the last. Locations are ids of the profile, leaf first; what it points to stays until the next call.
    bool (*next)(void *context, struct profile_source_sample *sample);
    const struct profile_label *labels; // 8 at most
    size_t label_count;
    // Room for the bytes: at least capacity of them, of which those that were written before stay. NULL: no memory.
    uint8_t *(*resize)(void *context, size_t capacity);
    void *context;
};
struct profile_source_sample {
    const uint32_t *locations;
    size_t location_count;
    const int64_t *values; // one per sample type
    size_t label_count;    // the first ones of the source's
};
enum merge_error profile_encode_source(struct profile *profile, const struct profile_sample_source *source, size_t *size);

// From now on labels with other keys are left out of what is read, so that samples of the same stack are one, and a merge of profiles that
// label each sample (span ids, timestamps) stays as large as its stacks. count 0: no labels at all.
void profile_keep_labels(struct profile *profile, const char *const *keys, size_t count);
// From now on an input may have other sample types: the profile gets those that it lacks, and values that an input lacks are 0.
void profile_allow_union(struct profile *profile);
// From now on an input may have other sample types: those that it and the profile have are kept, as `go tool pprof` does it. An input that
// has none of them is MERGE_TYPES_DIFFER.
// With both, a type of the same name whose unit can be converted (nanoseconds, seconds; bytes, kilobytes) is the same type, and has the
// smaller unit from then on.
void profile_allow_common(struct profile *profile);
// Whether the input that was decoded last had this type of the profile; before profile_trim.
bool profile_last_had_type(const struct profile *profile, size_t index);
// The types that profile_allow_common has left out so far, each once.
size_t profile_left_out_count(const struct profile *profile);
const char *profile_left_out_name(const struct profile *profile, size_t index);
// Names addresses of code, for who has the files that a program's symbols were stripped from.
enum { PROFILE_NAMER_LINES = 64 };
struct profile_namer {
    // Gives the functions at an address, innermost inlined function first, with ids of profile_add_function. Returns their number, 0: no
    // name.
    size_t (*name)(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                   struct profile_line lines[PROFILE_NAMER_LINES]);
    void *context;
};
// From now on a location that is read without a name is given to the namer: one without lines, or with the name of its own place in its
// file alone ("libc.so.6+0x519bf"), as the profiler writes it. Not for a delta, which keeps the bytes of its input. namer NULL: no more.
void profile_set_namer(struct profile *profile, const struct profile_namer *namer);
// Keeps these sample types, in this order. MERGE_NOT_FOUND: it has no such; nothing was changed. 64 names at most.
enum merge_error profile_keep_sample_types(struct profile *profile, const char *const *names, size_t count);
// The type has another name from now on: an input's type of the old one is another type. MERGE_NOT_FOUND: it has no such.
enum merge_error profile_rename_sample_type(struct profile *profile, const char *name, const char *new_name);
// Multiplies all values of the type, rounded so that their sum is right to half a unit: what one value loses the next one gets.
// MERGE_NOT_FOUND: no such.
enum merge_error profile_scale_sample_type(struct profile *profile, const char *name, double factor);
// How many sums and products of this profile were stopped at an end of int64, since they did not fit.
uint64_t profile_saturated_count(const struct profile *profile);

// Inflates gzip, zstd or LZ4 (several members one after the other are one stream), copies raw input. *out is malloc'ed for the caller.
// LZ4 frames are read by programs that link the folder lz4/ (command/, receiver/); elsewhere they are MERGE_BAD_COMPRESSION.
enum merge_error merge_inflate(const void *bytes, size_t size, size_t limit_bytes, uint8_t **out, size_t *out_size,
                               struct merge_fault *fault);

enum merge_error merge_inflate_limited(const void *bytes, size_t size, const struct merge_limits *limits, uint8_t **out, size_t *out_size,
                                       struct merge_fault *fault); // limits NULL: the defaults

// Gzips any bytes at the fastest level. Returns the compressed size; 0: it exceeds out_size, or there is no memory.
size_t merge_gzip(const void *bytes, size_t size, void *out, size_t out_size);

// ---- Delta ----

// delta: turns a series of cumulative profiles into what happened in between.
//
// The types named at the start are subtracted, all others pass through as they are (gauges, as inuse_*). The first profile passes as it is.
// Duplicate samples of a profile are added up first; samples with only zeros are dropped, and what only they use. Ids are 1..n. Header,
// sample types and their order, and unknown fields are those of the new profile; duration = its time - that of the profile before, if both
// are known and it is later. A profile with other sample types or another period type than the one before is MERGE_TYPES_DIFFER. Any rule:
// a stack that the new profile lacks is forgotten, so when it is back all of its value is new. What the sample of MERGE_EVICTED has taken
// over from stacks that vanished or began anew was told before: it is subtracted there, so that all deltas together are the last profile.
// The state is the last profile, and at most as much again of stacks that vanished. After an error the next profile starts anew, as the
// first did, unless tells_once. The only frame of the one sample that has what is known no more of each of C's stacks by itself: cmemprof's
// table of them was full, and some of which nothing was alive had to go.
#define MERGE_EVICTED "[evicted stacks]"

enum delta_rule {
    // Never a negative value of a type that is subtracted. A counter that went backwards was reset: its current value is the delta. A
    // counter that is negative itself is 0. Vanished stacks are not in the result.
    DELTA_NEVER_NEGATIVE,
    // As fastdelta of dd-trace-go: a decrease is a negative value; vanished stacks are not in the result.
    // (Not its faults: a stack that is back is not compared with what it was long ago.)
    DELTA_LIKE_FASTDELTA,
    // As google/pprof's Merge of the new profile with the last one times -1 (for types that are subtracted, times 0 for the others): a
    // decrease is a negative value, a vanished stack has the negative of its last values. Encoded anew, without unknown fields.
    DELTA_LIKE_PPROF
};
struct delta_options {
    const char *const *types; // names of sample types to be subtracted
    size_t type_count;
    enum delta_rule rule;
    int level;                         // of the compression of the results, as in profile_encode_level
    const struct merge_limits *limits; // of each profile, NULL: the defaults
    // For a series that is sent: what earlier results have told is not told again after an error. The next profile is then compared with
    // that of the error; where that could not be kept, the next one is only kept (MERGE_NOT_FOUND) for the one after it.
    bool tells_once;
};
struct delta;
struct delta *delta_new_with(const struct delta_options *options); // NULL: no memory. Options are copied
struct delta *delta_new(const char *const *types, size_t count);   // with the defaults for all else
void delta_free(struct delta *delta);
// *out belongs to the delta and is good until the next call on it: all buffers are kept, and when profiles stay the same size no memory is
// allocated (gzip or raw in, gzip or raw out).
enum merge_error delta_step(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, const uint8_t **out,
                            size_t *out_size, struct merge_fault *fault);
// The same with an *out that is malloc'ed for the caller.
enum merge_error delta_next(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, uint8_t **out,
                            size_t *out_size, struct merge_fault *fault);
// How many sums and differences of all profiles so far were stopped at an end of int64.
uint64_t delta_saturated_count(const struct delta *delta);

// ---- View ----

size_t profile_sample_type_count(const struct profile *profile);
const char *profile_sample_type_name(const struct profile *profile, size_t index); // "inuse_space"
const char *profile_sample_type_unit(const struct profile *profile, size_t index); // "bytes"
// Index of the sample type, or -1. NULL or "": default_sample_type if the profile has one that exists, else the last type.
int profile_sample_type_index(const struct profile *profile, const char *type);
// Index of the type that is shown where none is chosen: memory in use, else the profile's default, else what was allocated, else the first;
// of these the first one that some sample has a value of, if there is one. -1: the profile has no types.
int profile_shown_type(struct profile *profile);
// The type that somebody asked for: by name, or, as a name may be empty, by its index in digits. NULL or "": the one that is shown. -1: no
// such.
int profile_sample_type_chosen(struct profile *profile, const char *type);
// The types that say how many bytes of memory are in use, as Go, Python and Node call them; NULL ends them.
extern const char *const profile_live_types[];
size_t profile_sample_count(const struct profile *profile);
int64_t profile_time_ns(const struct profile *profile);
int64_t profile_duration_ns(const struct profile *profile);
int64_t profile_period(const struct profile *profile); // of sampling: bytes between two samples of a heap profile. 0: unknown

// One frame of a sample, inlined ones too. Pointers live as long as the profile.
struct profile_frame {
    const char *function; // "" when the address has no symbol
    const char *file;     // source file, "" when unknown
    int64_t line;
    uint64_t file_offset;     // of the code in mapping_file, the same wherever the loader puts that; the address when that is unknown
    const char *mapping_file; // "" when unknown
    bool inlined;
};

// Go code, told by its source file: .go or .s. C code in the preamble of a Go file has that file as well, but Go's names have a dot in
// them, other than those of the functions that cgo exports to C.
bool profile_frame_is_go(const struct profile_frame *frame);
// It has no function, or what stands for one: its place in its file ("libc.so.6+0x519bf").
bool profile_frame_is_nameless(const struct profile_frame *frame);

// Whose code a frame is, for who looks for the place in the program that a stack is about. One rule for tables, findings and colours.
enum frame_role {
    FRAME_PLUMBING, // malloc and its kin, operator new, what cgo and Go's runtime put between C and Go: no place at all
    FRAME_STANDARD, // the library of the language: libc, std::, Rust's core and alloc, Go's, Python's and Node's own
    FRAME_LIBRARY,  // an installed one: /usr/lib/lib*.so, system headers, Go's module cache, site-packages, node_modules, crates
    FRAME_PROGRAM,
};
enum frame_role profile_frame_role(const struct profile_frame *frame);
// The mangled name of one of the global operators new that allocate: new, new[], aligned, nothrow.
bool profile_is_operator_new(const char *system_name);

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
// The profiler's own memory: the sample has the label owner=cmemprof.
bool profile_sample_is_own(const struct profile_sample_view *sample);

// tree: a call tree over one sample type, root first. Nodes with the same function (or, without one, the same mapping and address) under
// the same parent are one node. Sorted: children by total, largest first, then by name.
struct tree_node {
    struct profile_frame frame; // line and offset are those of the first sample seen here
    int64_t self, total;
    int64_t base_self, base_total;      // of the second type, 0 without one
    uint32_t parent;                    // index; the root is its own parent
    uint32_t first_child, next_sibling; // index; 0: none (0 is the root, nobody's child)
};
struct tree {
    struct tree_node *nodes; // nodes[0] is the root: no function, the total of all; parents stand before their children
    size_t count;
};
struct tree_label {
    const char *key, *text; // text NULL: samples without a label of that key
};
struct tree_options {
    size_t type_index;
    int base_type_index; // a second type, whose values come beside the first one's; -1: none. Children are sorted by the larger of the two
    // A sample must have one of the labels given for each key. Numbers are given as decimal digits.
    const struct tree_label *labels;
    size_t label_count;
    // NULL: all. Asked for each sample that has frames with its innermost one; samples without frames are left out.
    bool (*keep_leaf)(const struct profile_frame *leaf, const void *context);
    const void *context;
    double base_scale; // what the second type's values are multiplied by to find the larger one, where the two are sums of unlike numbers;
                       // 0: 1
};
// The tree points into the profile: free it first.
enum merge_error tree_build(struct profile *profile, const struct tree_options *options, struct tree *tree);
void tree_free(struct tree *tree);

// totals: what a profile's values add up to, read in one pass over its bytes without building anything: some five times as fast as
// profile_decode, and checks only what it needs. For figures of many profiles.
enum { TOTALS_MAX_TYPES = 64, TOTALS_MAX_NAME = 64 };
struct totals_type {
    char name[TOTALS_MAX_NAME], unit[TOTALS_MAX_NAME]; // cut to fit
    int64_t total, c_total;                            // of all samples, and of those with the label memory=C
};
struct totals {
    int64_t time_ns, duration_ns;
    size_t samples, c_samples;
    char default_type[TOTALS_MAX_NAME];
    size_t type_count;
    struct totals_type types[TOTALS_MAX_TYPES];
};
// limits NULL: the defaults.
enum merge_error totals_read(const void *bytes, size_t size, const struct merge_limits *limits, struct totals *totals,
                             struct merge_fault *fault);
// NULL: no such type.
const struct totals_type *totals_find(const struct totals *totals, const char *name);
// As profile_shown_type. NULL: there are no types.
const struct totals_type *totals_shown_type(const struct totals *totals);

#endif
