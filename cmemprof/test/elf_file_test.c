// elf_file_test.c: sections, segments and build IDs of complete, truncated and damaged files.

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../elf_file.h"
#include "../modules.h"
#include "elf_writer.h"

static struct elf_writer new_file(void) {
    static const uint8_t note[] = {4, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xab, 0xcd, 0x0e, 0};
    struct elf_writer writer = elf_writer_new();
    elf_writer_add(&writer, ".note.gnu.build-id", SHT_NOTE, note, sizeof note);
    elf_writer_add(&writer, ".text", SHT_PROGBITS, "code", 4);
    elf_writer_add(&writer, ".bss", SHT_NOBITS, "none", 4);
    elf_writer_finish(&writer);
    return writer;
}

TEST(sections_by_name) {
    struct elf_writer writer = new_file();
    struct elf_file file;
    Elf64_Shdr header;
    assert_true(elf_file_use(&file, writer.bytes, writer.size, NULL));
    assert_true(elf_file_section(&file, ".text", &header));
    struct dwarf_bytes bytes = elf_file_bytes(&file, header.sh_offset, header.sh_size);
    assert_int_equal(dwarf_bytes_left(&bytes), 4);
    assert_memory_equal(bytes.at, "code", 4);
    assert_false(elf_file_section(&file, ".tex", &header));
    assert_false(elf_file_section(&file, ".bss", &header)); // it has no bytes in the file
    assert_false(elf_file_section_at(&file, 100, &header));
    bytes = elf_file_bytes(&file, writer.size - 1, 2);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    bytes = elf_file_bytes(&file, UINT64_MAX, UINT64_MAX);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    free(writer.bytes);
}

TEST(build_ids) {
    struct elf_writer writer = new_file();
    struct elf_file file;
    const uint8_t *id;
    assert_true(elf_file_use(&file, writer.bytes, writer.size, NULL));
    assert_int_equal(elf_file_build_id(&file, &id), 3);
    assert_true(elf_file_build_id_is(&file, "abcd0e"));
    assert_false(elf_file_build_id_is(&file, "abcd0f"));
    assert_false(elf_file_build_id_is(&file, "abcd"));
    assert_false(elf_file_build_id_is(&file, ""));
    free(writer.bytes);
    writer = elf_writer_new();
    elf_writer_finish(&writer);
    assert_true(elf_file_use(&file, writer.bytes, writer.size, NULL));
    assert_true(elf_file_build_id_is(&file, ""));
    assert_false(elf_file_build_id_is(&file, "ab"));
    free(writer.bytes);
}

TEST(own_file) {
    struct modules modules = {0};
    struct symbolizer_arena memory;
    struct elf_file file;
    Elf64_Phdr segment;
    assert_true(modules_refresh(&modules, &(uint32_t){0}));
    symbolizer_arena_open(&memory);
    assert_true(elf_file_open(&file, "/proc/self/exe", &memory));
    assert_true(elf_file_build_id_is(&file, modules_find(&modules, (uintptr_t)test_own_file, 0)->build_id));
    assert_true(elf_file_segment_at(&file, 0, &segment));
    assert_false(elf_file_segment_at(&file, 1000, &segment));
    elf_file_close(&file);
    elf_file_close(&file);
    modules_free(&modules);
    symbolizer_arena_close(&memory);
}

TEST_IN(folder, rejects_other_files) {
    struct symbolizer_arena memory;
    struct elf_file file;
    char pipe[80];
    symbolizer_arena_open(&memory);
    assert_false(elf_file_open(&file, folder, &memory));
    assert_false(elf_file_open(&file, "/no/such/file", &memory));
    assert_false(elf_file_open(&file, "/dev/zero", &memory));
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_false(elf_file_open(&file, pipe, &memory)); // a pipe without a writer
    symbolizer_arena_close(&memory);
}

static char path_of_one[] = "/tmp/cmemprof-elf-file-XXXXXX";

static void write_one(int descriptor) {
    struct elf_writer writer = new_file();
    assert_int_equal(pwrite(descriptor, writer.bytes, writer.size, 0), writer.size);
    free(writer.bytes);
}

static void open_one(struct elf_file *file, struct symbolizer_arena *memory, int *descriptor) {
    strcpy(path_of_one + strlen(path_of_one) - 6, "XXXXXX");
    symbolizer_arena_open(memory);
    *descriptor = mkstemp(path_of_one);
    assert_true(*descriptor >= 0);
    write_one(*descriptor);
    assert_true(elf_file_open(file, path_of_one, memory));
}

