// Program program uses C's memory, mappings and threads with all profiles on, until standard input ends. Then it prints the profiler's
// counters and "done".
package main

/*
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static void *work(void *unused) {
	for (volatile int i = 0; i < 1000000; i++) {
	}
	return unused;
}
static void *hold(size_t size) {
	pthread_t thread;
	if (pthread_create(&thread, NULL, work, NULL) == 0) {
		pthread_join(thread, NULL);
	}
	char *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(mapped, 1, size);
	return memset(malloc(size), 1, size);
}
*/
import "C"

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cmemprof/cmemprof/goshim/profiler"
)

func main() {
	err := profiler.Start(profiler.WithService("filtered"), profiler.WithPeriod(500*time.Millisecond), profiler.CPUDuration(400*time.Millisecond),
		profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile, profiler.BlockProfile, profiler.MutexProfile, profiler.GoroutineProfile))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for running := true; running; {
		C.hold(64 << 10)
		select {
		case <-ended:
			running = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	profiler.Stop()
	fmt.Printf("%+v\ndone\n", profiler.Stats())
}
