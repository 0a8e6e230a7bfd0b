// merge.h: reads, builds, merges, subtracts and views pprof profiles (profile.proto, github.com/google/pprof/proto).
//
// struct profile is a profile in memory. A builder adds samples to it; profile_decode adds a whole encoded profile. Equal entries
// (strings, mappings, functions, locations, samples) are stored once, compared by full content. So a struct profile is also a merger:
// decode the inputs in turn, then encode. Memory is needed for the result and one input.
//
// Equality:
//   strings     bytes
//   mappings    of one process: start, limit, offset, file and build ID. Of two processes: size, offset and build ID, or else file.
//               Load addresses do not matter: addresses are relative to the mapping's start
//   functions   name, system name, file and start line
//   locations   mapping, address, and all lines with function, line and column, also at address 0
//   samples     locations, and labels as a multiset of key, text or number, and unit
//
// A merge treats the rest as follows:
//   sample types    matched by name and unit in any order. They must be the same set (else MERGE_TYPES_DIFFER, before anything is
//                   added), unless profile_allow_union or profile_allow_common was called
//   values          summed for all types. To average gauges (memory in use) over several profiles, divide by their number with
//                   profile_scale_sample_type. Sums and products saturate at the ends of int64 and are counted (profile_saturated_count)
//   period type     must be the same; a missing one matches any
//   period          the maximum
//   time, duration  the earliest known time; the sum of durations
//   comments        all, without duplicates
//   default_sample_type, drop_frames, keep_frames, doc_url: the first one given
//   unknown fields  dropped by a merge, kept by a delta
//
// Errors: functions that can fail return enum merge_error; 0 is success. struct merge_fault has the reason and the byte of the (inflated)
// input. There is no output with an error. The add functions return an id, 0 on failure; profile_status returns the first failure, so that
// a builder checks once, at the end. profile_decode adds all of an input or nothing: after an error the profile is unchanged, except that
// it may have additional samples of zeros, and accepts the next input. After MERGE_NO_MEMORY only profile_free may be called.
//
// Threads: a struct profile belongs to one thread at a time. Cached compressors are the only global state. Memory: malloc, and mmap for
// blocks of 64 KiB and more (memory.h); results are malloc'ed and owned by the caller. Must not be called from inside malloc. Input is not
// trusted: sizes, counts, indices and the compression ratio are checked against struct merge_limits.
#ifndef CMEMPROF_MERGE_H
#define CMEMPROF_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum merge_error {
    MERGE_OK = 0,
    MERGE_NO_MEMORY,       // malloc returned NULL, or the thread's budget is used up
    MERGE_TRUNCATED,       // the input ends inside a field or inside the compressed stream
    MERGE_MALFORMED,       // not profile.proto: bad tag, bad varint, bad index, duplicate id, values that do not match the sample types
    MERGE_BAD_COMPRESSION, // the gzip or zstd stream is damaged; also most truncated gzip streams
    MERGE_TOO_LARGE,       // exceeds a limit of struct merge_limits
    MERGE_TYPES_DIFFER,    // the sample types of two profiles are not the same set
    MERGE_NOT_FOUND,       // no sample type of that name
    MERGE_ERROR_COUNT
};

// "truncated input" for MERGE_TRUNCATED. Never NULL.
const char *merge_error_text(enum merge_error error);

struct merge_fault {
    enum merge_error error;
    size_t offset;  // byte of the inflated input where it was detected
    char text[160]; // one line, without a newline: "sample 12: location id 99 does not exist"
};

struct merge_limits {
    size_t input_bytes;  // inflated size; default 256 MiB
    size_t string_bytes; // of one string; default 16 MiB
    size_t depth_frames; // of one sample, including inlined ones; default 10,000
    size_t total_frames; // of one input, including inlined ones; default 64 Mi. Few bytes can refer to a location of many lines repeatedly
    size_t sample_types; // default 64
    // Maximum ratio of inflated to compressed size; default 256, 0: any. The first MiB is exempt: small profiles may compress better. For
    // a profile also of messages, of which each takes memory: a 16th of it per compressed byte, the first Mi exempt.
    size_t inflate_ratio;
};
extern const struct merge_limits merge_default_limits;

// ---- Memory ----

