// machine_code_files_test.c: instructions of this program: functions by offset, builds, folders, damaged files. objdump is the oracle of
// e2e/page/code_test.go.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../build_file.h"
#include "../capstone.h"
#include "../machine_code_files.h"
#include "../symbol_file.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

// Known to objdump as "lea 0x1(%rdi),%eax; ret" or "add w0, w0, #1; ret", or nearly.
static __attribute__((noinline, used)) unsigned function_of_the_test(unsigned x) {
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

struct reading {
    size_t count;
    uint64_t next;
    char last[64];
};

static bool take(void *state, const struct machine_code_instruction *instruction) {
    struct reading *reading = state;
    assert_true(reading->count == 0 || instruction->offset == reading->next); // without a gap
    reading->next = instruction->offset + instruction->size;
    reading->count++;
    snprintf(reading->last, sizeof reading->last, "%.60s", instruction->text);
    return true;
}

static struct symbol_file own;
static char copy[PATH_MAX], reason[MACHINE_CODE_REASON_BYTES];

// The offset of the function in the file.
static uint64_t own_offset(void) {
    char line[512];
    unsigned long start, limit, offset;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    do {
        assert_non_null(fgets(line, sizeof line, maps));
        assert_int_equal(sscanf(line, "%lx-%lx %*s %lx", &start, &limit, &offset), 3);
    } while ((uintptr_t)function_of_the_test < start || (uintptr_t)function_of_the_test >= limit);
    fclose(maps);
    return (uintptr_t)function_of_the_test - start + offset;
}

static int copy_setup(void **state) {
    if (folder_setup(state) != 0) {
        return -1;
    }
    char *real = realpath(folder, NULL);
    snprintf(copy, sizeof copy, "%.80s/bin/shop", real ? real : "");
    free(real);
    folder_copy_program(copy);
    *reason = '\0';
    return symbol_file_read(copy, &own) ? 0 : -1;
}

static int copy_teardown(void **state) {
    return folder_teardown(state);
}

static void expect_function(const struct machine_code *code, void *opened) {
    struct machine_code_function function;
    struct reading reading = {0};
    uint64_t offset = own_offset();
    assert_non_null(opened);
    assert_true(code->find(opened, offset + 1, &function));
    assert_string_equal(function.name, "function_of_the_test");
    assert_int_equal(function.start, offset);
    assert_true(function.end > function.start && function.end < function.start + 4096);
    assert_true(code->read(opened, function.start, function.end, take, &reading, reason));
    assert_true(reading.count >= 2);
    assert_true(reading.next >= function.end);
    assert_string_equal(reading.last, "ret");
    assert_false(code->find(opened, 0, &function)); // the ELF header
    assert_false(code->find(opened, UINT64_MAX, &function));
    code->close(opened);
}

TEST_IN(copy, a_file_of_the_build) {
    assert_true(capstone_load()); // installed by make deps-test
    assert_true(*own.build_id);
    char in[PATH_MAX];
    snprintf(in, sizeof in, "%.*s", (int)(strrchr(copy, '/') - copy), copy);
    const char *directory = in;
    const struct receiver_source here = {NULL, in}, mapped = {"/app", in};
    const struct machine_code_files by_symbols = {.directories = &directory, .directory_count = 1}, by_folder = {.binaries = {&here, 1}},
                                    by_mapping = {.binaries = {&mapped, 1}}, by_path = {.own_paths = true};
    struct machine_code code = machine_code_files_begin(&by_symbols);
    expect_function(&code, code.open(code.context, "/gone/shop", own.build_id, reason));
    code = machine_code_files_begin(&by_folder);
    expect_function(&code, code.open(code.context, copy, own.build_id, reason));
    code = machine_code_files_begin(&by_mapping);
    expect_function(&code, code.open(code.context, "/app/shop", own.build_id, reason));
    code = machine_code_files_begin(&by_path);
    expect_function(&code, code.open(code.context, copy, own.build_id, reason));
}

TEST_IN(copy, nothing_else) {
    const struct receiver_source mapped = {"/app", folder};
    const struct machine_code_files files = {.binaries = {&mapped, 1}};
    struct machine_code code = machine_code_files_begin(&files);
    assert_null(code.open(code.context, "/app/bin/shop", "00ff", reason));
    assert_non_null(strstr(reason, "is another build here: "));
    assert_null(code.open(code.context, "/app/bin/shop", "", reason));
    assert_non_null(strstr(reason, "no build ID"));
    assert_null(code.open(code.context, "/app/none", own.build_id, reason));
    assert_non_null(strstr(reason, "No folder of --binary-path"));
    assert_null(code.open(code.context, copy, own.build_id, reason)); // it is of no such folder of profiles
    assert_null(code.open(code.context, "/app/../../../../../../proc/self/exe", own.build_id, reason));
    assert_null(code.open(code.context, "/app/bin", own.build_id, reason));
    assert_null(code.open(code.context, "", own.build_id, reason));
}

// A build ID is a stranger's text, of which names of files are made: none is even looked at if it is no number.
TEST_IN(copy, build_ids_lead_nowhere_else) {
    static const char *const others[] = {"..", "../shop", "..//../proc/self/exe", "/", "ab/../../x", "AB12", "%s", ""};
    char in[PATH_MAX], path[PATH_MAX];
    snprintf(in, sizeof in, "%.*s", (int)(strrchr(copy, '/') - copy), copy);
    assert_true(build_file_find(in, own.build_id, true, path));
    assert_string_equal(path, copy);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        strcpy(path, "untouched");
        assert_false(build_file_find(in, others[i], false, path));
        assert_string_equal(path, "untouched");
    }
}

