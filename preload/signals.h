// signals.h: handlers of ours that the program does not see.
//
// Programs decide by what a signal does now what they do about it: Python raises KeyboardInterrupt at SIGINT only if it found the default
// there. So whoever asks sigaction or signal about a signal of ours hears that it does what it does by default, and may take it over.
// Giving it back to the default, as those do who saved what they found, gives it back to us.
//
// Threads: signals_handle by one, before main; the rest by any, in a signal handler and in a child of vfork too. Memory: none.
#ifndef CMEMPROF_PRELOAD_SIGNALS_H
#define CMEMPROF_PRELOAD_SIGNALS_H

// Unless the program has a handler already, or the signal is ignored. One handler for each signal.
void signals_handle(int number, void (*handler)(int number));

// What the signal does by default, and no handler of ours.
void signals_reset(int number);

#endif
