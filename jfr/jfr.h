// jfr.h: reads recordings of Java Flight Recorder: of the JVM, of dd-java-agent and of async-profiler.
//
//   about     chunks, times, version, what is damaged                        jfr_about
//   types     the types of events, with fields and counts                    jfr_type_at
//   events    every event with its values, for a viewer                      jfr_visit
//   profiles  CPU, allocation, locks, ... as struct profile of merge/        jfr_profiles
//
// A recording is a sequence of chunks, each of which describes itself: its types of events (metadata) and its constant pools (checkpoints),
// which stacks, methods, classes, threads and strings are in. Type ids, pool ids and ticks mean nothing in another chunk. Two chunks may
// cover the same seconds: dd-java-agent sends one of the JVM and one of its native profiler. So durations are never added.
//
// Damage: what is whole is read, and jfr_about says what is not, with the byte. Bytes are counted in the inflated recording.
//
// Threads: a struct jfr belongs to one thread at a time. Memory: malloc; inflated bytes count against the thread's budget (merge.h). A
// recording is kept inflated, unless it is raw: then the caller's bytes are used, or the file is mapped, and what was read of it is given
// back as reading goes on. Beside that, one chunk's index of constants (32 bytes each) at a time, its names (cut after 4 KiB), and the
// result; constants, names and texts count against the budget, too. No size, count or depth
// of the input is trusted; none makes an allocation larger than some multiple of the input's size.
#ifndef CMEMPROF_JFR_H
#define CMEMPROF_JFR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile; // merge/merge.h

enum jfr_error {
    JFR_OK = 0,
    JFR_NO_MEMORY,
    JFR_NOT_A_RECORDING, // no chunk where the first one should be
    JFR_DAMAGED,         // nothing of it can be read; or, in jfr_about, a part cannot
    JFR_BAD_COMPRESSION, // the gzip, zstd or LZ4 around it is damaged or truncated
    JFR_TOO_LARGE,       // exceeds the limit
    JFR_UNREADABLE,      // the file cannot be opened; errno says why
    JFR_ERROR_COUNT
};
const char *jfr_error_text(enum jfr_error error); // "damaged recording". Never NULL

struct jfr_fault {
    enum jfr_error error;
    uint64_t offset; // byte of the inflated recording
    char text[160];  // one line, without a newline
};

// ---- Open ----

struct jfr;
enum { JFR_DEFAULT_MAX_MIB = 1024 };

// Reads the headers of all events. bytes: as received; they must stay valid until jfr_close. max_bytes: of the inflated recording; 0:
// JFR_DEFAULT_MAX_MIB. Returns NULL if nothing can be read; fault has the reason.
struct jfr *jfr_open(const void *bytes, size_t size, size_t max_bytes, struct jfr_fault *fault);
// Maps the file if it is raw: it must not be truncated meanwhile. A pipe is read to its end.
struct jfr *jfr_open_file(const char *path, size_t max_bytes, struct jfr_fault *fault);
// The same for those who want profiles first: the events are not read yet. Before anything else of the recording is asked, jfr_profiles
// must have returned JFR_OK; it counts the events while it makes profiles of them, so that they are read once.
struct jfr *jfr_open_unread(const void *bytes, size_t size, size_t max_bytes, struct jfr_fault *fault);
struct jfr *jfr_open_file_unread(const char *path, size_t max_bytes, struct jfr_fault *fault);
void jfr_close(struct jfr *jfr); // jfr may be NULL
// Whether the bytes, which are not compressed, begin like a recording.
bool jfr_is_recording(const void *bytes, size_t size);

struct jfr_about {
    uint16_t major, minor; // of the first chunk
    size_t chunks;
    uint64_t bytes;                // inflated
    int64_t start_ns, duration_ns; // the earliest start, and from it to the latest end, of chunks or, in unfinished ones, of events
    uint64_t events;
    bool truncated;          // the recording ends within its last chunk,
    uint64_t cut_at;         // and what is from this byte on is no whole event: cut off, or damaged
    struct jfr_fault damage; // the first; JFR_OK: none
    uint64_t damages;        // how many
    uint64_t lost_bytes;     // of events that could not be read, where it is known
};
const struct jfr_about *jfr_about(const struct jfr *jfr);

