// hazard.c: see hazard.h. Nothing here allocates while a program's own figures are compared, other than through the profiler itself.

#include "hazard.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct {
    enum cmemprof_error (*start)(uint64_t);
    void (*set_memory_limit)(uint64_t);
    void (*stop)(void);
    void (*get_stats)(struct cmemprof_stats *);
    struct cmemprof_snapshot *(*take)(void);
    void (*free)(struct cmemprof_snapshot *);
    enum cmemprof_error (*encode)(struct cmemprof_snapshot *, const struct cmemprof_go_names *, uint8_t **, size_t *);
} profiler;
static uint64_t rate;
static pid_t first_process;
static _Atomic uint64_t *events; // shared with children, and with who watches

void hazard_fail(const char *file, int line, const char *condition, const char *format, ...) {
    char text[512];
    int used = snprintf(text, sizeof text, "%s:%d: not so: %s: ", file, line, condition);
    va_list arguments;
    va_start(arguments, format);
    used += vsnprintf(text + used, sizeof text - (size_t)used - 1, format, arguments);
    va_end(arguments);
    used = used < (int)sizeof text - 1 ? used : (int)sizeof text - 2;
    text[used++] = '\n';
    (void)!write(STDERR_FILENO, text, (size_t)used);
    _exit(HAZARD_FAILED);
}

static uint64_t number_of(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void *find(const char *name) {
    return dlsym(RTLD_DEFAULT, name);
}

static void share_events(void) {
    const char *name = getenv("HAZARD_PROGRESS");
    int file = name ? open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    size_t size = HAZARD_EVENTS * sizeof *events;
    CHECK(!name || (file >= 0 && ftruncate(file, (off_t)size) == 0), "%s", name);
    events = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | (!name ? MAP_ANONYMOUS : 0), file, 0);
    CHECK(events != MAP_FAILED, "mmap");
    if (file >= 0) {
        close(file);
    }
}

__attribute__((constructor)) static void look_up(void) {
    share_events();
    *(void **)&profiler.start = find("cmemprof_start");
    *(void **)&profiler.set_memory_limit = find("cmemprof_set_memory_limit");
    *(void **)&profiler.stop = find("cmemprof_stop");
    *(void **)&profiler.get_stats = find("cmemprof_get_stats");
    *(void **)&profiler.take = find("cmemprof_snapshot_take");
    *(void **)&profiler.free = find("cmemprof_snapshot_free");
    *(void **)&profiler.encode = find("cmemprof_snapshot_encode");
    first_process = getpid();
    rate = number_of("HAZARD_RATE", 0);
    bool wanted = getenv("HAZARD_RATE");
    CHECK(wanted == !!profiler.start, "cmemprof is %s", wanted ? "not there" : "there");
    CHECK(wanted == !!profiler.take && wanted == !!profiler.encode && wanted == !!profiler.free, "half of cmemprof is there");
}

void hazard_start(void) {
    if (profiler.start) {
        profiler.set_memory_limit(1 << 30); // at 1 byte every block is a sample
        enum cmemprof_error error = profiler.start(rate);
        CHECK(error == CMEMPROF_OK, "error %d", error);
    }
}

void hazard_stop(void) {
    if (profiler.stop) {
        profiler.stop();
    }
}

bool hazard_sampling(void) {
    return hazard_rate() != 0;
}

uint64_t hazard_rate(void) {
    return profiler.start ? rate : 0;
}

unsigned hazard_scaled(unsigned rounds) {
    return rounds * (unsigned)number_of("HAZARD_SCALE", 1);
}

unsigned hazard_counted(unsigned count) {
    uint64_t asked = number_of("HAZARD_COUNT", 0);
    return asked != 0 ? (unsigned)asked : hazard_scaled(count);
}

bool hazard_watched(void) {
    return getenv("HAZARD_PROGRESS");
}

void hazard_did(enum hazard_event event) {
    events[event]++;
}

uint64_t hazard_done(enum hazard_event event) {
    return events[event];
}

