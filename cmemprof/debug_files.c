// debug_files.c (naming): see debug_files.h.

#include "debug_files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ID_BYTES = 64, PIECE_BYTES = 256 << 10 };

static void hex_of(const uint8_t *id, size_t size, char *hex) {
    for (size_t i = 0; i < size && i < MAX_ID_BYTES; i++) {
        sprintf(hex + 2 * i, "%02x", id[i]);
    }
}

static bool open_checked(struct elf_file *file, const char *path, const char *build_id, struct symbolizer_arena *memory) {
    if (!elf_file_open(file, path, memory)) {
        return false;
    }
    if (elf_file_build_id_is(file, build_id)) {
        return true;
    }
    elf_file_close(file);
    return false;
}

static bool open_by_id(struct elf_file *file, const uint8_t *id, size_t size, struct symbolizer_arena *memory) {
    char hex[2 * MAX_ID_BYTES + 1] = "", path[sizeof "/usr/lib/debug/.build-id/xx/.debug" + sizeof hex];
    if (size < 2) {
        return false;
    }
    hex_of(id, size, hex);
    snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
    return open_checked(file, path, hex, memory);
}

// ---- .gnu_debuglink ----

// CRC-32 as in gzip (RFC 1952) without the final complement; by nibbles, since it is rarely needed.
static uint32_t add_to_checksum(uint32_t sum, const uint8_t *bytes, size_t size) {
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        sum = sum >> 4 ^ table[sum & 15];
        sum = sum >> 4 ^ table[sum & 15];
    }
    return sum;
}

static bool has_checksum(const struct elf_file *file, uint32_t wanted) {
    uint32_t sum = UINT32_MAX;
    uint8_t *piece = symbolizer_arena_alloc(file->memory, PIECE_BYTES);
    bool read = piece;
    for (size_t at = 0; read && at < file->size; at += PIECE_BYTES) {
        size_t size = file->size - at < PIECE_BYTES ? file->size - at : PIECE_BYTES;
        read = elf_file_read(file, at, piece, size);
        sum = read ? add_to_checksum(sum, piece, size) : sum;
    }
    symbolizer_arena_drop(file->memory, piece, PIECE_BYTES);
    return read && ~sum == wanted;
}

// .gnu_debuglink: a name padded to a multiple of 4, and a checksum. A build ID, if there is one, is a stronger check.
static bool is_linked(const struct elf_file *debug, const struct elf_file *file, uint32_t sum) {
    const uint8_t *id, *other;
    size_t size = elf_file_build_id(file, &id);
    if (size > 0) {
        return elf_file_build_id(debug, &other) == size && memcmp(id, other, size) == 0;
    }
    return has_checksum(debug, sum);
}

static bool try_linked(struct elf_file *debug, const struct elf_file *file, const char *path, uint32_t sum) {
    if (!elf_file_open(debug, path, file->memory)) {
        return false;
    }
    if (is_linked(debug, file, sum)) {
        return true;
    }
    elf_file_close(debug);
    return false;
}

// The path up to its last component; 0 bytes if there is no directory.
static int directory_bytes(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) : 0;
}

static bool open_linked(struct elf_file *debug, const struct elf_file *file, const char *path) {
    Elf64_Shdr header;
    if (!elf_file_section(file, ".gnu_debuglink", &header)) {
        return false;
    }
    struct dwarf_bytes link = elf_file_bytes(file, header.sh_offset, header.sh_size);
    const uint8_t *begin = link.at;
    const char *name = dwarf_text(&link);
    dwarf_skip(&link, (4 - (uint64_t)(link.at - begin) % 4) % 4);
    uint32_t sum = (uint32_t)dwarf_fixed(&link, 4);
    if (link.bad || name[0] == '\0' || strchr(name, '/')) {
        return false;
    }
    static const char *const patterns[] = {"%.*s/%s", "%.*s/.debug/%s", "/usr/lib/debug%.*s/%s"};
    char candidate[PATH_MAX];
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        int size = snprintf(candidate, sizeof candidate, patterns[i], directory_bytes(path), path, name);
        if (size > 0 && (size_t)size < sizeof candidate && strcmp(candidate, path) != 0 && try_linked(debug, file, candidate, sum)) {
            return true;
        }
    }
    return false;
}

bool debug_files_open(struct elf_file *debug, const struct elf_file *file, const char *path) {
    const uint8_t *id;
    size_t size = elf_file_build_id(file, &id);
    return open_by_id(debug, id, size, file->memory) || open_linked(debug, file, path);
}

// ---- .gnu_debugaltlink ----

// .gnu_debugaltlink: a path, possibly relative to the file, and the build ID of its target.
bool debug_files_open_supplementary(struct elf_file *supplementary, const struct elf_file *file, const char *path) {
    Elf64_Shdr header;
    if (!elf_file_section(file, ".gnu_debugaltlink", &header)) {
        return false;
    }
    struct dwarf_bytes link = elf_file_bytes(file, header.sh_offset, header.sh_size);
    const char *name = dwarf_text(&link);
    size_t id_bytes = dwarf_bytes_left(&link);
    char hex[2 * MAX_ID_BYTES + 1] = "", candidate[PATH_MAX];
    if (link.bad || name[0] == '\0' || id_bytes < 2) {
        return false;
    }
    hex_of(link.at, id_bytes, hex);
    int size = name[0] == '/' ? snprintf(candidate, sizeof candidate, "%s", name)
                              : snprintf(candidate, sizeof candidate, "%.*s/%s", directory_bytes(path), path, name);
    return (size > 0 && (size_t)size < sizeof candidate && open_checked(supplementary, candidate, hex, file->memory)) ||
           open_by_id(supplementary, link.at, id_bytes, file->memory);
}
