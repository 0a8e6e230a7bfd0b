// smaps_test.c: areas as the kernel writes them, in any portions, and text that it does not write.

#include "../../base/test/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../smaps.h"

#define HEAP                                                                                                                               \
    "29aa8000-2d13c000 rw-p 00000000 00:00 0                                  [heap]\n"                                                    \
    "Size:              55888 kB\nRss:               13620 kB\nAnonymous:         13616 kB\nLazyFree:             12 kB\n"                 \
    "AnonHugePages:      2048 kB\nShmemPmdMapped:        0 kB\nFilePmdMapped:         4 kB\nShared_Hugetlb:        8 kB\n"                 \
    "Private_Hugetlb:     16 kB\nSwap:                 20 kB\nSwapPss:              20 kB\nTHPeligible:           1\n"                     \
    "VmFlags: rd wr mr mw me ac \n"
#define LIBRARY                                                                                                                            \
    "7f93ed6a0000-7f93ed6c1000 r-xp 0001e000 fe:00 10847021                   /opt/a name\\012with 2 lines.so (deleted)\n"                 \
    "Rss:                 132 kB\nLaterKernels:        1 kB\nVmFlags: rd ex \n"
#define LAST "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\nRss:                   0 kB\n"

struct seen {
    struct smaps_area areas[8];
    char names[8][128];
    size_t count;
};

static void see(void *context, const struct smaps_area *area) {
    struct seen *seen = context;
    assert_true(seen->count < 8);
    seen->areas[seen->count] = *area;
    strcpy(seen->names[seen->count++], area->name);
}

static char buffer[SMAPS_BUFFER_BYTES];

static enum smaps_error read_text(const char *text, size_t size, struct seen *seen) {
    int file = memfd_create("smaps", 0);
    assert_true(file >= 0 && write(file, text, size) == (ssize_t)size && lseek(file, 0, SEEK_SET) == 0);
    *seen = (struct seen){0};
    enum smaps_error error = smaps_read(file, buffer, see, seen);
    close(file);
    return error;
}

TEST(areas_are_read_whole) {
    struct seen seen;
    assert_int_equal(read_text(HEAP LIBRARY LAST, strlen(HEAP LIBRARY LAST), &seen), SMAPS_OK);
    assert_int_equal(seen.count, 3);
    const struct smaps_area *heap = &seen.areas[0], *library = &seen.areas[1];
    assert_true(heap->low == 0x29aa8000 && heap->high == 0x2d13c000 && heap->inode == 0);
    assert_string_equal(seen.names[0], "[heap]");
    assert_string_equal(heap->permissions, "rw-p");
    assert_int_equal(heap->rss, 13620 * 1024);
    assert_int_equal(heap->anonymous, 13616 * 1024);
    assert_int_equal(heap->lazy_free, 12 * 1024);
    assert_int_equal(heap->huge, (2048 + 4) * 1024);
    assert_int_equal(heap->hugetlb, (8 + 16) * 1024);
    assert_int_equal(heap->swap, 20 * 1024);
    assert_string_equal(seen.names[1], "/opt/a name\\012with 2 lines.so (deleted)");
    assert_true(library->offset == 0x1e000 && library->inode == 10847021 && library->rss == 132 * 1024 && library->swap == 0);
    assert_true(seen.areas[2].low == 0xffffffffff600000);
    assert_int_equal(read_text("", 0, &seen), SMAPS_OK); // a kernel thread's
    assert_int_equal(seen.count, 0);
}

static void count_rss(void *context, const struct smaps_area *area) {
    *(uint64_t *)context += area->rss;
}

// Lines of all lengths, so that the buffer ends anywhere in them.
TEST(portions_make_no_difference) {
    enum { AREAS = 5000 };
    char *text = malloc(AREAS * 400);
    size_t size = 0;
    for (unsigned i = 0; i < AREAS; i++) {
        size +=
            (size_t)sprintf(text + size, "%x000-%x000 rw-p 00000000 00:00 0 %*s\nRss: %u kB\nSwap: 1 kB\n", i + 1, i + 2, i % 200, "/a", i);
    }
    int file = memfd_create("smaps", 0);
    assert_true(write(file, text, size) == (ssize_t)size);
    uint64_t rss = 0;
    assert_int_equal(smaps_read(file, buffer, count_rss, &rss), SMAPS_OK);
    assert_int_equal(rss, (uint64_t)AREAS * (AREAS - 1) / 2 * 1024);
    close(file);
    free(text);
}

