// cpu_profile_test.c: names, mappings and unsampled time of a profile as Go's writer makes it. Real profiles: e2e/cpu.

#include "../../base/test/test.h"

#include <inttypes.h>
#include <sys/auxv.h>

#include "../../merge/merge.h"
#include "../cpu_profile.h"
#include "../cpu_gap.h"
#include "../loaded_code.h"
#include "../symbols.h"

#define MS INT64_C(1000000)
enum { PERIOD_NS = 10000000 };

// The C code that samples are in, and code that passes for Go's.
int named_function(int number);
int go_function(int number);
__attribute__((noinline)) int named_function(int number) {
    __asm__ volatile("");
    return number + 1;
}
__attribute__((noinline)) int go_function(int number) {
    __asm__ volatile("");
    return number + 2;
}

static const struct module *own_module(void) {
    loaded_code_refresh(&profiler);
    const struct module *module = modules_find(&profiler.code.modules, (uintptr_t)named_function, 0);
    assert_non_null(module);
    return module;
}

static struct profile *new_profile(void) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "samples", "count");
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    profile_set_period(profile, "cpu", "nanoseconds", PERIOD_NS);
    return profile;
}

// As Go's runtime/pprof writes the program's mapping.
static uint32_t program_mapping(struct profile *profile) {
    const struct module *module = own_module();
    return profile_add_mapping(profile, &(struct profile_mapping){.memory_start = module->start,
                                                                  .memory_limit = module->limit,
                                                                  .file_offset = module->file_offset,
                                                                  .file = module->file,
                                                                  .build_id = module->build_id});
}

// name NULL: an address that Go has no function for. Go gives it a line with an empty name.
static void add_sample(struct profile *profile, uint32_t mapping, uintptr_t address, const char *name, int64_t ticks) {
    const char *text = name ? name : "";
    const struct profile_line line = {profile_add_function(profile, &(struct profile_function){text, text, "file.go", 1}), 7, 0};
    uint32_t location = profile_add_location(profile, mapping, address, &line, 1);
    profile_add_sample(profile, &location, 1, (int64_t[]){ticks, ticks * PERIOD_NS}, NULL, 0);
}

// Completes the profile, frees it, and decodes the result.
static struct profile *complete(struct profile *profile, uint64_t process_ns, struct cmemprof_cpu *result) {
    uint8_t *bytes;
    size_t size;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    profile_free(profile);
    assert_int_equal(cmemprof_cpu_profile(bytes, size, process_ns, NULL, result), CMEMPROF_OK);
    free(bytes);
    struct profile *completed = profile_new();
    assert_int_equal(profile_decode(completed, result->bytes, result->size, NULL, NULL, NULL), MERGE_OK);
    cmemprof_cpu_profile_free(result);
    assert_null(result->bytes);
    return completed;
}

static struct profile_sample_view sample_at(struct profile *profile, size_t index) {
    struct profile_sample_view view;
    assert_int_equal(profile_sample_at(profile, index, &view), MERGE_OK);
    return view;
}

TEST(c_code_gets_names_and_go_keeps_its_own) {
    struct cmemprof_cpu result;
    struct profile *profile = new_profile();
    uint32_t mapping = program_mapping(profile);
    unwind_set_go_text(&profiler.unwinder, (uintptr_t)go_function, (uintptr_t)go_function + 4);
    add_sample(profile, mapping, (uintptr_t)named_function, NULL, 1);
    add_sample(profile, mapping, (uintptr_t)go_function + 1, "main.main", 2);
    add_sample(profile, mapping, (uintptr_t)named_function + 1, "object+0x12", 4); // the symbolizer's name is replaced, too
    add_sample(profile, 0, (uintptr_t)getauxval, NULL, 8);                         // loaded after Go had listed the mappings
    profile = complete(profile, 0, &result);
    assert_int_equal(profile_sample_count(profile), 4);
    struct profile_sample_view view = sample_at(profile, 0);
    assert_string_equal(view.frames[0].function, "named_function");
    assert_string_equal(strrchr(view.frames[0].file, '/') ? strrchr(view.frames[0].file, '/') + 1 : view.frames[0].file,
                        "cpu_profile_test.c");
    assert_true(view.frames[0].line > 0);
    view = sample_at(profile, 1);
    assert_string_equal(view.frames[0].function, "main.main");
    assert_string_equal(view.frames[0].file, "file.go");
    assert_int_equal(view.frames[0].line, 7);
    assert_int_equal(view.values[0], 2);
    assert_int_equal(view.values[1], 2 * PERIOD_NS);
    assert_string_equal(sample_at(profile, 2).frames[0].function, "named_function");
    view = sample_at(profile, 3);
    assert_non_null(strstr(view.frames[0].mapping_file, "libc"));
    assert_true(view.frames[0].function[0] != '\0');
    assert_int_equal(result.sampled_ns, 15 * PERIOD_NS);
    assert_int_equal(result.c_ns, 13 * PERIOD_NS);
    assert_int_equal(result.unsampled_ns, 0);
    profile_free(profile);
    unwind_set_go_text(&profiler.unwinder, 0, 0);
}

struct seen_mapping {
    uint64_t limit;
    bool has_functions;
};
struct seen {
    struct seen_mapping mappings[8];
    uint64_t addresses[8];
    size_t count;
};

static size_t see(void *context, struct profile *profile, const struct profile_mapping *mapping, uint64_t address,
                  struct profile_line *lines) {
    struct seen *seen = context;
    (void)profile, (void)lines;
    seen->addresses[seen->count] = address;
    seen->mappings[seen->count++] = (struct seen_mapping){mapping->memory_limit, mapping->has_functions};
    return 0;
}

