// live_table.h: a profile as rows of a live table: what there is, how fast it grows and how much is allocated a second.
//
// A row is a function, a line, a stack or the value of a label. Rows of two profiles are the same if they are printed the same.
//
// Threads: one. Memory: malloc, by distinct rows.
#ifndef CMEMPROF_COMMAND_LIVE_TABLE_H
#define CMEMPROF_COMMAND_LIVE_TABLE_H

#include "../base/input.h"
#include "../report/top.h"

// A profile as it came, and when. One with a duration has what was counted in it (a delta, or CPU time); one without, what was counted
// since the program's start.
struct live_sample {
    struct input input;
    int64_t at_ns; // of the profile, or if it does not say so of the moment when it was read
    int64_t duration_ns;
};

// Whether it is a profile; sets at_ns and duration_ns. read_ns: when it was read. Otherwise text says what it is.
bool live_sample_check(const struct options *options, struct live_sample *sample, int64_t read_ns, char *text, size_t size);

struct live_row {
    char *name;
    int64_t value;                             // of the type that is shown
    int64_t amount;                            // of what the rate is of
    double growth_per_minute, rate_per_second; // NAN: not known
};

struct live_table {
    struct live_row *rows;
    size_t count, capacity;
    int64_t value, amount, c_value; // of all rows' samples; c_value of C memory
    double growth_per_minute, rate_per_second;
    char type[64], unit[64], rate_type[64], rate_unit[64]; // rate_type "": there is none
};

enum live_order { LIVE_BY_VALUE, LIVE_BY_GROWTH, LIVE_BY_RATE, LIVE_ORDERS };

// Rows of now, by options (type, memory, owner, by, by_stack, by_cum: values with callees, group_by, filter); growth is since first, the
// rate since before, which may both be the same as now: nothing is known then. Of a sample with a duration the rate is over that, whatever
// was before, and there is no growth of a gauge with negative values, which is itself a difference. Returns STATUS_DONE, or STATUS_FAILED
// with text.
int live_table_make(const struct options *options, const struct top_options *top, const struct live_sample *first,
                    const struct live_sample *before, const struct live_sample *now, enum live_order order, struct live_table *table,
                    char *text, size_t size);
void live_table_free(struct live_table *table);
// Prints a head, in which the column of the order has a star, and at most `lines` rows.
void live_table_print(const struct live_table *table, const struct top_options *top, enum live_order order, size_t lines, FILE *out);
// The next label key of the profile after `key`, in the order of its samples, the first one after the last or NULL; without the profiler's
// own (memory, owner). Returns false if there is none.
bool live_table_next_key(const struct options *options, const struct live_sample *sample, const char *key, char *next, size_t size);

#endif
