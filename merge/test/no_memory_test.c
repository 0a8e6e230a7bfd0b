// Tests out-of-memory handling: every allocation of a merge, a delta and a tree fails once. The result must be MERGE_NO_MEMORY
// without leaks, or the normal result if the allocation was optional.
//
// malloc, calloc, realloc, mmap and mremap are interposed here and forward to glibc and the kernel. With a sanitizer nothing
// fails, since it has its own.

#include "../../base/test/test.h"

#include "merge_inputs.h"
#include "sample_profile.h"

#include "../compress.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long countdown = -1; // index of the allocation that fails; below 0: none
static long allocations;    // since the count was reset
static long live;           // allocations not freed

#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

static bool fails(void) {
    allocations++;
    return countdown >= 0 && countdown-- == 0;
}

static void *counted(void *block) {
    live += !!block;
    return block;
}

void *malloc(size_t size) {
    return fails() ? NULL : counted(__libc_malloc(size));
}
void *calloc(size_t count, size_t size) {
    return fails() ? NULL : counted(__libc_calloc(count, size));
}
void *realloc(void *old, size_t size) {
    if (fails()) {
        return NULL;
    }
    return old ? __libc_realloc(old, size) : counted(__libc_malloc(size));
}
void free(void *block) {
    live -= !!block;
    __libc_free(block);
}

static void *mapped(long result) {
    live += (void *)result != MAP_FAILED;
    return (void *)result;
}
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    return fails() ? MAP_FAILED : mapped(syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}
void *mremap(void *old, size_t old_size, size_t size, int flags, ...) {
    return fails() ? MAP_FAILED : (void *)syscall(SYS_mremap, old, old_size, size, flags);
}
int munmap(void *block, size_t size) {
    live--;
    return (int)syscall(SYS_munmap, block, size);
}
#endif

static struct blob input;

static enum merge_error merge_two(void) {
    const void *inputs[] = {input.bytes, input.bytes};
    const size_t sizes[] = {input.size, input.size};
    struct blob out;
    struct merge_fault fault;
    enum merge_error error = merge_inputs(inputs, sizes, 2, MERGE_GZIP, &out.bytes, &out.size, &fault);
    assert_int_equal(fault.error, error);
    assert_true(!!out.bytes == (error == MERGE_OK));
    free(out.bytes);
    return error;
}

static enum merge_error delta_of_two(void) {
    struct delta *delta = delta_new((const char *const[]){"alloc_space"}, 1);
    if (!delta) {
        return MERGE_NO_MEMORY;
    }
    enum merge_error error = MERGE_OK;
    for (int i = 0; i < 2 && error == MERGE_OK; i++) {
        struct blob out;
        error = delta_next(delta, input.bytes, input.size, MERGE_ZSTD, &out.bytes, &out.size, NULL);
        assert_true(!!out.bytes == (error == MERGE_OK));
        free(out.bytes);
    }
    delta_free(delta);
    return error;
}

static size_t whole_bytes; // size of a result with the whole input

// The same profile repeatedly: whatever fails, it is reported at most once.
static enum merge_error delta_tells_once(void) {
    static const char *const types[] = {"alloc_space", "inuse_space"};
    struct delta *delta = delta_new_with(&(struct delta_options){.types = types, .type_count = 2, .tells_once = true});
    if (!delta) {
        return MERGE_NO_MEMORY;
    }
    enum merge_error first = MERGE_OK;
    int reported = 0;
    for (int i = 0; i < 4; i++) {
        struct blob out;
        enum merge_error error = delta_next(delta, input.bytes, input.size, MERGE_RAW, &out.bytes, &out.size, NULL);
        whole_bytes = i == 0 && whole_bytes == 0 ? out.size : whole_bytes;
        reported += error == MERGE_OK && out.size == whole_bytes;
        first = first == MERGE_OK ? error : first;
        free(out.bytes);
    }
    assert_true(reported <= 1);
    delta_free(delta);
    return first;
}

