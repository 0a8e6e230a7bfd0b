// elf_file_test.c: sections, segments and the build ID of files, whole, cut and damaged.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
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

static void sections_by_name(void **state) {
    (void)state;
    struct elf_writer writer = new_file();
    struct elf_file file;
    Elf64_Shdr header;
    assert_true(elf_file_use(&file, writer.bytes, writer.size, NULL));
    assert_true(elf_file_section(&file, ".text", &header));
    struct dwarf_bytes bytes = elf_file_bytes(&file, header.sh_offset, header.sh_size);
    assert_int_equal(dwarf_bytes_left(&bytes), 4);
    assert_memory_equal(bytes.at, "code", 4);
    assert_false(elf_file_section(&file, ".tex", &header));
    assert_false(elf_file_section(&file, ".bss", &header)); // nothing of it is in the file
    assert_false(elf_file_section_at(&file, 100, &header));
    bytes = elf_file_bytes(&file, writer.size - 1, 2);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    bytes = elf_file_bytes(&file, UINT64_MAX, UINT64_MAX);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    free(writer.bytes);
}

static void build_ids(void **state) {
    (void)state;
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

static void the_program_s_own(void **state) {
    (void)state;
    struct modules modules = {0};
    struct naming_memory memory;
    struct elf_file file;
    Elf64_Phdr segment;
    assert_true(modules_refresh(&modules, &(uint32_t){0}));
    naming_memory_open(&memory);
    assert_true(elf_file_open(&file, "/proc/self/exe", &memory));
    assert_true(elf_file_build_id_is(&file, modules_find(&modules, (uintptr_t)the_program_s_own, 0)->build_id));
    assert_true(elf_file_segment_at(&file, 0, &segment));
    assert_false(elf_file_segment_at(&file, 1000, &segment));
    elf_file_close(&file);
    elf_file_close(&file);
    modules_free(&modules);
    naming_memory_close(&memory);
}

static void what_is_no_such_file(void **state) {
    (void)state;
    struct naming_memory memory;
    struct elf_file file;
    char folder[] = "/tmp/cmemprof-elf-file-XXXXXX", pipe[64];
    naming_memory_open(&memory);
    assert_non_null(mkdtemp(folder));
    assert_false(elf_file_open(&file, folder, &memory));
    assert_false(elf_file_open(&file, "/no/such/file", &memory));
    assert_false(elf_file_open(&file, "/dev/zero", &memory));
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_false(elf_file_open(&file, pipe, &memory)); // nobody writes to it
    unlink(pipe);
    rmdir(folder);
    naming_memory_close(&memory);
}

static void use(const uint8_t *bytes, size_t size) {
    uint8_t *exact = malloc(size + (size == 0)); // a sanitizer sees what is read behind it
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
            assert_true(text.at >= exact && text.end <= exact + size);
        }
    }
    free(exact);
}

static void damaged_files(void **state) {
    (void)state;
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_by_name),     cmocka_unit_test(build_ids),     cmocka_unit_test(the_program_s_own),
        cmocka_unit_test(what_is_no_such_file), cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
