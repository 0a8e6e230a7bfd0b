// run_target.c: looks up the program and reads its ELF headers (run_target.h).
#include "run_target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { HEADERS_MAX = 128, STRINGS_MAX_BYTES = 1 << 20, NOTES_MAX_BYTES = 4096, DYNAMIC_MAX = 1024 };

__attribute__((format(printf, 3, 4))) static enum run_target_status reject(struct run_target *target, enum run_target_status status,
                                                                           const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(target->text, sizeof target->text, format, arguments);
    va_end(arguments);
    return status;
}

// ---- Lookup ----

static bool is_program(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

// As in shells: status 127 means not found.
static enum run_target_status without_access(int error) {
    return error == EACCES ? RUN_TARGET_NOT_RUN : RUN_TARGET_NOT_FOUND;
}

static enum run_target_status find(const char *name, struct run_target *target) {
    if (strchr(name, '/')) {
        if (strlen(name) >= sizeof target->path) {
            return reject(target, RUN_TARGET_NOT_FOUND, "the program's name is too long");
        }
        strcpy(target->path, name);
        if (access(name, F_OK) != 0) {
            return reject(target, without_access(errno), "%s: %s", name, strerror(errno));
        }
        return is_program(name) ? RUN_TARGET_OK : reject(target, RUN_TARGET_NOT_RUN, "%s is not an executable file", name);
    }
    const char *list = getenv("PATH");
    char refused[sizeof target->path] = ""; // the first match that is not executable
    for (const char *at = list ? list : "/bin:/usr/bin"; name[0] != '\0';) {
        size_t length = strcspn(at, ":");
        snprintf(target->path, sizeof target->path, "%.*s%s%s", (int)length, at, length > 0 ? "/" : "", name);
        if (is_program(target->path)) {
            return RUN_TARGET_OK;
        }
        struct stat file;
        if (*refused == '\0' && stat(target->path, &file) == 0 && S_ISREG(file.st_mode)) {
            strcpy(refused, target->path);
        }
        if (at[length] == '\0') {
            break;
        }
        at += length + 1;
    }
    if (*refused != '\0') {
        return reject(target, RUN_TARGET_NOT_RUN, "%s is not an executable file, and the PATH has no other", refused);
    }
    return reject(target, RUN_TARGET_NOT_FOUND, "no program %s on the PATH", name);
}

// ---- ELF headers ----

struct image {
    int descriptor;
    Elf64_Ehdr header;
    Elf64_Phdr segments[HEADERS_MAX];
    size_t segment_count;
    char *strings; // of the dynamic section; NULL: none
    size_t strings_size;
    uint64_t own_name;  // offset of DT_SONAME in strings; 0: none
    bool needs_library; // DT_NEEDED
};

static bool read_at(int descriptor, void *bytes, size_t size, uint64_t offset) {
    return offset <= INT64_MAX && pread(descriptor, bytes, size, (off_t)offset) == (ssize_t)size;
}

static const Elf64_Phdr *segment_of(const struct image *image, uint32_t type) {
    for (size_t i = 0; i < image->segment_count; i++) {
        if (image->segments[i].p_type == type) {
            return &image->segments[i];
        }
    }
    return NULL;
}

// Returns false if no segment of the file has the address.
static bool offset_of(const struct image *image, uint64_t address, uint64_t *offset) {
    for (size_t i = 0; i < image->segment_count; i++) {
        const Elf64_Phdr *segment = &image->segments[i];
        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr && address - segment->p_vaddr < segment->p_filesz) {
            *offset = segment->p_offset + (address - segment->p_vaddr);
            return true;
        }
    }
    return false;
}

