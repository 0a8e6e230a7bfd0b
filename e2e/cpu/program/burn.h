// burn.h: C code that uses CPU time, each function in a way of its own. Every function takes how much thread CPU time to use, in ms.
#ifndef BURN_H
#define BURN_H

#ifdef __cplusplus
extern "C" {
#endif

extern volatile unsigned long burn_sink;
void burn_plain(int ms);                    // burn_plain <- burn_spin, and burn_step, which is inlined
void burn_recursive(int ms, int depth);     // burn_deep, `depth` times
void burn_templates(int ms);                // C++: deeply nested templates
void burn_through_library(int ms);          // burn_library of libburn.so
void burn_on_thread(int ms);                // a thread that C makes: burn_thread
void burn_callback(int ms, int depth);      // C, Go, C, ... `depth` times, then burn_plain
void burn_throwing(int ms);                 // C++: exceptions through 20 frames
int burn_loading(int ms, const char *path); // dlopen and dlclose, and calls into the library; the number of calls
void burn_threads(int ms);                  // short-lived threads
void burn_crash(int depth);                 // dies of SIGSEGV in burn_deep
void burn_null(void);                       // calls through a NULL pointer
void burn_library(int ms);
void burn_pool(int threads, int ms);          // C's threads, each ms, at the same time
void burn_called(int threads, int ms);        // and that have called Go first
void burn_calling(int threads, int ms);       // and that call Go all the time
void burn_cleaning(int threads, int ms);      // and then clean up as they end, ms / 2
void burn_successive(int threads, int ms);    // that call Go, one after the other
void burn_event_threads(int threads, int ms); // and that sleep between their work
void burn_events(int ms);                     // works 1 ms, sleeps, and so on
long long burn_now(void);                     // CPU time of the thread, in ns
void burn_short(int rounds);                  // of an ns or two
int burn_storm_start(void);                   // signals to all threads; 0: done
unsigned long burn_storm_stop(void);          // how many
int burn_done(long long end_ns);              // whether the thread has used its time
long long burn_end(int ms);

#ifdef __cplusplus
}
#endif
#endif