static size_t bytes_of_text(const struct elf_file *file) {
    Elf64_Shdr header;
    assert_true(elf_file_section(file, ".text", &header)); // its header was already read
    struct dwarf_bytes bytes = elf_file_bytes(file, header.sh_offset, header.sh_size);
    return dwarf_bytes_left(&bytes);
}

static void close_one(struct elf_file *file, struct symbolizer_arena *memory, int descriptor) {
    elf_file_close(file);
    symbolizer_arena_close(memory);
    close(descriptor);
    unlink(path_of_one);
}

TEST(truncated_after_open) {
    struct elf_file file;
    struct symbolizer_arena memory;
    int descriptor;
    uint8_t byte;
    open_one(&file, &memory, &descriptor);
    assert_int_equal(bytes_of_text(&file), 4);
    assert_int_equal(ftruncate(descriptor, 0), 0);
    assert_int_equal(bytes_of_text(&file), 0);
    assert_false(elf_file_read(&file, 0, &byte, 1));
    assert_true(elf_file_build_id_is(&file, "abcd0e")); // what was read is kept
    close_one(&file, &memory, descriptor);
}

// With the same length.
TEST(rewritten_after_open) {
    struct elf_file file;
    struct symbolizer_arena memory;
    int descriptor;
    open_one(&file, &memory, &descriptor);
    write_one(descriptor);
    assert_int_equal(futimens(descriptor, (struct timespec[2]){{1, 0}, {1, 0}}), 0); // file timestamps may be coarse
    assert_int_equal(bytes_of_text(&file), 0);
    close_one(&file, &memory, descriptor);
}

TEST(replaced_after_open) {
    struct elf_file file;
    struct symbolizer_arena memory;
    struct stat status;
    int descriptor;
    char other[sizeof path_of_one + 8];
    open_one(&file, &memory, &descriptor);
    snprintf(other, sizeof other, "%s.other", path_of_one);
    int replacing = open(other, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(replacing >= 0);
    write_one(replacing);
    assert_int_equal(fstat(descriptor, &status), 0);
    assert_int_equal(futimens(replacing, (struct timespec[2]){status.st_atim, status.st_mtim}), 0);
    assert_int_equal(rename(other, path_of_one), 0);
    assert_int_equal(bytes_of_text(&file), 0);
    close(replacing);
    close_one(&file, &memory, descriptor);
    assert_false(elf_file_open(&file, path_of_one, &memory));
}

// The program may close all descriptors and reuse their numbers.
TEST(no_descriptor_is_kept) {
    struct elf_file file;
    struct symbolizer_arena memory;
    int descriptor, before = dup(2), next = dup(2), after;
    assert_true(next > before && before > 2);
    close(before);
    close(next);
    open_one(&file, &memory, &descriptor);
    assert_int_equal(descriptor, before);
    assert_int_equal(bytes_of_text(&file), 4);
    after = dup(descriptor);
    assert_int_equal(after, next); // the lowest free one
    close(after);
    close_one(&file, &memory, descriptor);
}

static void use(const uint8_t *bytes, size_t size) {
    uint8_t *exact = malloc(size + (size == 0)); // exact size, so that a sanitizer sees reads past it
    struct elf_file file;
    const uint8_t *id;
    Elf64_Phdr segment;
    Elf64_Shdr header;
    memcpy(exact, bytes, size);
    if (elf_file_use(&file, exact, size, NULL)) {
        elf_file_build_id(&file, &id);
        elf_file_segment_at(&file, 0, &segment);
        if (elf_file_section(&file, ".text", &header)) {
            struct dwarf_bytes text = elf_file_bytes(&file, header.sh_offset, header.sh_size);
            assert_true(text.at == text.end || (text.at >= exact && text.end <= exact + size));
        }
    }
    free(exact);
}

TEST(damaged_files) {
    struct elf_writer writer = new_file();
    for (size_t size = 0; size < writer.size; size++) {
        use(writer.bytes, size);
    }
    for (size_t at = 0; at < writer.size; at++) {
        uint8_t before = writer.bytes[at];
        for (unsigned value = 0; value < 256; value += 15) {
            writer.bytes[at] = (uint8_t)value;
            use(writer.bytes, writer.size);
        }
        writer.bytes[at] = before;
    }
    free(writer.bytes);
}

int main(void) {
    return tests_run();
}
