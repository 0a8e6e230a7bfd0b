// portable.h: makes libcmemprof.so that is built with a newer glibc run with 2.28 and newer (make portable includes it first everywhere).
//
// Where glibc gave a function a new version because it moved into libc, its old version is asked for, which newer ones keep. The versions'
// own libraries, libdl and libpthread, are linked.
#ifndef CMEMPROF_PORTABLE_H
#define CMEMPROF_PORTABLE_H

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the versions are those of amd64"
#endif

#define CMEMPROF_AS_IN_2_2_5(function) __asm__(".symver " #function "," #function "@GLIBC_2.2.5")

CMEMPROF_AS_IN_2_2_5(dladdr);
CMEMPROF_AS_IN_2_2_5(dlopen);
CMEMPROF_AS_IN_2_2_5(dlsym);
CMEMPROF_AS_IN_2_2_5(pthread_attr_setstacksize);
CMEMPROF_AS_IN_2_2_5(pthread_mutex_trylock);
CMEMPROF_AS_IN_2_2_5(pthread_sigmask);
CMEMPROF_AS_IN_2_2_5(sem_init);
CMEMPROF_AS_IN_2_2_5(sem_post);
CMEMPROF_AS_IN_2_2_5(sem_timedwait);

// Before 2.33 libc has these under other names only. The kernel fills in glibc's struct.
#define fstat(file, status) ((int)syscall(SYS_fstat, file, status))
#define stat(path, status) ((int)syscall(SYS_stat, path, status))

#endif
