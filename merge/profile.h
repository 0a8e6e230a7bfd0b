// profile.h: struct profile, internal to this folder.
//
//   strings    every string, once                       mappings   an address range of a file
//   functions  name, file, line                         locations  an address, or the functions inlined there (a slice of lines)
//   samples    a slice of refs (location ids, leaf first), a slice of labels, and one row of values
//
// All are flat arrays in order of insertion. An id is an index; entry 0 of strings is "", entry 0 of mappings, functions and locations
// means none. Samples count from 0. Each table has a hash table that finds an entry by its content (intern.h).
// Threads: one at a time. Memory: memory.h, a few blocks per table, none per sample.
#ifndef CMEMPROF_MERGE_PROFILE_H
#define CMEMPROF_MERGE_PROFILE_H

#include "namespace.h"
#include "array.h"
#include "intern.h"
#include "merge.h"
#include "string_table.h"

struct value_type {
    uint32_t type, unit; // strings
};

enum mapping_flags { // in the order of profile.proto's fields 7 to 10
    MAPPING_FUNCTIONS = 1,
    MAPPING_FILENAMES = 2,
    MAPPING_LINE_NUMBERS = 4,
    MAPPING_INLINE_FRAMES = 8,
};

struct mapping {
    uint64_t start, limit, offset;
    uint32_t file, build_id; // strings
    uint32_t flags;          // enum mapping_flags
    uint32_t round;          // in which the flags were set; see profile_next_round
    uint32_t claimed_by;     // the last input that has this mapping; see mapping.c
    uint32_t next_alike;     // the next mapping of the same part of a file; 0: none
    // In the first mapping of such a list only: the list.
    uint32_t last_alike, cursor, cursor_of;
};

struct function {
    uint32_t name, system_name, file; // strings
    int64_t start_line;
};

struct line {
    uint32_t function;
    int64_t line, column;
};

struct location {
    uint64_t address;
    uint32_t mapping;
    uint32_t line, line_count; // innermost first
    bool folded;
};

struct label {
    uint32_t key, text; // text 0: a number
    uint32_t unit;
    int64_t number;
};

struct sample {
    uint32_t ref, ref_count;
    uint32_t label, label_count; // sorted
};

enum types_rule {
    TYPES_SAME,   // an input must have the same set
    TYPES_UNION,  // it may add types, and lack some
    TYPES_COMMON, // types that all inputs have are kept
};

struct profile {
    enum merge_error status;
    bool types_fixed; // sample types are complete, since a sample or an input was added
    enum types_rule types_rule;
    uint32_t type_count; // number of sample types, and the length of a row of values
    uint32_t input;      // number of the input being decoded, from 1
    uint32_t round;      // see profile_next_round
    uint64_t seed;       // of all hashes
    uint32_t hash_mask;  // all ones; tests set 0 to make all hashes equal, which must not change results

    struct string_table strings;
    struct array types;                                // struct value_type
    struct array mappings, functions, locations;       // struct mapping, function, location; entry 0: none
    struct array lines, refs, labels, samples, values; // struct line, uint32_t, struct label, struct sample, int64_t (one row per sample)
    struct array comments;                             // uint32_t strings, without duplicates
    struct intern mapping_ids, alike_ids, function_ids, location_ids, sample_ids, comment_ids;

    struct array types_left_out; // struct value_type, without duplicates: dropped by TYPES_COMMON
    bool period_known;           // the period type was set or read, even if there is none
    struct value_type period_type;
    int64_t period, time_ns, duration_ns;
    uint32_t default_type, drop_frames, keep_frames, doc_url; // strings
    bool labels_chosen, chosen_are_dropped;                   // only labels with the keys in chosen_labels are read, or all but those
    bool numbers_kept;                                        // and all labels that are numbers
    struct array chosen_labels;                               // uint32_t strings
    struct label given;                                       // to each sample that is read; key 0: none
    bool paths_cut;                                           // by path_prefixes
    struct array path_prefixes;                               // struct path_prefix (redact.c)
    uint32_t dropped_comments;                                // string: comments that begin so are not read; 0: none
    uint64_t saturated;                                       // sums and products that saturated at an end of int64
    uint32_t first_group;                                     // functions from this one on stand for labels (group_by.c); 0: none

    struct profile_namer namer; // name NULL: none
    struct input *decoder;      // the decoder's state (decode.h), kept for the next input; NULL before the first
    // The last view returned by profile_sample_at.
    struct array view_frames, view_labels;
};

#define PROFILE_ITEM(type, plural, singular)                                                                                               \
    static inline type *profile_##singular(const struct profile *profile, uint32_t id) {                                                   \
        return (type *)profile->plural.items + id;                                                                                         \
    }
