// usdt_test.c: the notes of the probes lead readers to them, and a reader sees each sample and its end. One reader is this program itself,
// with a breakpoint where the note says; the other is the kernel's (perf_event_open), where it is permitted. This program is hooked.

#include "../../base/test/test.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/perf_event.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "../profiler.h"
#include "sampling.h"

// ---- The program's file ----

static const unsigned char *file;
static size_t file_bytes;

static const Elf64_Shdr *section(const char *name) {
    const Elf64_Ehdr *elf = (const void *)file;
    const Elf64_Shdr *sections = (const void *)(file + elf->e_shoff);
    const char *names = (const char *)file + sections[elf->e_shstrndx].sh_offset;
    for (size_t i = 0; i < elf->e_shnum; i++) {
        if (strcmp(names + sections[i].sh_name, name) == 0) {
            return &sections[i];
        }
    }
    return NULL;
}

static uint64_t offset_of(uint64_t address) {
    const Elf64_Ehdr *elf = (const void *)file;
    const Elf64_Phdr *segments = (const void *)(file + elf->e_phoff);
    for (size_t i = 0; i < elf->e_phnum; i++) {
        if (segments[i].p_type == PT_LOAD && address - segments[i].p_vaddr < segments[i].p_filesz) {
            return address - segments[i].p_vaddr + segments[i].p_offset;
        }
    }
    return 0;
}

static int main_program(struct dl_phdr_info *info, size_t size, void *bias) {
    (void)size;
    *(uint64_t *)bias = info->dlpi_addr;
    return 1; // it comes first
}

static uint64_t bias(void) {
    uint64_t bias = 0;
    dl_iterate_phdr(main_program, &bias);
    return bias;
}

struct note {
    uint64_t location, base, readers;
    const char *provider, *name, *arguments;
};

// Returns the number of notes with that name.
static size_t find_note(const char *name, struct note *found) {
    const Elf64_Shdr *notes = section(".note.stapsdt");
    assert_non_null(notes);
    size_t count = 0;
    for (const unsigned char *at = file + notes->sh_offset, *end = at + notes->sh_size; at < end;) {
        const Elf64_Nhdr *head = (const void *)at;
        const unsigned char *text = at + sizeof *head + 8;
        assert_int_equal(head->n_type, 3);
        assert_int_equal(head->n_namesz, 8);
        assert_memory_equal(at + sizeof *head, "stapsdt", 8);
        struct note note;
        memcpy(&note, text, 24);
        note.provider = (const char *)text + 24;
        note.name = note.provider + strlen(note.provider) + 1;
        note.arguments = note.name + strlen(note.name) + 1;
        assert_int_equal(head->n_descsz, note.arguments + strlen(note.arguments) + 1 - (const char *)text);
        if (strcmp(note.name, name) == 0) {
            assert_string_equal(note.provider, "otel_memory");
            *found = note;
            count++;
        }
        at = text + (head->n_descsz + 3) / 4 * 4;
    }
    return count;
}

static void assert_note(const char *name, const volatile uint16_t *readers, uintptr_t function, const char *arguments) {
    struct note note;
    assert_int_equal(find_note(name, &note), 1);
    assert_int_equal(note.readers + bias(), (uintptr_t)readers);
    assert_in_range(note.location + bias(), function, function + 16);
    assert_int_equal(note.base, section(".stapsdt.base")->sh_addr);
    assert_string_equal(note.arguments, arguments);
    const Elf64_Shdr *counts = section(".probes");
    assert_non_null(counts);
    assert_int_equal(counts->sh_type, SHT_PROGBITS);
    assert_int_equal(counts->sh_flags, SHF_ALLOC | SHF_WRITE);
    assert_in_range(note.readers, counts->sh_addr, counts->sh_addr + counts->sh_size - 2);
}

TEST(notes_say_where_the_probes_are) {
#if defined(__x86_64__)
    assert_note("alloc", &usdt_alloc_readers, (uintptr_t)usdt_alloc, "8@%rdi 8@%rsi 8@%rdx");
    assert_note("free", &usdt_free_readers, (uintptr_t)usdt_free, "8@%rdi");
#elif defined(__aarch64__)
    assert_note("alloc", &usdt_alloc_readers, (uintptr_t)usdt_alloc, "8@x0 8@x1 8@x2");
    assert_note("free", &usdt_free_readers, (uintptr_t)usdt_free, "8@x0");
#endif
    assert_int_equal(usdt_alloc_readers, 0);
    assert_int_equal(usdt_free_readers, 0);
}