// A limit of what profiles take together, and whatever else is counted. Beyond it, functions fail with MERGE_NO_MEMORY. Zero-initialised
// but for the first two; must outlive what counts against it.
struct merge_budget {
    size_t limit_bytes;          // constant, as the next one
    struct merge_budget *within; // what counts against this one counts against that one too; NULL: none
    size_t used_bytes;           // atomic, as the next one
    bool exceeded;               // something was refused
    bool stopped;                // atomic, by merge_budget_stop
};
// What this thread allocates from now on counts against budget, until it is freed by any thread. NULL: against none. Returns the one
// before.
struct merge_budget *merge_use_budget(struct merge_budget *budget);
struct merge_budget *merge_budget_in_use(void);
// For memory of the caller's own. Against this thread's budget; false: it is used up. Without a budget true, and nothing is counted.
bool merge_budget_take(size_t bytes);
void merge_budget_give(size_t bytes); // what was taken, under the same budget
// Nobody waits any more for what is made under this budget: readers of files end early, as if theirs had ended or were damaged. For good.
void merge_budget_stop(struct merge_budget *budget);
bool merge_budget_stopped(void); // this thread's, or one that it is within

// ---- Build ----

struct profile *profile_new(void);                              // NULL: no memory
void profile_free(struct profile *profile);                     // profile may be NULL
enum merge_error profile_status(const struct profile *profile); // the first failure of an add function, or MERGE_OK

