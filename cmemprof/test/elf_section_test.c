// elf_section_test.c: plain sections and both kinds of compression, read whole and by unit; damage and decompression bombs.

#include "../../base/test/test.h"

#include "../elf_section.h"
#include "../inflate.h"
#include "elf_writer.h"

#ifndef ELFCOMPRESS_ZSTD // missing in older libcs
#define ELFCOMPRESS_ZSTD 2
#endif

enum { UNITS = 3000, UNIT_BYTES = 1004, BYTES = UNITS * UNIT_BYTES, BLOCK_BYTES = 20000 };

static uint8_t content[BYTES];
static struct symbolizer_arena memory;

static void fill(void) {
    uint32_t random = 1;
    for (uint32_t unit = 0; unit < UNITS; unit++) {
        uint8_t *at = content + unit * UNIT_BYTES;
        memcpy(at, &(uint32_t){UNIT_BYTES - 4}, 4);
        memcpy(at + 4, &unit, 4);
        for (int i = 8; i < UNIT_BYTES; i++) {
            random = random * 1664525 + 1013904223;
            at[i] = (uint8_t)(random >> 24);
        }
    }
}

// A zlib stream of stored blocks; inflate_test.c covers the others.
static uint8_t *compress(size_t *size, uint32_t sum_change) {
    uint8_t *stream = malloc(BYTES + BYTES / BLOCK_BYTES * 5 + 64), *at = stream;
    *at++ = 0x78;
    *at++ = 0x01;
    for (size_t from = 0; from < BYTES; from += BLOCK_BYTES) {
        uint16_t part = (uint16_t)(BYTES - from < BLOCK_BYTES ? BYTES - from : BLOCK_BYTES), inverted = (uint16_t)~part;
        *at++ = from + BLOCK_BYTES >= BYTES;
        memcpy(at, &part, 2);
        memcpy(at + 2, &inverted, 2);
        memcpy(at + 4, content + from, part);
        at += 4 + part;
    }
    uint32_t sum = inflate_adler(1, content, BYTES) + sum_change;
    for (int shift = 24; shift >= 0; shift -= 8) {
        *at++ = (uint8_t)(sum >> shift);
    }
    *size = (size_t)(at - stream);
    return stream;
}

// kind: 0 plain, 1 SHF_COMPRESSED, 2 .zdebug_.
static struct elf_writer write_file(int kind, uint64_t claimed, uint32_t sum_change) {
    struct elf_writer writer = elf_writer_new();
    if (kind == 0) {
        elf_writer_add(&writer, ".debug_info", SHT_PROGBITS, content, BYTES);
    } else {
        size_t size, head = kind == 1 ? sizeof(Elf64_Chdr) : 12;
        uint8_t *stream = compress(&size, sum_change), *all = calloc(1, head + size);
        if (kind == 1) {
            memcpy(all, &(Elf64_Chdr){.ch_type = ELFCOMPRESS_ZLIB, .ch_size = claimed}, head);
        } else {
            uint64_t big_endian = __builtin_bswap64(claimed);
            memcpy(all, "ZLIB", 4);
            memcpy(all + 4, &big_endian, 8);
        }
        memcpy(all + head, stream, size);
        elf_writer_add(&writer, kind == 1 ? ".debug_info" : ".zdebug_info", SHT_PROGBITS, all, head + size);
        writer.headers[writer.count - 1].sh_flags = kind == 1 ? SHF_COMPRESSED : 0;
        free(stream);
        free(all);
    }
    elf_writer_finish(&writer);
    return writer;
}

static struct elf_section open_section(const struct elf_writer *writer) {
    static struct elf_file file;
    symbolizer_arena_close(&memory);
    symbolizer_arena_open(&memory);
    assert_true(elf_file_use(&file, writer->bytes, writer->size, &memory));
    return elf_section_open(&file, ".debug_info");
}

