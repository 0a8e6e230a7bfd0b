// python_locks.h: waits for Python's locks (threading.Lock and RLock, and what is made of them: Condition, Semaphore, queue.Queue), and how
// long they are held.
//
// Nothing is wrapped: the methods of the two types of _thread are C functions in tables (PyMethodDef), and the entries of acquire, release,
// __enter__ and so on are replaced by functions of ours that call them. So locks stay what they are, those that exist already as well, and
// nothing of a lock's own is changed: its type, its repr, what can be pickled, its timeouts and exceptions. One acquisition in so many is
// sampled; all others cost a countdown.
//
// A sampled lock is remembered until its release, by its address, in one of a few slots; who takes the slot of another one ends its
// measurement. A lock that is freed while it is held, and gives its address to a new one, is forgotten when that is acquired. An RLock is
// held until its last release, as its own count says.
//
// Threads: hook and sample: one at a time, with the GIL. The functions in the tables: as CPython calls them, with the GIL, which is the
// guard of all that is here. Memory: 8 KiB.
#ifndef CMEMPROF_PRELOAD_PYTHON_LOCKS_H
#define CMEMPROF_PRELOAD_PYTHON_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Descriptors of methods (PyMethodDescrObject) as the types' own dicts have them: those of the lock's first, then the RLock's. Which these
// are is told by python_locks_names. Once; again: no effect. Returns NULL, or why nothing is hooked: they are none that are known.
const char *python_locks_hook(const uintptr_t *descriptors, size_t count, const void *is_true);

// "lock.acquire", ... in the order of the descriptors; NULL behind the last one.
extern const char *const python_locks_names[];

// One in `interval` is sampled from now on, by chance; 0: none. what is called for each: an acquisition (with the GIL, after it) that has
// waited so long, or a release of one that was held so long; it stands for `interval`. Returns false if it is none that counts: then its
// release is none either.
typedef bool python_locks_note(bool is_release, uint64_t ns, uint32_t interval);
void python_locks_sample(uint32_t interval, python_locks_note *note);

#endif
