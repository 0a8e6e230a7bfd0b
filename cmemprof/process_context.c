// process_context.c: publishes what service this is (process_context.h).
#include "process_context.h"

#include "../base/clock.h"
#include "../merge/wire.h"
#include "process_status.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#endif

enum { CONTEXT_RESOURCE = 1, RESOURCE_ATTRIBUTES = 1, PAIR_KEY = 1, PAIR_VALUE = 2, VALUE_TEXT = 1, PAYLOAD_MOST = 64 << 10 };

static struct {
    pthread_mutex_t lock;
    struct process_context_header *header; // NULL: none
    size_t size;
    pid_t owner; // a child of fork has this state, but not the mapping
} published = {.lock = PTHREAD_MUTEX_INITIALIZER};

// System calls, since mmap and munmap of programs are hooked and counted.
static void *map(size_t size, int flags, int file) {
    void *address = (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);
    return address == MAP_FAILED ? NULL : address;
}

static void unmap(void *address, size_t size) {
    syscall(SYS_munmap, address, size);
}

static void write_context(struct wire_writer *writer, const struct process_context_pair *pairs, size_t count) {
    size_t resource = wire_open(writer, CONTEXT_RESOURCE);
    for (size_t i = 0; i < count; i++) {
        size_t pair = wire_open(writer, RESOURCE_ATTRIBUTES);
        wire_write_text(writer, PAIR_KEY, pairs[i].key, strlen(pairs[i].key));
        size_t value = wire_open(writer, PAIR_VALUE);
        wire_write_text(writer, VALUE_TEXT, pairs[i].value, strlen(pairs[i].value));
        wire_close(writer, value);
        wire_close(writer, pair);
    }
    wire_close(writer, resource);
}

static bool is_taken(void) {
    char line[512];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !found && fgets(line, sizeof line, maps)) {
        found = strstr(line, "/memfd:" PROCESS_CONTEXT_NAME) || strstr(line, ":" PROCESS_CONTEXT_NAME "]");
    }
    if (maps) {
        fclose(maps);
    }
    return found;
}

// -1: there is none. Where system calls are filtered this one may be forbidden, and its caller killed; it is not tried.
// Beyond the limit for files, which this one has too, SIGXFSZ would end the program.
static int open_memory(size_t size) {
    struct process_status status;
    struct rlimit limit;
    if (!process_status_read(PROCESS_STATUS, &status) || status.seccomp != 0 || getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        limit.rlim_cur < size) {
        return -1;
    }
    int file = (int)syscall(SYS_memfd_create, PROCESS_CONTEXT_NAME, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    return file >= 0 ? file : (int)syscall(SYS_memfd_create, PROCESS_CONTEXT_NAME, MFD_CLOEXEC); // before Linux 6.3
}

static void *map_named(size_t size) {
    int file = open_memory(size);
    void *address = file >= 0 && ftruncate(file, (off_t)size) == 0 ? map(size, MAP_PRIVATE, file) : NULL;
    bool has_file = address;
    if (file >= 0) {
        close(file);
    }
    if (!address) {
        address = map(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    }
    if (address && madvise(address, size, MADV_DONTFORK) != 0) {
        unmap(address, size);
        return NULL;
    }
    // Also of a memfd: readers may watch for this call.
    bool has_name = address && prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, address, size, PROCESS_CONTEXT_NAME) == 0;
    if (address && !has_file && !has_name) {
        unmap(address, size);
        return NULL;
    }
    return address;
}

static void withdraw(void) {
    if (published.header && published.owner == getpid()) {
        memset(published.header->signature, 0, sizeof published.header->signature);
        unmap(published.header, published.size);
    }
    published.header = NULL;
}

static enum process_context_result publish(const struct wire_writer *payload) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (sizeof(struct process_context_header) + payload->size + page - 1) / page * page;
    struct process_context_header *header = map_named(size);
    if (!header) {
        return PROCESS_CONTEXT_FAILED;
    }
    memcpy(header + 1, payload->bytes, payload->size);
    header->version = PROCESS_CONTEXT_VERSION;
    header->payload_size = (uint32_t)payload->size;
    header->payload_address = (uintptr_t)(header + 1);
    header->published_ns = clock_ns(CLOCK_BOOTTIME);
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(header->signature, PROCESS_CONTEXT_NAME, sizeof header->signature);
    published.header = header;
    published.size = size;
    published.owner = getpid();
    return PROCESS_CONTEXT_OK;
}

enum process_context_result process_context_publish(const struct process_context_pair *pairs, size_t count) {
    struct wire_writer payload = {0};
    write_context(&payload, pairs, count);
    pthread_mutex_lock(&published.lock);
    withdraw();
    enum process_context_result result = payload.failed || count == 0 || payload.size > PAYLOAD_MOST ? PROCESS_CONTEXT_FAILED
                                         : is_taken()                                                ? PROCESS_CONTEXT_TAKEN
                                                                                                     : publish(&payload);
    pthread_mutex_unlock(&published.lock);
    wire_free(&payload);
    return result;
}

void process_context_withdraw(void) {
    pthread_mutex_lock(&published.lock);
    withdraw();
    pthread_mutex_unlock(&published.lock);
}
