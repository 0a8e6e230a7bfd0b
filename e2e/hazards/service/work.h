// work.h: the C part of the service (work.c).
#ifndef HAZARDS_SERVICE_WORK_H
#define HAZARDS_SERVICE_WORK_H

// Returns the number of blocks that lost their content.
int allocate_in_c(unsigned seed, int rounds, long pause_ns);

#endif
