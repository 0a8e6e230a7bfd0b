// Command memory_bench is a program whose memory has one main cause, which it then explains by its own memory profile. `make bench-memory` runs each
// cause in a process of its own, and compares the sum of the parts with the kernel's.
//
// usage: memory_bench CAUSE; it prints lines "KEY VALUE".
package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cmemprof/cmemprof/cmemprof"
)

// causes allocate, and keep what they allocated until the program ends.
var causes = map[string]func(){}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "memory_bench:", err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) != 2 || causes[os.Args[1]] == nil {
		check(fmt.Errorf("usage: memory_bench %v", slices.Sorted(maps.Keys(causes))))
	}
	check(cmemprof.Start(cmemprof.DefaultInterval))
	causes[os.Args[1]]()
	for range 3 { // the first symbolizes
		report()
	}
}

// cpuTime is the thread's.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	const ofThread = 1 // RUSAGE_THREAD
	check(syscall.Getrusage(ofThread, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// statusOf returns a figure of /proc/self/status, in bytes.
func statusOf(key string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	check(err)
	_, after, _ := strings.Cut(string(text), "\n"+key+":")
	var kib int64
	_, err = fmt.Sscan(after, &kib)
	check(err)
	return kib << 10
}

func report() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, err := cmemprof.Profile() // names what both profiles have in common, as each period does
	check(err)
	var heap bytes.Buffer
	check(pprof.Lookup("heap").WriteTo(&heap, 0))
	allocator := cmemprof.GetAllocatorStats()
	first, ok := cmemprof.GetMemoryRollup()
	// Writing 5 makes the present RSS the highest so far.
	check(os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
	resident, mapped := statusOf("VmRSS"), statusOf("VmSize")
	before, start := cpuTime(), time.Now()
	figures, profile, err := cmemprof.MemoryProfile(heap.Bytes(), &allocator)
	took, elapsed := cpuTime()-before, time.Since(start)
	check(err)
	highest, longest := statusOf("VmHWM"), statusOf("VmPeak")
	last, alsoOK := cmemprof.GetMemoryRollup()
	if !ok || !alsoOK || !figures.HasParts {
		check(fmt.Errorf("no parts: %s", figures.Missing))
	}
	if figures.Missing != "" {
		fmt.Fprintln(os.Stderr, "memory_bench:", figures.Missing)
	}
	fmt.Println("sum", figures.RSSBytes)
	// Of the kernel's sums before and after, the nearer one; memory comes and goes meanwhile, Go's for example.
	low, high := min(first.RSSBytes, last.RSSBytes), max(first.RSSBytes, last.RSSBytes)
	fmt.Println("rollup", min(max(figures.RSSBytes, low), high))
	fmt.Println("huge", last.HugeBytes)
	fmt.Println("cpu_us", took.Microseconds())
	fmt.Println("memory_bytes", max(highest-resident, 0))
	fmt.Println("mapped_bytes_peak", max(longest-mapped, 0)) // at most: the program may have mapped more before
	fmt.Println("elapsed_us", elapsed.Microseconds())
	fmt.Println("profile_bytes", len(profile))
	for _, part := range figures.Parts {
		fmt.Println(part.Key, part.Bytes)
	}
}
