// cfi.c (unwind): finds the entry (FDE) that covers an address; cfi_program.h computes its row.

#include "cfi.h"

#include <link.h>

#include "cfi_bytes.h"
#include "cfi_program.h"
#include "code_loader.h"
#include "code_objects.h"

static bool find_in_own_table(uintptr_t address, struct cfi_object *object) {
    struct code_object found;
    if (!code_objects_find(address, &found) || found.eh_frame_hdr == 0) {
        return false;
    }
    object->low = (const uint8_t *)found.rules;
    object->high = (const uint8_t *)found.rules_end;
    object->eh_frame_hdr = (const uint8_t *)found.eh_frame_hdr;
    return true;
}

// Between an object's segments there may be inaccessible pages, which a damaged table could lead to. So a table is followed only within its
// own segment. The object must begin with the ELF header and its program headers; otherwise nothing is known.
static void narrow_to_segment(struct cfi_object *object) {
    const uint8_t *low = object->low;
    const ElfW(Ehdr) *elf = (const ElfW(Ehdr) *)low;
    enum { FIRST_PAGE = 4096 };
    if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_phentsize != sizeof(ElfW(Phdr)) || elf->e_phoff > FIRST_PAGE ||
        elf->e_phoff + (size_t)elf->e_phnum * sizeof(ElfW(Phdr)) > FIRST_PAGE) {
        return;
    }
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(low + elf->e_phoff);
    uintptr_t bias = 0, hdr = (uintptr_t)object->eh_frame_hdr;
    bool first = true;
    for (int i = 0; i < elf->e_phnum; i++) {
        if (segments[i].p_type != PT_LOAD) {
            continue;
        }
        if (first) { // the segment that contains the header
            bias = (uintptr_t)low - (segments[i].p_vaddr & ~(uintptr_t)(FIRST_PAGE - 1));
            first = false;
        }
        uintptr_t start = bias + segments[i].p_vaddr;
        if (hdr >= start && hdr - start < segments[i].p_filesz) {
            object->low = (const uint8_t *)start;
            object->high = (const uint8_t *)start + segments[i].p_filesz;
            return;
        }
    }
}

bool cfi_object_at(uintptr_t address, struct cfi_object *object) {
    struct code_loader_found found = {0};
    if (code_objects_in_use()) {
        return find_in_own_table(address, object);
    }
    if (!code_loader_find(address, &found) || found.eh_frame_hdr == 0) {
        return false;
    }
    // If there are gaps between the program's segments, this is only the segment of the address, so the table's own one is looked up.
    uintptr_t hdr = found.eh_frame_hdr;
    bool elsewhere = hdr < found.start || hdr >= found.end;
    if (elsewhere && (!code_loader_find(hdr, &found) || found.eh_frame_hdr != hdr)) {
        return false;
    }
    object->low = (const uint8_t *)found.start;
    object->high = (const uint8_t *)found.end;
    object->eh_frame_hdr = (const uint8_t *)hdr;
    narrow_to_segment(object);
    return true;
}

