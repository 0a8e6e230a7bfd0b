// object_file_test.c: which files are opened and which are not. Their contents are tested with symbols.c.

#include "../../base/test/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "../object_file.h"

static struct symbolizer_arena memory;

static int first_free_descriptor(void) {
    int descriptor = open("/dev/null", O_RDONLY);
    close(descriptor);
    return descriptor;
}

TEST(deleted_program_file_is_readable) {
    struct modules modules = {0};
    assert_true(modules_refresh(&modules, &(uint32_t){0}));
    struct module module = *modules_find(&modules, (uintptr_t)test_deleted_program_file_is_readable, 0);
    module.file = "/replaced/by/a/newer/version";
    int before = first_free_descriptor();
    symbolizer_arena_open(&memory);
    struct object_file *file = object_file_open(&module, &memory);
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    assert_non_null(file);
    assert_int_equal(first_free_descriptor(), before); // no descriptor is kept, since the program may close any
    assert_true(object_file_frames(file, (uintptr_t)test_deleted_program_file_is_readable + 1 - module.bias, frames) >= 1);
    assert_string_equal(frames[0].function, "test_deleted_program_file_is_readable");
    assert_int_equal(object_file_frames(file, 1, frames), 0);
    object_file_close(file);
    symbolizer_arena_close(&memory);
    modules_free(&modules);
}

// The program's own file, truncated at many lengths or damaged: no names, never a crash.
TEST(damaged_files_give_no_names) {
    static unsigned char bytes[4 << 20];
    char path[] = "/tmp/cmemprof-object-file-XXXXXX";
    FILE *own = fopen("/proc/self/exe", "rb");
    size_t size = fread(bytes, 1, sizeof bytes, own);
    fclose(own);
    close(mkstemp(path));
    struct module module = {.file = path, .build_id = ""};
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    for (size_t cut = 0; cut < size; cut += cut < 1024 ? 64 : size / 100) {
        FILE *out = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, cut, out), cut);
        fclose(out);
        symbolizer_arena_open(&memory);
        struct object_file *file = object_file_open(&module, &memory);
        if (file) {
            object_file_frames(file, (uintptr_t)test_damaged_files_give_no_names & 0xffff, frames);
        }
        object_file_close(file);
        symbolizer_arena_close(&memory);
    }
    symbolizer_arena_open(&memory);
    unlink(path);
    assert_null(object_file_open(&module, &memory));
    symbolizer_arena_close(&memory);
}

int main(void) {
    return tests_run();
}
