// version.h: the one place that says which version of cmemprof this is: the command, uploads, the receiver, pkg-config and, by its first
// number, the soname of libcmemprof.so.
#ifndef CMEMPROF_VERSION_H
#define CMEMPROF_VERSION_H

#define CMEMPROF_VERSION "0.1.0"

#endif
