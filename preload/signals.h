// signals.h: signal handlers of the library, hidden from the program.
//
// Programs choose their handling by a signal's present disposition: Python raises KeyboardInterrupt at SIGINT only if it found the default.
// So sigaction and signal report the default disposition for a signal that the library handles, and the program may replace it. Restoring
// the default, as programs do that saved what they found, reinstalls the library's handler.
//
// Who waits for any signal (sigwait, sigwaitinfo, sigtimedwait) is not given those of the time profile (time_profile.h).
//
// Threads: signals_handle by one, before main; the rest by any, also in signal handlers and in a child of vfork. Memory: none.
#ifndef CMEMPROF_PRELOAD_SIGNALS_H
#define CMEMPROF_PRELOAD_SIGNALS_H

// Installs the handler unless the program already has one or ignores the signal. One handler per signal.
void signals_handle(int number, void (*handler)(int number));

// Restores the real default, without the library's handler.
void signals_reset(int number);

#endif