PROFILE_ITEM(struct value_type, types, type)
PROFILE_ITEM(struct mapping, mappings, mapping)
PROFILE_ITEM(struct function, functions, function)
PROFILE_ITEM(struct location, locations, location)
PROFILE_ITEM(struct line, lines, line)
PROFILE_ITEM(uint32_t, refs, ref)
PROFILE_ITEM(struct label, labels, label)
PROFILE_ITEM(struct sample, samples, sample)
PROFILE_ITEM(int64_t, values, value)
PROFILE_ITEM(uint32_t, comments, comment)
#undef PROFILE_ITEM

static inline int64_t *profile_sample_values(const struct profile *profile, uint32_t sample) {
    size_t at = (size_t)sample * profile->type_count; // always 0 in a profile without types, which has no values
    return at > 0 ? (int64_t *)profile->values.items + at : profile->values.items;
}
static inline const char *profile_string(const struct profile *profile, uint32_t id) {
    return string_table_get(&profile->strings, id).bytes;
}

// Prefetches the refs (up to about 60) and labels of a sample. Reads the sample itself.
static inline void profile_fetch_sample(const struct profile *profile, uint32_t id) {
    const struct sample *sample = profile_sample(profile, id);
    for (uint32_t i = 0; i < sample->ref_count && i < 64; i += 16) {
        __builtin_prefetch(profile_ref(profile, sample->ref + i));
    }
    if (sample->label_count > 0) {
        __builtin_prefetch(profile_label(profile, sample->label));
    }
}

// Starts an input: its entries are first looked up in the profile's order (intern_rewind).
void profile_next_input(struct profile *profile);
// Starts the inputs of another profile: of a mapping's flags the first ones of the round hold. Its values are the caller's to clear.
void profile_next_round(struct profile *profile);
// types.c: adds a sample type, with value 0 in all existing samples.
void profile_append_type(struct profile *profile, struct value_type type);
// Sets the status, unless it already holds a failure.
void profile_fail(struct profile *profile, enum merge_error error);
// Makes room for as many strings, functions and locations as the other profile has. False: no memory.
bool profile_reserve_tables(struct profile *profile, const struct profile *like);
// Returns 0 for "" and on failure; see profile_status.
uint32_t profile_intern_string(struct profile *profile, const char *bytes, size_t length);
uint32_t profile_intern_function(struct profile *profile, const struct function *function);
uint32_t profile_intern_location(struct profile *profile, const struct location *location, const struct line *lines);
// Looks up at most SAMPLE_BATCH samples together, adding those that are new, and returns their indices. refs and labels are copied; labels
// are first sorted in place. A new sample has no row of values until profile_fit_rows.
enum { SAMPLE_BATCH = 16 };
struct sample_key {
    const uint32_t *refs;
    struct label *labels;
    uint32_t ref_count, label_count;
    uint32_t hash; // of profile_intern_samples
};
void profile_intern_samples(struct profile *profile, struct sample_key *keys, uint32_t count, uint32_t *indices);
void profile_fit_rows(struct profile *profile); // adds rows of zeros for samples without values
// Adds count values, each times its scale (NULL: all 1). value_at: column of each value; NULL: in order.
void profile_add_row(struct profile *profile, uint32_t sample, const int64_t *values, uint32_t count, const int64_t *scale,
                     const uint32_t *value_at);
void profile_intern_comment(struct profile *profile, uint32_t text);
void profile_reset_header(struct profile *profile); // except the period type

struct label profile_label_of(struct profile *profile, const struct profile_label *label);

// redact.c, for an entry of an input. Paths are cut only if profile->paths_cut.
void redact_function(struct profile *profile, struct function *function);
void redact_mapping(struct profile *profile, struct mapping *mapping);
bool redact_drops_comment(const struct profile *profile, uint32_t text);

// encode.c. Writes into writer, reusing its buffer. False: no memory.
struct wire_writer;
bool encode_raw(const struct profile *profile, struct wire_writer *writer);
// As profile_encode_level, into a zeroed writer; the caller frees it, also after an error.
enum merge_error encode_packed(const struct profile *profile, enum merge_compression compression, int level, struct wire_writer *out);

// view.c. Frame number `line` of a location, innermost first. A location without lines has one frame.
struct profile_frame profile_frame_of(const struct profile *profile, const struct location *location, uint32_t line);

// mapping.c. Finds a mapping with the same start, limit, offset, file and build ID. 0: none.
uint32_t profile_find_mapping(const struct profile *profile, const struct mapping *mapping);
uint32_t profile_new_mapping(struct profile *profile, const struct mapping *mapping);
// Adopts the flags of an equal mapping, unless one of this round gave them. id 0: does nothing.
void profile_renew_mapping(struct profile *profile, uint32_t id, const struct mapping *mapping);
// Truncates the table to count entries, including entry 0. Used to undo a malformed input. Locations of a removed mapping are matched
// again only by an equal location, with the same address and lines, of the mapping that gets its id.
void profile_forget_mappings(struct profile *profile, uint32_t count);
// Finds a mapping of the same part of the same file in another process that no other mapping of this input has claimed. 0: none.
uint32_t profile_find_alike_mapping(struct profile *profile, const struct mapping *mapping);

#endif