// What a program has opened under our number meanwhile loses nothing.
TEST(a_pipe_is_not_read) {
    int ends[2];
    char byte = 0;
    struct seen seen = {0};
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(smaps_read(ends[0], buffer, see, &seen), SMAPS_UNREADABLE);
    assert_true(read(ends[0], &byte, 1) == 1 && byte == 'x');
    close(ends[0]), close(ends[1]);
}

TEST(other_text_is_refused) {
    static const char *const texts[] = {
        "Rss: 1 kB\n",                                                  // of no area
        "29aa8000 rw-p 00000000 00:00 0\n",                             // no end
        "29aa8000-29aa8000 rw-p 00000000 00:00 0 \n",                   // empty
        "29aa8000-29aa9000 rw- 00000000 00:00 0 \n",                    // permissions
        "29aa8000-29aa9000 rw-p 00000000 00:00\n",                      // no inode
        "10000000000000000-20000000000000000 rw-p 00000000 00:00 0 \n", // 65 bits
        "29aa8000-29aa9000 rw-p 00000000 00:00 0 \nRss: many kB\n",     // no number
        "29aa8000-29aa9000 rw-p 00000000 00:00 0 \nRss: 1 pages\n",     // another unit
        "29aa8000-29aa9000 rw-p 00000000 00:00 0 \nRss: 18446744073709551615 kB\n",
        "29aa8000-29aa9000 rw-p 00000000 00:00 0 \nnonsense\n",
        "29aa8000-29aa9000 rw-p 00000000 00:00 0 ", // cut
        "29aa8000-29aa9000 rw-p 00000000 00:00 0 \n\n",
        HEAP "Rss",
    };
    struct seen seen;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_text(texts[i], strlen(texts[i]), &seen), SMAPS_MALFORMED);
    }
    static const char zero[] = "29aa8000-29aa9000 rw-p 00000000 00:00 0 /a\0b\n";
    assert_int_equal(read_text(zero, sizeof zero - 1, &seen), SMAPS_MALFORMED);
    char *line = malloc(2 * SMAPS_BUFFER_BYTES);
    memset(line, 'a', 2 * SMAPS_BUFFER_BYTES);
    assert_int_equal(read_text(line, 2 * SMAPS_BUFFER_BYTES, &seen), SMAPS_MALFORMED);
    free(line);
}

static void see_length(void *context, const struct smaps_area *area) {
    *(size_t *)context = strlen(area->name);
}

TEST(the_longest_name_fits) {
    static char text[20000];
    int size = sprintf(text, "29aa8000-29aa9000 rw-p 00000000 00:00 0 ");
    memset(text + size, 'n', 4 * 4095);
    text[size + 4 * 4095] = '\n';
    int file = memfd_create("smaps", 0);
    assert_true(write(file, text, strlen(text)) > 0 && lseek(file, 0, SEEK_SET) == 0);
    size_t length = 0;
    assert_int_equal(smaps_read(file, buffer, see_length, &length), SMAPS_OK);
    assert_int_equal(length, 4 * 4095);
    close(file);
}

TEST(failures_are_named) {
    int file;
    struct seen seen = {0};
    assert_int_equal(smaps_open("/proc/2147483647/smaps", &file), SMAPS_NO_PROCESS);
    assert_int_equal(smaps_open("/", &file), SMAPS_OK);
    assert_int_equal(smaps_read(file, buffer, see, &seen), SMAPS_UNREADABLE); // a folder
    close(file);
    for (int error = 0; error <= SMAPS_ERROR_COUNT; error++) {
        assert_non_null(smaps_error_text(error));
        for (int other = 0; other < error; other++) {
            assert_string_not_equal(smaps_error_text(error), smaps_error_text(other));
        }
    }
}

int main(void) {
    return tests_run();
}
