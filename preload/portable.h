// portable.h: makes libcmemprof.so that is built with a newer glibc run with 2.28 and newer (make portable includes it first everywhere).
//
// Where glibc gave a function a new version because it moved into libc, its old version is asked for, which newer ones keep. The versions'
// own libraries, libdl and libpthread, are linked.
#ifndef CMEMPROF_PORTABLE_H
#define CMEMPROF_PORTABLE_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The first version of all functions.
#if defined __x86_64__
#define CMEMPROF_AS_AT_FIRST(function) __asm__(".symver " #function "," #function "@GLIBC_2.2.5")
#elif defined __aarch64__
#define CMEMPROF_AS_AT_FIRST(function) __asm__(".symver " #function "," #function "@GLIBC_2.17")
#else
#error "the versions are those of amd64 and arm64"
#endif

CMEMPROF_AS_AT_FIRST(dladdr);
CMEMPROF_AS_AT_FIRST(dlopen);
CMEMPROF_AS_AT_FIRST(dlsym);
CMEMPROF_AS_AT_FIRST(pthread_attr_setstacksize);
CMEMPROF_AS_AT_FIRST(pthread_mutex_trylock);
CMEMPROF_AS_AT_FIRST(pthread_sigmask);
CMEMPROF_AS_AT_FIRST(sem_init);
CMEMPROF_AS_AT_FIRST(sem_post);
CMEMPROF_AS_AT_FIRST(sem_timedwait);

// Before 2.33 libc has these under other names only. The kernel fills in glibc's struct.
#define fstat(file, status) ((int)syscall(SYS_fstat, file, status))
#define stat(path, status) ((int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0))

#endif