static __attribute__((noinline)) void *here(size_t size) {
    void *block = malloc(size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

// ---- A breakpoint ----

#ifdef __aarch64__
typedef uint32_t code_word;
#define NOP 0xd503201fu
#define BREAK 0xd4200000u // brk #0
#else
typedef unsigned char code_word;
#define NOP 0x90
#define BREAK 0xcc // int3
#endif

enum { MAX_HITS = 100000 };
static struct hit {
    bool is_alloc;
    uint64_t block, size, weighted_bytes;
} hits[MAX_HITS];
static _Atomic size_t hit_count;
static uint64_t alloc_at, free_at;

static void see(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
#ifdef __aarch64__
    uint64_t at = machine->pc, block = machine->regs[0], size = machine->regs[1], weighted_bytes = machine->regs[2];
    machine->pc += sizeof(code_word); // the breakpoint, which takes the nop's place
#else
    const greg_t *registers = machine->gregs;
    uint64_t at = (uint64_t)registers[REG_RIP] - 1; // behind the breakpoint, which takes the nop's place
    uint64_t block = (uint64_t)registers[REG_RDI], size = (uint64_t)registers[REG_RSI], weighted_bytes = (uint64_t)registers[REG_RDX];
#endif
    size_t hit = atomic_fetch_add(&hit_count, 1);
    if ((at == alloc_at || at == free_at) && hit < MAX_HITS) {
        hits[hit] = (struct hit){at == alloc_at, block, size, weighted_bytes};
    } else {
        abort();
    }
}

static void write_code(uint64_t at, code_word was, code_word code) {
    void *page = (void *)(at & ~UINT64_C(4095)); // NOLINT: an address
    assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
    assert_int_equal(*(volatile code_word *)at, was); // NOLINT: an address
    *(volatile code_word *)at = code;                 // NOLINT: an address
    __builtin___clear_cache((char *)at, (char *)at + sizeof code);
    assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
}

static int reader_setup(void **state) {
    struct note alloc, end;
    (void)state;
    struct sigaction action = {.sa_sigaction = see, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    if (find_note("alloc", &alloc) != 1 || find_note("free", &end) != 1) {
        return 1;
    }
    alloc_at = alloc.location + bias();
    free_at = end.location + bias();
    write_code(alloc_at, NOP, BREAK);
    write_code(free_at, NOP, BREAK);
    hit_count = 0;
    return cmemprof_start(1) != CMEMPROF_OK;
}

static int reader_teardown(void **state) {
    (void)state;
    cmemprof_stop();
    usdt_alloc_readers = usdt_free_readers = 0;
    write_code(alloc_at, BREAK, NOP);
    write_code(free_at, BREAK, NOP);
    return 0;
}

TEST_IN(reader, without_a_count_nothing_is_told) {
    free(here(100));
    assert_int_equal(hit_count, 0);
}

TEST_IN(reader, a_reader_of_allocations_alone) {
    usdt_alloc_readers = 1;
    free(here(100));
    usdt_alloc_readers = 0;
    assert_int_equal(hit_count, 1);
    assert_true(hits[0].is_alloc && hits[0].size == 100 && hits[0].weighted_bytes == 100);
}

TEST_IN(reader, a_block_is_told_of_and_its_end) {
    usdt_alloc_readers = usdt_free_readers = 2;
    uint64_t block = (uintptr_t)here(100), moved = (uintptr_t)realloc((void *)block, 1000000); // NOLINT: an address
    free((void *)moved);                                                                       // NOLINT: an address
    usdt_alloc_readers = usdt_free_readers = 0;
    assert_int_equal(hit_count, 4);
    assert_true(hits[0].is_alloc && hits[0].block == block && hits[0].size == 100);
    assert_true(!hits[1].is_alloc && hits[1].block == block);
    assert_true(hits[2].is_alloc && hits[2].block == moved && hits[2].size == 1000000 && hits[2].weighted_bytes == 1000000);
    assert_true(!hits[3].is_alloc && hits[3].block == moved);
}

// It ends and begins anew, with the weight that it had.
static volatile size_t impossible = SIZE_MAX / 2;
TEST_IN(reader, a_block_that_cannot_grow_stays) {
    void *block = here(100);
    uint64_t address = (uintptr_t)block;
    __asm__ volatile("" : "+r"(address)); // the compiler takes the block to be gone
    usdt_alloc_readers = usdt_free_readers = 1;
    void *moved = realloc(block, impossible);
    usdt_alloc_readers = usdt_free_readers = 0;
    size_t count = hit_count;
    assert_null(moved);
    free((void *)address); // NOLINT: an address
    assert_int_equal(count, 2);
    assert_true(!hits[0].is_alloc && hits[0].block == address);
    assert_true(hits[1].is_alloc && hits[1].block == address && hits[1].size == 100 && hits[1].weighted_bytes == 100);
}

TEST_IN(reader, counts_and_weights_are_the_profilers) {
    enum { BLOCKS = 200000 };
    const size_t size = 500;
    const uint64_t interval = 4096;
    assert_int_equal(cmemprof_start(interval), CMEMPROF_OK);
    static void *blocks[1000];
    uint64_t before = 0, samples = 0;
    struct cmemprof_stats stats;
    cmemprof_get_stats(&stats);
    before = stats.samples;
    usdt_alloc_readers = usdt_free_readers = 1;
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i % 1000]);
        blocks[i % 1000] = here(size);
    }
    for (size_t i = 0; i < 1000; i++) {
        free(blocks[i]);
    }
    usdt_alloc_readers = usdt_free_readers = 0;
    cmemprof_get_stats(&stats);
    samples = stats.samples - before;
    uint64_t allocs = 0, frees = 0, bytes = 0;
    for (size_t i = 0; i < hit_count; i++) {
        allocs += hits[i].is_alloc;
        frees += !hits[i].is_alloc;
        bytes += hits[i].is_alloc ? hits[i].weighted_bytes : 0;
        assert_true(!hits[i].is_alloc || hits[i].size == size);
    }
    assert_int_equal(allocs, samples);
    assert_int_equal(frees, samples);
    assert_int_equal(stats.lost_live + stats.lost_stacks + stats.lost_shards, 0);
    double p = -expm1(-((double)size + 1) / (double)interval);
    assert_true(fabs((double)bytes / (double)samples - (double)size / p) < 1);
}