struct profile_mapping {
    uint64_t memory_start, memory_limit, file_offset; // limit is exclusive
    const char *file, *build_id;                      // "" if unknown; build_id in lower-case hex
    bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct profile_function {
    const char *name, *system_name, *file; // "" if unknown; system_name is the mangled name
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
    const char *unit; // "" if none
};

// Sample types must be added before the first sample, in the order of a sample's values.
void profile_add_sample_type(struct profile *profile, const char *type, const char *unit);
uint32_t profile_add_mapping(struct profile *profile, const struct profile_mapping *mapping);
uint32_t profile_add_function(struct profile *profile, const struct profile_function *function);
// lines: innermost inlined function first, as in profile.proto; none for an unsymbolized address. mapping 0: none.
uint32_t profile_add_location(struct profile *profile, uint32_t mapping, uint64_t address, const struct profile_line *lines,
                              size_t line_count);
// locations: leaf first. Adds to an existing sample with the same locations and labels, saturating at the ends of int64.
void profile_add_sample(struct profile *profile, const uint32_t *locations, size_t location_count, const int64_t *values,
                        const struct profile_label *labels, size_t label_count);
void profile_add_comment(struct profile *profile, const char *text);
// What follows "cmemprof: warning: " in the comments, at most so many; of those that differ in numbers only, the one with the largest. The
// texts are the profile's. Returns how many.
size_t profile_warnings(const struct profile *profile, const char **texts, size_t most);
// Whether a comment has the text in it.
bool profile_has_comment(const struct profile *profile, const char *part);
// What follows the prefix in the first comment that begins so; NULL: none does. The text is the profile's.
const char *profile_comment_after(const struct profile *profile, const char *prefix);
void profile_set_period(struct profile *profile, const char *type, const char *unit, int64_t period);
void profile_set_time(struct profile *profile, int64_t time_ns, int64_t duration_ns);

// ---- Bytes ----

// Adds an encoded profile: gzip, zstd, LZ4 or raw, detected by its magic bytes. scale: one factor for each of the input's sample types, in
// its order; NULL: all 1. limits NULL: the defaults. fault may be NULL. Samples whose values are all 0 after scaling are added too.
enum merge_error profile_decode(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                                const int64_t *scale, struct merge_fault *fault);
// Frees the decoder's buffers, about three times the input's size, which are otherwise kept for the next input. Call after the last one.
void profile_trim(struct profile *profile);

enum merge_compression { MERGE_RAW, MERGE_GZIP, MERGE_ZSTD, MERGE_LZ4 }; // LZ4: input only
// *bytes is malloc'ed; the caller frees it. Samples with only zero values, and entries that only they use, are omitted.
enum merge_error profile_encode(struct profile *profile, enum merge_compression compression, uint8_t **bytes, size_t *size);

// Uncompressed, into a buffer of the caller's that grows by resize (NULL: no memory). *size is what was written, also after an error.
enum merge_error profile_encode_into(struct profile *profile, uint8_t *(*resize)(void *context, size_t capacity), void *context,
                                     size_t *size);
// As profile_encode, with a level for gzip (1 to 12) or zstd (1 to 22); 0: the default, 1 for both.
enum merge_error profile_encode_level(struct profile *profile, enum merge_compression compression, int level, uint8_t **bytes,
                                      size_t *size);

// Encodes the profile with samples from a callback instead of its own: a profile of very many samples then needs memory for its
// bytes only. Samples that were added are not written; all other entries are, used or not. All samples share one list of labels, of
// which each has up to two parts. Equal samples are not merged; readers add them up.
struct profile_source_sample;
struct profile_sample_source {
    // False: there are no more samples. Locations are ids of the profile, leaf first. Pointers must stay valid until the next call.
    bool (*next)(void *context, struct profile_source_sample *sample);
    const struct profile_label *labels;
    size_t label_count;
    // Grows the output buffer to at least capacity bytes, keeping what was written. NULL: no memory.
    uint8_t *(*resize)(void *context, size_t capacity);
    void *context;
};
struct profile_source_sample {
    const uint32_t *locations;
    size_t location_count;
    const int64_t *values;           // one per sample type
    size_t first_label, label_count; // which of the source's labels it has
    size_t first_more, more_count;   // and these, after them
};
enum merge_error profile_encode_source(struct profile *profile, const struct profile_sample_source *source, size_t *size);

// Later inputs: labels with other keys are ignored, so that samples that differ only in them (span ids, timestamps) are merged and the
// result is as large as its distinct stacks. count 0: all labels are ignored.
void profile_keep_labels(struct profile *profile, const char *const *keys, size_t count);
// The same, but labels that are numbers are all kept: Go's labels are texts.
void profile_keep_texts(struct profile *profile, const char *const *keys, size_t count);
// The opposite: labels with these keys are ignored, all others are kept. Of these, the last call holds.
void profile_drop_labels(struct profile *profile, const char *const *keys, size_t count);
// Later inputs: each sample has this label too, whichever are kept: what is known of an input as a whole. key NULL: no more. The texts are
// copied.
void profile_give_label(struct profile *profile, const char *key, const char *text);
// Later inputs: absolute paths of source files lose what is not of a module. A path that begins with one of the prefixes, which end with
// '/', gets another beginning; one in Go's module cache ("/pkg/mod/") begins with the module; that of a Go function begins with its
// package's path; any other is the file's name alone, as are the paths of mappings and those that stand for a function's name (memory
// profiles). Not for deltas. The texts are copied.
struct profile_path_prefix {
    const char *prefix, *instead; // "/home/me/app/", "example.com/app/"
};
void profile_cut_paths(struct profile *profile, const struct profile_path_prefix *prefixes, size_t count);
// Later inputs: comments that begin so are ignored. prefix "": none.
void profile_drop_comments(struct profile *profile, const char *prefix);
// Later inputs may have other sample types. The profile gains the types it lacks; values that an input lacks are 0.
void profile_allow_union(struct profile *profile);
// Later inputs may have other sample types. Only types that both the profile and the input have are kept, as in `go tool pprof`.
// MERGE_TYPES_DIFFER if there are none.
// With either, a type of the same name whose unit can be converted (nanoseconds, seconds; bytes, kilobytes) is the same type, and the
// profile then uses the smaller unit.
void profile_allow_common(struct profile *profile);
// Whether the last decoded input had this type of the profile. Must be called before profile_trim.
bool profile_last_had_type(const struct profile *profile, size_t index);
// The types that profile_allow_common has dropped so far, without duplicates.
size_t profile_left_out_count(const struct profile *profile);
const char *profile_left_out_name(const struct profile *profile, size_t index);
// Symbolizes addresses, for callers that have the debug files of a stripped program.
enum { PROFILE_NAMER_LINES = 64 };
struct profile_namer {
    // Sets lines to the functions at an address, innermost inlined function first, with ids from profile_add_function. Returns their
    // number; 0: unknown.
    size_t (*name)(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                   struct profile_line lines[PROFILE_NAMER_LINES]);
    void *context;
    bool every_location; // name is asked for all addresses, also those with names, which it replaces, and those without a mapping
    // Returns the id of the mapping that a location is to have instead of its own; 0: that one. Asked before name. NULL: all keep theirs.
    uint32_t (*map)(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address);
};
// Later inputs: unsymbolized locations are passed to the namer. These have no lines, or their only function is named after the file offset
// ("libc.so.6+0x519bf"), as the profiler writes it. Not for deltas, which keep the bytes of their input. namer NULL: none.
void profile_set_namer(struct profile *profile, const struct profile_namer *namer);
// Keeps only these sample types, in this order. MERGE_NOT_FOUND: one is absent; the profile is unchanged. At most 64 names.
enum merge_error profile_keep_sample_types(struct profile *profile, const char *const *names, size_t count);
// Renames a type. A later input's type of the old name is then a different type. MERGE_NOT_FOUND: it is absent.
enum merge_error profile_rename_sample_type(struct profile *profile, const char *name, const char *new_name);
// Multiplies all values of the type. Rounding errors carry over to the next value, so that the sum is exact to half a unit.
// MERGE_NOT_FOUND: it is absent.
enum merge_error profile_scale_sample_type(struct profile *profile, const char *name, double factor);
// Number of sums and products that saturated at an end of int64.
uint64_t profile_saturated_count(const struct profile *profile);

// Inflates gzip, zstd or LZ4 (concatenated members are one stream), copies raw input. *out is malloc'ed; the caller frees it.
// These need the folder codecs/ to be linked (command/, receiver/); without it such input is MERGE_BAD_COMPRESSION.
enum merge_error merge_inflate(const void *bytes, size_t size, size_t limit_bytes, uint8_t **out, size_t *out_size,
                               struct merge_fault *fault);

enum merge_error merge_inflate_limited(const void *bytes, size_t size, const struct merge_limits *limits, uint8_t **out, size_t *out_size,
                                       struct merge_fault *fault); // limits NULL: the defaults

// ---- Delta ----

// delta: turns a series of cumulative profiles into delta profiles.
//
// The types given at creation are subtracted; all others (gauges, such as inuse_*) are copied. The first profile is copied unchanged.
// Duplicate samples of a profile are added up first. Samples with only zeros, and entries that only they use, are dropped. Ids are 1..n.
// Header, sample types and their order, and unknown fields are those of the new profile. Duration is its time minus the previous
// profile's, if both are known and it is later. A profile with other sample types or another period type than the previous one is
// MERGE_TYPES_DIFFER. With any rule, a stack that the new profile lacks is forgotten; if it reappears, its whole value is new.
// The part of the MERGE_EVICTED sample that came from stacks that vanished or restarted was reported by earlier deltas. It is
// subtracted there, so that all deltas add up to the last profile. The state is the last profile, and at most as much again of vanished
// stacks. After an error the next profile is treated like the first, unless tells_once is set.

// The only frame of the sample that holds the totals of stacks evicted from cmemprof's stack table.
#define MERGE_EVICTED "[evicted stacks]"

enum delta_rule {
    // Subtracted types are never negative. A counter that decreased was reset: its current value is the delta. A negative
    // counter counts as 0. Vanished stacks are omitted.
    DELTA_NEVER_NEGATIVE,
    // Like fastdelta of dd-trace-go: a decrease gives a negative value; vanished stacks are omitted.
    // (Without its bug: a stack that reappears is not compared with its value before it vanished.)
    DELTA_LIKE_FASTDELTA,
    // Like google/pprof's Merge of the new profile with the last one times -1 (times 0 for types that are not subtracted): a
    // decrease gives a negative value, a vanished stack the negative of its last values. Re-encoded, without unknown fields.
    DELTA_LIKE_PPROF
};
struct delta_options {
    const char *const *types; // names of the sample types to subtract
    size_t type_count;
    enum delta_rule rule;
    int level;                         // compression level of the results, as in profile_encode_level
    const struct merge_limits *limits; // for each profile; NULL: the defaults
    // For deltas that are sent: after an error nothing is reported twice. The next profile is compared with the one of the failed call. If
    // that could not be stored, the next profile is only stored, and its call returns MERGE_NOT_FOUND.
    bool tells_once;
};
struct delta;
struct delta *delta_new_with(const struct delta_options *options); // NULL: no memory. Copies the options
struct delta *delta_new(const char *const *types, size_t count);   // other options have their defaults
void delta_free(struct delta *delta);
// *out belongs to the delta and is valid until the next call on it. All buffers are kept: as long as profiles do not grow, nothing is
// allocated (gzip or raw in, gzip or raw out).
enum merge_error delta_step(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, const uint8_t **out,
                            size_t *out_size, struct merge_fault *fault);
// As delta_step, but *out is malloc'ed; the caller frees it.
enum merge_error delta_next(struct delta *delta, const void *bytes, size_t size, enum merge_compression compression, uint8_t **out,
                            size_t *out_size, struct merge_fault *fault);

// As delta_step, for a cumulative profile that comes in parts: they are added to the delta's own tables, and nothing is encoded or decoded
// in between. Returns the profile to which to add them, by profile_decode and the functions of "Build" (sample types only if it has none
// yet; names and order are those of the first time); values are 0 and the header is empty. NULL: no memory. Ends with one of the next two.
struct profile *delta_begin(struct delta *delta);
// The result, raw, in the order in which samples were first added; unknown fields are dropped. The rule must be DELTA_NEVER_NEGATIVE.
// is_partial: samples that were not added have their last values, since the part that has them failed.
// tells_once: if memory ran out, even in a function that added something, the next whole profile is only stored (MERGE_NOT_FOUND).
enum merge_error delta_end(struct delta *delta, bool is_partial, const uint8_t **out, size_t *out_size, struct merge_fault *fault);
// Without a result. What was added is dropped, and the next result covers the time since the last one.
void delta_cancel(struct delta *delta);

// Number of sums and differences so far that saturated at an end of int64.
uint64_t delta_saturated_count(const struct delta *delta);

// ---- View ----

size_t profile_sample_type_count(const struct profile *profile);
const char *profile_sample_type_name(const struct profile *profile, size_t index); // "inuse_space"
const char *profile_sample_type_unit(const struct profile *profile, size_t index); // "bytes"
// Index of the sample type, or -1. NULL or "": default_sample_type if the profile has that type, else the last type.
int profile_sample_type_index(const struct profile *profile, const char *type);
// Index of the type to show by default. Preference: memory in use, the profile's default, memory allocated, the first type; among these
// the first with a non-zero value, if any. -1: the profile has no types.
int profile_shown_type(struct profile *profile);
// Index of a requested type: by name, or by decimal index, as a name may be empty. NULL or "": profile_shown_type. -1: absent.
int profile_sample_type_chosen(struct profile *profile, const char *type);
// The types for bytes of memory in use, as named by Go, Python and Node; terminated by NULL.
extern const char *const profile_live_types[];
size_t profile_sample_count(const struct profile *profile);
int64_t profile_time_ns(const struct profile *profile);
int64_t profile_duration_ns(const struct profile *profile);
int64_t profile_period(const struct profile *profile); // of sampling: bytes between two samples of a heap profile. 0: unknown

// One frame of a sample, possibly inlined. Pointers are valid as long as the profile.
struct profile_frame {
    const char *function; // "" if the address has no symbol
    const char *file;     // source file, "" if unknown
    int64_t line;
    uint64_t file_offset;     // of the code in mapping_file, independent of the load address; the address if unknown
    const char *mapping_file; // "" if unknown
    const char *build_id;     // of mapping_file, in lower-case hex; "" if unknown
    bool inlined;
    bool label; // stands for a label's value (profile_group_by): function is the value, file the label's key
};

// Whether the frame is Go code, by its source file (.go or .s) and a dot in its name. C code in the preamble of a Go file has a .go file
// too, but no dot, and neither have functions that cgo exports to C.
bool profile_frame_is_go(const struct profile_frame *frame);
// Whether the frame is unsymbolized: it has no function, or a file offset in place of one ("libc.so.6+0x519bf").
bool profile_frame_is_nameless(const struct profile_frame *frame);

// The file of the mapping that the receiver gives Java's frames, which have neither source file nor library.
#define PROFILE_JAVA_MAPPING "[java]"

// Whose code a frame is, used to find a stack's site. Tables, findings and colours share this rule.
enum frame_role {
    FRAME_PLUMBING, // malloc and its family, operator new, frames of cgo and Go's runtime between C and Go: never a site
    FRAME_STANDARD, // the language's library: libc, std::, Rust's core and alloc, Go's, Python's and Node's own
    FRAME_LIBRARY,  // an installed library: /usr/lib/lib*.so, system headers, Go's module cache, site-packages, node_modules, crates
    FRAME_PROGRAM,
};
enum frame_role profile_frame_role(const struct profile_frame *frame);
// Whether this is the mangled name of a global operator new: new, new[], aligned, nothrow.
bool profile_is_operator_new(const char *system_name);

struct profile_sample_view {
    const int64_t *values;              // one per sample type
    const struct profile_frame *frames; // leaf first, inlined frames expanded
    size_t frame_count;
    const struct profile_label *labels;
    size_t label_count;
};
// The sample at index, 0 <= index < profile_sample_count. frames and labels are valid until the next call on this profile.
enum merge_error profile_sample_at(struct profile *profile, size_t index, struct profile_sample_view *view);
// As profile_sample_at, without frames (frame_count is 0). Cheaper for summing values: a sample may have 10,000 frames.
enum merge_error profile_sample_without_frames(struct profile *profile, size_t index, struct profile_sample_view *view);

bool profile_sample_has_label(const struct profile_sample_view *sample, const char *key, const char *text);
// Whether the sample is C memory: it has the label memory=C, as cmemprof writes it, or memory=mmap, for what C code has mapped.
bool profile_sample_is_c(const struct profile_sample_view *sample);
// Whether the sample is the profiler's own memory: it has the label owner=cmemprof.
bool profile_sample_is_own(const struct profile_sample_view *sample);

// Adds a frame to the root of each sample: the value of its label of this key, as go tool pprof's -tagroot does. A number has its unit
// ("1024 bytes"); an empty text is "(empty)"; several values are joined by commas; without such a label it is MERGE_NO_LABEL. Must be the
// last change to the profile: later inputs would have no such frame. After MERGE_NO_MEMORY only profile_free may be called.
#define MERGE_NO_LABEL "(no label)"
enum merge_error profile_group_by(struct profile *profile, const char *key);

// tree: a call tree over one sample type, root first. Nodes with the same function (or, without one, the same mapping and address) under
// the same parent are merged. Children are sorted by total, largest first, then by name.
struct tree_node {
    struct profile_frame frame; // line and offset are those of the first sample at this node
    int64_t self, total;
    int64_t base_self, base_total;      // of the second type; 0 without one
    uint32_t parent;                    // index; the root is its own parent
    uint32_t first_child, next_sibling; // index; 0: none (0 is the root, which is no one's child)
};
struct tree {
    struct tree_node *nodes; // nodes[0] is the root, without a function and with the total of all; parents precede their children
    size_t count;
};
struct tree_label {
    const char *key, *text; // text NULL: samples without a label of that key
};
struct tree_options {
    size_t type_index;
    int base_type_index; // a second type, for base_self and base_total; -1: none. Children are sorted by the larger of the two totals
    // A sample must have one of the given labels for each key. Numbers are given in decimal, or as a range: "5..9" is from 5 to before 9.
    const struct tree_label *labels;
    size_t label_count;
    // Called with the leaf frame of each sample; samples without frames are omitted. NULL: keeps all samples.
    bool (*keep_leaf)(const struct profile_frame *leaf, const void *context);
    const void *context;
    bool by_line;      // a function's lines are nodes of their own
    double base_scale; // factor of the second type's totals for sorting only, if the two cover different amounts; 0 means 1
};
// The tree points into the profile: free it first.
enum merge_error tree_build(struct profile *profile, const struct tree_options *options, struct tree *tree);
void tree_free(struct tree *tree);
// Whether the sample at index passes the options' labels and keep_leaf, as those of a tree do.
bool tree_keeps(const struct profile *profile, const struct tree_options *options, size_t index);

// totals: sums of a profile's values, read in one pass over its bytes without building a profile. About five times as fast as
// profile_decode; it validates only what it reads. For summaries of many profiles.
enum { TOTALS_MAX_TYPES = 64, TOTALS_MAX_NAME = 64 };
struct totals_type {
    char name[TOTALS_MAX_NAME], unit[TOTALS_MAX_NAME]; // truncated to fit
    int64_t total, c_total, mapped_total;              // of all samples; of those with the label memory=C; with memory=mmap
};
struct totals {
    int64_t time_ns, duration_ns;
    size_t samples, c_samples, mapped_samples;
    char default_type[TOTALS_MAX_NAME];
    size_t type_count;
    struct totals_type types[TOTALS_MAX_TYPES];
};
// limits NULL: the defaults.
enum merge_error totals_read(const void *bytes, size_t size, const struct merge_limits *limits, struct totals *totals,
                             struct merge_fault *fault);
// Whether a merge makes one type of them: of one name and unit, or of units that can be converted. Scales: what their values are multiplied
// by to have the smaller unit, which is that of the one whose scale is 1.
bool totals_same_type(const struct totals_type *a, const struct totals_type *b, int64_t *scale_a, int64_t *scale_b);
// NULL: absent.
const struct totals_type *totals_find(const struct totals *totals, const char *name);
// As profile_shown_type. NULL: no types.
const struct totals_type *totals_shown_type(const struct totals *totals);

#endif