// Reads DT_STRTAB: names of dynamic symbols and libraries.
static void read_strings(struct image *image) {
    const Elf64_Phdr *dynamic = segment_of(image, PT_DYNAMIC);
    uint64_t address = 0, size = 0, offset;
    for (size_t i = 0; dynamic && i < DYNAMIC_MAX && (i + 1) * sizeof(Elf64_Dyn) <= dynamic->p_filesz; i++) {
        Elf64_Dyn entry;
        if (!read_at(image->descriptor, &entry, sizeof entry, dynamic->p_offset + i * sizeof entry) || entry.d_tag == DT_NULL) {
            break;
        }
        image->needs_library |= entry.d_tag == DT_NEEDED;
        address = entry.d_tag == DT_STRTAB ? entry.d_un.d_ptr : address;
        size = entry.d_tag == DT_STRSZ ? entry.d_un.d_val : size;
        image->own_name = entry.d_tag == DT_SONAME ? entry.d_un.d_val : image->own_name;
    }
    size = size < STRINGS_MAX_BYTES ? size : STRINGS_MAX_BYTES;
    if (size == 0 || !offset_of(image, address, &offset) || !(image->strings = malloc(size))) {
        return;
    }
    ssize_t got = pread(image->descriptor, image->strings, size, (off_t)offset);
    image->strings_size = got > 0 ? (size_t)got : 0;
}

static bool has_string(const struct image *image, const char *text) {
    return image->strings_size > 0 && memmem(image->strings, image->strings_size, text, strlen(text));
}

