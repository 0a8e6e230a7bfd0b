// time_entry.h: how samples get into the period that is being filled (time_profile.c).
//
// Threads: any, also in signal handlers. Memory: the state's.
#ifndef CMEMPROF_PRELOAD_TIME_ENTRY_H
#define CMEMPROF_PRELOAD_TIME_ENTRY_H

#include "time_state.h"

struct time_state *time_profile_current(void); // NULL: off

struct time_period *time_profile_enter(struct time_state *state);
void time_profile_leave(struct time_period *period);

struct time_scratch *time_profile_take_scratch(struct time_state *state); // NULL: all are busy; the taker clears `busy`

#endif