TEST(whole_sections) {
    for (int kind = 0; kind < 3; kind++) {
        struct elf_writer writer = write_file(kind, BYTES, 0);
        struct elf_section section = open_section(&writer);
        struct dwarf_bytes all = elf_section_all(&section);
        assert_int_equal(dwarf_bytes_left(&all), BYTES);
        assert_memory_equal(all.at, content, BYTES);
        assert_ptr_equal(elf_section_all(&section).at, all.at);
        free(writer.bytes);
    }
}

static void check_unit(struct elf_section *section, size_t unit) {
    struct dwarf_bytes bytes = elf_section_unit(section, unit * UNIT_BYTES);
    assert_int_equal(dwarf_bytes_left(&bytes), UNIT_BYTES);
    assert_memory_equal(bytes.at, content + unit * UNIT_BYTES, UNIT_BYTES);
}

static void check_head(struct elf_section *section, size_t unit) {
    uint8_t to[2 * UNIT_BYTES];
    assert_int_equal(elf_section_unit_size(section, unit * UNIT_BYTES), UNIT_BYTES);
    for (size_t size = 1; size < sizeof to; size += 7) {
        struct dwarf_bytes head = elf_section_unit_head(section, unit * UNIT_BYTES, to, size);
        assert_int_equal(dwarf_bytes_left(&head), size < UNIT_BYTES ? size : UNIT_BYTES);
        assert_memory_equal(head.at, content + unit * UNIT_BYTES, dwarf_bytes_left(&head));
    }
}

TEST(units_of_sections) {
    for (int kind = 0; kind < 3; kind++) {
        struct elf_writer writer = write_file(kind, BYTES, 0);
        struct elf_section section = open_section(&writer);
        for (size_t unit = 3; unit < UNITS; unit += 77) {
            check_unit(&section, unit);
            check_unit(&section, UNITS - 1 - unit);
        }
        check_unit(&section, 0);
        check_unit(&section, UNITS - 1);
        check_head(&section, UNITS - 1);
        static const uint64_t no_units[] = {UINT64_MAX, BYTES,
                                            (UNITS - 1) * UNIT_BYTES + 2}; // the last one is longer than the rest of the section
        for (size_t i = 0; i < sizeof no_units / sizeof *no_units; i++) {
            uint8_t to[64];
            struct dwarf_bytes none = elf_section_unit(&section, no_units[i]),
                               head = elf_section_unit_head(&section, no_units[i], to, sizeof to);
            assert_int_equal(dwarf_bytes_left(&none), 0);
            assert_int_equal(dwarf_bytes_left(&head), 0);
            assert_int_equal(elf_section_unit_size(&section, no_units[i]), 0);
        }
        free(writer.bytes);
    }
}

TEST(parts_of_sections) {
    for (int kind = 0; kind < 3; kind++) {
        struct elf_writer writer = write_file(kind, BYTES, 0);
        struct elf_section section = open_section(&writer), part = elf_section_part(&section, 5 * UNIT_BYTES, 3 * UNIT_BYTES);
        struct dwarf_bytes second = elf_section_unit(&part, UNIT_BYTES), none = elf_section_unit(&part, 3 * UNIT_BYTES - 8);
        assert_int_equal(dwarf_bytes_left(&second), UNIT_BYTES);
        assert_memory_equal(second.at, content + 6 * UNIT_BYTES, UNIT_BYTES);
        assert_int_equal(dwarf_bytes_left(&none), 0); // out of the part's range
        struct dwarf_bytes all = elf_section_all(&part);
        assert_int_equal(dwarf_bytes_left(&all), 3 * UNIT_BYTES);
        assert_memory_equal(all.at, content + 5 * UNIT_BYTES, 3 * UNIT_BYTES);
        part = elf_section_part(&section, BYTES - 8, 8);
        all = elf_section_all(&part);
        assert_int_equal(dwarf_bytes_left(&all), 8);
        assert_memory_equal(all.at, content + BYTES - 8, 8);
        const uint64_t beyond[][2] = {{BYTES - 8, 9}, {BYTES + 1, 0}, {UINT64_MAX, 2}, {8, UINT64_MAX}};
        for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
            part = elf_section_part(&section, beyond[i][0], beyond[i][1]);
            all = elf_section_all(&part);
            assert_int_equal(dwarf_bytes_left(&all), 0);
        }
        free(writer.bytes);
    }
}

