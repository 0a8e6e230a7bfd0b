// work.h: see work.c.
#ifndef HAZARDS_SERVICE_WORK_H
#define HAZARDS_SERVICE_WORK_H

// How many blocks had lost what was written to them.
int allocate_in_c(unsigned seed, int rounds, long pause_ns);

#endif
