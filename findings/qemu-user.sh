#!/usr/bin/env bash
# qemu-user 7.2 (Debian 12) runs the system calls of the emulated program in its own process, and some are not what Linux answers. Why some of the
# tests are left out of make test-arm64, in whole or in part (base/test/emulated.h, built.NotEmulated). Fails when one of them has changed. Needs gcc,
# gcc-aarch64-linux-gnu, qemu-user-static, and a kernel with Landlock.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >calls.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char *map(size_t bytes, int access, int kind) {
    return mmap(NULL, bytes, access, kind | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}
static long status(const char *name) {
    char line[256];
    long value = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), "%ld", &value);
    }
    if (file) fclose(file);
    return value;
}
// Whether the child that begins here has ended by itself with 0.
static int in_child(int (*part)(void)) {
    int ended = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(part());
    waitpid(child, &ended, 0);
    return ended == 0;
}
static int limited(void) {
    struct rlimit limit = {1 << 30, RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &limit);
    return map((size_t)2 << 30, PROT_NONE, MAP_PRIVATE) != MAP_FAILED;
}
static char other_stack[65536], *top;
static void on_overflow(int number, siginfo_t *info, void *context) {
    _exit(top - (char *)info->si_addr > 2 << 20);
}
static int recurse(int depth) {
    volatile char frame[1000];
    frame[0] = (char)depth;
    return recurse(depth + 1) + frame[0];
}
static int limited_stack(void) {
    struct rlimit limit = {1 << 20, RLIM_INFINITY};
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    struct sigaction action = {.sa_sigaction = on_overflow, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    top = (char *)&limit;
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    setrlimit(RLIMIT_STACK, &limit);
    return recurse(0);
}
static int reads_maps(void) {
    struct rlimit limit = {0, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    return open("/proc/self/maps", O_RDONLY) < 0;
}
static int filters(void) {
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog filter = {1, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0;
}
static char *not_inherited;
static unsigned char in_core[4];
static int is_gone(void) {
    return mincore(not_inherited, 4096, in_core) == 0;
}
static int is_executable(uintptr_t address) {
    char line[512], may[8];
    int is = 0;
    FILE *file = fopen("/proc/self/smaps", "r");
    for (unsigned long low, high; file && fgets(line, sizeof line, file);) {
        is |= sscanf(line, "%lx-%lx %7s", &low, &high, may) == 3 && address >= low && address < high && may[2] == 'x';
    }
    if (file) fclose(file);
    return is;
}
static int lists(const char *path, uintptr_t address) {
    char line[512];
    int is = 0;
    FILE *file = fopen(path, "r");
    for (unsigned long low, high; file && fgets(line, sizeof line, file);) {
        is |= sscanf(line, "%lx-%lx", &low, &high) == 2 && address >= low && address < high;
    }
    if (file) fclose(file);
    return is;
}
// A page is mapped at the end of each area that the kernel knows, with which it may join it.
static int lists_neighbours(void) {
    static unsigned long ends[10000];
    int count = 0, all = 1;
    char path[64], line[512], may[8];
    snprintf(path, sizeof path, "/proc/self/task/%d/maps", (int)getpid());
    FILE *file = fopen(path, "r");
    for (unsigned long low, high; file && count < 10000 && fgets(line, sizeof line, file);) {
        if (sscanf(line, "%lx-%lx %7s", &low, &high, may) == 3 && strcmp(may, "rw-p") == 0) ends[count++] = high;
    }
    if (file) fclose(file);
    for (int i = 0; i < count; i++) {
        char *page = mmap((void *)ends[i], 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (page != MAP_FAILED) all &= lists(path, (uintptr_t)page) && lists("/proc/self/maps", (uintptr_t)page);
    }
    return count > 0 && all;
}
static const char *yes(int is) {
    return is ? "yes" : "no";
}
int main(void) {
    printf("RLIMIT_AS limits: %s\n", yes(in_child(limited)));
    printf("RLIMIT_STACK limits a program that runs: %s\n", yes(in_child(limited_stack)));
    printf("/proc/self/maps is read under a limit of file sizes: %s\n", yes(in_child(reads_maps)));
    printf("a seccomp filter is set: %s\n", yes(in_child(filters)));
    printf("Landlock: %s\n", yes(syscall(__NR_landlock_create_ruleset, NULL, 0, 1) > 0));
    printf("/proc/self/maps has all pages beside others: %s\n", yes(lists_neighbours()));
    printf("threads: %s\n", status("Threads:") == 1 ? "one" : "more");
    printf("resident: %s\n", status("VmRSS:") < 10 << 10 ? "little" : "10 MiB and more");
    printf("smaps: the program's code is executable: %s\n", yes(is_executable((uintptr_t)is_executable)));
    printf("mincore takes memory without access: %s\n", yes(mincore(map(16384, PROT_NONE, MAP_PRIVATE), 16384, in_core) == 0));
    not_inherited = map(4096, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    madvise(not_inherited, 4096, MADV_DONTFORK);
    printf("MADV_DONTFORK: %s\n", yes(in_child(is_gone)));
    char *shared = map(8192, PROT_READ | PROT_WRITE, MAP_SHARED), *longer = map(5 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    printf("mremap maps a second time: %s\n", yes(mremap(shared, 0, 8192, MREMAP_MAYMOVE) != MAP_FAILED));
    printf("mremap shortens in place: %s\n", yes(mremap(longer, 5 << 20, 2 << 20, MREMAP_MAYMOVE) == longer));
    struct iovec own = {in_core, sizeof in_core}, read_from = {not_inherited, sizeof in_core};
    printf("process_vm_readv: %s\n", yes(process_vm_readv(getpid(), &own, 1, &read_from, 1, 0) == sizeof in_core));
    printf("a vdso: %s\n", yes(getauxval(AT_SYSINFO_EHDR) != 0));
    long before = status("VmRSS:");
    map((size_t)16 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    printf("reserving 16 GiB: %s\n", status("VmRSS:") - before < 10 << 10 ? "little" : "10 MiB and more");
    return 0;
}
C
gcc -w -O1 -o native calls.c
aarch64-linux-gnu-gcc -w -O1 -static -o emulated calls.c
qemu-aarch64-static --version | head -n 1
./native >native.txt
qemu-aarch64-static ./emulated >emulated.txt
paste -d'|' native.txt emulated.txt | sed 's/|.*: / | /'
[ "$(wc -l <native.txt)" = "$(wc -l <emulated.txt)" ] && [ "$(comm -12 <(sort native.txt) <(sort emulated.txt) | wc -l)" = 0 ] || { echo "changed" >&2; exit 1; }