void hazard_stats(struct cmemprof_stats *stats) {
    memset(stats, 0, sizeof *stats);
    if (profiler.get_stats) {
        profiler.get_stats(stats);
    }
}

// ---- Reading a profile: as much of profile.proto as is needed here ----

struct bytes {
    const uint8_t *at, *end;
};

static uint64_t varint(struct bytes *from) {
    uint64_t value = 0;
    for (int shift = 0; from->at < from->end && shift < 64; shift += 7) {
        uint8_t byte = *from->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    CHECK(false, "the profile ends within a number");
}

struct field {
    unsigned number;
    uint64_t value;      // wire type 0
    struct bytes inside; // wire type 2, else empty
};

static bool next_field(struct bytes *from, struct field *field) {
    if (from->at == from->end) {
        return false;
    }
    uint64_t key = varint(from);
    *field = (struct field){.number = (unsigned)(key >> 3)};
    if ((key & 7) == 0) {
        field->value = varint(from);
        return true;
    }
    CHECK((key & 7) == 2, "wire type %u in a profile", (unsigned)(key & 7));
    uint64_t length = varint(from);
    CHECK(length <= (uint64_t)(from->end - from->at), "the profile ends within a field");
    field->inside = (struct bytes){from->at, from->at + length};
    from->at += length;
    return true;
}

static bool is_label(struct bytes label, uint64_t text) {
    for (struct field field; next_field(&label, &field);) {
        if (field.number == 2 && field.value == text) {
            return true;
        }
    }
    return false;
}

// Mappings (memory=mmap, mapped: the index of that text) are no samples.
static bool is_mapping(struct bytes sample, uint64_t mapped) {
    for (struct field field; mapped != 0 && next_field(&sample, &field);) {
        if (field.number == 3 && is_label(field.inside, mapped)) {
            return true;
        }
    }
    return false;
}

static void add_sample(struct hazard_totals *totals, struct bytes sample) {
    int64_t *const sums[] = {&totals->alloc_objects, &totals->alloc_bytes, &totals->inuse_objects, &totals->inuse_bytes};
    size_t count = 0;
    for (struct field field; next_field(&sample, &field);) {
        if (field.number != 2) {
            continue;
        }
        struct bytes values = field.inside; // packed, or empty
        do {
            int64_t value = (int64_t)(values.at ? varint(&values) : field.value);
            CHECK(count < 4 && value >= 0, "value %zu of a sample is %lld", count, (long long)value);
            *sums[count++] += value;
        } while (values.at < values.end);
    }
    CHECK(count == 4, "%zu values in a sample", count);
}

// "cmemprof: samples=10 emitted=9 lost_stacks=1"
static void read_comment(struct hazard_totals *totals, struct bytes text) {
    char line[2048];
    size_t length = (size_t)(text.end - text.at);
    if (length >= sizeof line || length < 10 || memcmp(text.at, "cmemprof: ", 10) != 0) {
        return;
    }
    memcpy(line, text.at, length);
    line[length] = '\0';
    const char *samples = strstr(line, " samples="), *emitted = strstr(line, " emitted="), *lost = strstr(line, " lost_stacks=");
    const char *shards = strstr(line, " lost_shards="), *reclaimed = strstr(line, " reclaimed_samples=");
    if (samples && emitted && lost && shards && reclaimed) {
        totals->samples = strtoull(samples + 9, NULL, 10);
        totals->emitted = strtoull(emitted + 9, NULL, 10);
        totals->lost = strtoull(lost + 13, NULL, 10) + strtoull(shards + 13, NULL, 10) + strtoull(reclaimed + 19, NULL, 10);
        totals->has_comment = true;
    }
}

static void add_up(struct hazard_totals *totals, const uint8_t *profile, size_t size) {
    struct bytes all = {profile, profile + size};
    uint64_t texts = 0, mapped = 0;
    for (struct field field; next_field(&all, &field);) {
        if (field.number == 6) {
            mapped = field.inside.end - field.inside.at == 4 && memcmp(field.inside.at, "mmap", 4) == 0 ? texts : mapped;
            texts++;
        }
    }
    all = (struct bytes){profile, profile + size};
    for (struct field field; next_field(&all, &field);) {
        if (field.number == 2 && !is_mapping(field.inside, mapped)) {
            add_sample(totals, field.inside);
        } else if (field.number == 6) { // the strings: what begins as the comment does is the comment
            read_comment(totals, field.inside);
        }
    }
}

bool hazard_profile(struct hazard_totals *totals) {
    memset(totals, 0, sizeof *totals);
    if (!profiler.take) {
        return true;
    }
    struct cmemprof_snapshot *snapshot = profiler.take();
    if (!snapshot) {
        return false;
    }
    uint8_t *bytes = NULL;
    size_t size = 0;
    enum cmemprof_error error = profiler.encode(snapshot, NULL, &bytes, &size);
    profiler.free(snapshot);
    if (error != CMEMPROF_OK) {
        return false;
    }
    add_up(totals, bytes, size);
    free(bytes);
    hazard_did(HAZARD_PROFILES);
    return true;
}

// ---- Profiles meanwhile ----

enum { PAUSE_US = 20000 }; // between two, so that what is tested gets most of the time

static pthread_t profiling;
static _Atomic bool enough;

static void *take_profiles(void *least) {
    for (uintptr_t i = 0; i < (uintptr_t)least || !enough; i++) {
        struct hazard_totals totals;
        CHECK(hazard_profile(&totals), "no profile");
        usleep(PAUSE_US);
    }
    return NULL;
}

void hazard_profiles_begin(unsigned least) {
    enough = false;
    CHECK(pthread_create(&profiling, NULL, take_profiles, (void *)(uintptr_t)least) == 0, "thread");
}

void hazard_profiles_end(void) {
    enough = true;
    pthread_join(profiling, NULL);
}

// ---- Accounts ----

static void check_balance(const struct cmemprof_stats *stats, const struct hazard_totals *totals) {
    if (totals->has_comment) {
        CHECK(totals->samples == totals->emitted + totals->lost, "%llu samples, %llu emitted, %llu lost",
              (unsigned long long)totals->samples, (unsigned long long)totals->emitted, (unsigned long long)totals->lost);
        CHECK(totals->samples == stats->samples, "%llu in the profile, %llu in the figures", (unsigned long long)totals->samples,
              (unsigned long long)stats->samples);
    }
    if (rate == 1) { // every sample stands for one allocation
        // In a child that was forked while other threads added up, the value and the count of a sample may part.
        int64_t differ = totals->alloc_objects - (int64_t)totals->emitted, most = getpid() == first_process ? 0 : 64;
        CHECK(totals->has_comment && differ >= -most && differ <= most, "%lld objects, %llu samples emitted",
              (long long)totals->alloc_objects, (unsigned long long)totals->emitted);
        CHECK((uint64_t)totals->inuse_objects == stats->live, "%lld in use, %llu live samples", (long long)totals->inuse_objects,
              (unsigned long long)stats->live);
        CHECK(stats->samples > 0, "nothing was sampled");
    }
}

static struct cmemprof_stats balance(struct hazard_totals *totals) {
    struct cmemprof_stats before, after;
    hazard_stop();
    hazard_stats(&before);
    CHECK(hazard_profile(totals), "no profile");
    hazard_stats(&after);
    CHECK(before.samples == after.samples, "%llu samples were taken while the profiler was stopped",
          (unsigned long long)(after.samples - before.samples));
    if (profiler.start) {
        check_balance(&before, totals);
    }
    return before;
}

void hazard_balance(void) {
    struct hazard_totals totals;
    balance(&totals);
}

static void tell_events(void) {
    static const char *const names[HAZARD_EVENTS] = {
        [HAZARD_FORKS] = "forks",     [HAZARD_VFORKS] = "vforks",    [HAZARD_CLONES] = "clones",    [HAZARD_SPAWNS] = "spawns",
        [HAZARD_OPENS] = "opens",     [HAZARD_STARTS] = "starts",    [HAZARD_THREADS] = "threads",  [HAZARD_CANCELS] = "cancels",
        [HAZARD_SIGNALS] = "signals", [HAZARD_HOOKS] = "every hook", [HAZARD_PROFILES] = "profiles"};
    for (int i = 0; i < HAZARD_PROFILES; i++) {
        if (events[i] != 0) {
            printf("done: %llu %s\n", (unsigned long long)events[i], names[i]);
        }
    }
}

int hazard_finish(void) {
    struct hazard_totals totals;
    struct cmemprof_stats stats = balance(&totals);
    tell_events();
    if (profiler.start) {
        printf("cmemprof: %llu samples, %llu stacks, %llu live, lost %llu stacks %llu live, %llu nested, cut %llu %llu %llu %llu\n",
               (unsigned long long)stats.samples, (unsigned long long)stats.stacks, (unsigned long long)stats.live,
               (unsigned long long)stats.lost_stacks, (unsigned long long)stats.lost_live, (unsigned long long)stats.unsampled_nested,
               (unsigned long long)stats.cut_no_rule, (unsigned long long)stats.cut_unsupported, (unsigned long long)stats.cut_unreadable,
               (unsigned long long)stats.cut_depth);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

// ---- Work ----

void *hazard_opaque(void *block) {
    __asm__ volatile("" : "+r"(block) : : "memory");
    return block;
}

static void *allocate(unsigned how, size_t size) {
    void *block = NULL;
    switch (how % 16) {
    case 0:
        return calloc(1, size);
    case 1:
        return aligned_alloc(64, (size + 63) & ~(size_t)63);
    case 2:
        return posix_memalign(&block, 1024, size) == 0 ? block : NULL;
    case 3:
        return memalign(256, size);
    case 4:
        return valloc(size);
    case 5:
        return pvalloc(size);
    case 6:
        return reallocarray(NULL, 1, size);
    case 7:
        block = malloc(size);
        CHECK(malloc_usable_size(block) >= size, "usable size");
        return block;
    default:
        return malloc(size);
    }
}

static void check_filled(const unsigned char *block, size_t size, unsigned char value) {
    CHECK(block[0] == value && block[size / 2] == value && block[size - 1] == value, "a block of %zu bytes has lost its contents", size);
}

void hazard_churn(uint64_t seed, unsigned operations) {
    enum { BLOCKS = 24 };
    struct {
        unsigned char *at;
        size_t size;
        unsigned char value;
    } blocks[BLOCKS] = {{0}};
    uint64_t random = seed * 2 + 1;
    for (unsigned i = 0; i < operations + BLOCKS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned at = i < operations ? (unsigned)(random >> 40) % BLOCKS : i - operations;
        size_t size = 1 + (size_t)(random >> 33) % ((random >> 60) == 0 ? 200000 : 600);
        if (blocks[at].at) {
            check_filled(blocks[at].at, blocks[at].size, blocks[at].value);
        }
        if (blocks[at].at && (i >= operations || (random >> 58) % 4 != 0)) {
            free(hazard_opaque(blocks[at].at));
            blocks[at].at = NULL;
        } else if (i < operations) {
            unsigned char *block = blocks[at].at ? realloc(blocks[at].at, size) : allocate((unsigned)(random >> 20), size);
            CHECK(block, "no memory");
            size_t kept = blocks[at].size < size ? blocks[at].size : size;
            if (blocks[at].at) {
                CHECK(block[0] == blocks[at].value && block[kept - 1] == blocks[at].value, "realloc lost what was in the block");
            }
            blocks[at].at = block;
            blocks[at].size = size;
            blocks[at].value = (unsigned char)random;
            memset(block, blocks[at].value, size);
        }
    }
}

bool hazard_wait(const volatile int *flag) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (*flag == 0) {
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - start.tv_sec > 10) {
            return false;
        }
    }
    return true;
}
