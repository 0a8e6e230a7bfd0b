// Tests of confine_calls.c: which system calls are left, in child processes, since there is no way back.

#include "../../../base/test/test.h"

#include "../confine.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXPECT(error, expected)                                                                                                            \
    if ((error) != (expected)) {                                                                                                           \
        fprintf(stderr, "line %d: %s\n", __LINE__, strerror(errno));                                                                       \
        _exit(1);                                                                                                                          \
    }

static int error_of(bool failed) {
    return failed ? errno : 0;
}

static void expect_in_child(void (*look)(void)) {
    pid_t child = fork();
    if (child == 0) {
        look();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void *use(void *memory) {
    memset(memory, 1, 1 << 20);
    return error_of(socket(AF_INET, SOCK_STREAM, 0) < 0) == EPERM ? memory : NULL;
}

static void what_a_server_does(void) {
    int ends[2];
    char byte = 0;
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    EXPECT(confine_calls(), 0);
    EXPECT(send(ends[0], "x", 1, 0) == 1 && recv(ends[1], &byte, 1, 0) == 1, true);
    void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *returned = NULL;
    EXPECT(memory != MAP_FAILED, true);
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, use, memory), 0);
    EXPECT(pthread_join(thread, &returned), 0);
    EXPECT(returned == memory, true); // and it is confined, too
    EXPECT(munmap(memory, 1 << 20), 0);
    EXPECT(nanosleep(&(struct timespec){.tv_nsec = 1}, NULL), 0);
    EXPECT(access("/", F_OK), 0);
}

TEST(what_a_server_does_is_left) {
    expect_in_child(what_a_server_does);
}

static void the_rest(void) {
    int open_socket = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(confine_calls(), 0);
    EXPECT(error_of(socket(AF_INET, SOCK_STREAM, 0) < 0), EPERM);
    struct sockaddr address = {.sa_family = AF_INET};
    EXPECT(error_of(connect(open_socket, &address, sizeof address) != 0), EPERM);
    EXPECT(error_of(bind(open_socket, &address, sizeof address) != 0), EPERM);
    EXPECT(error_of(execl("/bin/true", "true", NULL) != 0), EPERM);
    EXPECT(error_of(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) < 0), EPERM); // a process
    EXPECT(error_of(kill(getppid(), 0) != 0), EPERM);
    EXPECT(error_of(syscall(SYS_tgkill, getppid(), getppid(), 0) != 0), EPERM);
    EXPECT(error_of(syscall(SYS_ptrace, 0, 0, 0, 0) != 0), EPERM);
    EXPECT(error_of(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED), EPERM);
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(error_of(mprotect(memory, 4096, PROT_READ | PROT_EXEC) != 0), EPERM);
    EXPECT(error_of(symlink("/etc", "/no/such") != 0), EPERM);
    EXPECT(error_of(chdir("/") != 0), EPERM);
    EXPECT(error_of(syscall(SYS_io_uring_setup, 1, NULL) < 0), EPERM);
    EXPECT(error_of(syscall(100000) < 0), ENOSYS);       // newer than the list
    EXPECT(error_of(syscall(435, NULL, 0) < 0), ENOSYS); // clone3
    EXPECT(error_of(syscall(SYS_tgkill, getpid(), gettid(), 0) != 0), 0);
}

TEST(the_rest_fails) {
    expect_in_child(the_rest);
}

static atomic_int told;

static void *wait_for_word(void *unused) {
    while (!atomic_load(&told)) {
        sched_yield();
    }
    return error_of(socket(AF_INET, SOCK_STREAM, 0) < 0) == EPERM ? &told : unused;
}

// Threads that run already are bound as well.
static void threads(void) {
    pthread_t thread;
    void *returned = NULL;
    EXPECT(pthread_create(&thread, NULL, wait_for_word, NULL), 0);
    EXPECT(confine_calls(), 0);
    atomic_store(&told, 1);
    EXPECT(pthread_join(thread, &returned), 0);
    EXPECT(returned == &told, true);
}

TEST(all_threads_are_bound) {
    expect_in_child(threads);
}

int main(void) {
    return tests_run();
}
