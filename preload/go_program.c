// go_program.c: see go_program.h.

#include "go_program.h"

#include <elf.h>
#include <string.h>

// The first object is the program.
static int take_program(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    *(struct go_program *)context =
        (struct go_program){.base = info->dlpi_addr, .segments = info->dlpi_phdr, .segment_count = info->dlpi_phnum};
    return 1;
}

// Go's linker writes a note of the owner "Go" and the type 4, the build ID.
static bool has_note(const uint8_t *notes, size_t size) {
    for (size_t at = 0; at + sizeof(ElfW(Nhdr)) + sizeof "Go\0" <= size; at += 4) {
        ElfW(Nhdr) note;
        memcpy(&note, notes + at, sizeof note);
        if (note.n_namesz == sizeof "Go\0" && note.n_type == 4 && memcmp(notes + at + sizeof note, "Go\0", sizeof "Go\0") == 0) {
            return true;
        }
    }
    return false;
}

static bool needs_library(const ElfW(Dyn) * entry, size_t size) {
    for (size_t i = 0; i < size / sizeof *entry && entry[i].d_tag != DT_NULL; i++) {
        if (entry[i].d_tag == DT_NEEDED) {
            return true;
        }
    }
    return false;
}

bool go_program_find(struct go_program *program) {
    bool is_go = false;
    dl_iterate_phdr(take_program, program);
    for (size_t i = 0; i < program->segment_count; i++) {
        const ElfW(Phdr) *segment = &program->segments[i];
        uintptr_t start = program->base + segment->p_vaddr, end = start + segment->p_memsz;
        program->has_c |= segment->p_type == PT_DYNAMIC && needs_library((const ElfW(Dyn) *)start, segment->p_memsz);
        is_go |= segment->p_type == PT_NOTE && has_note((const uint8_t *)start, segment->p_memsz);
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_X) {
            program->text_start = program->text_start == 0 || start < program->text_start ? start : program->text_start;
            program->text_end = end > program->text_end ? end : program->text_end;
        }
    }
    return is_go;
}
