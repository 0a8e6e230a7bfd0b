// emulated.h: tests of what qemu-user cannot show (findings/qemu-user.sh): it is in the emulated process, and has system calls of its own.
//
//     TEST(a_limit) {
//         SKIP_EMULATED(EMULATED_LIMITS);
//         ...
//
// scripts/emulated says so in the environment; scripts/run-c-tests prints what was left out.
#ifndef CMEMPROF_BASE_TEST_EMULATED_H
#define CMEMPROF_BASE_TEST_EMULATED_H

#define EMULATED_LIMITS "RLIMIT_AS limits nothing"
#define EMULATED_FILES "reading /proc/self/maps writes a file, at which RLIMIT_FSIZE ends the program"
#define EMULATED_FILTERS "there are no seccomp filters"
#define EMULATED_RESIDENT "what /proc says of memory and threads is said of the emulator's, too"
#define EMULATED_CODE "smaps says of no code of the program's that it is executable"
#define EMULATED_NO_ACCESS "mincore refuses memory without access"
#define EMULATED_ROOM "what is reserved takes memory"
#define EMULATED_FORK "MADV_DONTFORK does nothing"
#define EMULATED_MREMAP "mremap maps nothing a second time, and moves what becomes shorter"
#define EMULATED_READV "there is no process_vm_readv"
#define EMULATED_VDSO "there is no vdso, and paths are those of QEMU_LD_PREFIX"

static inline const char *emulator(void) {
    return getenv("CMEMPROF_EMULATED");
}

#define SKIP_EMULATED(reason)                                                                                                              \
    do {                                                                                                                                   \
        if (emulator()) {                                                                                                                  \
            print_message("# not emulated: %s: %s\n", __func__, reason);                                                                   \
            skip();                                                                                                                        \
        }                                                                                                                                  \
    } while (0)

#endif