// ---- Types ----

enum jfr_content { // what a field's number is, by its annotation
    JFR_PLAIN,
    JFR_INSTANT,  // nanoseconds since 1970, once read
    JFR_TIMESPAN, // nanoseconds, once read
    JFR_BYTES,
    JFR_BITS,
    JFR_PERCENTAGE, // 1.0 is 100 %
    JFR_FREQUENCY,  // per second
    JFR_ADDRESS,
};

struct jfr_field {
    const char *name, *label; // label: "" if none
    const char *type;         // "long", "java.lang.Thread"
    enum jfr_content content;
    bool array, is_unsigned;
};
struct jfr_type {
    const char *name, *label, *description, *category; // "jdk.FileRead", "File Read", "" if none, "Java Virtual Machine, GC"
    uint64_t count, bytes;
    const struct jfr_field *fields; // as the first chunk with an event of the type has them
    size_t field_count;
};
// Types with at least one event, the most frequent first. Valid until jfr_close.
size_t jfr_type_count(const struct jfr *jfr);
const struct jfr_type *jfr_type_at(const struct jfr *jfr, size_t index);
const struct jfr_type *jfr_type_named(const struct jfr *jfr, const char *name); // NULL: no such event

// ---- Events ----

enum jfr_value_kind { JFR_NULL, JFR_INTEGER, JFR_UNSIGNED, JFR_REAL, JFR_BOOL, JFR_TEXT };
struct jfr_value {
    enum jfr_value_kind kind;
    enum jfr_content content; // instants and timespans are converted to nanoseconds
    int64_t integer;          // JFR_INTEGER, JFR_UNSIGNED (as its bits), JFR_BOOL
    double real;
    const char *text; // JFR_TEXT: UTF-8, zero-terminated, may hold zeros
    size_t text_size;
};
struct jfr_event {
    const struct jfr_type *type;
    size_t chunk;    // from 0
    uint64_t offset; // byte of the recording
    int64_t start_ns;
};
// Constants are resolved; those of one field (a type's own name, as of java.lang.String's pool, or of "simple" types: thread states) come
// as their value. What is nested deeper than JFR_MAX_DEPTH is JFR_NULL.
enum { JFR_MAX_DEPTH = 16 };
struct jfr_visitor {
    void *context;
    bool (*begin)(void *context, const struct jfr_event *event); // false: not this one; its fields are skipped
    // name: NULL in an array. Valid during the call.
    void (*value)(void *context, const char *name, const struct jfr_value *value);
    void (*open)(void *context, const char *name, const char *type, bool array); // a struct, or an array
    void (*close)(void *context, bool array);
    bool (*end)(void *context); // false: no more events
    // Asked now and then while values are read. True: no more events, and no end of this one. NULL: read on.
    bool (*stop)(void *context);
    uint64_t after; // no event that begins at this byte or before. Chunks that end there are not read, so a page costs a chunk at most
};
// Visits events in the order of the recording. The visitor must not visit or make profiles of the same recording. type NULL: all. Those
// whose fields are damaged, or are more than 2^20 values, are left out and counted in *damaged, which may be NULL (their begin was called,
// and their end is not), as are pools of constants. Of an array whose elements have no bytes one is given. Returns JFR_OK, JFR_NO_MEMORY,
// or JFR_TOO_LARGE after 2^28 values and 16 per byte of the recording: what is behind is not read. 64 bytes of text count as a value.
enum jfr_error jfr_visit(struct jfr *jfr, const char *type, const struct jfr_visitor *visitor, uint64_t *damaged);

// ---- Profiles ----