// The function's instructions beyond those that have a text.
#if defined __x86_64__
__asm__(".pushsection .text\n.globl long_function\n.type long_function, %function\nlong_function:\n.fill 30000, 1, 0x90\n\tret\n"
        ".size long_function, .-long_function\n.popsection\n");
#else
__asm__(".pushsection .text\n.globl long_function\n.type long_function, %function\nlong_function:\n.fill 30000, 4, 0xd503201f\n\tret\n"
        ".size long_function, .-long_function\n.popsection\n");
#endif
void long_function(void);

static bool count_texts(void *state, const struct machine_code_instruction *instruction) {
    size_t *counts = state;
    assert_true(instruction->text || counts[0] == MACHINE_CODE_MAX_TEXTS);
    counts[!instruction->text]++;
    return true;
}

TEST_IN(copy, long_functions) {
    const struct machine_code_files files = {.own_paths = true};
    struct machine_code code = machine_code_files_begin(&files);
    struct machine_code_function function;
    size_t counts[2] = {0};
    void *opened = code.open(code.context, copy, own.build_id, reason);
    uint64_t offset = own_offset() + ((uintptr_t)long_function - (uintptr_t)function_of_the_test);
    assert_true(opened && code.find(opened, offset + 7, &function));
    assert_string_equal(function.name, "long_function");
    assert_true(code.read(opened, function.start, function.end, count_texts, counts, reason));
    assert_int_equal(counts[0], MACHINE_CODE_MAX_TEXTS);
    assert_int_equal(counts[1], 30001 - MACHINE_CODE_MAX_TEXTS);
    code.close(opened);
}

// Whatever its headers, tables and code say.
TEST_IN(copy, damaged_files) {
    enum { ROUNDS = 400, HEAD = 4096 };
    const struct machine_code_files files = {.own_paths = true};
    struct machine_code code = machine_code_files_begin(&files);
    uint8_t bytes[HEAD], tail[HEAD];
    int file = open(copy, O_RDWR | O_CLOEXEC);
    off_t size = lseek(file, 0, SEEK_END), sections = size - HEAD;
    assert_true(file >= 0 && sections > HEAD);
    assert_int_equal(pread(file, bytes, sizeof bytes, 0), HEAD);
    assert_int_equal(pread(file, tail, sizeof tail, sections), HEAD); // section headers stand at the end
    uint64_t offset = own_offset();
    size_t opened_count = 0;
    srandom(1);
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t damaged[HEAD];
        memcpy(damaged, i % 2 ? tail : bytes, HEAD);
        for (int k = 0; k < 3; k++) {
            damaged[i % 2 ? random() % HEAD : EI_NIDENT + random() % 600] = (uint8_t)random();
        }
        assert_int_equal(pwrite(file, damaged, HEAD, i % 2 ? sections : 0), HEAD);
        void *opened = code.open(code.context, copy, own.build_id, reason);
        struct machine_code_function function;
        struct reading reading = {0};
        opened_count += !!opened;
        if (opened && code.find(opened, offset, &function)) {
            assert_true(function.end > function.start);
            code.read(opened, function.start, function.end, take, &reading, reason);
        }
        if (opened) {
            code.close(opened);
        }
        assert_int_equal(pwrite(file, bytes, HEAD, 0), HEAD);
        assert_int_equal(pwrite(file, tail, HEAD, sections), HEAD);
    }
    assert_true(opened_count > ROUNDS / 4);
    close(file);
}

// Any bytes, on both machines: each is part of one instruction.
TEST(any_code) {
    assert_true(capstone_load());
    static const unsigned machines[] = {EM_X86_64, EM_AARCH64};
    struct capstone_reader reader;
    assert_false(capstone_open(&reader, EM_RISCV));
    uint8_t bytes[4096];
    srandom(2);
    for (size_t m = 0; m < 2; m++) {
        assert_true(capstone_open(&reader, machines[m]));
        for (int round = 0; round < 20; round++) {
            for (size_t i = 0; i < sizeof bytes; i++) {
                bytes[i] = (uint8_t)random();
            }
            for (size_t at = 0; at < sizeof bytes;) {
                struct capstone_text text = capstone_next(&reader, bytes + at, sizeof bytes - at, 0x1000 + at);
                assert_true(text.size > 0 && text.size <= sizeof bytes - at);
                assert_true(*text.mnemonic && strlen(text.mnemonic) < 32 && strlen(text.operands) < 160);
                at += text.size;
            }
        }
        capstone_close(&reader);
    }
}

int main(void) {
    return tests_run();
}
