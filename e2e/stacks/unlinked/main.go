// Program unlinked does not have the profiler, but may be started with it: its goroutine has labels, and calls C that allocates.
package main

/*
#include <stdlib.h>

static __attribute__((noinline)) void allocate_unlinked(void) {
	void *volatile block = malloc(1000);
	free(block);
}
*/
import "C"

import (
	"context"
	"runtime/pprof"
)

func main() {
	pprof.Do(context.Background(), pprof.Labels("tenant", "acme"), func(context.Context) {
		for range 100 {
			C.allocate_unlinked()
		}
	})
	C.exit(0) // Go's own exit does not let C write the profile
}
