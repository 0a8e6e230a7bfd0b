// Program program holds some C memory and then fills more at a constant rate, until it is killed or has what it was asked for.
//
//	program [-before MB] [-hold MB] [-fill MB] [-rate MB/s] [-stay] [-period DURATION]
//
// With LASTWORDS_AGENT set to host:port it is profiled from after -before on. -stay waits for the end of standard input. Then it prints "done".
package main

/*
#include <stdlib.h>
#include <string.h>
static __attribute__((noinline)) void *fill_site(size_t size) {
	void *block = malloc(size);
	memset(block, 1, size);
	return block;
}
static __attribute__((noinline)) void *hold_site(size_t size) {
	void *block = malloc(size);
	memset(block, 2, size); // other code than fill_site, or the compiler makes one function of them
	return block;
}
*/
import "C"

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"
	"unsafe"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

const block = 64 << 10

var kept []unsafe.Pointer // blocks that are never freed

func hold(mb int) {
	for range mb << 20 / block {
		kept = append(kept, C.hold_site(block))
	}
}

func main() {
	before := flag.Int("before", 0, "MB to hold before the profiler starts")
	held := flag.Int("hold", 0, "MB to hold after that")
	fill := flag.Int("fill", 0, "MB to fill then")
	rate := flag.Int("rate", 100, "MB per second")
	stay := flag.Bool("stay", false, "wait for the end of standard input")
	period := flag.Duration("period", time.Minute, "of the profiler")
	flag.Parse()
	hold(*before)
	if agent := os.Getenv("LASTWORDS_AGENT"); agent != "" {
		if err := profiler.Start(profiler.WithService("lastwords"), profiler.WithAgentAddr(agent), profiler.WithPeriod(*period)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	hold(*held)
	start := time.Now()
	for filled := 0; filled < *fill<<20; {
		for due := int(time.Since(start).Seconds() * float64(*rate<<20)); filled < min(due, *fill<<20); filled += block {
			kept = append(kept, C.fill_site(block))
		}
		time.Sleep(time.Millisecond)
	}
	if *stay {
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	interval := cmemprof.GetStats().IntervalBytes
	profiler.Stop()
	stats := profiler.Stats()
	fmt.Println("done", len(kept), "before", cmemprof.GetStats().BeforeStartBytes>>20, "interval", interval, "brief", stats.PeriodsBrief)
}