// ---- The kernel's reader ----

// Returns -1 if it is not permitted, or not in this kernel.
static int attach(const struct note *note) {
    int type = -1;
    FILE *kind = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
    if (!kind || fscanf(kind, "%d", &type) != 1) {
        type = -1;
    }
    if (kind) {
        fclose(kind);
    }
    struct perf_event_attr event = {.type = (uint32_t)type,
                                    .size = sizeof event,
                                    .config = offset_of(note->readers) << 32, // the kernel raises the count there
                                    .config1 = (uintptr_t) "/proc/self/exe",
                                    .config2 = offset_of(note->location)};
    return type < 0 ? -1 : (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static uint64_t count_of(int event) {
    uint64_t count = 0;
    assert_int_equal(read(event, &count, sizeof count), sizeof count);
    return count;
}

TEST(the_kernel_reads_them) {
    struct note alloc, end;
    find_note("alloc", &alloc);
    find_note("free", &end);
    int allocs = attach(&alloc), frees = attach(&end);
    if (allocs < 0 || frees < 0) {
        close(allocs);
        close(frees);
        skip();
    }
    assert_int_not_equal(usdt_alloc_readers, 0);
    assert_int_not_equal(usdt_free_readers, 0);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    struct cmemprof_stats before, now;
    cmemprof_get_stats(&before);
    for (int i = 0; i < 5000; i++) {
        free(here(100));
    }
    cmemprof_get_stats(&now);
    cmemprof_stop();
    uint64_t counted = count_of(allocs), ended = count_of(frees);
    close(allocs);
    close(frees);
    assert_int_equal(now.samples - before.samples, 5000);
    assert_int_equal(counted, 5000);
    assert_int_equal(ended, 5000);
    assert_int_equal(usdt_alloc_readers, 0);
    assert_int_equal(usdt_free_readers, 0);
}

int main(void) {
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (program < 0 || fstat(program, &status) != 0) {
        return 1;
    }
    file_bytes = (size_t)status.st_size;
    file = mmap(NULL, file_bytes, PROT_READ, MAP_PRIVATE, program, 0);
    return file == MAP_FAILED ? 1 : tests_run();
}
