//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/trace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
)

// entries counts a directory of /proc/self: threads in task, open files in fd.
func entries(t *testing.T, folder string) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/" + folder)
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// residentBytes returns resident memory after free memory was released.
func residentBytes(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// inUseBytes returns the reachable bytes of Go's heap and the allocated bytes of C's.
func inUseBytes() (ofGo, ofC uint64) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc, cmemprof.GetAllocatorStats().InUseBytes
}

// The second 500 rounds must not leak goroutines, threads, descriptors or memory. The runtime may keep a thread, and
// an allocator a few pages, at any time, so there is some tolerance; a leak per round would be 500.
func TestStartAndStopAThousandTimes(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "65536")
	cycle := func(n int) {
		for range n {
			// Not the helper start, whose cleanup functions would be counted.
			if err := profiler.Start(profiler.WithAgentAddr(a.addr()), profiler.WithLogStartup(false), profiler.WithPeriod(time.Minute),
				profiler.WithUploadTimeout(time.Hour), profiler.WithProfileTypes(profiler.HeapProfile, profiler.MutexProfile)); err != nil {
				t.Fatal(err)
			}
			profiler.Stop()
			a.next(t)
		}
		a.CloseClientConnections()
	}
	cycle(500)
	base := profiler.Stats()
	goroutines, threads, files, resident := runtime.NumGoroutine(), entries(t, "task"), entries(t, "fd"), residentBytes(t)
	goBytes, cBytes := inUseBytes()
	cycle(500)
	waitFor(t, fmt.Sprintf("at most %d goroutines", goroutines), func() bool { return runtime.NumGoroutine() <= goroutines })
	waitFor(t, fmt.Sprintf("at most %d descriptors", files+2), func() bool { return entries(t, "fd") <= files+2 })
	waitFor(t, fmt.Sprintf("at most %d threads", threads+4), func() bool { return entries(t, "task") <= threads+4 })
	// Resident memory includes fragments in glibc's heap, which vary by megabytes.
	const goTolerance, cTolerance, residentTolerance = 256 << 10, 1 << 20, 32 << 20 // per round 500 bytes, 2 KiB and 64 KiB
	if now := residentBytes(t); now > resident+residentTolerance {
		t.Errorf("%d KiB resident after 500 times, %d after 1,000", resident>>10, now>>10)
	}
	if goNow, cNow := inUseBytes(); goNow > goBytes+goTolerance || cNow > cBytes+cTolerance {
		t.Errorf("in use after 500 times: Go %d KiB, C %d KiB; after 1,000: %d and %d", goBytes>>10, cBytes>>10, goNow>>10, cNow>>10)
	}
	if got := since(base); got.BatchesSent != 500 || got.BatchesFailed+got.BatchesDropped+got.ProfilesFailed+got.Panics != 0 {
		t.Errorf("%+v", got)
	}
}

// With everything enabled: the CPU profile and the trace end with each Stop.
func TestStartAndStopWithEverything(t *testing.T) {
	a := newAgent(t)
	t.Setenv("DD_PROFILING_EXECUTION_TRACE_ENABLED", "true")
	t.Setenv("DD_PROFILING_WAIT_PROFILE", "true")
	cycle := func(flush string) {
		t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", flush)
		start(t, a, profiler.WithPeriod(time.Hour), profiler.CPUDuration(time.Hour), profiler.WithProfileTypes(profiler.CPUProfile, profiler.HeapProfile,
			profiler.BlockProfile, profiler.MutexProfile, profiler.GoroutineProfile))
		waitFor(t, "a trace", trace.IsEnabled)
		profiler.Stop()
	}
	defer runtime.SetMutexProfileFraction(runtime.SetMutexProfileFraction(-1))
	defer runtime.SetBlockProfileRate(0)
	base := profiler.Stats()
	cycle("true")
	a.next(t)
	a.CloseClientConnections()
	goroutines := runtime.NumGoroutine()
	for i := range 10 {
		cycle(strconv.FormatBool(i%2 == 0))
	}
	a.CloseClientConnections()
	waitFor(t, fmt.Sprintf("at most %d goroutines", goroutines), func() bool { return runtime.NumGoroutine() <= goroutines })
	if got := since(base); got.ProfilesFailed+got.Panics != 0 {
		t.Errorf("%+v", got)
	}
}

// Concurrent Starts and Stops: at most one profiler runs, none is left over, and nothing is lost.
func TestStartAndStopFromManyGoroutines(t *testing.T) {
	a, base := newAgent(t), profiler.Stats()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if err := profiler.Start(profiler.WithAgentAddr(a.addr()), profiler.WithLogStartup(false),
					profiler.WithUploadTimeout(time.Hour), profiler.WithProfileTypes()); err != nil {
					t.Error(err)
				}
				profiler.Stop()
			}
		})
	}
	wg.Wait()
	got := since(base)
	if got.BatchesSent != 80 || got.BatchesFailed+got.BatchesDropped+got.Panics != 0 {
		t.Errorf("%+v", got)
	}
}

func TestFlushOnExit(t *testing.T) {
	a := newAgent(t)
	for _, flush := range []string{"", "true"} {
		t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", flush)
		one(t, a)
	}
	t.Setenv("DD_PROFILING_FLUSH_ON_EXIT", "false")
	before := a.requests.Load()
	start(t, a, profiler.WithPeriod(time.Hour), profiler.WithProfileTypes(profiler.HeapProfile))
	profiler.Stop()
	if n := a.requests.Load() - before; n != 0 {
		t.Errorf("%d requests", n)
	}
}

// DD_PROFILING_ENABLED=false at a later Start stops the running profiler.
func TestStartWhenSwitchedOffStops(t *testing.T) {
	a := newAgent(t)
	start(t, a, profiler.WithPeriod(time.Hour), profiler.WithProfileTypes())
	t.Setenv("DD_PROFILING_ENABLED", "false")
	start(t, a)
	a.next(t)
	profiler.Stop()
	if n := a.requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// leakOne starts a goroutine that waits for a channel which nobody else knows.
//
//go:noinline
func leakOne() {
	c := make(chan int)
	go func() { <-c }()
}

func TestGoroutineLeakProfile(t *testing.T) {
	for _, variable := range []string{"", "true"} {
		a, log := newAgent(t), captureLog(t)
		t.Setenv("DD_PROFILING_CMEMPROF_GOROUTINE_LEAKS", variable)
		var options []profiler.Option
		if variable == "" {
			options = append(options, profiler.WithProfileTypes(profiler.GoroutineLeakProfile))
		}
		leakOne()
		b := one(t, a, options...)
		if !profiler.HasLeakProfile() {
			if b.attachments["goroutineleak.pprof"] != nil || b.event.Info.Profiler.Settings["goroutine_leak_profile_enabled"] != false {
				t.Errorf("attachments %q", b.order)
			}
			log.wantOnly(t, "this Go runtime has no goroutine leak profile")
			continue
		}
		p := b.profile(t, "goroutineleak.pprof")
		if sampleTypes(p) != "goroutineleak/count" || len(p.Sample) == 0 || !slices.ContainsFunc(p.Sample, func(s *profile.Sample) bool {
			return strings.Contains(stackText(s), "leakOne.func1")
		}) {
			t.Errorf("sample types %q in %s", sampleTypes(p), p)
		}
		log.wantOnly(t)
	}
}

func TestGoroutineLeakProfileIsOffByDefault(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_GOROUTINE_LEAKS", "")
	if b := one(t, newAgent(t)); slices.Contains(b.order, "goroutineleak.pprof") {
		t.Errorf("attachments %q", b.order)
	}
}
