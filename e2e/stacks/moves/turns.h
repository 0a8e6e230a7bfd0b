// turns.h: functions of turns.c that Go calls.
#ifndef TURNS_H
#define TURNS_H

#include <stdint.h>

enum { TURN_BYTES = 1003 }; // no other block of the program has so many

void c_turn(uintptr_t walk);
void c_turns(uintptr_t walk);
void run_thread(uintptr_t walk);

#endif