// The linker's own code has no symbols. Returns 0 if there is none.
static uintptr_t nameless_address(const struct module *module) {
    struct symbols *symbols = symbols_new();
    uintptr_t address = module->start;
    while (address < module->limit && symbols_find(symbols, module, address).frame_count != 0) {
        address += 16;
    }
    symbols_free(symbols);
    return address < module->limit ? address : 0;
}

// Go's code and C's, with and without names for all C code.
TEST(mappings_are_apart) {
    const struct module *module = own_module();
    unwind_set_go_text(&profiler.unwinder, (uintptr_t)go_function, (uintptr_t)go_function + 4);
    for (int nameless = 0; nameless <= (nameless_address(module) != 0); nameless++) {
        struct cmemprof_cpu result;
        struct profile *profile = new_profile();
        uint32_t mapping = program_mapping(profile);
        uintptr_t second = nameless ? nameless_address(module) : (uintptr_t)named_function;
        add_sample(profile, mapping, (uintptr_t)go_function, "main.main", 1);
        add_sample(profile, mapping, (uintptr_t)named_function, NULL, 1);
        add_sample(profile, mapping, second, NULL, 1);
        uint8_t *bytes;
        size_t size;
        assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
        profile_free(profile);
        assert_int_equal(cmemprof_cpu_profile(bytes, size, 0, NULL, &result), CMEMPROF_OK);
        free(bytes);
        struct seen seen = {0};
        profile = profile_new();
        profile_set_namer(profile, &(struct profile_namer){see, &seen, true, NULL});
        assert_int_equal(profile_decode(profile, result.bytes, result.size, NULL, NULL, NULL), MERGE_OK);
        assert_int_equal(seen.count, 2 + nameless);
        for (size_t i = 0; i < seen.count; i++) {
            bool go = seen.addresses[i] == (uintptr_t)go_function;
            assert_int_equal(seen.mappings[i].limit, module->limit + (go ? 0 : 4096));
            assert_int_equal(seen.mappings[i].has_functions, go || !nameless);
        }
        assert_int_equal(result.nameless, nameless);
        profile_free(profile);
        cmemprof_cpu_profile_free(&result);
    }
    unwind_set_go_text(&profiler.unwinder, 0, 0);
}

TEST(gaps_are_named) {
    struct cmemprof_cpu result;
    struct profile *profile = new_profile();
    add_sample(profile, 0, cpu_gap_address(12), NULL, 1);
    add_sample(profile, program_mapping(profile), cpu_gap_address(13), "(13 frames left out)", 1);
    profile = complete(profile, 0, &result);
    assert_string_equal(sample_at(profile, 0).frames[0].function, "(12 frames left out)");
    assert_string_equal(sample_at(profile, 1).frames[0].function, "(13 frames left out)");
    assert_int_equal(result.nameless, 0);
    profile_free(profile);
}

TEST(time_without_samples_is_a_row) {
    const struct {
        int64_t sampled_ticks;
        uint64_t process_ns, unsampled_ns;
    } cases[] = {
        {100, 1000 * MS, 0},         // all of it
        {100, 0, 0},                 // unknown
        {100, 900 * MS, 0},          // less than the samples stand for
        {100, 1029 * MS, 0},         // below 3 %
        {1, 59 * MS, 0},             // below five periods
        {1, 60 * MS, 50 * MS},       // five
        {100, 1100 * MS, 100 * MS},  // 9 %
        {0, 12000 * MS, 12000 * MS}, // nothing was sampled
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cmemprof_cpu result;
        struct profile *profile = new_profile();
        if (cases[i].sampled_ticks != 0) {
            add_sample(profile, 0, 0x1000, "main.main", cases[i].sampled_ticks);
        }
        profile = complete(profile, cases[i].process_ns, &result);
        assert_int_equal(result.sampled_ns, cases[i].sampled_ticks * PERIOD_NS);
        assert_int_equal(result.process_ns, cases[i].process_ns);
        assert_int_equal(result.unsampled_ns, cases[i].unsampled_ns);
        size_t rows = cases[i].sampled_ticks != 0;
        assert_int_equal(profile_sample_count(profile), rows + (cases[i].unsampled_ns != 0));
        if (cases[i].unsampled_ns != 0) {
            struct profile_sample_view view = sample_at(profile, rows);
            assert_int_equal(view.frame_count, 1);
            assert_string_equal(view.frames[0].function, "(CPU time not sampled)");
            assert_int_equal(view.values[0], cases[i].unsampled_ns / PERIOD_NS);
            assert_int_equal(view.values[1], cases[i].unsampled_ns);
        }
        profile_free(profile);
    }
}

TEST(what_is_not_gos_profile_is_refused_or_left) {
    struct cmemprof_cpu result;
    assert_int_equal(cmemprof_cpu_profile("rubbish", 7, 1, NULL, &result), CMEMPROF_ENCODING);
    assert_null(result.bytes);
    assert_int_equal(cmemprof_cpu_profile(NULL, 0, 1000 * MS, NULL, &result), CMEMPROF_ENCODING);
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "inuse_space", "bytes");
    profile = complete(profile, 1000 * MS, &result);
    assert_int_equal(profile_sample_count(profile), 0);
    profile_free(profile);
}

static void close_all(void) {
    symbols_free(profiler.naming.symbols);
    modules_free(&profiler.code.modules);
}

int main(void) {
    int failed = tests_run();
    close_all();
    return failed;
}
