// sites.h: C that allocates.
#include <stdbool.h>
#include <stddef.h>

void allocate(size_t size, bool keep);
void allocate_in_callback(void);
void run_thread(void);            // allocates, calls goCallback twice, and allocates after each
void interrupt_this_thread(void); // by a signal for each want_interrupt, whose handler allocates
void want_interrupt(void);
int handled(void); // signals so far