static int32_t table_word(const uint8_t *at) {
    int32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

// .eh_frame_hdr: version, three encodings, pointer to .eh_frame, count, then sorted pairs (first address, FDE) as 32-bit offsets from the
// start of .eh_frame_hdr. All linkers write this form; other table encodings are not supported.
static const uint8_t *find_fde(const struct cfi_object *object, uintptr_t address) {
    const uint8_t *hdr = object->eh_frame_hdr;
    if (hdr < object->low || hdr >= object->high) {
        return NULL;
    }
    struct cfi_bytes bytes = cfi_bytes_of(hdr, object->high);
    uint64_t version = cfi_fixed(&bytes, 1);
    uint8_t frame_encoding = (uint8_t)cfi_fixed(&bytes, 1), count_encoding = (uint8_t)cfi_fixed(&bytes, 1);
    uint8_t table_encoding = (uint8_t)cfi_fixed(&bytes, 1);
    if (bytes.bad || version != 1 || frame_encoding == CFI_PE_OMIT || table_encoding != (CFI_PE_DATAREL | CFI_PE_SDATA4)) {
        return NULL;
    }
    cfi_encoded(&bytes, frame_encoding);
    uint64_t count = cfi_encoded(&bytes, count_encoding);
    if (bytes.bad || count == 0 || count > cfi_bytes_left(&bytes) / 8) {
        return NULL;
    }
    const uint8_t *table = bytes.at;
    intptr_t wanted = (intptr_t)(address - (uintptr_t)hdr);
    uint64_t low = 0, high = count; // invariant: the last pair at or below the address is in [low, high)
    if (wanted < table_word(table)) {
        return NULL;
    }
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (table_word(table + middle * 8) <= wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    uintptr_t fde = (uintptr_t)hdr + (uintptr_t)(intptr_t)table_word(table + low * 8 + 4);
    return fde >= (uintptr_t)object->low && fde < (uintptr_t)object->high ? (const uint8_t *)fde : NULL;
}

// Reads the initial length of a CIE or FDE and ends bytes there.
static void enter_entry(struct cfi_bytes *bytes) {
    uint64_t length = cfi_fixed(bytes, 4);
    if (length == 0xffffffff) {
        length = cfi_fixed(bytes, 8);
    }
    if (length == 0 || length > cfi_bytes_left(bytes)) {
        bytes->bad = true;
        return;
    }
    bytes->end = bytes->at + length;
}

struct cie {
    struct cfi_alignment alignment;
    uint8_t pointer_encoding;
    bool has_augmentation_data, signal_frame;
    struct cfi_bytes program;
};

static bool read_augmentation(const char *letters, struct cfi_bytes data, struct cie *cie) {
    for (; *letters != '\0'; letters++) {
        switch (*letters) {
        case 'R':
            cie->pointer_encoding = (uint8_t)cfi_fixed(&data, 1);
            break;
        case 'P': // personality: its encoding, then a pointer
            cfi_encoded(&data, (uint8_t)cfi_fixed(&data, 1));
            break;
        case 'L': // encoding of the language-specific data
            cfi_skip(&data, 1);
            break;
        case 'S':
            cie->signal_frame = true;
            break;
        default: // 'B' (arm64: which key signs return addresses) and any other: the length of the data is known, so it can be skipped
            return !data.bad;
        }
    }
    return !data.bad;
}

static bool read_cie(const struct cfi_object *object, const uint8_t *at, struct cie *cie) {
    struct cfi_bytes bytes = cfi_bytes_of(at, object->high);
    enter_entry(&bytes);
    uint64_t id = cfi_fixed(&bytes, 4), version = cfi_fixed(&bytes, 1);
    if (bytes.bad || id != 0 || (version != 1 && version != 3)) {
        return false;
    }
    const uint8_t *letters = bytes.at, *end = memchr(letters, '\0', cfi_bytes_left(&bytes));
    if (!end) {
        return false;
    }
    bytes.at = end + 1;
    cie->alignment.code = cfi_uleb(&bytes);
    cie->alignment.data = cfi_sleb(&bytes);
    uint64_t return_register = version == 1 ? cfi_fixed(&bytes, 1) : cfi_uleb(&bytes);
    cie->pointer_encoding = CFI_PE_ABSPTR;
    cie->signal_frame = false;
    cie->has_augmentation_data = letters[0] == 'z';
    if (cie->has_augmentation_data) {
        uint64_t size = cfi_uleb(&bytes);
        struct cfi_bytes data = bytes;
        cfi_skip(&bytes, size);
        data.end = bytes.at;
        if (bytes.bad || !read_augmentation((const char *)letters + 1, data, cie)) {
            return false;
        }
    } else if (letters[0] != '\0') {
        return false; // augmentation without a length ("eh" of gcc 2): the rest cannot be parsed
    }
    cie->program = bytes;
    return !bytes.bad && return_register == MACHINE_RETURN;
}

enum cfi_result cfi_find(const struct cfi_object *object, uintptr_t address, struct cfi_row *row) {
    const uint8_t *fde = find_fde(object, address);
    if (!fde) {
        return CFI_NONE;
    }
    struct cfi_bytes bytes = cfi_bytes_of(fde, object->high);
    enter_entry(&bytes);
    const uint8_t *id_at = bytes.at;
    uint64_t distance = cfi_fixed(&bytes, 4); // from here back to the CIE
    struct cie cie;
    if (bytes.bad || distance == 0 || distance > (uintptr_t)id_at - (uintptr_t)object->low || !read_cie(object, id_at - distance, &cie)) {
        return CFI_UNSUPPORTED;
    }
    const uint8_t *start_at = bytes.at;
    uintptr_t start = (uintptr_t)cfi_encoded(&bytes, cie.pointer_encoding);
    if ((cie.pointer_encoding & 0x70) == CFI_PE_PCREL) {
        start += (uintptr_t)start_at;
    } else if ((cie.pointer_encoding & 0x70) != 0) {
        return CFI_UNSUPPORTED;
    }
    uintptr_t size = (uintptr_t)cfi_encoded(&bytes, cie.pointer_encoding & 0x0f);
    if (cie.has_augmentation_data) {
        cfi_skip(&bytes, cfi_uleb(&bytes));
    }
    if (bytes.bad) {
        return CFI_UNSUPPORTED;
    }
    if (address < start || address - start >= size) {
        return CFI_NONE; // in the gap after the function before it
    }
    if (!cfi_run(cie.program, bytes, &cie.alignment, start, address, cie.signal_frame, row)) {
        return CFI_UNSUPPORTED;
    }
    row->signal_frame = cie.signal_frame;
    return CFI_FOUND;
}