static enum merge_error build_and_view(void) {
    struct profile *profile = profile_new();
    if (!profile) {
        return MERGE_NO_MEMORY;
    }
    struct tree tree = {0};
    profile_add_sample_type(profile, "a", "count");
    uint32_t mapping = profile_add_mapping(profile, &program);
    for (int i = 0; i < 200; i++) {
        char name[2] = {(char)('A' + i % 50), 0};
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .start_line = i});
        struct profile_line lines[20];
        for (int line = 0; line < 20; line++) {
            lines[line] = (struct profile_line){function, line, 0};
        }
        uint32_t location = profile_add_location(profile, mapping, (uint64_t)i, lines, 20);
        profile_add_sample(profile, &location, 1, (int64_t[]){1}, &(struct profile_label){name, name, 0, ""}, 1);
        profile_add_comment(profile, name);
    }
    enum merge_error error = profile_status(profile);
    if (error == MERGE_OK) {
        error = profile_group_by(profile, "A");
    }
    if (error == MERGE_OK) {
        error = tree_of(profile, 0, NULL, NULL, &tree);
    }
    tree_free(&tree);
    profile_free(profile);
    return error;
}

static void fail_each(enum merge_error (*job)(void)) {
    allocations = 0;
    assert_int_equal(job(), MERGE_OK);
    long count = allocations, failed = 0;
#ifndef __SANITIZE_ADDRESS__
    assert_true(count > 20); // the interposed functions are called
#endif
    for (long i = 0; i < count; i++) {
        long before = live;
        countdown = i;
        enum merge_error error = job();
        countdown = -1;
        assert_true(error == MERGE_OK || error == MERGE_NO_MEMORY);
        assert_int_equal(live, before);
        failed += error == MERGE_NO_MEMORY;
    }
    // Only shrinking a result, and an occasional allocation by cmocka, may fail without effect.
    assert_true(failed >= count * 3 / 4);
}

// Allocations per period once profiles have stopped growing.
TEST(delta_allocates_nothing_in_the_steady_state) {
    struct delta *delta = delta_new((const char *const[]){"alloc_space"}, 1);
    for (int i = 0; i < 20; i++) {
        const uint8_t *out;
        size_t size;
        allocations = 0;
        assert_int_equal(delta_step(delta, input.bytes, input.size, i % 2 ? MERGE_GZIP : MERGE_RAW, &out, &size, NULL), MERGE_OK);
        if (i >= 3) {
            assert_int_equal(allocations, 0);
        }
    }
    delta_free(delta);
}

// A compressor is created once per process: each allocation until then fails once.
TEST(compressor_without_memory) {
    enum { LEVEL = 7 }; // not used elsewhere in this program
    enum merge_error error = MERGE_NO_MEMORY;
    long failed = 0;
    for (; error != MERGE_OK; failed += error != MERGE_OK) {
        struct compress compress = {0};
        struct wire_writer out = {0};
        countdown = failed;
        error = compress_deflate(&compress, MERGE_GZIP, LEVEL, input.bytes, input.size, &out);
        countdown = -1;
        assert_true(error == MERGE_OK || error == MERGE_NO_MEMORY);
        assert_true(out.size > 0 || error != MERGE_OK);
        wire_free(&out);
        compress_free(&compress);
    }
#ifndef __SANITIZE_ADDRESS__
    assert_true(failed >= 2);
#endif
    // The next gzip writer reuses it.
    struct compress compress = {0};
    struct wire_writer out = {0};
    allocations = 0;
    assert_int_equal(compress_deflate(&compress, MERGE_GZIP, LEVEL, input.bytes, input.size, &out), MERGE_OK);
    assert_true(allocations <= 1); // the bytes
    wire_free(&out);
    compress_free(&compress);
}

TEST(merge_without_memory) {
    fail_each(merge_two);
}
TEST(delta_without_memory) {
    fail_each(delta_of_two);
    assert_int_equal(delta_tells_once(), MERGE_OK);
    fail_each(delta_tells_once);
}
TEST(view_without_memory) {
    fail_each(build_and_view);
}

int main(void) {
    input = sample_bytes(MERGE_GZIP);
    int failures = tests_run();
    free(input.bytes);
    return failures;
}