enum jfr_kind {
    JFR_CPU,
    JFR_WALL, // of all threads, by dd-java-agent's and async-profiler's wall clocks
    JFR_ALLOCATION,
    JFR_HEAP_LIVE,
    JFR_LOCK,
    JFR_EXCEPTION,
    JFR_FILE_IO,
    JFR_SOCKET_IO,
    JFR_CLASS_LOAD,
    JFR_NATIVE_WALL,       // of threads in native code, by the JVM's sampler
    JFR_NATIVE_ALLOCATION, // malloc, by async-profiler and dd-java-agent
    JFR_KINDS
};
const char *jfr_kind_name(enum jfr_kind kind);  // "file-io"
const char *jfr_kind_title(enum jfr_kind kind); // "File I/O"
enum jfr_kind jfr_kind_named(const char *name); // JFR_KINDS: no such kind
// Events of the recording that the kind's profile is made from. docs/jfr.md lists which events that can be.
uint64_t jfr_kind_events(const struct jfr *jfr, enum jfr_kind kind);

// The kind that a word means for a recording: a kind's name, or a sample type of a kind that has events ("delay": lock). NULL: the first
// kind that has events. JFR_KINDS: none.
enum jfr_kind jfr_kind_chosen(const struct jfr *jfr, const char *word);

enum { JFR_COLUMNS = 4 };
struct jfr_column {
    const char *type, *unit; // sample type
};
// The sample types of a kind's profile; the last one is the default. Returns how many.
size_t jfr_kind_columns(enum jfr_kind kind, const struct jfr_column **columns);

// Makes the profiles of all kinds whose bit is set (1u << JFR_CPU) in one pass. profiles[kind] is set to a new profile, also if there are
// no events; the others are NULL. The caller calls profile_free on each.
//
// Stacks are leaf first: "java.util.HashMap.put" with its line. A method that the compiler inlined is a line of its caller's location.
// Native code has its library as mapping. Stacks that the recorder cut end in the frame JFR_CUT. Labels: "thread name", "thread id" (the
// system's), "thread state", "class name", "exception type", "lock class", "operation", "path", "remote", "span id", "local root span id".
// What a reader should know is in the comments, as warnings (profile_warnings).
// step_ns: samples have also the label "end_timestamp_ns", when the event ended in unix nanoseconds, rounded down to such steps from the
// chunk's start; so there are more samples, of an event each at worst. 0: they have not.
// Returns JFR_OK or JFR_NO_MEMORY; then all of profiles are NULL.
#define JFR_CUT "(frames left out)"
#define JFR_NO_STACK "(no stack)"
enum jfr_error jfr_profiles(struct jfr *jfr, unsigned kinds, int64_t step_ns, struct profile *profiles[JFR_KINDS]);

// ---- The runtime: series and facts ----

struct jfr_point {
    int64_t time_ns;
    double value;
};
struct jfr_series {
    const char *name;               // "heap_used"
    const char *label;              // what it is of, "" if there is one only: "Metaspace" of native_memory_committed, "G1New" of gc_pause
    const char *unit;               // "bytes", "cores", "count", "nanoseconds", "ratio", "per second"
    const char *event;              // "jdk.GCHeapSummary"
    const struct jfr_point *points; // by time
    size_t count;
};
struct jfr_fact {
    const char *group;       // "jvm", "os", "cpu", "container", "gc", "heap", "flag", "property", "environment", "profiler"
    const char *key, *value; // a time as "2026-01-02T03:04:05.678Z"
    const char *origin;      // of a flag: "Default", "Command line", ...; else ""
};
// What the recording's periodic events say of the JVM, in the order of docs/jfr.md. Of facts that are repeated the last one holds.
struct jfr_runtime {
    struct jfr_series *series;
    size_t series_count;
    struct jfr_fact *facts;
    size_t fact_count;
    uint64_t damaged; // events, or pools of constants
    void *memory;
};
// Returns JFR_OK, or as jfr_visit; then there is nothing to free.
enum jfr_error jfr_runtime_read(struct jfr *jfr, struct jfr_runtime *runtime);
void jfr_runtime_free(struct jfr_runtime *runtime);

#endif
