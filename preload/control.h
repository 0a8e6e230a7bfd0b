// control.h: what a program calls that has loaded libcmemprof.so itself, after its start: Python's package cmemprof.profiling.
//
// Loaded late, the library does not serve the process's malloc: only blocks of Python's own allocators are sampled (python_objects.h), and
// profiles say so. If it is preloaded but was not started, all is sampled from now on.
//
// Threads: one at a time, not inside malloc, not in a signal handler; in a child of fork as well. Memory: settings are copied.
#ifndef CMEMPROF_PRELOAD_CONTROL_H
#define CMEMPROF_PRELOAD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// settings: "CMEMPROF_DIRECTORY=/path", ... as in the environment (settings.h), ended by NULL. Caller must hold the GIL of an interpreter
// that is initialised. May be called again after a stop: profiles of the same process are continued. Returns NULL, or why nothing is
// sampled.
const char *cmemprof_preload_start(const char *const *settings);

// Whether this process is sampled, and writes profiles.
bool cmemprof_preload_is_running(void);
// Whether memory of C is seen as well.
bool cmemprof_preload_sees_malloc(void);

// Ends sampling. With a limit, a last profile is written (reason "stop") and waited for; 0: none is. Without the GIL. Returns false if it
// took longer than the limit.
bool cmemprof_preload_stop(unsigned limit_s);

// An exception of this type was raised in the calling thread, which holds the GIL; it stands for `count`. skip: how many of Python's
// frames, the innermost first, are not the program's. Of no effect without a time profile (CMEMPROF_TIME_HZ), or where frames are not
// known. Any thread.
void cmemprof_preload_exception(const char *type, uint64_t count, unsigned skip);

// The methods of CPython's locks, and one in how many acquisitions is sampled from now on; interval 0: none any more. methods: descriptors
// in the order of cmemprof_preload_lock_methods, which ends with NULL. is_true: True. Caller holds the GIL. Returns NULL, or why locks are
// not sampled.
const char *cmemprof_preload_locks(const uintptr_t *methods, size_t count, const void *is_true, unsigned interval);
const char *const *cmemprof_preload_lock_methods(void);

// Samples have the IDs of a tracer's span from now on: variable is a ContextVar of the package's, which never goes away, and whose values
// are bytes: the span's ID and that of its local root, of 8 bytes each. Caller holds the GIL. Returns false if time is not sampled.
bool cmemprof_preload_spans(const void *variable);
// What a local root span, which has just ended, was for.
void cmemprof_preload_endpoint(uint64_t root, const char *text);

// Starts a program that is no child of this process, in a session of its own, with an empty signal mask and default dispositions. Its
// standard input and output are /dev/null, standard error is the file `errors`, which is appended to; all other descriptors are closed.
// This process's waitpid(-1) never sees anything of it, unless it adopts orphans (PR_SET_CHILD_SUBREAPER, or process 1). Returns 0, or
// errno.
int cmemprof_preload_spawn(const char *path, char *const *argv, char *const *environment, const char *errors);

#endif
