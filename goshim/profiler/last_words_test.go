//go:build linux && (amd64 || arm64) && cgo

package profiler_test

import (
	"errors"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/cmemprof/cmemprof/cmemprof"
	"github.com/cmemprof/cmemprof/goshim/profiler"
	"github.com/cmemprof/cmemprof/upload"
)

// alarm is a watch that tells trouble once for each time it was asked to.
type alarm struct {
	times     atomic.Int32
	threshold atomic.Uint64
}

func (a *alarm) step(threshold uint64) (near bool, left uint64, wait time.Duration) {
	a.threshold.Store(threshold)
	for n := a.times.Load(); n > 0; n = a.times.Load() {
		if a.times.CompareAndSwap(n, n-1) {
			return true, 100 << 20, time.Millisecond
		}
	}
	return false, 100 << 20, time.Millisecond
}

// sampleAll makes this thread adopt the interval that was set: with its next sample, which a large block is in any case.
func sampleAll(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	queue, err := upload.NewQueue(upload.QueueOptions{Batches: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	queue.Close()
}

// allocate makes C allocate 2 n times, in the function allocating.
func allocate(t *testing.T, n int) {
	t.Helper()
	for range n {
		queue, err := upload.NewQueue(upload.QueueOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { queue.Close() })
	}
}

// allocated sums the samples of allocate.
func allocated(p *profile.Profile) (values [4]int64) {
	for _, s := range p.Sample {
		if s.Label["memory"] != nil && slices.ContainsFunc(s.Location, func(l *profile.Location) bool {
			return strings.HasSuffix(l.Line[0].Function.Name, ".allocate")
		}) {
			for i, v := range s.Value {
				values[i] += v
			}
		}
	}
	return values
}

func spooled(t *testing.T, spool, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(spool, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// When memory is short the period ends, and its batch has all profiles; what was kept until then is gone.
func TestBatchWhenMemoryIsShort(t *testing.T) {
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	a, watch, base := newAgent(t), &alarm{}, profiler.Stats()
	log, spool := captureLog(t), filepath.Join(t.TempDir(), "spool")
	fakes := a.steps()
	fakes.Watch = watch.step
	restore := profiler.SetFakes(fakes)
	start(t, a, wholePeriod, profiler.WithSpool(spool, 0), profiler.WithMemoryThreshold(12345))
	restore()
	waitFor(t, "space is reserved", func() bool { return len(spooled(t, spool, "*.room")) == 1 })
	a.period(t).wantTag(t, "trigger")
	watch.times.Store(1)
	b := a.next(t)
	b.wantTag(t, "trigger", "memory")
	b.wantTag(t, "left_out")
	b.wantTag(t, "profile_seq", "1")
	for _, name := range []string{"cpu.pprof", "delta-heap.pprof", "metrics.json"} {
		if !slices.Contains(b.order, name) {
			t.Errorf("attachments %q lack %s", b.order, name)
		}
	}
	a.period(t).wantTag(t, "trigger")
	profiler.Stop()
	a.last(t)
	if left := spooled(t, spool, "*"); len(left) != 0 {
		t.Errorf("left in the spool: %q", left)
	}
	if got := profiler.Stats().MemoryTriggers - base.MemoryTriggers; got != 1 {
		t.Errorf("%d triggers", got)
	}
	if watch.threshold.Load() != 12345 {
		t.Errorf("threshold %d", watch.threshold.Load())
	}
	log.wantOnly(t, "(100 MB are left)")
}

// What is kept is C's live heap. It is sent if the batch cannot be taken.
func TestFirstWordsAreSentIfTheBatchIsNot(t *testing.T) {
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	a, watch := newAgent(t), &alarm{}
	spool := filepath.Join(t.TempDir(), "spool")
	fakes := a.steps()
	fakes.Watch = watch.step
	fakes.Begin = func(seq uint64) {
		if seq > 0 {
			panic("all periods but the first fail")
		}
	}
	restore := profiler.SetFakes(fakes)
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	start(t, a, wholePeriod, profiler.WithSpool(spool, 0))
	restore()
	sampleAll(t)
	allocate(t, 3)
	a.period(t)
	watch.times.Store(1)
	b := a.next(t)
	b.wantTag(t, "trigger", "memory")
	b.wantTag(t, "left_out", "memory")
	p := b.profile(t, "delta-heap.pprof")
	if got := sampleTypes(p); got != heapTypes || len(b.order) != 1 {
		t.Errorf("%q with %q", b.order, got)
	}
	for _, s := range p.Sample {
		if s.Value[0] != 0 || s.Value[1] != 0 || s.Value[2] == 0 {
			t.Errorf("sample %v is not of live memory alone", s.Value)
		}
	}
	if got := allocated(p)[2]; got != 6 {
		t.Errorf("%d blocks live, want 6", got)
	}
}

// A batch without the heap, or one that is not on disk, is no reason to delete what is.
func TestFirstWordsStayIfTheBatchIsWorse(t *testing.T) {
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	a, watch := newAgent(t), &alarm{}
	spool := filepath.Join(t.TempDir(), "spool")
	fakes := a.steps()
	fakes.Watch = watch.step
	fakes.Lookup = func(name string, w io.Writer) error { return errors.New("no Go heap") }
	restore := profiler.SetFakes(fakes)
	start(t, a, wholePeriod, profiler.WithSpool(spool, 0))
	restore()
	waitFor(t, "space is reserved", func() bool { return len(spooled(t, spool, "*.room")) == 1 })
	watch.times.Store(1)
	var heaps int
	for range 2 {
		b := a.next(t)
		b.wantTag(t, "trigger", "memory")
		if slices.Contains(b.order, "delta-heap.pprof") {
			heaps++
		}
	}
	if heaps != 1 {
		t.Errorf("%d of two batches have a heap", heaps)
	}
}

// Without room the profiler takes C's live heap and metrics only, and says so; the next batch with room has all allocations of both periods.
func TestNoRoomToCollect(t *testing.T) {
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	a, base := newAgent(t), profiler.Stats()
	log := captureLog(t)
	var left atomic.Uint64
	left.Store(math.MaxUint64)
	fakes := a.steps()
	fakes.MemoryLeft = left.Load
	restore := profiler.SetFakes(fakes)
	t.Setenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE", "1")
	start(t, a, wholePeriod)
	restore()
	a.period(t)
	left.Store(16<<20 - 1)
	for range 2 {
		b := a.period(t)
		b.wantTag(t, "left_out", "memory")
		b.wantTag(t, "trigger")
		if want := []string{"delta-heap.pprof", "metrics.json"}; !slices.Equal(b.order, want) {
			t.Errorf("attachments %q", b.order)
		}
		if got := sampleTypes(b.profile(t, "delta-heap.pprof")); got != heapTypes {
			t.Errorf("delta-heap.pprof has %q", got)
		}
		if _, ok := metricsOf(t, b)["c_live_bytes"]; ok {
			t.Error("metrics of a profile that was not taken")
		}
	}
	sampleAll(t)
	allocate(t, 5)
	a.period(t)
	left.Store(16 << 20)
	b := a.period(t) // its period began without room for a CPU profile
	b.wantTag(t, "left_out")
	if slices.Contains(b.order, "cpu.pprof") {
		t.Errorf("attachments %q", b.order)
	}
	if got := allocated(b.profile(t, "delta-heap.pprof"))[0]; got != 10 {
		t.Errorf("%d allocations, want 10 of the period before", got)
	}
	if b = a.period(t); !slices.Contains(b.order, "cpu.pprof") {
		t.Errorf("attachments %q", b.order)
	}
	if got := profiler.Stats().PeriodsBrief - base.PeriodsBrief; got != 3 {
		t.Errorf("%d brief periods", got)
	}
	log.wantOnly(t, "less than 16 MB of memory are left")
}

func TestMemoryThresholdOption(t *testing.T) {
	wantThreshold := func(want float64, watches bool, options ...profiler.Option) {
		t.Helper()
		settings := one(t, newAgent(t), options...).event.Info.Profiler.Settings
		if settings["memory_threshold"] != want || settings["memory_watch_enabled"] != watches {
			t.Errorf("threshold %v, watch %v", settings["memory_threshold"], settings["memory_watch_enabled"])
		}
	}
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	wantThreshold(0, true)
	wantThreshold(0, false, profiler.WithMemoryThreshold(0))
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "5000")
	wantThreshold(5000, true)
	wantThreshold(6000, true, profiler.WithMemoryThreshold(6000))
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "0")
	wantThreshold(0, false)
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "5 GB")
	wantError(t, "DD_PROFILING_MEMORY_THRESHOLD")
}

// The log says at the start what is missing for last words.
func TestStartWithoutASpoolSaysSo(t *testing.T) {
	t.Setenv("DD_PROFILING_MEMORY_THRESHOLD", "")
	for _, spool := range []bool{true, false} {
		var text strings.Builder
		restore := captureText(&text)
		options := []profiler.Option{profiler.WithLogStartup(true), profiler.WithProfileTypes()}
		if spool {
			options = append(options, profiler.WithSpool(filepath.Join(t.TempDir(), "spool"), 0))
		}
		one(t, newAgent(t), options...)
		restore()
		if strings.Contains(text.String(), "may be lost with the process") == spool {
			t.Errorf("spool %t: %s", spool, text.String())
		}
	}
}

// What C allocated before Start is in the metrics.
func TestMemoryBeforeStart(t *testing.T) {
	a := newAgent(t)
	startStepped(t, a, profiler.WithProfileTypes(profiler.HeapProfile))
	want := float64(cmemprof.GetStats().BeforeStartBytes)
	if got, ok := metricsOf(t, a.period(t))["c_before_start_bytes"]; !ok || got != want || want == 0 {
		t.Errorf("%v before the start, want %v", got, want)
	}
}

// Tests of this package say the names of all variables that are read; this one is for C, before main: e2e/lastwords.
func TestAutostartIsTrueOrFalse(t *testing.T) {
	t.Setenv("DD_PROFILING_CMEMPROF_AUTOSTART", "perhaps")
	wantError(t, "DD_PROFILING_CMEMPROF_AUTOSTART")
}