// After the first one a unit costs a fraction of the section, and little memory.
TEST(later_units_are_cheap) {
    struct elf_writer writer = write_file(1, BYTES, 0);
    struct elf_section section = open_section(&writer);
    check_unit(&section, UNITS / 2);
    assert_int_equal(section.inflated_bytes, BYTES);
    check_unit(&section, UNITS - 10);
    assert_in_range(section.inflated_bytes, BYTES, BYTES + BYTES / 4);
    assert_in_range(memory.used_bytes, 0, 1 << 20);
    free(writer.bytes);
}

// The points outlive the file, and are used only for the same section.
TEST(points_are_kept) {
    struct elf_writer writer = write_file(1, BYTES, 0), other = write_file(1, BYTES, 1);
    struct elf_section section = open_section(&writer);
    assert_null(elf_section_keep_points(&section, SIZE_MAX)); // nothing was read
    check_unit(&section, UNITS / 2);
    assert_null(elf_section_keep_points(&section, 32 << 10));
    struct elf_section_points *kept = elf_section_keep_points(&section, SIZE_MAX);
    assert_in_range(elf_section_points_bytes(kept), 4 * (32 << 10), 1 << 20);

    section = open_section(&writer);
    elf_section_give_points(&section, kept);
    check_unit(&section, UNITS - 10);
    check_unit(&section, 5);
    assert_in_range(section.inflated_bytes, 1, BYTES / 2);
    struct elf_section_points *again = elf_section_keep_points(&section, SIZE_MAX);
    assert_int_equal(elf_section_points_bytes(again), elf_section_points_bytes(kept));
    elf_section_free_points(again);

    section = open_section(&other); // another checksum
    elf_section_give_points(&section, kept);
    assert_null(section.points);
    section = open_section(&writer);
    memory.limit_bytes = 0;
    elf_section_give_points(&section, kept);
    assert_null(section.points);
    elf_section_free_points(kept);
    elf_section_free_points(NULL);
    assert_int_equal(elf_section_points_bytes(NULL), 0);
    free(writer.bytes);
    free(other.bytes);
}

static void check_nothing(struct elf_writer writer) {
    struct elf_section section = open_section(&writer);
    struct dwarf_bytes bytes = elf_section_all(&section);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    section = open_section(&writer);
    bytes = elf_section_unit(&section, UNIT_BYTES);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    free(writer.bytes);
}

TEST(damage_and_bombs) {
    check_nothing(write_file(1, BYTES, 1)); // wrong checksum
    check_nothing(write_file(2, BYTES, 1));
    check_nothing(write_file(1, BYTES - 1, 0)); // more than declared
    check_nothing(write_file(1, BYTES + 1, 0)); // less
    check_nothing(write_file(1, UINT64_MAX, 0));
    check_nothing(write_file(2, (uint64_t)1 << 40, 0));
    struct elf_writer writer = write_file(1, BYTES, 0);
    writer.bytes[sizeof(Elf64_Ehdr)] = ELFCOMPRESS_ZSTD; // ch_type
    check_nothing(writer);
    writer = write_file(1, BYTES, 0);
    writer.bytes[sizeof(Elf64_Ehdr) + sizeof(Elf64_Chdr) + 2 + 1] ^= 1; // length of the first block
    check_nothing(writer);
}

TEST(fails_without_memory) {
    struct elf_writer writer = write_file(1, BYTES, 0);
    struct elf_section section = open_section(&writer);
    memory.limit_bytes = 0;
    struct dwarf_bytes bytes = elf_section_unit(&section, 0);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    bytes = elf_section_all(&section);
    assert_int_equal(dwarf_bytes_left(&bytes), 0);
    free(writer.bytes);
}

int main(void) {
    fill();
    return tests_run();
}