// Go's linker writes a note with the name Go.
static bool has_go_note(const struct image *image) {
    static const char owner[4] = "Go\0"; // preceded by its length, 4, and eight more bytes
    for (size_t i = 0; i < image->segment_count; i++) {
        const Elf64_Phdr *segment = &image->segments[i];
        char notes[NOTES_MAX_BYTES];
        size_t size = segment->p_filesz < sizeof notes ? segment->p_filesz : sizeof notes;
        if (segment->p_type == PT_NOTE && read_at(image->descriptor, notes, size, segment->p_offset)) {
            for (size_t at = 0; at + sizeof(Elf64_Nhdr) + sizeof owner <= size; at += 4) {
                Elf64_Nhdr note;
                memcpy(&note, notes + at, sizeof note);
                if (note.n_namesz == sizeof owner && memcmp(notes + at + sizeof note, owner, sizeof owner) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

// This program's, and so the library's.
#ifdef __aarch64__
#define OWN_MACHINE EM_AARCH64
#define OWN_MACHINE_NAME "arm64"
#else
#define OWN_MACHINE EM_X86_64
#define OWN_MACHINE_NAME "amd64"
#endif

static enum run_target_status check_elf(struct image *image, const char *path, struct run_target *target);

static const char *sanitizer_of(const struct image *image) {
    static const struct {
        const char *symbol, *name;
    } sanitizers[] = {{"__asan_init", "AddressSanitizer"}, {"libasan.so", "AddressSanitizer"}, {"__tsan_init", "ThreadSanitizer"},
                      {"libtsan.so", "ThreadSanitizer"},   {"__msan_init", "MemorySanitizer"}, {"__hwasan_init", "HWAddressSanitizer"},
                      {"__lsan_init", "LeakSanitizer"},    {"liblsan.so", "LeakSanitizer"}};
    for (size_t i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++) {
        if (has_string(image, sanitizers[i].symbol)) {
            return sanitizers[i].name;
        }
    }
    return NULL;
}

// ---- The loader as the program ----

// The loader has no PT_INTERP, like a static program, but the program it loads honours LD_PRELOAD. glibc's is recognized by its DT_SONAME,
// musl's, which has none, by its file name.
static bool is_loader(const struct image *image, const char *path) {
    static const char glibc[] = "ld-linux", musl[] = "ld-musl";
    const char *slash = strrchr(path, '/');
    bool named = image->own_name != 0 && image->own_name < image->strings_size && image->strings_size - image->own_name > sizeof glibc;
    return image->header.e_type == ET_DYN && ((named && memcmp(image->strings + image->own_name, glibc, sizeof glibc - 1) == 0) ||
                                              strncmp(slash ? slash + 1 : path, musl, sizeof musl - 1) == 0);
}

// Returns the program among the loader's arguments, or NULL if it runs none (--list, --help).
static const char *loaded_program(char *const *argv) {
    static const char *const with_value[] = {"--library-path",         "--inhibit-rpath",    "--audit", "--preload", "--argv0",
                                             "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask"};
    size_t at = 1;
    while (argv[at] && strncmp(argv[at], "--", 2) == 0) {
        const char *option = argv[at++];
        bool takes = false, alone = strcmp(option, "--inhibit-cache") == 0 || strchr(option, '='); // musl's: --argv0=NAME
        for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++) {
            takes |= strcmp(option, with_value[i]) == 0;
        }
        if (strcmp(option, "--") == 0) {
            break;
        }
        if ((!takes && !alone) || (takes && !argv[at])) {
            return NULL;
        }
        at += takes;
    }
    return argv[at];
}

// The loader maps that file itself, so its mode and set-user-ID bits do not matter.
static enum run_target_status check_loaded(struct run_target *target) {
    struct image image = {.descriptor = open(target->loaded, O_RDONLY | O_CLOEXEC)};
    if (image.descriptor < 0) {
        return reject(target, without_access(errno), "%s: %s", target->loaded, strerror(errno));
    }
    bool elf = read_at(image.descriptor, &image.header, sizeof image.header, 0) && memcmp(image.header.e_ident, ELFMAG, SELFMAG) == 0;
    enum run_target_status status =
        elf ? check_elf(&image, target->loaded, target)
            : reject(target, RUN_TARGET_REFUSED, "%s is not a program (ELF) that %s can load", target->loaded, target->path);
    free(image.strings);
    close(image.descriptor);
    return status;
}

// Where cgo has made code, runtime/cgo's at the least, the names of Go's functions and files have that of the file it makes. C can also be
// called without cgo, from libraries that the program needs.
static bool has_no_c(const struct image *image) {
    static const char made[] = "_cgo_gotypes.go";
    struct stat file;
    if (!has_go_note(image) || image->needs_library || fstat(image->descriptor, &file) != 0 || file.st_size <= 0) {
        return false;
    }
    void *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, image->descriptor, 0);
    bool none = bytes != MAP_FAILED && !memmem(bytes, (size_t)file.st_size, made, sizeof made - 1);
    if (bytes != MAP_FAILED) {
        munmap(bytes, (size_t)file.st_size);
    }
    return none;
}

static enum run_target_status check_without_loader(const struct image *image, const char *path, struct run_target *target) {
    if (target->loaded[0] != '\0' || target->interpreter[0] != '\0' || !is_loader(image, path)) {
        target->is_static = true;
        target->has_no_c = has_no_c(image);
        return reject(target, RUN_TARGET_REFUSED,
                      "%s is statically linked, so nothing can be preloaded into it; link cmemprof into it (docs/run.md)", path);
    }
    const char *loaded = loaded_program(target->argv);
    if (!loaded || strlen(loaded) >= sizeof target->loaded) {
        return reject(target, RUN_TARGET_REFUSED, "%s is the loader, and its arguments name no program", path);
    }
    strcpy(target->loaded, loaded);
    return check_loaded(target);
}

// This program's, and so the library's.
#ifdef __aarch64__
#define OWN_MACHINE EM_AARCH64
#define OWN_MACHINE_NAME "arm64"
#else
#define OWN_MACHINE EM_X86_64
#define OWN_MACHINE_NAME "amd64"
#endif

static enum run_target_status check_elf(struct image *image, const char *path, struct run_target *target) {
    if (image->header.e_ident[EI_CLASS] != ELFCLASS64) {
        return reject(target, RUN_TARGET_REFUSED, "%s is a 32-bit program; only 64-bit programs can be profiled", path);
    }
    if (image->header.e_machine != OWN_MACHINE) {
        return reject(target, RUN_TARGET_REFUSED, "%s is not for " OWN_MACHINE_NAME, path);
    }
    image->segment_count = image->header.e_phnum < HEADERS_MAX ? image->header.e_phnum : HEADERS_MAX;
    if (image->header.e_phentsize != sizeof(Elf64_Phdr) ||
        !read_at(image->descriptor, image->segments, image->segment_count * sizeof(Elf64_Phdr), image->header.e_phoff)) {
        return reject(target, RUN_TARGET_REFUSED, "%s: its ELF header is damaged", path);
    }
    const Elf64_Phdr *loader = segment_of(image, PT_INTERP);
    char loader_path[256] = "";
    read_strings(image);
    if (!loader) {
        return check_without_loader(image, path, target);
    }
    if (loader->p_filesz < sizeof loader_path) {
        read_at(image->descriptor, loader_path, loader->p_filesz, loader->p_offset);
    }
    target->is_musl = strstr(loader_path, "ld-musl");
    target->is_go = has_go_note(image);
    target->has_no_c = target->is_go && has_no_c(image);
    if (target->has_no_c) { // Go's own threads, in a position-independent program
        return reject(target, RUN_TARGET_REFUSED, "%s is a Go program without C code: there is no C memory to profile", path);
    }
    const char *sanitizer = sanitizer_of(image);
    if (sanitizer) {
        return reject(target, RUN_TARGET_REFUSED, "%s is built with %s, which has an allocator of its own; profile a build without it",
                      path, sanitizer);
    }
    return RUN_TARGET_OK;
}

// The loader ignores LD_PRELOAD in a program that gains rights.
static enum run_target_status check_rights(int descriptor, const char *path, struct run_target *target) {
    struct stat file;
    char capabilities[64];
    if (fstat(descriptor, &file) != 0) {
        return reject(target, RUN_TARGET_NOT_RUN, "%s: %s", path, strerror(errno));
    }
    bool other_user = (file.st_mode & S_ISUID) != 0 && file.st_uid != geteuid();
    bool other_group = (file.st_mode & S_ISGID) != 0 && file.st_gid != getegid();
    if (other_user || other_group) {
        return reject(target, RUN_TARGET_REFUSED, "%s runs with another %s's rights (set%cid), so nothing can be preloaded into it", path,
                      other_user ? "user" : "group", other_user ? 'u' : 'g');
    }
    if (geteuid() != 0 && fgetxattr(descriptor, "security.capability", capabilities, sizeof capabilities) > 0) {
        return reject(target, RUN_TARGET_REFUSED, "%s has file capabilities, so nothing can be preloaded into it", path);
    }
    return RUN_TARGET_OK;
}

static enum run_target_status check_file(const char *path, struct run_target *target);

// "#!/usr/bin/env python3": the kernel starts the first word.
static enum run_target_status check_script(int descriptor, struct run_target *target) {
    char line[PATH_MAX] = "";
    if (target->interpreter[0] != '\0') {
        return reject(target, RUN_TARGET_REFUSED, "%s is interpreted by another script, %s", target->path, target->interpreter);
    }
    if (pread(descriptor, line, sizeof line - 1, 0) < 2) {
        return reject(target, RUN_TARGET_NOT_RUN, "%s cannot be read", target->path);
    }
    char *start = line + 2 + strspn(line + 2, " \t");
    start[strcspn(start, " \t\r\n")] = '\0';
    strcpy(target->interpreter, start);
    return check_file(target->interpreter, target);
}

static enum run_target_status check_file(const char *path, struct run_target *target) {
    struct image image = {.descriptor = open(path, O_RDONLY | O_CLOEXEC)};
    if (image.descriptor < 0) {
        // A file can be executable and not readable; the kernel then runs it like a setuid program.
        return reject(target, RUN_TARGET_REFUSED, "%s: %s; it must be readable to be profiled", path, strerror(errno));
    }
    enum run_target_status status;
    if (!read_at(image.descriptor, &image.header, sizeof image.header, 0) || memcmp(image.header.e_ident, ELFMAG, SELFMAG) != 0) {
        bool script = memcmp(image.header.e_ident, "#!", 2) == 0;
        status = script ? check_script(image.descriptor, target)
                        : reject(target, RUN_TARGET_REFUSED, "%s is neither a program (ELF) nor a script that names its interpreter", path);
    } else {
        status = check_rights(image.descriptor, path, target);
        status = status == RUN_TARGET_OK ? check_elf(&image, path, target) : status;
    }
    free(image.strings);
    close(image.descriptor);
    return status;
}

enum run_target_status run_target_find(char *const *argv, struct run_target *target) {
    *target = (struct run_target){.argv = argv};
    enum run_target_status status = find(argv[0], target);
    return status == RUN_TARGET_OK ? check_file(target->path, target) : status;
}

const char *run_target_name(const struct run_target *target) {
    return target->loaded[0] != '\0' ? target->loaded : target->path;
}
